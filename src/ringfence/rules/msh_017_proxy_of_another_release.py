"""A proxy is of another release than the control plane.

## What is checked

The images of the proxies in running pods against the images of istiod: of the revision that the pod names, else of all.

## Why this is bad

The proxy is older than the last upgrade, or the last repair of its vulnerabilities: it came with the pod and stays
until the pod is made anew. Meanings that changed between the releases differ between its workload and the others.

## Example

```yaml
apiVersion: v1
kind: Pod
metadata:
  name: web
  namespace: shop
  labels: {app: web}
spec:
  nodeName: node-1
  containers:
  - {name: web, image: web}
  - {name: istio-proxy, image: docker.io/istio/proxyv2:1.26.2}
```

Use instead, once istiod is of release 1.27.3, a pod that was made since:

```yaml
apiVersion: v1
kind: Pod
metadata:
  name: web
  namespace: shop
  labels: {app: web}
spec:
  nodeName: node-1
  containers:
  - {name: web, image: web}
  - {name: istio-proxy, image: docker.io/istio/proxyv2:1.27.3}
```

## How to fix it

Restart the workload.

## Limits

Only tags that begin with a version are compared. Where the input has no istiod with such a tag, the rule cannot be
evaluated.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.rules.finding import Finding, NotEvaluable, Severity, Subject
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.situation import NOWHERE

if TYPE_CHECKING:
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="MSH-017",
    slug="proxy-of-another-release",
    title="A proxy is of another release than the control plane",
    severity=Severity.LOW,
    precision=Precision.HIGH,
    needs=Needs.INVENTORY,
    aliases=("istioctl:IST0158",),
)


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each workload and release."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    from ringfence.dialects.istio.enrolment import PROXY, REVISION
    from ringfence.dialects.istio.images import version_of_image
    from ringfence.rules.mesh_objects import workload_of

    planes = [one for one in enforcement.mesh.objects.control_planes if one.version]
    told: set[tuple[object, str]] = set()
    for index in enforcement.pods:
        pod = enforcement.pod(index)
        images = [proxy.image for proxy in pod.marks.proxies if proxy.name == PROXY]
        version = version_of_image(images[0]) if images else ""
        if not version or (pod.workload, version) in told:
            continue
        told.add((pod.workload, version))
        if not planes:
            why = "the input has no istiod whose image tells its release"
            yield NotEvaluable(RULE.id, Subject("Cluster", "", "istio"), why)
            return
        revision = pod.labels.get(REVISION, "")
        own = [one for one in planes if one.revision == revision] or planes
        versions = sorted({one.version for one in own})
        if version not in versions:
            message = f"{workload_of(pod)} has a proxy of release {version}, and istiod is of {' and '.join(versions)}"
            place = pod.place or NOWHERE
            yield Finding(RULE.id, message, place, workload_of(pod), (version,), fix="restart the workload")
