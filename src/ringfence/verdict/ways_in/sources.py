"""Who a packet seems to come from on its way in, and what the policies say to each of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from ringfence.layers.network.ends import EndClass
from ringfence.model.cluster import Service
from ringfence.model.policy import Direction, PodPeer
from ringfence.sets import addresses as ip
from ringfence.sets.addresses import Intervals
from ringfence.sets.labels import Selector
from ringfence.sets.ports import PROTOCOLS, describe
from ringfence.sets.ports import Intervals as Ports
from ringfence.sets.requests.formulas import Formula
from ringfence.values import Value, replace
from ringfence.verdict.answers import Answer, Reason, Verdict
from ringfence.verdict.asking import Asker
from ringfence.verdict.ends import Member, Target
from ringfence.verdict.flow import Asked, Flow
from ringfence.verdict.meshed.asking import MeshedAsker
from ringfence.verdict.meshed.request import Among
from ringfence.verdict.node_sources import device_space, devices, translation, unsure
from ringfence.verdict.ways_in.values import Hop

AFTER_BALANCER = Reason(
    "source-address",
    "whether the pod sees the address of the client, of a node or of the load balancer hangs on the load balancer",
    "the load balancer's own documentation",
)
CONTROLLER_OPEN = Reason(
    "ingress-controller",
    "the ingress controller is not in the input: some pods would get through, others not",
    "--ingress-controller NS/SELECTOR",
)


NO_CLIENT = Reason("no-client", "its load balancer takes no client of the internet")
NO_FAMILY = Reason("no-family", "who comes this way and what it leads to have no address family in common")


Front = tuple[Service | None, int]
FEW = 4
"""Members of a source that are asked one by one; more are grouped first."""


class Source(Value):
    """Whom a packet may come from at a hop. ``elsewhere``: a node other than the one that the pod is on.
    ``admission``: what it may send is its own affair; only the destination's side is asked."""

    target: Target
    elsewhere: bool = False
    admission: bool = False


