from __future__ import annotations

from tests.rules.checking import checked, messages, namespace, pod
from tests.rules.meshed import an, mtls, sidecars

RULE = "MSH-003"
WEB = sidecars() + pod("web")
SELECTOR = {"matchLabels": {"app": "web"}}


def made(name: str, year: int, mode: str = "STRICT") -> str:
    return an("PeerAuthentication", name, {"mtls": {"mode": mode}}, creationTimestamp=f"{year}-01-01T00:00:00Z")


def test_only_the_oldest_counts() -> None:
    (message,) = messages(RULE, WEB + made("a", 2025) + made("b", 2024, "PERMISSIVE"))
    assert message == (
        "PeerAuthentication shop/a does not count for namespace shop: PeerAuthentication shop/b is older"
    )


def test_without_ages_one_of_them_counts() -> None:
    (message,) = messages(RULE, WEB + mtls("STRICT", name="a") + mtls("PERMISSIVE", name="b"))
    assert "only the oldest counts, and the input has no ages" in message


def test_two_selectors_that_take_one_workload() -> None:
    both = mtls("STRICT", name="a", selector=SELECTOR) + mtls("STRICT", name="b", selector=SELECTOR)
    assert len(messages(RULE, WEB + pod("web-2", app="web") + both)) == 1


def test_a_namespace_a_workload_and_the_mesh_have_one_each() -> None:
    text = mtls("STRICT") + mtls("STRICT", name="web", selector=SELECTOR) + mtls("STRICT", "istio-system")
    assert messages(RULE, WEB + namespace("istio-system") + text) == []


def test_a_selector_in_the_root_namespace_has_no_effect() -> None:
    (message,) = messages(RULE, WEB + namespace("istio-system") + mtls("STRICT", "istio-system", selector=SELECTOR))
    assert "has a selector in the root namespace" in message


def deployment() -> str:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "main", "image": "none"}]}}
    return an("Deployment", "web", {"selector": {"matchLabels": {"app": "web"}}, "template": template})


def test_labels_that_are_not_known() -> None:
    one = mtls("STRICT", name="one", selector={"matchLabels": {"app": "web"}})
    other = mtls("PERMISSIVE", name="other", selector={"matchLabels": {"pod-template-hash": "x"}})
    outcome = checked(RULE, sidecars() + deployment() + one + other)
    assert not outcome.findings
    assert "hangs on labels that are not known" in outcome.not_evaluable[0].why
    elsewhere = mtls("PERMISSIVE", name="other", selector={"matchLabels": {"app": "db"}})
    assert not checked(RULE, sidecars() + deployment() + one + elsewhere).not_evaluable


def test_workloads_that_the_input_lacks() -> None:
    two = mtls("STRICT", name="one", selector={"matchLabels": {"app": "web"}})
    outcome = checked(RULE, sidecars() + two + two.replace('"one"', '"two"'))
    assert not outcome.findings
    assert "the input has no workloads of namespace shop" in outcome.not_evaluable[0].why
