"""``check -o gitlab``: a code quality report (docs.gitlab.com, Code Quality report format)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from ringfence.reports.findings.report import Report
from ringfence.rules.finding import Severity

SEVERITIES = {
    Severity.CRITICAL: "blocker",
    Severity.HIGH: "critical",
    Severity.MEDIUM: "major",
    Severity.LOW: "minor",
    Severity.INFO: "info",
}


def code_quality(report: Report) -> list[dict[str, Any]]:
    """An entry for each finding, and for each part of the input that was not read."""
    return [*_findings(report), *_not_read(report)]


def _not_read(report: Report) -> Iterator[dict[str, Any]]:
    for problem in report.context.problems:
        if problem.partial:
            words = f"{problem.code}\n{report.path(problem.place)}\n{problem.message}"
            yield {
                "description": f"not read: {problem.message}",
                "check_name": problem.code,
                "fingerprint": hashlib.sha256(words.encode("utf-8", "backslashreplace")).hexdigest()[:32],
                "severity": "critical",
                "location": {"path": report.path(problem.place), "lines": {"begin": max(problem.place.line, 1)}},
            }


def _findings(report: Report) -> list[dict[str, Any]]:
    return [
        {
            "description": f"{found.finding.rule}: {found.finding.message}",
            "check_name": report.title(found.finding.rule),
            "fingerprint": found.fingerprint,
            "severity": SEVERITIES[found.severity],
            "location": {
                "path": report.path(found.finding.place),
                "lines": {"begin": max(found.finding.place.line, 1)},
            },
        }
        for found in report.assessment.found
    ]