class Sources:
    """The sources of one world."""

    def __init__(self, asker: Asker, meshed: MeshedAsker | None = None) -> None:
        """``meshed``: all layers are asked, else the network alone."""
        self.asker = asker
        self.meshed = meshed
        self.directory = asker.directory
        self.universe = asker.relation.universe
        self._by_column: dict[int, tuple[Target, dict[int, Member] | None]] = {}
        self._clients: dict[Intervals | None, Source] = {}
        self._after_node: dict[tuple[bool, Intervals | None], tuple[tuple[Source, ...], Reason]] = {}
        self._last: tuple[object, dict[Source, Answer | None]] = (None, {})
        self.profile = asker.relation.profile

    def client(self, ranges: Intervals | None = None) -> Source:
        """Addresses of the internet, of those that a load balancer takes. Empty where it takes none of them."""
        found = self._clients.get(ranges)
        if found is None:
            found = self._clients[ranges] = Source(self._client(ranges))
        return found

    def after_node(self, local: bool, ranges: Intervals | None = None) -> tuple[tuple[Source, ...], Reason]:
        """Whom a client's packet may seem to come from after a node has handed it on, and why that is not known where
        they differ. ``local``: externalTrafficPolicy Local. The profile answers it, or leaves it open."""
        key = (local, ranges)
        found = self._after_node.get(key)
        if found is None:
            found = self._after_node[key] = tuple(self._nodes_and_client(local, ranges)), unsure(self.profile, local)
        return found

    def _nodes_and_client(self, local: bool, ranges: Intervals | None) -> Iterator[Source]:
        near = translation(self.profile, local, own=True)
        far = near if local else translation(self.profile, local, own=False)
        if near.keeps or far.keeps:
            yield self.client(ranges)
        if near.stated or far.stated:
            yield replace(self.nodes, elsewhere=not near.stated)
        if near.device or far.device:
            yield self.device

    def _client(self, ranges: Intervals | None) -> Target:
        everyone = self.directory.find("internet")
        if ranges is None:
            return everyone
        space = ip.intersect(everyone.outside, ranges)
        text = f"clients in {ip.describe(space)}" if space else "no client of the internet"
        # A machine of a mesh comes over a load balancer like anybody.
        members = (replace(one, machine=None) for one in self.directory.outside_members(space))
        return Target(text, tuple(members), outside=space)

    @cached_property
    def nodes(self) -> Source:
        """Every node, by the addresses that it states; one that the input lacks where it has none."""
        members = [Member(column, f"node/{name}", node=name) for name, column in self.universe.nodes.items()]
        if not members:
            for line in (ip.EVERY_IPV4, ip.EVERY_IPV6):
                space = ip.intersect(self.universe.node_space, line)
                if space:
                    families = (ip.family(space[0][0]),)
                    members.append(Member(EndClass("node", space=space, families=families), "a node"))
        return Source(Target("a node", tuple(members), outside=() if self.universe.nodes else self.universe.node_space))

    @cached_property
    def device(self) -> Source:
        """An address of a node that its object does not state: of a tunnel, a bridge or a router."""
        target = Target("a node", devices(self.universe), outside=device_space(self.universe))
        return Source(target, elsewhere=True)

    @cached_property
    def anywhere(self) -> Source:
        """Any address outside the cluster, as a load balancer may have."""
        return Source(replace(self.directory.everywhere(), text="a load balancer outside", outside=ip.EVERY_ADDRESS))

    @cached_property
    def some_pod(self) -> Target:
        """A pod that is not in the input: any labels, any namespace. What it may send is its own affair."""
        homes: list[str | None] = [*self.directory.cluster.namespaces, None]
        ends = tuple(
            EndClass("pod", home, any_label=True, open_ports=True, space=self.universe.pod_space) for home in homes
        )
        return Target("an ingress controller", (Member(ends[0], "an ingress controller", alternatives=ends),))

    def hop(
        self,
        sources: Sequence[Source],
        destination: Target,
        ports: Ports,
        unsure: Reason,
        among: Among | None = None,
        front: Front = (None, 0),
    ) -> Hop:
        """One step from any of these sources; which one it is is not known, where there are several. ``among``: the
        requests that are sent (None: any). ``front``: the Service that is called, and its port."""
        answers: list[Answer] = []
        for source in sources:
            if source.target.members:
                answer = self._ask(source, destination, ports, among, front)
                answers += [answer] if answer is not None else []
        port = describe(ports)
        text = " or ".join(dict.fromkeys(source.target.text for source in sources))
        if not answers:
            reason = NO_FAMILY if any(source.target.members for source in sources) else NO_CLIENT
            return Hop(text, destination.text, port, Verdict.DENIED, reason, ())
        verdict, reason = _folded(answers, unsure)
        decided = tuple(dict.fromkeys(decision for answer in answers for decision in answer.decided_by))
        hop = Hop(text, destination.text, port, verdict, reason, decided, tuple(answers))
        return hop if self.meshed is None else _with_layers(hop)

    def _ask(
        self, source: Source, destination: Target, ports: Ports, among: Among | None, front: Front
    ) -> Answer | None:
        """The answer for one source; None where it cannot be: no address family in common, no other node. Those of the
        last destination are kept: a Service has several doors."""
        key = (id(destination), ports, among, front)
        if self._last[0] != key:
            # The key names the destination by its identity: its own answers keep it alive.
            self._last = (key, {})
            self._kept = destination
        known = self._last[1]
        if source not in known:
            known[source] = self._asked(source, destination, ports, among, front)
        return known[source]

    def _asked(
        self, source: Source, destination: Target, ports: Ports, among: Among | None, front: Front
    ) -> Answer | None:
        alike = self._some_homes(destination) if source.admission else self._alike(source.target, destination)
        flows = self.asker.flows.towards(alike, destination, ports, source.admission)
        if destination.service is not None:
            flows = list(self.asker.flows.services.served(destination.service, flows))
        flows = [flow for flow in flows if flow.closed != "address"]
        if source.elsewhere:
            flows = [moved for flow in flows if (moved := self._from_elsewhere(flow)) is not None]
        if not flows:
            return None
        if self.meshed is None or source.admission:
            return self.asker.whole(source.target, destination, _question(ports), flows)
        return self.meshed.about(flows, source.target, destination, _question(ports), front, among)

    def _from_elsewhere(self, flow: Flow) -> Flow | None:
        """The flow from a node, where that is not the pod's own; None where it can be no other."""
        node, pods = flow.source.node, self.directory.cluster.pods
        own = bool(node) and all(pods[index].node == node for index in flow.destination.pods)
        if flow.meeting.same_node is True or (own and flow.destination.pods):
            return None
        if flow.meeting.same_node is False or flow.closed or flow.mystery or flow.opaque:
            return flow
        meeting = replace(flow.meeting, same_node=False)
        return replace(flow, meeting=meeting, cell=self.asker.relation.cells.cell(*flow.programs, meeting))

    def _some_homes(self, destination: Target) -> Target:
        """``some_pod`` with one home for all namespaces that the destination's policies cannot tell apart."""
        relation = self.asker.relation
        rules: set[int] = set()
        own: set[str | None] = {None, *(relation.blind_namespaces or ())}
        for member in destination.members:
            if not isinstance(member.end, int) or member.alternatives:
                return self.some_pod
            if member.end < self.universe.pods:
                own.add(self.universe.ends[member.end].namespace)
                key = relation.row(member.end, Direction.INGRESS).key
                rules.update(index for tier in (key.admin, key.network_policy, key.baseline) for index, _ in tier)
        selectors: dict[Selector, None] = {}
        for index in rules:
            for rule in relation.policies[index].policy.rules(Direction.INGRESS) or ():
                for peer in rule.peers:
                    if isinstance(peer, PodPeer) and peer.selection.namespaces is not None:
                        selectors[peer.selection.namespaces] = None
                    elif isinstance(peer, PodPeer):
                        own.add(peer.selection.namespace)
        found: dict[object, EndClass] = {}
        for end in self.some_pod.members[0].alternatives:
            assert isinstance(end, EndClass)
            home = end.namespace
            seen = tuple(relation.conditions.namespace(selector, home, "src") for selector in selectors)
            found.setdefault(home if home in own else (seen,), end)
        ends = tuple(found.values())
        return replace(self.some_pod, members=(replace(self.some_pod.members[0], end=ends[0], alternatives=ends),))

    def _alike(self, source: Target, destination: Target) -> Target:
        """The source with one member for all nodes, or all addresses, between which the destination's policies, those
        of a mesh and places make no difference: a cluster may have thousands of them, and most ways meet all."""
        if len(source.members) < FEW:
            return source
        columns = self._columns(source)
        ends = [(member.end, member) for member in destination.members]
        if columns is None or not all(isinstance(end, int) for end, _ in ends):
            return source
        relation = self.asker.relation
        groups = [sum(1 << column for column in columns)]
        masks = [*self._families, *self._told_apart]
        for end, member in ends:
            assert isinstance(end, int)
            if end < self.universe.pods:
                masks += [mask for mask, _ in relation.row(end, Direction.INGRESS).parts]
            masks.append(self._hosts(member))
        for mask in masks:
            groups = [part for group in groups for part in (group & mask, group & ~mask) if part]
        members = []
        for group in groups:
            first = columns[(group & -group).bit_length() - 1]
            others = group.bit_count() - 1
            members.append(replace(first, name=f"{first.name} and {others} more") if others else first)
        return replace(source, members=tuple(members))

    def _columns(self, source: Target) -> dict[int, Member] | None:
        """The members of a target by column; None where one is no column."""
        known = self._by_column.get(id(source))
        if known is None:
            found = {member.end: member for member in source.members if isinstance(member.end, int)}
            whole = len(found) == len(source.members)
            known = self._by_column[id(source)] = (source, found if whole else None)
        return known[1]

    def _hosts(self, member: Member) -> int:
        """The nodes that pods of a member run on, as columns."""
        pods = self.directory.cluster.pods
        names = {pods[index].node for index in member.pods}
        return sum(1 << column for name in names if name and (column := self.universe.nodes.get(name)) is not None)

    @cached_property
    def _told_apart(self) -> tuple[int, ...]:
        """The columns of nodes and addresses outside that are one to the rules of a mesh."""
        mesh = None if self.meshed is None else self.meshed.mesh
        blocks = () if mesh is None else mesh.address_blocks
        found: dict[tuple[bool, ...], int] = {}
        for column in range(self.universe.pods, len(self.universe.ends)) if blocks else ():
            end = self.universe.ends[column]
            space = end.space or tuple((number, number) for number in sorted(end.addresses))
            inside = tuple(bool(ip.intersect(block, space)) for block in blocks)
            found[inside] = found.get(inside, 0) | 1 << column
        return tuple(found.values())

    @cached_property
    def _families(self) -> tuple[int, ...]:
        """The columns of each set of address families."""
        found: dict[int, int] = {}
        for column in range(self.universe.pods, len(self.universe.ends)):
            bits = self.universe.family_bits[column]
            found[bits] = found.get(bits, 0) | 1 << column
        return tuple(found.values())


