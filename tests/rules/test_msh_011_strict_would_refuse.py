from __future__ import annotations

from ringfence.verdict.answers import Verdict
from tests.rules.checking import checked, messages, pod, world_of
from tests.rules.meshed import ambient, an, mtls, only, plain, service, sidecars

RULE = "MSH-011"
WEB = sidecars() + pod("web") + service("web")
OLD = plain() + pod("old", "legacy") + pod("older", "legacy")


def admits(space: str, app: str | None = None) -> str:
    peer: dict[str, object] = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": space}}}
    if app:
        peer["podSelector"] = {"matchLabels": {"app": app}}
    spec = {"podSelector": {"matchLabels": {"app": "web"}}, "ingress": [{"from": [peer]}]}
    return an("NetworkPolicy", "web", spec)


def test_the_clients_that_would_be_refused_are_named() -> None:
    text = WEB + OLD + admits("legacy")
    (finding,) = checked(RULE, text).findings
    assert finding.message == (
        "Pod shop/web takes plaintext; made STRICT, it would refuse legacy/pod/old, legacy/pod/older"
    )
    assert finding.witness is not None
    strict = world_of(text + mtls("STRICT"))
    one = finding.witness
    assert strict.can(one.source, one.destination, one.port, one.protocol).verdict is Verdict.DENIED


def test_only_those_that_the_policies_admit() -> None:
    (message,) = messages(RULE, WEB + OLD + admits("legacy", "older"))
    assert "refuse legacy/pod/older" in message
    assert messages(RULE, WEB + OLD + sidecars("apps") + pod("api", "apps") + admits("apps")) == []


def test_clients_of_ztunnel_and_those_that_are_told_to_send_plaintext() -> None:
    (message,) = messages(RULE, WEB + ambient("apps") + pod("api", "apps") + admits("apps"))
    assert "refuse apps/pod/api" in message
    plaintext = an("DestinationRule", "web", {"host": "web", "trafficPolicy": {"tls": {"mode": "DISABLE"}}})
    text = WEB + pod("api") + only("web", "api")
    (message,) = messages(RULE, text + plaintext)
    assert "refuse shop/pod/api" in message
    assert messages(RULE, text) == []


def test_strict_servers_and_those_that_no_policy_isolates() -> None:
    assert messages(RULE, WEB + OLD + admits("legacy") + mtls("STRICT")) == []
    assert messages(RULE, WEB + OLD) == []


def test_a_policy_that_perhaps_isolates() -> None:
    unknown = an("NetworkPolicy", "odd", {"podSelector": {"matchLabels": {"pod-template-hash": "x"}}, "ingress": []})
    deployment = {
        "replicas": 1,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "main", "image": "none", "ports": [{"containerPort": 8080}]}]},
        },
    }
    made = an("Deployment", "web", deployment)
    outcome = checked(RULE, sidecars() + made + service("web") + OLD + unknown)
    assert not outcome.findings
    assert "is open" in outcome.not_evaluable[0].why
