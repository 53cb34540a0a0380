# SPDX-License-Identifier: LGPL-2.1-or-later
"""
filters: the language of filters for programs that make them up, and what the stock driver makes of them

    language.py      elements, kinds of values and how each is written
    model.py         filters, rules and cases as objects
    exceptions.py    the rows of docs/differences.md that touch a rule, as predicates on it
    signs.py         which attributes are negated, as written and as the stock driver takes it
    marks.py         finding in the kernel what came of one rule
"""
