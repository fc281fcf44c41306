from __future__ import annotations

import json

from ringfence.rules.finding import Severity
from tests.rules.checking import checked, messages, namespace, pod
from tests.rules.meshed import ambient, plain, running, sidecars

RULE = "MSH-019"
IMAGE = "istio/proxyv2:1.27.3"


def test_two_labels_for_sidecars() -> None:
    (message,) = messages(RULE, namespace("shop", **{"istio-injection": "enabled", "istio.io/rev": "x"}) + pod("web"))
    assert message == (
        "Namespace shop is labelled istio-injection=enabled and istio.io/rev=x: the first counts, and the revision "
        "does not"
    )


def test_sidecars_and_ambient_at_once() -> None:
    labels = {"istio-injection": "enabled", "istio.io/dataplane-mode": "ambient"}
    (message,) = messages(RULE, namespace("shop", **labels) + pod("web"))
    assert "sidecars come, and ztunnel leaves their pods alone" in message
    both = {"app": "web", "sidecar.istio.io/inject": '"true"', "istio.io/dataplane-mode": "ambient"}
    (message,) = messages(RULE, namespace("shop") + pod("web", **both))
    assert message.startswith("Pod shop/web asks for a sidecar and is labelled istio.io/dataplane-mode=ambient")


def test_what_pods_show_against_what_they_say() -> None:
    taken = {"annotations": {"ambient.istio.io/redirection": "enabled"}}
    (message,) = messages(RULE, ambient() + running("web", proxy=IMAGE, **taken))
    assert "has a sidecar and is annotated ambient.istio.io/redirection: enabled" in message
    (message,) = messages(RULE, ambient() + running("web", proxy=IMAGE))
    assert "has a sidecar in a namespace of ambient" in message


def test_the_injector_takes_who_says_nothing() -> None:
    values = json.dumps({"sidecarInjectorWebhook": {"enableNamespacesByDefault": True}})
    metadata = {"name": "istio-sidecar-injector", "namespace": "istio-system"}
    injector = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"values": values}}
    text = f"---\n{json.dumps(injector)}\n"
    (finding,) = checked(RULE, namespace("shop") + pod("web") + text).findings
    assert "the injector takes namespaces that say nothing" in finding.message
    assert finding.severity is Severity.INFO
    assert messages(RULE, sidecars() + pod("web") + text) == []
    assert messages(RULE, plain("shop") + pod("web") + text) == []


def test_who_says_one_thing() -> None:
    stays_out = {"app": "web", "sidecar.istio.io/inject": '"true"', "istio.io/dataplane-mode": "none"}
    for text in (sidecars() + pod("web"), ambient() + pod("web"), ambient() + pod("web", **stays_out)):
        assert messages(RULE, text) == [], text


def test_a_namespace_of_which_nothing_is_known() -> None:
    outcome = checked(RULE, pod("web", **{"app": "web", "sidecar.istio.io/inject": '"true"'}))
    assert not outcome.findings
    assert "what namespace shop asks for is open" in outcome.not_evaluable[0].why
