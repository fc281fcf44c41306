"""The relation: for any two ends, which ports surely and which possibly pass.

Every question reads it: a single flow, the whole list, an explanation, a what-if. An end is a column of the universe or
an ``EndClass`` of its own (a pod that does not exist yet, a pod that a what-if relabels). Rows are made when first
asked for and kept; what-ifs share them, and make anew only the rows of subjects whose policies changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property

from ringfence.layers.network import universe as universes
from ringfence.layers.network.cells import Cell, Cells, Meeting
from ringfence.layers.network.columns import Columns
from ringfence.layers.network.conditions import Conditions
from ringfence.layers.network.ends import EndClass
from ringfence.layers.network.enforcement import DECIDING, governs
from ringfence.layers.network.facts import Condition, fact_literal
from ringfence.layers.network.form import USUAL, Form
from ringfence.layers.network.policies import CompiledPolicy
from ringfence.layers.network.programs import Match, ProgramTable
from ringfence.layers.network.row import Row
from ringfence.layers.network.rows import Rows, Selected, SubjectKey, subjects_by_class
from ringfence.layers.network.single import program_for
from ringfence.layers.network.universe import Universe, coverage_of
from ringfence.layers.profiles import Fact, Profile
from ringfence.model.cluster import Cluster
from ringfence.model.policy import Action, AddressPeer, AnyPeer, Direction, NetworkPolicyRules, PodPeer, Tier
from ringfence.sets.addresses import family
from ringfence.sets.ports import PortTable

DIRECTIONS = (Direction.INGRESS, Direction.EGRESS)
OPPOSITE = {Direction.INGRESS: Direction.EGRESS, Direction.EGRESS: Direction.INGRESS}

End = int | EndClass
"""A column, or an end that is none."""


class Relation:
    """The network layer of one cluster under one profile."""

    def __init__(
        self, cluster: Cluster, profile: Profile, universe: Universe | None = None, form: Form = USUAL
    ) -> None:
        self.cluster = cluster
        self.profile = profile
        self.form = form
        self.universe = universe if universe is not None else universes.build(cluster, coverage_of(profile))
        self.ports = PortTable()
        self.conditions = Conditions(
            profile,
            cluster.namespaces,
            cluster.nodes,
            self.universe.taken,
            cluster.assume_no_labels,
            self.universe.node_space,
        )
        self.columns = Columns(self.universe, self.conditions, self.ports, form)
        self.programs = ProgramTable(self.ports)
        self.cells = Cells(
            self.programs,
            self.universe.taken,
            {
                end.name: end.families
                for end in self.universe.ends[self.universe.pods : self.universe.outside]
                if end.families
            },
        )
        self.policies: list[CompiledPolicy] = [
            CompiledPolicy(index, policy, self.columns) for index, policy in enumerate(cluster.policies)
        ]
        """Every policy of this relation and of the what-ifs made from it, by index."""
        self.rows = Rows(self.columns, self.policies, self.programs)
        self._selected: dict[Direction, list[list[Selected] | None]] = {
            direction: [None] * len(Tier) for direction in DIRECTIONS
        }
        self._row_of: dict[Direction, list[Row | None]] = {
            direction: [None] * self.universe.pods for direction in DIRECTIONS
        }
        self._by_namespace: dict[str | None, list[CompiledPolicy]] | None = None
        self.blind_namespaces = blind_namespaces(cluster)
        self._own = len(self.policies)
        self._has_baseline: bool | None = None
        self._indexes: dict[tuple[str, str], int] | None = None

    @property
    def has_baseline(self) -> bool:
        """Whether any policy is of the Baseline tier: isolation in one direction may then matter for the other."""
        if self._has_baseline is None:
            self._has_baseline = any(one.policy.tier is Tier.BASELINE for one in self.active())
        return self._has_baseline

    @cached_property
    def some_without_effect(self) -> bool:
        """Whether policies have no effect under the profile, on some pods or on all."""
        profile = self.profile
        if profile.partial_nodes or profile.answer(Fact.STANDALONE_PODS) is False:
            return True
        return any(profile.answer(fact) is False for fact in DECIDING) and any(
            compiled.effect(direction) is None for compiled in self.active() for direction in governs(compiled.policy)
        )

    @cached_property
    def _ordered(self) -> dict[tuple[str | None, Direction, Tier], list[CompiledPolicy]]:
        """Candidates of a namespace that govern a direction in a tier, in order of evaluation."""
        return {}

    def index_of(self, kind: str, full_name: str) -> int | None:
        """The index of a policy in force, by kind and name."""
        if self._indexes is None:
            self._indexes = {(one.policy.kind, one.policy.full_name): one.index for one in self.active()}
        return self._indexes.get((kind, full_name))

    def active(self) -> Iterable[CompiledPolicy]:
        """The policies that are in force."""
        return self.policies[: self._own]

    def selected(self, column: int, direction: Direction, tier: Tier) -> Selected:
        """The policies of a tier that select a pod class and govern a direction, in order of evaluation."""
        lists = self._selected[direction][tier]
        if lists is None:
            own = [one for one in self.active() if one.policy.tier is tier and one.governs(direction)]
            if tier is not Tier.NETWORK_POLICY:
                own.sort(key=evaluation_order)
            lists = self._selected[direction][tier] = subjects_by_class(own, direction, self.universe.pods)
        return lists[column] if lists else ()

    def candidates(self, namespace: str | None) -> list[CompiledPolicy]:
        """Policies that might select a pod of a namespace."""
        if self._by_namespace is None:
            self._by_namespace = {}
            for compiled in self.active():
                selection = compiled.policy.subject
                home = selection.namespace if selection.namespaces is None else None
                self._by_namespace.setdefault(home, []).append(compiled)
        found = list(self._by_namespace.get(None, ()))
        if namespace is not None:
            found.extend(self._by_namespace.get(namespace, ()))
        return found

    def selecting(self, end: EndClass, direction: Direction, tier: Tier) -> Selected:
        """Like ``selected``, for an end that is no column."""
        key = (end.namespace, direction, tier)
        ordered = self._ordered.get(key)
        if ordered is None:
            ordered = self._ordered[key] = sorted(
                (one for one in self.candidates(end.namespace) if one.policy.tier is tier and one.governs(direction)),
                key=evaluation_order,
            )
        found = []
        for compiled in ordered:
            condition = compiled.selects(end, direction)
            if condition is not None:
                found.append((compiled.index, condition))
        return tuple(found)

    def end_class(self, end: End) -> EndClass:
        """The class of an end."""
        return self.universe.ends[end] if isinstance(end, int) else end

    def subject_key(self, end: End, direction: Direction) -> SubjectKey:
        """What the row of a pod depends on, with the subject's ports only where its rules ask for them."""
        return self.row(end, direction).key if isinstance(end, int) else self.make_key(end, direction)

    def make_key(self, end: End, direction: Direction) -> SubjectKey:
        """The key, from the policies that select the end."""
        known = self.end_class(end)
        tier: Callable[..., Selected] = self.selected if isinstance(end, int) else self.selecting
        admin = tier(end, direction, Tier.ADMIN)
        rules = tier(end, direction, Tier.NETWORK_POLICY)
        baseline = tier(end, direction, Tier.BASELINE)
        other: bool | tuple[Condition, ...] = False
        if baseline and not (rules and self.rows.isolation(rules, direction) is True):
            opposite = OPPOSITE[direction]
            others = tier(end, opposite, Tier.NETWORK_POLICY)
            other = bool(others) and self.rows.isolation(others, opposite, direction)
        rows = self.rows
        named = direction is Direction.INGRESS and (
            rows.named_ports(rules, direction)
            or rows.named_ports(admin, direction)
            or rows.named_ports(baseline, direction)
        )
        return SubjectKey(
            direction,
            admin,
            rules,
            baseline,
            other,
            known.ports if named else (),
            known.open_ports and named,
            known.host_network and named,
        )

    def row(self, column: int, direction: Direction) -> Row:
        """The row of a pod class."""
        rows = self._row_of[direction]
        found = rows[column]
        if found is None:
            found = rows[column] = self.rows.row(self.make_key(column, direction), self.universe.ends[column])
        return found

    def complete(self) -> None:
        """Make every row."""
        for direction in DIRECTIONS:
            for column in range(self.universe.pods):
                self.row(column, direction)

    def program(self, subject: End, peer: End, direction: Direction) -> int:
        """The program of one direction. Only pods are subjects."""
        if isinstance(subject, int):
            if subject >= self.universe.pods:
                return 0
            if isinstance(peer, int):
                return self.row(subject, direction).program(peer)
        elif subject.sort != "pod":
            return 0
        key = self.subject_key(subject, direction)
        return program_for(self.rows, key, self.end_class(subject), self.end_class(peer))

    def programs_of(self, source: End, destination: End) -> tuple[int, int]:
        """(egress program, ingress program) of a pair of ends."""
        return (
            self.program(source, destination, Direction.EGRESS),
            self.program(destination, source, Direction.INGRESS),
        )

    def towards_service(self, source: End, egress: int) -> int:
        """The egress program of a pod towards an end, where the connection goes to the address of a Service before it:
        some plugins judge that address, which policies do not name."""
        fact = Fact.SERVICES_SEEN_AS_PODS
        if self.profile.answer(fact) is True or self.end_class(source).sort != "pod":
            return egress
        key = self.subject_key(source, Direction.EGRESS)
        seen = frozenset((fact_literal(fact),))
        steps: list[tuple[Condition, Action]] = []
        for _, condition in key.admin:
            steps += [(condition | seen, Action.ALLOW), (condition, Action.DENY)]
        whole = [item for item in key.network_policy if self._opens_everything(item[0], key.direction)]
        steps += [(condition, Action.ALLOW) for _, condition in whole]
        for item in (*key.network_policy, *key.baseline):
            if item not in whole:
                steps += [(item[1] | seen, Action.ALLOW), (item[1], Action.DENY)]
        if not steps:
            return egress
        state = self.rows.start(key)
        for condition, action in steps:
            state = self.programs.after(state, self.programs.step(Match(condition, action, PortTable.ALL)))
        return self.programs.ordered(state)

    def _opens_everything(self, index: int, direction: Direction) -> bool:
        """Whether a NetworkPolicy opens any address and port, whatever stands for it."""
        return any(
            rule.ports is None and any(isinstance(peer, AnyPeer) for peer in rule.peers)
            for rule in self.policies[index].policy.rules(direction) or ()
        )

    def exempt_itself(self, egress: int, ingress: int) -> tuple[int, int]:
        """The programs of a pod towards itself through a Service."""
        found = []
        for fact, number in ((Fact.HAIRPIN_EGRESS_EXEMPT, egress), (Fact.HAIRPIN_INGRESS_EXEMPT, ingress)):
            value = self.profile.answer(fact)
            if value is None:
                number = self.programs.exempted(number, frozenset((fact_literal(fact),)))
            found.append(0 if value else number)
        return found[0], found[1]

    def cell(self, source: End, destination: End, meeting: Meeting) -> Cell:
        """The bounds of a pair of ends."""
        egress, ingress = self.programs_of(source, destination)
        plain = self.cells.plain(egress, ingress)
        return plain if plain is not None else self.cells.cell(egress, ingress, meeting)

    def families(self, source: EndClass, destination: EndClass) -> tuple[tuple[int, ...], bool]:
        """``(families, known)``: those that flows between the ends may use; ``known``: each is a flow of its own."""
        left, right = own_families(source), own_families(destination)
        common = tuple(number for number in left if number in right)
        return common, len(common) < 2 or bool(source.families and destination.families)

    def opaque(self, source: EndClass, destination: EndClass) -> bool:
        """Whether a policy of a kind that is not modelled may decide flows between these ends."""
        blind = self.blind_namespaces
        if blind is None:
            return True
        return bool(blind) and any(
            end.sort == "pod" and (end.namespace is None or end.namespace in blind) for end in (source, destination)
        )

    def change(self, remove: Iterable[int], add: Sequence[NetworkPolicyRules], cluster: Cluster) -> Relation:
        """The relation after policies (by index) went and others came. Shares everything that does not change."""
        gone = frozenset(remove)
        if any(not self._understands(policy) for policy in add):
            return self.afresh(cluster)
        return ChangedRelation(self, gone, add, cluster)

    def afresh(self, cluster: Cluster) -> Relation:
        """The relation of another cluster under the same profile, with classes of its own."""
        own = self.universe
        universe = universes.build(cluster, coverage_of(self.profile), apart=own.apart, blocks=own.blocks)
        return Relation(cluster, self.profile, universe, self.form)

    def _understands(self, policy: NetworkPolicyRules) -> bool:
        """Whether the classes are fine enough for a new policy."""
        keys = self.universe.label_keys
        for selection in [policy.subject] + [
            peer.selection
            for direction in DIRECTIONS
            for rule in policy.rules(direction) or ()
            for peer in rule.peers
            if isinstance(peer, PodPeer)
        ]:
            mentioned = selection.pods.keys()
            if mentioned & self.universe.coarse_keys or (keys is not None and mentioned - keys):
                return False
        return all(
            self.columns.knows(peer.addresses)
            for direction in DIRECTIONS
            for rule in policy.rules(direction) or ()
            for peer in rule.peers
            if isinstance(peer, AddressPeer)
        )


