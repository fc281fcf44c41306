from __future__ import annotations

import json

import pytest

from ringfence.verdict.answers import Verdict
from tests.rules.checking import checked, messages, namespace, pod, policy
from tests.rules.meshed import ambient, an, authorization, mtls, only, service, sidecars

RULE = "LAY-007"
PROBE = {"httpGet": {"path": "/healthz", "port": 8080}}
HERE = {"sidecar.istio.io/rewriteAppHTTPProbers": "false"}


def probed(probe: object = PROBE, name: str = "web", **metadata: object) -> str:
    container = {"name": "main", "image": "none", "ports": [{"containerPort": 8080}], "livenessProbe": probe}
    return an("Pod", name, {"containers": [container]}, labels={"app": name}, **metadata)


def test_a_probe_that_strict_refuses() -> None:
    (finding,) = checked(RULE, sidecars() + probed(annotations=HERE) + mtls("STRICT")).findings
    assert "has a livenessProbe at port 8080, and its proxy refuses it" in finding.message
    assert finding.evidence == ("livenessProbe", "8080")


def test_a_probe_that_a_policy_refuses() -> None:
    text = sidecars() + probed(annotations=HERE) + service("web")
    named = authorization([{"from": [{"source": {"namespaces": ["shop"]}}]}])
    assert len(messages(RULE, text + named)) == 1
    assert (
        messages(
            RULE,
            text
            + named
            + authorization([{"to": [{"operation": {"paths": ["/healthz"]}}]}]).replace(
                '"name": "policy"', '"name": "probes"'
            ),
        )
        == []
    )
    assert messages(RULE, text) == []


def test_probes_that_are_rewritten_or_only_connect() -> None:
    assert messages(RULE, sidecars() + probed() + mtls("STRICT")) == []
    tcp = {"tcpSocket": {"port": 8080}}
    assert messages(RULE, sidecars() + probed(tcp, annotations=HERE) + mtls("STRICT")) == []
    grpc = {"grpc": {"port": 8080}}
    assert len(messages(RULE, sidecars() + probed(grpc, annotations=HERE) + mtls("STRICT"))) == 1
    free = {**HERE, "traffic.sidecar.istio.io/excludeInboundPorts": "8080"}
    assert messages(RULE, sidecars() + probed(annotations=free) + mtls("STRICT")) == []


def test_in_ambient_probes_have_an_address_of_their_own() -> None:
    text = ambient() + probed() + only("web", "app")
    (finding,) = checked(RULE, text, cni="cilium").findings
    assert "do not admit 169.254.7.127" in finding.message
    assert finding.witness is not None
    assert (finding.witness.source, finding.witness.expected) == ("169.254.7.127", Verdict.DENIED)
    outcome = checked(RULE, text)
    assert not outcome.findings
    assert "169.254.7.127" in outcome.not_evaluable[0].why


def test_policies_that_admit_them() -> None:
    spec = "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 169.254.7.127/32}}]}]}"
    assert messages(RULE, ambient() + probed() + policy("probes", spec), cni="cilium") == []
    assert messages(RULE, ambient() + probed()) == []
    assert messages(RULE, ambient() + pod("web") + only("web", "app"), cni="cilium") == []


METRICS = {"prometheus.io/scrape": "true", "prometheus.io/port": "8080"}


def test_metrics_that_prometheus_does_not_get() -> None:
    prometheus = namespace("metrics") + pod("prometheus", "metrics")
    text = sidecars() + prometheus + probed(annotations={**METRICS, "prometheus.istio.io/merge-metrics": "false"})
    (finding,) = checked(RULE, text + mtls("STRICT")).findings
    assert "asks to be scraped at port 8080, and metrics/pod/prometheus does not get there" in finding.message
    assert finding.witness is not None
    assert finding.witness.request is not None
    assert finding.witness.request.path == "/metrics"
    assert messages(RULE, text) == []


def test_merged_metrics_pass_the_proxy_and_not_the_network() -> None:
    prometheus = namespace("metrics") + pod("prometheus", "metrics")
    text = sidecars() + prometheus + probed(annotations=METRICS)
    assert messages(RULE, text + mtls("STRICT")) == []
    (message,) = messages(RULE, text + only("web", "app"))
    assert "scraped at port 15020" in message


def webhook(port: int = 443) -> str:
    client = {"service": {"namespace": "shop", "name": "hook", "port": port}}
    made = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "hooks"},
        "webhooks": [{"name": "a.b.c", "clientConfig": client}],
    }
    return f"---\n{json.dumps(made)}\n"


HOOK = sidecars() + pod("hook", port=8443) + service("hook", 443, 8443, "https") + webhook()
SERVER = an("Service", "kubernetes", {"ports": [{"name": "https", "port": 443, "targetPort": 6443}]}, "default")
SERVER += "---\n" + json.dumps(
    {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {"name": "kubernetes", "namespace": "default"},
        "subsets": [{"addresses": [{"ip": "198.51.100.7"}], "ports": [{"name": "https", "port": 6443}]}],
    }
)
SERVER += "\n"


def test_a_webhook_that_is_strict() -> None:
    (finding,) = checked(RULE, HOOK + mtls("STRICT")).findings
    assert "ValidatingWebhookConfiguration hooks is called at Service shop/hook port 443" in finding.message
    assert messages(RULE, HOOK) == []
    assert (
        messages(
            RULE,
            HOOK
            + mtls("STRICT", selector={"matchLabels": {"app": "hook"}}, portLevelMtls={"8443": {"mode": "PERMISSIVE"}}),
        )
        == []
    )


def test_a_webhook_that_the_network_closes() -> None:
    (finding,) = checked(RULE, HOOK + SERVER + only("hook", "app")).findings
    assert finding.witness is not None
    assert (finding.witness.source, finding.witness.expected) == ("198.51.100.7", Verdict.DENIED)
    spec = "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 198.51.100.7/32}}]}]}"
    assert messages(RULE, HOOK + SERVER + policy("server", spec)) == []
    outcome = checked(RULE, HOOK + only("hook", "app"))
    assert not outcome.findings
    assert "does not say where it is" in outcome.not_evaluable[0].why


@pytest.mark.parametrize("text", [namespace("shop") + probed() + only("web", "app")])
def test_without_a_mesh_nothing_is_asked(text: str) -> None:
    assert messages(RULE, text) == []
