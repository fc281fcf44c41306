"""The conformance suite of ClusterNetworkPolicy v1alpha2: a world, policies, steps that change them, probes.

The data shortens namespace names and normalises policies; here they become the objects that the API server would hold.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.truth.location import Object, namespace, node, pod, truth_folder
from tests.truth.probing import Probe

PREFIX = "network-policy-conformance-"
VERDICTS = {"allow": "allowed", "drop": "denied"}
RULE_FIELDS = ("action", "name", "protocols", "to", "from")


class UnknownOperationError(ValueError):
    """A step changes the objects in a way that this adapter does not know."""


@dataclass(frozen=True, slots=True)
class Step:
    """The objects after the step's changes, and its probes by pod name; ``addresses`` gives each pod's address."""

    title: str
    objects: list[Object]
    probes: tuple[Probe, ...]
    addresses: Mapping[str, str]

    def by_address(self) -> tuple[Probe, ...]:
        """The probes with each end given as its address."""
        return tuple(
            Probe(self.addresses[p.source], self.addresses[p.destination], p.port, p.protocol, p.expected)
            for p in self.probes
        )


def full(short: str) -> str:
    """``gryffindor`` or ``gryffindor/harry-potter-0`` with the namespace's whole name."""
    return short if short.startswith(PREFIX) else PREFIX + short


class State:
    """The objects of one case while its steps change them."""

    def __init__(self, world: Mapping[str, Any], policies: list[Object]) -> None:
        self.namespaces: dict[str, dict[str, str]] = {
            full(name): dict(labels) for name, labels in world["namespaces"].items()
        }
        self.nodes: list[Object] = world.get("nodes") or []
        self.pods: dict[str, Object] = {full(p["pod"]): copy.deepcopy(p) for p in world["pods"]}
        self.policies: list[Object] = copy.deepcopy(policies)

    def addresses(self) -> dict[str, str]:
        """Address by pod."""
        return {name: str(one["ip"]) for name, one in self.pods.items()}

    def networks(self, value: Any) -> Any:
        """``value`` with ``networks_of_pods: [pod…]`` written as ``networks`` of single addresses."""
        if isinstance(value, list):
            return [self.networks(item) for item in value]
        if not isinstance(value, dict):
            return value
        done = {key: self.networks(item) for key, item in value.items() if key != "networks_of_pods"}
        if "networks_of_pods" in value:
            addresses = [str(self.pods[full(name)]["ip"]) for name in value["networks_of_pods"]]
            done["networks"] = [f"{a}/{128 if ':' in a else 32}" for a in addresses]
        return done

    def policy(self, name: str, kind: str = "ClusterNetworkPolicy", space: str | None = None) -> Object:
        """The policy of that name; KeyError when there is none."""
        for one in self.policies:
            if one["kind"] == kind and one["name"] == name and (space is None or full(one["namespace"]) == full(space)):
                return one
        raise KeyError(f"{kind} {name}")

    def objects(self) -> list[Object]:
        """Everything as manifests."""
        node_of = {str(ip): one["name"] for one in self.nodes for ip in one["ips"]}
        found = [namespace(name, labels) for name, labels in self.namespaces.items()]
        found += [node(one["name"], one["labels"], [str(ip) for ip in one["ips"]]) for one in self.nodes]
        for name, one in self.pods.items():
            space, _, short = name.partition("/")
            ports = [(str(p), str(protocol), int(number)) for p, protocol, number in one.get("declared_ports") or ()]
            host = bool(one.get("hostNetwork"))
            where = one.get("node") or (node_of.get(str(one["ip"])) if host else None)
            found.append(pod(space, short, one["labels"], ports, str(one["ip"]), where, host))
        return found + [self.manifest(one) for one in self.policies]

    def manifest(self, policy: Object) -> Object:
        """A normalised policy as a manifest."""
        if policy["kind"] == "NetworkPolicy":
            return {
                "apiVersion": "networking.k8s.io/v1",
                "kind": "NetworkPolicy",
                "metadata": {"name": policy["name"], "namespace": full(policy["namespace"])},
                "spec": copy.deepcopy(policy["spec"]),
            }
        if policy["kind"] != "ClusterNetworkPolicy":
            raise ValueError(f"a policy of kind {policy['kind']}")
        spec = {key: value for key, value in policy.items() if key not in ("kind", "name", "apiVersion")}
        return {
            "apiVersion": "policy.networking.k8s.io/v1alpha2",
            "kind": "ClusterNetworkPolicy",
            "metadata": {"name": policy["name"]},
            "spec": self.networks(copy.deepcopy(spec)),
        }


def _rules(state: State, change: Object) -> list[Object]:
    rules: list[Object] = state.policy(change["policy"]).setdefault(change["direction"], [])
    return rules


def _swap_rules(state: State, change: Object) -> None:
    rules, i, j = _rules(state, change), change["i"], change["j"]
    rules[i], rules[j] = rules[j], rules[i]


