"""YAML texts: data, places, and one problem for each thing that is wrong."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from ringfence.model.problems import Problem, Severity
from ringfence.model.provenance import Place
from ringfence.sources.yaml_text import read_yaml


def values(text: str) -> list[Any]:
    found, problems = read_yaml(text, "f.yaml")
    assert problems == []
    return [parsed.value for parsed in found]


def only_problem(text: str) -> Problem:
    _, problems = read_yaml(text, "f.yaml")
    assert len(problems) == 1
    return problems[0]


@pytest.fixture(params=["libyaml", "pure"], autouse=True)
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """PyYAML may have been built without libyaml: everything here holds for both of its parsers."""
    if request.param == "pure":
        monkeypatch.setattr(yaml, "__with_libyaml__", False)


@pytest.mark.parametrize(
    "text, value",
    [
        ("a: 1\nb: [x, {c: d}]\n", {"a": 1, "b": ["x", {"c": "d"}]}),
        ("- a\n-\n- 'no'\n- no\n", ["a", None, "no", False]),
        (
            "1: a\ntrue: b\n1.5: c\nno: d\n2026-01-31: e\n",
            {"1": "a", "true": "b", "1.5": "c", "false": "d", "2026-01-31": "e"},
        ),
        ("a: !!str 5\nb: !!int '5'\nc: ! 5\n", {"a": "5", "b": 5, "c": 5}),
        ("a: |\n  x\n  y\nb: >-\n  x\n  y\n", {"a": "x\ny\n", "b": "x y"}),
        ("a: 1\r\nb: 2\r\n", {"a": 1, "b": 2}),
        ("a: 1\n...\n", {"a": 1}),
        ("%YAML 1.1\n---\na: 1\n", {"a": 1}),
        ('a: "\\u00e9\\x41\\U0001F600"\n', {"a": "éA😀"}),
        ("a: &x {b: 1}\nc: *x\nd: *x\n", {"a": {"b": 1}, "c": {"b": 1}, "d": {"b": 1}}),
        ("&k a: 1\nb: *k\n", {"a": 1, "b": "a"}),
    ],
)
def test_one_document(text: str, value: Any) -> None:
    assert values(text) == [value]


@pytest.mark.parametrize(
    "text, value",
    [
        ("x: &x {a: 1, b: 2}\nm: {<<: *x, b: 3}\n", {"a": 1, "b": 3}),
        ("x: &x {a: 1}\nz: &z {a: 2, c: 2}\nm: {<<: [*x, *z]}\n", {"a": 1, "c": 2}),
        ("m: {<<: {a: 1}}\n", {"a": 1}),
        ("m: {'<<': 1}\n", {"<<": 1}),
        ("m: {!!merge '<<': {a: 1}}\n", {"a": 1}),
    ],
)
def test_merge_keys(text: str, value: Any) -> None:
    assert values(text)[0]["m"] == value


def test_a_merge_below_a_field_replaces_it_as_in_kubernetes_and_says_so() -> None:
    found, problems = read_yaml("x: &x {a: 1}\nm:\n  a: 2\n  <<: *x\n", "f.yaml")
    assert found[0].value["m"] == {"a": 1}
    assert [problem.code for problem in problems] == ["merge-replaces"]


def test_documents_without_content_are_nothing() -> None:
    assert values("---\n---\n# only a comment\n---\nnull\n---\na: 1\n---\n") == [{"a": 1}]


def test_places_are_those_of_keys_and_items() -> None:
    text = (
        "# comment\n---\nmeta:\n  name: x\nspec:\n  rules:\n    - ports:\n      - 1\n      -   2\n    - {}\n---\na: 1\n"
    )
    found, _ = read_yaml(text, "f.yaml")
    place = found[0].positions.place
    assert place() == Place("f.yaml", 3, 1)
    assert place(("meta", "name")) == Place("f.yaml", 4, 3)
    assert place(("spec", "rules", 0)) == Place("f.yaml", 7, 7)
    assert place(("spec", "rules", 0, "ports", 1)) == Place("f.yaml", 9, 11)
    assert place(("spec", "rules", 1)) == Place("f.yaml", 10, 7)
    assert found[1].positions.place(("a",)) == Place("f.yaml", 12, 1)


@pytest.mark.parametrize("path", [("spec", "nope"), ("spec", "nope", 3, "x"), ("spec", 0), ("spec", "rules", 7)])
def test_the_place_of_what_is_not_there_is_its_nearest_parents(path: tuple[str | int, ...]) -> None:
    found, _ = read_yaml("a: 1\nspec:\n  b: 2\n  rules: []\n", "f.yaml")
    assert found[0].positions.place(path).line == (4 if path[:2] == ("spec", "rules") else 2)


def test_places_in_a_part_and_behind_aliases_and_merges() -> None:
    found, _ = read_yaml("x: &x\n  a: 1\nw: *x\nz:\n  <<: *x\n  b: 2\nitems:\n- c: 3\n", "f.yaml")
    positions = found[0].positions
    assert positions.place(("w", "a")).line == 2
    assert positions.place(("z", "a")).line == 2
    assert positions.place(("z", "b")).line == 6
    part = positions.below(("items", 0))
    assert part.place() == Place("f.yaml", 8, 3)
    assert part.place(("c",)) == Place("f.yaml", 8, 3)


def test_places_in_a_mapping_of_many_keys() -> None:
    found, _ = read_yaml("".join(f"k{number}: 1\n" for number in range(100)), "f.yaml")
    assert all(found[0].positions.place((f"k{number}",)).line == number + 1 for number in range(100))


def test_a_repeated_key_is_reported_with_both_places_and_the_last_counts() -> None:
    found, problems = read_yaml("a: hunter1\nb: 1\na: hunter2\n", "f.yaml")
    assert found[0].value == {"a": "hunter2", "b": 1}
    assert found[0].positions.place(("a",)).line == 3
    assert found[0].positions.place(("b",)).line == 2
    problem = problems[0]
    assert (problem.code, problem.place, problem.partial) == ("duplicate-key", Place("f.yaml", 3, 1), False)
    assert "line 1" in problem.message
    assert "hunter" not in str(problem)


@pytest.mark.parametrize("key", ["1: a\n'1': b\n", "yes: a\ntrue: b\n"])
def test_keys_that_become_the_same_text_are_repeated(key: str) -> None:
    assert only_problem(key).code == "duplicate-key"


BROKEN = {
    "a: [1,\n": (2, "close"),
    "a: {b: 1\n": (2, "close"),
    "a: b: c\n": (1, "colon"),
    "a: 1\n  b: 2\n": (2, "colon"),
    "a:\n\t- b\n": (2, "tab"),
    'a: "x\n': (1, "quotes"),
    "a: 1\nb\nc: 2\n": (2, "colon"),
    "- a\nb: 1\n": (2, "list"),
    " a: 1\nb: 2\n": (2, "---"),
    "a: @x\n": (1, "quotes"),
    'a: "\\q"\n': (1, "backslash"),
    "a: b\x01\n": (1, "control"),
    "a: {{ .Values.x }}\n": (1, "template"),
    "{{- if x }}\na: 1\n": (1, "template"),
    "a: *missing\n": (1, "anchor"),
    "a: &a [*a]\n": (1, "itself|part of"),
    "? [a]\n: b\n": (1, "key"),
    "~: b\n": (1, "key"),
    "a: .inf\n": (1, "number"),
    "a: !!int x\n": (1, "tag"),
    "<<: 5\n": (1, "mapping"),
    "a: " + "[" * 300 + "]" * 300: (1, "nesting"),
    "- " * 300 + "a\n": (1, "nesting"),
}


@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_document_is_one_problem_and_costs_only_itself(text: str) -> None:
    """In the middle of a file: what stands before and after it is read, with the right places."""
    line, words = BROKEN[text]
    found, problems = read_yaml(f"first: 1\n---\n{text}\n---\nlast: 1\n", "f.yaml")
    assert [parsed.value for parsed in found] == [{"first": 1}, {"last": 1}]
    assert found[1].positions.place().line == f"first: 1\n---\n{text}\n---\n".count("\n") + 1
    assert len(problems) == 1
    problem = problems[0]
    assert (problem.severity, problem.partial) == (Severity.ERROR, True)
    assert abs(problem.place.line - 2 - line) <= 1
    assert problem.place.column > 0
    assert any(word in f"{problem.message} {problem.hint}" for word in words.split("|"))


@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_document_alone(text: str) -> None:
    found, problems = read_yaml(text, "f.yaml")
    assert found == []
    assert len(problems) == 1
    assert problems[0].partial


def test_an_alias_bomb_is_refused() -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    for number in range(1, 9):
        alias = f"*{chr(96 + number)}, " * 10
        lines.append(f"{chr(97 + number)}: &{chr(97 + number)} [{alias}]")
    problem = only_problem("\n".join(lines))
    assert (problem.code, problem.partial) == ("alias-bomb", True)


def test_a_merge_bomb_is_refused() -> None:
    lines = [
        "a: &a {x: {y: {z: 1}}}",
        *(
            f"m{number}: &m{number} {{p: *{source}, q: *{source}, <<: *{source}}}"
            for number, source in enumerate(["a", *(f"m{index}" for index in range(30))])
        ),
    ]
    assert only_problem("\n".join(lines)).code == "alias-bomb"


@pytest.mark.parametrize(
    "secret",
    [
        "*hunter2",
        "!hunter2 x",
        "!!hunter2 x",
        "!h!hunter2 x",
        "[hunter2",
        '"hunter2',
        "@hunter2",
        "%hunter2",
        '"\\hunter2"',
        "&hunter2 [*hunter2]",
        "hunter2: x",
        "!!int hunter2",
        "\thunter2\x02",
        "{hunter2: 1, hunter2",
    ],
)
def test_no_problem_repeats_what_may_be_a_secret(secret: str) -> None:
    _, problems = read_yaml(f"kind: Secret\nstringData:\n  password: {secret}\n", "f.yaml")
    assert problems
    assert "hunter2" not in "".join(map(str, problems))


def test_names_of_keys_are_safe_to_print() -> None:
    problem = only_problem('"\\e[31mred": 1\n"\\e[31mred": 2\n')
    assert problem.message.isprintable()
    assert len(only_problem(f"{'k' * 500}: 1\n{'k' * 500}: 2\n").message) < 300


def test_an_unknown_tag_is_reported_and_its_value_read() -> None:
    found, problems = read_yaml("a: !vault x\nb: !Ref [1]\n", "f.yaml")
    assert found[0].value == {"a": "x", "b": [1]}
    assert [(problem.code, problem.place.line, problem.partial) for problem in problems] == [
        ("yaml-tag", 1, False),
        ("yaml-tag", 2, False),
    ]
