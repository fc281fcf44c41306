"""The program of one subject and one peer, straight from ``conditions``: for ends that are no column.

The rows do the same for all columns at once; a property test holds the two against each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringfence.layers.network.facts import Condition
from ringfence.layers.network.policies import ALLOWS, BROKEN_ACTIONS, PEER_ROLE, CompiledPolicy, broken_literal
from ringfence.layers.network.programs import Match
from ringfence.layers.network.rows import steps_of
from ringfence.model.policy import Direction, Rule
from ringfence.sets.ports import PortTable

if TYPE_CHECKING:
    from ringfence.layers.network.ends import EndClass
    from ringfence.layers.network.rows import Rows, Selected, SubjectKey


def rule_matches(
    rows: Rows, compiled: CompiledPolicy, rule: Rule, subject: EndClass, peer: EndClass, direction: Direction
) -> list[tuple[Condition, int]]:
    """(condition, ports) under which a rule matches a flow between the two ends."""
    conditions, role = rows.conditions, PEER_ROLE[direction]
    destination = subject if direction is Direction.INGRESS else peer
    found: list[tuple[Condition, int]] = []
    ports = conditions.ports(rows.programs.ports, rule.ports, destination, compiled.admin)
    if not ports:
        return found
    for one in rule.peers:
        for condition in conditions.peer(one, peer, role, compiled.admin):
            found.extend((condition | named, numbers) for named, numbers in ports)
    return found


def program_for(rows: Rows, key: SubjectKey, subject: EndClass, peer: EndClass) -> int:
    """The program of one direction for one pair of ends."""
    facts = rows.subject_facts(key)
    union = 0
    if facts.isolated is not False:
        for index, condition in key.network_policy:
            compiled = rows.policies[index]
            if key.direction in compiled.policy.broken:
                broken = condition | broken_literal(compiled.policy, key.direction, ALLOWS)
                union = rows.programs.union_after(union, broken, PortTable.ALL)
                continue
            for rule in compiled.policy.rules(key.direction) or ():
                for own, numbers in rule_matches(rows, compiled, rule, subject, peer, key.direction):
                    union = rows.programs.union_after(union, own | condition, numbers)
    exempt, unfiltered = rows.own_node(key.direction, peer)
    return rows.programs.combine(
        facts,
        _tier(rows, key.admin, key, subject, peer, rows.start(key)),
        union,
        _tier(rows, key.baseline, key, subject, peer),
        exempt,
        unfiltered,
    )


def _tier(rows: Rows, selected: Selected, key: SubjectKey, subject: EndClass, peer: EndClass, start: int = 0) -> int:
    programs = rows.programs
    state = start
    for step in steps_of(rows.order(selected)):
        if isinstance(step, tuple):
            state = _policy(rows, state, step, key, subject, peer)
        else:
            state = programs.after(state, programs.step(step))
    return state


def _policy(
    rows: Rows, state: int, item: tuple[int, Condition], key: SubjectKey, subject: EndClass, peer: EndClass
) -> int:
    index, condition = item
    compiled = rows.policies[index]
    programs = rows.programs
    if key.direction in compiled.policy.broken:
        where = rows.admin_reaches(key.direction, peer)
        if where is not None:
            for action, word in BROKEN_ACTIONS:
                broken = condition | where | broken_literal(compiled.policy, key.direction, word)
                state = programs.after(state, programs.step(Match(broken, action, PortTable.ALL)))
        return state
    for rule in compiled.policy.rules(key.direction) or ():
        for own, numbers in rule_matches(rows, compiled, rule, subject, peer, key.direction):
            state = programs.after(state, programs.step(Match(own | condition, rule.action, numbers)))
    return state
