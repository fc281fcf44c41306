"""``check -o gitlab``: a code quality report (docs.gitlab.com, Code Quality report format)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from ringfence.model.provenance import Place
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


def _location(place: Place, report: Report) -> dict[str, Any]:
    return {"path": report.path(place), "lines": {"begin": max(report.position(place)[0], 1)}}


def _not_read(report: Report) -> Iterator[dict[str, Any]]:
    for problem in report.context.problems:
        if problem.partial:
            words = f"{problem.code}\n{report.path(problem.place)}\n{problem.message}"
            yield {
                "description": f"not read: {problem.message}",
                "check_name": problem.code,
                "fingerprint": hashlib.sha256(words.encode("utf-8", "backslashreplace")).hexdigest()[:32],
                "severity": "critical",
                "location": _location(problem.place, report),
            }


def _findings(report: Report) -> list[dict[str, Any]]:
    return [
        {
            "description": f"{found.finding.rule}: {found.finding.message}",
            "check_name": report.title(found.finding.rule),
            "fingerprint": found.fingerprint,
            "severity": SEVERITIES[found.severity],
            "location": _location(found.finding.place, report),
        }
        for found in report.assessment.found
    ]
