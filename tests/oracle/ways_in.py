"""Ways into the cluster, read from plain objects and walked hop by hop: ports of nodes, Services, Ingresses, Routes.

The rules are those of the Service API (``type``, ``externalIPs``, ``loadBalancerSourceRanges``,
``externalTrafficPolicy``), of containers' ``hostPort``, of Ingress and its classes, of OpenShift's Route and HTTPRoute.
A hop may have several sources (the client, a node, a load balancer); where it is not known which, the verdict is known
only if it is the same from all of them.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from tests.oracle.evaluator import Part, Walk, flow, in_service_range, is_opaque
from tests.oracle.labels import read_selector, selects
from tests.oracle.objects import NAME_LABEL, Cluster, End, Node, Outside, Pod, space
from tests.oracle.places import ELSEWHERE, NOT_ASSIGNABLE, families_of, regions, within
from tests.oracle.policies import Network
from tests.oracle.profiles import PROFILES
from tests.oracle.questions import (
    NOT_INTERNET,
    Backend,
    addresses_outside,
    backends,
    fold,
    not_to_itself,
    possible_backends,
)
from tests.oracle.search import Facts, outcomes
from tests.oracle.services import Service, ServicePort

Object = Mapping[str, Any]
CARRIERS = ("HTTP", "HTTPS")
"""Protocols of listeners that carry an HTTPRoute."""


@dataclass(frozen=True)
class Controller:
    """Software that serves routes: what its class says in ``controller``, the class name that people use without a
    class object, the labels of its pods and the namespace where they are (empty: any)."""

    says: str
    name: str
    labels: Mapping[str, str]
    home: str = ""


NGINX = Controller(
    "k8s.io/ingress-nginx",
    "nginx",
    {"app.kubernetes.io/name": "ingress-nginx", "app.kubernetes.io/component": "controller"},
)
ROUTER = Controller(
    "",
    "",
    {"ingresscontroller.operator.openshift.io/deployment-ingresscontroller": "default"},
    "openshift-ingress",
)


@dataclass(frozen=True)
class Way:
    """``how`` it opens, by which object, and at which port of the pods it ends."""

    how: str
    kind: str
    namespace: str
    name: str
    port: str
    verdict: str
    pods: tuple[Pod, ...] = ()


@dataclass(frozen=True)
class DeadEnd:
    """A route that cannot work."""

    code: str
    kind: str
    namespace: str
    name: str


class Ways:
    """All ways into one cluster."""

    def __init__(self, objects: Sequence[Object], cluster: Cluster) -> None:
        self.objects, self.cluster = objects, cluster
        self.known: dict[tuple[Any, ...], list[Part]] = {}
        self.direct = [*self.host_ports(), *(way for item in self.of("Service") for way in self.of_service(item))]
        self.dead_ends: list[DeadEnd] = []
        self.routed = [way for item in objects for way in self.of_route(item)]

    def of(self, kind: str) -> list[Object]:
        return [item for item in self.objects if item["kind"] == kind]

    # sources

    def client(self, ranges: Sequence[Network] | None = None) -> list[End]:
        """One address of the internet of every region that is told apart, of those that a load balancer takes."""
        cluster = self.cluster
        inside = (*cluster.pod_ranges, *cluster.service_ranges, *cluster.node_ranges)
        found: list[End] = []
        for family, make in ((4, ipaddress.IPv4Address), (6, ipaddress.IPv6Address)):
            for first, last in regions(cluster, family, (*NOT_INTERNET, *(ranges or ()))):
                for number in range(first, min(last, first + 200) + 1):
                    address = make(number)
                    if within(address, (*NOT_ASSIGNABLE, *inside, *NOT_INTERNET)):
                        break
                    if address not in cluster.given:
                        if ranges is None or within(address, tuple(ranges)):
                            found.append(Outside(address))
                        break
        return found

    def balancers(self) -> list[End]:
        """Every address beyond the cluster's ranges: one of them is the load balancer's."""
        return list(addresses_outside(self.cluster, False))

    def answer(self, fact: str) -> bool | None:
        """What is pinned, else what the profile says."""
        options = self.cluster.options
        return {**PROFILES[options.profile], **dict(options.answers)}.get(fact)

    def after_node(self, local: bool, ranges: Sequence[Network] | None = None) -> list[list[End]]:
        """Whom the policies may see once a node has handed a packet on: the client, or a node. Only for answers that
        do not tell the pod's own node from others, and for nodes that use the addresses that they state."""
        keeps = self.answer("local-policy-keeps-client" if local else "cluster-policy-keeps-client")
        assert local or keeps is self.answer("own-node-keeps-client")
        found = [self.client(ranges)] if keeps is not False else []
        if keeps is not True:
            assert self.answer("node-address-is-stated")
            found.append(list(self.cluster.nodes.values()) or [Node(ELSEWHERE[0], None)])
        return found

    # hops

    def hop(
        self, sources: Sequence[Sequence[End]], behind: Sequence[Backend], protocol: str, only: Iterable[int] = (4, 6)
    ) -> str:
        """One step; each of the ``sources`` is what one reading has."""
        families = tuple(only)
        verdicts = []
        for ends in sources:
            flows = [
                (one, end, number) for one in ends for end, number in behind if self.common(one, end) & set(families)
            ]
            parts = [part for each in not_to_itself(flows) for part in self.flow(*each, protocol, families)]
            if parts:
                verdicts.append(fold(part.verdict for part in parts))
        if not verdicts:
            return "denied"
        return verdicts[0] if len(verdicts) == 1 or set(verdicts) in ({"allowed"}, {"denied"}) else "unknown"

    def common(self, one: End, other: End) -> set[int]:
        """The address families in which two ends can meet at all."""
        shown = self.cluster.families or (4, 6)
        left, right = (set(families_of(self.cluster, end) or shown) for end in (one, other))
        return left & right

    def flow(self, one: End, other: End, number: int, protocol: str, only: tuple[int, ...]) -> list[Part]:
        key = (one.identity, other.identity, number, protocol, only)
        if key not in self.known:
            self.known[key] = flow(self.cluster, one, other, protocol, number, only)
        return self.known[key]

    # ports of nodes, and Services

    def host_ports(self) -> Iterator[Way]:
        """hostPort: the node hands the packet on with its source."""
        found: dict[tuple[Any, ...], list[Pod]] = {}
        for pod, spec in self.pods():
            for container in spec.get("containers") or ():
                for port in container.get("ports") or ():
                    if port.get("hostPort"):
                        key = (pod.workload, port.get("protocol") or "TCP", port["hostPort"], port["containerPort"])
                        found.setdefault(key, []).append(pod)
        for (workload, protocol, _, number), pods in found.items():
            verdict = self.hop([self.client()], [(pod, number) for pod in pods], protocol)
            yield Way("host-port", *workload, f"{protocol} {number}", verdict, tuple(pods))

    def pods(self) -> Iterator[tuple[Pod, Object]]:
        """Every pod with the spec that it has, or that its template has."""
        for pod in self.cluster.pods:
            for item in self.objects:
                if space(item) != pod.namespace:
                    continue
                if item["kind"] == "Pod" and item["metadata"]["name"] == pod.name:
                    yield pod, item["spec"]
                elif (item["kind"], item["metadata"]["name"]) == (pod.workload[0], pod.workload[2]) and item[
                    "kind"
                ] != "Pod":
                    spec = item["spec"]
                    yield pod, (spec["jobTemplate"]["spec"] if "jobTemplate" in spec else spec)["template"]["spec"]

    def of_service(self, item: Object) -> Iterator[Way]:
        """NodePort, LoadBalancer, externalIPs."""
        service = self.cluster.services[space(item), item["metadata"]["name"]]
        spec = item["spec"]
        kind, local = spec.get("type"), spec.get("externalTrafficPolicy") == "Local"
        families = service.families or (4, 6)
        doors: list[tuple[str, list[list[End]], Iterable[int]]] = []
        if kind == "LoadBalancer":
            texts = spec.get("loadBalancerSourceRanges")
            ranges = [ipaddress.ip_network(text) for text in texts] if texts else None
            sources = [*self.after_node(local, ranges), self.balancers()] if self.client(ranges) else []
            doors.append(("load-balancer", sources, families))
        elif spec.get("externalIPs"):
            reached = {6 if ":" in text else 4 for text in spec["externalIPs"]}
            doors.append(("external-ip", self.after_node(local), reached & set(families) or families))
        if kind in ("NodePort", "LoadBalancer"):
            doors.append(("node-port", self.after_node(local), families))
        for own in service.ports if kind != "ExternalName" else ():
            for how, sources, only in doors:
                for port, pods, judge in self.behind(service, own):
                    verdict = judge(partial(self.hop, sources, protocol=own.protocol, only=only))
                    yield Way(how, "Service", service.namespace, service.name, port, verdict, pods)

    def behind(
        self, service: Service, own: ServicePort
    ) -> Iterator[tuple[str, tuple[Pod, ...], Callable[[Callable[[Sequence[Backend]], str]], str]]]:
        """The backends of one port by the number at which they are reached, and how to judge them: where it is not
        known which pods are backends, the verdict has to be that of any selection."""
        surely = list(backends(self.cluster, service, own, True))
        perhaps = list(possible_backends(self.cluster, service, own, True))
        shown = self.cluster.families or (4, 6)
        only = set(service.families or (4, 6))
        for number in dict.fromkeys(number for _, number in (*surely, *perhaps)):
            sure = [one for one in surely if one[1] == number]
            maybe = [one for one in perhaps if one[1] == number]

            def judge(hop: Callable[[Sequence[Backend]], str], sure: Any = sure, maybe: Any = maybe) -> str:
                selections = [sure, *([*sure, one] for one in maybe), [*sure, *maybe]]
                usable = [
                    [one for one in behind if set(families_of(self.cluster, one[0]) or shown) & only]
                    for behind in selections
                ]
                verdicts = {hop(behind) if behind else "denied" for behind in usable}
                return verdicts.pop() if len(verdicts) == 1 else "unknown"

            pods = tuple(end for end, _ in (*sure, *maybe) if isinstance(end, Pod))
            yield f"{own.protocol} {number}", pods, judge

    # routes

    def of_route(self, item: Object) -> Iterator[Way]:
        """Every backend of an Ingress, Route or HTTPRoute, through each who serves it."""
        kind = item["kind"]
        if kind not in ("Ingress", "Route", "HTTPRoute"):
            return
        servers = {"Ingress": self.of_ingress, "Route": self.of_openshift, "HTTPRoute": self.of_gateways}[kind](item)
        for namespace, name, port, target in references(item):
            for service, own in self.meant(item, namespace, name, port, target):
                found = list(self.behind(service, own))
                if not found:
                    self.dead(item, "no-endpoint")
                for text, pods, judge in found:
                    for server in servers:
                        yield from self.served(item, server, service, own, text, pods, judge)

    def dead(self, item: Object, code: str) -> None:
        self.dead_ends.append(DeadEnd(code, item["kind"], space(item), item["metadata"]["name"]))

    def served(
        self,
        item: Object,
        server: tuple[Pod, ...],
        service: Service,
        own: ServicePort,
        text: str,
        pods: tuple[Pod, ...],
        judge: Callable[[Callable[[Sequence[Backend]], str]], str],
    ) -> Iterator[Way]:
        """``server``: pods of the input; none: any pod."""
        only = tuple(service.families or (4, 6))
        if server:
            ways = [way for way in self.direct if {pod.identity for pod in way.pods} & {pod.identity for pod in server}]
            order = ("allowed", "mixed", "unknown", "denied")
            first = min((way.verdict for way in ways), key=order.index, default="denied")
            last = judge(lambda behind: self.hop([server], behind, own.protocol, only))
        else:
            first = "allowed"
            last = judge(lambda behind: fold(self.admitted(end, number, own.protocol, only) for end, number in behind))
        if last == "denied":
            self.dead(item, "blocked")
        verdict = next((word for word in ("denied", "unknown", "mixed") if word in (first, last)), "allowed")
        yield Way("route", item["kind"], space(item), item["metadata"]["name"], text, verdict, pods)

    def admitted(self, end: End, number: int, protocol: str, only: tuple[int, ...]) -> str:
        """Whether an end lets in a pod of which nothing is known; what that one may send is its own affair."""
        anybody = Pod(None, "a controller", None, ("Pod", "", "a controller"), ports=None)
        cluster = self.cluster
        shown = cluster.families or (4, 6)
        own = families_of(cluster, end) or shown
        families = tuple(family for family in only if family in shown and family in own)
        if not families:
            return "denied"
        if is_opaque(cluster, anybody, end) or in_service_range(cluster, end):
            return "unknown"

        def question(facts: Facts) -> bool:
            walk = Walk(cluster, protocol, number, facts.choose("family", families), facts)
            return walk.may(end, anybody, "ingress")

        found = outcomes(question)
        return "unknown" if len(found) == 2 else "allowed" if True in found else "denied"

    def pods_of(self, controller: Controller) -> tuple[Pod, ...]:
        return tuple(
            pod
            for pod in self.cluster.pods
            if controller.home in ("", pod.namespace) and controller.labels.items() <= (pod.labels or {}).items()
        )

    def of_ingress(self, item: Object) -> list[tuple[Pod, ...]]:
        """By its class; without one by the default class."""
        classes = {one["metadata"]["name"]: one for one in self.of("IngressClass")}
        name = item["spec"].get("ingressClassName")
        if name is None:
            marked = [
                one
                for one, data in classes.items()
                if (data["metadata"].get("annotations") or {}).get("ingressclass.kubernetes.io/is-default-class")
                == "true"
            ]
            if len(marked) != 1:
                return [()]
            name = marked[0]
        if name in classes:
            return [self.pods_of(NGINX) if classes[name]["spec"]["controller"] == NGINX.says else ()]
        if name == NGINX.name:
            return [self.pods_of(NGINX)]
        if classes:
            self.dead(item, "no-class")
            return []
        return [()]

    def of_openshift(self, item: Object) -> list[tuple[Pod, ...]]:
        return [self.pods_of(ROUTER)]

    def of_gateways(self, item: Object) -> list[tuple[Pod, ...]]:
        """By its parents; the Gateways of the tests are served by software that nobody knows."""
        found: list[tuple[Pod, ...]] = []
        for parent in item["spec"].get("parentRefs") or ():
            name = (parent.get("namespace") or space(item), parent["name"])
            gateways = [one for one in self.of("Gateway") if (space(one), one["metadata"]["name"]) == name]
            if not gateways:
                self.dead(item, "no-gateway")
            elif not any(
                self.takes(gateways[0], listener, item, parent) for listener in gateways[0]["spec"]["listeners"]
            ):
                self.dead(item, "no-listener")
            else:
                found.append(())
        return found[:1] if len({parent["name"] for parent in item["spec"].get("parentRefs") or ()}) == 1 else found

    def takes(self, gateway: Object, listener: Object, route: Object, parent: Object) -> bool:
        """sectionName, protocol, hostname, allowedRoutes. Labels that the input lacks may be any."""
        if parent.get("sectionName") not in (None, listener["name"]) or listener["protocol"] not in CARRIERS:
            return False
        host, hosts = listener.get("hostname"), route["spec"].get("hostnames")
        if host and hosts and not any(fits(host, one) for one in hosts):
            return False
        allowed = (listener.get("allowedRoutes") or {}).get("namespaces") or {}
        if allowed.get("from", "Same") == "Same":
            return space(route) == space(gateway)
        if allowed["from"] == "All":
            return True
        labels = self.cluster.namespaces.get(space(route))
        if labels is not None:
            return selects(read_selector(allowed["selector"]), labels.get)
        wanted = [one for one in read_selector(allowed["selector"]) if one.key == NAME_LABEL]
        return selects(tuple(wanted), {NAME_LABEL: space(route)}.get)

    def meant(
        self, item: Object, namespace: str, name: str, port: int | str | None, target: bool
    ) -> Iterator[tuple[Service, ServicePort]]:
        """The ports of the Service that a reference means."""
        service = self.cluster.services.get((namespace, name))
        if service is None:
            self.dead(item, "no-service")
            return
        if namespace != space(item) and not self.granted(item, namespace, name):
            self.dead(item, "no-grant")
            return
        if service.external:
            self.dead(item, "not-modelled")
            return
        ports = [
            own
            for own in service.ports
            if own.protocol == "TCP"
            and (port is None or port in ((own.target, own.name) if target and isinstance(port, str) else
                                          (own.target,) if target else (own.number, own.name)))
        ]  # fmt: skip
        if not ports:
            self.dead(item, "no-port")
        yield from ((service, own) for own in ports)

    def granted(self, item: Object, namespace: str, name: str) -> bool:
        """ReferenceGrant, in the namespace of what is named."""
        return any(
            space(grant) == namespace
            and any(one["kind"] == item["kind"] and one["namespace"] == space(item) for one in grant["spec"]["from"])
            and any(one["kind"] == "Service" and one.get("name") in (None, name) for one in grant["spec"]["to"])
            for grant in self.of("ReferenceGrant")
        )


def references(item: Object) -> Iterator[tuple[str, str, int | str | None, bool]]:
    """(namespace, Service, port, whether the port is the pods') of every backend."""
    spec, home = item["spec"], space(item)
    if item["kind"] == "Route":
        port = (spec.get("port") or {}).get("targetPort")
        yield home, spec["to"]["name"], port, True
    elif item["kind"] == "HTTPRoute":
        for rule in spec["rules"]:
            for one in rule["backendRefs"]:
                if one.get("weight") != 0:
                    yield one.get("namespace") or home, one["name"], one["port"], False
    else:
        backends_ = [spec["defaultBackend"]] if "defaultBackend" in spec else []
        backends_ += [path["backend"] for rule in spec.get("rules") or () for path in rule["http"]["paths"]]
        for one in backends_:
            port = one["service"]["port"]
            yield home, one["service"]["name"], port.get("number") or port["name"], False


def fits(one: str, other: str) -> bool:
    """Whether two host names, each perhaps with a wildcard, can be the same host."""
    if one.startswith("*.") and other.startswith("*."):
        return one.endswith(other[1:]) or other.endswith(one[1:])
    if one.startswith("*."):
        return other.endswith(one[1:])
    return one.endswith(other[1:]) if other.startswith("*.") else one == other
