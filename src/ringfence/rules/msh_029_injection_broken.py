"""The injector cannot do its work, and pods start without a proxy.

## What is checked

MutatingWebhookConfigurations of the injector: whether the Service exists that they call, and whether the API server
lets pods through where nobody answers (`failurePolicy: Ignore`). Pods whose container has `image: auto`, which only the
injector replaces, and that it is not asked about. Namespaces that name a revision
(`istio.io/rev`) without an injector.

## Why this is bad

With `Ignore`, pods that are made while istiod does not answer have no proxy, without a word: they take plaintext and no
policy of the mesh holds for them. With a Service that there is not, that is always so, or no pod starts at all. A pod
with `image: auto` that nobody injects never starts: a gateway that is not there.

## Example

```yaml
apiVersion: v1
kind: Pod
metadata:
  name: ingress
  namespace: edge
  labels: {istio: ingressgateway}
  annotations: {inject.istio.io/templates: gateway}
spec: {containers: [{name: istio-proxy, image: auto}]}
```

Use instead one that asks for the injector:

```yaml
apiVersion: v1
kind: Pod
metadata:
  name: ingress
  namespace: edge
  labels: {istio: ingressgateway, sidecar.istio.io/inject: "true"}
  annotations: {inject.istio.io/templates: gateway}
spec: {containers: [{name: istio-proxy, image: auto}]}
```

## How to fix it

Install the webhook of the revision that runs, with `failurePolicy: Fail`. Label the namespace or the pod of a gateway.

## Limits

Where the input has nothing of the namespace of istiod, the rule cannot be evaluated. Webhooks that call an address
outside of the cluster are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ringfence.rules.finding import Finding, NotEvaluable, Severity, Subject
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.situation import NOWHERE

if TYPE_CHECKING:
    from ringfence.model.provenance import Manifest
    from ringfence.rules.enforcement import Enforcement
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="MSH-029",
    slug="injection-broken",
    title="The injector cannot do its work, and pods start without a proxy",
    severity=Severity.HIGH,
    precision=Precision.HIGH,
    needs=Needs.INVENTORY,
    aliases=("istioctl:IST0139", "istioctl:IST0146", "istioctl:IST0147"),
)


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each webhook, and each workload that nobody injects."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    injectors = {
        one.named.name
        for one in enforcement.mesh.objects.injections
        if one.named.kind == "MutatingWebhookConfiguration"
    }
    for manifest in situation.manifests:
        if manifest.kind == "MutatingWebhookConfiguration" and manifest.name in injectors:
            yield from _webhooks(enforcement, manifest)
    yield from _automatic(enforcement)
    yield from _revisions(enforcement)


def _revisions(enforcement: Enforcement) -> Iterator[Result]:
    """Namespaces that ask for a revision of which no injector is installed."""
    from ringfence.dialects.istio.enrolment import DATAPLANE, INJECTION, REVISION

    situation = enforcement.situation
    for name, space in sorted(situation.cluster.namespaces.items()):
        revision = space.labels.get(REVISION)
        if not revision or INJECTION in space.labels or DATAPLANE in space.labels or not situation.has_workloads(name):
            continue
        answers = enforcement.mesh.enrolment.answers(revision)
        subject = Subject("Namespace", "", name)
        place = situation.place_of(subject, ("metadata", "labels", REVISION), space.place)
        if answers is None:
            why = f"whether an injector of revision {revision} is installed is open: the input has no webhooks"
            yield NotEvaluable(RULE.id, subject, why, place)
        elif not answers:
            message = f"{subject} asks for revision {revision}, which no injector has: its pods start without a proxy"
            yield Finding(RULE.id, message, place, subject, ("revision", revision), fix="name a revision that runs")


def _webhooks(enforcement: Enforcement, manifest: Manifest) -> Iterator[Result]:
    from ringfence.rules.mesh_objects import mapping, members

    subject = Subject(manifest.kind, "", manifest.name)
    told: set[tuple[str, ...]] = set()
    for at, hook in members(manifest.data.get("webhooks")):
        place = manifest.positions.place(("webhooks", at))
        name = str(hook.get("name", at))
        for evidence, found in _service(
            enforcement, subject, mapping(mapping(hook.get("clientConfig")).get("service"))
        ):
            if evidence not in told:
                told.add(evidence)
                yield (
                    found
                    if isinstance(found, NotEvaluable)
                    else Finding(
                        RULE.id, found, place, subject, evidence, fix="install istiod, or take the configuration away"
                    )
                )
        if hook.get("failurePolicy") == "Ignore":
            message = (
                f"{subject} lets pods through without a proxy where {name} does not answer (failurePolicy: Ignore)"
            )
            evidence = ("ignore", name)
            yield Finding(
                RULE.id, message, place, subject, evidence, fix="write failurePolicy: Fail", severity=Severity.MEDIUM
            )


def _service(
    enforcement: Enforcement, subject: Subject, service: Mapping[str, Any]
) -> Iterator[tuple[tuple[str, ...], str | NotEvaluable]]:
    """What is wrong with the Service that a webhook calls."""
    name, namespace = str(service.get("name", "")), str(service.get("namespace", ""))
    if not name:
        return
    situation = enforcement.situation
    services = situation.cluster.services
    evidence = ("service", f"{namespace}/{name}")
    if any((one.namespace, one.name) == (namespace, name) for one in services):
        return
    if not situation.has_workloads(namespace) and all(one.namespace != namespace for one in services):
        why = f"the input has no workload and no Service of namespace {namespace}, where the injector is"
        yield evidence, NotEvaluable(RULE.id, subject, why)
        return
    yield evidence, f"{subject} calls the Service {namespace}/{name}, which there is not: nobody injects"


def _automatic(enforcement: Enforcement) -> Iterator[Result]:
    """Pods that wait for the injector to give them an image, and of which it is not asked."""
    from ringfence.dialects.istio.enrolment import asked_revision
    from ringfence.rules.mesh_objects import workload_of

    by_default = any(one.by_default for one in enforcement.mesh.objects.injections if not one.revision)
    told: set[object] = set()
    for index in enforcement.pods:
        pod = enforcement.pod(index)
        if pod.workload in told or not any(proxy.image == "auto" for proxy in pod.marks.proxies):
            continue
        told.add(pod.workload)
        space = enforcement.situation.cluster.namespaces.get(pod.namespace)
        subject, place = workload_of(pod), pod.place or NOWHERE
        revision, why = asked_revision(space.labels if space else {}, pod.labels, pod.namespace, by_default)
        if revision is not None:
            continue
        if space is None or space.open_labels:
            yield NotEvaluable(RULE.id, subject, f"what namespace {pod.namespace} says to the injector is open", place)
            continue
        message = f"{subject} has image: auto, which only the injector replaces, and is not injected: {why}"
        yield Finding(RULE.id, message, place, subject, ("auto",), fix="label it sidecar.istio.io/inject: 'true'")
