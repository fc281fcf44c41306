"""Pods that do not exist yet, in each namespace and in one that does not exist, with labels that somebody chooses.

The labels of the new pod, the names of its ports, and the labels of a namespace that is made for it are the attacker's
choice: there *is* a choice that passes. All else that is open stays open: it must pass *whatever* the answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

from ringfence.layers.network.cells import Meeting
from ringfence.layers.network.columns import columns_of
from ringfence.layers.network.ends import EndClass
from ringfence.layers.network.facts import Role, Variable
from ringfence.layers.network.programs import START
from ringfence.layers.network.relation import Relation
from ringfence.model.policy import Direction, PodPeer
from ringfence.sets.labels import Selector
from ringfence.sets.ports import PortTable
from ringfence.values import Value

IN_A_NEW_NAMESPACE = "a new namespace"

ALL, NONE = PortTable.ALL, PortTable.NONE

Bounds = tuple[int, int]
"""Ports that the attacker surely gets, and those that he gets perhaps, apart from them."""


def homes(relation: Relation) -> tuple[str, ...]:
    """Where a new pod could be: every namespace of the input, and a new one."""
    return (*sorted(relation.cluster.namespaces), IN_A_NEW_NAMESPACE)


def any_pod(relation: Relation, namespace: str | None) -> EndClass:
    """A pod of which everything is open; ``namespace`` None: of a namespace of which everything is open too."""
    return EndClass("pod", namespace, any_label=True, open_ports=True, space=relation.universe.pod_space)


class _Sort(Value):
    """Programs of new pods that come to the same wherever the other program asks for none of their facts."""

    bounds: Bounds | None
    variables: frozenset[Variable]


class NewPods:
    """What new pods reach and are reached by, for one direction of the workloads: ``INGRESS`` from new pods."""

    def __init__(self, relation: Relation, direction: Direction, places: Sequence[str]) -> None:
        self.relation = relation
        self.universe = relation.universe
        self.direction = direction
        self.own = Direction.EGRESS if direction is Direction.INGRESS else Direction.INGRESS
        """The direction of the new pod."""
        self.role: Role = "src" if direction is Direction.INGRESS else "dst"
        self.names = tuple(places)
        self.ends = [any_pod(relation, None if name == IN_A_NEW_NAMESPACE else name) for name in self.names]
        self.every = (1 << len(self.ends)) - 1
        self.new = sum(1 << number for number, end in enumerate(self.ends) if end.namespace is None)
        self._number = {name: number for number, name in enumerate(self.names)}
        self._usual_of: list[int] = []
        self._usual: dict[int, int] = {}
        self._exceptions: dict[int, list[tuple[int, int, int]]] = {}
        self._joint: dict[tuple[int, int, bool, bool, tuple[int, ...]], Bounds] = {}
        self._partition: dict[frozenset[Selector], tuple[int, ...]] = {}
        self._by_selector: dict[Selector, tuple[int, ...]] = {}
        self._variables: dict[int, frozenset[Variable]] = {}
        self._sorts: dict[int, _Sort] = {}
        self._turn_over()

    def _turn_over(self) -> None:
        relation = self.relation
        for number, end in enumerate(self.ends):
            key = relation.make_key(end, self.own)
            row = relation.rows.row(key, end)
            bit = 1 << number
            parts = sorted(row.parts, key=lambda part: -part[0].bit_count())
            usual = parts[0][1]
            self._usual_of.append(usual)
            self._usual[usual] = self._usual.get(usual, 0) | bit
            for mask, program in parts[1:]:
                for column in columns_of(mask & ((1 << self.universe.pods) - 1)):
                    self._exceptions.setdefault(column, []).append((program, usual, bit))

    def program_at(self, column: int, place: int) -> int:
        """The program of a new pod towards a class of pods."""
        bit = 1 << place
        for program, _, where in self._exceptions.get(column, ()):
            if where & bit:
                return program
        return self._usual_of[place]

    @cached_property
    def _usual_sorts(self) -> dict[_Sort, int]:
        found: dict[_Sort, int] = {}
        for program, mask in self._usual.items():
            sort = self._sort(program)
            found[sort] = found.get(sort, 0) | mask
        return found

    def sorts(self, column: int) -> dict[_Sort, int]:
        """Sorts of programs of new pods towards a class → where such pods would be, as a mask over ``names``."""
        exceptions = self._exceptions.get(column)
        if not exceptions:
            return self._usual_sorts
        found = dict(self._usual_sorts)
        for program, usual, bit in exceptions:
            found[self._sort(usual)] ^= bit
            sort = self._sort(program)
            found[sort] = found.get(sort, 0) | bit
        return found

    def groups(self, column: int) -> Iterator[tuple[int, int]]:
        """(program of the class towards new pods, where these would be), disjoint."""
        relation = self.relation
        key = relation.row(column, self.direction).key
        if not (key.admin or key.network_policy or key.baseline):
            yield 0, self.every
            return
        if len(self.ends) == 1:
            yield relation.program(column, self.ends[0], self.direction), 1
            return
        selectors: set[Selector] = set()
        for selected in (key.admin, key.network_policy, key.baseline):
            for index, _ in selected:
                policy = relation.policies[index].policy
                for rule in policy.rules(self.direction) or ():
                    for peer in rule.peers:
                        if isinstance(peer, PodPeer) and peer.selection.namespaces is not None:
                            selectors.add(peer.selection.namespaces)
        namespace = self.universe.ends[column].namespace
        own = 1 << self._number[namespace] if namespace in self._number else 0
        merged: dict[int, int] = {}
        for mask in self._partitioned(frozenset(selectors)):
            for piece in (mask & own, mask & ~own):
                if piece:
                    peer_end = self.ends[(piece & -piece).bit_length() - 1]
                    program = relation.program(column, peer_end, self.direction)
                    merged[program] = merged.get(program, 0) | piece
        yield from merged.items()

    def _partitioned(self, selectors: frozenset[Selector]) -> tuple[int, ...]:
        """The places in groups that none of the selectors of namespaces tells apart."""
        found = self._partition.get(selectors)
        if found is None:
            groups = [self.every]
            for selector in selectors:
                masks = self._masks(selector)
                groups = [group & mask for group in groups for mask in masks if group & mask]
            found = self._partition[selectors] = tuple(groups)
        return found

    def _masks(self, selector: Selector) -> tuple[int, ...]:
        """The places by the condition under which a selector of namespaces matches them."""
        found = self._by_selector.get(selector)
        if found is None:
            by_condition: dict[object, int] = {}
            conditions = self.relation.conditions
            for number, end in enumerate(self.ends):
                condition = conditions.namespace(selector, end.namespace, self.role)
                by_condition[condition] = by_condition.get(condition, 0) | 1 << number
            found = self._by_selector[selector] = tuple(by_condition.values())
        return found

    def reached(self, column: int) -> Iterator[tuple[int, int, int]]:
        """(where new pods would be, ports that they surely get, ports that they get perhaps), disjoint. Ports of pods
        that a policy of a kind that is not modelled may decide are perhaps."""
        yield from self.reached_by_network(column)

    def reached_by_network(self, column: int) -> Iterator[tuple[int, int, int]]:
        """The same, as far as the network has a say."""
        blind = self.relation.blind_namespaces
        end = self.universe.ends[column]
        unseen = 0
        if blind is None or (blind and end.namespace in blind):
            unseen = self.every
        else:
            for name in blind:
                unseen |= 1 << self._number[name] if name in self._number else 0
        if unseen:
            yield unseen, NONE, ALL
        found: dict[Bounds, int] = {}
        for program, places in self.groups(column):
            places &= ~unseen
            if not places or self._nothing(program):
                continue
            own_variables = self.variables(program)
            for sort, mask in self.sorts(column).items():
                shared = places & mask
                if not shared:
                    continue
                if sort.bounds is None or (sort.variables & own_variables):
                    by_program: dict[int, int] = {}
                    for place in columns_of(shared):
                        one = self.program_at(column, place)
                        by_program[one] = by_program.get(one, 0) | 1 << place
                else:
                    by_program = {self.program_at(column, (shared & -shared).bit_length() - 1): shared}
                for one, piece in by_program.items():
                    for part, bounds in self._met(one, program, piece, column):
                        if bounds != (NONE, NONE):
                            found[bounds] = found.get(bounds, 0) | part
        for bounds, mask in found.items():
            yield mask, *bounds

    def _nothing(self, program: int) -> bool:
        plain = self.relation.programs.plain(program)
        return plain is not None and plain[0] == NONE

    def _met(self, own: int, other: int, places: int, column: int) -> Iterator[tuple[int, Bounds]]:
        """The bounds of two programs, in a namespace of its own where that matters."""
        end = self.universe.ends[column]
        home = 1 << self._number[end.namespace] if end.namespace in self._number else 0
        labels = any(one.kind == "namespace-label" for one in self.variables(own) | self.variables(other))
        pieces = [places]
        if labels:
            pieces = [places & home, places & self.new, places & ~(home | self.new)]
        for piece in pieces:
            if piece:
                first = self.ends[(piece & -piece).bit_length() - 1]
                yield piece, self.joint(own, other, end, first)

    def variables(self, program: int) -> frozenset[Variable]:
        """The facts that a program hangs on."""
        found = self._variables.get(program)
        if found is None:
            conditions = self.relation.programs.programs[program].conditions()
            found = self._variables[program] = frozenset(
                literal.variable for condition in conditions for literal in condition
            )
        return found

    def _sort(self, program: int) -> _Sort:
        found = self._sorts.get(program)
        if found is None:
            variables = self.variables(program)
            bounds = self._by_itself(program) if all(self.chosen(one, False) for one in variables) else None
            found = self._sorts[program] = _Sort(bounds, variables)
        return found

    def _by_itself(self, program: int) -> Bounds:
        """The ports that it lets through for some choice: surely, and perhaps (where policies of one priority say
        otherwise, no choice decides)."""
        pair = self._pair(program, 0)
        meeting = Meeting((4, 6), False, None)
        return self.relation.cells.best_choice(*pair, meeting, lambda one: self.chosen(one, False))

    def _pair(self, own: int, other: int) -> tuple[int, int]:
        return (own, other) if self.direction is Direction.INGRESS else (other, own)

    def chosen(self, variable: Variable, new_namespace: bool) -> bool:
        """Whether whoever makes the pod decides this fact."""
        if variable.role != self.role:
            return False
        return variable.kind in ("pod-label", "named-port") or (new_namespace and variable.kind == "namespace-label")

    def joint(self, own: int, other: int, end: EndClass, new_pod: EndClass) -> Bounds:
        """Ports between a new pod (``own`` is its program) and a class of pods."""
        relation = self.relation
        families = relation.families(new_pod, end)[0]
        in_new = new_pod.namespace is None
        same = new_pod.namespace == end.namespace
        key = (own, other, in_new, same, families)
        found = self._joint.get(key)
        if found is None:
            found = self._joint[key] = self._search(own, other, Meeting(families, same, None), in_new)
        return found

    def _search(self, own: int, other: int, meeting: Meeting, in_new: bool) -> Bounds:
        relation = self.relation
        if not meeting.families:
            return NONE, NONE
        pair = self._pair(own, other)
        quick = self._by_entries(own, other, meeting, in_new)
        if quick is not None:
            return quick
        cell = relation.cells.cell(*pair, meeting)
        if cell.possible == cell.sure:
            return cell.sure, NONE
        sure, possible = relation.cells.best_choice(*pair, meeting, lambda one: self.chosen(one, in_new))
        return sure, relation.ports.difference(possible, sure)

    def _by_entries(self, own: int, other: int, meeting: Meeting, in_new: bool) -> Bounds | None:
        """Where nothing holds the new pod back, and only NetworkPolicies the other end: each entry can be met by
        itself. None where it is not so simple."""
        programs = self.relation.programs
        program = programs.programs[other]
        if (
            own != 0
            or program.subject.isolated is not True
            or program.admin != START
            or program.exempt
            or program.unfiltered
        ):
            return None
        table = self.relation.ports
        sure = possible = program.union.allow
        hanging: dict[Variable, set[object]] = {}
        for condition, ports in program.union.conditional:
            if not self.relation.cells.can_hold(condition, meeting):
                continue
            possible = table.union(possible, ports)
            others = [literal for literal in condition if not self.chosen(literal.variable, in_new)]
            if not others:
                sure = table.union(sure, ports)
            for literal in others:
                hanging.setdefault(literal.variable, set()).add(literal.within)
        if any(len(values) > 1 for values in hanging.values()):
            return None
        return sure, table.difference(possible, sure)
