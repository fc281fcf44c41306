"""The short way for plain YAML gives what the parser gives: values, places, problems; or leaves the document to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from ringfence.model.problems import Problem
from ringfence.model.provenance import Place
from ringfence.sources import yaml_plain
from ringfence.sources.documents import Parsed
from ringfence.sources.yaml_parser import ParserReader
from ringfence.sources.yaml_plain import NotPlain, read_plain
from ringfence.sources.yaml_text import read_yaml
from tests.house.tree import ROOT
from tests.truth.location import truth_folder

KEYS = ("a", "b", "kind", "app.kubernetes.io/name", "x-y", "y", "on", "null", "A_1", "-k", "1", "'q'", "<<", "a b", "é")
SCALARS = (
    "x", "TCP", "80", "007", "0x1F", "1_000", "1.5", "1e3", "1.0", ".5", "-1", "+1", "true", "no", "n", "~", "null",
    "12:30:45", "2026-01-31", "2026-01-31T08:00:00Z", "148e979917", "10.0.0.0/8", "registry:5000/x:1.0", "--flag=x",
    "a b  c", "a: b", "a #b", "a#b", "a:", ":a", "-", "- a", "--- a", "...", ".inf", "-.INF", ".nan", "'x'", '"x"',
    "'it''s'", '"\\n"', '"a" b', "'80'", '"#"', "'a: b'", "{}", "[]", "{ }", "[a, b]", "['a', \"b\", 1, no]", "[a,]",
    "[a b]", "[a: b]", "[[a]]", "[,]", "[a", "{a: 1}", "&x y", "*x", "!t x", "|", ">-", "@x", "`x`", "%x", "?", "? x",
    "a\tb", "é", "a\\b", "{{ x }}", "$(X)", "(x)", "\x7f", "+", ".", "/", "a,b", "a]", "=", "x" * 200,
)  # fmt: skip
ENDS = ("", "", "", " ", "  ", " # c", "  # é: x", "#c", " #", "\t", "\r", "\x85", " # \u2028x")
BARE = (
    "",
    "---",
    "--- ",
    "--- # x",
    "--- x",
    "---\t",
    "----",
    "---x",
    "# c",
    "  # c: d",
    "#é",
    "...",
    "%YAML 1.1",
    " ",
    "\t",
)
USUAL = ("", "", "", "x", "TCP", "80", "true", "n", "''", '"a: b"', "a#b", "x # c", "{}", "[]", "[a, 1]", "a b:c", ".5")


@st.composite
def lines(draw: st.DrawFn) -> str:
    """One line: mostly of plain manifests, now and then of anything else."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.sampled_from(BARE))
    indent = " " * draw(st.sampled_from((0, 0, 2, 2, 2, 4, 4, 6, 1, 3)))
    dash = draw(st.sampled_from(("", "", "", "- ", "- ", "-   ", "- - ", "-")))
    key = draw(st.sampled_from(("", f"{draw(st.sampled_from(KEYS))}:", f"{draw(st.sampled_from(KEYS))}:")))
    value = draw(st.sampled_from(("", "", *SCALARS)))
    return f"{indent}{dash}{key}{' ' if key and value else ''}{value}{draw(st.sampled_from(ENDS))}"


@st.composite
def usual_lines(draw: st.DrawFn) -> list[str]:
    """Lines that are plain by themselves, and mostly nested as they should be."""
    made, indent = [], 0
    for key in draw(st.lists(st.sampled_from("abcdefgh"), max_size=9)):
        indent = max(0, indent + draw(st.sampled_from((0, 0, 0, 2, 2, -2, -2, -4, 1))))
        dash = draw(st.sampled_from(("", "", "", "- ", "-  ")))
        made.append(f"{' ' * indent}{dash}{key}: {draw(st.sampled_from(USUAL))}".rstrip())
        indent += len(dash)
    return made


