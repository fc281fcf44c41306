"""Who a packet seems to come from on its way in, and what the policies say to each of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from ringfence.layers.network.ends import EndClass
from ringfence.model.policy import Direction
from ringfence.sets import addresses as ip
from ringfence.sets.addresses import Intervals
from ringfence.sets.ports import PROTOCOLS, describe
from ringfence.sets.ports import Intervals as Ports
from ringfence.values import replace
from ringfence.verdict.answers import Answer, Reason, Verdict
from ringfence.verdict.asking import Asker
from ringfence.verdict.ends import Member, Target
from ringfence.verdict.flow import Asked, Flow
from ringfence.verdict.ways_in.values import Hop

AFTER_NODE = Reason(
    "source-address",
    "whether the pod sees the client's address or that of a node is up to the network plugin and to where the packet"
    " comes in",
    "externalTrafficPolicy: Local keeps the client's",
)
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


FEW = 4
"""Members of a source that are asked one by one; more are grouped first."""


class Sources:
    """The sources of one world."""

    def __init__(self, asker: Asker) -> None:
        self.asker = asker
        self.directory = asker.directory
        self.universe = asker.relation.universe
        self._by_column: dict[int, tuple[Target, dict[int, Member] | None]] = {}
        self._clients: dict[Intervals | None, Target] = {}

    def client(self, ranges: Intervals | None) -> Target:
        """Addresses of the internet, of those that a load balancer takes. Empty where it takes none of them."""
        found = self._clients.get(ranges)
        if found is None:
            found = self._clients[ranges] = self._client(ranges)
        return found

    def _client(self, ranges: Intervals | None) -> Target:
        everyone = self.directory.find("internet")
        if ranges is None:
            return everyone
        space = ip.intersect(everyone.outside, ranges)
        text = f"clients in {ip.describe(space)}" if space else "no client of the internet"
        return Target(text, tuple(self.directory.outside_members(space)), outside=space)

    @cached_property
    def nodes(self) -> Target:
        """Every node; one that the input lacks where it has none."""
        members = [Member(column, f"node/{name}", node=name) for name, column in self.universe.nodes.items()]
        if not members:
            for line in (ip.EVERY_IPV4, ip.EVERY_IPV6):
                space = ip.intersect(self.universe.node_space, line)
                if space:
                    families = (ip.family(space[0][0]),)
                    members.append(Member(EndClass("node", space=space, families=families), "a node"))
        return Target("a node", tuple(members))

    @cached_property
    def anywhere(self) -> Target:
        """Any address outside the cluster, as a load balancer may have."""
        return replace(self.directory.everywhere(), text="a load balancer outside", outside=ip.EVERY_ADDRESS)

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
        sources: Sequence[Target],
        destination: Target,
        ports: Ports,
        unsure: Reason,
        admission: bool = False,
    ) -> Hop:
        """One step from any of these sources; which one it is is not known, where there are several. ``admission``:
        only the destination's side is asked."""
        answers = tuple(self._ask(source, destination, ports, admission) for source in sources if source.members)
        port = describe(ports)
        text = " or ".join(dict.fromkeys(source.text for source in sources))
        if not answers:
            reason = Reason("no-client", "its load balancer takes no client of the internet")
            return Hop(text, destination.text, port, Verdict.DENIED, reason, ())
        verdict, reason = _folded(answers, unsure)
        decided = tuple(dict.fromkeys(decision for answer in answers for decision in answer.decided_by))
        return Hop(text, destination.text, port, verdict, reason, decided, answers)

    def _ask(self, source: Target, destination: Target, ports: Ports, admission: bool) -> Answer:
        flows = self.asker.flows.towards(self._alike(source, destination), destination, ports)
        if admission:
            flows = [self._admission(flow) for flow in flows]
        return self.asker.whole(source, destination, _question(ports), flows)

    def _alike(self, source: Target, destination: Target) -> Target:
        """The source with one member for all nodes, or all addresses, between which the destination's policies and
        places make no difference: a cluster may have thousands of them, and most ways meet all."""
        if len(source.members) < FEW:
            return source
        columns = self._columns(source)
        ends = [(member.end, member) for member in destination.members]
        if columns is None or not all(isinstance(end, int) for end, _ in ends):
            return source
        relation = self.asker.relation
        groups = [sum(1 << column for column in columns)]
        masks = list(self._families)
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
    def _families(self) -> tuple[int, ...]:
        """The columns of each set of address families."""
        found: dict[int, int] = {}
        for column in range(self.universe.pods, len(self.universe.ends)):
            bits = self.universe.family_bits[column]
            found[bits] = found.get(bits, 0) | 1 << column
        return tuple(found.values())

    def _admission(self, flow: Flow) -> Flow:
        """The flow, as if its source could send everything."""
        if flow.closed or flow.itself or flow.mystery or flow.opaque:
            return flow
        programs = (0, flow.programs[1])
        return replace(flow, programs=programs, cell=self.asker.relation.cells.cell(*programs, flow.meeting))


def _folded(answers: Sequence[Answer], unsure: Reason) -> tuple[Verdict, Reason]:
    if len(answers) == 1:
        only = answers[0]
        if only.reason.code == "unknown-end":
            return only.verdict, unsure
        return only.verdict, only.reason
    verdicts = {answer.verdict for answer in answers}
    if len(verdicts) == 1 and verdicts <= {Verdict.ALLOWED, Verdict.DENIED}:
        return answers[0].verdict, answers[0].reason
    if not verdicts & {Verdict.ALLOWED, Verdict.MIXED}:
        open_one = next(answer for answer in answers if answer.verdict is Verdict.UNKNOWN)
        return Verdict.UNKNOWN, open_one.reason
    return Verdict.UNKNOWN, unsure


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
