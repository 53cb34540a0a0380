# SPDX-License-Identifier: LGPL-2.1-or-later
"""
conftest.py: the folder inside/ is for the sandbox, everything else here for the host

    pytest tests/releases                          as root, outside of the sandbox: makes the other releases' systems
    scripts/sandbox pytest tests/releases/inside   what runs in each of them, and here
"""

import os

collect_ignore_glob = ["test_*.py"] if os.environ.get("NWF_SANDBOX") == "1" else ["inside"]