texts = (st.lists(lines(), max_size=8) | usual_lines()).map("\n".join)
tidy_values = st.recursive(
    st.sampled_from(("x", 80, None, True, "y", "", "a: b", 1.5, "10.0.0.0/8")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcdefg"), inner, max_size=3),
    max_leaves=12,
)


def by_the_parser(text: str) -> tuple[list[Parsed], list[Problem]]:
    found: list[Parsed] = []
    problems: list[Problem] = []
    ParserReader("f.yaml", found, problems).read(text)
    return found, problems


def everything(parsed: Parsed) -> list[tuple[Any, str, Place]]:
    """Every path, what stands there, and where."""

    def walk(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[Any, str, Place]]:
        shown = repr(value) if not isinstance(value, (dict, list)) else f"{type(value).__name__} {list(value)!r}"
        yield path, shown, parsed.positions.place(path)
        inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for step, field in inner:
            yield from walk(field, (*path, step))

    return list(walk(parsed.value, ()))


def assert_the_same(text: str) -> None:
    found, problems = read_yaml(text, "f.yaml")
    expected, expected_problems = by_the_parser(text)
    assert problems == expected_problems
    assert [everything(one) for one in found] == [everything(one) for one in expected]


@given(texts)
@example("a:\n- x\nb: 1\n")
@example("a:\n  - b:\n    - c\n    d: 1\n  - e\n")
@example("a: 1\n---\nb: |\n  x\n---\nc: 2\n--- # x\nd: [\n---\ne: 3\n")
@example("a: 1\n  b: 2\n")
@example("a:\n\n  # x\n   b: 1\n   c:\n")
@example("a: 1\r\n---\nb: [\n")
def test_lines_of_all_kinds(text: str) -> None:
    assert_the_same(text)


@given(st.lists(st.dictionaries(st.sampled_from("abcdefg"), tidy_values, max_size=4), max_size=3), st.data())
def test_tidy_documents_with_one_line_changed(documents: list[dict[str, Any]], data: st.DataObject) -> None:

    written = yaml.safe_dump_all(
        documents, explicit_start=True, sort_keys=False, indent=data.draw(st.sampled_from((2, 3)))
    )
    assert_the_same(written)
    changed = written.split("\n")
    changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(lines())
    assert_the_same("\n".join(changed))


@pytest.mark.parametrize("folder", ["tests", "docs", "src", "truth"])
def test_every_file_that_is_at_hand(folder: str) -> None:
    root = truth_folder() if folder == "truth" else ROOT / folder
    if not root.is_dir():
        pytest.skip("the truth data is not here")
    files = [path for path in root.rglob("*.y*ml") if path.is_file()]
    assert files or folder in ("docs", "src")
    for path in files:
        text = path.read_text("utf-8", "replace")
        if text.strip():
            assert_the_same(text)


PLAIN = """\
# what kubectl and people write
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: db   # the database
  labels: {}
spec:
  podSelector:
    matchLabels:
      app.kubernetes.io/name: "db"
  policyTypes: [Ingress, "Egress"]
  ingress:
  - from:
    - podSelector: {}
    ports:
      - port: 5432
        protocol: TCP
"""


def test_what_people_write_is_plain() -> None:
    value, start, marks = read_plain(PLAIN, 0)
    assert (start >> 16, len(marks)) == (1, 14)
    assert value["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert_the_same(PLAIN)


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\na: 2\n",
        "a: &x 1\n",
        "a: |\n  b\n",
        "a: b\n  c\n",
        "a: .inf\n",
        "a: x\x85\n",
        "a:\tb\n",
        "- a\n",
        "a:\n  b\n",
        "a: [b\n",
    ],
)
def test_the_rest_is_left_to_the_parser(text: str) -> None:
    with pytest.raises(NotPlain):
        read_plain(text, 0)


def test_equal_lines_are_values_of_their_own() -> None:
    found, _ = read_yaml("a: {}\n---\na: {}\nb:\n- {}\n- {}\n", "f.yaml")
    values = [found[0].value["a"], found[1].value["a"], *found[1].value["b"]]
    assert len({id(value) for value in values}) == 4


def test_what_is_kept_of_lines_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_plain, "_MOST", 10)
    text = "".join(f"k{number}: {number}\n" for number in range(100))
    assert read_plain(text, 0)[0] == {f"k{number}": number for number in range(100)}
    assert len(yaml_plain._LINES) <= 10


def test_a_text_of_odd_documents_is_read_in_one_go(tmp_path: Path) -> None:
    text = "---\n".join(f"a: |\n  {number}\n" for number in range(20))
    assert_the_same(text)
    assert [parsed.value for parsed in read_yaml(text, "f")[0]] == [{"a": f"{number}\n"} for number in range(20)]
