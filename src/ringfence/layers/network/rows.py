"""Makes the rows of the relation from the policies that select a subject.

Subjects that the same policies select in the same way share a row; those whose far-reaching rules are the same share
its base (``row.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby

from ringfence.layers.network.columns import Columns, columns_of
from ringfence.layers.network.conditions import FAMILY, ON_SAME_NODE, Conditions
from ringfence.layers.network.ends import EndClass
from ringfence.layers.network.facts import ALWAYS, FALSE, Condition, Literal, fact_literal
from ringfence.layers.network.policies import (
    ALLOWS,
    BROKEN_ACTIONS,
    ISOLATES,
    SUBJECT_ROLE,
    CompiledPolicy,
    WideEntry,
    broken_literal,
    rule_entries,
    rule_masks,
)
from ringfence.layers.network.programs import Begin, End, Match, NextRival, ProgramTable, Subject
from ringfence.layers.network.row import Base, Piece, Row
from ringfence.layers.profiles import Fact
from ringfence.model.cluster import NamedPort
from ringfence.model.policy import Action, Direction
from ringfence.sets.ports import PortTable, protocol_range
from ringfence.values import Value, replace

UNORDERED_KIND = "BaselineAdminNetworkPolicy"

IN_IPV6: Condition = frozenset((Literal(FAMILY, frozenset(("6",))),))

Selected = tuple[tuple[int, Condition], ...]
"""Policies (by index) that select a subject, each with the condition under which it does."""


class Rivals(Value):
    """Sequences of policies of which no text says which comes first."""

    sequences: tuple[Sequence[tuple[int, Condition] | Rivals], ...]


Order = Sequence[tuple[int, Condition] | Rivals]
"""The policies of an ordered tier in order of evaluation."""

Parts = dict[int, int]
"""State or program number → columns."""


class SubjectKey(Value):
    """Everything of a subject that its row depends on."""

    direction: Direction
    admin: Selected
    network_policy: Selected
    baseline: Selected
    other_isolation: tuple[Condition, ...] | bool
    ports: tuple[NamedPort, ...]
    open_ports: bool
    host_network: bool


class Rows:
    """Makes and keeps rows for one set of policies."""

    def __init__(self, columns: Columns, policies: Sequence[CompiledPolicy], programs: ProgramTable) -> None:
        self.columns = columns
        self.conditions: Conditions = columns.conditions
        self.policies = policies
        self.programs = programs
        self._rows: dict[SubjectKey, Row] = {}
        self._bases: dict[tuple[object, ...], Base] = {}
        self._tiers: dict[tuple[object, ...], Parts] = {}
        self._facts: dict[tuple[object, ...], Subject] = {}
        self._numbers: dict[Selected, int] = {}
        self._numbered: dict[int, tuple[Selected, int, bool]] = {}
        self._named: set[int] = set()
        self._looked_at = 0
        self._exempt = self._own_node(Fact.OWN_NODE_INGRESS_EXEMPT)
        self._unfiltered = self._own_node(Fact.OWN_NODE_EGRESS_EXEMPT)
        self.unseen = self._unseen()

    def _unseen(self) -> tuple[tuple[Condition, int], ...]:
        """(condition, ports) of what the plugin does not filter at all, whatever the policies say."""
        found: list[tuple[Condition, int]] = []
        for fact, condition, ports in (
            (Fact.SCTP_FILTERED, ALWAYS, self.programs.ports.number((protocol_range("SCTP"),))),
            (Fact.IPV6_FILTERED, IN_IPV6, PortTable.ALL),
        ):
            value = self.conditions.profile.answer(fact)
            if value is not True:
                found.append((condition if value is False else condition | {fact_literal(fact, FALSE)}, ports))
        return tuple(found)

    def start(self, key: SubjectKey) -> int:
        """The state in which the admin tier of a subject begins."""
        state = 0
        if self.unseen and (key.admin or key.network_policy or key.baseline):
            for condition, ports in self.unseen:
                state = self.programs.after(state, self.programs.step(Match(condition, Action.ALLOW, ports)))
        return state

    def _own_node(self, fact: Fact) -> tuple[tuple[int, tuple[Condition, ...]], ...]:
        """Columns that may be the subject's own node, each kind with the conditions under which they are exempt."""
        value = self.conditions.profile.answer(fact)
        if value is False:
            return ()
        base: Condition = frozenset((ON_SAME_NODE,))
        if value is None:
            base |= {fact_literal(fact)}
        found: list[tuple[int, tuple[Condition, ...]]] = []
        if self.columns.node_columns:
            found.append((self.columns.node_columns, (base,)))
        pods = self.conditions.profile.answer(Fact.HOST_NETWORK_PODS_ARE_PODS)
        if self.columns.host_columns and pods is not True:
            host = base if pods is False else base | {fact_literal(Fact.HOST_NETWORK_PODS_ARE_PODS, FALSE)}
            found.append((self.columns.host_columns, (host,)))
        return tuple(found)

    def own_node(self, direction: Direction, peer: EndClass) -> tuple[tuple[Condition, ...], tuple[Condition, ...]]:
        """``(exempt, unfiltered)`` for a single peer that is no column."""
        if peer.sort != "node" and not peer.host_network:
            return (), ()
        fact = Fact.OWN_NODE_INGRESS_EXEMPT if direction is Direction.INGRESS else Fact.OWN_NODE_EGRESS_EXEMPT
        value = self.conditions.profile.answer(fact)
        pods = self.conditions.profile.answer(Fact.HOST_NETWORK_PODS_ARE_PODS)
        host = peer.sort == "pod" and peer.host_network and pods is not True
        if value is False or not (peer.sort == "node" or host):
            return (), ()
        base: Condition = frozenset((ON_SAME_NODE,))
        if value is None:
            base |= {fact_literal(fact)}
        if host and pods is None:
            base |= {fact_literal(Fact.HOST_NETWORK_PODS_ARE_PODS, FALSE)}
        return ((base,), ()) if direction is Direction.INGRESS else ((), (base,))

    def row(self, key: SubjectKey, subject: EndClass) -> Row:
        """The row of a subject."""
        found = self._rows.get(key)
        if found is None:
            found = self._rows[key] = self._fold(key, subject)
        return found

    def isolation(
        self, selected: Selected, direction: Direction, judged: Direction | None = None
    ) -> bool | tuple[Condition, ...]:
        """Under which conditions these NetworkPolicies isolate. ``judged``: the direction that is asked about, where it
        is the other one; the conditions then name the subject by its role in that one."""
        found: list[Condition] = []
        for index, condition in selected:
            policy = self.policies[index].policy
            broken = direction in policy.broken
            if not condition and not broken:
                return True
            if judged is not None and judged is not direction:
                condition = seen_from(condition, judged)
            if broken:
                condition = condition | broken_literal(policy, direction, ISOLATES, ALLOWS)
            if condition not in found:
                found.append(condition)
        return tuple(found) if found else False

    def subject_facts(self, key: SubjectKey) -> Subject:
        """Isolation, and whether Baseline is skipped because the other direction is isolated."""
        isolated = self.isolation(key.network_policy, key.direction)
        known = (isolated, key.other_isolation, bool(key.baseline))
        found = self._facts.get(known)
        if found is None:
            found = self._facts[known] = Subject(isolated, self._skipped(key))
        return found

    def _skipped(self, key: SubjectKey) -> bool | tuple[Condition, ...]:
        skip: bool | tuple[Condition, ...] = False
        if key.baseline and key.other_isolation is not False:
            per_direction = self.conditions.profile.answer(Fact.BASELINE_PER_DIRECTION)
            if per_direction is False:
                skip = key.other_isolation
            elif per_direction is None:
                extra = fact_literal(Fact.BASELINE_PER_DIRECTION, FALSE)
                others = (ALWAYS,) if key.other_isolation is True else key.other_isolation
                skip = tuple(condition | {extra} for condition in others)
        return skip

    def admin_reaches(self, direction: Direction, peer: EndClass) -> Condition | None:
        """When an admin policy could have a rule for this peer: pods on ingress, anyone on egress; None for never."""
        if direction is Direction.EGRESS:
            return ALWAYS
        if peer.sort != "pod":
            return None
        return self.conditions.host_network(True) if peer.host_network else ALWAYS

    def _admin_reach(self, direction: Direction) -> list[tuple[Condition, int]]:
        """The same for all columns: which, and under which condition."""
        if direction is Direction.EGRESS:
            return [(ALWAYS, self.columns.everything)]
        host = self.conditions.host_network(True)
        own = self.columns.host_columns & self.columns.pod_columns
        found = [(ALWAYS, self.columns.pod_columns & ~own)]
        return [*found, (host, own)] if own and host is not None else found

    def _fold(self, key: SubjectKey, subject: EndClass) -> Row:
        facts = self.subject_facts(key)
        if facts.isolated is False:
            return Row(key, self._base(key, subject, facts, ()), ())
        near, wide = self._entries(key, subject)
        base = self._base(key, subject, facts, wide)
        overrides: list[tuple[int, int, int, int]] = []
        ingress = key.direction is Direction.INGRESS
        after, combine = self.programs.union_after, self.programs.combine
        for start, entries in near.items():
            touched = 0
            for bits, _, _ in entries:
                touched |= bits
            for columns, piece in base.holding(start, touched):
                region = columns & touched
                if not region:
                    continue
                parts: Parts = {piece.union: region}
                for bits, condition, numbers in entries:
                    parts = _split(parts, bits, after, condition, numbers)
                own = piece.own
                for state, bits in parts.items():
                    if state != piece.union:
                        program = combine(
                            facts, piece.admin, state, piece.baseline, own if ingress else (), () if ingress else own
                        )
                        if program != piece.program:
                            overrides.append((start, bits, program, piece.program))
        return Row(key, base, tuple(overrides))

    def _entries(
        self, key: SubjectKey, subject: EndClass
    ) -> tuple[dict[int, list[tuple[int, Condition, int]]], tuple[WideEntry, ...]]:
        """What the NetworkPolicies of a subject allow: near columns by block, and wide entries."""
        near: dict[int, list[tuple[int, Condition, int]]] = {}
        wide: list[WideEntry] = []
        ports = self.programs.ports
        for index, condition in key.network_policy:
            compiled = self.policies[index]
            if key.direction in compiled.policy.broken:
                broken = condition | broken_literal(compiled.policy, key.direction, ALLOWS)
                wide.append((broken, self.columns.everything, PortTable.ALL))
                continue
            for rule in compiled.rules(key.direction):
                spans, masks = rule_entries(rule, subject, self.conditions, ports, compiled.admin)
                for own, blocks, numbers in spans:
                    whole = own | condition if condition else own
                    for start, bits in blocks:
                        near.setdefault(start, []).append((bits, whole, numbers))
                for own, mask, numbers in masks:
                    wide.append((own | condition if condition else own, mask, numbers))
        return near, tuple(wide)

    def _base(self, key: SubjectKey, subject: EndClass, facts: Subject, wide: tuple[WideEntry, ...]) -> Base:
        # Masks are told apart by identity: the base keeps those that it was made of alive.
        cache = (
            key.direction,
            facts,
            self.start(key),
            self._tier_key(key.admin, key),
            frozenset((condition, id(mask), numbers) for condition, mask, numbers in wide),
            None if facts.isolated is True else self._tier_key(key.baseline, key),
        )
        found = self._bases.get(cache)
        if found is None:
            found = self._bases[cache] = self._make_base(key, subject, facts, wide)
        return found

    def _make_base(self, key: SubjectKey, subject: EndClass, facts: Subject, wide: tuple[WideEntry, ...]) -> Base:
        admin = self._tier(key.admin, key, subject, self.start(key))
        union: Parts = _ONE_PART
        if wide:
            union = {0: self.columns.everything}
            after = self.programs.union_after
            for condition, mask, numbers in wide:
                union = _split(union, mask, after, condition, numbers)
        baseline = _ONE_PART if facts.isolated is True else self._tier(key.baseline, key, subject)
        everything = self.columns.everything
        special = self._exempt if key.direction is Direction.INGRESS else self._unfiltered
        ordinary = everything
        for columns, _ in special:
            ordinary &= ~columns
        regions = [(ordinary, ()), *special] if special else [(everything, ())]
        combine = self.programs.combine
        ingress = key.direction is Direction.INGRESS
        pieces: list[Piece] = []
        for first, first_mask in admin.items():
            for second, second_mask in union.items():
                shared = (
                    first_mask & second_mask
                    if first_mask >= 0 and second_mask >= 0
                    else (second_mask if first_mask < 0 else first_mask)
                )
                if not shared:
                    continue
                for third, third_mask in baseline.items():
                    mask = shared if third_mask < 0 else (third_mask if shared < 0 else shared & third_mask)
                    if not mask:
                        continue
                    for region, own in regions:
                        columns = region if mask < 0 else mask & region
                        if columns:
                            number = combine(
                                facts, first, second, third, own if ingress else (), () if ingress else own
                            )
                            pieces.append(Piece(columns, first, second, third, own, number))
        return Base(tuple(pieces), self.columns.blocks, tuple(mask for _, mask, _ in wide))

    def named_ports(self, selected: Selected, direction: Direction) -> bool:
        """Whether what the rules mean depends on the subject's own named ports."""
        if direction is not Direction.INGRESS or not selected:
            return False
        named = self._named
        if self._looked_at < len(self.policies):
            named.update(one.index for one in self.policies[self._looked_at :] if one.named_ingress_ports)
            self._looked_at = len(self.policies)
        return bool(named) and any(index in named for index, _ in selected)

    def _tier_key(self, selected: Selected, key: SubjectKey) -> object:
        """What the outcome of a tier hangs on; None where nothing is selected. Selections are long, and many subjects
        share them: they are told apart by number, which is known by their identity."""
        if not selected:
            return None
        known = self._numbered.get(id(selected))
        if known is None:
            number = self._numbers.setdefault(selected, len(self._numbers))
            known = self._numbered[id(selected)] = (selected, number, self.named_ports(selected, Direction.INGRESS))
        if known[2] and key.direction is Direction.INGRESS:
            return known[1], key.ports, key.open_ports, key.host_network
        return known[1]

    def _tier(self, selected: Selected, key: SubjectKey, subject: EndClass, start: int = 0) -> Parts:
        if not selected:
            return _ONE_PART if start == 0 else {start: -1}
        direction = key.direction
        cache = (direction, self._tier_key(selected, key), start)
        found = self._tiers.get(cache)
        if found is None:
            parts: Parts = {start: self.columns.everything}
            for step in steps_of(self.order(selected)):
                parts = (
                    self._policy(parts, step, direction, subject)
                    if isinstance(step, tuple)
                    else (self._every(parts, step))
                )
            found = self._tiers[cache] = parts
        return found

    def order(self, selected: Selected) -> Order:
        """The policies of an ordered tier in order of evaluation. Policies of one priority are rivals. A
        BaselineAdminNetworkPolicy has no priority: beside ClusterNetworkPolicies of the Baseline tier it is the rival
        of all of them together."""
        old = tuple(item for item in selected if self.policies[item[0]].policy.kind == UNORDERED_KIND)
        if not old or len(old) == len(selected):
            return self._by_priority(selected)
        new = self._by_priority(tuple(item for item in selected if item not in old))
        return (Rivals((self._by_priority(old), new)),)

    def _by_priority(self, selected: Selected) -> Order:
        groups = [tuple(tied) for _, tied in groupby(selected, key=lambda item: self.priority(item[0]))]
        return tuple(group[0] if len(group) == 1 else Rivals(tuple((item,) for item in group)) for group in groups)

    def priority(self, index: int) -> int:
        """Order in the tier; a policy whose priority is broken could come first."""
        priority = self.policies[index].policy.priority
        return -1 if priority is None else priority

    def _every(self, parts: Parts, step: Begin | NextRival | End) -> Parts:
        number = self.programs.step(step)
        result: Parts = {}
        for state, mask in parts.items():
            new = self.programs.after(state, number)
            result[new] = result.get(new, 0) | mask
        return result

    def _policy(self, parts: Parts, item: tuple[int, Condition], direction: Direction, subject: EndClass) -> Parts:
        index, condition = item
        compiled = self.policies[index]
        matches: Iterable[tuple[Condition, int, int, Action]]
        if direction in compiled.policy.broken:
            matches = [
                (broken_literal(compiled.policy, direction, word) | where, reach, PortTable.ALL, action)
                for action, word in BROKEN_ACTIONS
                for where, reach in self._admin_reach(direction)
            ]
        else:
            matches = (
                (own, mask, numbers, rule.rule.action)
                for rule in compiled.rules(direction)
                for own, mask, numbers in rule_masks(
                    rule, subject, self.conditions, self.programs.ports, compiled.admin
                )
            )
        after = self.programs.after
        for own, mask, numbers, action in matches:
            step = self.programs.step(Match(own | condition if condition else own, action, numbers))
            parts = _split(parts, mask, after, step)
        return parts


