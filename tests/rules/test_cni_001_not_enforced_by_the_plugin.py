from __future__ import annotations

import pytest

from ringfence.layers.profiles import PROFILES, Reading
from ringfence.rules.finding import Subject
from ringfence.values import replace
from tests.rules.checking import checked, messages, namespace, pod, policy

RULE = "CNI-001"
POLICIES = pod("web") + policy("a", "{podSelector: {}}") + policy("b", "{podSelector: {}, policyTypes: [Egress]}")
NO = Reading(False, "the test", "it enforces nothing")


@pytest.fixture(autouse=True)
def idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plugin that surely enforces nothing, one without egress, and one of which nobody knows."""
    calico = PROFILES["calico"]
    for name, gaps in {
        "idle": {"networkpolicy-ingress": NO, "networkpolicy-egress": NO},
        "half": {"networkpolicy-egress": NO},
        "open": {"networkpolicy-egress": Reading(None, "the test")},
    }.items():
        plugin = replace(calico, name=name, facts={**calico.facts, **gaps})  # type: ignore[dict-item]
        monkeypatch.setitem(PROFILES, name, plugin)


def test_a_plugin_that_enforces_nothing() -> None:
    findings = checked(RULE, POLICIES, "idle").findings
    assert [one.evidence for one in findings] == [("NetworkPolicy", "ingress"), ("NetworkPolicy", "egress")]
    assert {one.subject for one in findings} == {Subject("CNI", "", "idle")}
    assert "it enforces nothing" in findings[0].message


def test_a_plugin_without_egress() -> None:
    assert [one.evidence for one in checked(RULE, POLICIES, "half").findings] == [("NetworkPolicy", "egress")]


@pytest.mark.parametrize("cni", ["generic", "calico", "open"])
def test_a_plugin_that_may_enforce_them(cni: str) -> None:
    assert messages(RULE, POLICIES, cni) == []


def test_without_policies_there_is_nothing_to_enforce() -> None:
    assert messages(RULE, namespace("shop") + pod("web"), "idle") == []


def test_the_witness_is_a_connection_that_the_policy_seems_to_deny() -> None:
    findings = checked(RULE, POLICIES, "idle").findings
    ends = [(one.witness.source, one.witness.destination) for one in findings if one.witness is not None]
    assert ends == [("@stranger", "shop/web"), ("shop/web", "@stranger")]


@pytest.mark.parametrize(("nodes", "count"), [({"n1": False}, 1), ({"n1": None}, 0), ({"n2": False}, 0)])
def test_nodes_without_the_agent(nodes: dict[str, bool | None], count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PROFILES, "partial", replace(PROFILES["calico"].with_nodes(nodes), name="partial"))
    node = "---\napiVersion: v1\nkind: Node\nmetadata: {name: n1}\n"
    assert len(messages(RULE, POLICIES + node, "partial")) == count
