"""Machines outside of the cluster behind Services: only clients whose proxies pick the end themselves are sent there.

The nodes' own rules lead a Service to pods; a mesh also to the machines that the Service selects. So who is in no mesh,
or opens a connection past its proxy, gets a pod.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.model.cluster import Cluster, Pod, Service, ServicePort
from ringfence.model.mesh import Mesh, Proxy
from ringfence.sets.ports import Intervals, port_key
from ringfence.values import replace
from ringfence.verdict.answers import Part, Reason, Verdict
from ringfence.verdict.asking import port_text
from ringfence.verdict.ends import Member, Target
from ringfence.verdict.flow import Asked, Flow
from ringfence.verdict.meshed.fronts import led_to
from ringfence.verdict.meshed.values import NETWORK, TRANSPORT, HopVerdict, Layered, LayerVerdict

if TYPE_CHECKING:
    from ringfence.verdict.meshed.asking import MeshedAsker
    from ringfence.verdict.meshed.request import Request

PICKS = Reason(
    "mesh-open",
    "it hangs on whether the client's proxy, which knows of machines outside of the cluster, picks the end behind the"
    " Service",
    "what makes the client a member of the mesh, and which Services its proxy knows",
)
PORTS = Reason(
    "mesh-open",
    "it hangs on whether the client's ztunnel takes the port that the WorkloadEntry gives, or the Service's targetPort",
    "the release of Istio",
)
APART = Reason("outside", "neither end is in the cluster: what is between two machines is not known")


class MachineBackends:
    """The answers about one Service, with the machines that it selects among its ends."""

    def __init__(self, asker: MeshedAsker, mesh: Mesh, service: Service) -> None:
        self.asker = asker
        self.mesh = mesh
        self.service = service
        self.machines = selected(asker.cluster, service)

    def parts(self, flows: list[Flow], question: Asked, request: Request | None) -> Iterator[Part]:
        """What all layers say of each flow. ``flows`` are those to pods."""
        ports = {
            f"{port.port}/{port.protocol}": port
            for port in self.service.ports
            if port.protocol == "TCP"
            and question.protocol in (None, "TCP")
            and (question.port is None or question.port in (port.port, port.name))
        }
        groups: dict[tuple[int, str], list[Flow]] = {}
        for flow in flows:
            groups.setdefault((id(flow.source), flow.asked), []).append(flow)
        for (_, asked), group in groups.items():
            port = ports.get(asked)
            for source in [group[0].source] if port is None else self.asker.split(group[0].source):
                own = [replace(flow, source=source) for flow in group] if source is not group[0].source else group
                yield from self._of(source, own, port, request)

    def _of(self, source: Member, flows: list[Flow], port: ServicePort | None, request: Request | None) -> list[Part]:
        picks = frozenset((False,)) if port is None else self._picks(source, port)
        more = [] if port is None or True not in picks else list(self._to_machines(source, port, request))
        if more and False not in picks:
            # A pod and itself only count where there is no other end to ask about.
            flows = [flow for flow in flows if flow.closed != "service" and not flow.itself]
        found = list(self.asker.parts_among(flows, self.service, True, request))
        if more and False in picks:
            more = self._open(more, found, PICKS)
        return found + more

    @staticmethod
    def _open(parts: list[Part], others: list[Part], why: Reason) -> list[Part]:
        """Parts of an answer that may be none of it: known only where they say what all others say."""
        verdicts = {one.verdict for one in (*parts, *others)}
        if len(verdicts) == 1:
            return parts
        return [
            replace(one, verdict=Verdict.UNKNOWN, reason=why, layered=one.layered and _unsure(one.layered, why))
            for one in parts
        ]

    def _picks(self, source: Member, port: ServicePort) -> frozenset[bool]:
        pod = self.asker.pod(source)
        return frozenset((False,)) if pod is None else picks(self.mesh, pod, self.service, port)

    def _to_machines(self, source: Member, port: ServicePort, request: Request | None) -> Iterator[Part]:
        asked, asker = f"{port.port}/{port.protocol}", self.asker.asker
        for machine in self.machines:
            for member in asker.directory.machine(f"{machine.namespace}/{machine.name}", machine).members:
                if member.pods or member.end == source.end:
                    continue
                told = []
                for number in self._numbers(source, port, machine):
                    keys = ((port_key("TCP", number),) * 2,)
                    ends = Target(source.name, (source,)), Target(member.name, (member,))
                    if source.machine is not None:
                        told.append([self._apart(source, member, keys)])
                        continue
                    flows = [replace(flow, asked=asked) for flow in asker.flows.towards(*ends, keys)]
                    told.append(list(self.asker.parts_among(flows, self.service, True, request)))
                for parts in told:
                    others = [one for some in told if some is not parts for one in some]
                    yield from self._open(parts, others, PORTS) if others else parts

    def _numbers(self, source: Member, port: ServicePort, machine: Pod) -> list[int]:
        """The ports of the machine that it may be."""
        found = led_to(port, machine)
        if found is None:
            return []
        pod = self.asker.pod(source)
        nodes = pod is not None and any(one.value.proxy is Proxy.NODE for one in self.mesh.membership(pod))
        if nodes and isinstance(port.target, int) and port.target != found:
            return [found, port.target]
        return [found]

    @staticmethod
    def _apart(source: Member, member: Member, ports: Intervals) -> Part:
        """What nobody knows: the network between two machines."""
        layer = LayerVerdict(NETWORK, Verdict.UNKNOWN, APART, ())
        port, why = port_text(ports[0][0]), APART.message
        hop = HopVerdict(source.name, member.name, port, None, "unknown", Verdict.UNKNOWN, (layer,), why)
        return Part(
            (source.name,),
            (member.name,),
            ports,
            Verdict.UNKNOWN,
            APART,
            (),
            source.name,
            member.name,
            port,
            None,
            Layered((layer,), (hop,), None, "unknown", encryption_reason=why),
        )


def selected(cluster: Cluster, service: Service) -> list[Pod]:
    """The machines that a Service selects."""
    return [
        one
        for one in cluster.machines
        if one.namespace == service.namespace and service.selector and service.selector.items() <= one.labels.items()
    ]


def picks(mesh: Mesh, client: Pod, service: Service, port: ServicePort) -> frozenset[bool]:
    """Whether the client's own proxy picks the end behind a port of a Service; both, where that is open."""
    found: set[bool] = set()
    address = service.addresses[0] if service.addresses else None
    for option in mesh.membership(client):
        member = option.value
        takes = member.proxy is not Proxy.NONE and member.outbound.takes(address, port.port)
        if not takes or member.aside:
            found.add(False)
        if takes is not False:
            found |= mesh.balances(client, service, port.port)
    return frozenset(found)


def _unsure(layered: Layered, why: Reason) -> Layered:
    """What the layers say of a flow that may be none of the question's."""
    layers = tuple(
        one
        if one.verdict is Verdict.ALLOWED and one.layer != TRANSPORT
        else LayerVerdict(one.layer, Verdict.UNKNOWN, why)
        for one in layered.layers
    )
    return replace(layered, layers=layers, symptom="none", failure="", holds=True)
