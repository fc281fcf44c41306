"""Programs: running rules one after the other and folding them symbolically have the same outcome."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.layers.network.facts import ALWAYS, BOOLEAN, TRUE, Condition, Literal, Variable
from ringfence.layers.network.programs import Begin, End, Match, NextRival, ProgramTable, Step, Subject, outcome
from ringfence.model.policy import Action
from ringfence.sets.ports import PortTable, port_key

ALL, NONE = PortTable.ALL, PortTable.NONE
PORTS = [port_key("TCP", number) for number in (1, 2, 3)]
FLAGS = [Variable("cni", None, name, BOOLEAN) for name in ("x", "y")]
CONDITIONS: list[Condition] = [ALWAYS, *(frozenset({Literal(flag, TRUE)}) for flag in FLAGS)]

Rule = tuple[Condition, Action, frozenset[int]]
RULES = st.tuples(
    st.sampled_from(CONDITIONS), st.sampled_from(list(Action)), st.frozensets(st.sampled_from(PORTS), min_size=1)
)
POLICIES = st.lists(st.lists(RULES, max_size=3), min_size=1, max_size=2)
TIERS = st.lists(POLICIES, max_size=3)
"""Groups of policies of equal priority, each a list of rules."""
GENERATIONS = st.lists(TIERS, min_size=2, max_size=3)
"""Whole tiers that are rivals."""


def first_match(rules: Sequence[Rule], port: int, facts: frozenset[Condition]) -> Action | None:
    for condition, action, ports in rules:
        if port in ports and condition in facts:
            return action
    return None


def possible(groups: Sequence[Sequence[Sequence[Rule]]], port: int, facts: frozenset[Condition]) -> set[Action | None]:
    """What a tier may do to a port: of equal priorities each policy that matches may be the one."""
    for policies in groups:
        found = {action for rules in policies if (action := first_match(rules, port, facts)) is not None}
        if found:
            return set(found)
    return {None}


def fold(table: ProgramTable, groups: Sequence[Sequence[Sequence[Rule]]], state: int = 0) -> int:

    def then(step: Step) -> None:
        nonlocal state
        state = table.after(state, table.step(step))

    for policies in groups:
        if len(policies) > 1:
            then(Begin())
        for number, rules in enumerate(policies):
            if number:
                then(NextRival())
            for condition, action, ports in rules:
                then(Match(condition, action, table.ports.number((port, port) for port in ports)))
        if len(policies) > 1:
            then(End())
    return state


@given(TIERS, TIERS, st.sampled_from([True, False]))
def test_three_tiers_are_run_in_order_under_every_answer_of_the_facts(
    admin: list[list[list[Rule]]], baseline: list[list[list[Rule]]], isolated: bool
) -> None:
    """NetworkPolicy allows port 1 where the pod is isolated."""
    table = ProgramTable(PortTable())
    union = table.union_after(0, ALWAYS, table.ports.number([(PORTS[0], PORTS[0])]))
    program = table.programs[table.combine(Subject(isolated), fold(table, admin), union, fold(table, baseline))]
    for answers in product([True, False], repeat=len(FLAGS)):
        facts = frozenset([ALWAYS, *(c for c, true in zip(CONDITIONS[1:], answers, strict=True) if true)])
        may_allow, may_deny = outcome(table.ports, program, lambda condition, facts=facts: condition in facts)
        for port in PORTS:
            expected: set[bool] = set()
            for action in possible(admin, port, facts):
                if action in (Action.ALLOW, Action.DENY):
                    expected.add(action is Action.ALLOW)
                elif isolated:
                    expected.add(port == PORTS[0])
                else:
                    expected |= {last is not Action.DENY for last in possible(baseline, port, facts)}
            assert {True: table.ports.contains(may_allow, port), False: table.ports.contains(may_deny, port)} == {
                True: True in expected,
                False: False in expected,
            }


@given(TIERS, GENERATIONS, TIERS)
def test_rivals_nest(
    before: list[list[list[Rule]]], generations: list[list[list[list[Rule]]]], after: list[list[list[Rule]]]
) -> None:
    """Sequences that are rivals, with tied policies within: each sequence that matches may be the one."""
    table = ProgramTable(PortTable())
    state = fold(table, before)
    for number, groups in enumerate(generations):
        state = table.after(state, table.step(NextRival() if number else Begin()))
        state = fold(table, groups, state)
    state = fold(table, after, table.after(state, table.step(End())))
    program = table.programs[table.combine(Subject(), 0, 0, state)]
    for answers in product([True, False], repeat=len(FLAGS)):
        facts = frozenset([ALWAYS, *(c for c, true in zip(CONDITIONS[1:], answers, strict=True) if true)])
        may_allow, may_deny = outcome(table.ports, program, lambda condition, facts=facts: condition in facts)
        for port in PORTS:
            found = possible(before, port, facts)
            if found == {None}:
                rivals = set().union(*(possible(groups, port, facts) for groups in generations)) - {None}
                found = rivals or possible(after, port, facts)
            assert table.ports.contains(may_deny, port) == (Action.DENY in found)
            assert table.ports.contains(may_allow, port) == (found != {Action.DENY})


@given(TIERS)
def test_open_facts_widen_the_outcome_and_never_narrow_it(groups: list[list[list[Rule]]]) -> None:
    table = ProgramTable(PortTable())
    program = table.programs[table.combine(Subject(), fold(table, groups), 0, 0)]
    allow, deny = outcome(table.ports, program, lambda condition: None if condition else True)
    for answers in product([True, False], repeat=len(FLAGS)):
        facts = frozenset([ALWAYS, *(c for c, true in zip(CONDITIONS[1:], answers, strict=True) if true)])
        own_allow, own_deny = outcome(table.ports, program, lambda condition, facts=facts: condition in facts)
        assert table.ports.union(allow, own_allow) == allow
        assert table.ports.union(deny, own_deny) == deny


@given(TIERS)
def test_a_program_without_facts_is_known_by_its_outcome(groups: list[list[list[Rule]]]) -> None:
    """So that subjects that differ only in how their rules are written share a number."""
    certain = [[[(ALWAYS, action, ports) for _, action, ports in rules] for rules in one] for one in groups]
    table = ProgramTable(PortTable())
    number = table.combine(Subject(), fold(table, certain), 0, 0)
    plain = table.plain(number)
    assert plain == outcome(table.ports, table.programs[number], lambda condition: True)
    assert (number == 0) == (plain == (ALL, NONE))


@pytest.mark.parametrize(
    ("exempt", "unfiltered", "expected"),
    [(False, False, (NONE, ALL)), (True, False, (ALL, NONE)), (False, True, (ALL, NONE))],
)
def test_a_pod_and_its_own_node(exempt: bool, unfiltered: bool, expected: tuple[int, int]) -> None:
    table = ProgramTable(PortTable())
    own = (CONDITIONS[1],)
    number = table.combine(Subject(True), 0, 0, 0, own if exempt else (), own if unfiltered else ())
    assert outcome(table.ports, table.programs[number], lambda condition: True) == expected
    assert outcome(table.ports, table.programs[number], lambda condition: False) == (NONE, ALL)


@pytest.mark.parametrize(("skipped", "expected"), [(True, (ALL, NONE)), (False, (NONE, ALL))])
def test_baseline_can_be_skipped_where_the_other_direction_is_isolated(
    skipped: bool, expected: tuple[int, int]
) -> None:
    table = ProgramTable(PortTable())
    baseline = table.after(0, table.step(Match(ALWAYS, Action.DENY, ALL)))
    number = table.combine(Subject(False, (CONDITIONS[1],)), 0, 0, baseline)
    assert outcome(table.ports, table.programs[number], lambda condition: skipped) == expected
