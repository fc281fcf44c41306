from __future__ import annotations

import pytest

from ringfence.rules.finding import Severity
from tests.rules.checking import checked, messages, namespace, pod
from tests.rules.meshed import an, plain, service, sidecars

RULE = "MSH-020"
T = "traffic.sidecar.istio.io/"
BOUND = sidecars() + pod("db")


def web(**annotations: str) -> str:
    spec = {"containers": [{"name": "main", "image": "none"}]}
    return an("Pod", "web", spec, labels={"app": "web"}, annotations=annotations)


def deployment(where: str, **annotations: str) -> str:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "main", "image": "none"}]}}
    metadata: dict[str, object] = {}
    if where == "template":
        template["metadata"]["annotations"] = annotations  # type: ignore[assignment]
    else:
        metadata["annotations"] = annotations
    spec = {"selector": {"matchLabels": {"app": "web"}}, "template": template}
    return an("Deployment", "web", spec, **metadata)


@pytest.mark.parametrize("key", [f"{T}excludeInboundPorts", "sidecar.istio.io/inject", "proxy.istio.io/config"])
def test_an_annotation_of_pods_that_stands_elsewhere(key: str) -> None:
    (message,) = messages(RULE, BOUND + deployment("object", **{key: "true"}))
    assert message == f"Deployment shop/web is annotated {key}, which is for pods: nobody reads it here"
    text = sidecars() + an("Service", "web", {"ports": [{"port": 80}]}, annotations={key: "1"})
    assert len(messages(RULE, text)) == 1


def test_a_key_that_nobody_knows() -> None:
    (finding,) = checked(RULE, sidecars() + web(**{f"{T}excludeInboundPort": "9102"})).findings
    assert "which no release of Istio reads that is known here" in finding.message
    assert finding.fix == f"did you mean {T}excludeInboundPorts?"
    assert finding.severity is None
    assert finding.place.line > 0
    text = BOUND + an("Service", "web", {"ports": [{"port": 80}]}, annotations={"networking.istio.io/exportTwo": "."})
    (finding,) = checked(RULE, text).findings
    assert finding.fix == "did you mean networking.istio.io/exportTo?"
    (finding,) = checked(RULE, sidecars() + web(**{"ambient.istio.io/something-quite-new": "x"})).findings
    assert finding.severity is Severity.LOW


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("sidecar.istio.io/inject", "yes", "which is neither true nor false"),
        (f"{T}excludeInboundPorts", "80;90", "which is no list of ports: the injector rejects the pod"),
        (f"{T}excludeInboundPorts", "99999", "which is no list of ports"),
        (f"{T}excludeOutboundIPRanges", "10.0.0.0/99", "which is no list of CIDRs"),
        ("sidecar.istio.io/interceptionMode", "none", "which is none of REDIRECT, TPROXY and NONE"),
        ("readiness.status.sidecar.istio.io/initialDelaySeconds", "soon", "which is no number"),
        ("ambient.istio.io/bypass-inbound-capture", "yes", "it counts as false"),
    ],
)
def test_values_that_the_injector_does_not_take(key: str, value: str, words: str) -> None:
    (message,) = messages(RULE, sidecars() + web(**{key: value}))
    assert words in message


def test_an_annotation_does_not_ask_the_injector() -> None:
    asks = web(**{"sidecar.istio.io/inject": "true"})
    (message,) = messages(RULE, namespace("shop") + asks + sidecars("other"))
    assert "gets no sidecar: the injector is asked by labels, and namespace shop has none" in message
    assert messages(RULE, sidecars() + asks) == []


def test_what_is_deprecated_and_what_is_new() -> None:
    (finding,) = checked(RULE, sidecars() + web(**{"sidecar.istio.io/discoveryAddress": "x"})).findings
    assert "which is deprecated" in finding.message
    assert finding.severity is Severity.INFO
    (finding,) = checked(RULE, sidecars() + web(**{f"{T}excludeInboundPorts": "80"})).findings
    assert "of a feature in its alpha phase" in finding.message
    assert finding.severity is Severity.INFO


def test_what_is_in_order() -> None:
    template = deployment("template", **{"sidecar.istio.io/proxyCPU": "100m", "prometheus.io/scrape": "true"})
    assert messages(RULE, sidecars() + template) == []
    own = {"networking.istio.io/exportTo": ".", "company.example/istio-owner": "me"}
    assert messages(RULE, BOUND + an("Service", "web", {"ports": [{"port": 80}]}, annotations=own)) == []
    assert messages(RULE, plain() + pod("old", "legacy") + service("web", space="legacy")) == []


def test_a_namespace_of_which_nothing_is_known() -> None:
    outcome = checked(RULE, web(**{"sidecar.istio.io/inject": "true"}) + sidecars("other"))
    assert not outcome.findings
    assert "hangs on namespace shop, which is not known" in outcome.not_evaluable[0].why


NOWHERE = """---
apiVersion: v1
kind: Service
metadata:
  name: web
  annotations: {sidecar.istio.io/inject: "true"}
spec: {ports: [{port: 80}]}
"""


def test_an_object_without_a_namespace_is_in_default() -> None:
    (message, *_) = messages(RULE, namespace("shop") + NOWHERE + sidecars("other"))
    assert "Service default/web is annotated" in message
