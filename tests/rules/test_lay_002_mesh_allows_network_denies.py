from __future__ import annotations

from typing import Any

import pytest

from ringfence.verdict.answers import Verdict
from tests.rules.checking import checked, messages
from tests.rules.meshed import account, ambient, an, at_service, authorization, only, service, sidecars, with_waypoint

RULE = "LAY-002"
PODS = account("shop/web") + account("shop/app") + account("shop/other") + service("web")


def allowing(name: str, *ports: str) -> str:
    rule: dict[str, Any] = {"from": [{"source": {"principals": [f"cluster.local/ns/shop/sa/{name}"]}}]}
    if ports:
        rule["to"] = [{"operation": {"ports": list(ports)}}]
    return authorization([rule])


@pytest.mark.parametrize("space", [sidecars(), ambient()])
def test_the_network_never_lets_the_client_through(space: str) -> None:
    (finding,) = checked(RULE, space + PODS + only("web", "other") + allowing("app")).findings
    assert finding.witness is not None
    assert (finding.witness.source, finding.witness.expected) == ("shop/pod/app", Verdict.DENIED)


def test_both_layers_agree() -> None:
    assert messages(RULE, sidecars() + PODS + only("web", "app") + allowing("app")) == []
    assert messages(RULE, sidecars() + PODS + allowing("app")) == []
    # To an ambient pod everything comes in the tunnel.
    assert messages(RULE, ambient() + PODS + only("web", "app", ports=(15008,)) + allowing("app")) == []


def test_only_ports_that_the_rule_means_count() -> None:
    more = service("web", 81, 9090).replace('"name": "web"', '"name": "more"', 1)
    text = sidecars() + PODS + more + only("web", "app", ports=(9090,))
    assert messages(RULE, text + allowing("app")) == []
    assert len(messages(RULE, text + allowing("app", "8080"))) == 1


def test_a_rule_for_a_whole_namespace_does_not_mean_each() -> None:
    rules: list[Any] = [{"from": [{"source": {"namespaces": ["shop"]}}]}]
    assert messages(RULE, sidecars() + PODS + only("web", "other") + authorization(rules)) == []


def test_a_workload_that_the_policy_may_select() -> None:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "main", "image": "none"}]}}
    perhaps = an("Deployment", "web", {"selector": {"matchLabels": {"app": "web"}}, "template": template})
    surely = account("shop/api").replace('"app": "api"', '"app": "api", "pod-template-hash": "x"')
    rule = {"from": [{"source": {"principals": ["cluster.local/ns/shop/sa/app"]}}]}
    allows = an("AuthorizationPolicy", "p", {"selector": {"matchLabels": {"pod-template-hash": "x"}}, "rules": [rule]})
    text = sidecars() + perhaps + surely + account("shop/app") + account("shop/other") + service("api")
    outcome = checked(RULE, text + only("api", "other") + allows)
    assert not outcome.findings
    assert "reaches a workload that the policy may select is open" in outcome.not_evaluable[0].why


def way() -> str:
    gateway = "gateway.networking.k8s.io/gateway"
    labels = {f"{gateway}-class-name": "istio-waypoint", f"{gateway}-name": "way", "app": "way"}
    containers = [{"name": "istio-proxy", "image": "none"}]
    return an("Pod", "way", {"containers": containers, "serviceAccountName": "way"}, "shop", labels=labels)


def test_a_policy_at_a_waypoint_is_asked_over_both_hops() -> None:
    rules = [{"from": [{"source": {"principals": ["cluster.local/ns/shop/sa/app"]}}]}]
    text = with_waypoint() + PODS + way() + at_service(rules)
    assert messages(RULE, text) == []
    # The way over the waypoint is what counts, and not the one to the workload.
    assert messages(RULE, text + only("web", "way", ports=(15008,))) == []
    for closed in (only("way", "other"), only("web", "app"), only("web", "way", ports=(8080,))):
        (finding,) = checked(RULE, text + closed).findings
        assert finding.witness is not None
        assert (finding.witness.source, finding.witness.destination) == ("shop/pod/app", "shop/service/web")
    other = [{"from": rules[0]["from"], "to": [{"operation": {"ports": ["9999"]}}]}]
    assert messages(RULE, with_waypoint() + PODS + way() + at_service(other) + only("way", "other")) == []
