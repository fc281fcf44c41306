"""Names from the input can do nothing in any format: the one test for all of them."""

from __future__ import annotations

import csv
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterable

import msgspec
import pytest
import yaml

from ringfence.layers.mesh.courses import At
from ringfence.model.problems import Problem, Severity
from ringfence.model.provenance import Place
from ringfence.model.text import printable
from ringfence.reports import blast_radius_text, exposure_text
from ringfence.reports.answer_text import detail_lines, verdict_lines
from ringfence.reports.blast_radius_documents import blast_radius_document, paths_document
from ringfence.reports.connections import FORMATS
from ringfence.reports.context import Context
from ringfence.reports.coverage import formats as coverage_formats
from ringfence.reports.differences.equivalence import equivalence_document, witness_lines
from ringfence.reports.differences.formats import FINDING_FORMATS as DIFF_FINDING_FORMATS
from ringfence.reports.differences.formats import TEXT_FORMATS, lines_of
from ringfence.reports.documents import answer_document, explanation_document
from ringfence.reports.explanation_text import explanation_lines
from ringfence.reports.exposure_documents import exposure_document
from ringfence.reports.findings.formats import FORMATS as FINDING_FORMATS
from ringfence.reports.findings.formats import text_beside
from ringfence.reports.html.changes import Difference
from ringfence.reports.html.page import html_page
from ringfence.reports.portability import detail_lines as portability_details
from ringfence.reports.portability import portability_document, table_lines
from ringfence.reports.problems import problem_lines
from ringfence.reports.profiles import detection_document, detection_lines
from ringfence.reports.sections import markdown_section_lines, text_lines
from ringfence.reports.structured import json_text, yaml_text
from ringfence.reports.style import PLAIN
from ringfence.reports.table import footer_lines
from ringfence.sets.ports import EVERYTHING
from ringfence.values import replace
from ringfence.verdict.answers import Connections, Decision, Explanation, Reason, Row, RowLayers, Verdict
from ringfence.verdict.matrix.pairing import PairedEnd, PairedEnds, key_of
from ringfence.verdict.matrix.values import Cell, Line, Matrix, MatrixEnd, Numbers, Part, Segment, Side, SideRow
from ringfence.verdict.meshed.apart import Leg, Story, Told
from ringfence.verdict.meshed.values import LayerVerdict
from tests.reports import reach_samples
from tests.reports.diff_samples import equivalence
from tests.reports.diff_samples import hostile as hostile_diff
from tests.reports.finding_samples import hostile_report
from tests.reports.html.reading import data_of, elements
from tests.reports.samples import HOSTILE, answer, decision, detection, explanation, portability, tcp

Write = Callable[[str], Iterable[str]]


def context(name: str) -> Context:
    problem = Problem(Place(name, 1, 1), "unknown-field", Severity.ERROR, name, name)
    return Context(name, name, True, (problem,), (name,), lambda place: name)


def hostile_list(name: str) -> Connections:
    reason = Reason("open-labels", name, name)
    rows = (
        Row((name,), ("shop/db",), tcp(1), Verdict.ALLOWED),
        Row((f"shop/{name}", name, f"{name}/x"), (name, "shop/db", "a/b"), tcp(1), Verdict.UNKNOWN, reason),
        Row(
            (name, f"shop/{name}"), ("shop/db",), tcp(1), Verdict.MIXED, reason,
            RowLayers((("network", Verdict.ALLOWED),), "mtls", True, name, "network", reason),
        ),
    )  # fmt: skip
    ends = (name, f"shop/{name}", f"{name}/x", "shop/db", "a/b")
    return Connections("workload", rows, 1, ends, (name,), identities={name: name})


def hostile_answer(name: str) -> Iterable[str]:
    value = replace(answer(name=name), reason=Reason(name, name, name), notes=(name,), decided_by=(decision(name),))
    yield from verdict_lines(value)
    yield from detail_lines(value, context(name))


def hostile_explanation(name: str) -> Explanation:
    found = explanation(name, Place(name, 1, 1))
    assert found.edit is not None
    return replace(found, edit=replace(found.edit, description=name, manifest={name: [name]}))


