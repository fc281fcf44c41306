"""By which objects a flow changed: the smallest choice of the changes that gives the verdict of the state after.

Only objects that differ between the states and that can matter to an end are looked at: policies that select it, its
namespace, its pod, its node. Of these, one after the other is left out as long as the flow still gets its new verdict;
what remains is the cause. So a policy that only changed its text is never one, nor one whose change another policy
covers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from itertools import product

from ringfence.layers.network.cells import FAMILY_KINDS, Meeting
from ringfence.layers.network.columns import columns_of
from ringfence.layers.network.conditions import Conditions
from ringfence.layers.network.ends import EndClass, node_end
from ringfence.layers.network.mixture import Mixture
from ringfence.layers.network.policies import CompiledPolicy, rule_masks
from ringfence.layers.network.relation import DIRECTIONS, Relation
from ringfence.layers.network.universe import Universe, coverage_of, pod_end
from ringfence.model.cluster import Namespace, Pod
from ringfence.model.policy import AddressPeer, Direction, NetworkPolicyRules, PodPeer, Rule, Tier
from ringfence.sets.addresses import family
from ringfence.sets.ports import EVERYTHING, Intervals, canonical, contains_key, intersect, subtract
from ringfence.values import Value, replace
from ringfence.verdict.altered import (
    Altered,
    PolicyChange,
    altered_namespace,
    altered_node,
    altered_node_ports,
    altered_pod,
    selector_keys,
)
from ringfence.verdict.answers import Verdict
from ringfence.verdict.behaviours import Bounds, folded_bounds
from ringfence.verdict.comparing import Comparison, Focus
from ringfence.verdict.grid import node_ports
from ringfence.verdict.pairing import NOWHERE, Kind, Pair, mask_of
from ringfence.verdict.places import answers

Ids = frozenset[int]
NOBODY: Ids = frozenset()


class FlowEnd(Value):
    """One end of one flow: its kind and, for a pod, which one (indexes before and after)."""

    kind: int
    pods: Pair = (NOWHERE, NOWHERE)


class Seen:
    """What of the ends changed that selectors and CIDRs see. ``whole``: kinds of which more changed than that."""

    def __init__(self) -> None:
        self.pod_keys: set[str] = set()
        self.namespace_keys: set[str] = set()
        self.any_namespace = False
        self.addresses = False
        self.whole: list[int] = []

    def of_namespace(self, old: Namespace, new: Namespace) -> None:
        """A namespace whose labels differ."""
        self.any_namespace = self.any_namespace or old.open_labels or new.open_labels
        self.namespace_keys |= {key for key in {*old.labels, *new.labels} if old.labels.get(key) != new.labels.get(key)}

    def of_pod(self, old: Pod, new: Pod, keys: frozenset[str], elsewhere: bool) -> bool:
        """A pod that differs; False where not only its labels or its address do."""
        self.pod_keys |= {key for key in keys if old.labels.get(key) != new.labels.get(key)}
        self.pod_keys |= set(old.open_labels) ^ set(new.open_labels)
        self.addresses = self.addresses or elsewhere
        return (
            old.namespace == new.namespace
            and old.ports == new.ports
            and not old.host_network
            and not new.host_network
            and [family(address) for address in old.addresses] == [family(address) for address in new.addresses]
        )

    def named_by(self, rules: Iterable[Rule]) -> bool:
        """Whether a peer of a rule may see the difference."""
        for rule in rules:
            for peer in rule.peers:
                if isinstance(peer, AddressPeer):
                    if self.addresses:
                        return True
                elif isinstance(peer, PodPeer):
                    selection = peer.selection
                    if not self.pod_keys.isdisjoint(selection.pods.keys()):
                        return True
                    spaces = selection.namespaces
                    if spaces is not None and (
                        (self.any_namespace and spaces.requirements)
                        or not self.namespace_keys.isdisjoint(spaces.keys())
                    ):
                        return True
        return False


class Attribution:
    """Finds the causes of changes between two relations. ``changes`` are all that differs, by id."""

    def __init__(
        self, comparison: Comparison, policies: Iterable[PolicyChange], opaque: Iterable[Altered] = ()
    ) -> None:
        self.comparison = comparison
        self.before: Relation = comparison.before.relation
        self.after: Relation = comparison.after.relation
        self.policies: dict[int, PolicyChange] = {}
        self.changes: list[Altered] = []
        for policy in policies:
            self.policies[self._add(policy.altered)] = policy
        self.ends: dict[int, tuple[int, ...]] = {}
        """Kind → changes of the end itself: its namespace, its pod, its node."""
        self._moved: set[int] = set()
        self._namespaces: dict[str, int] = {}
        self._nodes: dict[str, int] = {}
        self._selecting: dict[Direction, dict[int, tuple[int, ...]]] = {direction: {} for direction in DIRECTIONS}
        self._touched: dict[Direction, int] = dict.fromkeys(DIRECTIONS, 0)
        self._compiled: dict[int, tuple[CompiledPolicy | None, CompiledPolicy | None]] = {}
        self._conditions: dict[Ids, Conditions] = {}
        self._baseline = self.before.has_baseline or self.after.has_baseline
        self._seen = Seen()
        self._find_selecting()
        self._find_ends()
        self.node_ports = {self._add(one): one for one in altered_node_ports(self.before.cluster, self.after.cluster)}
        self.opaque = {self._add(one): one for one in opaque}

    def _add(self, altered: Altered) -> int:
        self.changes.append(altered)
        return len(self.changes) - 1

    def _find_selecting(self) -> None:
        sides = (self.comparison.before, self.comparison.after)
        found: dict[Direction, dict[int, list[int]]] = {direction: {} for direction in DIRECTIONS}
        for number, change in self.policies.items():
            compiled = tuple(
                None if policy is None else _compiled(side.relation, policy)
                for side, policy in zip(sides, (change.before, change.after), strict=True)
            )
            self._compiled[number] = (compiled[0], compiled[1])
            for direction in DIRECTIONS:
                mask = 0
                for side, one in zip(sides, compiled, strict=True):
                    if one is not None and one.governs(direction):
                        for columns in one.subjects(direction).values():
                            mask |= side.translate(columns)
                self._touched[direction] |= mask
                for kind in columns_of(mask):
                    found[direction].setdefault(kind, []).append(number)
        for direction in DIRECTIONS:
            self._selecting[direction] = {kind: tuple(ids) for kind, ids in found[direction].items()}

    def _find_ends(self) -> None:
        before, after = self.before, self.after
        old_keys = selector_keys(before.cluster.policies)
        new_keys = selector_keys(change.after for change in self.policies.values() if change.after is not None)
        pod_keys, namespace_keys = old_keys[0] | new_keys[0], old_keys[1] | new_keys[1]
        old_spaces, new_spaces = before.cluster.namespaces, after.cluster.namespaces
        for name in sorted({*old_spaces, *new_spaces}):
            altered = altered_namespace(old_spaces.get(name), new_spaces.get(name), namespace_keys)
            if altered is not None:
                self._namespaces[name] = self._add(altered)
                self._seen.of_namespace(old_spaces[name], new_spaces[name])
        for name, node in before.cluster.nodes.items():
            changed = altered_node(node, after.cluster.nodes.get(name))
            if changed is not None:
                self._nodes[name] = self._add(changed)
        for number, kind in enumerate(self.comparison.kinds):
            if kind.common and kind.before < before.universe.outside:
                ids = tuple(self._of_end(number, kind, pod_keys))
                if ids:
                    self.ends[number] = ids

    def _of_end(self, number: int, kind: Kind, keys: frozenset[str]) -> Iterator[int]:
        if not kind.pairs:
            name = self.before.universe.ends[kind.before].name
            if name in self._nodes:
                self._seen.whole.append(number)
                yield self._nodes[name]
            return
        first, second = kind.pairs[0]
        old, new = self.before.cluster.pods[first], self.after.cluster.pods[second]
        if self._namespaces and new.namespace in self._namespaces:
            yield self._namespaces[new.namespace]
        if old is new:
            return
        if old.node is not None and old.node in self._nodes and (old.host_network or new.host_network):
            self._seen.whole.append(number)
            yield self._nodes[old.node]
        ends = self.before.universe.ends[kind.before], self.after.universe.ends[kind.after]
        enforced = [(end.where, end.standalone) for end in ends]
        if (
            old.labels is new.labels
            and old.ports is new.ports
            and old.addresses == new.addresses
            and enforced[0] == enforced[1]
        ):
            return
        elsewhere = self._address(old) != self._address(new)
        altered = altered_pod(old, new, keys, elsewhere, enforced[0] != enforced[1])
        if altered is not None:
            if not self._seen.of_pod(old, new, keys, elsewhere) or enforced[0] != enforced[1]:
                self._seen.whole.append(number)
            yield self._add(altered)

    def _address(self, pod: Pod) -> object:
        """In which CIDRs of either state the addresses of a pod are."""
        universes: tuple[Universe, ...] = (self.before.universe, self.after.universe)
        return (
            tuple(tuple(universe.atoms.of(address) for universe in universes) for address in pod.addresses) or "unknown"
        )

    def of_kind(self, kind: int, direction: Direction) -> tuple[int, ...]:
        """The changes that can matter to an end: as a source (egress) or as a destination (ingress)."""
        directions = DIRECTIONS if self._baseline else (direction,)
        found = self.ends.get(kind, ())
        for one in directions:
            found += self._selecting[one].get(kind, ())
        return found

    def touched(self, direction: Direction) -> int:
        """Kinds to which some change of a policy can matter."""
        if self._baseline:
            return self._touched[Direction.INGRESS] | self._touched[Direction.EGRESS]
        return self._touched[direction]

    @cached_property
    def trusting(self) -> bool:
        """Whether nothing but policies and ends differs: what open facts hang on, Services at the nodes' ports and
        policies that are not modelled are the same. Then a flow can only differ by the changes of its ends and of the
        policies that select them, and the only one of these is its cause."""
        sides = self.comparison.before, self.comparison.after
        before, after = self.before.universe, self.after.universe
        homeless = any(
            end.host_network and end.node is None
            for universe in (before, after)
            for end in universe.ends[: universe.pods]
        )
        return (
            sides[0].reader.circumstances == sides[1].reader.circumstances
            and not self.node_ports
            and not self.opaque
            and not self.before.profile.partial_nodes
            and before.pod_space == after.pod_space
            and before.node_space == after.node_space
            and not (homeless and (self._nodes or before.nodes.keys() != after.nodes.keys()))
        )

    def focus(self) -> Focus | None:
        """The ends to which any change can matter; None: all of them."""
        if not self.trusting:
            return None
        ends = mask_of(sorted(self._seen.whole))
        naming = dict.fromkeys(DIRECTIONS, 0)
        relabelled = mask_of(sorted(self.ends)) & ~ends
        if relabelled:
            changed = {(one.altered.kind, one.altered.namespace, one.altered.name) for one in self.policies.values()}
            for compiled in self.before.active():
                policy = compiled.policy
                if (policy.kind, policy.namespace, policy.name) in changed:
                    continue
                for direction in DIRECTIONS:
                    if self._seen.named_by(policy.rules(direction) or ()):
                        naming[direction] |= self._subjects(compiled, direction)
        return Focus(
            ends,
            relabelled,
            self.touched(Direction.INGRESS),
            self.touched(Direction.EGRESS),
            naming[Direction.INGRESS],
            naming[Direction.EGRESS],
        )

    def _subjects(self, compiled: CompiledPolicy, direction: Direction) -> int:
        """The kinds that a policy of both states selects in either."""
        index = self.after.index_of(compiled.policy.kind, compiled.policy.full_name)
        mask = 0
        for columns in compiled.subjects(direction).values():
            mask |= self.comparison.before.translate(columns)
        if index is not None:
            for columns in self.after.policies[index].subjects(direction).values():
                mask |= self.comparison.after.translate(columns)
        return mask

    def groups(self, mask: int) -> dict[tuple[int, ...], int]:
        """Source kinds by the changes that can matter to them."""
        special = mask & self.touched(Direction.EGRESS)
        for kind in self.ends:
            special |= mask & 1 << kind
        found: dict[tuple[int, ...], int] = {}
        if mask ^ special:
            found[()] = mask ^ special
        for kind in columns_of(special):
            ids = self.of_kind(kind, Direction.EGRESS)
            found[ids] = found.get(ids, 0) | 1 << kind
        return found

    def pieces(self, mask: int, destination: int, ids: Ids) -> Iterator[int]:
        """The sources of a change, cut so that the rules of the changed policies treat those of a piece alike."""
        parts = [mask]
        for number in ids:
            for side, compiled in zip(
                (self.comparison.before, self.comparison.after), self._compiled.get(number, (None, None)), strict=True
            ):
                if compiled is not None:
                    for hit in _sources(side.relation, compiled, side.columns[destination]):
                        columns = side.translate(hit)
                        parts = [piece for part in parts for piece in (part & columns, part & ~columns) if piece]
        yield from parts

    def causes(
        self,
        source: FlowEnd,
        destination: FlowEnd,
        ids: Iterable[int],
        ports: Intervals,
        family: int | None,
        wanted: Verdict,
    ) -> Iterator[tuple[Intervals, Ids, bool]]:
        """``(ports, the changes, whether they alone give the new verdict)`` of one flow; each port once."""
        every = list(dict.fromkeys(ids))
        trial = Trial(self, source, destination, family, every)
        while ports:
            port = ports[0][0]
            alike = ports

            def reached(chosen: Iterable[int], port: int = port) -> bool:
                nonlocal alike
                own = trial.ports(frozenset(chosen), wanted)
                hit = contains_key(own, port)
                alike = intersect(alike, own) if hit else subtract(alike, own)
                return hit

            chosen = every
            explained = reached(chosen)
            if explained and len(chosen) > 1:
                for number in sorted(chosen, key=self._telling, reverse=True):
                    fewer = [one for one in chosen if one != number]
                    if reached(fewer):
                        chosen = fewer
            yield alike, frozenset(chosen), explained
            ports = subtract(ports, alike)

    def _telling(self, number: int) -> tuple[bool, int]:
        """Policies are kept before labels, where either would do."""
        return number not in self.policies, number

    def conditions(self, chosen: Ids) -> Conditions:
        """The namespaces and nodes of the state before, with the chosen changes."""
        own = frozenset(chosen & {*self._namespaces.values(), *self._nodes.values()})
        if not own:
            return self.before.conditions
        found = self._conditions.get(own)
        if found is None:
            base, after = self.before.cluster, self.after.cluster
            namespaces = dict(base.namespaces)
            namespaces.update({name: after.namespaces[name] for name, one in self._namespaces.items() if one in own})
            nodes = dict(base.nodes)
            nodes.update({name: after.nodes[name] for name, one in self._nodes.items() if one in own})
            universe = self.before.universe
            found = self._conditions[own] = Conditions(
                self.before.profile, namespaces, nodes, universe.taken, base.assume_no_labels, universe.node_space
            )
        return found


class Trial:
    """One flow under choices of the changes."""

    def __init__(
        self,
        attribution: Attribution,
        source: FlowEnd,
        destination: FlowEnd,
        family: int | None,
        ids: Iterable[int],
    ) -> None:
        """``ids``: all changes that may be chosen."""
        self.attribution = attribution
        self.source, self.destination = source, destination
        self.family = family
        self.before, self.after = attribution.before, attribution.after
        self._known: dict[Ids, dict[Verdict, Intervals]] = {}
        self._base = self._policies_before(frozenset(ids))

    def ports(self, chosen: Ids, verdict: Verdict) -> Intervals:
        """The ports that have a verdict in the state before with these changes."""
        found = self._known.get(chosen)
        if found is None:
            found = self._known[chosen] = self._by_verdict(chosen)
        return found.get(verdict, ())

    def _by_verdict(self, chosen: Ids) -> dict[Verdict, Intervals]:
        left, right = self._end(self.source, chosen), self._end(self.destination, chosen)
        if self._opaque(chosen, left, right):
            return {Verdict.UNKNOWN: EVERYTHING}
        mixture = Mixture(self.before, self._policies(chosen), self.attribution.conditions(chosen))
        families, known = mixture.families(left, right)
        if not families:
            return {Verdict.DENIED: EVERYTHING}
        egress, ingress = mixture.programs_of(left, right)
        needs = mixture.cells.needs(egress, ingress)
        same = left.sort == right.sort == "pod" and left.namespace == right.namespace
        by_family = [(number,) for number in families] if known and needs & FAMILY_KINDS else [families]
        if self.family is not None and len(by_family) > 1:
            by_family = [group for group in by_family if self.family in group] or by_family
        places = self._places(chosen, "node" in needs) if "same-node" in needs else (None,)
        handed_on: Intervals = ()
        if right.sort == "node" or right.host_network:
            handed_on = node_ports(self._chosen_relation(chosen, self.attribution.node_ports).cluster)
        intervals = mixture.ports.intervals
        each: list[Bounds] = []
        for group in by_family:
            for place in places:
                cell = mixture.bounds(egress, ingress, Meeting(group, same, place))
                sure = subtract(intervals(cell.sure), handed_on)
                each.append(Bounds(sure, subtract(canonical(intervals(cell.possible) + handed_on), sure)))
        return folded_bounds(each).by_verdict()

    def _chosen_relation(self, chosen: Ids, changes: Mapping[int, Altered]) -> Relation:
        return self.after if chosen & changes.keys() else self.before

    def _end(self, end: FlowEnd, chosen: Ids) -> EndClass:
        kind = self.attribution.comparison.kinds[end.kind]
        relation = self._version(end, chosen)
        universe = relation.universe
        column = kind.before if relation is self.before else kind.after
        if not kind.pairs:
            known = universe.ends[column]
            if known.sort == "node":
                names = self.attribution.conditions(chosen).nodes
                return node_end(names[known.name], universe.node_space)
            # The refinement may be finer than the classes of either state: a piece of an atom is like the whole.
            return known if not kind.space else replace(known, space=kind.space)
        pod = relation.cluster.pods[end.pods[0] if relation is self.before else end.pods[1]]
        space = universe.node_space if pod.host_network else universe.pod_space
        return pod_end(pod, pod.labels, space, coverage_of(relation.profile))

    def _version(self, end: FlowEnd, chosen: Ids) -> Relation:
        """The state whose pod is meant: that after, where the change of the pod itself is chosen."""
        own = self.attribution.ends.get(end.kind, ())
        named = {*self.attribution._namespaces.values(), *self.attribution._nodes.values()}
        return self.after if any(number in chosen and number not in named for number in own) else self.before

    def _policies_before(self, ids: Ids) -> list[NetworkPolicyRules]:
        """The policies of the state before that select either end, or might after changes of the ends themselves."""
        found: dict[int, NetworkPolicyRules] = {}
        for end in (self.source, self.destination):
            if ids & set(self.attribution.ends.get(end.kind, ())):
                homes = {
                    relation.cluster.pods[index].namespace
                    for relation, index in zip((self.before, self.after), end.pods, strict=True)
                    if index >= 0
                }
                for home in sorted(homes):
                    found.update((one.index, one.policy) for one in self.before.candidates(home))
                continue
            column = self.attribution.comparison.kinds[end.kind].before
            if column < self.before.universe.pods:
                for direction, tier in product(DIRECTIONS, Tier):
                    for index, _ in self.before.selected(column, direction, tier):
                        found[index] = self.before.policies[index].policy
        return [found[index] for index in sorted(found)]

    def _policies(self, chosen: Ids) -> list[NetworkPolicyRules]:
        changes = [self.attribution.policies[number] for number in sorted(chosen & self.attribution.policies.keys())]
        replaced = {(one.altered.kind, one.altered.namespace, one.altered.name) for one in changes}
        found = [one for one in self._base if (one.kind, one.namespace, one.name) not in replaced]
        found.extend(one.after for one in changes if one.after is not None)
        return found

    def _places(self, chosen: Ids, linked: bool) -> tuple[str | bool | None, ...]:
        nodes = [self._node(end, chosen) for end in (self.source, self.destination)]
        return answers([nodes[0]], [nodes[1]], linked)

    def _node(self, end: FlowEnd, chosen: Ids) -> str | None:
        kind = self.attribution.comparison.kinds[end.kind]
        if not kind.pairs:
            known = self.before.universe.ends[kind.before]
            return known.name if known.sort == "node" else None
        relation = self._version(end, chosen)
        return relation.cluster.pods[end.pods[0] if relation is self.before else end.pods[1]].node

    def _opaque(self, chosen: Ids, left: EndClass, right: EndClass) -> bool:
        return self._chosen_relation(chosen, self.attribution.opaque).opaque(left, right)


def _compiled(relation: Relation, policy: NetworkPolicyRules) -> CompiledPolicy:
    index = relation.index_of(policy.kind, policy.full_name)
    return relation.policies[index] if index is not None else CompiledPolicy(-1, policy, relation.columns)


def _sources(relation: Relation, compiled: CompiledPolicy, destination: int) -> Iterator[int]:
    """The sources of each rule that may speak of flows to a destination."""
    if destination < relation.universe.pods and compiled.governs(Direction.INGRESS):
        end = relation.universe.ends[destination]
        for rule in compiled.rules(Direction.INGRESS):
            for _, hit, _ in rule_masks(rule, end, relation.conditions, relation.ports, compiled.admin):
                yield hit


__all__ = ["NOBODY", "Attribution", "FlowEnd", "Ids", "Trial"]
