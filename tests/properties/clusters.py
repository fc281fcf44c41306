"""Random clusters with every feature on, from small alphabets so that names, labels, addresses and ports collide.

One generator, driven by any ``random.Random``: by a seed in the long run, by hypothesis (``st.randoms``) in the tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

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

TEMPLATED = ("Deployment", "StatefulSet", "DaemonSet", "Job", "ReplicaSet", "CronJob")


@dataclass(frozen=True)
class Given:
    """What the user gives beside the objects, named as the library names it."""

    cni: str = "generic"
    assume_no_labels: bool = False
    pod_cidrs: tuple[str, ...] = ()
    service_cidrs: tuple[str, ...] = ()
    node_cidrs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Question:
    """One question about one port."""

    source: End
    destination: End
    protocol: str
    port: int

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
    if end[0] == "labels":
        return ",".join(f"{key}={value}" for key, value in end[1].items()) + f"@{end[2]}"
    return str(end[1])


@dataclass
class Scenario:
    """A cluster, the options, and the ends that can be asked about."""

    objects: list[Object]
    given: Given
    ends: list[End] = field(default_factory=list)


class Maker:
    """Builds one scenario from one source of chance."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.families: tuple[int, ...] = random.choice([(4,), (4,), (6,), (4, 6)])
        self.known = random.choice([0.0, 0.6, 1.0, 1.0])
        """How likely a pod's address, and its node, is known."""
        self.next = 1
        self.objects: list[Object] = []
        self.ends: list[End] = []
        self.spaces: list[str] = []

    def scenario(self) -> Scenario:
        """All of it."""
        random = self.random
        given = self.options()
        self.namespaces()
        self.nodes()
        for number in range(random.randint(2, 6)):
            self.workload(number)
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
        self.ends += [("labels", labels(random) or {"app": "web"}, random.choice(self.spaces)) for _ in range(2)]
        random.shuffle(self.objects)
        return Scenario(self.objects, given, self.ends)

    def options(self) -> Given:
        """Profile, ranges, and whether missing namespaces are taken as unlabelled."""
        random = self.random
        ranges = {
            "pod_cidrs": ("10.0.0.0/25", "fd00::/120") if chance(random, 0.2) else (),
            "service_cidrs": ("10.2.0.0/16",) if chance(random, 0.1) else (),
            "node_cidrs": ("10.1.0.0/24", "fd01::/64") if chance(random, 0.2) else (),
        }
        cni = random.choice(["generic", "generic", "generic", "calico", "netpol-analyzer"])
        return Given(cni, not ranges["pod_cidrs"] and chance(random, 0.15), **ranges)

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
        """Addresses of a Node object."""
        entries = [
            o["status"]["addresses"] for o in self.objects if o["kind"] == "Node" and o["metadata"]["name"] == name
        ]
        return [entry["address"] for found in entries for entry in found]

    def pod(self, space: str, name: str, own: dict[str, str], owner: str | None, finished: bool = False) -> None:
        """A Pod object."""
        host = not finished and owner is None and chance(self.random, 0.15)
        node = self.random.choice(NODES) if chance(self.random, self.known or 0.3) else None
        texts = (self.node_texts(node) if node else []) if host else [] if finished else self.address_texts()
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
        if not finished:
            self.ends.append(("pod", space, name))
            self.ends += [("address", text) for text in texts[:1] if not host]

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


def scenario(random: Random) -> Scenario:
    """A random cluster."""
    return Maker(random).scenario()


def questions(random: Random, made: Scenario, count: int) -> list[Question]:
    """Random questions about it. At most one end is outside. Ports that containers name are asked for often."""
    found: list[Question] = []
    outside = [end for end in made.ends if end[0] == "address" and end[1] in OUTSIDE]
    inside = [end for end in made.ends if end not in outside]
    named = named_ports(made.objects) or [("TCP", 80)]
    while len(found) < count:
        source, destination = random.choice(made.ends), random.choice(made.ends)
        if source in outside and destination in outside:
            destination = random.choice(inside)
        if overlapping(made.objects, source, destination):
            continue
        protocol, port = random.choice(PROTOCOLS), random.choice(PORTS)
        if chance(random, 0.3):
            protocol, port = random.choice(named)
        elif chance(random, 0.1):
            port = random.randint(1, 65535)
        found.append(Question(source, destination, protocol, port))
    return found


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
