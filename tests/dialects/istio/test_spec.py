"""The examples of the room's spec.md, run. Their answers have a form of their own: most are no verdicts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import yaml

import ringfence
import ringfence.dialects.istio
from ringfence.dialects.istio.mesh import IstioMesh
from ringfence.model.cluster import Pod, Service
from ringfence.model.mesh import Option
from ringfence.world import World

SPEC = Path(ringfence.dialects.istio.__file__).parent / "spec.md"
EDGES = SPEC.with_name("spec-edges.md")
"""Asked in the same world."""
BLOCK = re.compile(r"^```(\S+)( world)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINE = re.compile(
    r"(?P<what>member|identity|takes|server|client|waypoint) (?P<source>\S+)( -> (?P<destination>\S+))?"
    r"( (?P<port>\d+))?( via (?P<service>\S+))?"
)
VERDICT = re.compile(r"(?P<source>\S+) -> (?P<destination>\S+) TCP (?P<port>\d+)( (?P<what>encryption|notes))?")
LEAST_CLAUSES = 26


@dataclass(frozen=True)
class Example:
    clause: str
    objects: tuple[dict[str, Any], ...]
    lines: tuple[str, ...]


class Asked:
    def __init__(self, objects: tuple[dict[str, Any], ...]) -> None:
        self.world: World = ringfence.load_objects(objects)

    @cached_property
    def mesh(self) -> IstioMesh:
        mesh = IstioMesh.of(self.world.cluster)
        assert mesh is not None
        return mesh

    def pod(self, name: str) -> Pod:
        return next(one for one in self.world.cluster.pods if f"{one.namespace}/{one.name}" == name)

    def service(self, name: str | None) -> Service | None:
        if name is None:
            return None
        return next(one for one in self.world.cluster.services if f"{one.namespace}/{one.name}" == name)

    def answer(self, question: str) -> str:
        asked = VERDICT.fullmatch(question)
        if asked:
            answer = self.world.can(asked["source"], asked["destination"], int(asked["port"]))
            assert answer.layered is not None
            if asked["what"] == "notes":
                return str(len(answer.layered.notes))
            return answer.layered.encryption if asked["what"] else str(answer.verdict)
        asked = LINE.fullmatch(question)
        assert asked, question
        pod, port = self.pod(asked["source"]), int(asked["port"] or 0)
        other = self.pod(asked["destination"]) if asked["destination"] else pod
        service = self.service(asked["service"])
        options: tuple[Option[Any], ...]
        if asked["what"] == "member":
            options = self.mesh.membership(pod)
            words = [option.value.proxy.value for option in options]
        elif asked["what"] == "identity":
            options = ()
            words = [getattr(self.mesh.identity(pod), "text", "none")]
        elif asked["what"] == "takes":
            options = self.mesh.membership(pod)
            taken = (any(first <= port <= last for first, last in option.value.inbound) for option in options)
            words = ["yes" if one else "no" for one in taken]
        elif asked["what"] == "server":
            options = self.mesh.server(pod, port)
            words = [f"{option.value.acceptance.value}, {option.value.speech.value}" for option in options]
        elif asked["what"] == "client":
            options = self.mesh.client(pod, other, port, service)
            words = [option.value.sending.value for option in options]
        else:
            options = self.mesh.waypoint(pod, other, service)
            ways = [option.value for option in options]
            words = ["none" if way is None or not way.pods else f"{way.namespace}/{way.name}" for way in ways]
        assert len(options) < 2 or all(option.fact and option.decide for option in options), question
        return " | ".join(sorted(set(words)))


def clauses(text: str) -> list[tuple[str, str]]:
    parts = re.split(r"^### (.*)$", text, flags=re.MULTILINE)
    return list(zip(parts[1::2], parts[2::2], strict=True))


def documents(text: str) -> tuple[dict[str, Any], ...]:
    return tuple(document for document in yaml.safe_load_all(text) if document)


def examples() -> Iterator[Any]:
    text = SPEC.read_text(encoding="utf-8")
    world = tuple(one for kind, is_world, body in BLOCK.findall(text) if is_world for one in documents(body))
    edges = EDGES.read_text(encoding="utf-8")
    for title, body in (*clauses(text), *((f"edges-{title}", body) for title, body in clauses(edges))):
        blocks = [(kind, inside) for kind, is_world, inside in BLOCK.findall(body) if not is_world]
        for (kind, manifests), (other, answers) in zip(blocks[::2], blocks[1::2], strict=True):
            assert (kind, other) == ("yaml", "answers"), title
            example = Example(title, world + documents(manifests), tuple(answers.splitlines()))
            yield pytest.param(example, id=title.split(".")[0])


@pytest.mark.parametrize("example", list(examples()))
def test_example(example: Example) -> None:
    asked = Asked(example.objects)
    expected = sorted(line.removeprefix("problem: ") for line in example.lines if line.startswith("problem: "))
    assert sorted(problem.code for problem in asked.world.problems) == expected
    lines = [line for line in example.lines if not line.startswith("problem: ")]
    assert lines
    assert [f"{head}: {asked.answer(head)}" for head, _, _ in (line.partition(": ") for line in lines)] == lines


@pytest.mark.parametrize(("spec", "least"), [(SPEC, LEAST_CLAUSES), (EDGES, 2)])
def test_every_clause_names_its_source_and_has_an_example(spec: Path, least: int) -> None:
    found = clauses(spec.read_text(encoding="utf-8"))
    assert len(found) >= least
    assert [title.split(".")[0] for title, _ in found] == [str(number + 1) for number in range(len(found))]
    for title, body in found:
        assert "\nSource: " in body, title
        assert "```answers" in body, title
