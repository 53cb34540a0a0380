# SPDX-License-Identifier: LGPL-2.1-or-later
"""
generation.py: how often the kernel's firewall rules were changed

nf_tables counts: each transaction that changed something makes the number of its generation one more, for each network namespace by
itself. So an unchanged number proves that nothing was written, whatever ran, and a difference tells how many batches there were.

Limits: the tools of the older kind (ip_tables, ebtables without nf_tables) are not counted.
"""

import socket
import struct

_NETLINK_NETFILTER = 12
_GET_GENERATION = 10 << 8 | 16  # NFNL_SUBSYS_NFTABLES, NFT_MSG_GETGEN
_NEW_GENERATION = 10 << 8 | 15
_HEADER = struct.Struct("=IHHII")
_ID = 1  # NFTA_GEN_ID


def generation():
    """The number of this network namespace's generation."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER) as kernel:
        kernel.settimeout(10)
        kernel.bind((0, 0))
        body = struct.pack("=BBH", 0, 0, 0)
        kernel.send(_HEADER.pack(_HEADER.size + len(body), _GET_GENERATION, 1, 1, 0) + body)
        text = kernel.recv(65536)
    length, kind, *_ = _HEADER.unpack_from(text)
    assert kind == _NEW_GENERATION, f"the kernel answers with a message of type {kind:#x}"
    place = _HEADER.size + len(body)
    while place + 4 <= length:
        size, attribute = struct.unpack_from("=HH", text, place)
        if attribute & 0x3FFF == _ID:
            return struct.unpack_from("!I", text, place + 4)[0]
        place += (size + 3) & ~3
    raise AssertionError("the kernel's answer has no number of a generation")


class Changes:
    """While the block runs changes of rules are counted; `count` so far, and afterwards."""

    def __init__(self):
        self._begin = self._end = None

    @property
    def count(self):
        """How many transactions changed something since the beginning."""
        return (self._end if self._end is not None else generation()) - self._begin

    def __enter__(self):
        self._begin = generation()
        return self

    def __exit__(self, *_):
        self._end = generation()
