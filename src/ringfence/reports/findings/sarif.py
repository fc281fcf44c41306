"""``check -o sarif``: SARIF 2.1.0 (OASIS), within what GitHub code scanning reads of it.

Suppressed findings and those of the baseline are left out, since GitHub would show them as open alerts. What could not
be evaluated, and problems of the input, are notifications of the tool.
"""

from __future__ import annotations

import re
from typing import Any

from ringfence.model.problems import Severity as ProblemSeverity
from ringfence.model.provenance import Place
from ringfence.reports.findings.report import Report, hidden_text, not_evaluable_groups, why_bad, witness_text
from ringfence.rules.assessment import Found
from ringfence.rules.finding import Severity
from ringfence.rules.registry import Entry

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
ROOT = "%SRCROOT%"
LONGEST = 1000
"""Characters of a description; GitHub takes 1024."""
MOST_RESULTS = 25_000
"""GitHub refuses a run with more."""
MOST_LOCATIONS = 999
"""The same of a result, beside its own."""
LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}
_NOTIFICATION = {
    ProblemSeverity.ERROR: "error",
    ProblemSeverity.WARNING: "warning",
    ProblemSeverity.NOTICE: "note",
}
_LINK = re.compile(r"\]\(")


def sarif_document(report: Report) -> dict[str, Any]:
    """One log with one run."""
    numbers = {identifier: at for at, identifier in enumerate(report.rules)}
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "ringfence",
                        "semanticVersion": report.version or "0.0.0",
                        "rules": [_rule(entry) for entry in report.rules.values()],
                    }
                },
                # What is before the slash is the category: reports of another command do not replace these.
                "automationDetails": {
                    "id": "ringfence/" if report.command == "check" else f"ringfence-{report.command}/"
                },
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": {ROOT: {"description": {"text": "The root of the repository."}}},
                "invocations": [
                    {
                        "executionSuccessful": not report.context.partial,
                        "toolExecutionNotifications": _notifications(report),
                    }
                ],
                "results": [_result(found, numbers, report) for found in report.assessment.found[:MOST_RESULTS]],
            }
        ],
    }


def _text(text: str) -> str:
    """Plain text of a message: SARIF makes a link of ``[words](target)``."""
    return _LINK.sub("] (", text)


def _rule(entry: Entry) -> dict[str, Any]:
    rule = entry.rule
    properties: dict[str, Any] = {"precision": rule.precision.value, "tags": ["security", "kubernetes", "network"]}
    if rule.severity.security_severity:
        properties["security-severity"] = rule.severity.security_severity
    if rule.frameworks:
        properties["frameworks"] = list(rule.frameworks)
    if rule.aliases:
        properties["aliases"] = list(rule.aliases)
    return {
        "id": rule.id,
        "name": "".join(word.capitalize() for word in rule.slug.split("-")),
        "shortDescription": {"text": f"{rule.title}."},
        "fullDescription": {"text": why_bad(entry)[:LONGEST] or f"{rule.title}."},
        "help": {"text": entry.page, "markdown": entry.page},
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
        "properties": properties,
    }


def _physical(place: Place, report: Report) -> dict[str, Any]:
    found: dict[str, Any] = {"artifactLocation": {"uri": report.uri(place), "uriBaseId": ROOT}}
    # GitHub wants a region; a place without a line is about the whole file.
    line, column = report.position(place)
    found["region"] = {"startLine": max(line, 1), "startColumn": max(column, 1)}
    return found


def _result(found: Found, numbers: dict[str, int], report: Report) -> dict[str, Any]:
    finding = found.finding
    message = finding.message if not finding.fix else f"{finding.message}\n\nHow to fix it: {finding.fix}"
    subject = finding.subject
    logical = {
        "name": subject.name,
        "fullyQualifiedName": "/".join(word for word in (subject.namespace, subject.kind, subject.name) if word),
        "kind": "resource",
    }
    properties: dict[str, Any] = {"severity": found.severity.value, "evidence": list(finding.evidence)}
    if found.severity.security_severity:
        properties["security-severity"] = found.severity.security_severity
    if finding.witness is not None:
        properties["witness"] = witness_text(finding.witness)
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": numbers[finding.rule],
        "level": LEVELS[found.severity],
        "message": {"text": _text(message)},
        "locations": [{"physicalLocation": _physical(finding.place, report), "logicalLocations": [logical]}],
        "partialFingerprints": {
            # The only one that GitHub looks at; its number tells equal lines apart, and ours are never equal.
            "primaryLocationLineHash": f"{found.fingerprint}:1",
            "ringfence/v1": found.fingerprint,
        },
        "properties": properties,
    }
    if finding.related:
        result["relatedLocations"] = [
            {"id": at, "physicalLocation": _physical(one.place, report), "message": {"text": _text(one.message)}}
            for at, one in enumerate(finding.related[:MOST_LOCATIONS], 1)
        ]
    return result


def _notifications(report: Report) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    left = len(report.assessment.found) - MOST_RESULTS
    if left > 0:
        words = f"{left} more findings are left out, the least severe: GitHub takes {MOST_RESULTS} of a run"
        found.append({"level": "warning", "message": {"text": words}})
    if words := hidden_text(report):
        found.append({"level": "note", "message": {"text": words}})
    for rule, why, members in not_evaluable_groups(report):
        names = ", ".join(str(one.scope) for one in members[:10])
        more = f" and {len(members) - 10} more" if len(members) > 10 else ""
        found.append(
            {
                "level": "note",
                "message": {"text": _text(f"{rule} could not be evaluated for {names}{more}: {why}")},
                "associatedRule": {"id": rule},
            }
        )
    for problem in report.context.problems:
        found.append(
            {
                "descriptor": {"id": problem.code},
                "level": _NOTIFICATION[problem.severity],
                "message": {"text": _text(f"{problem.message} {problem.hint}".strip())},
                "locations": [{"physicalLocation": _physical(problem.place, report)}],
            }
        )
    return found
