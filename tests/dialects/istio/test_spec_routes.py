"""The examples of the room's spec-routes.md, run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import ringfence
import ringfence.dialects.istio
from ringfence.world import World
from tests.dialects.istio.test_spec import BLOCK, clauses, documents

SPEC = Path(ringfence.dialects.istio.__file__).parent / "spec-routes.md"
VERDICT = re.compile(r"(\S+) -> (\S+) (\d+)(?: (\S+) (/\S*)(?: (\S+))?)?: (\w+)(?: over (.+))?")
LEAST = 23


def examples() -> list[Any]:
    text = SPEC.read_text(encoding="utf-8")
    world = tuple(one for _, is_world, body in BLOCK.findall(text) if is_world for one in documents(body))
    found = []
    for title, body in clauses(text):
        blocks = [(kind, inside) for kind, is_world, inside in BLOCK.findall(body) if not is_world]
        for (kind, manifests), (other, answers) in zip(blocks[::2], blocks[1::2], strict=True):
            assert (kind, other) == ("yaml", "answers"), title
            objects = world + documents(manifests)
            found.append(pytest.param(objects, answers.splitlines(), id=title.split(".")[0]))
    return found


def told(world: World) -> list[str]:
    """The ways of routes and the routes that lead nowhere, as the clauses write them."""
    ways = world.ways_in()
    lines = [
        f"way {way.destination}: {', '.join((way.verdict.value, *way.requests))}"
        for way in ways.ways
        if way.openings[0].how == "route"
    ]
    return sorted(lines) + sorted(f"dead: {one.code}" for one in ways.dead_ends)


def test_every_clause_has_examples() -> None:
    assert len(examples()) >= LEAST


@pytest.mark.parametrize(("objects", "answers"), examples())
def test_example(objects: tuple[dict[str, Any], ...], answers: list[str]) -> None:
    world = ringfence.load_objects(objects, assume_no_labels=True)
    asked = [line for line in answers if " -> " in line]
    for line in asked:
        found = VERDICT.fullmatch(line)
        assert found, line
        source, destination, port, method, path, host, verdict, over = found.groups()
        request = ringfence.request(method, path, host) if method else None
        answer = world.can(source, destination, int(port), request=request)
        assert answer.verdict.value == verdict, line
        if over:
            assert answer.layered is not None
            hops = [f"{hop.port.partition('/')[0]} {hop.encryption}" for hop in answer.layered.hops]
            assert ", ".join(hops) == over, line
    if len(asked) < len(answers):
        assert told(world) == answers