def _split(parts: Parts, mask: int, after: Callable[..., int], *step: object) -> Parts:
    """The parts after a step that concerns the columns of ``mask`` only."""
    split: Parts = {}
    for state, columns in parts.items():
        hit = columns & mask
        if hit:
            new = after(state, *step)
            split[new] = split.get(new, 0) | hit
            columns ^= hit
            if not columns:
                continue
        split[state] = split.get(state, 0) | columns
    return split


def steps_of(order: Order) -> Iterator[tuple[int, Condition] | Begin | NextRival | End]:
    """The policies of a tier one after the other, with the marks of rivals between them."""
    for item in order:
        if isinstance(item, Rivals):
            for number, sequence in enumerate(item.sequences):
                yield NextRival() if number else Begin()
                yield from steps_of(sequence)
            yield End()
        else:
            yield item


def seen_from(condition: Condition, judged: Direction) -> Condition:
    """The same facts of a subject, named by its role in another direction."""
    if not condition:
        return condition
    role = SUBJECT_ROLE[judged]
    return frozenset(
        Literal(replace(literal.variable, role=role), literal.within) if literal.variable.role else literal
        for literal in condition
    )


_ONE_PART: Parts = {0: -1}
"""The start state for every column, as the mask of all bits."""


def subjects_by_class(policies: Sequence[CompiledPolicy], direction: Direction, classes: int) -> list[Selected]:
    """For each pod class those of the policies that select it, in the order given; empty without policies."""
    if not policies:
        return []
    result: list[Selected] = [()] * classes
    parts: dict[Selected, int] = {(): (1 << classes) - 1}
    near: dict[int, Selected] = {}
    for compiled in policies:
        spans = compiled.near_subjects(direction)
        if spans is not None:
            for condition, blocks in spans.items():
                item = ((compiled.index, condition),)
                for start, bits in blocks:
                    for offset in columns_of(bits):
                        near[start + offset] = near.get(start + offset, ()) + item
            continue
        for condition, mask in compiled.subjects(direction).items():
            item = ((compiled.index, condition),)
            if len(parts) > compiled.columns.form.shared_selections:
                for column in columns_of(mask):
                    near[column] = near.get(column, ()) + item
                continue
            split: dict[Selected, int] = {}
            for selected, columns in parts.items():
                hit = columns & mask
                if hit:
                    split[selected + item] = hit
                if columns ^ hit:
                    split[selected] = columns ^ hit
            parts = split
    for selected, columns in parts.items():
        if selected:
            # Parts of few selections are dense: looking for bits in their text is quicker than ``columns_of``.
            text = bin(columns)[:1:-1]
            column = text.find("1")
            while column >= 0:
                result[column] = selected
                column = text.find("1", column + 1)
    order = {compiled.index: number for number, compiled in enumerate(policies)}
    for column, selected in near.items():
        if result[column]:
            selected = tuple(sorted(result[column] + selected, key=lambda item: order[item[0]]))
        result[column] = selected
    return result
