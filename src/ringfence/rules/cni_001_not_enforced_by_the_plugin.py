"""The network plugin does not enforce the policies.

## What is checked

Whether the network plugin that the profile stands for enforces the kinds of policies of the input at all, and in which
directions, and whether its agent runs on any node. Only what it surely does not enforce is found.

## Why this is bad

The API server stores a NetworkPolicy whatever runs in the cluster. Where nothing enforces it, every pod reaches every
pod, and `kubectl get networkpolicy` shows a list of protections. It is the worst state: nobody looks any further.

## Example

Flannel carries traffic between nodes and enforces nothing. AdminNetworkPolicy objects do nothing where the plugin does
not know them, or no longer does: Calico dropped them in 3.32 for ClusterNetworkPolicy.

## How to fix it

Install a plugin that enforces policies (or its policy part beside the one that you have), or use the kind of policy
that your plugin knows. Then prove it in the cluster: one connection that passes, one policy, the same connection
refused.

## Limits

The profile is the one that you name with `--cni` or that the input shows. The default profile stands for any
conforming plugin, which enforces what there is. Pods on single nodes without the agent are NP-019's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.layers.network.enforcement import Unenforced, unenforced
from ringfence.layers.profiles import Fact
from ringfence.model.policy import Direction
from ringfence.rules.examples import STRANGER, confirmed
from ringfence.rules.finding import Finding, Related, Severity, Subject, Witness
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.situation import labels_text, policy_subject
from ringfence.verdict.answers import Verdict

if TYPE_CHECKING:
    from ringfence.layers.network.policies import CompiledPolicy
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="CNI-001",
    slug="not-enforced-by-the-plugin",
    title="The network plugin does not enforce the policies",
    severity=Severity.CRITICAL,
    precision=Precision.VERY_HIGH,
    needs=Needs.INVENTORY,
    aliases=("kubescape:C-0205", "kube-bench:5.3.1"),
)

SHOWN = 5
"""Policies whose places a finding lists."""


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each kind of policy, and directions, without effect; one for all where no node has the agent."""
    compiled = {id(one.policy): one for one in situation.policies}
    idle: dict[tuple[object, ...], list[Unenforced]] = {}
    for one in unenforced((each.policy for each in situation.policies), situation.profile):
        idle.setdefault((one.policy.kind, one.directions, one.reading), []).append(one)
    for members in idle.values():
        yield _finding(situation, members, [compiled[id(one.policy)] for one in members])
    profile = situation.profile
    nodes = situation.cluster.nodes
    if situation.policies and nodes and all(profile.nodes.get(name, profile.elsewhere) is False for name in nodes):
        yield _nowhere(situation, list(situation.policies))


def _finding(situation: Situation, found: list[Unenforced], members: list[CompiledPolicy]) -> Finding:
    profile = situation.profile
    first, directions, reading = found[0].policy, found[0].directions, found[0].reading
    words = " and ".join(direction.value for direction in directions)
    high = (str(Fact.HIGH_ADMIN_PRIORITIES),) if reading is profile.facts[Fact.HIGH_ADMIN_PRIORITIES] else ()
    others = f" and {len(members) - 1} more" if len(members) > 1 else ""
    return Finding(
        RULE.id,
        f"{profile.name} does not enforce {words} of {first.kind}: {policy_subject(first)}{others} has no effect "
        f"({found[0].why})",
        first.place,
        Subject("CNI", "", profile.name),
        (first.kind, *(direction.value for direction in directions), *high),
        _related(members),
        _witness(situation, directions[0], members),
        "install what enforces it, or write the policies in a kind that is enforced; then test one in the cluster",
    )


def _nowhere(situation: Situation, members: list[CompiledPolicy]) -> Finding:
    profile, first = situation.profile, members[0].policy
    node = next(iter(situation.cluster.nodes))
    others = f" and {len(members) - 1} more policies" if len(members) > 1 else ""
    reason = profile.node_reasons.get(node, "its agent does not run there")
    return Finding(
        RULE.id,
        f"{profile.name} covers no node of the cluster: {policy_subject(first)}{others} has no effect "
        f"(node {node}: {reason})",
        first.place,
        Subject("CNI", "", profile.name),
        ("nodes",),
        _related(members),
        _witness(situation, Direction.INGRESS, members),
        "let the network plugin's agent run on the nodes; then test a policy in the cluster",
    )


def _related(members: list[CompiledPolicy]) -> tuple[Related, ...]:
    return tuple(Related(one.policy.place, f"{policy_subject(one.policy)} has no effect") for one in members[1:SHOWN])


def _witness(situation: Situation, direction: Direction, members: list[CompiledPolicy]) -> Witness | None:
    """A stranger's connection that passes in spite of the policy."""
    stranger = labels_text({}, STRANGER)
    pods = (
        situation.cluster.pods[index]
        for compiled in members[:SHOWN]
        for index in situation.pods_by_namespace.get(compiled.policy.namespace or "", ())[:SHOWN]
        if compiled.policy.subject.pods.matches(situation.cluster.pods[index].labels)
    )
    texts = (f"{pod.namespace}/{pod.name}" for pod in pods)
    ends = ((stranger, text) if direction is Direction.INGRESS else (text, stranger) for text in texts)
    return confirmed(situation, (Witness(*pair, 443, "TCP", Verdict.ALLOWED) for pair in ends))
