from __future__ import annotations

import json

from ringfence.rules.finding import Severity
from tests.rules.checking import checked, messages, pod, policy
from tests.rules.meshed import ambient, an, authorization, mtls, only, plain, service, sidecars

RULE = "LAY-004"
OTHERS = plain() + pod("old", "legacy")
EXCLUDED = {"traffic.sidecar.istio.io/excludeInboundPorts": "9102"}


def web(**annotations: str) -> str:
    spec = {"containers": [{"name": "main", "image": "none"}]}
    return an("Pod", "web", spec, labels={"app": "web"}, annotations=annotations)


def test_an_excluded_port_of_a_strict_workload() -> None:
    (finding,) = checked(RULE, sidecars() + web(**EXCLUDED) + OTHERS + mtls("STRICT")).findings
    assert finding.severity is None
    assert finding.witness is not None
    assert (finding.witness.source, finding.witness.port) == ("legacy/pod/old", 9102)


def test_an_excluded_port_of_a_workload_with_a_policy() -> None:
    (message,) = messages(RULE, sidecars() + web(**EXCLUDED) + OTHERS + authorization([]))
    assert "is what AuthorizationPolicy shop/policy is for" in message


def test_a_network_policy_that_lets_somebody_in_is_a_choice() -> None:
    text = sidecars() + web(**EXCLUDED) + pod("app") + OTHERS + mtls("STRICT")
    (finding,) = checked(RULE, text + only("web", "app", ports=(9102,))).findings
    assert finding.severity is Severity.MEDIUM
    assert finding.witness is not None
    assert finding.witness.source == "shop/pod/app"


def test_a_network_policy_that_lets_nobody_in() -> None:
    closed = policy("closed", "{podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress]}")
    assert messages(RULE, sidecars() + web(**EXCLUDED) + OTHERS + mtls("STRICT") + closed) == []


def test_nothing_is_excluded_or_nothing_is_protected() -> None:
    assert messages(RULE, sidecars() + web() + OTHERS + mtls("STRICT")) == []
    assert messages(RULE, sidecars() + web(**EXCLUDED) + OTHERS) == []


def test_in_ambient_everything_may_be_left_out() -> None:
    text = ambient() + web(**{"ambient.istio.io/bypass-inbound-capture": "true"}) + service("web") + OTHERS
    (message,) = messages(RULE, text + mtls("STRICT"))
    assert "TCP port 8080" in message


def test_no_proxy_takes_udp() -> None:
    text = sidecars() + web() + OTHERS + mtls("STRICT") + service("web", 53, 53, "dns", transport="UDP")
    (finding,) = checked(RULE, text).findings
    assert finding.evidence == ("UDP", "53")
    assert finding.witness is not None
    assert finding.witness.protocol == "UDP"
    assert messages(RULE, text + only("web", "web")) == []


def test_whether_a_policy_isolates_it_may_be_open() -> None:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "main", "image": "none"}]}}
    made = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": template},
    }
    text = sidecars() + f"---\n{json.dumps(made)}\n" + OTHERS + mtls("STRICT")
    text += service("web", 53, 53, "dns", transport="UDP")
    outcome = checked(RULE, text + policy("p", "{podSelector: {matchLabels: {pod-template-hash: abc}}}"))
    assert not outcome.findings
    assert len(outcome.not_evaluable) == 1


def test_udp_to_which_a_network_policy_lets_somebody_is_a_choice() -> None:
    text = sidecars() + web() + pod("app") + mtls("STRICT") + service("web", 53, 53, "dns", transport="UDP")
    assert messages(RULE, text + only("web", "app")) == []
