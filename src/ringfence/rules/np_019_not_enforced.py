"""The policy selects pods, or uses words, that the network plugin does not enforce.

## What is checked

Three things, by the facts of the network plugin's profile (`ringfence profile NAME`): pods with `hostNetwork: true`
that a NetworkPolicy selects; pods without a controller, where the plugin leaves those alone; and what the plugin does
not support: port ranges (`endPort`), SCTP, IPv6, named ports, nodes and domain names as peers.

## Why this is bad

A pod with hostNetwork has the address of its node. Most network plugins do not filter it, whatever policies select it:
the exporter, the ingress controller or the storage driver that the default deny seems to cover is open to
everybody. A word that the plugin does not know is worse than none: the policy is stored without complaint and
does something else than it says.

## Example

```yaml
kind: DaemonSet
metadata: {name: node-exporter, namespace: monitoring}
spec:
  template:
    metadata: {labels: {app: node-exporter}}
    spec: {hostNetwork: true}
```

with a NetworkPolicy for `app: node-exporter`. Use instead a pod network for what can do without the host's, and the
host firewall of the plugin (or the cloud's) for the rest.

## How to fix it

Give up `hostNetwork` where it is not needed, or protect the node: host endpoints in Calico, the host firewall in
Cilium, rules of the cloud network. Write single ports and numbers where the plugin lacks ranges and names.

## Limits

The default profile leaves open whether hostNetwork pods are filtered, as the specification does: the finding says so.
Name your plugin with `--cni`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ringfence.layers.profiles import Fact
from ringfence.model.policy import Direction, Tier
from ringfence.rules import enforcement
from ringfence.rules.examples import STRANGER, confirmed, workload_text
from ringfence.rules.finding import Finding, NotEvaluable, Related, Severity, Witness
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.situation import labels_text, policy_subject
from ringfence.verdict.answers import Verdict

if TYPE_CHECKING:
    from ringfence.model import policy as model
    from ringfence.model.provenance import FieldPath
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation, Workload

RULE = Rule(
    id="NP-019",
    slug="not-enforced",
    title="The policy selects pods, or uses words, that the network plugin does not enforce",
    severity=Severity.HIGH,
    precision=Precision.HIGH,
    needs=Needs.INVENTORY,
)


@dataclass(frozen=True, slots=True)
class _Feature:
    """What a policy may use. ``uses`` finds it in one rule as written, as the path below the rule; ``without`` says
    what a plugin makes of it that lacks it."""

    fact: str
    name: str
    without: str
    uses: Callable[[Mapping[str, Any]], FieldPath | None]
    admin: bool = False


def _mappings(data: Mapping[str, Any], key: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    value = data.get(key)
    for at, one in enumerate(value) if isinstance(value, list) else ():
        if isinstance(one, Mapping):
            yield at, one


def _port(wanted: Callable[[Mapping[str, Any]], bool]) -> Callable[[Mapping[str, Any]], FieldPath | None]:
    def find(rule: Mapping[str, Any]) -> FieldPath | None:
        return next((("ports", at) for at, port in _mappings(rule, "ports") if wanted(port)), None)

    return find


def _block(wanted: Callable[[str], bool]) -> Callable[[Mapping[str, Any]], FieldPath | None]:
    def find(rule: Mapping[str, Any]) -> FieldPath | None:
        for side in ("from", "to"):
            for at, peer in _mappings(rule, side):
                block = peer.get("ipBlock")
                if isinstance(block, Mapping) and isinstance(block.get("cidr"), str) and wanted(block["cidr"]):
                    return (side, at)
        return None

    return find


def _several_blocks(rule: Mapping[str, Any]) -> FieldPath | None:
    for side in ("from", "to"):
        blocks = [
            (at, peer["ipBlock"]) for at, peer in _mappings(rule, side) if isinstance(peer.get("ipBlock"), Mapping)
        ]
        for at, block in blocks if len(blocks) > 1 else ():
            if block.get("except"):
                return (side, at)
    return None


def _peer(key: str) -> Callable[[Mapping[str, Any]], FieldPath | None]:
    def find(rule: Mapping[str, Any]) -> FieldPath | None:
        return next((("to", at) for at, peer in _mappings(rule, "to") if key in peer), None)

    return find


def _admin_name(rule: Mapping[str, Any]) -> FieldPath | None:
    for key in ("ports", "protocols"):
        for at, port in _mappings(rule, key):
            if "namedPort" in port or "destinationNamedPort" in port:
                return (key, at)
    return None


FEATURES = (
    _Feature("end-port", "endPort", "only the first port of the range counts", _port(lambda one: "endPort" in one)),
    _Feature(
        "named-ports",
        "a named port",
        "what the policy then does is open",
        _port(lambda one: isinstance(one.get("port"), str)),
    ),
    _Feature("sctp-ports", "SCTP", "the port matches nothing", _port(lambda one: one.get("protocol") == "SCTP")),
    _Feature(
        "sctp-filtered",
        "SCTP",
        "SCTP passes whatever policies say",
        _port(lambda one: one.get("protocol") == "SCTP"),
    ),
    _Feature("ipv6-ipblocks", "an IPv6 ipBlock", "it matches nothing", _block(lambda cidr: ":" in cidr)),
    _Feature("ipv6-filtered", "an IPv6 ipBlock", "IPv6 passes whatever policies say", _block(lambda cidr: ":" in cidr)),
    _Feature(
        "ipv6-zero-is-everything",
        "::/0",
        "it means only 2000::/3 and fd00::/8",
        _block(lambda cidr: cidr == "::/0"),
    ),
    _Feature(
        "except-is-local",
        "except beside another ipBlock",
        "it takes its addresses away from the other one too",
        _several_blocks,
    ),
    _Feature("admin-named-ports", "a named port", "what the policy then does is open", _admin_name, admin=True),
    _Feature("admin-node-peers", "nodes as peers", "what the policy then does is open", _peer("nodes"), admin=True),
    _Feature(
        "admin-domain-peers", "domain names", "what the policy then does is open", _peer("domainNames"), admin=True
    ),
)


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each workload, and each use of a word, that is not enforced."""
    yield from _workloads(situation)
    lacking = [
        feature
        for feature in FEATURES
        if (told := enforcement.reading(situation.profile, feature.fact)) is not None and told.value is not True
    ]
    if lacking:
        for compiled in situation.policies:
            yield from _features(situation, compiled.policy, lacking)


