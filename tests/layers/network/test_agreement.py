"""The fast paths agree with the one place that says what matches what: over random clusters, column by column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from random import Random

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ringfence.layers.network.columns import MatchMap, columns_of
from ringfence.layers.network.facts import ALWAYS, OWN_ADDRESS, Condition, Literal, Variable
from ringfence.layers.network.policies import PEER_ROLE, SUBJECT_ROLE, CompiledPolicy
from ringfence.layers.network.programs import outcome
from ringfence.layers.network.relation import Relation
from ringfence.layers.network.single import program_for
from ringfence.model.policy import Direction, Rule
from tests.properties.clusters import scenario
from tests.properties.comparison import load

RANDOMS = st.randoms(use_true_random=False)
# Without shrinking: a random cluster that differs is reduced by the long run of the oracle.
SLOW = settings(suppress_health_check=list(HealthCheck), max_examples=40, phases=[Phase.explicit, Phase.generate])


def relation_of(random: Random) -> Relation:
    made = scenario(random)
    relation: Relation = load(made.objects, made.given).relation
    return relation


def governed(relation: Relation) -> Iterator[tuple[CompiledPolicy, Direction]]:
    for compiled in relation.active():
        for direction in Direction:
            if compiled.governs(direction):
                yield compiled, direction


def rules(relation: Relation) -> Iterator[tuple[CompiledPolicy, Direction, Rule]]:
    for compiled, direction in governed(relation):
        for rule in compiled.policy.rules(direction) or ():
            yield compiled, direction, rule


def plain(condition: Condition) -> Condition:
    """Columns let nodes whose addresses are in the same blocks share one condition: whose they are is left out."""
    return frozenset(
        Literal(Variable("address", one.variable.role, OWN_ADDRESS, ()), one.within)
        if one.variable.name == OWN_ADDRESS
        else one
        for one in condition
    )


def at(matches: MatchMap, column: int) -> set[Condition]:
    return {plain(condition) for condition, mask in matches.items() if mask >> column & 1}


@SLOW
@given(RANDOMS)
def test_selections_agree_with_conditions(random: Random) -> None:
    relation = relation_of(random)
    for compiled, direction in governed(relation):
        role, subject = SUBJECT_ROLE[direction], compiled.policy.subject
        found = relation.columns.selection(subject, role, compiled.admin)
        for column, end in enumerate(relation.universe.ends):
            expected = relation.conditions.selects(subject, end, role, compiled.admin)
            assert at(found, column) == (set() if expected is None else {expected})


@SLOW
@given(RANDOMS)
def test_peers_agree_with_conditions(random: Random) -> None:
    relation = relation_of(random)
    for compiled, direction, rule in rules(relation):
        role = PEER_ROLE[direction]
        for peer in rule.peers:
            found = relation.columns.peer(peer, role, compiled.admin)
            for column, end in enumerate(relation.universe.ends):
                expected = relation.conditions.peer(peer, end, role, compiled.admin)
                assert at(found, column) == {plain(condition) for condition in expected}


@SLOW
@given(RANDOMS)
def test_named_ports_agree_with_conditions(random: Random) -> None:
    relation = relation_of(random)
    for compiled, _, rule in rules(relation):
        if rule.ports is None:
            continue
        fixed = relation.columns.fixed_ports(rule.ports)
        groups = relation.columns.ports_by_destination(rule.ports, compiled.admin)
        for column, end in enumerate(relation.universe.ends):
            expected = relation.conditions.ports(relation.ports, rule.ports, end, compiled.admin)
            assert [meaning for mask, meaning in groups if mask >> column & 1] == [expected]
            if fixed is not None:
                assert [numbers for _, numbers in expected] == [fixed]


def words(condition: Condition) -> list[tuple[str, str, str]]:
    """An order of conditions that is the same on every run."""
    return sorted((one.variable.kind, one.variable.role or "", one.variable.name) for one in condition)


def outcomes(random: Random, relation: Relation, *numbers: int) -> list[list[tuple[int, int]]]:
    """What each program does under a few random answers to what they hang on, some left open."""
    programs = [relation.programs.programs[number] for number in numbers]
    asked = sorted({condition for program in programs for condition in map(plain, program.conditions())}, key=words)
    found: list[list[tuple[int, int]]] = []
    for _ in range(6):
        answers: dict[Condition, bool | None] = {one: random.choice([True, False, None]) for one in asked}
        answers[ALWAYS] = True

        def known(condition: Condition, answers: Mapping[Condition, bool | None] = answers) -> bool | None:
            return answers[plain(condition)]

        found.append([outcome(relation.ports, program, known) for program in programs])
    return found


@SLOW
@given(RANDOMS)
def test_rows_agree_with_single_flows(random: Random) -> None:
    """Two peers of one rule may add the same step twice in one of them: what they do is the same."""
    relation = relation_of(random)
    ends = relation.universe.ends
    for direction in Direction:
        for subject in range(relation.universe.pods):
            row = relation.row(subject, direction)
            for column, peer in enumerate(ends):
                fast, slow = row.program(column), program_for(relation.rows, row.key, ends[subject], peer)
                if fast != slow:
                    for first, second in outcomes(random, relation, fast, slow):
                        assert first == second


@SLOW
@given(RANDOMS)
def test_the_parts_of_a_row_are_a_partition_of_the_columns(random: Random) -> None:
    relation = relation_of(random)
    for direction in Direction:
        for subject in range(relation.universe.pods):
            masks = [mask for mask, _ in relation.row(subject, direction).parts]
            assert sum(mask.bit_count() for mask in masks) == len(relation.universe.ends)
            union = 0
            for mask in masks:
                union |= mask
            assert union == relation.universe.everything


@SLOW
@given(RANDOMS)
def test_the_policies_of_a_class_are_those_of_an_end_like_it(random: Random) -> None:
    relation = relation_of(random)
    for direction in Direction:
        for column in range(relation.universe.pods):
            known = relation.row(column, direction).key
            asked = relation.make_key(relation.universe.ends[column], direction)
            assert asked.admin == known.admin
            assert asked.baseline == known.baseline
            assert set(asked.network_policy) == set(known.network_policy)


@given(st.sets(st.one_of(st.integers(0, 200), st.integers(5000, 5100))))
def test_columns_of_lists_the_bits_in_order(bits: set[int]) -> None:
    assert list(columns_of(sum(1 << bit for bit in bits))) == sorted(bits)
