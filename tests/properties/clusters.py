"""Random clusters with every feature on, from small alphabets so that names, labels, addresses and ports collide.

One generator, driven by any ``random.Random``: by a seed in the long run, by hypothesis (``st.randoms``) in the tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.oracle.profiles import FACTS
from tests.properties import rules
from tests.properties.alphabet import (
    APP_LABELS,
    NAMESPACES,
    NODES,
    OUTSIDE,
    PORT_NAMES,
    PORTS,
    PROTOCOLS,
    chance,
    labels,
    space_labels,
)

Object = dict[str, Any]
End = tuple[Any, ...]
"""As the oracle's ``ends`` takes it."""

NODE_PORT = 30080
TEMPLATED = ("Deployment", "StatefulSet", "DaemonSet", "Job", "ReplicaSet", "CronJob")


@dataclass(frozen=True)
class Given:
    """What the user gives beside the objects, named as the library names it."""

    cni: str = "generic"
    assume_no_labels: bool = False
    pod_cidrs: tuple[str, ...] = ()
    service_cidrs: tuple[str, ...] = ()
    node_cidrs: tuple[str, ...] = ()
    answers: tuple[tuple[str, bool | None], ...] = ()
    """Facts of the profile that are pinned, by name."""
    nodes: tuple[tuple[str, bool | None], ...] = ()
    """Which nodes enforce policy."""
    elsewhere: bool | None = True
    """Whether the others do."""


@dataclass(frozen=True)
class Question:
    """One question about one port, by number or name; of a Service also about all its ports (None)."""

    source: End
    destination: End
    protocol: str | None
    port: int | str | None

    def __str__(self) -> str:
        return f"{end_text(self.source)} -> {end_text(self.destination)} {self.port}/{self.protocol}"


def end_text(end: End) -> str:
    """An end as people name it."""
    if end[0] == "pod":
        return f"{end[1]}/pod/{end[2]}"
    if end[0] == "workload":
        return f"{end[2]}/{end[1].lower()}/{end[3]}"
    if end[0] == "node":
        return f"node/{end[1]}"
    if end[0] == "service":
        return f"{end[1]}/svc/{end[2]}"
    if end[0] == "internet":
        return "internet"
    if end[0] == "labels":
        return ",".join(f"{key}={value}" for key, value in end[1].items()) + f"@{end[2]}"
    return str(end[1])


@dataclass
class Scenario:
    """A cluster, the options, and the ends that can be asked about."""

    objects: list[Object]
    given: Given
    ends: list[End] = field(default_factory=list)
    services: list[End] = field(default_factory=list)
    """Only destinations."""


