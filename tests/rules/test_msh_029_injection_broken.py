from __future__ import annotations

import json

from ringfence.rules.finding import Severity
from tests.rules.checking import checked, messages, namespace, pod
from tests.rules.meshed import an, gateway_pod, istiod, plain, sidecars

RULE = "MSH-029"


def webhook(failure: str = "Fail", name: str = "istiod") -> str:
    client = {"service": {"name": name, "namespace": "istio-system", "path": "/inject"}}
    hook = {"name": "rev.namespace.sidecar-injector.istio.io", "clientConfig": client, "failurePolicy": failure}
    made = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": "istio-sidecar-injector"},
        "webhooks": [hook],
    }
    return f"---\n{json.dumps(made)}\n"


ISTIOD = istiod() + an("Service", "istiod", {"selector": {"app": "istiod"}, "ports": [{"port": 443}]}, "istio-system")
WEB = sidecars() + pod("web")


def test_a_webhook_that_calls_nobody() -> None:
    (finding,) = checked(RULE, WEB + ISTIOD + webhook(name="istiod-canary")).findings
    assert "calls the Service istio-system/istiod-canary, which there is not: nobody injects" in finding.message
    assert messages(RULE, WEB + ISTIOD + webhook()) == []
    outcome = checked(RULE, WEB + webhook())
    assert not outcome.findings
    assert "no workload and no Service of namespace istio-system" in outcome.not_evaluable[0].why


def test_a_webhook_that_lets_pods_through() -> None:
    (finding,) = checked(RULE, WEB + ISTIOD + webhook("Ignore")).findings
    assert "lets pods through without a proxy" in finding.message
    assert finding.severity is Severity.MEDIUM


def test_a_revision_of_which_there_is_no_injector() -> None:
    asks = namespace("apps", **{"istio.io/rev": "pidgeon"}) + pod("web", "apps")
    (finding,) = checked(RULE, WEB + asks + ISTIOD + webhook()).findings
    assert finding.message == (
        "Namespace apps asks for revision pidgeon, which no injector has: its pods start without a proxy"
    )
    outcome = checked(RULE, WEB + asks + ISTIOD)
    assert not outcome.findings
    assert "whether an injector of revision pidgeon is installed is open" in outcome.not_evaluable[0].why
    labels = '"istio-revision-tag-pidgeon", "labels": {"istio.io/tag": "pidgeon"}'
    assert messages(RULE, WEB + asks + ISTIOD + webhook().replace('"istio-sidecar-injector"', labels)) == []


def test_an_image_that_nobody_replaces() -> None:
    spec = {"containers": [{"name": "istio-proxy", "image": "auto"}]}
    own = an(
        "Pod", "edge", spec, "edge", labels={"istio": "edge"}, annotations={"inject.istio.io/templates": "gateway"}
    )
    (message,) = messages(RULE, namespace("edge") + own + WEB)
    assert message.startswith("Pod edge/edge has image: auto, which only the injector replaces, and is not injected:")
    assert messages(RULE, sidecars("edge") + own) == []
    assert len(messages(RULE, plain("edge") + own)) == 1
    assert messages(RULE, namespace("istio-ingress") + gateway_pod() + WEB) == []
    outcome = checked(RULE, own + WEB)
    assert not outcome.findings
    assert "is open" in outcome.not_evaluable[0].why