def told(name: str, reason: Reason, decided: Decision) -> Told:
    """What layers say, with a name in every text."""
    transport = LayerVerdict("transport", Verdict.UNKNOWN, reason, (decided,))
    requests = LayerVerdict("requests", Verdict.MIXED, reason, (decided,))
    legs = (
        Leg(At.CLIENT, At.WAYPOINT, 15008, transport, requests),
        Leg(At.WAYPOINT, At.SERVER, 0, transport, requests),
    )
    stories = tuple(Story(legs, "mtls", True, name, fact, name, None, (0,), name) for fact in (name, f"not {name}"))
    return Told(
        Verdict.UNKNOWN, "transport", reason, Verdict.ALLOWED, transport, requests, "mtls", True, name, stories, reason
    )


def hostile_page(name: str) -> str:
    """Every text of the page is the name: ends, objects, files, reasons, labels, filters."""
    reason, decided = Reason(name, name, name), decision(name, Place(name, 1, 1))
    line = Line(tcp(1), Verdict.UNKNOWN, reason, told(name, reason, decided))
    segment = Segment(EVERYTHING, Verdict.DENIED, (decided,))
    part = Part(0, (name,), 1)
    ends = (
        MatrixEnd(f"{name}/{name}", name, "pod", name, 1, 0, 0, (part, part)),
        MatrixEnd(f"node/{name}", "", "node", "Node", 0, 0, 0),
    )
    row = Numbers((b"\x00",))
    matrix = Matrix(
        ends, 1, 1, (Cell((line,), ((name, (line,)),)),), (row,), (0,), (Side((segment,)),), (SideRow((0,), row),),
        (0,), (0,), layers=("network", "transport", "requests"), identities=(name,), waypoints={(0,): (0,)},
    )  # fmt: skip
    key = key_of(ends[0])
    pairs = PairedEnds((PairedEnd(ends[0].name, (*key[:3], "Former"), key),), {f"pod/{name}": 0})
    matrices = replace(matrix, ends=(replace(ends[0], kind="Former"), ends[1])), matrix
    found = hostile_diff(name)
    rows = tuple(
        replace(row, sources=(ends[0].name, ends[1].name), destinations=(f"pod/{name}",)) for row in found.rows
    )
    difference = Difference(replace(found, rows=rows), pairs)
    return html_page([(name, one) for one in matrices], context(name), {"with": name}, difference)