def _folded(answers: Sequence[Answer], unsure: Reason) -> tuple[Verdict, Reason]:
    if len(answers) == 1:
        only = answers[0]
        if only.reason.code == "unknown-end":
            return only.verdict, unsure
        return only.verdict, only.reason
    verdicts = {answer.verdict for answer in answers}
    if len(verdicts) == 1 and verdicts <= {Verdict.ALLOWED, Verdict.DENIED}:
        return answers[0].verdict, answers[0].reason
    if verdicts == {Verdict.MIXED} and _passing(answers) is not None and not any(map(_refuses_clients, answers)):
        return answers[0].verdict, answers[0].reason
    if not verdicts & {Verdict.ALLOWED, Verdict.MIXED}:
        open_one = next(answer for answer in answers if answer.verdict is Verdict.UNKNOWN)
        return Verdict.UNKNOWN, open_one.reason
    return Verdict.UNKNOWN, unsure


def _refuses_clients(answer: Answer) -> bool:
    """Whether some who ask get nowhere, whatever they send."""
    return any(part.verdict is not Verdict.MIXED for part in answer.parts)


def _passing(answers: Sequence[Answer]) -> Formula | None:
    """The requests that pass, the same for whoever gets through; None: they differ, or are not exactly known."""
    found = {
        part.layered.passing if part.layered is not None else None
        for answer in answers
        for part in answer.parts
        if part.verdict is not Verdict.DENIED
    }
    return found.pop() if len(found) == 1 else None


def _with_layers(hop: Hop) -> Hop:
    """What a mesh says of a hop, where that is the same for everybody who gets through."""
    told = [
        part.layered
        for answer in hop.answers
        for part in answer.parts
        if part.layered is not None and (part.verdict is not Verdict.DENIED or hop.verdict is Verdict.DENIED)
    ]
    identities, words = {one.identity for one in told}, {one.encryption for one in told}
    return replace(
        hop,
        identity=identities.pop() if len(identities) == 1 else None,
        encryption=words.pop() if len(words) == 1 else "unknown" if words else "",
        passing=_passing(hop.answers),
    )


def _question(ports: Ports) -> Asked:
    first, last = ports[0]
    if len(ports) == 1 and first == last:
        return Asked(first & 0xFFFF, PROTOCOLS[first >> 16], first)
    return Asked(None, None)


def merged(targets: Iterable[Member]) -> Iterator[Member]:
    """Members without those that stand there twice."""
    seen: set[tuple[object, tuple[int, ...]]] = set()
    for member in targets:
        key = (member.end if isinstance(member.end, int) else id(member.end), member.pods)
        if key not in seen:
            seen.add(key)
            yield member
