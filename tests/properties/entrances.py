"""Random ways into a random cluster: the small alphabets of ``clusters``, so that references hit, miss and collide."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

from tests.oracle.ways_in import NGINX, ROUTER
from tests.properties.alphabet import PORT_NAMES, PORTS, chance
from tests.properties.clusters import Object, Scenario

HOSTS = ["a.example.com", "*.example.com", "b.example.org"]
SOURCES = [
    {"cluster-policy-keeps-client": True, "own-node-keeps-client": True},
    {"cluster-policy-keeps-client": False, "own-node-keeps-client": False, "node-address-is-stated": True},
    {"cluster-policy-keeps-client": None, "own-node-keeps-client": None, "node-address-is-stated": True},
]
"""Answers under which a packet has the client's address or that of a node, wherever it comes to."""
RANGES = [["192.0.2.0/24"], ["10.0.0.0/8"], ["0.0.0.0/0", "::/0"], ["2001:db8::/32", "192.0.2.1/32"]]


def with_entrances(random: Random, made: Scenario) -> Scenario:
    """The cluster with Services that are open to the outside, controllers, and routes."""
    answers = dict(made.given.answers) | {"local-policy-keeps-client": True, **random.choice(SOURCES)}
    made = replace(made, given=replace(made.given, answers=tuple(answers.items())))
    for item in made.objects:
        if item["kind"] == "Service" and item["spec"].get("clusterIP") != "None":
            open_service(random, item["spec"])
        if item["kind"] == "Pod" and item["status"].get("phase") == "Running" and not item["spec"].get("hostNetwork"):
            open_pod(random, item)
    spaces = sorted({item["metadata"]["namespace"] for item in made.objects if "namespace" in item["metadata"]})
    services = [item for item in made.objects if item["kind"] == "Service"]
    for number in range(random.choice([0, 1, 2])):
        made.objects.append(ingress(random, f"i{number}", random.choice(spaces), services))
    for _ in range(random.choice([0, 0, 1, 1])):
        made.objects.append(ingress_class(random))
    if chance(random, 0.3):
        made.objects.append(route(random, random.choice(spaces), services))
    if chance(random, 0.4):
        made.objects.append(http_route(random, spaces, services))
        made.objects += [gateway(random, spaces)] * chance(random, 0.8)
        made.objects += [grant(random, spaces)] * chance(random, 0.5)
    return made


def open_service(random: Random, spec: Object) -> None:
    kind = random.choice(["ClusterIP", "NodePort", "LoadBalancer", "LoadBalancer", spec["type"]])
    if spec["type"] == "ExternalName":
        return
    spec["type"] = kind
    for port in spec["ports"]:
        port.pop("nodePort", None)  # What nodes hand on is asked about elsewhere.
    if kind == "ClusterIP" and chance(random, 0.5):
        spec["externalIPs"] = ["198.51.100.7"]
    if kind == "LoadBalancer" and chance(random, 0.4):
        spec["loadBalancerSourceRanges"] = random.choice(RANGES)
    if kind in ("NodePort", "LoadBalancer") and chance(random, 0.5):
        spec["externalTrafficPolicy"] = random.choice(["Local", "Cluster"])


def open_pod(random: Random, item: Object) -> None:
    for container in item["spec"]["containers"]:
        for port in container.get("ports", ()):
            if chance(random, 0.15):
                port["hostPort"] = 8443
    if chance(random, 0.25):
        item["metadata"]["labels"] = {**item["metadata"]["labels"], **random.choice([NGINX, ROUTER]).labels}


def backend(random: Random, services: list[Object], home: str) -> tuple[str, Any]:
    """The name of a Service and one of its ports; sometimes of neither."""
    own = [item for item in services if item["metadata"]["namespace"] == home] or services
    if not own or chance(random, 0.1):
        return "missing", 80
    item = random.choice(own)
    ports = item["spec"]["ports"]
    port = random.choice(ports) if ports and chance(random, 0.9) else {"port": random.choice(PORTS), "name": "web"}
    return item["metadata"]["name"], random.choice([port["port"], port["name"]])


