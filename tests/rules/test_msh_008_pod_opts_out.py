from __future__ import annotations

import pytest

from tests.rules.checking import checked, messages, namespace, pod
from tests.rules.meshed import ambient, plain, sidecars

RULE = "MSH-008"
NO_SIDECAR = {"app": "web", "sidecar.istio.io/inject": '"false"'}
NO_AMBIENT = {"app": "web", "istio.io/dataplane-mode": "none"}


@pytest.mark.parametrize(
    ("space", "labels"),
    [
        (sidecars(), NO_SIDECAR),
        (namespace("shop", **{"istio.io/rev": "stable"}), NO_SIDECAR),
        (ambient(), NO_AMBIENT),
    ],
)
def test_a_pod_that_stays_out(space: str, labels: dict[str, str]) -> None:
    (message,) = messages(RULE, space + pod("web", **labels))
    assert message.startswith("Pod shop/web says ")


@pytest.mark.parametrize(
    ("space", "labels"),
    [
        (sidecars(), {"app": "web"}),
        (sidecars("apps") + plain("shop"), NO_SIDECAR),
        (ambient(), NO_SIDECAR),
        (ambient(), {"app": "web"}),
    ],
)
def test_a_pod_that_is_in_or_whose_namespace_is_out(space: str, labels: dict[str, str]) -> None:
    assert messages(RULE, space + pod("web", **labels)) == []


def test_a_namespace_of_which_nothing_is_known() -> None:
    outcome = checked(RULE, pod("web", **NO_SIDECAR) + sidecars("other"))
    assert not outcome.findings
    assert "whether namespace shop asks for a proxy is open" in outcome.not_evaluable[0].why
    assert not checked(RULE, pod("web") + sidecars("other")).not_evaluable
