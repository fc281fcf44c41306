"""A gateway that does not serve what it says, or not alone.

## What is checked

Gateways of Istio: a selector that no pod has; ports that no Service of the gateway's pods leads to; certificates
(`credentialName`) that the input does not have, or that two gateways share; two that listen for the same hosts at the
same port of the same pods. VirtualServices that name a Gateway that there is not. Gateways of the Gateway API with
listeners of the same host and port, within one or among several, and two that ask for the same address.

## Why this is bad

Of two for the same host one counts, and its TLS and its routes with it: who may write the other one can take the host
over. A host without its certificate is refused; a shared one sends requests of browsers to the wrong gateway.

## Example

```yaml
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: edge, namespace: shop}
spec:
  selector: {istio: ingresgateway}
  servers:
  - {port: {number: 80, name: http, protocol: HTTP}, hosts: [shop.example]}
```

Use instead the labels that the pods have:

```yaml
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: edge, namespace: shop}
spec:
  selector: {istio: ingressgateway}
  servers:
  - {port: {number: 80, name: http, protocol: HTTP}, hosts: [shop.example]}
```

## How to fix it

Give each host to one Gateway. Compare selectors with the labels of the gateway's pods, and ports with its Service.

## Limits

Whether a certificate fits is not looked at: private data is never read. Where the input has no gateway pods, no Service
for them or no Secrets, that part of the rule cannot be evaluated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ringfence.rules.finding import Finding, NotEvaluable, Related, Severity
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.values import Value

if TYPE_CHECKING:
    from ringfence.model.cluster import Pod
    from ringfence.rules.enforcement import Enforcement
    from ringfence.rules.finding import Result
    from ringfence.rules.mesh_objects import MeshObject
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="MSH-024",
    slug="gateway-faulty",
    title="A gateway that does not serve what it says, or not alone",
    severity=Severity.MEDIUM,
    precision=Precision.HIGH,
    needs=Needs.INVENTORY,
    aliases=(
        *("istioctl:IST0101", "istioctl:IST0138", "istioctl:IST0145", "istioctl:IST0161", "istioctl:IST0162"),
        *("kiali:KIA0301", "kiali:KIA0302", "kiali:KIA1501", "kiali:KIA1502", "kiali:KIA1503"),
    ),
)


class Listener(Value):
    """One server or listener: whose it is, where it stands, and what it serves. ``whose`` is what selects the pods."""

    owner: Any
    path: tuple[str | int, ...]
    whose: tuple[tuple[str, str], ...]
    port: int | None
    protocol: str
    hosts: tuple[str, ...]
    credential: str = ""


Together = Callable[[Listener, Listener], bool]
"""Whether two are served by the same pods."""


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each gateway and each thing that is wrong with it."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    from ringfence.rules.mesh_objects import GATEWAY_API, NETWORKING

    own: list[Listener] = []
    for one in enforcement.written.of(NETWORKING, "Gateway"):
        servers = list(_servers(one))
        own += servers
        yield from _pods(enforcement, one, servers)
    yield from _shared(own, _same_pods(enforcement))
    yield from _certificates(own, _same_pods(enforcement))
    standard = [listener for one in enforcement.written.of(GATEWAY_API, "Gateway") for listener in _listeners(one)]
    yield from _shared(standard, lambda one, other: one.whose == other.whose)
    yield from _addresses(enforcement)
    yield from _named(enforcement)


def _servers(one: MeshObject) -> Iterator[Listener]:
    from ringfence.rules.mesh_objects import mapping, members, words

    labels = mapping(one.spec.get("selector"))
    whose = tuple(sorted((str(key), str(value)) for key, value in labels.items()))
    for at, server in members(one.spec.get("servers")):
        port = mapping(server.get("port"))
        credential = mapping(server.get("tls")).get("credentialName")
        hosts = tuple(_host(word, one.namespace) for word in words(server.get("hosts")))
        protocol = str(port.get("protocol", ""))
        name = credential if isinstance(credential, str) else ""
        yield Listener(one, ("servers", at), whose, _number(port.get("number")), protocol, hosts, name)


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) else None


def _host(word: str, namespace: str) -> str:
    """A host of a server; before a slash stands the namespace whose VirtualServices it takes."""
    space, slash, host = word.partition("/")
    if not slash:
        return word
    space = namespace if space == "." else space
    return host if space == "*" else f"{space}/{host}"


def _listeners(one: MeshObject) -> Iterator[Listener]:
    from ringfence.rules.mesh_objects import members

    for at, listener in members(one.spec.get("listeners")):
        hostname = listener.get("hostname")
        hosts = (hostname if isinstance(hostname, str) and hostname else "*",)
        whose = ((one.namespace, one.manifest.name),)
        protocol = str(listener.get("protocol", ""))
        yield Listener(one, ("listeners", at), whose, _number(listener.get("port")), protocol, hosts)


def _pods(enforcement: Enforcement, one: MeshObject, servers: list[Listener]) -> Iterator[Result]:
    """The pods that a Gateway of Istio is for."""
    from ringfence.dialects.istio.peer_authentication import selects
    from ringfence.dialects.istio.speech import target_of
    from ringfence.rules.mesh_objects import mapping

    labels = {str(key): str(value) for key, value in mapping(one.spec.get("selector")).items()}
    if not labels:
        return
    pods = [enforcement.pod(index) for index in enforcement.pods]
    taken = [pod for pod in pods if selects(labels, pod)]
    text = ", ".join(f"{key}={value}" for key, value in sorted(labels.items()))
    place = one.place("selector")
    if not taken:
        if any(_is_gateway(pod) for pod in pods):
            message = f"{one.subject} is for no pod: none has {text}"
            hint = "compare the selector with the labels of the gateway's pods"
            yield Finding(RULE.id, message, place, one.subject, ("selector", text), fix=hint)
        else:
            yield NotEvaluable(RULE.id, one.subject, "the input has no pods of gateways", place)
        return
    spaces = {pod.namespace for pod in taken}
    for listener in servers:
        yield from _credential(enforcement, one, listener, spaces)
    services = [(pod, service) for pod in taken for service in enforcement.mesh.services.of(pod)]
    if not services:
        yield NotEvaluable(RULE.id, one.subject, "the input has no Service for the pods of the gateway", place)
        return
    led = {
        number for pod, service in services for port in service.ports for number in (port.port, target_of(port, pod))
    }
    for listener in servers:
        if listener.port is not None and listener.port not in led:
            message = f"{one.subject} listens at port {listener.port}, to which no Service of its pods leads"
            evidence = ("port", str(listener.port))
            at = one.place(*listener.path, "port")
            hint = "add the port to the Service of the gateway"
            yield Finding(RULE.id, message, at, one.subject, evidence, fix=hint, severity=Severity.LOW)


def _credential(enforcement: Enforcement, one: MeshObject, listener: Listener, spaces: set[str]) -> Iterator[Result]:
    name = listener.credential
    if not name or "://" in name:
        return
    place = one.place(*listener.path, "tls", "credentialName")
    written = enforcement.written
    if any(written.named("", "Secret", space, name) for space in spaces):
        return
    if not any(written.has("", "Secret", space) for space in spaces):
        why = f"the input has no Secrets of namespace {', '.join(sorted(spaces))}, where its certificates are"
        yield NotEvaluable(RULE.id, one.subject, why, place)
        return
    where = " or ".join(sorted(spaces))
    message = (
        f"{one.subject} names the certificate {name}, and namespace {where} has no such Secret: the host is refused"
    )
    hint = "the Secret has to be in the namespace of the gateway's pods"
    yield Finding(RULE.id, message, place, one.subject, ("credential", name), fix=hint)


def _is_gateway(pod: Pod) -> bool:
    from ringfence.dialects.istio.enrolment import is_gateway, is_waypoint

    return is_gateway(pod) and not is_waypoint(pod)


def _same_pods(enforcement: Enforcement) -> Together:
    """Whether two Gateways of Istio are for a pod that both select; without such pods in the input: whether one selects
    all that the other does."""
    from ringfence.dialects.istio.peer_authentication import selects

    pods = [pod for index in enforcement.pods if _is_gateway(pod := enforcement.pod(index))]
    kept: dict[tuple[tuple[str, str], ...], frozenset[int]] = {}

    def taken(labels: tuple[tuple[str, str], ...]) -> frozenset[int]:
        if labels not in kept:
            kept[labels] = frozenset(at for at, pod in enumerate(pods) if selects(dict(labels), pod))
        return kept[labels]

    def together(one: Listener, other: Listener) -> bool:
        if one.whose == other.whose or taken(one.whose) & taken(other.whose):
            return True
        first, second = set(one.whose), set(other.whose)
        return not (taken(one.whose) and taken(other.whose)) and (first <= second or second <= first)

    return together


def _shared(listeners: list[Listener], together: Together) -> Iterator[Finding]:
    """Two for the same host and port of the same pods."""
    seen: dict[tuple[object, ...], list[Listener]] = {}
    for one in listeners:
        for host in one.hosts:
            known = seen.setdefault((str(one.port), host), [])
            first = next((other for other in known if together(one, other)), None)
            known.append(one)
            if first is None or one.port is None:
                continue
            if first.owner is one.owner and first.protocol != one.protocol and one.path[0] == "listeners":
                continue
            owner, other = one.owner, first.owner
            related = (Related(other.place(*first.path), "the other one"),)
            itself = "itself" if other is owner else str(other.subject)
            message = f"{owner.subject} listens for {host} at port {one.port}, and so does {itself}: one of them counts"
            evidence = ("host", str(one.port), host, str(other.subject))
            place = owner.place(*one.path)
            yield Finding(
                RULE.id, message, place, owner.subject, evidence, related, fix="leave the host to one of them"
            )


def _certificates(listeners: list[Listener], together: Together) -> Iterator[Finding]:
    """One certificate at two gateways."""
    seen: dict[str, list[Listener]] = {}
    told: set[tuple[str, str, str]] = set()
    for one in listeners:
        known = seen.setdefault(one.credential, []) if one.credential else []
        first = next((other for other in known if other.owner is not one.owner and together(one, other)), None)
        known.append(one)
        if first is None or (key := (one.credential, str(one.owner.subject), str(first.owner.subject))) in told:
            continue
        told.add(key)
        related = (Related(first.owner.place(*first.path), "the other one"),)
        message = (
            f"{one.owner.subject} has the certificate {one.credential}, as {first.owner.subject} does: browsers send "
            "requests for the hosts of one over a connection to the other, and get 404"
        )
        place = one.owner.place(*one.path, "tls", "credentialName")
        evidence = ("certificate", one.credential, str(first.owner.subject))
        hint = "make one Gateway of the two, or give each a certificate of its own"
        yield Finding(RULE.id, message, place, one.owner.subject, evidence, related, fix=hint, severity=Severity.LOW)


def _addresses(enforcement: Enforcement) -> Iterator[Finding]:
    from ringfence.rules.mesh_objects import GATEWAY_API, members

    seen: dict[tuple[str, str], MeshObject] = {}
    for one in enforcement.written.of(GATEWAY_API, "Gateway"):
        for at, address in members(one.spec.get("addresses")):
            key = (str(address.get("type", "IPAddress")), str(address.get("value", "")))
            first = seen.setdefault(key, one)
            if first is not one and key[1]:
                related = (Related(first.place("addresses"), "the other Gateway"),)
                message = f"{one.subject} asks for the address {key[1]}, as {first.subject} does"
                place = one.place("addresses", at)
                evidence = ("address", key[1], str(first.subject))
                yield Finding(RULE.id, message, place, one.subject, evidence, related, fix="give each its own address")


def _named(enforcement: Enforcement) -> Iterator[Result]:
    """Gateways that VirtualServices name."""
    from ringfence.rules.mesh_objects import NETWORKING, words

    written = enforcement.written
    for one in written.of(NETWORKING, "VirtualService"):
        for at, word in enumerate(words(one.spec.get("gateways"))):
            space, slash, name = word.rpartition("/")
            space = space if slash else one.namespace
            if word == "mesh" or written.named(NETWORKING, "Gateway", space, name):
                continue
            place = one.place("gateways", at)
            if (
                space != one.namespace
                and not written.has(NETWORKING, "Gateway", space)
                and not _there(enforcement, space)
            ):
                yield NotEvaluable(
                    RULE.id, one.subject, f"the input has no workload and no Gateway of namespace {space}", place
                )
                continue
            message = f"{one.subject} is for Gateway {space}/{name}, which there is not: its routes are served nowhere"
            hint = "name a Gateway as NAMESPACE/NAME"
            yield Finding(RULE.id, message, place, one.subject, ("gateway", f"{space}/{name}"), fix=hint)


def _there(enforcement: Enforcement, namespace: str) -> bool:
    found: Mapping[str, object] = enforcement.situation.pods_by_namespace
    return namespace in found
