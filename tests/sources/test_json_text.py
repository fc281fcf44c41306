"""JSON texts: data, places found when asked for, and one problem for each thing that is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from ringfence.model.provenance import Place
from ringfence.sources.json_text import read_json


def values(text: str) -> list[Any]:
    found, problems = read_json(text, "f.json")
    assert problems == []
    return [parsed.value for parsed in found]


@pytest.mark.parametrize(
    "text, expected",
    [
        ('{"a": [1, 2.5, "x", null, true]}', [{"a": [1, 2.5, "x", None, True]}]),
        ('{"a": 1}\n{"a": 2}\n', [{"a": 1}, {"a": 2}]),
        ('{"a": 1}{"a": 2}', [{"a": 1}, {"a": 2}]),
        ('{"a": 1}\n---\n{"a": 2}\n', [{"a": 1}, {"a": 2}]),
        ('{"a": 80.0, "b": 1e3}', [{"a": 80, "b": 1000}]),
        ('{"a": 123456789012345678901234567890}', [{"a": 123456789012345678901234567890}]),
        (r'{"a": "\ud83d\ude00 \ud800 \\ud800"}', [{"a": "😀 \ufffd \\ud800"}]),
        ("null", []),
    ],
)
def test_documents(text: str, expected: list[Any]) -> None:
    assert values(text) == expected


def test_a_number_without_a_fraction_is_an_integer() -> None:
    assert type(values('{"a": 80.0}')[0]["a"]) is int


TEXT = """{
  "kind": "List",
  "items": [
    {"metadata": {"name": "a", "é": 1}, "spec": {"ports": [1, {"port": 2}]}},
    {
      "metadata": {"name": "items"},
      "items": [
        {"x": 1}
      ]
    }
  ]
}
{"second": [1]}
"""


@pytest.mark.parametrize(
    "path, line, column",
    [
        ((), 1, 1),
        (("kind",), 2, 3),
        (("items", 0), 4, 5),
        (("items", 0, "metadata", "é"), 4, 32),
        (("items", 0, "spec", "ports", 1, "port"), 4, 64),
        (("items", 0, "spec", "nope", "x"), 4, 41),
        (("items", 1, "metadata", "name"), 6, 20),
        (("items", 7, "x"), 3, 3),
        (("nope",), 1, 1),
    ],
)
def test_places(path: tuple[str | int, ...], line: int, column: int) -> None:
    found, _ = read_json(TEXT, "f.json")
    positions = found[0].positions
    assert positions.place(path) == Place("f.json", line, column)
    if path[:1] == ("items",) and path[1] != 7:
        part = positions.below(path[:2])
        assert part.place(path[2:]) == Place("f.json", line, column)
        assert positions.below(path[:2]).place(()) == positions.place(path[:2])


def test_places_in_lists_in_lists_and_in_later_documents() -> None:
    found, _ = read_json(TEXT, "f.json")
    assert found[0].positions.below(("items", 1)).below(("items", 0)).place(("x",)) == Place("f.json", 8, 10)
    assert found[1].positions.place(("second",)) == Place("f.json", 13, 2)


def test_repeated_keys_are_reported_with_both_places_and_the_last_counts() -> None:
    text = '{"a": {"x": "{\\"x\\":1}", "y": [{"x": 1}],\n "x": "hunter2"}, "b": {"x": 1}}'
    found, problems = read_json(text, "f.json")
    assert found[0].value["a"]["x"] == "hunter2"
    assert [(problem.code, problem.place) for problem in problems] == [("duplicate-key", Place("f.json", 2, 2))]
    assert "line 1 column 8" in problems[0].message
    assert "hunter2" not in str(problems[0])


BROKEN = [
    ('{"a": 1', 1, "cut off"),
    ('{"a": 1,}', 1, "comma"),
    ('{"a" 1}', 1, "colon"),
    ('{"a": 1 "b": 2}', 1, "comma"),
    ('{"a": "x\n"}', 1, "line"),
    ('{"a": NaN}', 1, "NaN"),
    ('{"a": ["NaN", -Infinity]}', 1, "Infinity"),
    ('{"a": 1e999}', 1, "too big"),
    ('{"a": ' + "1" * 5000 + "}", 1, "digits"),
    ('{"a": ' * 300 + "1" + "}" * 300, 1, "nesting"),
    ('{"a": ' * 100_000, 1, "nesting"),
    ('{\n"a": 1\n]', 3, "comma"),
    ("nonsense", 1, "value"),
]


@pytest.mark.parametrize("text, line, words", BROKEN)
def test_a_broken_document_is_one_problem_and_costs_only_itself(text: str, line: int, words: str) -> None:
    found, problems = read_json(f'{{"first": 1}}\n{text}\n{{"last": 1}}\n', "f.json")
    assert [parsed.value for parsed in found] == [{"first": 1}, {"last": 1}]
    assert found[1].positions.place() == Place("f.json", text.count("\n") + 3, 1)
    assert [(problem.partial, problem.place.line) for problem in problems] == [(True, line + 1 + (words == "cut off"))]
    if words != "cut off":
        assert words in f"{problems[0].message} {problems[0].hint}"


@pytest.mark.parametrize("text, line, words", BROKEN)
def test_a_broken_document_alone(text: str, line: int, words: str) -> None:
    found, problems = read_json(text, "f.json")
    assert found == []
    assert len(problems) == 1
    assert problems[0].place.line == line
    assert words in f"{problems[0].message} {problems[0].hint}"


def test_places_do_not_depend_on_what_was_asked_before() -> None:
    found, _ = read_json('{"a": [{"x": 1},\n {"x": 2}]}\n{"a": [{"x": 3},\n\n {"x": 4}]}', "f.json")
    lines = [(0, 0, 1), (1, 1, 5), (0, 1, 2), (1, 0, 3), (0, 1, 2)]
    for document, item, line in lines:
        assert found[document].positions.place(("a", item, "x")).line == line
