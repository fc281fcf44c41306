"""The examples of every spec.md, run: objects in, verdicts out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

import ringfence.dialects
from ringfence.loading import load_objects

ROOMS = Path(ringfence.dialects.__file__).parent
SPECS = sorted(spec for spec in ROOMS.glob("*/spec.md") if spec.parent.name != "istio")
"""That of Istio asks other questions: tests/dialects/istio."""
BLOCK = re.compile(r"^```(\S+)( world)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
QUESTION = re.compile(
    r"(?P<source>\S+) -> (?P<destination>\S+)( (?P<protocol>TCP|UDP|SCTP) (?P<port>\S+))?"
    r": (?P<verdict>\w+)( (?P<reason>\S+))?"
)
LEAST_CLAUSES = {"networkpolicy": 40, "clusternetworkpolicy": 25, "adminnetworkpolicy": 12}


@dataclass(frozen=True)
class Example:
    clause: str
    objects: tuple[dict[str, Any], ...]
    lines: tuple[str, ...]


def clauses(text: str) -> list[tuple[str, str]]:
    parts = re.split(r"^### (.*)$", text, flags=re.MULTILINE)
    return list(zip(parts[1::2], parts[2::2], strict=True))


def documents(text: str) -> tuple[dict[str, Any], ...]:
    return tuple(document for document in yaml.safe_load_all(text) if document)


def examples(spec: Path) -> Iterator[Example]:
    text = spec.read_text(encoding="utf-8")
    world = tuple(one for kind, is_world, body in BLOCK.findall(text) if is_world for one in documents(body))
    for title, body in clauses(text):
        blocks = [(kind, inside) for kind, is_world, inside in BLOCK.findall(body) if not is_world]
        for (kind, manifests), (other, verdicts) in zip(blocks[::2], blocks[1::2], strict=True):
            assert (kind, other) == ("yaml", "verdicts"), f"{spec}: {title}"
            yield Example(title, world + documents(manifests), tuple(verdicts.splitlines()))


def all_examples() -> list[Any]:
    found = []
    for spec in SPECS:
        counted: dict[str, int] = {}
        for example in examples(spec):
            number = example.clause.split(".")[0]
            counted[number] = counted.get(number, 0) + 1
            found.append(pytest.param(example, id=f"{spec.parent.name}-{number}-{counted[number]}"))
    return found


@pytest.mark.parametrize("example", all_examples())
def test_example(example: Example) -> None:
    profile = next(
        (line.removeprefix("profile: ") for line in example.lines if line.startswith("profile: ")), "generic"
    )
    expected = sorted(line.removeprefix("problem: ") for line in example.lines if line.startswith("problem: "))
    world = load_objects(example.objects, cni=profile)
    assert sorted(problem.code for problem in world.problems) == expected
    questions = [line for line in example.lines if not line.startswith(("profile: ", "problem: "))]
    assert questions
    got = []
    for line in questions:
        asked = QUESTION.fullmatch(line)
        assert asked, line
        port = asked["port"]
        number = int(port) if port and port.isdigit() else port
        answer = world.can(asked["source"], asked["destination"], number, asked["protocol"])
        head = line.rpartition(": ")[0]
        got.append(f"{head}: {answer.verdict}" + (f" {answer.reason.code}" if asked["reason"] else ""))
    assert got == questions


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.parent.name)
def test_every_clause_names_its_source_and_has_an_example(spec: Path) -> None:
    found = clauses(spec.read_text(encoding="utf-8"))
    assert len(found) >= LEAST_CLAUSES[spec.parent.name]
    assert [title.split(".")[0] for title, _ in found] == [str(number + 1) for number in range(len(found))]
    for title, body in found:
        assert "\nSource: " in body, title
        assert "```verdicts" in body, title