def ingress(random: Random, name: str, home: str, services: list[Object]) -> Object:
    def one() -> Object:
        service, port = backend(random, services, home)
        return {"service": {"name": service, "port": {"number" if isinstance(port, int) else "name": port}}}

    spec: Object = {}
    if chance(random, 0.3):
        spec["defaultBackend"] = one()
    if "defaultBackend" not in spec or chance(random, 0.7):
        paths = [
            {"path": f"/{number}", "pathType": "Prefix", "backend": one()} for number in range(random.choice([1, 1, 2]))
        ]
        spec["rules"] = [{"host": random.choice(HOSTS), "http": {"paths": paths}}]
    name_of_class = random.choice([None, "nginx", "edge"])
    if name_of_class:
        spec["ingressClassName"] = name_of_class
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name, "namespace": home},
        "spec": spec,
    }


def ingress_class(random: Random) -> Object:
    metadata: Object = {"name": random.choice(["edge", "other"])}
    if chance(random, 0.5):
        metadata["annotations"] = {"ingressclass.kubernetes.io/is-default-class": "true"}
    controller = random.choice([NGINX.says, "example.com/controller"])
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IngressClass",
        "metadata": metadata,
        "spec": {"controller": controller},
    }


def route(random: Random, home: str, services: list[Object]) -> Object:
    service, _ = backend(random, services, home)
    spec: Object = {"host": "a.example.com", "to": {"kind": "Service", "name": service}}
    if chance(random, 0.6):
        spec["port"] = {"targetPort": random.choice([*PORTS, *PORT_NAMES])}
    metadata = {"name": "r", "namespace": home}
    return {"apiVersion": "route.openshift.io/v1", "kind": "Route", "metadata": metadata, "spec": spec}


def http_route(random: Random, spaces: list[str], services: list[Object]) -> Object:
    home = random.choice(spaces)
    item = random.choice(services) if services and chance(random, 0.6) else None
    there = item["metadata"]["namespace"] if item is not None else home
    name, _ = backend(random, services, there)
    ports = [port["port"] for service in services for port in service["spec"]["ports"]] or [80]
    reference: Object = {"name": name, "port": random.choice(ports)}
    if there != home:
        reference["namespace"] = there
    if chance(random, 0.1):
        reference["weight"] = 0
    parent: Object = {"name": "g", "namespace": random.choice(spaces)}
    if chance(random, 0.2):
        parent["sectionName"] = random.choice(["web", "other"])
    spec: Object = {"parentRefs": [parent], "rules": [{"backendRefs": [reference]}]}
    if chance(random, 0.4):
        spec["hostnames"] = random.sample(HOSTS, random.choice([1, 2]))
    metadata = {"name": "h", "namespace": home}
    return {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": metadata, "spec": spec}


def gateway(random: Random, spaces: list[str]) -> Object:
    listener: Object = {"name": "web", "port": 80, "protocol": random.choice(["HTTP", "HTTP", "HTTPS", "TCP"])}
    scope = random.choice([None, "Same", "All", "All", "Selector"])
    if scope:
        listener["allowedRoutes"] = {"namespaces": {"from": scope}}
        if scope == "Selector":
            wanted = random.choice([{"team": "r"}, {"kubernetes.io/metadata.name": random.choice(spaces)}])
            listener["allowedRoutes"]["namespaces"]["selector"] = {"matchLabels": wanted}
    if chance(random, 0.3):
        listener["hostname"] = random.choice(HOSTS)
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "g", "namespace": random.choice(spaces)},
        "spec": {"gatewayClassName": "somebody", "listeners": [listener]},
    }


def grant(random: Random, spaces: list[str]) -> Object:
    to: Object = {"group": "", "kind": "Service"}
    if chance(random, 0.4):
        to["name"] = random.choice(["s0", "s1"])
    source = {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": random.choice(spaces)}
    return {
        "apiVersion": "gateway.networking.k8s.io/v1beta1",
        "kind": "ReferenceGrant",
        "metadata": {"name": "x", "namespace": random.choice(spaces)},
        "spec": {"from": [source], "to": [to]},
    }
