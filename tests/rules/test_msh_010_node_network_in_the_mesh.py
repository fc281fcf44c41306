from __future__ import annotations

import pytest

from tests.rules.checking import checked, messages, namespace, pod
from tests.rules.meshed import ambient, an, mtls, plain, service, sidecars

RULE = "MSH-010"


def agent(space: str = "shop", host: bool = True, **labels: str) -> str:
    spec = {"hostNetwork": host, "containers": [{"name": "main", "image": "none"}]}
    return an("Pod", "agent", spec, space, labels={"app": "agent", **labels})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (sidecars(), "its namespace is labelled istio-injection=enabled"),
        (ambient(), "its namespace is labelled istio.io/dataplane-mode=ambient"),
        (namespace("shop", **{"istio.io/rev": "stable"}), "its namespace is labelled istio.io/rev=stable"),
    ],
)
def test_a_node_agent_in_a_namespace_of_the_mesh(text: str, why: str) -> None:
    (message,) = messages(RULE, text + agent())
    assert message.startswith("Pod shop/agent is in the network of its node")
    assert why in message


def test_who_asks_for_a_proxy_itself() -> None:
    (message,) = messages(RULE, namespace("shop") + agent(**{"sidecar.istio.io/inject": "true"}))
    assert "it says sidecar.istio.io/inject: true" in message


def test_a_strict_server_refuses_it() -> None:
    text = sidecars() + agent() + pod("web") + service("web") + mtls("STRICT")
    (finding,) = checked(RULE, text).findings
    assert finding.witness is not None
    assert finding.witness.destination == "shop/pod/web"
    assert finding.message.endswith(": shop/pod/web refuses it")
    (finding,) = checked(RULE, text.replace("STRICT", "PERMISSIVE")).findings
    assert finding.witness is None


@pytest.mark.parametrize(
    "text",
    [
        sidecars() + agent(host=False),
        plain("shop") + agent() + sidecars("other"),
        sidecars() + agent(**{"sidecar.istio.io/inject": "false"}),
        ambient() + agent(**{"istio.io/dataplane-mode": "none"}),
        namespace("istio-system", **{"istio-injection": "enabled"}) + agent("istio-system"),
    ],
)
def test_who_is_not_found(text: str) -> None:
    assert messages(RULE, text) == []


def test_a_namespace_of_which_nothing_is_known() -> None:
    outcome = checked(RULE, agent("unknown") + sidecars())
    assert not outcome.findings
    assert "is open" in outcome.not_evaluable[0].why
