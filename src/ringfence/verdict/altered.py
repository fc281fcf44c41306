"""Which objects differ between two states of a cluster, and which ends each of them can matter to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from ringfence.model.cluster import Cluster, Namespace, Node, Pod, Service
from ringfence.model.policy import Direction, NetworkPolicyRules, PodPeer
from ringfence.model.provenance import Manifest, Place
from ringfence.values import Value, field

How = Literal["added", "removed", "changed", "moved"]


class Altered(Value):
    """One object that is not the same in both states. ``detail``: what of it changed, where one thing did (labels,
    named ports, addresses). Names are as they are; reports escape them."""

    how: How
    kind: str
    namespace: str | None
    name: str
    before: Place | None = None
    after: Place | None = None
    detail: str = ""

    @property
    def place(self) -> Place | None:
        """Where it stands now, or stood."""
        return self.after or self.before


class PolicyChange(Value):
    """A policy and what it says before and after; None: the state lacks it."""

    altered: Altered
    before: NetworkPolicyRules | None
    after: NetworkPolicyRules | None


class Objects(Value):
    """The objects of a state by what they are: (group, kind, namespace, name) → the object as it was read."""

    manifests: Mapping[tuple[str, str, str | None, str], Manifest] = field(default_factory=dict)

    @staticmethod
    def of(manifests: Iterable[Manifest]) -> Objects:
        """The index; an object given twice counts as it stands last."""
        return Objects({_identity(one): one for one in manifests})

    def of_policy(self, policy: NetworkPolicyRules) -> Manifest | None:
        """The object that a policy was read from."""
        group = policy.api_version.rpartition("/")[0]
        found = self.manifests.get((group, policy.kind, policy.namespace, policy.name))
        if found is None and policy.namespace == "default":
            found = self.manifests.get((group, policy.kind, None, policy.name))
        return found


def _identity(manifest: Manifest) -> tuple[str, str, str | None, str]:
    return manifest.api_version.rpartition("/")[0], manifest.kind, manifest.namespace, manifest.name


def how(before: object | None, after: object | None) -> How:
    """Added, removed, or changed."""
    return "added" if before is None else "removed" if after is None else "changed"


def altered_policies(before: Cluster, after: Cluster, olds: Objects, news: Objects) -> list[PolicyChange]:
    """Policies that only one state has, or that are written otherwise (what they mean may still be the same)."""
    left = {(one.kind, one.full_name): one for one in before.policies}
    right = {(one.kind, one.full_name): one for one in after.policies}
    found: list[PolicyChange] = []
    for key in sorted({*left, *right}):
        old, new = left.get(key), right.get(key)
        if old is new:
            continue
        if old is not None and new is not None and _same_text(olds.of_policy(old), news.of_policy(new)):
            continue
        one = new or old
        assert one is not None
        altered = Altered(
            how(old, new), one.kind, one.namespace, one.name, old.place if old else None, new.place if new else None
        )
        found.append(PolicyChange(altered, old, new))
    return found


def _same_text(old: Manifest | None, new: Manifest | None) -> bool:
    return (
        old is not None
        and new is not None
        and old.api_version == new.api_version
        and old.data.get("spec") == new.data.get("spec")
    )


def other_altered(olds: Objects, news: Objects, kinds: Iterable[str]) -> Iterator[Altered]:
    """Objects of these kinds whose spec or labels differ."""
    wanted = frozenset(kinds)
    for key in sorted({*olds.manifests, *news.manifests}, key=str):
        if key[1] in wanted:
            old, new = olds.manifests.get(key), news.manifests.get(key)
            if old is new or (old is not None and new is not None and _content(old) == _content(new)):
                continue
            yield Altered(how(old, new), key[1], key[2], key[3], old.place if old else None, new.place if new else None)


def _content(manifest: Manifest) -> tuple[object, ...]:
    data = manifest.data
    metadata = data.get("metadata")
    labels = metadata.get("labels") if isinstance(metadata, Mapping) else None
    rest = {key: value for key, value in data.items() if key not in ("metadata", "status")}
    return labels or {}, rest


def selector_keys(policies: Iterable[NetworkPolicyRules]) -> tuple[frozenset[str], frozenset[str]]:
    """Label keys that policies mention: of pods, of namespaces."""
    pods: set[str] = set()
    namespaces: set[str] = set()
    for policy in policies:
        selections = [policy.subject]
        for direction in Direction:
            for rule in policy.rules(direction) or ():
                selections.extend(peer.selection for peer in rule.peers if isinstance(peer, PodPeer))
        for selection in selections:
            pods |= selection.pods.keys()
            if selection.namespaces is not None:
                namespaces |= selection.namespaces.keys()
    return frozenset(pods), frozenset(namespaces)


def label_change(before: Mapping[str, str], after: Mapping[str, str], keys: frozenset[str]) -> str:
    """``label team: a → b, label env: removed (was prod)`` of these keys; empty where none differs."""
    words: list[str] = []
    for key in sorted(keys):
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        if new is None:
            words.append(f"label {key} removed (was {old})")
        else:
            words.append(f"label {key}={new} added" if old is None else f"label {key}: {old} → {new}")
    return ", ".join(words)


def altered_namespace(old: Namespace | None, new: Namespace | None, keys: frozenset[str]) -> Altered | None:
    """What policies can see of a change of a namespace."""
    if old is None or new is None:
        return None
    detail = label_change(old.labels, new.labels, keys)
    if old.open_labels != new.open_labels:
        detail = detail or ("its labels are known now" if old.open_labels else "its labels are not known any more")
    if not detail:
        return None
    kind: How = "added" if old.open_labels and not new.open_labels else "changed"
    if new.open_labels and not old.open_labels:
        kind = "removed"
    return Altered(kind, "Namespace", None, new.name, old.place, new.place, detail)


def altered_pod(old: Pod, new: Pod, keys: frozenset[str], addresses: bool, enforced: bool = False) -> Altered | None:
    """What policies can see of a change of a pod. ``addresses``: its address is in other CIDRs than before;
    ``enforced``: the plugin enforces policy for it otherwise, for its node or its owner."""
    words: list[str] = []
    if (old.namespace, old.workload.kind) != (new.namespace, new.workload.kind):
        words.append(f"moved from {old.workload}")
    labels = label_change(old.labels, new.labels, keys)
    if labels:
        words.append(labels)
    opened = (set(old.open_labels) ^ set(new.open_labels)) & keys
    if opened and not labels:
        words.append(f"label {', '.join(sorted(opened))} is known in one of the states only")
    if old.ports != new.ports:
        words.append("named ports")
    if old.host_network != new.host_network:
        words.append("hostNetwork")
    if (old.host_network or new.host_network) and old.node != new.node:
        words.append("its node")
    if addresses:
        words.append("its address")
    if enforced:
        words.append("its node or its owner")
    if not words:
        return None
    moved = words[0].startswith("moved")
    ref = new.workload
    return Altered(
        "moved" if moved else "changed", ref.kind, ref.namespace, ref.name, old.place, new.place, ", ".join(words)
    )


def altered_node(old: Node | None, new: Node | None) -> Altered | None:
    """A change of a node's labels or addresses."""
    if old is None or new is None:
        return None
    detail = label_change(old.labels, new.labels, frozenset((*old.labels, *new.labels)))
    if old.addresses != new.addresses:
        detail = ", ".join(filter(None, (detail, "its addresses")))
    if not detail and old.open_labels == new.open_labels:
        return None
    return Altered("changed", "Node", None, new.name, old.place, new.place, detail)


def altered_node_ports(before: Cluster, after: Cluster) -> list[Altered]:
    """Services of which the node ports differ."""

    def handed_on(cluster: Cluster) -> dict[tuple[str, str], tuple[frozenset[tuple[str, int]], Service]]:
        return {
            (one.namespace, one.name): (
                frozenset((port.protocol, port.node_port) for port in one.ports if port.node_port is not None),
                one,
            )
            for one in cluster.services
        }

    left, right = handed_on(before), handed_on(after)
    found: list[Altered] = []
    for key in sorted({*left, *right}):
        old, new = left.get(key), right.get(key)
        if (old[0] if old else frozenset()) != (new[0] if new else frozenset()):
            found.append(
                Altered(
                    how(old, new),
                    "Service",
                    *key,
                    old[1].place if old else None,
                    new[1].place if new else None,
                    "node ports",
                )
            )
    return found