class Maker:
    """Builds one scenario from one source of chance."""

    def __init__(self, random: Random, profiles: Sequence[str] = ()) -> None:
        """``profiles``: those to choose from, with facts pinned at random; empty: the three old ones as they are."""
        self.random = random
        self.profiles = profiles
        self.families: tuple[int, ...] = random.choice([(4,), (4,), (6,), (4, 6)])
        self.known = random.choice([0.0, 0.6, 1.0, 1.0])
        """How likely a pod's address, and its node, is known."""
        self.shown = self.families
        """The families that the cluster shows to use."""
        self.next = 1
        self.objects: list[Object] = []
        self.ends: list[End] = []
        self.services: list[End] = []
        self.outside: list[str] = []
        """Addresses of pods that have finished."""
        self.spaces: list[str] = []

    def scenario(self) -> Scenario:
        """All of it."""
        random = self.random
        given = self.options()
        if given.pod_cidrs or given.node_cidrs or given.service_cidrs:
            self.shown = (4, 6) if given.pod_cidrs or given.node_cidrs else tuple(sorted({4, *self.families}))
        self.namespaces()
        self.nodes()
        for number in range(random.randint(2, 6)):
            self.workload(number)
        for number in range(random.choice([0, 1, 1, 2])):
            self.service(f"s{number}", number + 1)
        writer = rules.Writer(random, self.spaces)
        self.objects += writer.policies()
        if chance(random, 0.02):
            space = random.choice(self.spaces)
            self.objects.append(
                {
                    "apiVersion": "cilium.io/v2",
                    "kind": "CiliumNetworkPolicy",
                    "metadata": {"name": "opaque", "namespace": space},
                    "spec": {},
                }
            )
        self.ends += [("address", text) for text in random.sample(OUTSIDE, 3)]
        self.ends.append(("internet",))
        self.ends += [("labels", labels(random) or {"app": "web"}, random.choice(self.spaces)) for _ in range(2)]
        random.shuffle(self.objects)
        return Scenario(self.objects, given, self.ends, self.services)

    def options(self) -> Given:
        """Profile, ranges, and whether missing namespaces are taken as unlabelled."""
        random = self.random
        ranges = {
            "pod_cidrs": ("10.0.0.0/25", "fd00::/120") if chance(random, 0.2) else (),
            "service_cidrs": ("10.2.0.0/16",) if chance(random, 0.1) else (),
            "node_cidrs": ("10.1.0.0/24", "fd01::/64") if chance(random, 0.2) else (),
        }
        cni = random.choice(["generic", "generic", "generic", "calico", "netpol-analyzer"])
        if self.profiles:
            cni = random.choice(self.profiles)
        closed = not ranges["pod_cidrs"] and chance(random, 0.15)
        if not self.profiles or chance(random, 0.4):
            return Given(cni, closed, **ranges)
        count = random.choice([0, 1, 2, 4, 8])
        pinned = tuple((name, random.choice([True, False, False, None])) for name in random.sample(FACTS, count))
        if chance(random, 0.7):
            return Given(cni, closed, **ranges, answers=pinned)
        nodes = tuple((name, random.choice([True, False, None])) for name in NODES if chance(random, 0.7))
        return Given(cni, closed, **ranges, answers=pinned, nodes=nodes, elsewhere=random.choice([True, True, None]))

    def namespaces(self) -> None:
        """One to four; some are only named by what is in them."""
        self.spaces = self.random.sample(NAMESPACES, self.random.randint(1, len(NAMESPACES)))
        for space in self.spaces:
            if chance(self.random, 0.7):
                metadata = {"name": space, "labels": space_labels(self.random)}
                self.objects.append({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})

    def nodes(self) -> None:
        """With or without an object, with or without addresses."""
        for number, name in enumerate(NODES, 1):
            if not chance(self.random, 0.6):
                continue
            texts = [
                text for text in (f"10.1.0.{number}", f"fd01::{number}") if (6 if ":" in text else 4) in self.families
            ]
            entries = [{"type": "InternalIP", "address": text} for text in texts if chance(self.random, 0.9)]
            if entries and chance(self.random, 0.4):
                entries.append({"type": "ExternalIP", "address": f"192.0.2.{200 + number}"})
                self.shown = tuple(sorted({4, *self.shown}))
            kept = [] if chance(self.random, 0.15) else entries
            self.objects.append(
                {
                    "apiVersion": "v1",
                    "kind": "Node",
                    "status": {"addresses": kept},
                    "metadata": {"name": name, "labels": self.random.choice([{}, {"disk": "ssd"}, {"disk": "hdd"}])},
                }
            )
            self.ends.append(("node", name))

    def ports(self) -> list[Object]:
        """Named container ports."""
        found = []
        for name in PORT_NAMES:
            if chance(self.random, 0.4):
                found.append(
                    {
                        "name": name,
                        "protocol": self.random.choice(PROTOCOLS),
                        "containerPort": self.random.choice(PORTS),
                    }
                )
        return found

    def pod_spec(self, host: bool, node: str | None) -> Object:
        """Containers, a sidecar and an init container with ports now and then."""
        spec: Object = {"containers": [{"name": "main", "ports": self.ports()}]}
        if chance(self.random, 0.15):
            spec["initContainers"] = [{"name": "init", "ports": self.ports()}]
            if chance(self.random, 0.5):
                spec["initContainers"][0]["restartPolicy"] = "Always"
        if host:
            spec["hostNetwork"] = True
        if node:
            spec["nodeName"] = node
        return spec

    def workload(self, number: int) -> None:
        """A single pod, replicas of one owner, or a template."""
        shape = self.random.choice(["pod", "pod", "pod", "replicas", "template", "finished"])
        space = self.random.choice(self.spaces)
        if shape == "template":
            self.template(space, f"w{number}")
        elif shape == "replicas":
            own = labels(self.random)
            for replica in range(2):
                self.pod(
                    space,
                    f"w{number}-{replica}",
                    own if chance(self.random, 0.8) else labels(self.random),
                    f"w{number}",
                )
            self.ends.append(("workload", "ReplicaSet", space, f"w{number}"))
        else:
            self.pod(space, f"w{number}", labels(self.random), None, shape == "finished")

    def address_texts(self) -> list[str]:
        """A fresh address of each family of the cluster (sometimes of one only)."""
        if not chance(self.random, self.known):
            return []
        self.next += 1
        families = self.families if chance(self.random, 0.9) else self.families[:1]
        return [f"10.0.0.{self.next}" if family == 4 else f"fd00::{self.next:x}" for family in families]

    def node_texts(self, name: str) -> list[str]:
        """An address of each family of a Node object: the API server takes one of each for a pod."""
        entries = [
            o["status"]["addresses"] for o in self.objects if o["kind"] == "Node" and o["metadata"]["name"] == name
        ]
        texts = [entry["address"] for found in entries for entry in found]
        return list({":" in text: text for text in reversed(texts)}.values())

    def pod(self, space: str, name: str, own: dict[str, str], owner: str | None, finished: bool = False) -> None:
        """A Pod object."""
        host = not finished and owner is None and chance(self.random, 0.15)
        node = self.random.choice(NODES) if chance(self.random, self.known or 0.3) else None
        texts = (self.node_texts(node) if node else []) if host else self.address_texts()
        if finished and chance(self.random, 0.5):
            self.next -= bool(texts)  # the next pod gets the address of this one
        item: Object = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": space, "labels": own},
            "spec": self.pod_spec(host, node),
            "status": {"phase": "Succeeded" if finished else "Running"},
        }
        if texts:
            item["status"] |= {"podIP": texts[0], "podIPs": [{"ip": text} for text in texts]}
        if owner:
            item["metadata"]["ownerReferences"] = [
                {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": owner, "controller": True}
            ]
        self.objects.append(item)
        if finished:
            self.outside += texts[:1]
        else:
            self.ends.append(("pod", space, name))
            self.ends += [("address", text) for text in texts[:1] if not host]

    def service(self, name: str, number: int) -> None:
        """A Service of any type, with or without a selector."""
        random, space = self.random, self.random.choice(self.spaces)
        sort = random.choice(["plain", "plain", "plain", "headless", "headless", "external"])
        spec: Object = {"ports": self.service_ports()}
        if sort == "external":
            spec |= {"type": "ExternalName", "externalName": "example.com"}
        else:
            spec["type"] = "ClusterIP" if sort == "headless" else random.choice(["ClusterIP", "NodePort"])
            if spec["type"] == "NodePort" and chance(random, 0.5):
                spec["ports"][0]["nodePort"] = NODE_PORT
            texts = [f"10.2.0.{number}" if family == 4 else f"fd02::{number}" for family in self.shown]
            if sort == "headless":
                spec["clusterIP"] = "None"
                spec["ports"] = [] if chance(random, 0.2) else spec["ports"]
            elif chance(random, 0.7):
                spec |= {"clusterIP": texts[0], "clusterIPs": texts}
                self.services += [("address", text) for text in texts[:1]]
            if chance(random, 0.7):
                spec["selector"] = labels(random) or {"app": "web"}
            else:
                self.endpoints(space, name, spec["ports"])
        metadata = {"name": name, "namespace": space}
        self.objects.append({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})
        self.services.append(("service", space, name))

    def service_ports(self) -> list[Object]:
        """One or two ports, each with a name of its own where there are two."""
        found = []
        for name in self.random.sample(PORT_NAMES, self.random.choice([1, 1, 2])):
            port: Object = {"name": name, "protocol": self.random.choice(PROTOCOLS)}
            port["port"] = PORTS[PORT_NAMES.index(name)] if chance(self.random, 0.3) else self.random.choice(PORTS)
            if chance(self.random, 0.7):
                port["targetPort"] = self.random.choice([*PORTS, *PORT_NAMES, *PORT_NAMES, *PORT_NAMES])
            found.append(port)
        if len(found) == 2 and len({(port["protocol"], port["port"]) for port in found}) == 1:
            found.pop()
        return found

    def endpoints(self, space: str, name: str, ports: list[Object]) -> None:
        """EndpointSlices or Endpoints of a Service without a selector, or none."""
        random = self.random
        family = random.choice(self.families)
        known = [end[1] for end in self.ends if end[0] == "address"] + ["192.0.2.1", "2001:db8::1"]
        texts = sorted({text for text in known if (6 if ":" in text else 4) == family})
        picked = random.sample(texts, min(len(texts), random.randint(0, 2)))
        listed = [
            {
                "name": port["name"],
                "protocol": port["protocol"] if chance(random, 0.9) else random.choice(PROTOCOLS),
                "port": random.choice(PORTS),
            }
            for port in ports
            if chance(random, 0.9)
        ]
        if chance(random, 0.5):
            ready = [{"addresses": [text], "conditions": {"ready": chance(random, 0.8)}} for text in picked]
            metadata = {"name": f"{name}-x", "namespace": space, "labels": {"kubernetes.io/service-name": name}}
            slice_: Object = {"addressType": f"IPv{family}", "endpoints": ready, "ports": listed}
            version = "discovery.k8s.io/v1"
            self.objects.append({"apiVersion": version, "kind": "EndpointSlice", "metadata": metadata, **slice_})
        elif picked:
            subset = {"addresses": [{"ip": text} for text in picked], "ports": listed}
            metadata = {"name": name, "namespace": space}
            self.objects.append({"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata, "subsets": [subset]})

    def template(self, space: str, name: str) -> None:
        """A controller without pods of its own in the input."""
        kind = self.random.choice(TEMPLATED)
        host = chance(self.random, 0.1)
        pod = {"metadata": {"labels": labels(self.random)}, "spec": self.pod_spec(host, None)}
        spec: Object = {"template": pod}
        count = self.random.choice([None, 1, 2, 3])
        if kind == "Job" and count:
            spec["parallelism"] = count
        elif kind in ("Deployment", "StatefulSet", "ReplicaSet") and count:
            spec["replicas"] = count
        if kind == "CronJob":
            spec = {"schedule": "0 * * * *", "jobTemplate": {"spec": spec}}
        version = "batch/v1" if kind in ("Job", "CronJob") else "apps/v1"
        self.objects.append(
            {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": space}, "spec": spec}
        )
        self.ends.append(("workload", kind, space, name))


def scenario(random: Random, profiles: Sequence[str] = ()) -> Scenario:
    """A random cluster."""
    return Maker(random, profiles).scenario()


def questions(random: Random, made: Scenario, count: int) -> list[Question]:
    """Random questions about it. At most one end is outside. Ports that containers name are asked for often."""
    found: list[Question] = []
    outside = [end for end in made.ends if end[0] == "internet" or (end[0] == "address" and end[1] in OUTSIDE)]
    inside = [end for end in made.ends if end not in outside]
    named = named_ports(made.objects) or [("TCP", 80)]
    while len(found) < count:
        source, destination = random.choice(made.ends), random.choice(made.ends)
        if source in outside and destination in outside:
            destination = random.choice(inside)
        if made.services and chance(random, 0.25):
            service = random.choice(made.services)
            source = random.choice(inside) if is_external(made.objects, service) else source
            found.append(Question(source, service, *service_port(random, made.objects, service)))
            continue
        if overlapping(made.objects, source, destination):
            continue
        protocol, port = random.choice(PROTOCOLS), random.choice(PORTS)
        names = [name for name in port_names(made.objects, destination) if chance(random, 0.15)]
        if names:
            found.append(Question(source, destination, *random.choice(names)))
            continue
        if chance(random, 0.3):
            protocol, port = random.choice(named)
        elif chance(random, 0.1):
            port = random.choice([random.randint(1, 65535), NODE_PORT])
        found.append(Question(source, destination, protocol, port))
    return found


def service_spec(objects: Sequence[Object], end: End) -> Object:
    """The spec of a Service, by its name or its address."""
    for item in objects:
        if item["kind"] == "Service":
            name = ("service", item["metadata"]["namespace"], item["metadata"]["name"])
            if end == name or (end[0] == "address" and end[1] in item["spec"].get("clusterIPs", ())):
                spec: Object = item["spec"]
                return spec
    raise KeyError(end)


def is_external(objects: Sequence[Object], end: End) -> bool:
    """Whether it is an ExternalName."""
    return service_spec(objects, end)["type"] == "ExternalName"


def service_port(random: Random, objects: Sequence[Object], end: End) -> tuple[str | None, int | str | None]:
    """One of a Service's ports by number or name, all of them, or one that it may lack."""
    spec = service_spec(objects, end)
    ports = spec["ports"]
    if spec["type"] == "ExternalName":
        port = random.choice(ports)
        return port["protocol"], random.choice([port["port"], port["name"]])
    if ports and chance(random, 0.8):
        port = random.choice(ports)
        asked: list[tuple[str | None, int | str | None]] = [
            (port["protocol"], port["port"]),
            (port["protocol"], port["name"]),
            (port["protocol"], None),
            (None, None),
        ]
        return random.choice(asked)
    return random.choice(PROTOCOLS), random.choice([*PORTS, *PORT_NAMES])


def port_names(objects: Sequence[Object], end: End) -> list[tuple[str, str]]:
    """The (protocol, name) of the ports that an end has, where it is a pod or a workload."""
    if end[0] not in ("pod", "workload"):
        return []
    space, name = end[-2:]
    found = []
    for item in objects:
        owners = [(owner["kind"], owner["name"]) for owner in item["metadata"].get("ownerReferences", [])]
        mine = item["metadata"].get("namespace") == space and (
            (item["metadata"]["name"] == name and (item["kind"] == "Pod") == (end[0] == "pod"))
            or (end[0] == "workload" and (end[1], name) in owners)
        )
        if mine and item["kind"] in ("Pod", *TEMPLATED):
            found += named_containers(item["spec"])
    return found


def named_containers(spec: Object) -> list[tuple[str, str]]:
    """The (protocol, name) of every port of the containers below a spec; init containers may not count."""
    while "containers" not in spec:
        spec = spec.get("jobTemplate") or spec.get("template") or spec["spec"]
    return [(port["protocol"], port["name"]) for one in spec["containers"] for port in one.get("ports", ())]


def named_ports(value: Any) -> list[tuple[str, int]]:
    """Every container port below ``value`` that has a name."""
    if isinstance(value, list):
        return [port for item in value for port in named_ports(item)]
    if not isinstance(value, dict):
        return []
    if "containerPort" in value:
        return [(value["protocol"], value["containerPort"])]
    return [port for item in value.values() for port in named_ports(item)]


def overlapping(objects: Sequence[Object], source: End, destination: End) -> bool:
    """One end is a pod of the other, or a node under a hostNetwork pod: what is asked is not one kind of flow."""
    if source == destination or "workload" not in (source[0], destination[0]):
        return False
    workload, other = (source, destination) if source[0] == "workload" else (destination, source)
    for item in objects:
        owners = [owner["name"] for owner in item["metadata"].get("ownerReferences", [])]
        if item["kind"] == "Pod" and workload[3] in owners and item["metadata"]["namespace"] == workload[2]:
            texts = [entry["ip"] for entry in item["status"].get("podIPs", [])]
            if other == ("pod", workload[2], item["metadata"]["name"]) or (other[0] == "address" and other[1] in texts):
                return True
    return False


__all__ = ["APP_LABELS", "End", "Given", "Object", "Question", "Scenario", "questions", "scenario"]