def _insert_rule(state: State, change: Object) -> None:
    _rules(state, change).insert(change.get("i", change.get("index", 0)), copy.deepcopy(change["rule"]))


def _append_rule(state: State, change: Object) -> None:
    _rules(state, change).append(copy.deepcopy(change["rule"]))


def _set_rule(state: State, change: Object) -> None:
    _rules(state, change)[change["i"]] = copy.deepcopy(change["rule"])


def _delete_rule(state: State, change: Object) -> None:
    del _rules(state, change)[change["i"]]


def _set_rules(state: State, change: Object) -> None:
    state.policy(change["policy"])[change["direction"]] = copy.deepcopy(change["rules"])


def _delete_networkpolicy(state: State, change: Object) -> None:
    state.policies.remove(state.policy(change["name"], "NetworkPolicy", change["namespace"]))


def _delete_policy(state: State, change: Object) -> None:
    state.policies.remove(state.policy(change.get("policy") or change["name"]))


def _create_policy(state: State, change: Object) -> None:
    given = change.get("manifest") or change.get("object") or change["policy"]
    state.policies.append(copy.deepcopy(given))


def _relabel(labels: dict[str, str], change: Object) -> None:
    wanted: Mapping[str, str | None] = change.get("labels") or {
        change.get("key") or change["label"]: change.get("value")
    }
    for key, value in wanted.items():
        if value is None:
            labels.pop(key, None)
        else:
            labels[key] = value


def _label_namespace(state: State, change: Object) -> None:
    _relabel(state.namespaces[full(change.get("namespace") or change["name"])], change)


def _label_pod(state: State, change: Object) -> None:
    _relabel(state.pods[full(change["pod"])]["labels"], change)


OPERATIONS: dict[str, Callable[[State, Object], None]] = {
    "swap_rules": _swap_rules,
    "insert_rule": _insert_rule,
    "prepend_rule": _insert_rule,
    "add_rule": _insert_rule,
    "append_rule": _append_rule,
    "set_rule": _set_rule,
    "replace_rule": _set_rule,
    "set_rules": _set_rules,
    "delete_rule": _delete_rule,
    "remove_rule": _delete_rule,
    "delete_networkpolicy": _delete_networkpolicy,
    "delete_clusternetworkpolicy": _delete_policy,
    "delete_policy": _delete_policy,
    "create_policy": _create_policy,
    "create_networkpolicy": _create_policy,
    "add_policy": _create_policy,
    "set_namespace_label": _label_namespace,
    "set_namespace_labels": _label_namespace,
    "label_namespace": _label_namespace,
    "remove_namespace_label": _label_namespace,
    "delete_namespace_label": _label_namespace,
    "unlabel_namespace": _label_namespace,
    "set_pod_label": _label_pod,
    "set_pod_labels": _label_pod,
    "label_pod": _label_pod,
    "remove_pod_label": _label_pod,
}
"""How each operation changes the objects. ``set_FIELD`` of a policy or of a rule needs no entry of its own."""


def change(state: State, operation: Object) -> None:
    """Apply one operation. Raises UnknownOperationError for one that is not known."""
    name = operation["op"]
    if name in OPERATIONS:
        OPERATIONS[name](state, operation)
        return
    field = name.removeprefix("set_")
    value = operation.get(field, operation.get("value", operation.get("peers")))
    if field == name or value is None:
        raise UnknownOperationError(f"a step uses {operation!r}")
    policy = state.policy(operation["policy"])
    if "direction" not in operation:
        policy[field] = copy.deepcopy(value)
        return
    field = {"peers": "to" if operation["direction"] == "egress" else "from"}.get(field, field)
    if field in ("networks", "networks_of_pods"):
        field, value = "to", [{field: value}]
    if field not in RULE_FIELDS:
        raise UnknownOperationError(f"a step uses {operation!r}")
    policy[operation["direction"]][operation["i"]][field] = copy.deepcopy(value)


def steps(world: Mapping[str, Any], case: Object) -> Iterator[Step]:
    """The steps of one case in order; what a step changes stays changed."""
    state = State(world, case["initial_policies"])
    for step in case["steps"]:
        for operation in step.get("mutations") or ():
            change(state, operation)
        probes = tuple(
            Probe(full(source), full(destination), port, protocol, VERDICTS[expected])
            for source, destination, protocol, port, expected, *_ in step["probes"]
        )
        yield Step(step["title"], state.objects(), probes, state.addresses())


def load(folder: Path | None = None) -> tuple[Object, list[Object]]:
    """The world and the cases; empty when the data is absent."""
    file = (folder or truth_folder()) / "clusternetworkpolicy" / "conformance.yaml"
    if not file.is_file():
        return {}, []
    with file.open(encoding="utf-8") as stream:
        data = yaml.load(stream, yaml.CSafeLoader)
    return data["world"], data["cases"]
