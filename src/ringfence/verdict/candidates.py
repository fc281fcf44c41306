"""Candidate edits that might flip a verdict: changed, removed or new policy objects, as manifests.

Each candidate is only a proposal. ``edits`` applies it as a what-if, keeps it if the verdict flips, and measures what
else it changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from ringfence.layers.network.ends import EndClass
from ringfence.layers.network.policies import CompiledPolicy
from ringfence.model.cluster import NAME_LABEL, PER_POD_LABELS
from ringfence.model.policy import Direction, Tier
from ringfence.model.provenance import Place
from ringfence.model.text import printable
from ringfence.sets.addresses import cidr_texts
from ringfence.sets.ports import EVERYTHING, PROTOCOLS, Intervals, describe, members_by_protocol
from ringfence.values import Value, replace
from ringfence.verdict.judging import Hit, Judgement

JsonObject = dict[str, Any]

SECTION = {Direction.INGRESS: ("ingress", "from"), Direction.EGRESS: ("egress", "to")}


class Change(Value):
    """A policy object after an edit (``manifest`` None: removed). ``policy`` is the one that it was, None for a new
    one."""

    policy: CompiledPolicy | None
    manifest: JsonObject | None
    description: str
    place: Place | None
    fields: int


class Wanted(Value):
    """The flow that should be decided otherwise, seen from one direction."""

    direction: Direction
    subject: EndClass
    peer: EndClass
    port: int

    @property
    def protocol(self) -> str:
        """TCP, UDP or SCTP."""
        return PROTOCOLS[self.port >> 16]

    @property
    def number(self) -> int:
        """The destination port."""
        return self.port & 0xFFFF

    @property
    def port_text(self) -> str:
        """``5432/TCP``."""
        return f"{self.number}/{self.protocol}"


def labels_of(end: EndClass) -> dict[str, str]:
    """The labels by which a policy would name a pod."""
    return {key: value for key, value in end.labels.items() if key not in PER_POD_LABELS}


def subject_text(end: EndClass) -> str:
    """The pods that a new policy for this one selects."""
    labels = ",".join(f"{key}={value}" for key, value in sorted(labels_of(end).items()))
    return printable(f"pods {labels or 'of any label'} in {end.namespace}")


def peer_of(wanted: Wanted, namespace: str | None) -> JsonObject | None:
    """A NetworkPolicy peer for the other end; None where none can name it."""
    peer = wanted.peer
    if peer.sort == "pod" and not peer.host_network and peer.namespace is not None:
        found: JsonObject = {"podSelector": {"matchLabels": labels_of(peer)} if labels_of(peer) else {}}
        if peer.namespace != namespace:
            found["namespaceSelector"] = {"matchLabels": {NAME_LABEL: peer.namespace}}
        return found
    space = tuple((address, address) for address in peer.addresses) or peer.space
    texts = list(cidr_texts(tuple(sorted(space))))
    return {"ipBlock": {"cidr": texts[0]}} if texts else None


def admin_peer(wanted: Wanted) -> JsonObject | None:
    """A ClusterNetworkPolicy peer for the other end."""
    peer = wanted.peer
    if peer.sort == "pod" and not peer.host_network and peer.namespace is not None:
        return {
            "pods": {
                "namespaceSelector": {"matchLabels": {NAME_LABEL: peer.namespace}},
                "podSelector": {"matchLabels": labels_of(peer)} if labels_of(peer) else {},
            }
        }
    if wanted.direction is Direction.INGRESS:
        return None
    space = tuple((address, address) for address in peer.addresses) or peer.space
    texts = list(cidr_texts(tuple(sorted(space))))
    return {"networks": texts[:25]} if texts else None


def _copied(data: Mapping[str, Any]) -> JsonObject:
    copied: JsonObject = deepcopy(dict(data))
    return copied


def openings(wanted: Wanted, judgement: Judgement, manifests: Mapping[int, Mapping[str, Any]]) -> Iterator[Change]:
    """Changes after which the direction might allow the flow. ``manifests``: by policy index."""
    denying = [hit for hit in judgement.admin if hit.surely and hit.action.value == "deny"]
    if denying and judgement.admin_decided:
        for hit in denying:
            yield from _open_admin(wanted, hit, manifests)
        return
    if judgement.isolating:
        for compiled, _ in judgement.isolating:
            yield from _open_network_policy(wanted, compiled, manifests)
        yield from _new_network_policy(wanted)
        return
    for hit in judgement.baseline:
        if hit.action.value == "deny":
            yield from _open_admin(wanted, hit, manifests)


def _open_network_policy(
    wanted: Wanted, compiled: CompiledPolicy, manifests: Mapping[int, Mapping[str, Any]]
) -> Iterator[Change]:
    policy = compiled.policy
    source = manifests.get(compiled.index)
    if source is None or wanted.direction in policy.broken:
        return
    section, side = SECTION[wanted.direction]
    called = f"NetworkPolicy {printable(policy.full_name)}"
    peer = peer_of(wanted, policy.namespace)
    port = {"protocol": wanted.protocol, "port": wanted.number}
    for rule in policy.rules(wanted.direction) or ():
        if rule.ports is not None:
            widened = _copied(source)
            widened["spec"][section][rule.index].setdefault("ports", []).append(port)
            yield Change(
                compiled,
                widened,
                f"add port {wanted.port_text} to {section} rule {rule.index} of {called}",
                rule.place,
                1,
            )
        if peer is not None:
            widened = _copied(source)
            peers = widened["spec"][section][rule.index].get(side)
            if peers:
                peers.append(peer)
                yield Change(
                    compiled, widened, f"add the peer to {section} rule {rule.index} of {called}", rule.place, 1
                )
    if peer is not None:
        widened = _copied(source)
        rules = widened["spec"].get(section) or []
        rules.append({side: [peer], "ports": [port]})
        widened["spec"][section] = rules
        yield Change(compiled, widened, f"add an {section} rule for {wanted.port_text} to {called}", policy.place, 2)


def _new_network_policy(wanted: Wanted) -> Iterator[Change]:
    """A new object beside the others: NetworkPolicies only ever add to each other."""
    subject = wanted.subject
    peer = peer_of(wanted, subject.namespace)
    if peer is None or subject.namespace is None:
        return
    section, side = SECTION[wanted.direction]
    manifest = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": f"allow-{section}-{wanted.number}", "namespace": subject.namespace},
        "spec": {
            "podSelector": {"matchLabels": labels_of(subject)} if labels_of(subject) else {},
            "policyTypes": [section.capitalize()],
            section: [{side: [peer], "ports": [{"protocol": wanted.protocol, "port": wanted.number}]}],
        },
    }
    yield Change(
        None,
        manifest,
        f"add a NetworkPolicy that allows {section} on {wanted.port_text} for {subject_text(subject)}",
        None,
        4,
    )


def _open_admin(wanted: Wanted, hit: Hit, manifests: Mapping[int, Mapping[str, Any]]) -> Iterator[Change]:
    policy = hit.compiled.policy
    source = manifests.get(hit.compiled.index)
    if source is None or hit.rule is None:
        return
    section, _ = SECTION[wanted.direction]
    called = f"{policy.kind} {printable(policy.full_name)}"
    removed = _copied(source)
    del removed["spec"][section][hit.rule.index]
    yield Change(hit.compiled, removed, f"remove {section} rule {hit.rule.index} of {called}", hit.rule.place, 1)
    allow = "Accept" if policy.kind == "ClusterNetworkPolicy" else "Allow"
    for action in (allow, "Pass") if policy.tier is Tier.ADMIN else (allow,):
        changed = _copied(source)
        changed["spec"][section][hit.rule.index]["action"] = action
        yield Change(
            hit.compiled, changed, f"make {section} rule {hit.rule.index} of {called} {action}", hit.rule.place, 1
        )
    rule = _admin_rule(wanted, policy.kind, allow)
    if rule is not None:
        inserted = _copied(source)
        inserted["spec"][section].insert(hit.rule.index, rule)
        yield Change(
            hit.compiled,
            inserted,
            f"insert an {allow} rule before {section} rule {hit.rule.index} of {called}",
            hit.rule.place,
            2,
        )


def _admin_rule(wanted: Wanted, kind: str, action: str) -> JsonObject | None:
    _, side = SECTION[wanted.direction]
    peer = admin_peer(wanted)
    if peer is None:
        return None
    rule: JsonObject = {"action": action, side: [peer]}
    if kind == "ClusterNetworkPolicy":
        rule["protocols"] = [{wanted.protocol.lower(): {"destinationPort": {"number": wanted.number}}}]
    else:
        rule["ports"] = [{"portNumber": {"protocol": wanted.protocol, "port": wanted.number}}]
    return rule


def closings(
    wanted: Wanted, judgement: Judgement, manifests: Mapping[int, Mapping[str, Any]], priority: int | None
) -> Iterator[list[Change]]:
    """Groups of changes after which the direction might deny the flow. ``priority``: one at which a new
    ClusterNetworkPolicy would come first; None where the cluster does not use that kind, or no number is free."""
    if judgement.admin_decided:
        for hit in judgement.admin:
            if hit.surely and hit.action.value == "allow":
                for change in _close_rule(wanted, hit, manifests):
                    yield [change]
    elif judgement.isolating:
        groups = [list(_close_rule(wanted, hit, manifests)) for hit in judgement.allowing]
        if groups and all(groups):
            yield from _together(groups)
    else:
        yield from ([change] for change in _isolate(wanted))
    if priority is not None:
        yield from ([change] for change in _deny_first(wanted, priority))


def _together(groups: list[list[Change]]) -> Iterator[list[Change]]:
    """One change of each group; a second change of the same object starts from the first, so only objects that differ
    are combined."""
    if len(groups) == 1:
        yield from ([change] for change in groups[0])
        return
    picked = [group[0] for group in groups]
    if len({change.policy.index for change in picked if change.policy is not None}) == len(picked):
        yield picked


def _close_rule(wanted: Wanted, hit: Hit, manifests: Mapping[int, Mapping[str, Any]]) -> Iterator[Change]:
    policy = hit.compiled.policy
    source = manifests.get(hit.compiled.index)
    if source is None or hit.rule is None:
        return
    section, side = SECTION[wanted.direction]
    called = f"{policy.kind} {printable(policy.full_name)}"
    where = f"{section} rule {hit.rule.index} of {called}"
    ports_field = "protocols" if policy.kind == "ClusterNetworkPolicy" else "ports"
    for field in (ports_field, side):
        entries = source["spec"][section][hit.rule.index].get(field)
        if isinstance(entries, list) and len(entries) > 1:
            for number in range(len(entries)):
                narrowed = _copied(source)
                del narrowed["spec"][section][hit.rule.index][field][number]
                yield Change(hit.compiled, narrowed, f"remove {field}[{number}] from {where}", hit.rule.place, 1)
    removed = _copied(source)
    del removed["spec"][section][hit.rule.index]
    types = removed["spec"].get("policyTypes")
    if policy.tier is Tier.NETWORK_POLICY and not types:
        # Without its last egress rule an object that leaves policyTypes out would stop isolating egress.
        removed["spec"]["policyTypes"] = [
            direction.value.capitalize() for direction in Direction if policy.rules(direction) is not None
        ]
    yield Change(hit.compiled, removed, f"remove {where}", hit.rule.place, 1)


def _isolate(wanted: Wanted) -> Iterator[Change]:
    """A new NetworkPolicy that isolates the subject: it ends every other flow of the direction too."""
    subject = wanted.subject
    if subject.namespace is None or subject.sort != "pod":
        return
    section, _ = SECTION[wanted.direction]
    manifest = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": f"deny-{section}", "namespace": subject.namespace},
        "spec": {
            "podSelector": {"matchLabels": labels_of(subject)} if labels_of(subject) else {},
            "policyTypes": [section.capitalize()],
        },
    }
    yield Change(None, manifest, f"add a NetworkPolicy that denies all {section} of {subject_text(subject)}", None, 3)


def _port_entry(protocol: str, first: int, last: int) -> JsonObject:
    port: JsonObject = {"number": first} if first == last else {"range": {"start": first, "end": last}}
    return {protocol.lower(): {"destinationPort": port}}


def deny_ports(wanted: Wanted, priority: int, ports: Intervals) -> Iterator[Change]:
    """A new ClusterNetworkPolicy that denies the flow on all these ports and nothing else."""
    for change in _deny_first(wanted, priority):
        assert change.manifest is not None
        section, _ = SECTION[wanted.direction]
        rule = change.manifest["spec"][section][0]
        if ports == EVERYTHING:
            del rule["protocols"]
        else:
            rule["protocols"] = [_port_entry(*one) for one in members_by_protocol(ports)]
        text = f"add a ClusterNetworkPolicy that denies {describe(ports)} for {subject_text(wanted.subject)}"
        if len(ports) <= MOST_PORTS:
            yield replace(change, description=text)


MOST_PORTS = 25
"""Entries of ``protocols`` that a rule of a ClusterNetworkPolicy may have."""


def _deny_first(wanted: Wanted, priority: int) -> Iterator[Change]:
    """A new ClusterNetworkPolicy that denies just this flow."""
    rule = _admin_rule(wanted, "ClusterNetworkPolicy", "Deny")
    subject = wanted.subject
    if rule is None or subject.namespace is None:
        return
    section, _ = SECTION[wanted.direction]
    yield Change(
        None,
        {
            "apiVersion": "policy.networking.k8s.io/v1alpha2",
            "kind": "ClusterNetworkPolicy",
            "metadata": {"name": f"deny-{section}-{wanted.number}"},
            "spec": {
                "tier": "Admin",
                "priority": priority,
                "subject": {
                    "pods": {
                        "namespaceSelector": {"matchLabels": {NAME_LABEL: subject.namespace}},
                        "podSelector": {"matchLabels": labels_of(subject)} if labels_of(subject) else {},
                    }
                },
                section: [rule],
            },
        },
        f"add a ClusterNetworkPolicy that denies {wanted.port_text} for {subject_text(subject)}",
        None,
        5,
    )