class ChangedRelation(Relation):
    """A what-if on policies: the base, less some, plus some."""

    def __init__(
        self, base: Relation, gone: frozenset[int], add: Sequence[NetworkPolicyRules], cluster: Cluster
    ) -> None:
        self.base = base
        self.cluster = cluster
        self.profile, self.form = base.profile, base.form
        self.universe, self.ports, self.conditions = base.universe, base.ports, base.conditions
        self.columns, self.programs, self.cells = base.columns, base.programs, base.cells
        self.policies, self.rows = base.policies, base.rows
        self.blind_namespaces = base.blind_namespaces
        self._has_baseline, self._indexes = None, None
        self.gone = gone
        self.added: list[CompiledPolicy] = []
        for policy in add:
            compiled = CompiledPolicy(len(self.policies), policy, self.columns)
            self.policies.append(compiled)
            self.added.append(compiled)
        self.affected: dict[Direction, int] = {direction: self._touched(direction) for direction in DIRECTIONS}
        if base.has_baseline or any(policy.tier is Tier.BASELINE for policy in add):
            whole = self.affected[Direction.INGRESS] | self.affected[Direction.EGRESS]
            self.affected = dict.fromkeys(DIRECTIONS, whole)
        self._changed_rows: dict[tuple[int, Direction], Row] = {}

    def _touched(self, direction: Direction) -> int:
        touched = 0
        for compiled in (*(self.policies[index] for index in self.gone), *self.added):
            if compiled.governs(direction):
                for mask in compiled.subjects(direction).values():
                    touched |= mask
        return touched

    @property
    def has_baseline(self) -> bool:
        """Of the base, or of what came."""
        return self.base.has_baseline or any(one.policy.tier is Tier.BASELINE for one in self.added)

    def index_of(self, kind: str, full_name: str) -> int | None:
        """What came hides what it replaces."""
        for one in self.added:
            if (one.policy.kind, one.policy.full_name) == (kind, full_name):
                return one.index
        index = self.base.index_of(kind, full_name)
        return None if index in self.gone else index

    def active(self) -> Iterable[CompiledPolicy]:
        """The base's, less what went, plus what came."""
        return [*(one for one in self.base.active() if one.index not in self.gone), *self.added]

    def candidates(self, namespace: str | None) -> list[CompiledPolicy]:
        """The base's, less what went, plus what came."""
        found = [one for one in self.base.candidates(namespace) if one.index not in self.gone]
        for compiled in self.added:
            selection = compiled.policy.subject
            if selection.namespaces is not None or selection.namespace == namespace:
                found.append(compiled)
        return found

    def selected(self, column: int, direction: Direction, tier: Tier) -> Selected:
        """The base's, less what went, plus what came."""
        found = [item for item in self.base.selected(column, direction, tier) if item[0] not in self.gone]
        for compiled in self.added:
            if compiled.policy.tier is tier and compiled.governs(direction):
                for condition, mask in compiled.subjects(direction).items():
                    if mask >> column & 1:
                        found.append((compiled.index, condition))
        if tier is not Tier.NETWORK_POLICY:
            found.sort(key=lambda item: evaluation_order(self.policies[item[0]]))
        return tuple(found)

    def row(self, column: int, direction: Direction) -> Row:
        """The base's row where no changed policy selects the class."""
        if not self.affected[direction] >> column & 1:
            return self.base.row(column, direction)
        found = self._changed_rows.get((column, direction))
        if found is None:
            key = self.make_key(column, direction)
            found = self._changed_rows[column, direction] = self.rows.row(key, self.universe.ends[column])
        return found


def own_families(end: EndClass) -> tuple[int, ...]:
    """The families that an end has, or may have where that is not known."""
    if end.families:
        return end.families
    # Addresses are in order, those of IPv4 first.
    return tuple(sorted({family(end.space[0][0]), family(end.space[-1][1])})) if end.space else ()


def blind_namespaces(cluster: Cluster) -> frozenset[str] | None:
    """Namespaces with objects of policy kinds that are not modelled; None: such an object is cluster-scoped."""
    if any(thing.namespace is None for thing in cluster.opaque):
        return None
    return frozenset(thing.namespace for thing in cluster.opaque if thing.namespace is not None)


def evaluation_order(compiled: CompiledPolicy) -> tuple[int, str, str]:
    """Priority first; names only make the order of ties stable."""
    priority = compiled.policy.priority
    return (-1 if priority is None else priority, compiled.policy.kind, compiled.policy.full_name)