def _workloads(situation: Situation) -> Iterator[Finding | NotEvaluable]:
    host = situation.profile.answer(Fact.HOST_NETWORK_PODS_ARE_PODS)
    alone = enforcement.reading(situation.profile, "standalone-pods")
    if host is True and (alone is None or alone.value):
        return
    pods = situation.cluster.pods
    for workload in situation.workloads:
        on_host = next((index for index in workload.pods if pods[index].host_network), None)
        if on_host is not None and host is not True:
            why = (
                "most network plugins filter nothing there, and the profile leaves it open"
                if host is None
                else f"{situation.profile.name} filters nothing there"
            )
            yield from _workload(situation, workload, on_host, "host-network", f"uses the host's network: {why}")
        elif alone is not None and not alone.value and workload.ref.kind == "Pod":
            why = f"has no controller: {situation.profile.name} does not enforce policies on it"
            for found in _workload(situation, workload, workload.pods[0], "standalone", why):
                if alone.value is False:
                    yield found
                else:
                    why = f"whether {situation.profile.name} enforces policies on a pod without controller is open"
                    yield NotEvaluable(RULE.id, workload.subject, f"{why}: {alone.why or alone.source}", workload.place)


def _workload(situation: Situation, workload: Workload, pod: int, what: str, why: str) -> Iterator[Finding]:
    labels = situation.cluster.pods[pod].labels
    selecting = [
        compiled.policy
        for compiled in situation.policies_by_namespace.get(workload.ref.namespace, ())
        if compiled.policy.tier is Tier.NETWORK_POLICY and compiled.policy.subject.pods.matches(labels)
    ]
    if not selecting:
        return
    selecting.sort(key=lambda policy: not policy.subject.pods.requirements)
    meant = bool(selecting[0].subject.pods.requirements)
    more = f" and {len(selecting) - 1} more" if len(selecting) > 1 else ""
    yield Finding(
        RULE.id,
        f"{workload.subject} is selected by {policy_subject(selecting[0])}{more} and {why}",
        workload.place,
        workload.subject,
        (what,),
        tuple(
            Related(policy.subject_place or policy.place, f"{policy_subject(policy)} selects it")
            for policy in selecting[:3]
        ),
        _open(situation, workload),
        "do without hostNetwork, or protect the node itself" if what == "host-network" else "give it a controller",
        None if meant else Severity.MEDIUM,
    )


def _open(situation: Situation, workload: Workload) -> Witness | None:
    """A stranger's connection to the workload, where the engine is sure of it."""
    port = next((one.number for index in workload.pods for one in situation.cluster.pods[index].ports), 443)
    text = workload_text(situation, workload)
    return confirmed(
        situation,
        (Witness(source, text, port, "TCP", Verdict.ALLOWED) for source in (labels_text({}, STRANGER), "internet")),
    )


def _features(
    situation: Situation, policy: model.NetworkPolicyRules, lacking: list[_Feature]
) -> Iterator[Finding | NotEvaluable]:
    subject = policy_subject(policy)
    manifest = situation.manifest(subject)
    spec = manifest.data.get("spec") if manifest is not None else None
    if manifest is None or not isinstance(spec, Mapping):
        return
    for feature in lacking:
        if feature.admin is (policy.tier is Tier.NETWORK_POLICY):
            continue
        path = next(
            (
                ("spec", direction.value, at, *found)
                for direction in Direction
                for at, rule in _mappings(spec, direction.value)
                if (found := feature.uses(rule)) is not None
            ),
            None,
        )
        if path is None:
            continue
        place = manifest.positions.place(path)
        told = enforcement.reading(situation.profile, feature.fact)
        assert told is not None
        if told.value is None:
            why = f"whether {situation.profile.name} supports {feature.name} is open: {told.why or told.source}"
            yield NotEvaluable(RULE.id, subject, why, place)
            continue
        yield Finding(
            RULE.id,
            f"{subject} uses {feature.name}, which {situation.profile.name} does not support: {feature.without}",
            place,
            subject,
            (feature.fact,),
            fix=f"do without {feature.name}, or use a network plugin that supports it",
        )
