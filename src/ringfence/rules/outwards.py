"""Who gets to the internet by itself, namespace by namespace."""

from __future__ import annotations

from collections.abc import Iterator

from ringfence.dialects.istio.enrolment import is_gateway, is_waypoint
from ringfence.model.mesh import Proxy
from ringfence.model.policy import Direction
from ringfence.rules.ends import INTERNET_ADDRESSES
from ringfence.rules.enforcement import Enforcement
from ringfence.rules.finding import Witness
from ringfence.values import Value
from ringfence.verdict.answers import Verdict
from ringfence.verdict.ends import EndError

PORT = 443


class Outwards(Value):
    """``pods``: one of each workload of the mesh that a namespace has, gateways left out. ``witness``: the first of
    them that gets out, if somebody controls it; ``unclear``: without one, whether some policy is open."""

    pods: tuple[int, ...]
    witness: Witness | None
    unclear: bool


def outwards(enforcement: Enforcement, kept_in: bool = False) -> Iterator[tuple[str, Outwards]]:
    """Namespaces with workloads of the mesh. ``kept_in``: only workloads whose own proxy refuses addresses outside."""
    found: dict[str, list[int]] = {}
    perhaps: dict[str, list[int]] = {}
    for index in enforcement.pods:
        pod, proxy = enforcement.pod(index), enforcement.proxy(index)
        if proxy is not Proxy.NONE and not (is_gateway(pod) or is_waypoint(pod) or pod.host_network):
            (perhaps if proxy is None else found).setdefault(pod.namespace, []).append(index)
    for namespace, pods in found.items():
        if kept_in:
            pods = [index for index in pods if _kept_in(enforcement, index)]
        if pods:
            yield namespace, _namespace(enforcement, pods)
    for namespace, pods in perhaps.items():
        if kept_in:
            pods = [index for index in pods if _kept_in(enforcement, index, perhaps=True)]
        if pods and namespace not in found:
            there = _namespace(enforcement, pods)
            yield namespace, Outwards(tuple(pods), None, there.unclear or there.witness is not None)


def _kept_in(enforcement: Enforcement, index: int, perhaps: bool = False) -> bool:
    from ringfence.model.mesh import Sending

    options = enforcement.mesh.client(enforcement.pod(index), None, PORT, None)
    sent = {option.value.sending for option in options}
    return Sending.NOTHING in sent if perhaps else sent == {Sending.NOTHING}


def _namespace(enforcement: Enforcement, pods: list[int]) -> Outwards:
    situation = enforcement.situation
    asked: set[int] = set()
    unclear = False
    # Those without a policy first: they surely get out.
    for index in sorted(pods, key=lambda one: situation.isolated(one, Direction.EGRESS) is not False):
        column = situation.relation.universe.class_of_pod[index]
        if column in asked:
            continue
        asked.add(column)
        for address in INTERNET_ADDRESSES:
            try:
                network = situation.can(enforcement.end(index), address, PORT, "TCP")
            except EndError:
                continue
            unclear = unclear or network is Verdict.UNKNOWN
            witness = enforcement.free_witness(index, address, PORT) if network is Verdict.ALLOWED else None
            if witness is not None:
                return Outwards(tuple(pods), witness, False)
            asking = Witness(enforcement.end(index), address, PORT, "TCP", Verdict.ALLOWED)
            unclear = unclear or (network is Verdict.ALLOWED and situation.says(asking) is Verdict.UNKNOWN)
    return Outwards(tuple(pods), None, unclear)
