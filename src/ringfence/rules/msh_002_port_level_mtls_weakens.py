"""A port of a workload that is STRICT takes plaintext.

## What is checked

`portLevelMtls` of PeerAuthentications: ports that are PERMISSIVE or DISABLE at a workload whose other ports are
STRICT, by the same policy, that of the namespace or that of the mesh, as the workload's own proxy reads them.

## Why this is bad

The exception is in one policy and the rule in another. Everybody who looks at the namespace sees STRICT, and clients
without any identity get to this port.

## Example

```yaml
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: db, namespace: data}
spec:
  selector: {matchLabels: {app: db}}
  mtls: {mode: STRICT}
  portLevelMtls: {"5432": {mode: DISABLE}}
```

Use instead STRICT for all ports, or an exception for the port that only gives metrics.

## How to fix it

Take the exception out. Where clients without a proxy need the port, let a NetworkPolicy admit only these.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.rules.finding import Finding, NotEvaluable, Severity, Subject
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.verdict.answers import Verdict

if TYPE_CHECKING:
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="MSH-002",
    slug="port-level-mtls-weakens",
    title="A port of a workload that is STRICT takes plaintext",
    severity=Severity.HIGH,
    precision=Precision.HIGH,
    needs=Needs.INVENTORY,
)

ANY_OTHER = 1
"""A port that nothing speaks of stands for all others."""


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each such port of a policy."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    from ringfence.dialects.istio.enrolment import is_gateway
    from ringfence.dialects.istio.objects import Mode
    from ringfence.dialects.istio.peer_authentication import selects
    from ringfence.model.mesh import Acceptance, Proxy
    from ringfence.rules.enforcement import listed

    for one in enforcement.authentications:
        named = one.named
        subject = Subject(named.kind, named.namespace, named.name)
        for port, mode in one.ports.items():
            if mode in (None, Mode.STRICT) or not one.selector:
                continue
            place = situation.place_of(subject, ("spec", "portLevelMtls", str(port)), named.place)
            weak, perhaps = [], False
            for index in enforcement.pods_of(named.namespace):
                pod = enforcement.pod(index)
                if selects(one.selector, pod) is False or is_gateway(pod):
                    continue
                if enforcement.proxy(index) is Proxy.NONE:
                    continue
                free = next(number for number in range(ANY_OTHER, 65536) if number not in one.ports)
                at, others = enforcement.acceptance(index, port), enforcement.acceptance(index, free)
                sure = enforcement.proxy(index) is not None and selects(one.selector, pod)
                if not sure or at is None or others is None:
                    perhaps = True
                elif at is not Acceptance.STRICT and others is Acceptance.STRICT:
                    weak.append(index)
            if weak:
                flows = (enforcement.witness(enforcement.plain, index, port, Verdict.ALLOWED) for index in weak[:10])
                names = listed([enforcement.end(index) for index in weak])
                message = f"{subject} lets port {port} of {names} take plaintext, where everything else is STRICT"
                witness = next(filter(None, flows), None)
                hint = "take the port out of portLevelMtls"
                yield Finding(RULE.id, message, place, subject, (str(port),), witness=witness, fix=hint)
            elif perhaps:
                why = "which policy counts for a workload, or whether it has a proxy, is open"
                yield NotEvaluable(RULE.id, subject, why, place)
