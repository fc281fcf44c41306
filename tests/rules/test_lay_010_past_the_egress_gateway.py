from __future__ import annotations

from ringfence.rules.finding import Subject
from tests.rules.checking import checked, messages, pod, policy
from tests.rules.meshed import an, gateway_pod, mesh_config, sidecars

RULE = "LAY-010"
GATEWAY = sidecars("istio-egress") + gateway_pod("egress", "istio-egress", istio="egressgateway")
INSIDE = "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {}}]}]}"


def test_a_workload_that_calls_by_itself() -> None:
    (finding,) = checked(RULE, GATEWAY + sidecars() + pod("web") + pod("app")).findings
    assert finding.subject == Subject("Namespace", "", "shop")
    assert finding.witness is not None
    assert not finding.witness.unbound
    assert [one.message for one in finding.related] == ["the egress gateway"]


def test_it_does_not_help_that_its_own_proxy_refuses() -> None:
    config = mesh_config("outboundTrafficPolicy: {mode: REGISTRY_ONLY}")
    (finding,) = checked(RULE, GATEWAY + sidecars() + pod("web") + config).findings
    assert finding.witness is not None
    assert finding.witness.unbound


def test_one_workload_without_a_policy_is_enough() -> None:
    some = "{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {}}]}]}"
    (finding,) = checked(RULE, GATEWAY + sidecars() + pod("web") + pod("app") + policy("some", some)).findings
    assert finding.witness is not None
    assert finding.witness.source == "shop/pod/app"


def test_closed_namespaces_and_clusters_without_such_a_gateway() -> None:
    assert messages(RULE, GATEWAY + sidecars() + pod("web") + policy("inside", INSIDE)) == []
    assert messages(RULE, sidecars() + pod("web")) == []
    ingress = sidecars("istio-ingress") + gateway_pod()
    assert messages(RULE, ingress + sidecars() + pod("web")) == []


def test_a_gateway_to_which_calls_of_the_mesh_are_sent() -> None:
    out = sidecars("out") + gateway_pod("way-out", "out", istio="way-out")
    out += an("Service", "way-out", {"selector": {"istio": "way-out"}, "ports": [{"port": 443}]}, "out")
    route = [
        {"match": [{"sniHosts": ["a.example"]}], "route": [{"destination": {"host": "way-out.out.svc.cluster.local"}}]}
    ]
    virtual = an("VirtualService", "out", {"hosts": ["a.example"], "gateways": ["mesh"], "tls": route})
    assert len(messages(RULE, out + sidecars() + pod("web") + virtual)) == 1
    assert messages(RULE, out + sidecars() + pod("web")) == []


def test_a_policy_that_cannot_be_read_leaves_it_open() -> None:
    broken = policy("broken", "{podSelector: {}, policyTypes: [Egress], egress: nonsense}")
    outcome = checked(RULE, GATEWAY + sidecars() + pod("web") + broken, faulty=True)
    assert not [one for one in outcome.findings if one.subject.name == "shop"]
    assert "Namespace shop" in [str(one.scope) for one in outcome.not_evaluable]


def test_where_membership_is_open_it_cannot_be_told() -> None:
    outcome = checked(RULE, GATEWAY + pod("web"))
    assert not outcome.findings
    assert [str(one.scope) for one in outcome.not_evaluable] == ["Namespace shop"]
    assert messages(RULE, GATEWAY + pod("web") + policy("inside", INSIDE)) == []
