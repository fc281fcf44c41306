from __future__ import annotations

from ringfence.rules.finding import Subject
from ringfence.verdict.answers import Verdict
from tests.rules.checking import checked, messages
from tests.rules.meshed import account, ambient, an, mesh_config, only, plain, service, sidecars

RULE = "IDN-002"
DB = account("shop/db") + service("db")


def pod(name: str, runs_as: str = "shared", space: str = "shop", **labels: str) -> str:
    spec = {"serviceAccountName": runs_as, "containers": [{"name": "main", "image": "none"}]}
    return an("Pod", name, spec, space, labels={"app": name, **labels})


HIGH = {"ringfence.dev/sensitivity": "high"}


def test_they_differ_in_how_sensitive_they_are() -> None:
    (finding,) = checked(RULE, sidecars() + pod("ledger", **HIGH) + pod("banner")).findings
    assert finding.subject == Subject("ServiceAccount", "shop", "shared")
    assert finding.evidence == ("sensitivity",)
    assert "shop/pod/ledger (high) and shop/pod/banner (none)" in finding.message
    assert len(finding.related) == 2


def test_one_of_them_reaches_more() -> None:
    (finding,) = checked(RULE, sidecars() + DB + pod("web") + pod("app") + only("db", "web")).findings
    assert finding.evidence == ("reach",)
    assert "shop/pod/web and shop/pod/app, and only the first reaches shop/pod/db at port 8080" in finding.message
    assert finding.witness is not None
    assert (finding.witness.source, finding.witness.expected) == ("shop/pod/web", Verdict.ALLOWED)


def test_who_is_only_kept_in_by_its_own_proxy_is_not_kept_in() -> None:
    scope = an("Sidecar", "app", {"workloadSelector": {"labels": {"app": "app"}}, "egress": [{"hosts": ["./none"]}]})
    text = sidecars() + DB + pod("web") + pod("app") + mesh_config("outboundTrafficPolicy: {mode: REGISTRY_ONLY}")
    assert messages(RULE, text + scope) == []
    (finding,) = checked(RULE, text + scope + only("db", "app")).findings
    assert finding.witness is not None
    assert finding.witness.unbound


def test_alike_they_may_share() -> None:
    assert messages(RULE, sidecars() + DB + pod("web") + pod("app")) == []
    assert messages(RULE, sidecars() + pod("ledger", **HIGH) + pod("book", **HIGH)) == []


def test_the_default_account_and_pods_without_a_proxy_are_others_matters() -> None:
    assert messages(RULE, sidecars() + pod("ledger", "default", **HIGH) + pod("banner", "default")) == []
    assert messages(RULE, plain("shop") + pod("ledger", **HIGH) + pod("banner")) == []


def test_in_ambient_too() -> None:
    text = ambient() + DB + pod("web") + pod("app") + only("db", "web")
    assert len(messages(RULE, text)) == 1


def test_where_membership_is_open_it_cannot_be_told() -> None:
    text = pod("ledger", **HIGH) + pod("banner") + sidecars("other")
    outcome = checked(RULE, text)
    assert not outcome.findings
    assert len(outcome.not_evaluable) == 1
