"""The log is SARIF 2.1.0: nothing but what the standard's objects have, of the types that it says.

The types are those of OASIS SARIF 2.1.0 (errata 01), as far as ringfence writes them; each refuses unknown properties,
as the standard's schema does.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
import pytest

from ringfence.model.provenance import RENDERED, Place
from ringfence.reports.findings import sarif
from ringfence.reports.findings.sarif import sarif_document
from ringfence.rules.finding import Severity
from ringfence.values import replace
from tests.reports.finding_samples import report
from tests.reports.samples import CONTEXT

Positive = Annotated[int, msgspec.Meta(ge=1)]
Index = Annotated[int, msgspec.Meta(ge=0)]
Level = Literal["none", "note", "warning", "error"]


class Strict(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    pass


class Message(Strict, kw_only=True):
    """§3.11: ``text`` or ``id`` is there."""

    text: str
    markdown: str = ""


class PropertyBag(Strict, kw_only=True):
    """§3.8 lets a bag hold anything; these are what GitHub reads and what ringfence adds."""

    tags: list[str] = []
    precision: Literal["very-high", "high", "medium", "low"] | None = None
    security_severity: str | None = msgspec.field(default=None, name="security-severity")
    frameworks: list[str] = []
    aliases: list[str] = []
    severity: str = ""
    evidence: list[str] = []
    witness: str = ""


class ArtifactLocation(Strict, kw_only=True):
    """§3.4."""

    uri: str = ""
    uri_base_id: str = ""
    description: Message | None = None


class Region(Strict, kw_only=True):
    """§3.30."""

    start_line: Positive
    start_column: Positive


class PhysicalLocation(Strict, kw_only=True):
    """§3.29."""

    artifact_location: ArtifactLocation
    region: Region


class LogicalLocation(Strict, kw_only=True):
    """§3.33."""

    name: str
    fully_qualified_name: str
    kind: str


class Location(Strict, kw_only=True):
    """§3.28."""

    id: Index | None = None
    physical_location: PhysicalLocation
    logical_locations: list[LogicalLocation] = []
    message: Message | None = None


class ReportingConfiguration(Strict, kw_only=True):
    """§3.50."""

    level: Level


class ReportingDescriptor(Strict, kw_only=True):
    """§3.49."""

    id: str
    name: str
    short_description: Message
    full_description: Message
    help: Message
    default_configuration: ReportingConfiguration
    properties: PropertyBag


class ReportingDescriptorReference(Strict, kw_only=True):
    """§3.52."""

    id: str


class ToolComponent(Strict, kw_only=True):
    """§3.19."""

    name: str
    semantic_version: str
    rules: list[ReportingDescriptor]


class Tool(Strict, kw_only=True):
    """§3.18."""

    driver: ToolComponent


class Notification(Strict, kw_only=True):
    """§3.58."""

    message: Message
    level: Level
    descriptor: ReportingDescriptorReference | None = None
    associated_rule: ReportingDescriptorReference | None = None
    locations: list[Location] = []


class Invocation(Strict, kw_only=True):
    """§3.20."""

    execution_successful: bool
    tool_execution_notifications: list[Notification]


class RunAutomationDetails(Strict, kw_only=True):
    """§3.17."""

    id: str


class Result(Strict, kw_only=True):
    """§3.27."""

    rule_id: str
    rule_index: Index
    level: Level
    message: Message
    locations: list[Location]
    partial_fingerprints: dict[str, str]
    properties: PropertyBag
    related_locations: list[Location] = []


class Run(Strict, kw_only=True):
    """§3.14."""

    tool: Tool
    automation_details: RunAutomationDetails
    column_kind: Literal["utf16CodeUnits", "unicodeCodePoints"]
    original_uri_base_ids: dict[str, ArtifactLocation]
    invocations: list[Invocation]
    results: list[Result]


class Log(Strict, kw_only=True):
    """§3.13."""

    schema: str = msgspec.field(name="$schema")
    version: Literal["2.1.0"]
    runs: list[Run]


def log() -> Log:
    plain: Any = sarif_document(report())
    return msgspec.convert(plain, Log)


def test_the_log_has_nothing_that_sarif_lacks() -> None:
    (run,) = log().runs
    assert len(run.results) == 3
    assert [rule.id for rule in run.tool.driver.rules] == ["NP-001", "NP-005", "GOV-002", "GOV-004"]


def test_results_point_to_their_rules() -> None:
    (run,) = log().runs
    for result in run.results:
        assert run.tool.driver.rules[result.rule_index].id == result.rule_id


def test_github_finds_severity_precision_tags_and_help() -> None:
    (run,) = log().runs
    rule = run.tool.driver.rules[0]
    assert rule.properties.security_severity == Severity.HIGH.security_severity == "8.0"
    assert "security" in rule.properties.tags
    assert rule.properties.precision == "very-high"
    assert rule.help.markdown.startswith("# NP-001 default-deny-ingress-missing")
    for one in run.tool.driver.rules:
        assert len(one.short_description.text) <= 1024
        assert len(one.full_description.text) <= 1024


def test_a_finding_has_its_own_severity() -> None:
    (run,) = log().runs
    low = next(result for result in run.results if "outside" in result.properties.evidence)
    assert (low.level, low.properties.security_severity) == ("note", "2.0")


def test_what_is_suppressed_is_left_out_and_what_is_open_is_a_notification() -> None:
    (run,) = log().runs
    assert not any("shop with no labels" in result.message.text for result in run.results)
    notes = run.invocations[0].tool_execution_notifications
    assert [note.associated_rule.id for note in notes if note.associated_rule] == ["NP-005"]
    assert [note.descriptor.id for note in notes if note.descriptor] == [one.code for one in CONTEXT.problems]


def test_related_places_are_related_locations() -> None:
    (run,) = log().runs
    result = next(result for result in run.results if result.rule_id == "NP-005")
    assert [one.message.text for one in result.related_locations if one.message] == ["the pod that may be meant"]
    assert result.locations[0].physical_location.region == Region(start_line=12, start_column=3)


def test_more_results_than_github_takes_are_left_out_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "MOST_RESULTS", 1)
    (run,) = log().runs
    assert [result.rule_id for result in run.results] == ["NP-001"]
    assert "2 more findings are left out" in run.invocations[0].tool_execution_notifications[0].message.text


def test_a_line_that_a_program_made_is_no_line_of_a_file() -> None:
    made = report()
    found = made.assessment.found[0]
    there = replace(found, finding=replace(found.finding, place=Place("over (rendered)", 91, 5)))
    plain: Any = sarif_document(
        replace(
            made, assessment=replace(made.assessment, found=(there,)), locate=lambda file: file.removesuffix(RENDERED)
        )
    )
    (result,) = msgspec.convert(plain, Log).runs[0].results
    place = result.locations[0].physical_location
    assert (place.artifact_location.uri, place.region) == ("over", Region(start_line=1, start_column=1))
