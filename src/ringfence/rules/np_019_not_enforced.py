"""The policy selects pods, or uses words, that the network plugin does not enforce.

## What is checked

Four things, by the facts of the network plugin's profile (`ringfence profile NAME`): pods with `hostNetwork: true`
that a NetworkPolicy selects; pods without a controller, where the plugin leaves those alone; pods on nodes on which the
plugin's agent does not run (`ringfence profile --detect` lists those nodes); and what the plugin does not support: port
ranges (`endPort`), SCTP, IPv6, named ports, nodes and domain names as peers.

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
Cilium, rules of the cloud network. Let the agent run on every node that has pods, or keep pods that need policies away
from the others. Write single ports and numbers where the plugin lacks ranges and names.

## Limits

The default profile leaves open whether hostNetwork pods are filtered, as the specification does: the finding says so.
Name your plugin with `--cni`. Which nodes the agent covers is known where the input has the agent's DaemonSet or pods.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ringfence.layers.profiles import Fact
from ringfence.model.policy import Direction, Tier
from ringfence.rules.examples import STRANGER, confirmed, workload_text
from ringfence.rules.finding import Finding, NotEvaluable, Related, Severity, Witness
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.situation import labels_text, policy_subject
from ringfence.values import Value
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


class _Feature(Value):
    """What a policy may use. ``uses`` finds it in one rule as written, as the path below the rule; ``without`` says
    what a plugin makes of it that lacks it."""

    fact: Fact
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
    _Feature(Fact.END_PORT, "endPort", "only the first port of the range counts", _port(lambda one: "endPort" in one)),
    _Feature(
        Fact.NAMED_PORTS,
        "a named port",
        "what the policy then does is open",
        _port(lambda one: isinstance(one.get("port"), str)),
    ),
    _Feature(Fact.SCTP_PORTS, "SCTP", "the port matches nothing", _port(lambda one: one.get("protocol") == "SCTP")),
    _Feature(
        Fact.SCTP_FILTERED,
        "SCTP",
        "SCTP passes whatever policies say",
        _port(lambda one: one.get("protocol") == "SCTP"),
    ),
    _Feature(Fact.IPV6_BLOCKS, "an IPv6 ipBlock", "it matches nothing", _block(lambda cidr: ":" in cidr)),
    _Feature(
        Fact.IPV6_FILTERED, "an IPv6 ipBlock", "IPv6 passes whatever policies say", _block(lambda cidr: ":" in cidr)
    ),
    _Feature(
        Fact.IPV6_ZERO_IS_EVERYTHING,
        "::/0",
        "it means only 2000::/3 and fd00::/8",
        _block(lambda cidr: cidr == "::/0"),
    ),
    _Feature(
        Fact.EXCEPT_IS_LOCAL,
        "except beside another ipBlock",
        "it takes its addresses away from the other one too",
        _several_blocks,
    ),
    _Feature(Fact.ADMIN_NAMED_PORTS, "a named port", "what the policy then does is open", _admin_name, admin=True),
    _Feature(Fact.ADMIN_NODE_PEERS, "nodes as peers", "what the policy then does is open", _peer("nodes"), admin=True),
    _Feature(
        Fact.ADMIN_DOMAIN_PEERS, "domain names", "what the policy then does is open", _peer("domainNames"), admin=True
    ),
)


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each workload, and each use of a word, that is not enforced."""
    yield from _workloads(situation)
    lacking = [feature for feature in FEATURES if situation.profile.answer(feature.fact) is not True]
    if lacking:
        for compiled in situation.policies:
            yield from _features(situation, compiled.policy, lacking)


def _workloads(situation: Situation) -> Iterator[Finding | NotEvaluable]:
    profile = situation.profile
    host, alone = profile.answer(Fact.HOST_NETWORK_PODS_ARE_PODS), profile.facts[Fact.STANDALONE_PODS]
    if host is True and alone.value and not profile.partial_nodes:
        return
    pods = situation.cluster.pods
    for workload in situation.workloads:
        on_host = next((index for index in workload.pods if pods[index].host_network), None)
        if on_host is not None and host is not True:
            why = (
                "most network plugins filter nothing there, and the profile leaves it open"
                if host is None
                else f"{profile.name} filters nothing there"
            )
            yield from _workload(situation, workload, on_host, "host-network", f"uses the host's network: {why}")
        elif not alone.value and workload.ref.kind == "Pod":
            why = f"has no controller: {profile.name} does not enforce policies on it"
            for found in _workload(situation, workload, workload.pods[0], "standalone", why):
                if alone.value is False:
                    yield found
                else:
                    why = f"whether {profile.name} enforces policies on a pod without controller is open"
                    yield NotEvaluable(RULE.id, workload.subject, f"{why}: {alone.why or alone.source}", workload.place)
        elif profile.partial_nodes:
            yield from _on_nodes(situation, workload)


def _on_nodes(situation: Situation, workload: Workload) -> Iterator[Finding | NotEvaluable]:
    """Pods of a workload on nodes that the plugin does not cover, or perhaps not."""
    profile, pods = situation.profile, situation.cluster.pods
    by_value: dict[bool | None, list[int]] = {False: [], None: []}
    for index in workload.pods:
        node = pods[index].node
        covered = True if node is None else profile.nodes.get(node, profile.elsewhere)
        if covered is not True:
            by_value[covered].append(index)
    for value, members in by_value.items():
        if not members:
            continue
        node = pods[members[0]].node or ""
        nodes = len({pods[index].node for index in members})
        others = f" and {nodes - 1} more nodes" if nodes > 1 else ""
        running = f"{len(members)} of its pods run{'s' if len(members) == 1 else ''}"
        reason = profile.node_reasons.get(node, "no agent of it runs there")
        for found in _workload(
            situation,
            workload,
            members[0],
            "uncovered-node",
            f"{running} on node {node}{others}, where {profile.name} enforces nothing: {reason}",
        ):
            if value is False:
                yield found
            else:
                why = f"whether {profile.name} enforces policies on node {node}{others} is open: {reason}"
                yield NotEvaluable(RULE.id, workload.subject, why, workload.place)


_FIXES = {
    "host-network": "do without hostNetwork, or protect the node itself",
    "standalone": "give it a controller",
    "uncovered-node": "let the network plugin's agent run on the node, or keep the pods away from it",
}


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
        _FIXES[what],
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
        told = situation.profile.facts[feature.fact]
        if told.value is None:
            why = f"whether {situation.profile.name} supports {feature.name} is open: {told.why or told.source}"
            yield NotEvaluable(RULE.id, subject, why, place)
            continue
        yield Finding(
            RULE.id,
            f"{subject} uses {feature.name}, which {situation.profile.name} does not support: {feature.without}",
            place,
            subject,
            (str(feature.fact),),
            fix=f"do without {feature.name}, or use a network plugin that supports it",
        )
