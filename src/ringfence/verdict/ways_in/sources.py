"""Who a packet seems to come from on its way in, and what the policies say to each of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property

from ringfence.layers.network.ends import EndClass
from ringfence.sets import addresses as ip
from ringfence.sets.addresses import Intervals
from ringfence.sets.ports import PROTOCOLS, describe
from ringfence.sets.ports import Intervals as Ports
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


class Sources:
    """The sources of one world."""

    def __init__(self, asker: Asker) -> None:
        self.asker = asker
        self.directory = asker.directory
        self.universe = asker.relation.universe

    def client(self, ranges: Intervals | None) -> Target:
        """Addresses of the internet, of those that a load balancer takes. Empty where it takes none of them."""
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
        flows = self.asker.flows.towards(source, destination, ports)
        if admission:
            flows = [self._admission(flow) for flow in flows]
        return self.asker.whole(source, destination, _question(ports), flows)

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
