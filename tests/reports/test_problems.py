"""Problems: errors first, nothing silent however many there are."""

from __future__ import annotations

from ringfence.model.problems import Problem, Severity
from ringfence.model.provenance import Place
from ringfence.reports.problems import LISTED_A_CODE, problem_lines


def problem(line: int, severity: Severity, code: str = "code") -> Problem:
    return Problem(Place("a.yaml", line, 2), code, severity, "what", "how")


def test_a_problem_says_where_what_and_how_to_mend_it() -> None:
    assert list(problem_lines([problem(3, Severity.ERROR)])) == ["a.yaml:3:2: error: what [code]", "  hint: how"]


def test_errors_come_first() -> None:
    lines = list(problem_lines([problem(1, Severity.NOTICE), problem(2, Severity.WARNING), problem(3, Severity.ERROR)]))
    assert [line.split(":")[1] for line in lines[::2]] == ["3", "2", "1"]


def test_quiet_keeps_errors() -> None:
    lines = list(problem_lines([problem(1, Severity.WARNING), problem(2, Severity.ERROR)], quiet=True))
    assert lines == ["a.yaml:2:2: error: what [code]", "  hint: how"]


def test_many_of_one_kind_are_counted() -> None:
    limit = LISTED_A_CODE[Severity.WARNING]
    many = [problem(line, Severity.WARNING) for line in range(1, limit + 8)]
    lines = list(problem_lines([*many, problem(1, Severity.WARNING, "other")]))
    assert lines[-1] == "warning: 7 more [code] (-o json lists all)"
    assert any("[other]" in line for line in lines)
