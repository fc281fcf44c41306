from __future__ import annotations

from ringfence.rules.finding import Severity
from tests.rules.checking import checked, messages, namespace, pod
from tests.rules.meshed import ambient, mtls, plain, running, service, sidecars

RULE = "MSH-007"


def test_a_pod_that_is_older_than_the_label_of_its_namespace() -> None:
    text = sidecars() + running("web") + service("web") + plain() + pod("old", "legacy")
    (finding,) = checked(RULE, text).findings
    assert "runs without a proxy, and made anew it would have one: namespace shop is labelled" in finding.message
    assert finding.witness is not None
    assert finding.witness.source == "legacy/pod/old"
    assert finding.fix == "restart the workload"


def test_the_same_for_ztunnel() -> None:
    (message,) = messages(RULE, ambient() + running("web"))
    assert "made anew it would have one" in message
    assert messages(RULE, ambient() + running("web", annotations={"ambient.istio.io/redirection": "enabled"})) == []


def test_a_pod_with_its_proxy_and_one_that_would_have_none() -> None:
    assert messages(RULE, sidecars() + running("web", proxy="istio/proxyv2:1.27.0")) == []
    assert messages(RULE, plain("shop") + running("web") + mtls("STRICT")) == []


def test_a_namespace_that_says_nothing() -> None:
    (finding,) = checked(RULE, namespace("shop") + pod("web") + sidecars("other")).findings
    assert finding.message == (
        "Namespace shop does not say whether it is in the mesh: none of its workloads has a proxy"
    )
    assert finding.severity is Severity.LOW


def test_namespaces_that_say_so_and_those_of_the_mesh_and_of_kubernetes() -> None:
    for text in (
        plain("shop") + pod("web"),
        namespace("kube-system") + pod("dns", "kube-system") + sidecars("other"),
        namespace("istio-system") + pod("jaeger", "istio-system") + sidecars("other"),
        namespace("shop") + pod("web", **{"app": "web", "sidecar.istio.io/inject": '"true"'}),
    ):
        assert messages(RULE, text) == [], text


def test_without_the_namespace_it_is_open() -> None:
    outcome = checked(RULE, pod("web") + sidecars("other"))
    assert not outcome.findings
    assert "the input has no Namespace shop" in outcome.not_evaluable[0].why


def test_without_a_mesh_nothing_is_said() -> None:
    assert messages(RULE, namespace("shop") + pod("web")) == []
