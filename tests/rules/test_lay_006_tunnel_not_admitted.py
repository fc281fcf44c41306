from __future__ import annotations

from ringfence.rules.finding import Subject
from ringfence.verdict.answers import Verdict
from tests.rules.checking import checked, messages, pod, policy
from tests.rules.meshed import ambient, only, plain, service, sidecars

RULE = "LAY-006"
PODS = pod("web") + pod("app") + service("web")


def test_a_policy_with_ports_forgets_the_tunnel() -> None:
    (finding,) = checked(RULE, ambient() + PODS + only("web", "app", ports=(8080,))).findings
    assert finding.subject == Subject("Pod", "shop", "web")
    assert finding.evidence == ("ingress",)
    assert finding.witness is not None
    assert (finding.witness.source, finding.witness.expected) == ("shop/pod/app", Verdict.DENIED)
    assert len(finding.related) == 1


def test_egress_forgets_it_too() -> None:
    spec = "{podSelector: {matchLabels: {app: app}}, policyTypes: [Egress], "
    spec += "egress: [{to: [{podSelector: {}}], ports: [{port: 8080}]}]}"
    (finding,) = checked(RULE, ambient() + PODS + policy("out", spec)).findings
    assert finding.subject == Subject("Pod", "shop", "app")
    assert finding.evidence == ("egress",)


def test_a_policy_that_admits_the_tunnel() -> None:
    assert messages(RULE, ambient() + PODS + only("web", "app", ports=(8080, 15008))) == []
    assert messages(RULE, ambient() + PODS + only("web", "app")) == []


def test_a_policy_that_admits_nobody_forgets_nothing() -> None:
    assert messages(RULE, ambient() + PODS + policy("closed", "{podSelector: {}, policyTypes: [Ingress]}")) == []


def test_sidecars_keep_the_port() -> None:
    assert messages(RULE, sidecars() + PODS + only("web", "app", ports=(8080,))) == []


def test_a_client_without_a_proxy_needs_no_tunnel() -> None:
    legacy = "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: legacy}}}"
    spec = f"{{podSelector: {{matchLabels: {{app: web}}}}, ingress: [{{from: [{legacy}], ports: [{{port: 8080}}]}}]}}"
    assert messages(RULE, ambient() + PODS + plain() + pod("old", "legacy") + policy("p", spec)) == []


def test_a_namespace_of_which_nothing_is_known() -> None:
    outcome = checked(RULE, PODS + only("web", "app", ports=(8080,)) + ambient("other"))
    assert not outcome.findings
    assert "whether ztunnel takes it is open" in outcome.not_evaluable[0].why
    assert not checked(RULE, PODS + only("web", "app", ports=(8080, 15008)) + ambient("other")).not_evaluable
    assert not checked(RULE, PODS + ambient("other")).not_evaluable
