# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_catalog.py: every word of the language, with the same documents and rules from both drivers
"""

import pytest

import catalog
from nwflab.filters.language import ELEMENTS

CASES = list(catalog.cases())


@pytest.fixture(scope="module", name="judge")
def fixture_judge(lane, request):
    """Judges a case; the next ones are on their way meanwhile."""
    return lane.pipeline([item.callspec.params["case"] for item in request.session.items if item.module is request.module
                          and hasattr(item, "callspec")])


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_same(judge, case):
    """Both drivers make the same of a hand-written case."""
    judge(case)


def test_every_attribute_is_shown():
    """The catalog has each attribute of each element as a literal, as a variable and negated."""
    shown = {(rule.protocol, name, "$" if text.startswith("$") else rule.negated(name))
             for case in CASES for rule in case.rules() if rule.protocol for name, text in rule.texts().items()}
    for protocol, element in ELEMENTS.items():
        for name, kind in element.attributes.items():
            forms = [False, True] + (["$"] if catalog.KINDS[kind].plain else [])
            missing = [form for form in forms if (protocol, name, form) not in shown]
            assert not missing, f"{protocol} {name}: {missing}"
