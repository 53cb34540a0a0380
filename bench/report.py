# SPDX-License-Identifier: LGPL-2.1-or-later
"""
report.py: figures as tables, for a terminal or as Markdown

A figure is shown by its median and its spread: least and greatest value (a to b) of up to seven values, the quartiles [a to b] of more.
A ratio is made in each round, of the medians of both drivers in that round, since they were taken one after the other; shown
are the median and the spread of the rounds' ratios. Ratios of a create against the bare batch are made in each turn.

No number is judged here: there is no limit that could be passed or failed.
"""

import statistics
import typing

import change_rows
import large
import learning_rows

MANY = 8  # values of which quartiles are shown


def spread(values, show):
    """Median, and how far the values lie apart."""
    middle = show(statistics.median(values))
    if len(values) == 1:
        return middle
    if len(values) < MANY:
        return f"{middle} ({show(min(values))} to {show(max(values))})"
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return f"{middle} [{show(low)} to {show(high)}]"


def show_number(value):
    """Three digits are more than such a measurement can tell."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def show_ms(seconds):
    """Milliseconds."""
    return show_number(seconds * 1000)


class Row(typing.NamedTuple):
    """One line of the first table."""

    figure: str
    title: str
    show: typing.Callable = show_ms
    compared: bool = True  # whether a ratio of both drivers says anything


def show_count(value):
    """What is counted, not measured."""
    return f"{round(value, 2):g}"


SHOWN = {"ms": (show_ms,), "count": (show_count,), "number": (show_number,), "fact": (show_count, False)}


def rows_of(sizes):
    """The lines of the first table, in order."""
    others = (*change_rows.rows(sizes), *large.rows(sizes), *learning_rows.rows(sizes))
    return [*rows_of_calls(sizes), *(Row(figure, title, *SHOWN[unit]) for figure, title, unit in others)]


def rows_of_calls(sizes):
    """The lines about calls."""
    creates = [Row(f"{what} {others}", f"{what} one binding, {others} others there, ms")
               for what in ("create", "delete") for others in (0, *sizes.others)]
    starts = [Row(f"start {many}", f"daemon starts, {many} bindings without rules, until all are filtered, ms" if many
                  else "daemon starts without bindings, until it answers, ms") for many in (0, *sizes.restarts)]
    many = f"ports {sizes.others[0]} to {sizes.others[-1] - 1}"
    return [*creates,
            Row("burst", f"{sizes.some} creates over {sizes.connections} connections at once, ms"),
            Row("update", f"inner filter gets a rule, {sizes.some} ports bound, ms"),
            *starts,
            Row("pss", f"memory of the daemon for each of the first {sizes.some} ports, KiB (anonymous PSS)", show_number),
            Row("rss", "the same, KiB (RSS)", show_number),
            Row("pss many", f"the same, {many}, KiB (anonymous PSS)", show_number),
            Row("rss many", f"the same, {many}, KiB (RSS)", show_number),
            *(Row(f"execs {key}", f"processes started: {title}", str) for key, title in
              (("create", "create"), ("delete", "delete"), ("update", "inner filter gets a rule, 1 port"),
               ("update several", "inner filter gets a rule, 2 ports"), ("identical", "the same filter defined again"))),
            Row(f"engine {sizes.engine}", f"inner filter gets a rule or loses it, {sizes.engine} ports bound: processor time of the "
                "engine without its backend, ms", compared=False)]


PARTS = (
    ("last create", "create over the API"),
    ("last bare", "bare ebtables-restore of the same batch"),
    ("last empty", "of this: ebtables-restore of an empty batch"),
    ("last nothing", "of this: a program that does nothing (/usr/bin/true)"),
    ("last own", "CPU time of the daemon's own threads in a create"),
    ("last lookup", "a call of the API that only looks up a filter"),
)


def _ratios(stock, ours):
    """One ratio for each round that both drivers did; none if one of them makes no sense."""
    pairs = [(statistics.median(a), statistics.median(b)) for a, b in zip(stock, ours)]
    return [a / b for a, b in pairs] if all(a > 0 and b > 0 for a, b in pairs) else []


def _all(rounds):
    return [value for values in rounds for value in values]


def compared(figures, sizes):
    """Heads and lines of the first table. figures: {driver: {figure: [[value, …] of each round]}}."""
    lines = []
    for row in rows_of(sizes):
        stock, ours = (figures[driver].get(row.figure, []) for driver in ("stock", "ours"))
        if stock or ours:
            ratios = _ratios(stock, ours) if row.compared else []
            lines.append((row.title, *(spread(_all(each), row.show) if each else "-" for each in (stock, ours)),
                          spread(ratios, show_number) if ratios else "-", f"{len(_all(stock))} / {len(_all(ours))}"))
    return ("", "stock", "this driver", "stock : this driver", "values"), lines


def parts(figures, sizes):
    """Heads and lines of the second table, of our driver alone."""
    own = {name: _all(figures["ours"].get(name, [])) for name, _ in PARTS}
    bare = own["last bare"]
    if not bare:
        return (), []
    lines = [(title, spread(own[name], show_ms), spread([a / b for a, b in zip(own[name], bare)], show_number), str(len(bare)))
             for name, title in PARTS]
    return (f"port {sizes.others[-1]}, {sizes.others[-1] - 1} others there", "ms", "against the bare batch", "values"), lines


def learning_costs(figures, sizes):
    """Heads and lines of the table of what each port that learns costs the daemon."""
    shown = {"threads": show_count, "descriptors": show_count}
    lines = []
    for title, names in learning_rows.costs(sizes):
        cells = []
        for what, name in zip(learning_rows.HEADS, names):
            each = (_all(figures[driver].get(name, [])) for driver in ("stock", "ours"))
            cells.append(" / ".join(spread(values, shown.get(what, show_number)) if values else "-" for values in each))
        if set(cells) != {"- / -"}:
            lines.append((title, *cells))
    return ("each port costs: stock / this driver", *learning_rows.HEADS.values()), lines


def starved(figures, sizes):
    """Heads and lines of the table of guests that are flooded with forged answers, of our driver alone."""
    own, lines = figures["ours"], []
    for title, rates in learning_rows.starved():
        cells = []
        for names in rates:
            learned, rate, share = (_all(own.get(name, [])) for name in names)
            cells.append(f"{round(sum(learned))} of {sizes.tries * len(learned)}; {show_number(statistics.median(rate))}; "
                         f"{statistics.median(share):.1f} %" if learned else "-")
        if set(cells) != {"-"}:
            lines.append((title, *cells))
    return ("guests that learned under forged answers; answers a second in fact; of a processor for the learner",
            *(f"{rate} a second" for rate in learning_rows.RATES)), lines


def markdown(heads, lines):
    """A table for a document."""
    return "\n".join(["| " + " | ".join(cells) + " |" for cells in (heads, ["---"] * len(heads), *lines)])


def plain(heads, lines):
    """A table for a terminal."""
    widths = [max(len(cells[i]) for cells in (heads, *lines)) for i in range(len(heads))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(cells, widths)).rstrip() for cells in (heads, *lines))


def text(figures, sizes, facts, as_markdown):
    """Everything, with what is known of machine and run."""
    table = markdown if as_markdown else plain
    known = [f"- {key}: `{value}`" if as_markdown else f"{key}: {value}" for key, value in facts.items()]
    made = (compared(figures, sizes), parts(figures, sizes), learning_costs(figures, sizes), starved(figures, sizes))
    tables = [table(heads, lines) for heads, lines in made if lines]
    return "\n\n".join(["\n".join(known), *tables])
