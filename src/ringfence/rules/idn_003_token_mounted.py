"""A workload has a token for the API server, reaches it, and may do something there.

## What is checked

Workloads whose pods get the token of their ServiceAccount (`automountServiceAccountToken`, of the pod, else of the
account, else true), whose account has rights by a RoleBinding or ClusterRoleBinding, and whose egress NetworkPolicies
leave the API server open to.

## Why this is bad

Whoever takes over the workload reads the token from its file, and has the rights of the account: to read secrets, to
change the policies of the mesh, or to start pods under another identity. Most workloads never call the API server.

## Example

```yaml
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {serviceAccountName: web, containers: [{name: web, image: web}]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: web, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}
subjects: [{kind: ServiceAccount, name: web, namespace: shop}]
```

Use instead, where the workload does not call the API server:

```yaml
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  serviceAccountName: web
  automountServiceAccountToken: false
  containers: [{name: web, image: web}]
```

## How to fix it

Set `automountServiceAccountToken: false`, take the rights away, or close its egress to the API server. A proxy of the
mesh has a token of its own, which is only good for the mesh.

## Limits

Where the API server is, is told by the Service `default/kubernetes`; without it, a workload whose egress is isolated
and may still reach addresses outside cannot be evaluated. Without any RoleBinding in the input nothing is said, but in
a mesh, where it is not evaluable. Rights that lead to no others make a finding of low severity. Rights of the groups of
all accounts count; those that every account has do not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.model.policy import Direction
from ringfence.rules.ends import pod_end
from ringfence.rules.finding import Finding, NotEvaluable, Related, Severity, Subject, Witness
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.situation import NOWHERE
from ringfence.verdict.answers import Verdict
from ringfence.verdict.ends import EndError

if TYPE_CHECKING:
    from ringfence.model.cluster import Pod
    from ringfence.rules.finding import Result
    from ringfence.rules.rights import Right
    from ringfence.rules.situation import Situation, Workload

RULE = Rule(
    id="IDN-003",
    slug="token-mounted",
    title="A workload has a token for the API server, reaches it, and may do something there",
    severity=Severity.MEDIUM,
    precision=Precision.MEDIUM,
    needs=Needs.REACH,
    frameworks=("CIS 5.1.6",),
    aliases=(
        *("checkov:CKV_K8S_38", "kubescape:C-0034", "kubescape:C-0190", "kubescape:C-0261"),
        *("popeye:301", "popeye:303", "trivy:KSV-0036"),
    ),
)

SERVER = "default/service/kubernetes"
PORTS = (443, 6443)
"""Ports at which API servers are asked for where the input does not tell."""
INPUT = Subject("Cluster", "", "input")


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each workload."""
    rights = situation.rights
    if not rights.known:
        if situation.mesh is not None and situation.workloads:
            yield NotEvaluable(RULE.id, INPUT, "the input has no RoleBindings, which say what accounts may do")
        return
    known: dict[tuple[str, str], tuple[list[Right], list[str]]] = {}
    for workload in situation.workloads:
        index = workload.pods[0]
        pod = situation.cluster.pods[index]
        key = (pod.namespace, pod.service_account)
        if key not in known:
            known[key] = rights.of(*key)
        found, missing = known[key]
        mounted = _mounted(situation, index, pod) if found or missing else False
        if mounted is False:
            continue
        reached, witness = _reaches(situation, index)
        if reached is False:
            continue
        why = ""
        if mounted is None:
            why = "whether its pods get a token is not in the input"
        elif reached is None:
            why = "whether NetworkPolicies let it reach the API server is open: the input does not say where that is"
        elif not found:
            why = f"the input does not have {missing[0]}, which its account has"
        if why:
            yield NotEvaluable(RULE.id, workload.subject, why, workload.place)
        else:
            yield _finding(workload, pod, found, witness)


def _finding(workload: Workload, pod: Pod, found: list[Right], witness: Witness | None) -> Finding:
    from ringfence.rules.enforcement import listed
    from ringfence.rules.rights import powers

    worth = list(dict.fromkeys(power for right in found for power in powers(right)))
    said = worth or [f"{'/'.join(sorted(right.verbs))} {'/'.join(sorted(right.resources))}" for right in found]
    message = (
        f"{workload.subject} has a token of {pod.namespace}/{pod.service_account}, reaches the API server, and may "
        f"{listed(said)}"
    )
    related = [Related(right.place, f"{right.binding} gives it") for right in found]
    return Finding(
        RULE.id,
        message,
        workload.place or NOWHERE,
        workload.subject,
        (),
        tuple(dict.fromkeys(related))[:3],
        witness,
        "set automountServiceAccountToken: false where it does not call the API server",
        None if worth else Severity.LOW,
    )


def _mounted(situation: Situation, index: int, pod: Pod) -> bool | None:
    """Whether the pod gets a token; None: the input does not tell."""
    from ringfence.rules.mesh_objects import mapping

    written = situation.pod_spec(index)
    if written is None:
        return None
    said = written[2].get("automountServiceAccountToken")
    if isinstance(said, bool):
        return said
    account = situation.manifest(Subject("ServiceAccount", pod.namespace, pod.service_account))
    said = mapping(account.data).get("automountServiceAccountToken") if account is not None else None
    return said if isinstance(said, bool) else True


def _reaches(situation: Situation, index: int) -> tuple[bool | None, Witness | None]:
    """Whether the network lets a pod reach the API server, and the flow; None: that is open."""
    end = pod_end(situation, index)
    if any((one.namespace, one.name) == ("default", "kubernetes") for one in situation.cluster.services):
        witness = Witness(end, SERVER, 443, "TCP", Verdict.ALLOWED)
        try:
            verdict = situation.can(end, SERVER, 443, "TCP")
        except EndError:
            verdict = Verdict.UNKNOWN
        if verdict is Verdict.ALLOWED:
            answer = situation.answer(witness)
            if answer.verdict is Verdict.ALLOWED:
                return True, witness
            unbound = answer.layered is not None and not answer.layered.holds
            return True, Witness(end, SERVER, 443, "TCP", Verdict.ALLOWED, unbound=True) if unbound else None
        return (False if verdict is Verdict.DENIED else None), None
    if situation.isolated(index, Direction.EGRESS) is False and not situation.cluster.opaque:
        return _everywhere(situation, end)
    try:
        closed = all(situation.outwards(end, port) is Verdict.DENIED for port in PORTS)
    except EndError:
        closed = False
    return (False if closed and not situation.cluster.nodes else None), None


def _everywhere(situation: Situation, end: str) -> tuple[bool | None, Witness | None]:
    """A pod without a policy for its egress: unless a policy of the administrator closes it."""
    try:
        verdicts = {situation.outwards(end, port) for port in PORTS}
    except EndError:
        return None, None
    return (True if verdicts == {Verdict.ALLOWED} else None), None
