# SPDX-License-Identifier: LGPL-2.1-or-later
"""
domains.py: guests that libvirtd's own drivers run

What a host has to set so that libvirtd's qemu driver starts an emulated guest inside scripts/sandbox (QEMU_CONFIG), the
document of such a guest, and its life by python3-libvirt. The network card asks for its filter in the document, so
that every call that reaches the nwfilter driver is made by the hypervisor's driver.

Invariants: qemu does not need anything of the host: no control groups, no security module, no account, no /dev/kvm.
No guest outlives the sandbox.

Limits: x86; cards are virtio cards in a bridge.
"""

import pathlib
import re
import shutil
from xml.sax.saxutils import quoteattr

import libvirt
from lxml import etree

from . import wait
from .client import attempt
from .console import Console

SYSTEM = "qemu:///system"
EMULATOR = "qemu-system-x86_64"
GUESTS = pathlib.Path("/run/lab/guests")  # sockets and logs of guests

QEMU_CONFIG = """\
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
security_driver = "none"
cgroup_controllers = []
namespaces = []
stdio_handler = "file"
"""

STATES = {getattr(libvirt, f"VIR_DOMAIN_{name.upper()}"): name
          for name in ("nostate", "running", "blocked", "paused", "shutdown", "shutoff", "crashed", "pmsuspended")}


def configure(folder="/etc/libvirt"):
    """Lays down the qemu driver's settings; before the daemon starts."""
    pathlib.Path(folder, "qemu.conf").write_text(QEMU_CONFIG)
    GUESTS.mkdir(parents=True, exist_ok=True)


def parameters_xml(parameters):
    """<parameter> elements of pairs or of a dict; repeated names make lists."""
    pairs = parameters.items() if isinstance(parameters, dict) else parameters
    return "".join(f"<parameter name={quoteattr(key)} value={quoteattr(str(value))}/>" for key, value in pairs)


def interface_xml(mac, bridge, filter_name=None, parameters=(), model="<model type='virtio'/>"):
    """An <interface> in a bridge; without filter_name it is not filtered."""
    reference = f"<filterref filter={quoteattr(filter_name)}>{parameters_xml(parameters)}</filterref>" if filter_name else ""
    return f"<interface type='bridge'><mac address='{mac}'/><source bridge='{bridge}'/>{model}{reference}</interface>"


def machine_xml(name, uuid, image, interface):
    """A <domain> that boots `image` (kernel, initrd)."""
    console = GUESTS / name
    return f"""\
<domain type='qemu'>
  <name>{name}</name><uuid>{uuid}</uuid>
  <memory unit='MiB'>128</memory><vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
    <kernel>{image.kernel}</kernel><initrd>{image.initrd}</initrd>
    <cmdline>console=ttyS0 quiet mitigations=off nokaslr no_timer_check random.trust_cpu=on</cmdline>
  </os>
  <features><acpi/></features>
  <on_poweroff>destroy</on_poweroff><on_reboot>restart</on_reboot><on_crash>destroy</on_crash>
  <devices>
    <emulator>{shutil.which(EMULATOR)}</emulator>
    <controller type='usb' model='none'/>
    {interface}
    <serial type='file'><source path='{console}.log'/><target port='0'/></serial>
    <serial type='unix'><source mode='bind' path='{console}'/><target port='1'/></serial>
    <graphics type='vnc' autoport='yes' listen='127.0.0.1'/>
    <memballoon model='none'/>
  </devices>
</domain>
"""


class Domain:
    """A guest of a daemon; `connection` is one of libvirt's to its hypervisor's driver."""

    BOOT = 90.0  # seconds; 2 s on an idle machine

    def __init__(self, connection, name):
        self.connection = connection
        self.name = name

    # -- what it is --------------------------------------------------------------------------------------------------

    @property
    def handle(self):
        """libvirt's handle; of the domain as it is now."""
        return attempt(self.connection.lookupByName, self.name)

    @property
    def state(self):
        """'running', 'paused', 'shutoff' …; 'gone' if there is no such domain."""
        try:
            return STATES[self.connection.lookupByName(self.name).state()[0]]
        except libvirt.libvirtError as error:
            if error.get_error_code() != libvirt.VIR_ERR_NO_DOMAIN:
                raise
            return "gone"

    def document(self, flags=0):
        """The live document, parsed."""
        return etree.fromstring(attempt(self.handle.XMLDesc, flags))

    def interfaces(self):
        """{MAC: <interface>} of the live document."""
        return {item.find("mac").get("address"): item for item in self.document().findall("devices/interface")}

    def ports(self):
        """{MAC: port device} of the live document."""
        return {mac: item.find("target").get("dev") for mac, item in self.interfaces().items()}

    @property
    def console(self):
        """The guest's serial port for commands; its socket is another one on another host."""
        return Console(self.document().find("devices/serial[@type='unix']/source").get("path"))

    def kernel_log(self):
        """The end of what the guest's kernel and hypervisor said; for messages."""
        parts = []
        for path in (*GUESTS.glob(f"{self.name}*.log"), pathlib.Path(f"/var/log/libvirt/qemu/{self.name}.log")):
            if path.exists():
                parts.append(re.sub(r"[^\x20-\x7e\n]", "", path.read_text(errors="replace"))[-2000:])
        return "\n".join(parts)

    def answers(self):
        """Whether the guest runs, and runs commands."""
        return self.state == "running" and self.console.answers()

    # -- its life ----------------------------------------------------------------------------------------------------

    def start(self, xml):
        """Starts a transient domain and returns when its /init answers."""
        attempt(self.connection.createXML, xml, 0)
        return self.wait_until_up()

    def wait_until_up(self):
        """Returns when the guest answers; raises wait.Timeout with what its kernel said."""
        try:
            wait.until(lambda: self.state != "running" or self.answers(), "the guest answers", self.BOOT, pause=0.1)
        except wait.Timeout as late:
            raise wait.Timeout(f"{late}\n{self.kernel_log()}") from None
        assert self.state == "running", f"the guest is {self.state}:\n{self.kernel_log()}"
        return self

    def migrate(self, target, address):
        """Moves the running guest to the same name of the Domain `target`, whose host has the IP `address`."""
        flags = libvirt.VIR_MIGRATE_LIVE | libvirt.VIR_MIGRATE_ABORT_ON_ERROR
        xml = etree.fromstring(attempt(self.handle.XMLDesc, libvirt.VIR_DOMAIN_XML_MIGRATABLE))
        for source in xml.findall("devices/serial/source") + xml.findall("devices/console/source"):
            source.set("path", f"{source.get('path')}-{address}")  # both hosts see one /run/lab
        parameters = {libvirt.VIR_MIGRATE_PARAM_URI: f"tcp://{address}:49152",
                      libvirt.VIR_MIGRATE_PARAM_LISTEN_ADDRESS: address,
                      libvirt.VIR_MIGRATE_PARAM_DEST_XML: etree.tostring(xml, encoding="unicode")}
        attempt(self.handle.migrate3, target.connection, parameters, flags)

    def destroy(self):
        """Ends the guest at once; one that is gone is fine."""
        if self.state != "gone":
            attempt(self.handle.destroy)
