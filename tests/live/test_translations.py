# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_translations.py: a daemon and a tool that run in another language speak it

The build's catalogues are installed below a folder of their own, which is mounted for the time of these tests over the place that
the driver looks at. Locales of the languages' names are links to C.UTF-8, which every system has: nothing but the name of a locale
matters to messages.

GLib translates the messages of a library only in a program that is translated itself, so libvirt's own catalogues have to be
there (package libvirt-l10n), as on a host whose daemon speaks another language.
"""

import os
import pathlib
import shutil
import subprocess

import pytest

from nwflab.daemon import LAB
from nwflab.texts import binding_xml, filter_xml

pytestmark = pytest.mark.ours("the stock driver's translations are libvirt's")

C_LOCALE = pathlib.Path("/usr/lib/locale/C.utf8")
LIBVIRT = pathlib.Path("/usr/share/locale")
LINGUAS = pathlib.Path(__file__).resolve().parents[2] / "po" / "LINGUAS"
BUILD = pathlib.Path(os.environ.get("NWF_BUILD", "build"))

# language: how it says that filter 'absent' does not exist
LANGUAGES = {
    "de": "Filter 'absent' existiert nicht",
    "fr": "le filtre 'absent' n'existe pas",
    "es": "el filtro 'absent' no existe",
    "ja": "フィルター 'absent' は存在しません",
    "zh_CN": "过滤器 'absent' 不存在",
}


def run(*command):
    """Runs a command that has to succeed."""
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=60)


@pytest.fixture(name="locales", scope="module")
def fixture_locales():
    """A folder for LOCPATH, while the build's catalogues are where the driver and the tool look for them."""
    root, locales = LAB / "installed", LAB / "locales"
    for folder in (root, locales):
        shutil.rmtree(folder, ignore_errors=True)
    locales.mkdir(parents=True)
    for language in LANGUAGES:
        (locales / f"{language}.UTF-8").symlink_to(C_LOCALE)

    run("meson", "install", "-C", BUILD, "--no-rebuild", "--tags", "i18n", "--destdir", root)
    place = pathlib.Path("/") / next(root.glob("**/LC_MESSAGES")).parents[1].relative_to(root)
    if place == LIBVIRT:  # the mount must not hide libvirt's
        for language in LANGUAGES:
            shutil.copytree(place / language, root / place.relative_to("/") / language, dirs_exist_ok=True)
    while not place.exists():  # nothing is made on the host
        place = place.parent
    run("mount", "--bind", root / place.relative_to("/"), place)
    yield locales
    run("umount", place)


@pytest.fixture(name="environment", params=LANGUAGES)
def fixture_environment(locales, request):
    """What a program of one language has in its environment, and how it says that a filter does not exist."""
    return {"LOCPATH": str(locales), "LC_ALL": f"{request.param}.UTF-8"}, LANGUAGES[request.param]


def test_every_language_is_tried():
    """A language that is added to po/LINGUAS is tried here."""
    languages = [line for line in LINGUAS.read_text().splitlines() if not line.startswith("#")]
    assert sorted(languages) == sorted(LANGUAGES)


def test_error_of_daemon(lab, environment, tmp_path):
    """An error of the driver comes out of virsh in the daemon's language, whatever virsh speaks."""
    settings, expected = environment
    language, _ = settings["LC_ALL"].split(".")
    if not (LIBVIRT / language / "LC_MESSAGES" / "libvirt.mo").exists():
        pytest.skip(f"libvirt itself is not translated here ({LIBVIRT}/{language}, package libvirt-l10n)")
    lab.new_daemon(environment=settings)
    lab.port("vnet9")
    file = tmp_path / "binding.xml"
    file.write_text(binding_xml("vnet9", "absent"))
    answer = lab.daemon.virsh("nwfilter-binding-create", file)
    assert not answer.ok and expected in answer.err
    assert answer.err.startswith("error: ")  # virsh runs in C


def test_error_of_tool(environment, tmp_path):
    """The companion command speaks the language of its environment; what it quotes from documents stays."""
    settings, expected = environment
    file = tmp_path / "web.xml"
    file.write_text(filter_xml("web", "<filterref filter='absent'/>"))
    command = [BUILD / "tools" / "virt-nwfilter", "compile", "--port", "vnet9", "--mac", "52:54:00:00:00:01", file]
    answer = subprocess.run(command, env=dict(os.environ, **settings), capture_output=True, encoding="utf-8", timeout=60, check=False)
    assert answer.returncode == 1 and expected in answer.stderr and "'web'" in answer.stderr
