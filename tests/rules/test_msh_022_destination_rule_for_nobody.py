from __future__ import annotations

from ringfence.rules.finding import Severity
from tests.rules.checking import checked, messages, pod
from tests.rules.meshed import an, mesh_config, service, sidecars

RULE = "MSH-022"
WEB = sidecars() + pod("web") + service("web")
MUTUAL = {"tls": {"mode": "ISTIO_MUTUAL"}}


def rule(host: str = "web", name: str = "web", space: str = "shop", **spec: object) -> str:
    return an("DestinationRule", name, {"host": host, **spec}, space)


def test_a_host_that_nobody_has() -> None:
    (finding,) = checked(RULE, WEB + rule("wbe")).findings
    assert finding.message == (
        "DestinationRule shop/web is for wbe, which no Service and no ServiceEntry has: it holds for nobody"
    )
    assert finding.severity is None
    (finding,) = checked(RULE, WEB + rule("web.shop", trafficPolicy=MUTUAL)).findings
    assert "what it says of TLS (ISTIO_MUTUAL) holds for nobody" in finding.message
    assert finding.severity is Severity.HIGH
    assert finding.fix == "write web.shop.svc.cluster.local: names of Services are one word, or whole"
    (finding,) = checked(RULE, WEB + rule("web.shop.svc")).findings
    assert "write web.shop.svc.cluster.local" in finding.fix


def test_hosts_that_somebody_has() -> None:
    for host in ("web", "web.shop.svc.cluster.local", "*.shop.svc.cluster.local", "*.local", "*"):
        assert messages(RULE, WEB + rule(host)) == [], host
    entry = an("ServiceEntry", "bank", {"hosts": ["*.bank.example"], "ports": [{"number": 443, "name": "tls"}]})
    assert messages(RULE, WEB + entry + rule("api.bank.example")) == []
    assert len(messages(RULE, WEB + rule("api.bank.example"))) == 1


def test_a_namespace_that_the_input_lacks() -> None:
    outcome = checked(RULE, WEB + rule("db.data.svc.cluster.local"))
    assert not outcome.findings
    assert "nothing of the namespace of db.data" in outcome.not_evaluable[0].why


def test_subsets() -> None:
    def subset(**labels: str) -> str:
        return WEB + rule(subsets=[{"name": "v1", "labels": labels}])

    assert messages(RULE, subset(app="web")) == []
    (message,) = messages(RULE, subset(version="v1"))
    assert message == "DestinationRule shop/web has a subset v1 for no pod: none of web has version=v1"
    (finding,) = checked(RULE, subset()).findings
    assert "without labels" in finding.message
    outcome = checked(RULE, sidecars() + service("web") + rule(subsets=[{"name": "v1", "labels": {"version": "v1"}}]))
    assert not outcome.findings
    assert "is open" in outcome.not_evaluable[0].why


def test_two_rules_for_one_host() -> None:
    two = rule(trafficPolicy=MUTUAL) + rule("web.shop.svc.cluster.local", "other", trafficPolicy=MUTUAL)
    (message,) = messages(RULE, WEB + two)
    assert "are both for web.shop.svc.cluster.local: the oldest one's trafficPolicy counts" in message
    apart = rule(trafficPolicy=MUTUAL) + rule("web.shop.svc.cluster.local", space="apps", trafficPolicy=MUTUAL)
    assert messages(RULE, WEB + apart + sidecars("apps")) == []
    subsets = rule("web", "other", subsets=[{"name": "v1", "labels": {"app": "web"}}])
    assert messages(RULE, WEB + rule(trafficPolicy=MUTUAL) + subsets) == []


def test_settings_of_a_wildcard_are_not_inherited() -> None:
    wide = rule("*.local", "all", trafficPolicy=MUTUAL)
    narrow = rule(trafficPolicy={"connectionPool": {}})
    (finding,) = checked(RULE, WEB + wide + narrow).findings
    assert "DestinationRule shop/all (ISTIO_MUTUAL) does not hold for web.shop.svc.cluster.local" in finding.message
    assert finding.severity is Severity.LOW
    (finding,) = checked(RULE, WEB + wide + narrow + mesh_config("enableAutoMtls: false")).findings
    assert finding.message.endswith("proxies send plaintext")
    assert finding.severity is None
    assert messages(RULE, WEB + wide + rule(trafficPolicy=MUTUAL)) == []
