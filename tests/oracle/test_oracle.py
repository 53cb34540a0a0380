# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_oracle.py: what the verdict says is what the kernel does
"""

import filters


def test_ours(number, oracle, daemons, request):
    """The rules that our driver makes."""
    option = request.config.getoption
    oracle.judge(filters.tree(option("--seed"), number), daemons("ours"), option("--seed"), option("--frames"))


def test_stock(number, oracle, daemons, request):
    """The rules that the stock driver makes of filters without any deliberate difference."""
    option = request.config.getoption
    oracle.judge(filters.tree(option("--seed"), number, plain=True), daemons("stock"), option("--seed"), option("--frames"))
