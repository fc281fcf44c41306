from __future__ import annotations

from typing import Any

import pytest

from tests.rules.checking import checked, messages, pod
from tests.rules.meshed import ambient, an, plain, sidecars

RULE = "MSH-015"
WEB = sidecars() + pod("web")


def patch(operation: str, applies: str = "HTTP_FILTER", name: str = "envoy.filters.http.lua", **more: Any) -> Any:
    value = {"operation": operation, "value": {"name": name}}
    return {"applyTo": applies, "patch": value, **({"match": more} if more else {})}


def envoy_filter(*patches: Any, space: str = "shop", **spec: Any) -> str:
    return an("EnvoyFilter", "own", {"configPatches": list(patches), **spec}, space)


def test_a_filter_of_its_own() -> None:
    (finding,) = checked(RULE, WEB + envoy_filter(patch("INSERT_FIRST", context="SIDECAR_INBOUND"))).findings
    assert finding.message == (
        "EnvoyFilter shop/own puts something of its own into the proxies of shop/pod/web, for what comes in: verdicts "
        "there are unknown"
    )
    (message,) = messages(RULE, WEB + an("WasmPlugin", "own", {"url": "oci://x"}))
    assert "for what comes in and goes out" in message


def test_filters_that_change_no_verdict() -> None:
    assert messages(RULE, WEB + envoy_filter(patch("INSERT_FIRST", name="envoy.filters.http.ratelimit"))) == []


def test_which_proxies_it_reaches() -> None:
    first = patch("INSERT_FIRST")
    assert messages(RULE, WEB + envoy_filter(first, workloadSelector={"labels": {"app": "db"}})) == []
    assert messages(RULE, WEB + plain() + pod("old", "legacy") + envoy_filter(first, space="legacy")) == []
    assert messages(RULE, ambient() + pod("web") + envoy_filter(first)) == []
    assert len(messages(RULE, WEB + envoy_filter(first, space="istio-system"))) == 1
    targets = [{"kind": "Gateway", "name": "way", "group": "gateway.networking.k8s.io"}]
    (message,) = messages(RULE, ambient() + pod("web") + envoy_filter(first, targetRefs=targets))
    assert "the proxies of Gateway way" in message


@pytest.mark.parametrize(
    ("one", "spec", "words"),
    [
        (patch("INSERT_BEFORE"), {}, "INSERT_BEFORE hangs on what another filter has put there before: it may not be"),
        (patch("MERGE", proxy={"proxyVersion": "^1.26.*"}), {}, "only in proxies of version ^1.26.*"),
        (patch("REPLACE", "CLUSTER"), {}, "REPLACE does nothing to CLUSTER"),
        (patch("ADD", "HTTP_ROUTE"), {}, "ADD is ignored for HTTP_ROUTE"),
        (patch("REMOVE", "ROUTE_CONFIGURATION"), {}, "REMOVE is ignored for ROUTE_CONFIGURATION"),
        (patch("INSERT_BEFORE"), {"priority": 10}, ""),
        (patch("INSERT_FIRST"), {}, ""),
        (patch("ADD", "CLUSTER"), {}, ""),
    ],
)
def test_patches_that_may_do_nothing(one: Any, spec: dict[str, Any], words: str) -> None:
    said = messages(RULE, plain("shop") + pod("web") + envoy_filter(one, **spec))
    assert len(said) == bool(words)
    assert not said or words in said[0]


def test_workloads_that_the_input_lacks() -> None:
    outcome = checked(RULE, sidecars() + envoy_filter(patch("INSERT_FIRST")))
    assert not outcome.findings
    assert "which proxies it is put into is open" in outcome.not_evaluable[0].why