WRITERS: dict[str, Write] = {
    **{
        f"map {name}": lambda text, form=form: form(hostile_list(text), context(text), PLAIN)  # type: ignore[misc]
        for name, form in FORMATS.items()
    },
    "map html": lambda name: hostile_page(name).splitlines(),
    "map footer": lambda name: footer_lines(hostile_list(name)),
    "can text": hostile_answer,
    "can json": lambda name: [json_text(answer_document(answer(name=name), context(name)))],
    "can yaml": lambda name: [yaml_text(answer_document(answer(name=name), context(name)))],
    "explain text": lambda name: explanation_lines(hostile_explanation(name), context(name)),
    "explain json": lambda name: [json_text(explanation_document(hostile_explanation(name), context(name)))],
    "explain yaml": lambda name: [yaml_text(explanation_document(hostile_explanation(name), context(name)))],
    **{
        f"{command} {name}": lambda text, sample=sample, sections=sections, form=form: form(sections(sample(text)))  # type: ignore[misc]
        for command, sample, sections in (
            ("exposure", reach_samples.exposure, exposure_text.sections),
            ("blast-radius", reach_samples.blast_radius, blast_radius_text.sections),
            ("paths", reach_samples.paths, blast_radius_text.paths_sections),
        )
        for name, form in (("table", text_lines), ("md", markdown_section_lines))
    },
    **{
        f"{command} json": lambda text, sample=sample, document=document: [  # type: ignore[misc]
            json_text(document(sample(text), context(text)))
        ]
        for command, sample, document in (
            ("exposure", reach_samples.exposure, exposure_document),
            ("blast-radius", reach_samples.blast_radius, blast_radius_document),
            ("paths", reach_samples.paths, paths_document),
        )
    },
    **{
        f"check {name}": lambda text, form=form: form(hostile_report(text), PLAIN)  # type: ignore[misc]
        for name, form in FINDING_FORMATS.items()
    },
    "check beside": lambda name: text_beside("json", hostile_report(name), PLAIN),
    **{
        f"diff {form}": lambda text, form=form: lines_of(  # type: ignore[misc]
            form, hostile_diff(text), context(text), PLAIN, str, "1.0.0"
        )
        for form in (*TEXT_FORMATS, *DIFF_FINDING_FORMATS)
    },
    **{
        f"coverage {form}": lambda text, form=form: coverage_formats.lines_of(  # type: ignore[misc]
            form, reach_samples.coverage(text, text), context(text), PLAIN, str, "1.0.0"
        )
        for form in (*coverage_formats.TEXT_FORMATS, *coverage_formats.FINDING_FORMATS)
    },
    "equivalent text": lambda name: witness_lines(equivalence(name, layered=True)),
    "equivalent json": lambda name: [json_text(equivalence_document(equivalence(name, layered=True), context(name)))],
    "can all text": lambda name: [*table_lines(portability(name)), *portability_details(portability(name))],
    "can all json": lambda name: [json_text(portability_document(portability(name), context(name)))],
    "profile detect text": lambda name: detection_lines(*detection(name, Place(name, 1, 1))),
    "profile detect yaml": lambda name: [yaml_text(detection_document(*detection(name), context(name)))],
    "problems": lambda name: problem_lines(context(name).problems),
}
STRUCTURED = [name for name in WRITERS if name.endswith((" json", " yaml", " sarif", " gitlab", " junit"))]


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
@pytest.mark.parametrize("writer", WRITERS)
def test_no_format_lets_a_name_through(writer: str, name: str) -> None:
    for line in WRITERS[writer](name):
        shown = line.split("\n") if writer in STRUCTURED else [line]
        assert all(text.isprintable() for text in shown), line


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_json_and_yaml_keep_the_name_as_data(name: str) -> None:
    kept = name.replace("\ud800", "\ufffd")
    text = json_text(answer_document(answer(name=name), context(name)))
    assert msgspec.json.decode(text)["source"] == kept
    assert yaml.safe_load(yaml_text(answer_document(answer(name=name), context(name))))["source"] == kept


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_csv_cells_are_no_formulas(name: str) -> None:
    rows = list(csv.reader(FORMATS["csv"](hostile_list(name), context(name), PLAIN)))
    assert {len(row) for row in rows} == {13}
    assert len(rows) == 1 + 1 + 9 + 2
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_markdown_cells_are_no_markup(name: str) -> None:
    lines = list(FORMATS["md"](hostile_list(name), context(name), PLAIN))
    for line in lines:
        rest = re.sub(r"\\.", "", line.replace("<br>", ""))
        assert not re.search(r"[<>`@\[\]]|\*\*|://|www\.", rest), line
        assert rest.count("|") in (0, 10), line


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_dot_strings_stay_closed(name: str) -> None:
    for line in FORMATS["dot"](hostile_list(name), context(name), PLAIN):
        outside = re.sub(r'"(?:[^"\\]|\\.)*"', "", line)
        assert '"' not in outside
        assert "evil" not in outside


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
@pytest.mark.parametrize("command", ["exposure", "blast-radius", "paths"])
def test_markdown_of_reach_is_no_markup(command: str, name: str) -> None:
    heads: int | None = None
    for line in WRITERS[f"{command} md"](name):
        rest = re.sub(r"\\.", "", line.removeprefix("### "))
        if set(rest) <= set("|- "):
            heads = rest.count("|") or None
            continue
        assert not re.search(r"[<>`@\[\]]|\*\*|://|www\.", rest), line
        assert not rest.startswith("|") or heads in (None, rest.count("|")), line


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_junit_is_well_formed(name: str) -> None:
    text = "\n".join(FINDING_FORMATS["junit"](hostile_report(name), PLAIN))
    assert text.isascii()
    cases = ElementTree.fromstring(text).findall("./testsuite/testcase")
    assert sorted(child.tag for case in cases for child in case) == ["failure", "skipped", "skipped"]


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_workflow_commands_are_ours_alone(name: str) -> None:
    lines = list(FINDING_FORMATS["github"](hostile_report(name), PLAIN))
    commands = [line for line in lines if line.startswith("::")]
    assert len(commands) == 1
    assert not any("##[" in line for line in lines)
    for line in commands:
        _, head, message = line.split("::", 2)
        assert re.fullmatch(r"warning (?:file=[^,:]*,line=1,col=3,)?title=[^,:]*", head), head
        assert not re.search(r"%(?!25|0A|0D|3A|2C)", line), line
        assert message


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_markdown_of_findings_is_no_markup(name: str) -> None:
    report = replace(hostile_report(name), explained=False)
    for line in FINDING_FORMATS["md"](report, PLAIN):
        rest = re.sub(r"\\.", "", line.replace("<br>", "").removeprefix("**ringfence check:**"))
        assert not re.search(r"[<>`@\[\]]|\*\*|://|www\.", rest), line
        assert rest.count("|") in (0, 6), line


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_sarif_has_no_links_and_only_relative_references(name: str) -> None:
    log = msgspec.json.decode("\n".join(FINDING_FORMATS["sarif"](hostile_report(name), PLAIN)))
    (result,) = log["runs"][0]["results"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert re.fullmatch(r"(?:[-A-Za-z0-9._~/]|%[0-9A-F]{2})+", uri)
    assert "](" not in result["message"]["text"]


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
@pytest.mark.parametrize("command, columns", [("diff", {7, 8}), ("coverage", {3, 4, 5})])
def test_a_comment_has_no_markup_but_ours(command: str, columns: set[int], name: str) -> None:
    ours = (
        rf"^<!-- ringfence {command} -->$|^\*\*ringfence {command}:\*\*|^<details><summary>[A-Z][^<>]*</summary>$"
        r"|</details>|<br>|</?sub>"
    )
    for line in WRITERS[f"{command} md"](name):
        rest = re.sub(r"\\.", "", re.sub(ours, "", line).replace(f"`ringfence {command} -o json`", ""))
        assert not re.search(r"[<>`@\[\]]|\*\*|://|www\.", rest), line
        assert rest.count("|") in {0, *(number + 1 for number in columns)}, line


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
@pytest.mark.parametrize("command", ["diff", "coverage"])
def test_findings_of_other_commands_are_as_safe(command: str, name: str) -> None:
    junit = "\n".join(WRITERS[f"{command} junit"](name))
    assert junit.isascii()
    assert ElementTree.fromstring(junit).attrib["name"] == f"ringfence {command}"
    for line in WRITERS[f"{command} github"](name):
        assert "##[" not in line
        if line.startswith("::"):
            _, head, _ = line.split("::", 2)
            assert re.fullmatch(
                r"(?:error|warning|notice) (?:file=[^,:]*,line=\d+,(?:col=\d+,)?)?title=[^,:]*", head
            ), head
    for log in msgspec.json.decode("\n".join(WRITERS[f"{command} sarif"](name)))["runs"]:
        for result in log["results"]:
            assert "](" not in result["message"]["text"]
            uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
            assert re.fullmatch(r"(?:[-A-Za-z0-9._~/]|%[0-9A-F]{2})+", uri)


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_the_page_has_names_as_data_only(name: str) -> None:
    page, harmless = hostile_page(name), hostile_page("name")
    found, wanted = elements(page), elements(harmless)
    assert found.tags == wanted.tags, "no element and no attribute comes of a name"
    (data,), (other,) = (one.texts["script application/json"] for one in (found, wanted))
    assert page.replace(data, "") == harmless.replace(other, "")
    assert not set("<>&") & set(data)
    read = data_of(page)
    assert read["ends"][0][0] == printable(f"{name}/{name}")
    assert read["states"][0]["objects"][0][2] == printable(name)
    assert read["difference"]["causes"][0][1] == printable(f"changed: {name}")
    assert read["opened"] == {"hide": "same,denied,none", "with": printable(name)}
