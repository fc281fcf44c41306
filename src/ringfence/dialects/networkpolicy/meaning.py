"""What an accepted NetworkPolicy means, and what is open about one that the API server would reject."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ringfence.dialects.fields import cidrs
from ringfence.dialects.fields.metadata import policy_name
from ringfence.dialects.fields.report import Accepted
from ringfence.dialects.fields.selectors import selector
from ringfence.model.policy import (
    Action,
    AddressPeer,
    AnyPeer,
    Direction,
    NetworkPolicyRules,
    Peer,
    PodPeer,
    PodSelection,
    PortMatch,
    Rule,
    Tier,
)
from ringfence.model.provenance import FieldPath, Manifest, Positions
from ringfence.sets.addresses import subtract
from ringfence.sets.labels import EVERYTHING
from ringfence.sets.ports import canonical
from ringfence.values import replace

BOTH = frozenset(Direction)
INGRESS_ONLY = frozenset({Direction.INGRESS})
EGRESS_ONLY = frozenset({Direction.EGRESS})
DEFAULT_NAMESPACE = "default"


def meaning(accepted: Accepted) -> NetworkPolicyRules:
    """The rules of an object as the API server keeps it. A faulty one has no rules; its subject and its directions are
    precise where they are valid.
    """
    report = accepted.report
    manifest = report.manifest
    namespace = manifest.namespace or DEFAULT_NAMESPACE
    spec = accepted.spec or {}
    directions = _directions(accepted, spec)
    ingress: tuple[Rule, ...] | None = None
    egress: tuple[Rule, ...] | None = None
    if report.plain:
        if Direction.INGRESS in directions:
            ingress = _rules(spec.get("ingress", ()), "ingress", "from", namespace, manifest.positions)
        if Direction.EGRESS in directions:
            egress = _rules(spec.get("egress", ()), "egress", "to", namespace, manifest.positions)
    subject = EVERYTHING if _subject_faulty(accepted) else selector(spec.get("podSelector"))
    rules = NetworkPolicyRules(
        api_version=manifest.api_version,
        kind=manifest.kind,
        namespace=namespace,
        name=policy_name(manifest),
        tier=Tier.NETWORK_POLICY,
        subject=PodSelection(pods=subject, namespace=namespace),
        ingress=ingress,
        egress=egress,
        place=manifest.place,
        subject_place=_subject_place(manifest, spec),
    )
    if not report.faults:
        return rules
    return replace(
        rules,
        ingress=() if Direction.INGRESS in directions else None,
        egress=() if Direction.EGRESS in directions else None,
        broken=directions,
        as_written=rules if report.plain else None,
    )


def _subject_place(manifest: Manifest, spec: Mapping[str, Any]) -> Any:
    return manifest.positions.place(("spec", "podSelector")) if "podSelector" in spec else manifest.place


def _subject_faulty(accepted: Accepted) -> bool:
    report = accepted.report
    return bool(report.faults) and (("spec",) in report.faults or report.faulty("spec", "podSelector"))


def _directions(accepted: Accepted, spec: Mapping[str, Any]) -> frozenset[Direction]:
    """policyTypes, or its default: Ingress, and Egress when there are egress rules. Both where a fault, or an unknown
    field that may have been meant for one of them, leaves it open.
    """
    report = accepted.report
    if report.faults:
        unclear = {("spec",), ("spec", "egress")} & set(report.faults) or report.faulty("spec", "policyTypes")
        if unclear or any(len(path) <= 2 and path[:1] != ("metadata",) for path in report.dropped):
            return BOTH
    types: Sequence[str] = spec.get("policyTypes") or (("Ingress", "Egress") if spec.get("egress") else ("Ingress",))
    if "Ingress" not in types:
        return EGRESS_ONLY
    return BOTH if "Egress" in types else INGRESS_ONLY


def _rules(
    written: Sequence[Mapping[str, Any]], field: str, peers: str, namespace: str, positions: Positions
) -> tuple[Rule, ...]:
    found = []
    for index, rule in enumerate(written):
        path: FieldPath = ("spec", field, index)
        place = positions.place(path)
        ends = rule.get(peers)
        ports = rule.get("ports")
        found.append(
            Rule(
                index=index,
                action=Action.ALLOW,
                peers=tuple([_peer(peer, (*path, peers, at), namespace, positions) for at, peer in enumerate(ends)])
                if ends
                else (AnyPeer(place),),
                ports=tuple([_port(port, (*path, "ports", at), positions) for at, port in enumerate(ports)])
                if ports
                else None,
                place=place,
            )
        )
    return tuple(found)


def _peer(peer: Mapping[str, Any], path: FieldPath, namespace: str, positions: Positions) -> Peer:
    place = positions.place(path)
    block = peer.get("ipBlock")
    if block is not None:
        excepts = block.get("except", ())
        cidr, taken = _interval(block["cidr"]), tuple(_interval(one) for one in excepts)
        addresses = subtract((cidr,), canonical(taken))
        text = f"{block['cidr']} except {', '.join(excepts)}" if excepts else block["cidr"]
        return AddressPeer(addresses=addresses, admin=False, text=text, place=place, cidr=(cidr,), excepts=taken)
    pods = selector(peer.get("podSelector"))
    if "namespaceSelector" in peer:
        return PodPeer(PodSelection(pods=pods, namespaces=selector(peer["namespaceSelector"])), place)
    return PodPeer(PodSelection(pods=pods, namespace=namespace), place)


def _interval(text: str) -> tuple[int, int]:
    network = cidrs.parse(text)
    assert not isinstance(network, str)  # the object was accepted
    return network.first, network.last


def _port(port: Mapping[str, Any], path: FieldPath, positions: Positions) -> PortMatch:
    place = positions.place(path)
    protocol = port.get("protocol", "TCP")
    number = port.get("port")
    if number is None:
        return PortMatch(protocol, place=place)
    if isinstance(number, str):
        return PortMatch(protocol, name=number, place=place)
    return PortMatch(protocol, number, port.get("endPort", number), place=place, end_port="endPort" in port)
