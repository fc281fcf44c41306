from __future__ import annotations

from ringfence.rules.finding import Severity, Subject
from ringfence.verdict.answers import Verdict
from tests.rules.checking import checked, messages, namespace, pod, policy
from tests.rules.meshed import mtls, only, service, sidecars

RULE = "LAY-009"
SHOP = namespace("shop") + pod("web") + pod("app") + service("web", 80, 8080)
OUT = "{podSelector: {matchLabels: {app: app}}, policyTypes: [Egress], "
OUT += "egress: [{to: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 80}]}]}"


def test_ingress_for_the_port_of_the_service() -> None:
    (finding,) = checked(RULE, SHOP + only("web", "app", ports=(80,))).findings
    assert (
        "ingress rule 0 names port 80, which is that of Service shop/web: shop/pod/web listens on 8080"
        in finding.message
    )
    assert finding.evidence == ("ingress", "0", "TCP 80")
    assert finding.fix == "write 8080"
    assert finding.witness is not None
    assert (finding.witness.destination, finding.witness.expected) == ("shop/service/web", Verdict.DENIED)
    assert len(finding.related) == 1


def test_egress_for_the_port_of_the_service() -> None:
    (finding,) = checked(RULE, SHOP + policy("out", OUT)).findings
    assert finding.evidence == ("egress", "0", "TCP 80")
    assert finding.witness is not None
    assert finding.witness.source == "shop/pod/app"


def test_the_port_of_the_pod_is_right() -> None:
    assert messages(RULE, SHOP + only("web", "app", ports=(8080,))) == []
    same = namespace("shop") + pod("web") + pod("app") + service("web", 80, 80)
    assert messages(RULE, same + only("web", "app", ports=(80,))) == []


def test_a_number_that_a_container_declares() -> None:
    text = namespace("shop") + pod("web", port=80) + pod("app") + service("web", 80, 8080)
    assert messages(RULE, text + only("web", "app", ports=(80,))) == []


def test_beside_a_rule_for_the_right_port() -> None:
    (finding,) = checked(RULE, SHOP + only("web", "app", ports=(80, 8080))).findings
    assert finding.severity is Severity.LOW
    assert finding.witness is None


def test_another_protocol_and_ranges() -> None:
    spec = "{podSelector: {matchLabels: {app: web}}, ingress: [{ports: [{port: 80, protocol: UDP}]}]}"
    assert messages(RULE, SHOP + policy("udp", spec)) == []
    spec = "{podSelector: {matchLabels: {app: web}}, ingress: [{ports: [{port: 80, endPort: 90}]}]}"
    assert messages(RULE, SHOP + policy("range", spec)) == []


V1 = pod("one", app="web", version="v1")
V2 = pod("two", app="web", version="v2")
ONE = "{podSelector: {matchLabels: {app: web, version: v1}}, policyTypes: [Ingress]}"


def test_a_policy_for_some_of_the_pods_behind_a_service() -> None:
    (finding,) = checked(RULE, namespace("shop") + V1 + V2 + service("web") + policy("one", ONE)).findings
    assert finding.subject == Subject("Service", "shop", "web")
    assert (
        "leads to shop/pod/one, which NetworkPolicies isolate, and to shop/pod/two, which none does" in finding.message
    )
    assert finding.witness is not None
    assert (finding.witness.destination, finding.witness.expected) == ("shop/pod/two", Verdict.ALLOWED)


def test_all_of_them_or_none() -> None:
    every = "{podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress]}"
    assert messages(RULE, namespace("shop") + V1 + V2 + service("web") + policy("all", every)) == []
    assert messages(RULE, namespace("shop") + V1 + V2 + service("web")) == []
    out = "{podSelector: {matchLabels: {version: v1}}, policyTypes: [Egress]}"
    assert messages(RULE, namespace("shop") + V1 + V2 + service("web") + policy("out", out)) == []


def test_the_mesh_may_close_the_other_one() -> None:
    text = sidecars() + V1 + V2 + service("web") + policy("one", ONE)
    (finding,) = checked(RULE, text + mtls("STRICT")).findings
    assert finding.witness is None
    (finding,) = checked(RULE, text).findings
    assert finding.witness is not None


def test_isolation_that_is_open() -> None:
    text = namespace("shop") + V1 + V2 + service("web")
    broken = policy("one", ONE) + policy("broken", "{podSelector: {matchLabels: {version: v2}}, ingress: nonsense}")
    outcome = checked(RULE, text + broken, faulty=True)
    assert not outcome.findings
    assert len(outcome.not_evaluable) == 1
