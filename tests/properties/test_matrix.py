"""The matrix is the relation: every cell says what ``can`` says, and its sides say who decides it."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ringfence.sets.ports import contains_key, intersect, subtract
from ringfence.verdict.answers import Verdict
from ringfence.verdict.matrix.values import ITSELF, NO_FLOW, Matrix, MatrixEnd, verdict_at
from tests.properties.clusters import NODE_PORT, scenario
from tests.properties.comparison import load
from tests.properties.test_relation import PORT_ATOMS, PROTOCOLS, addresses_in, key, text_of_row_end

pytest.importorskip("ringfence.world")

RANDOMS = st.randoms(use_true_random=False)
SLOW = settings(suppress_health_check=list(HealthCheck), max_examples=60, phases=[Phase.explicit, Phase.generate])


def asked_text(end: MatrixEnd, known: set[str]) -> str:
    """What ``can`` takes for an end; "" for addresses that all belong to objects."""
    if end.sort != "pod":
        return text_of_row_end(end.name, known)
    kind = end.kind.removesuffix(" template").lower()
    return f"{end.namespace}/{kind}/{end.name.rpartition('/')[2]}"


@SLOW
@given(RANDOMS, st.sampled_from(["workload", "pod"]))
def test_every_cell_says_what_can_says(random: Random, level: str) -> None:
    made = scenario(random)
    engine = load(made.objects, made.given)
    matrix = engine.matrix(level)
    known = addresses_in(made.objects)
    ends = range(len(matrix.ends))
    pairs = [(a, b) for a in ends for b in ends if "pod" in (matrix.ends[a].sort, matrix.ends[b].sort)]
    for a, b in random.sample(pairs, min(len(pairs), 14)):
        texts = asked_text(matrix.ends[a], known), asked_text(matrix.ends[b], known)
        if not all(texts):
            continue
        port, protocol = random.choice([*PORT_ATOMS, NODE_PORT]), random.choice(PROTOCOLS)
        cell = matrix.cell(a, b)
        expected = engine.can(*texts, port=port, protocol=protocol)
        if len({part.family for part in expected.parts}) > 1:
            # Of the two families of a pair the cell keeps the fold only.
            continue
        got = verdict_at(cell.lines, key(protocol, port))
        if cell.closed == ITSELF.closed and got is Verdict.DENIED:
            got = Verdict.ALLOWED
        lines = [line for line in cell.lines if line.reason is not None and line.reason.code == "node-port"]
        if got is Verdict.UNKNOWN and any(contains_key(line.ports, key(protocol, port)) for line in lines):
            # Lists leave to a single question what a node hands on to a Service.
            continue
        assert got == expected.verdict, (*texts, port, protocol, cell)


@SLOW
@given(RANDOMS)
def test_the_sides_of_a_cell_explain_it(random: Random) -> None:
    """What a side closes is denied, and the deciding objects are those that ``can`` names."""
    made = scenario(random)
    engine = load(made.objects, made.given)
    matrix = engine.matrix("pod")
    known = addresses_in(made.objects)
    ends = range(len(matrix.ends))
    pairs = [(a, b) for a in ends for b in ends if a != b and "pod" in (matrix.ends[a].sort, matrix.ends[b].sort)]
    for a, b in random.sample(pairs, min(len(pairs), 14)):
        cell = matrix.cell(a, b)
        if cell.closed or cell.apart:
            continue
        texts = asked_text(matrix.ends[a], known), asked_text(matrix.ends[b], known)
        for egress in (True, False):
            side = matrix.side(matrix.ends[a].unit, matrix.ends[b].unit, egress)
            if side is None or side.own_node is not False:
                continue
            for segment in side.segments:
                if segment.outcome is Verdict.DENIED:
                    for line in cell.lines:
                        opaque = line.reason is not None and line.reason.code in ("unmodelled-policy", "node-port")
                        assert opaque or not intersect(line.ports, segment.ports), (texts, segment, cell)
        named_alike(engine, matrix, a, b, texts, random)


def named_alike(engine: Any, matrix: Matrix, a: int, b: int, texts: tuple[str, str], random: Random) -> None:
    port, protocol = random.choice([port for port in PORT_ATOMS if port != NODE_PORT]), random.choice(PROTOCOLS)
    if not all(texts):
        return
    answer = engine.can(*texts, port=port, protocol=protocol)
    number = key(protocol, port)
    if answer.verdict not in (Verdict.ALLOWED, Verdict.DENIED) or len(answer.parts) > 1:
        return
    closing, allowing = [], []
    for egress in (True, False):
        side = matrix.side(matrix.ends[a].unit, matrix.ends[b].unit, egress)
        if side is not None and side.own_node is not False:
            return
        for segment in side.segments if side is not None else ():
            if intersect(segment.ports, ((number, number),)):
                if segment.outcome is Verdict.UNKNOWN:
                    return
                (allowing if segment.outcome is Verdict.ALLOWED else closing).extend(segment.decisions)
    named = allowing if answer.verdict is Verdict.ALLOWED else closing
    assert set(named) == set(answer.decided_by), (*texts, port, protocol)


@SLOW
@given(RANDOMS)
def test_the_list_and_the_matrix_are_one(random: Random) -> None:
    """What stands in a cell of two pods is what ``map`` lists of them."""
    made = scenario(random)
    engine = load(made.objects, made.given)
    matrix = engine.matrix("pod")
    names = [end.name for end in matrix.ends]
    listed: dict[tuple[str, str, Verdict], Any] = {}
    for row in engine.connections("pod").rows:
        for source in row.sources:
            for destination in row.destinations:
                place = (source, destination, row.verdict)
                listed[place] = (*listed.get(place, ()), *row.ports)
    for a, source in enumerate(names):
        for b, destination in enumerate(names):
            cell = matrix.cell(a, b)
            if a == b or cell.apart or names.count(source) > 1 or names.count(destination) > 1:
                continue
            for line in cell.lines:
                if line.reason is None or line.reason.code != "node-port":
                    assert not subtract(line.ports, tuple(sorted(listed.get((source, destination, line.verdict), ()))))


def test_no_flow_is_asked_for_where_no_pod_is() -> None:
    from tests.model.objects import node, pod, world

    matrix = world(pod("shop/web"), node("n1")).matrix()
    by_name = {end.name: number for number, end in enumerate(matrix.ends)}
    assert matrix.cell(by_name["node/n1"], by_name["node/n1"]) == NO_FLOW
    assert matrix.cell(by_name["node/n1"], by_name["shop/web"]) != NO_FLOW
