"""The rows of a list say the same pairs in every format, and say what they leave out."""

from __future__ import annotations

import csv
import re
from itertools import product

import msgspec
import pytest

from ringfence.reports.connections import FORMATS
from ringfence.reports.folding import Folding
from ringfence.reports.style import PLAIN, Style
from ringfence.reports.table import footer_lines, table_lines
from ringfence.reports.unknowns import unknown_groups
from ringfence.sets.ports import canonical, describe, port_key
from ringfence.verdict.answers import Connections, Reason, Row, Verdict
from tests.reports.samples import CONTEXT, UNKNOWN, connections, tcp

Pair = tuple[str, str, str, str]


def pairs(listed: Connections) -> set[Pair]:
    return {
        (source, destination, describe(row.ports), str(row.verdict))
        for row in listed.rows
        for source, destination in product(row.sources, row.destinations)
    }


def test_csv_has_every_pair() -> None:
    rows = list(csv.DictReader(FORMATS["csv"](connections(), CONTEXT, PLAIN)))
    assert {(row["source"], row["destination"], row["ports"], row["verdict"]) for row in rows} == pairs(connections())


def test_json_expands_to_every_pair() -> None:
    document = msgspec.json.decode("\n".join(FORMATS["json"](connections(), CONTEXT, PLAIN)))
    found = set()
    for row in document["rows"]:
        keys = tuple((port_key(p["protocol"], p["first"]), port_key(p["protocol"], p["last"])) for p in row["ports"])
        for source, destination in product(row["sources"], row["destinations"]):
            found.add((source, destination, describe(keys), row["verdict"]))
    assert found == pairs(connections())
    assert document["leftOut"] == 2
    assert document["profile"] == {"name": "generic", "chosenBy": "the default"}


def test_dot_draws_every_pair() -> None:
    lines = list(FORMATS["dot"](connections(), CONTEXT, PLAIN))
    labels = dict(found for line in lines for found in re.findall(r'^ +(n\d+) \[label="(.*)"\];$', line))
    junctions = dict(
        found for line in lines for found in re.findall(r'^ +(j\d+) \[shape=point, xlabel="(.*)"\];$', line)
    )
    edges = [found.groups() for line in lines if (found := re.match(r"^ +(\w+) -> (\w+) \[(.*)\];$", line))]
    drawn = set()
    for start, end, attributes in edges:
        if start in labels and end in labels:
            label = re.search(r'label="(.*?)"', attributes)
            assert label is not None
            drawn.add((labels[start], labels[end], label[1]))
    for junction, label_ in junctions.items():
        sources = [labels[start] for start, end, _ in edges if end == junction]
        destinations = [labels[end] for start, end, _ in edges if start == junction]
        drawn |= {(source, destination, label_) for source, destination in product(sources, destinations)}
    assert drawn == {
        (source, destination, ports + (" (unknown)" if verdict == "unknown" else ""))
        for source, destination, ports, verdict in pairs(connections())
    }


@pytest.mark.parametrize("name", ["json", "yaml", "md", "dot"])
def test_a_list_says_what_it_leaves_out(name: str) -> None:
    assert "2" in "".join(line for line in FORMATS[name](connections(), CONTEXT, PLAIN) if "left" in line)


def test_the_table_footer_says_what_is_left_out() -> None:
    assert any(line.startswith("2 more rows are left out") for line in footer_lines(connections()))


def test_an_empty_list_says_so() -> None:
    assert list(footer_lines(Connections("pod", (), 0, ("a/b", "a/c")))) == [
        "no connections between the 2 ends at pod level"
    ]


def test_unknown_rows_are_grouped_by_what_would_decide_them() -> None:
    other = Reason("open-labels", "labels of namespace x are not known", "add the Namespace object")
    rows = [
        Row(("a",), ("b",), tcp(1), Verdict.UNKNOWN, UNKNOWN),
        Row(("a",), ("c",), tcp(1), Verdict.UNKNOWN, other),
        Row(("a",), ("d",), tcp(1), Verdict.ALLOWED),
        Row(("a",), ("e",), tcp(1), Verdict.UNKNOWN, UNKNOWN),
    ]
    assert [(group.rows, group.reason) for group in unknown_groups(rows)] == [(2, UNKNOWN), (1, other)]


ENDS = ("a/1", "a/2", "a/3", "b/1", "b/2", "b/3", "b/4", "c/a-rather-long-name", "10.0.0.0/8", "node/n1")


def test_whole_namespaces_fold_and_parts_of_them_do_not() -> None:
    folding = Folding(ENDS)
    assert folding.fold(("a/1", "b/1", "a/2", "a/3", "b/2", "b/3")) == ("a/* (3)", "b/1", "b/2", "b/3")
    assert folding.fold(("10.0.0.0/8", "node/n1", "a/1")) == ("node/n1", "a/1", "10.0.0.0/8")


@pytest.mark.parametrize(
    "ends, width, text",
    [
        (("b/1", "b/2", "b/3"), 13, "b/1, b/2, b/3"),
        (("b/1", "b/2", "b/3"), 12, "b/* (3 of 4)"),
        (("a/1", "b/1", "b/2", "b/3", "b/4", "a/2", "a/3"), 16, "a/* (3), b/* (4)"),
        (("a/1", "b/1", "b/2", "b/3", "b/4", "a/2", "a/3"), 15, "b/* (4), +3 more"),
        (("c/a-rather-long-name", "node/n1", "a/1", "a/2", "a/3"), 25, "a/* (3), node/n1, +1 more"),
        (("c/a-rather-long-name",), 5, "c/a-rather-long-name"),
        (("c/a-rather-long-name", "a/1"), 5, "c/a-rather-long-name, +1 more"),
        (("0.0.0.0-9.255.255.255", "11.0.0.0-255.255.255.255"), 30, "0.0.0.0/0 except 10.0.0.0/8"),
        (("0.0.0.0/1", "129.0.0.0-130.255.255.255", "132.0.0.0-255.255.255.255"), 30, "0.0.0.0/0 except 2 ranges"),
    ],
)
def test_a_narrow_cell_counts_what_has_no_room(ends: tuple[str, ...], width: int, text: str) -> None:
    assert Folding(ENDS).narrow(ends, width) == text


def test_the_table_fits_120_columns() -> None:
    names = tuple(f"shop/{number:015d}" for number in range(9))
    ports = canonical((port_key("TCP", port),) * 2 for port in range(1, 60000, 7000))
    listed = Connections("pod", (Row(names, names, ports, Verdict.UNKNOWN),), 0, (*names, "shop/x"))
    lines = list(table_lines(listed))
    assert max(map(len, lines)) <= 120
    assert lines[1].count("shop/* (9 of 10)") == 2
    assert "TCP 1, 7001, 14001, +6 more" in lines[1] or "TCP 1, 7001, +7 more" in lines[1]


def test_colour_only_decorates() -> None:
    coloured = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in table_lines(connections(), Style(True))]
    assert coloured == list(table_lines(connections(), PLAIN))
    assert any("\x1b[32mallowed" in line for line in table_lines(connections(), Style(True)))


def test_wide_names_every_end() -> None:
    names = tuple(f"shop/{number}" for number in range(9))
    listed = Connections("pod", (Row(names, ("a/b",), tcp(1), Verdict.ALLOWED),), 0, (*names, "shop/x", "a/b"))
    assert "shop/* (9 of 10)" in "\n".join(table_lines(listed))
    assert all(name in "\n".join(table_lines(listed, wide=True)) for name in names)
