# SPDX-License-Identifier: LGPL-2.1-or-later
"""
texts.py: the XML of filters and bindings, in as few words as a test can use

Bodies are given as the XML that a user would write, since that is what the tests are about.
"""

from xml.sax.saxutils import quoteattr

OWNER = "11111111-2222-4333-8444-555555555555"
MAC = "52:54:00:00:00:01"
ACCEPT = "<rule action='accept' direction='inout'/>"
DROP = "<rule action='drop' direction='inout'/>"


def filter_xml(name, body=ACCEPT, uuid=None, **attributes):
    """A <filter>; attributes such as chain= and priority= go to the root element."""
    extra = "".join(f" {key}={quoteattr(str(value))}" for key, value in attributes.items())
    inner = f"<uuid>{uuid}</uuid>" if uuid else ""
    return f"<filter name={quoteattr(name)}{extra}>{inner}{body}</filter>"


def binding_xml(portdev, name, parameters=(), mac=MAC, owner="guest", uuid=OWNER, linkdev=None):
    """A <filterbinding> of `portdev` to the filter `name`; parameters are pairs, repeated names make lists."""
    pairs = parameters.items() if isinstance(parameters, dict) else parameters
    children = "".join(f"<parameter name={quoteattr(key)} value={quoteattr(str(value))}/>" for key, value in pairs)
    link = f"<linkdev name={quoteattr(linkdev)}/>" if linkdev else ""
    return (f"<filterbinding><owner><name>{owner}</name><uuid>{uuid}</uuid></owner><portdev name={quoteattr(portdev)}/>{link}"
            f"<mac address='{mac}'/><filterref filter={quoteattr(name)}>{children}</filterref></filterbinding>")


def uuid_of(number):
    """A uuid that is easy to tell from others."""
    return f"5ec00000-0000-4000-8000-{number:012x}"
