"""``can`` for ICMP, which has no ports, and which no policy of Kubernetes can name.

Source: Kubernetes, "Network Policies": policies are defined for TCP, UDP and SCTP; what an isolated pod's plugin does
with other protocols, and what an allow rule says of them, is not defined. So ICMP passes for certain only where no
policy in force selects an end in its direction. A Service translates its ports of TCP, UDP and SCTP, and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringfence.model.text import printable
from ringfence.sets.ports import EVERYTHING
from ringfence.verdict.answers import Answer, Decision, Part, Reason, Verdict
from ringfence.verdict.ends import EndError, Target
from ringfence.verdict.flow import ICMP, Flow

if TYPE_CHECKING:
    from ringfence.verdict.asking import Asker

_SERVICE = Reason(
    "icmp-service", "a Service translates its ports of TCP, UDP and SCTP: who gets ICMP at its address is open"
)
_DECIDE = "a test in the cluster, with its network plugin"


def of_icmp(asker: Asker, source: Target, destination: Target) -> Answer:
    """The answer. Raises EndError."""
    from ringfence.verdict.asking import fold

    if source.service is not None:
        raise EndError(f"{source.text} is a Service: it only receives", "name the pods behind it as the source")
    parts = []
    if destination.service is not None or destination.services:
        name = destination.text
        parts.append(_part((source.text,), (name,), Verdict.UNKNOWN, _SERVICE, (), (source.text, name), None))
    flows = asker.flows.towards(source, destination, EVERYTHING)
    if destination.service is None and not flows:
        raise EndError(f"{source.text} and {destination.text} share no flow to ask about", "")
    sorts = {asker.relation.end_class(one.end).sort for flow in flows for one in (flow.source, flow.destination)}
    if sorts == {"outside"}:
        hint = "name a pod, a workload or a node"
        raise EndError(f"neither {source.text} nor {destination.text} is in the cluster", hint)
    parts += [_of_flow(asker, flow) for flow in flows]
    verdict = fold(part.verdict for part in parts)
    telling = [part for part in parts if part.verdict is verdict] or parts
    reason = telling[0].reason
    if verdict is Verdict.MIXED:
        reason = Reason("mixed", "the flows that the question is about differ")
    return Answer(
        verdict,
        reason,
        tuple(dict.fromkeys(one for part in telling for one in part.decided_by)),
        tuple(parts),
        source.text,
        destination.text,
        ICMP,
        tuple(dict.fromkeys((*source.notes, *destination.notes))),
        asker.partial,
    )


def _of_flow(asker: Asker, flow: Flow) -> Part:
    """One kind of flow."""
    (verdict, ports), *others = asker.regions(flow)
    reason, decided = asker.why(flow, verdict, ports[0][0])
    if not (flow.passes or flow.closed or flow.mystery or flow.opaque):
        egress, ingress = asker.judgements(flow, ports[0][0])
        decided = tuple(dict.fromkeys((*egress.everyone(), *ingress.everyone())))
        if decided or others or verdict is not Verdict.ALLOWED or flow.perhaps:
            verdict, reason = Verdict.UNKNOWN, _undefined(decided)
    families = flow.meeting.families
    return _part(
        ((flow.sender or flow.source).name,),
        (flow.destination.name,),
        verdict,
        reason,
        decided,
        asker.names(flow),
        families[0] if len(families) == 1 and len(asker.relation.cluster.families) > 1 else None,
    )


def _undefined(decided: tuple[Decision, ...]) -> Reason:
    if not decided:
        return Reason("icmp", "what the network does with ICMP here is open", _DECIDE)
    names = list(
        dict.fromkeys(
            f"{one.kind} {one.namespace}/{one.name}" if one.namespace else f"{one.kind} {one.name}" for one in decided
        )
    )
    called = printable(names[0])
    more = f" (and {len(names) - 1} more)" if len(names) > 1 else ""
    message = f"{called}{more} selects an end, and policies cannot name ICMP: what network plugins make of it differs"
    return Reason("icmp", message, _DECIDE)


def _part(
    sources: tuple[str, ...],
    destinations: tuple[str, ...],
    verdict: Verdict,
    reason: Reason,
    decided: tuple[Decision, ...],
    names: tuple[str, str],
    family: int | None,
) -> Part:
    return Part(sources, destinations, (), verdict, reason, decided, *names, ICMP, family)
