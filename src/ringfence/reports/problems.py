"""Problems of the input, one line each in the manner of compilers: ``file:line:column: error: what [code]``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from ringfence.model.problems import Problem, Severity
from ringfence.model.text import printable
from ringfence.reports.style import PLAIN, Style

LISTED_A_CODE = {Severity.ERROR: 50, Severity.WARNING: 10, Severity.NOTICE: 5}
"""How many problems of one code are written out; the rest is counted, and JSON documents list all."""

_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTICE: 2}


def problem_lines(problems: Iterable[Problem], style: Style = PLAIN, quiet: bool = False) -> Iterator[str]:
    """The lines to write: errors first, each kind in the order of the input. ``quiet`` leaves all but errors out."""
    listed: Counter[tuple[Severity, str]] = Counter()
    ordered = sorted(set(problems), key=lambda problem: (_ORDER[problem.severity], problem))
    for problem in ordered:
        if quiet and problem.severity is not Severity.ERROR:
            continue
        listed[problem.severity, problem.code] += 1
        if listed[problem.severity, problem.code] > LISTED_A_CODE[problem.severity]:
            continue
        place = style.strong(printable(str(problem.place)))
        severity = style.paint(str(problem.severity), str(problem.severity))
        yield f"{place}: {severity}: {printable(problem.message)} {style.faint(f'[{problem.code}]')}"
        if problem.hint:
            yield f"  hint: {printable(problem.hint)}"
    for (severity_, code), count in sorted(listed.items(), key=lambda item: (_ORDER[item[0][0]], item[0][1])):
        if count > LISTED_A_CODE[severity_]:
            word = style.paint(str(severity_), str(severity_))
            yield f"{word}: {count - LISTED_A_CODE[severity_]} more [{code}] (-o json lists all)"
