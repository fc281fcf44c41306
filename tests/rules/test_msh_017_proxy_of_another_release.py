from __future__ import annotations

from tests.rules.checking import checked, messages, pod
from tests.rules.meshed import istiod, running, sidecars

RULE = "MSH-017"
OLD = running("web", proxy="docker.io/istio/proxyv2:1.26.2-distroless")


def test_a_proxy_that_is_older() -> None:
    (finding,) = checked(RULE, sidecars() + OLD + istiod("1.27.3")).findings
    assert finding.message == "Pod shop/web has a proxy of release 1.26.2, and istiod is of 1.27.3"
    assert messages(RULE, sidecars() + OLD + istiod("1.26.2")) == []


def test_the_revision_of_the_pod_decides() -> None:
    canary = istiod("1.27.3").replace('"app": "istiod"', '"app": "istiod", "istio.io/rev": "canary"')
    both = canary.replace('"istiod"', '"istiod-canary"', 1) + istiod("1.26.2")
    assert messages(RULE, sidecars() + OLD + both) == []
    labels = {"app": "web", "istio.io/rev": "canary"}
    own = running("web", proxy="istio/proxyv2:1.26.2", labels=labels)
    assert len(messages(RULE, sidecars() + own + both)) == 1


def test_what_cannot_be_compared() -> None:
    outcome = checked(RULE, sidecars() + OLD)
    assert not outcome.findings
    assert "no istiod" in outcome.not_evaluable[0].why
    assert messages(RULE, sidecars() + pod("web") + istiod()) == []
    assert messages(RULE, sidecars() + running("web", proxy="istio/proxyv2:latest") + istiod()) == []
