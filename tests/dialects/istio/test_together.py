"""Which open facts can hold together."""

from __future__ import annotations

import pytest

from ringfence.dialects.istio.together import cases, either, together
from ringfence.model.mesh import Membership, Proxy

NONE, SIDECAR, NODE = (
    "namespace a has no label of Istio",
    "namespace a is labelled istio-injection=enabled",
    "namespace a is labelled istio.io/dataplane-mode=ambient",
)
OTHER = "namespace b has no label of Istio"


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ([], True),
        ([NONE, OTHER], True),
        ([NONE, NODE], False),
        ([f"{NONE}, or {NODE}", SIDECAR], False),
        ([f"{NONE}, or {NODE}", f"{NODE}, and the pod is labelled x=y"], True),
        ([f"{NONE}, or {NODE}", f"{NODE}, or {SIDECAR}", f"{NONE}, or {SIDECAR}"], False),
        (["sidecars tunnel", "sidecars do not tunnel"], True),
    ],
)
def test_a_namespace_has_one_set_of_labels(facts: list[str], expected: bool) -> None:
    assert together(facts, None) is expected


def test_a_client_has_one_proxy() -> None:
    client = Membership("istio", Proxy.SIDECAR)
    assert together(["the client's proxy is a sidecar"], client)
    assert not together(["the client's proxy is ztunnel, and more"], client)
    assert together(["the client's proxy is ztunnel"], None)


def test_one_of_two_facts() -> None:
    assert either(NONE, NONE) == NONE
    assert cases(either(NONE, NODE) or "")["a"] == {
        "has no label of Istio",
        "is labelled istio.io/dataplane-mode=ambient",
    }
    assert either(NONE, OTHER) is None
    assert either(NONE, "the release") is None
    assert either("this", "that") == "this, or that"
