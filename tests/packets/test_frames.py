# SPDX-License-Identifier: LGPL-2.1-or-later
"""
test_frames.py: plays every case of the files cases_*.py, then once more for each rule that a frame is about; with
--stories only the former
"""

import importlib
import pathlib

import pytest

from lane import ALL_CASES

for path in sorted(pathlib.Path(__file__).parent.glob("cases_*.py")):
    importlib.import_module(path.stem)


def pytest_generate_tests(metafunc):
    """One test for each case as written, and one for each frame and rule that it is about."""
    driver = metafunc.config.getoption("--driver")
    rows = []
    for made in ALL_CASES:
        marks = [pytest.mark.ours(made.ours)] if made.ours else []
        rows.append(pytest.param(made, None, None, id=made.name, marks=marks))
        changes = [] if metafunc.config.getoption("--stories") else made.changes(driver)
        rows += [pytest.param(made, index, change, id=f"{made.name}/{index + 1}-{change}", marks=marks)
                 for index, change in changes]
    metafunc.parametrize("made, index, change", rows)


def test_frame(made, index, change, stages, driver):
    """The frames of a case do what the story says; with a rule changed, the frame about it does the opposite."""
    stage = stages(made)
    if change is None:
        stage.restore()
        for step, sent in zip(made.steps, stage.play(made.steps)):
            wanted = step.expected(driver)
            assert sent.arrived == wanted, stage.complaint(step, sent, wanted)
            if step.told is not None:
                assert sent.refused == step.told, f"{step}: the sender was {'not ' if step.told else ''}told"
    else:
        step = made.steps[index]
        stage.change(change)
        sent = stage.play(made.steps[:index + 1])[-1]
        assert sent.arrived != step.comes, f"{change}: {stage.complaint(step, sent, not step.comes)}"
