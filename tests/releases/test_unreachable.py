# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_unreachable.py: a mirror that cannot be reached or lacks a release is told, quickly and by name
"""

import http.server
import os
import shutil
import threading

import pytest

from mirror import Mirror, Missing
from root import Runner

pytestmark = [pytest.mark.skipif(os.geteuid() != 0, reason="needs root"),
              pytest.mark.skipif(not shutil.which("apt-get"), reason="needs apt-get")]


class Answer(http.server.BaseHTTPRequestHandler):
    """Has nothing to give."""

    def do_GET(self):  # pylint: disable=invalid-name
        """Says so."""
        self.send_error(self.server.status)

    def log_message(self, *_):
        """Nobody reads it."""


@pytest.mark.parametrize("status, words", [(None, "Connection refused"), (404, "trixie Release"), (503, "503")])
def test_the_reason_is_told(tmp_path, monkeypatch, status, words):
    """What apt says about a mirror becomes the reason of the skip."""
    straight = tmp_path / "apt.conf"  # whatever proxy the machine uses
    straight.write_text('Acquire::http::Proxy::127.0.0.1 "DIRECT";\n')
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        server.status = status
        if status:
            threading.Thread(target=server.serve_forever, daemon=True).start()
        else:
            server.server_close()
        address = f"http://127.0.0.1:{server.server_port}/debian"
        monkeypatch.setenv("NWF_RELEASES_MIRROR", address)
        monkeypatch.setenv("APT_CONFIG", str(straight))
        with pytest.raises(Missing) as missing:
            Mirror(tmp_path, Runner()).find("trixie", "libvirt-daemon")
        if status:
            server.shutdown()
    assert words in str(missing.value) and address in str(missing.value)
