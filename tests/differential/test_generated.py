# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_generated.py: filters from a seeded generator, with the same documents and rules from both drivers

A case is a filter with others below it, about twenty rules, created, redefined and deleted. At least nine of ten rules are compared
without any exception.
"""

import pytest

from generator import CaseMaker

LEAST_WITHOUT_EXCEPTION = 0.9
RULES_FOR_A_WILD_ONE = 20


def pytest_generate_tests(metafunc):
    """One test for each case; the seed is in its name."""
    seed, count = (metafunc.config.getoption(name) for name in ("--seed", "--count"))
    if "case" in metafunc.fixturenames:
        cases = list(CaseMaker(seed).cases(count))
        metafunc.parametrize("case", cases, ids=[f"seed{seed}-{number}" for number, _ in enumerate(cases, 1)])
    if "wild" in metafunc.fixturenames:
        cases = list(CaseMaker(-seed).wild_cases(count // RULES_FOR_A_WILD_ONE))
        metafunc.parametrize("wild", cases, ids=[f"seed{seed}-{number}" for number, _ in enumerate(cases, 1)])


@pytest.fixture(scope="module", name="judge")
def fixture_judge(lane, request):
    """Judges a case; the next ones are on their way meanwhile."""
    items = [item for item in request.session.items if item.module is request.module and hasattr(item, "callspec")]
    return lane.pipeline([case for item in items for case in item.callspec.params.values()])


def test_generated(judge, case):
    """Both drivers make the same of a generated case."""
    judge(case)


def test_generated_without_constraints(judge, wild):
    """What the stock driver refuses, at definition or at binding, is refused with the same code; nothing is left behind."""
    judge(wild)


def test_nine_of_ten_rules_need_no_exception(lane, request):
    """Exceptions stay exceptions; and enough was compared."""
    if lane.same:
        pytest.skip("the stock driver is compared with itself")
    rules, odd = lane.compared["generated"], lane.odd["generated"]
    chosen = sum("test_generated[" in item.nodeid for item in request.session.items)
    assert not chosen or odd <= rules * (1 - LEAST_WITHOUT_EXCEPTION), f"{odd} of {rules} generated rules needed an exception"
