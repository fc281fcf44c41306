"""Policies stop what nobody wrote down: probes of the kubelet, scrapers of metrics, calls of the API server.

## What is checked

In a mesh: whether a workload's probes over HTTP or gRPC get an answer where the injector does not rewrite them
(`sidecar.istio.io/rewriteAppHTTPProbers: "false"`); in ambient, whether NetworkPolicies admit 169.254.7.127, from which
probes come there; whether Prometheus, where the input has it, gets to pods that ask to be scraped
(`prometheus.io/scrape`); and whether the API server gets to the pods of admission webhooks. The engine is asked for the
flow, or the server's proxy what it makes of somebody without an identity.

## Why this is bad

None of these comes from a workload that somebody thinks of, and none has an identity of the mesh. A probe that is
refused restarts the pod; metrics that are refused are missing on the day when they are needed; a webhook that is not
reached fails every change, or lets every change pass.

## Example

```yaml
apiVersion: v1
kind: Pod
metadata:
  name: web
  namespace: shop
  labels: {app: web}
  annotations: {sidecar.istio.io/rewriteAppHTTPProbers: "false"}
spec:
  containers:
  - name: web
    image: web
    livenessProbe: {httpGet: {path: /healthz, port: 8080}}
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: shop}
spec: {mtls: {mode: STRICT}}
```

Use instead the rewriting of probes, which is the default.

## How to fix it

Take the annotation out; admit 169.254.7.127/32 in the NetworkPolicy; write `portLevelMtls` with PERMISSIVE, or exclude
the port, for scrapers and webhooks, and let a NetworkPolicy say who gets there.

## Limits

Of network plugins only Cilium is known to judge 169.254.7.127 by its address; under other profiles the rule cannot be
evaluated there. Prometheus is known by the labels `app` and `app.kubernetes.io/name`, and what it scrapes by
annotations with a port: PodMonitors and ServiceMonitors are not read. Where the API server is, is told by the Service
`default/kubernetes`; without it, only what refuses everybody without an identity is found.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ringfence.model.policy import Direction
from ringfence.rules.finding import Finding, NotEvaluable, Severity, Subject, Witness
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.situation import NOWHERE
from ringfence.verdict.answers import Verdict
from ringfence.verdict.ends import EndError

if TYPE_CHECKING:
    from ringfence.model.cluster import Service
    from ringfence.model.provenance import Place
    from ringfence.rules.enforcement import Enforcement
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="LAY-007",
    slug="hidden-dependency-blocked",
    title="Policies stop what nobody wrote down: probes of the kubelet, scrapers of metrics, calls of the API server",
    severity=Severity.MEDIUM,
    precision=Precision.HIGH,
    needs=Needs.REACH,
)

PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
REWRITE = "sidecar.istio.io/rewriteAppHTTPProbers"
NODE_PROBES = "169.254.7.127"
"""Where probes to pods of an ambient mesh come from (istio.io, "Ambient and Kubernetes NetworkPolicy")."""
BY_ADDRESS = ("cilium",)
"""Plugins that are known to take it for an address like others."""
MERGED = 15020
"""Where a sidecar shows the metrics of the application with its own."""
SCRAPE = "prometheus.io/scrape"


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each workload and each dependency."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    from ringfence.dialects.istio.enrolment import is_gateway
    from ringfence.model.mesh import Proxy

    told: set[object] = set()
    scrapers = _scrapers(enforcement)
    for index in enforcement.pods:
        pod = enforcement.pod(index)
        if pod.workload in told or pod.host_network or is_gateway(pod):
            continue
        told.add(pod.workload)
        written = situation.pod_spec(index)
        subject = Subject(pod.workload.kind, pod.workload.namespace, pod.workload.name)
        if written is None:
            if enforcement.proxy(index) is not Proxy.NONE:
                why = "the input does not have its pods as they are written, with their probes"
                yield NotEvaluable(RULE.id, subject, why, pod.place)
            continue
        manifest, path, spec = written
        proxy = enforcement.proxy(index)
        place = pod.place or NOWHERE
        probes = list(_probes(index, spec, enforcement))
        annotations = _annotations(manifest.data, path)
        if proxy is Proxy.SIDECAR and annotations.get(REWRITE) == "false":
            yield from _by_sidecar(enforcement, index, subject, place, probes)
        if proxy is Proxy.NODE and probes:
            yield from _by_node(enforcement, index, subject, place, probes)
        if annotations.get(SCRAPE) == "true":
            yield from _scraped(enforcement, index, subject, place, annotations, scrapers)
    for service, name, port in _webhooks(enforcement):
        yield from _called(enforcement, service, name, port)


def _annotations(data: Mapping[str, Any], path: tuple[str | int, ...]) -> Mapping[str, Any]:
    """Those of the pod whose spec stands at a path."""
    from ringfence.rules.mesh_objects import mapping

    for key in path[:-1]:
        data = mapping(data.get(str(key)))
    return mapping(mapping(data.get("metadata")).get("annotations"))


def _probes(index: int, spec: Mapping[str, Any], enforcement: Enforcement) -> Iterator[tuple[str, int, str]]:
    """The probes of a pod that open a connection: which, the port, and the path (empty: not HTTP)."""
    from ringfence.rules.mesh_objects import mapping, members

    for _, container in members(spec.get("containers")):
        for name in PROBES:
            probe = mapping(container.get(name))
            for sort in ("httpGet", "grpc", "tcpSocket"):
                said = mapping(probe.get(sort))
                port = _number(said.get("port"), enforcement.pod(index).ports)
                if port is not None:
                    path = str(said.get("path") or "/") if sort == "httpGet" else "/grpc.health.v1.Health/Check"
                    yield name, port, "" if sort == "tcpSocket" else path


def _number(said: Any, ports: Any) -> int | None:
    if type(said) is int:
        return said
    return next((one.number for one in ports if one.name == said), None)


def _refuses_nobody(enforcement: Enforcement, index: int, port: int, method: str, path: str) -> bool | None:
    """Whether the proxy of a pod refuses a request of somebody without an identity, who sends plaintext; None: that is
    open."""
    from ringfence.layers.requests.deciding import Outcome, decide
    from ringfence.layers.requests.facts import Facts
    from ringfence.model.mesh import (
        DESTINATION_ADDRESS,
        HOST,
        METHOD,
        PATH,
        PEER_ADDRESS,
        PEER_IDENTITY,
        PORT,
        REMOTE_ADDRESS,
        Acceptance,
        Point,
        PointSort,
        Proxy,
        Speech,
    )

    options = enforcement.mesh.membership(enforcement.pod(index))
    if not any(first <= port <= last for option in options for first, last in option.value.inbound):
        return False
    acceptance, speech = enforcement.acceptance(index, port), enforcement.speech(index, port)
    if acceptance is None or speech is None:
        return None
    if acceptance is Acceptance.STRICT:
        return True
    node = enforcement.proxy(index) is Proxy.NODE
    http = not node and speech is not Speech.TCP and bool(path)
    point = Point(PointSort.NODE if node else PointSort.SIDECAR, enforcement.pod(index), http)
    values: dict[Any, Any] = {PEER_IDENTITY: None, PORT: port}
    if http:
        if len(enforcement.mesh.spellings(path)) > 1:
            return None
        values |= {METHOD: method, PATH: enforcement.mesh.normalized(path)}
    facts = Facts(values, frozenset((PEER_ADDRESS, REMOTE_ADDRESS, DESTINATION_ADDRESS, HOST)))
    outcome = decide(enforcement.mesh.rules(point, port), facts, point.sort, http=http).outcome
    return {Outcome.REFUSED: True, Outcome.PASS: False}.get(outcome)


def _by_sidecar(
    enforcement: Enforcement, index: int, subject: Subject, place: Place, probes: list[tuple[str, int, str]]
) -> Iterator[Result]:
    for name, port, path in probes:
        method = "POST" if path.startswith("/grpc.health") else "GET"
        # A sidecar takes every connection: a probe that only connects always succeeds.
        refused = _refuses_nobody(enforcement, index, port, method, path) if path else False
        if refused is None:
            why = f"whether its proxy answers the {name} is open"
            yield NotEvaluable(RULE.id, subject, why, place)
        elif refused:
            yield Finding(
                RULE.id,
                f"{subject} has a {name} at port {port}, and its proxy refuses it: the kubelet has no identity",
                place,
                subject,
                (name, str(port)),
                fix=f"take the annotation {REWRITE} out",
            )


def _by_node(
    enforcement: Enforcement, index: int, subject: Subject, place: Place, probes: list[tuple[str, int, str]]
) -> Iterator[Result]:
    situation = enforcement.situation
    isolated = situation.isolated(index, Direction.INGRESS)
    for name, port, _ in probes if isolated is not False else ():
        witness = Witness(NODE_PROBES, enforcement.end(index), port, "TCP", Verdict.DENIED)
        try:
            verdict = situation.can(NODE_PROBES, witness.destination, port, "TCP")
        except EndError:
            verdict = Verdict.UNKNOWN
        if verdict is Verdict.ALLOWED:
            continue
        if verdict is Verdict.UNKNOWN or situation.profile.name not in BY_ADDRESS:
            why = f"whether the network plugin lets probes from {NODE_PROBES} pass, which no policy admits, is open"
            yield NotEvaluable(RULE.id, subject, why, place)
            return
        yield Finding(
            RULE.id,
            f"{subject} has a {name} at port {port}, and its NetworkPolicies do not admit {NODE_PROBES}, from which it "
            "comes in ambient",
            place,
            subject,
            (name, str(port)),
            witness=witness,
            fix=f"admit ipBlock: {{cidr: {NODE_PROBES}/32}}",
        )


def _scrapers(enforcement: Enforcement) -> list[int]:
    """The pods of Prometheus."""
    keys = ("app.kubernetes.io/name", "app")
    return [
        index
        for index in enforcement.pods
        if any(enforcement.pod(index).labels.get(key) == "prometheus" for key in keys)
    ]


def _scraped(
    enforcement: Enforcement,
    index: int,
    subject: Subject,
    place: Place,
    annotations: Mapping[str, Any],
    scrapers: list[int],
) -> Iterator[Result]:
    from ringfence.model.mesh import Proxy
    from ringfence.verdict.meshed.request import Request

    said = str(annotations.get("prometheus.io/port", ""))
    merged = (
        enforcement.proxy(index) is Proxy.SIDECAR
        and annotations.get("prometheus.istio.io/merge-metrics") != "false"
        and annotations.get("sidecar.istio.io/status") is None
    )
    port = MERGED if merged else int(said) if said.isascii() and said.isdigit() and 0 < len(said) < 6 else None
    path = str(annotations.get("prometheus.io/path") or "/metrics")
    if port is None or not 1 <= port <= 65535 or not path.startswith("/"):
        return
    request = Request("GET", "/stats/prometheus" if merged else path)
    for scraper in scrapers:
        if enforcement.pod(scraper).workload == enforcement.pod(index).workload:
            continue
        one = Witness(enforcement.end(scraper), enforcement.end(index), port, "TCP", Verdict.DENIED, request)
        try:
            verdict = enforcement.situation.says(one)
        except EndError:
            continue
        if verdict is Verdict.DENIED:
            yield Finding(
                RULE.id,
                f"{subject} asks to be scraped at port {port}, and {one.source} does not get there",
                place,
                subject,
                ("metrics", str(port)),
                witness=one,
                fix="admit Prometheus in the NetworkPolicy, and its identity in the policies of the mesh",
            )
            return


def _webhooks(enforcement: Enforcement) -> Iterator[tuple[Service, str, int]]:
    """Services of the input that the API server calls before it takes a change."""
    from ringfence.rules.mesh_objects import mapping, members

    services = {(one.namespace, one.name): one for one in enforcement.situation.cluster.services}
    told: set[tuple[str, str, int]] = set()
    for manifest in enforcement.situation.manifests:
        if manifest.kind not in ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"):
            continue
        for _, hook in members(manifest.data.get("webhooks")):
            said = mapping(mapping(hook.get("clientConfig")).get("service"))
            key = (str(said.get("namespace", "")), str(said.get("name", "")))
            port = said.get("port", 443)
            if key in services and type(port) is int and (*key, port) not in told:
                told.add((*key, port))
                yield services[key], f"{manifest.kind} {manifest.name}", port


def _called(enforcement: Enforcement, service: Service, hook: str, port: int) -> Iterator[Result]:
    situation = enforcement.situation
    subject = Subject("Service", service.namespace, service.name)
    place = service.place or NOWHERE
    servers = _servers(situation)
    selected = set(situation.pods_behind(service))
    behind = [index for index in enforcement.pods_of(service.namespace) if index in selected]
    for index in behind:
        for target in enforcement.published_from(index, service, port):
            refused = _refuses_nobody(enforcement, index, target, "", "")
            witness, why = None, "its proxy refuses whoever has no identity of the mesh"
            if not refused:
                witness = _denied(situation, servers, f"{service.namespace}/service/{service.name}", port)
                why = "NetworkPolicies do not let it through"
            if refused or witness is not None:
                yield Finding(
                    RULE.id,
                    f"{hook} is called at {subject} port {port}, and the API server does not get to "
                    f"{enforcement.end(index)}: {why}",
                    place,
                    subject,
                    ("webhook", str(port)),
                    witness=witness,
                    fix="let the proxy take plaintext at the port, or leave it out; admit the API server's address",
                )
                return
            isolated = situation.isolated(index, Direction.INGRESS)
            if refused is None or (not servers and isolated is not False):
                open_ = "whether the API server gets to the webhook is open: the input does not say where it is"
                yield NotEvaluable(RULE.id, subject, open_, place)
                return


def _servers(situation: Situation) -> list[str]:
    """The addresses of the API server."""
    from ringfence.sets.addresses import address_text

    return [
        address_text(backend.address)
        for service in situation.cluster.services
        if (service.namespace, service.name) == ("default", "kubernetes")
        for backend in service.backends
    ]


def _denied(situation: Situation, servers: list[str], name: str, port: int) -> Witness | None:
    for address in servers:
        one = Witness(address, name, port, "TCP", Verdict.DENIED)
        try:
            if situation.can(address, name, port, "TCP") is Verdict.DENIED:
                return one
        except EndError:
            continue
    return None
