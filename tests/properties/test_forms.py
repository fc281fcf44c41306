"""However the relation is kept, the answers are the same: as masks, as spans, by zone, as a matrix."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bench import shapes
from bench.clusters import Size
from ringfence.layers.network.columns import columns_of
from ringfence.layers.network.form import USUAL, Form
from ringfence.layers.network.relation import Relation
from ringfence.layers.profiles import find
from ringfence.model.cluster import Cluster
from ringfence.model.policy import Direction
from ringfence.sources.changes import Given
from ringfence.verdict.count import Count
from ringfence.verdict.turned import Turned, transposed
from ringfence.world import World
from tests.properties.clusters import scenario
from tests.properties.comparison import load

RANDOMS = st.randoms(use_true_random=False)
SLOW = settings(suppress_health_check=list(HealthCheck), max_examples=60, phases=[Phase.explicit, Phase.generate])
MASKS = Form(near_namespaces=0, near_columns=0, near_ends=0, indexed_namespaces=0, shared_selections=0)
SPANS = Form(near_namespaces=10**6, near_columns=10**6, near_ends=10**6)
LOOSE = Form(near_namespaces=0, near_columns=0, near_ends=0, shared_bases=0, sparse=0)
MATRIX = Form(near_namespaces=0, near_columns=0, near_ends=0, shared_bases=0, sparse=10**9)
MIXED = Form(near_namespaces=1, near_ends=2, shared_bases=2, zones=2, sparse=10**9)
FORMS = {"masks": MASKS, "spans": SPANS, "loose": LOOSE, "matrix": MATRIX, "mixed": MIXED}


def world_of(cluster: Cluster, profile: Any, form: Form) -> World:
    return World(cluster, profile, Given(None), Relation(cluster, profile, form=form))


def found(world: World) -> tuple[Any, ...]:
    """Everything that is said of all pairs at once."""
    return world.fingerprint(), world.count(), world.connections("pod").rows


def slow_count(world: World) -> int:
    """Every destination by itself."""
    count = Count(world.grid)
    return sum(count._one_by_one(column) for column in range(world.relation.universe.pods))


@SLOW
@given(RANDOMS)
def test_every_form_says_the_same_of_all_pairs(random: Random) -> None:
    made = scenario(random)
    loaded = load(made.objects, made.given)
    usual = world_of(loaded.cluster, loaded.profile, USUAL)
    expected = found(usual)
    assert slow_count(usual) == expected[1]
    for form in FORMS.values():
        other = world_of(usual.cluster, usual.profile, form)
        assert found(other) == expected
        assert slow_count(other) == expected[1]


@SLOW
@given(RANDOMS)
def test_every_form_runs_programs_of_the_same_outcome(random: Random) -> None:
    made = scenario(random)
    loaded = load(made.objects, made.given).relation
    usual = Relation(loaded.cluster, loaded.profile, loaded.universe)
    others = [Relation(usual.cluster, usual.profile, usual.universe, form) for form in FORMS.values()]
    for direction in Direction:
        for subject in range(usual.universe.pods):
            expected = usual.row(subject, direction)
            for other in others:
                row = other.row(subject, direction)
                assert row.key == expected.key
                for column in range(len(usual.universe.ends)):
                    first = usual.programs.plain(expected.program(column))
                    second = other.programs.plain(row.program(column))
                    assert (first is None) == (second is None)
                    if first is not None and second is not None:
                        assert [tuple(map(usual.ports.intervals, first))] == [tuple(map(other.ports.intervals, second))]


@SLOW
@given(RANDOMS)
def test_egress_turned_over_is_what_the_rows_say(random: Random) -> None:
    made = scenario(random)
    usual = load(made.objects, made.given).relation
    for form in (USUAL, *FORMS.values()):
        relation = Relation(usual.cluster, usual.profile, usual.universe, form)
        turned = Turned(relation)
        for destination in range(len(relation.universe.ends)):
            seen: dict[int, int] = {}
            for program, sources in turned.egress(destination).items():
                for source in columns_of(sources):
                    assert source not in seen, "a source runs one program"
                    seen[source] = program
            rows = range(relation.universe.pods)
            assert seen == {source: relation.program(source, destination, Direction.EGRESS) for source in rows}


LAYERED, UNORDERED = Size("t", 600, 12, 120), Size("t", 150, 12, 150)
SHAPES = [("company", LAYERED), ("tiered", LAYERED), ("adversarial", UNORDERED)]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("shape, size", SHAPES, ids=[name for name, _ in SHAPES])
def test_every_form_says_the_same_of_the_measured_shapes(shape: str, size: Size, form: str) -> None:
    cluster = shapes.cluster_of(*shapes.SHAPES[shape](size))
    usual, other = (world_of(cluster, find("generic"), one) for one in (USUAL, FORMS[form]))
    assert found(other) == found(usual)
    assert slow_count(usual) == usual.count() > 0


def test_the_measured_shapes_take_every_way() -> None:
    """The forms are worth comparing only if they differ."""
    cluster = shapes.cluster_of(*shapes.adversarial(UNORDERED))
    profile = find("generic")
    assert Turned(Relation(cluster, profile, form=MATRIX)).layers
    assert Turned(Relation(cluster, profile, form=LOOSE)).loose
    assert Turned(Relation(cluster, profile, form=SPANS)).exceptions
    tiers = Relation(shapes.cluster_of(*shapes.tiered(LAYERED)), profile)
    assert len(Turned(tiers).zones) > 10
    assert any(tiers.row(column, Direction.INGRESS).overrides for column in range(tiers.universe.pods))


@given(st.dictionaries(st.integers(0, 700), st.integers(0, 2**40 - 1), max_size=40))
def test_a_matrix_is_turned_over(lines: dict[int, int]) -> None:
    turned = transposed(lines, 40)
    assert len(turned) == 40
    for column, mask in enumerate(turned):
        assert set(columns_of(mask)) == {line for line, bits in lines.items() if bits >> column & 1}
