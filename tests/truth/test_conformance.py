"""ClusterNetworkPolicy as its conformance suite expects it, and the adapter that builds the suite's objects."""

from __future__ import annotations

from typing import Any

import pytest

from tests.truth import conformance
from tests.truth.judging import judge_conformance

WORLD, CASES = conformance.load()

SMALL_WORLD: dict[str, Any] = {
    "namespaces": {"a": {"house": "a"}, "b": {"house": "b"}},
    "nodes": [{"name": "n", "labels": {"os": "linux"}, "ips": ["192.0.2.1"]}],
    "pods": [
        {
            "pod": "a/x",
            "labels": {"app": "x"},
            "hostNetwork": False,
            "ip": "10.0.0.1",
            "declared_ports": [["w", "TCP", 80]],
        },
        {"pod": "b/y", "labels": {}, "hostNetwork": True, "ip": "192.0.2.1"},
        {"pod": "b/z", "labels": {}, "hostNetwork": False, "ip": "2001:db8::1"},
    ],
}


def small_policy() -> dict[str, Any]:
    return {
        "kind": "ClusterNetworkPolicy", "name": "p", "tier": "Admin", "priority": 6, "subject": {"namespaces": {}},
        "egress": [
            {"name": "first", "action": "Accept", "to": [{"namespaces": {}}]},
            {"name": "second", "action": "Deny", "to": [{"namespaces": {}}]},
        ],
    }  # fmt: skip


def after(*operations: dict[str, Any]) -> conformance.State:
    network_policy = {"kind": "NetworkPolicy", "name": "n", "namespace": "a", "spec": {"podSelector": {}}}
    state = conformance.State(SMALL_WORLD, [small_policy(), network_policy])
    for operation in operations:
        conformance.change(state, operation)
    return state


def egress(state: conformance.State) -> list[dict[str, Any]]:
    spec: list[dict[str, Any]] = state.manifest(state.policy("p"))["spec"]["egress"]
    return spec


@pytest.mark.skipif(not CASES, reason="the conformance data is absent")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_every_probe_of_the_suite(case: dict[str, Any]) -> None:
    pytest.importorskip("ringfence.world")
    asked, wrong = judge_conformance(WORLD, case)
    assert asked
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.skipif(not CASES, reason="the conformance data is absent")
def test_the_count_of_probes_is_that_of_the_data() -> None:
    probes = sum(len(step.probes) for case in CASES for step in conformance.steps(WORLD, case))
    assert probes == sum(len(step["probes"]) for case in CASES for step in case["steps"])


def test_objects_carry_whole_names_addresses_and_nodes() -> None:
    objects = after().objects()
    by_kind = {kind: [one for one in objects if one["kind"] == kind] for kind in ("Pod", "Namespace", "Node")}
    assert [one["metadata"]["namespace"] for one in by_kind["Pod"]] == [conformance.PREFIX + n for n in ("a", "b", "b")]
    assert [one["spec"].get("nodeName") for one in by_kind["Pod"]] == [None, "n", None]
    assert by_kind["Namespace"][0]["metadata"]["labels"] == {"house": "a"}
    assert by_kind["Node"][0]["status"]["addresses"][0]["address"] == "192.0.2.1"


def test_swapped_rules_stay_swapped() -> None:
    swap = {"op": "swap_rules", "policy": "p", "direction": "egress", "i": 0, "j": 1}
    assert [rule["name"] for rule in egress(after(swap))] == ["second", "first"]
    assert [rule["name"] for rule in egress(after(swap, swap))] == ["first", "second"]


def test_a_rule_is_inserted_with_the_addresses_of_pods() -> None:
    rule = {"action": "Accept", "to": [{"networks_of_pods": ["a/x", "b/z"]}]}
    state = after({"op": "insert_rule", "policy": "p", "direction": "egress", "i": 0, "rule": rule})
    assert len(egress(state)) == 3
    assert egress(state)[0]["to"] == [{"networks": ["10.0.0.1/32", "2001:db8::1/128"]}]


def test_fields_of_policies_and_rules_are_set() -> None:
    state = after(
        {"op": "set_priority", "policy": "p", "priority": 1},
        {"op": "set_action", "policy": "p", "direction": "egress", "i": 1, "action": "Pass"},
        {"op": "set_protocols", "policy": "p", "direction": "egress", "i": 0, "protocols": [{"udp": {}}]},
    )
    assert state.manifest(state.policy("p"))["spec"]["priority"] == 1
    assert [(rule["action"], rule.get("protocols")) for rule in egress(state)] == [
        ("Accept", [{"udp": {}}]),
        ("Pass", None),
    ]


def test_a_network_policy_goes_and_a_namespace_is_relabelled() -> None:
    state = after(
        {"op": "delete_networkpolicy", "namespace": conformance.PREFIX + "a", "name": "n"},
        {"op": "set_namespace_labels", "namespace": "a", "labels": {"house": None, "new": "yes"}},
    )
    assert [policy["kind"] for policy in state.policies] == ["ClusterNetworkPolicy"]
    assert state.namespaces[conformance.PREFIX + "a"] == {"new": "yes"}


@pytest.mark.parametrize("name", ["explode", "set_nothing", "set_colour"])
def test_an_unknown_operation_is_an_error(name: str) -> None:
    with pytest.raises(conformance.UnknownOperationError, match=name):
        after({"op": name, "policy": "p", "direction": "egress", "i": 0, "colour": "red"})
