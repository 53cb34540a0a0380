# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_format_document.py: what docs/format.md and README.md show is right

Every whole filter and binding in them is valid, and compiles without a remark; what format.md lists as attributes of an
element is what the element has.

NWF_TOOL names virt-nwfilter; without it the command is looked for in PATH and in the build folders of the checkout.

    /usr/bin/python3 -m pytest tests/schema/test_format_document.py
"""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

from language import ELEMENTS

TOP = pathlib.Path(__file__).parent.parent.parent
SHIPPED = pathlib.Path("/usr/share/libvirt/nwfilter")
DOCUMENTS = {name: (TOP / name).read_text("utf-8") for name in ("README.md", "docs/format.md")}
FENCED = re.compile(r"^```xml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
WHOLE = re.compile(r"^( *)(<(filter|filterbinding)[ >].*?^\1</\3>)", re.MULTILINE | re.DOTALL)

# Values of the variables that the examples use; those that their bindings give stand there.
VALUES = ["IP=10.0.0.1", "IP=10.0.0.2", "IPV6=2001:db8::1", "CLIENTS=10.0.0.1", "CLIENTS=11.1.2.3",
          "PORTS=80", "PORTS=8080"]


def examples():
    """Whole documents as (place, root element, text)."""
    return [(f"{name}:{text.count(chr(10), 0, found.start()) + 1}", found[3], found[2])
            for name, text in DOCUMENTS.items() for found in WHOLE.finditer(text)]


EXAMPLES = examples()
of_examples = pytest.mark.parametrize("root,text", [example[1:] for example in EXAMPLES],
                                      ids=[example[0] for example in EXAMPLES])


def tool():
    """The built virt-nwfilter, or None."""
    built = sorted(TOP.glob("*/tools/virt-nwfilter"), key=lambda path: path.stat().st_mtime)
    return os.environ.get("NWF_TOOL") or shutil.which("virt-nwfilter") or (built[-1] if built else None)


def run(*command):
    """What a command says, both streams."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module", name="folder")
def fixture_folder(tmp_path_factory):
    """All filters of the documents and those that come with libvirt, by name."""
    folder = tmp_path_factory.mktemp("filters")
    for path in SHIPPED.glob("*.xml"):
        shutil.copy(path, folder)
    for _, root, text in EXAMPLES:
        if root == "filter":
            (folder / f"{name_of(text)}.xml").write_text(text, "utf-8")
    return folder


def name_of(text):
    """The name that a filter has."""
    return re.match(r"<filter name='([^']+)'", text)[1]


def test_examples_are_found():
    """Each fenced example of the format document is a whole one, README.md has one of each kind, no name stands twice."""
    assert [text for text in FENCED.findall(DOCUMENTS["docs/format.md"]) if not WHOLE.fullmatch(text.rstrip("\n"))] == []
    assert {root for place, root, _ in EXAMPLES if place.startswith("README")} == {"filter", "filterbinding"}
    names = [name_of(text) for _, root, text in EXAMPLES if root == "filter"]
    assert len(names) == len(set(names)) >= 10


@of_examples
def test_example_is_valid(root, text, tmp_path):
    """The grammar accepts it."""
    grammar = {"filter": "nwfilter.rng", "filterbinding": "nwfilterbinding.rng"}[root]
    path = tmp_path / "example.xml"
    path.write_text(text, "utf-8")
    status, _, errors = run("xmllint", "--noout", "--relaxng", TOP / "xmlschemas" / grammar, path)
    assert status == 0, errors


def whole_of(text, folder):
    """The text of a filter and of all that it refers to."""
    below = (folder / f"{name}.xml" for name in re.findall("<filterref filter='([^']+)'", text))
    return text + "".join(whole_of(path.read_text("utf-8"), folder) for path in below)


@of_examples
@pytest.mark.skipif(not tool(), reason="virt-nwfilter is not built")
@pytest.mark.skipif(not SHIPPED.exists(), reason="libvirt's filters are not installed")
def test_example_compiles(root, text, folder, tmp_path):
    """A port can have it; it makes rules and nothing in it is odd."""
    if root == "filter":
        port = ["--filter", name_of(text), "--port", "vnet0", "--mac", "52:54:00:00:00:01"]
        used = set(re.findall(r"\$(\w+)", whole_of(text, folder)))
        port += [word for value in VALUES if value.split("=")[0] in used for word in ("--param", value)]
    else:
        port = ["--binding", tmp_path / "binding.xml"]
        (tmp_path / "binding.xml").write_text(text, "utf-8")
    status, rules, errors = run(tool(), "compile", "--filter-dir", folder, *port)
    assert (status, errors) == (0, "")
    assert re.search("^-A [IO]-|^-A libvirt-[IO]-|^-A (FI|FO)-", rules, re.MULTILINE)


def listed_attributes():
    """For each element the attributes in the tables below "Elements:" lines, up to the next heading."""
    listed = {}
    elements = []
    for line in DOCUMENTS["docs/format.md"].splitlines():
        if line.startswith("#"):
            elements = []
        elif line.startswith("Elements: "):
            elements = re.findall("`(.+?)`", line)
        elif line.startswith("| `"):
            for element in elements:
                listed.setdefault(element, []).extend(re.findall("`(.+?)`", line.split("|")[1]))
    return listed


@pytest.mark.parametrize("element", ELEMENTS)
def test_attributes_of_element(element):
    """Each attribute of the element stands in one row, and nothing else does."""
    assert sorted(listed_attributes().get(element, [])) == sorted(ELEMENTS[element])
