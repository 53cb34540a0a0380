# SPDX-License-Identifier: LGPL-2.1-or-later
"""
demo_compare.py: the same story with the other driver, and both drivers' results side by side

The other driver gets the same guests, filters, frames, changes and disturbances, in the same sandbox, after the first one has ended.
What it does is not printed; a result that the story does not expect of a driver is marked.
"""

import demo_times
from demo_show import Show
from demo_stage import Stage

WHAT, WORD = 44, 16  # columns
NAMES = {"ours": "this driver", "stock": "stock driver"}


def other_story(first, steps, many):
    """(Show, times) of the story as the other driver tells it; the daemon of the Stage `first` must have ended."""
    driver = "stock" if first.daemon.driver == "ours" else "ours"
    show = Show(first.show.pulse, silent=True)
    with Stage(driver, first.wire, show) as stage:
        for number, step in enumerate(steps, 1):
            show.heading(f"{NAMES[driver]}: {number}. {step.__doc__.splitlines()[0]}")
            step(stage)
        show.heading(f"{NAMES[driver]}: how long it takes")
        times = demo_times.measure(stage, many)
    return show, times


def _cells(what, words, mark=""):
    return f"{what:{WHAT}} " + "".join(f"{word:{WORD}}" for word in words) + mark


def frames(show, other, driver):
    """Prints what became of each frame, and where the drivers differ."""
    names = [NAMES[driver], NAMES["stock" if driver == "ours" else "ours"]]
    show.heading("Frame by frame, with the same filters")
    show.row(_cells("", names))
    theirs = {}
    for result in other.results:  # the n-th result of that name in its step
        theirs.setdefault((result.step.split(": ", 1)[1], result.what), []).append(result)
    step = None
    for result in list(show.results):
        if result.step != step:
            step = result.step
            show.row(step)
        beside = theirs.get((step, result.what), [])
        counterpart = beside.pop(0) if beside else None
        words = (result.word, counterpart.word if counterpart else "-")
        mark = "" if result.good and counterpart and counterpart.good else "<-- differs"
        show.row(_cells(f"  {result.what}", words, mark))
    for name, told in zip(names, (show, other)):
        show.row(f"As the story expects, {name}: {len(told.results) - told.wrong} of {len(told.results)} results.")


def times(show, own, others, driver):
    """Prints how long both took."""
    names = [NAMES[driver], NAMES["stock" if driver == "ours" else "ours"]]
    show.heading("How long it takes")
    show.row(f"{'':32} {names[0]:>13} {names[1]:>13} {'ratio':>9}")
    for (what, seconds), (_, theirs) in zip(own, others):
        show.row(f"{what:32} {seconds * 1000:10.1f} ms {theirs * 1000:10.1f} ms {theirs / seconds:8.0f}x")
