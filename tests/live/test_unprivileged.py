# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_unprivileged.py: the daemon of an ordinary user

It has an nwfilter driver that is alive, empty and cannot be filled, because firewall rules need root.
"""

import shutil

import pytest

from nwflab import kernel
from nwflab.client import outcome, virsh
from nwflab.daemon import Daemon, module_path
from nwflab.texts import binding_xml, filter_xml, uuid_of


@pytest.fixture(name="daemon")
def fixture_daemon(lab):
    """A daemon of the user nobody, beside no other."""
    with Daemon(lab.driver, user="nobody") as daemon:
        yield daemon


def test_empty(lab, daemon):
    """Whatever root's folders hold, this daemon has no filters and no bindings."""
    lab.ship()
    with daemon.client() as client:
        assert client.filters() == [] and client.bindings() == []
        assert client.connection.numOfNWFilters() == 0
        assert outcome(client.filter, "clean-traffic") == "NOF"
        assert outcome(client.connection.nwfilterLookupByUUIDString, uuid_of(1)) == "NOF"
        assert outcome(client.binding, "vnet0") == "NOB"


def test_nothing_can_be_defined(daemon):
    """Definitions and bindings are refused before their text is read."""
    with daemon.client() as client:
        assert outcome(client.define, filter_xml("web")) == "OPI"
        assert outcome(client.define, filter_xml("web"), 1) == "OPI"
        assert outcome(client.define, "nonsense") == "OPI"
        assert outcome(client.bind, binding_xml("vnet0", "web")) == "OPI"
        assert outcome(client.bind, "nonsense") == "OPI"
        assert client.filters() == [] and client.bindings() == []


def test_over_the_session_connection(daemon):
    """qemu:///session of the user shows the same."""
    environment = {"XDG_RUNTIME_DIR": str(daemon.runtime), "HOME": str(daemon.home)}
    user = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
    done = virsh("-q", "nwfilter-list", uri="qemu:///session", environment=environment, prefix=user)
    assert done.ok and done.out.strip() == ""


def test_reload_and_end(daemon):
    """Reload does nothing, and the daemon ends with status 0; the kernel was never touched."""
    daemon.reload()
    assert daemon.stop() == 0
    assert kernel.snapshot() == {"eb": {}, "ip4": {}, "ip6": {}}


def test_a_checkout_in_a_closed_folder(lab, tmp_path, monkeypatch):
    """Whoever builds below a folder with mode 0700 can run these tests: what this user needs is not in there."""
    module = shutil.copy(module_path(lab.driver), tmp_path)
    tmp_path.chmod(0o700)
    monkeypatch.setenv("NWF_STOCK_MODULE" if lab.driver == "stock" else "NWF_MODULE", module)
    with Daemon(lab.driver, user="nobody") as daemon, daemon.client() as client:
        assert client.filters() == []
