"""An annotation of Istio that does nothing where it stands, or not what it says.

## What is checked

Annotations under the keys of Istio: those for pods that stand on a Deployment, a Namespace or a Service instead of the
template; keys that no release has, near ones of which decide what passes by the proxy; values that the injector does
not take; `sidecar.istio.io/inject` as an annotation only, which the injector's webhook does not look at; and those that
are deprecated or of an alpha feature.

## Why this is bad

The workload is not as its manifest says. One that should have a sidecar has none, and takes plaintext from everybody; a
port that should stay out of the mesh is refused, or the other way round. Nobody says so.

## Example

```yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, annotations: {sidecar.istio.io/inject: "true"}}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web}]}
```

Use instead a label, on the template of the pods:

```yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web, sidecar.istio.io/inject: "true"}}
    spec: {containers: [{name: web, image: web}]}
```

## How to fix it

Move the annotation into `spec.template.metadata`, spell it as Istio does, or write the label `sidecar.istio.io/inject`
instead of the annotation.

## Limits

Unknown keys are looked for below `sidecar.istio.io`, `ambient.istio.io`, `inject.istio.io` and `networking.istio.io`
only; a release that is newer than ringfence may know more: the finding is of low severity unless the key is near one
that is known. `kubernetes.io/ingress.class`, of which IST0107 speaks too, is not looked at: what it opens where it is
read is a way in of `ringfence exposure`, and elsewhere it opens nothing. What an annotation takes out of the proxy is
MSH-009.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING

from ringfence.rules.finding import Finding, NotEvaluable, Severity, Subject
from ringfence.rules.rule import Needs, Precision, Rule

if TYPE_CHECKING:
    from ringfence.model.provenance import Manifest, Place
    from ringfence.rules.enforcement import Enforcement
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="MSH-020",
    slug="annotation-not-read",
    title="An annotation of Istio that does nothing where it stands, or not what it says",
    severity=Severity.MEDIUM,
    precision=Precision.HIGH,
    needs=Needs.OBJECT,
    aliases=(*("istioctl:IST0107", "istioctl:IST0108", "istioctl:IST0125", "istioctl:IST0135", "istioctl:IST0136"),),
)

INJECT = "sidecar.istio.io/inject"
_T, _S, _R = "traffic.sidecar.istio.io/", "sidecar.istio.io/", "readiness.status.sidecar.istio.io/"
CAPTURE = frozenset({
    *(f"{_T}{direction}{what}" for direction in ("include", "exclude") for what in ("InboundPorts", "OutboundPorts")),
    *(f"{_T}includeOutboundIPRanges", f"{_T}excludeOutboundIPRanges", f"{_T}excludeInterfaces"),
    *(f"{_T}kubevirtInterfaces", "istio.io/reroute-virtual-interfaces", f"{_S}interceptionMode"),
    *("status.sidecar.istio.io/port", "ambient.istio.io/bypass-inbound-capture"),
})  # fmt: skip
"""Annotations of pods that decide what passes by the proxy. All are of alpha features."""
DEPRECATED = frozenset({
    *(f"{_S}controlPlaneAuthPolicy", f"{_S}discoveryAddress", f"{_S}statsInclusionPrefixes"),
    *(f"{_S}statsInclusionSuffixes", f"{_S}statsInclusionRegexps"),
    *("alpha.istio.io/identity", "alpha.istio.io/kubernetes-serviceaccounts"),
    "alpha.istio.io/canonical-serviceaccounts",
})  # fmt: skip
OF_PODS = frozenset({
    *CAPTURE,
    *(key for key in DEPRECATED if "serviceaccounts" not in key),
    *(INJECT, f"{_S}status", f"{_S}nativeSidecar", f"{_S}rewriteAppHTTPProbers", f"{_S}proxyImage"),
    *(f"{_S}proxyImageType", f"{_S}proxyCPU", f"{_S}proxyCPULimit", f"{_S}proxyMemory", f"{_S}proxyMemoryLimit"),
    *(f"{_S}bootstrapOverride", f"{_S}userVolume", f"{_S}userVolumeMount", f"{_S}enableCoreDump", f"{_S}logLevel"),
    *(f"{_S}componentLogLevel", f"{_S}agentLogLevel", f"{_S}extraStatTags", f"{_S}statsHistogramBuckets"),
    *(f"{_S}statsCompression", f"{_S}statsFlushInterval", f"{_S}statsEvictionInterval"),
    *(f"{_R}initialDelaySeconds", f"{_R}periodSeconds", f"{_R}failureThreshold", f"{_R}applicationPorts"),
    *("ambient.istio.io/redirection", "ambient.istio.io/dns-capture", "ambient.istio.io/bypass-dns-capture"),
    *("inject.istio.io/templates", "proxy.istio.io/config", "proxy.istio.io/overrides"),
    "prometheus.istio.io/merge-metrics",
})  # fmt: skip
"""Annotations that are read on pods."""
ELSEWHERE = frozenset({
    *("networking.istio.io/exportTo", "networking.istio.io/traffic-distribution", "networking.istio.io/service-type"),
    *("networking.istio.io/address-type", "networking.istio.io/internal-service-type"),
})  # fmt: skip
"""Annotations of other objects."""
OURS = frozenset(key.partition("/")[0] for key in OF_PODS if "sidecar" in key) | {
    *("ambient.istio.io", "inject.istio.io", "networking.istio.io")
}
"""Where a key that is not known is worth a word."""
NAMESPACED = frozenset({
    *("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob", "Service"),
    *("ServiceAccount", "ConfigMap", "Secret", "Ingress", "Gateway", "VirtualService", "ServiceEntry"),
})  # fmt: skip
"""Kinds of objects that are in ``default`` where they name no namespace."""
NUMBERS = frozenset(f"{_R}{name}" for name in ("initialDelaySeconds", "periodSeconds", "failureThreshold"))
PORTS = frozenset(key for key in CAPTURE if key.endswith("Ports"))
RANGES = frozenset(key for key in CAPTURE if key.endswith("IPRanges"))


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each object and annotation."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    from ringfence.rules.mesh_objects import mapping

    for manifest in situation.manifests:
        annotations = mapping(mapping(manifest.data.get("metadata")).get("annotations"))
        if manifest.kind != "Pod" and any(isinstance(key, str) and "istio" in key for key in annotations):
            yield from _elsewhere(manifest, annotations)
    told: set[object] = set()
    for index in enforcement.pods:
        pod = enforcement.pod(index)
        if pod.marks.annotations and pod.workload not in told:
            told.add(pod.workload)
            yield from _of_pod(enforcement, index)


def _elsewhere(manifest: Manifest, annotations: Mapping[str, object]) -> Iterator[Finding]:
    """Annotations of an object that is no pod."""
    namespace = manifest.namespace or ("default" if manifest.kind in NAMESPACED else "")
    subject = Subject(manifest.kind, namespace, manifest.name)
    for key in annotations:
        place = manifest.positions.place(("metadata", "annotations", key))
        if key in OF_PODS:
            message = f"{subject} is annotated {key}, which is for pods: nobody reads it here"
            hint = "move it to the pods, or to spec.template.metadata of what makes them"
            yield Finding(RULE.id, message, place, subject, (key,), fix=hint)
        elif key in DEPRECATED:
            yield _old(subject, key, place)
        else:
            yield from _unknown(subject, key, place)


def _old(subject: Subject, key: str, place: Place) -> Finding:
    message = f"{subject} is annotated {key}, which is deprecated: later releases do not read it"
    return Finding(RULE.id, message, place, subject, (key,), fix="take it out", severity=Severity.INFO)


def _unknown(subject: Subject, key: object, place: Place) -> Iterator[Finding]:
    if not isinstance(key, str) or key in OF_PODS | ELSEWHERE or key.partition("/")[0] not in OURS:
        return
    near = get_close_matches(key, sorted(OF_PODS | ELSEWHERE), n=1, cutoff=0.85)
    hint = f"did you mean {near[0]}?" if near else "take it out, or compare it with the annotations of your release"
    message = f"{subject} is annotated {key}, which no release of Istio reads that is known here"
    yield Finding(RULE.id, message, place, subject, (key,), fix=hint, severity=None if near else Severity.LOW)


def _of_pod(enforcement: Enforcement, index: int) -> Iterator[Result]:
    from ringfence.dialects.istio.enrolment import is_gateway
    from ringfence.model.mesh import Proxy
    from ringfence.rules.mesh_objects import workload_of

    pod = enforcement.pod(index)
    subject = workload_of(pod)
    path = ("metadata",) if subject.kind == "Pod" else ("spec", "template", "metadata")
    for key, value in sorted(pod.marks.annotations.items()):
        place = enforcement.situation.place_of(subject, (*path, "annotations", key), pod.place)
        fault = _fault(key, value)
        if fault:
            message = f"{subject} is annotated {key}: {value}, {fault}"
            yield Finding(RULE.id, message, place, subject, (key,), fix="write a value that the injector takes")
        elif key == INJECT and value == "true" and INJECT not in pod.labels and not is_gateway(pod):
            if enforcement.proxy(index) is None:
                why = (
                    f"whether the annotation {key}: true matters hangs on namespace {pod.namespace}, which is not known"
                )
                yield NotEvaluable(RULE.id, subject, why, place)
            elif enforcement.proxy(index) is Proxy.NONE and not pod.host_network:
                message = (
                    f"{subject} is annotated {key}: true and gets no sidecar: the injector is asked by labels, and "
                    f"namespace {pod.namespace} has none"
                )
                yield Finding(RULE.id, message, place, subject, (key,), fix=f"write it as a label: {key}: 'true'")
        elif key in DEPRECATED:
            yield _old(subject, key, place)
        elif key in CAPTURE:
            message = f"{subject} is annotated {key}, which is of a feature in its alpha phase"
            hint = "see that your release reads it"
            yield Finding(RULE.id, message, place, subject, (key,), fix=hint, severity=Severity.INFO)
        else:
            yield from _unknown(subject, key, place)


def _fault(key: str, value: str) -> str:
    """What is wrong with a value; empty: nothing that is known."""
    from ringfence.dialects.istio.capture import addresses

    words = [word.strip() for word in value.split(",")] if value.strip() not in ("", "*") else []
    if key == INJECT and value not in ("true", "false"):
        return "which is neither true nor false: what the namespace says counts"
    if key.endswith("/interceptionMode") and value not in ("REDIRECT", "TPROXY", "NONE"):
        return "which is none of REDIRECT, TPROXY and NONE: the injector rejects the pod"
    if key == "ambient.istio.io/bypass-inbound-capture" and value not in ("true", "false"):
        return "which is neither true nor false: it counts as false"
    if key in PORTS and not all(
        word.isascii() and word.isdigit() and len(word) < 6 and int(word) <= 65535 for word in words
    ):
        return "which is no list of ports: the injector rejects the pod"
    if key in NUMBERS and not (value.isascii() and value.isdigit()):
        return "which is no number: the injector rejects the pod"
    if key in RANGES and any(not addresses(word) for word in words):
        return "which is no list of CIDRs: the injector rejects the pod"
    return ""
