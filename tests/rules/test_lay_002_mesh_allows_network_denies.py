from __future__ import annotations

from typing import Any

import pytest

from ringfence.verdict.answers import Verdict
from tests.rules.checking import checked, messages
from tests.rules.meshed import account, ambient, authorization, only, service, sidecars

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
