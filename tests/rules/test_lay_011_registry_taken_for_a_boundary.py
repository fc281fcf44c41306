from __future__ import annotations

from ringfence.rules.finding import Subject
from tests.rules.checking import checked, messages, pod, policy
from tests.rules.meshed import ambient, an, mesh_config, sidecars

RULE = "LAY-011"
ONLY = mesh_config("outboundTrafficPolicy: {mode: REGISTRY_ONLY}")
INSIDE = "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {}}]}]}"


def test_registry_only_without_a_network_policy() -> None:
    (finding,) = checked(RULE, sidecars() + pod("web") + ONLY).findings
    assert finding.subject == Subject("Namespace", "", "shop")
    assert finding.witness is not None
    assert finding.witness.unbound
    assert finding.witness.source == "shop/pod/web"


def test_of_one_sidecar() -> None:
    scope = an(
        "Sidecar", "default", {"outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"}, "egress": [{"hosts": ["./*"]}]}
    )
    assert len(messages(RULE, sidecars() + pod("web") + scope)) == 1


def test_the_network_keeps_it_in_too() -> None:
    assert messages(RULE, sidecars() + pod("web") + ONLY + policy("inside", INSIDE)) == []


def test_nobody_thinks_that_the_mesh_keeps_it_in() -> None:
    assert messages(RULE, sidecars() + pod("web")) == []
    assert messages(RULE, ambient() + pod("web") + ONLY) == []


def test_a_policy_that_lets_some_out_is_no_boundary() -> None:
    spec = "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 203.0.113.0/24}}]}]}"
    (finding,) = checked(RULE, sidecars() + pod("web") + ONLY + policy("some", spec)).findings
    assert finding.witness is not None


def test_a_policy_that_cannot_be_read_leaves_it_open() -> None:
    broken = policy("broken", "{podSelector: {}, policyTypes: [Egress], egress: nonsense}")
    outcome = checked(RULE, sidecars() + pod("web") + ONLY + broken, faulty=True)
    assert not outcome.findings
    assert [str(one.scope) for one in outcome.not_evaluable] == ["Namespace shop"]


def test_where_membership_is_open_it_matters_only_under_registry_only() -> None:
    outcome = checked(RULE, pod("web") + sidecars("other") + ONLY)
    assert not outcome.findings
    assert [str(one.scope) for one in outcome.not_evaluable] == ["Namespace shop"]
    assert messages(RULE, pod("web") + sidecars("other")) == []
