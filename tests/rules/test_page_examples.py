"""The examples on the pages of rules: the first is found, what stands after "Use instead" is not."""

from __future__ import annotations

import inspect
import re
from importlib import import_module

import pytest

from ringfence.rules.registry import MODULES
from tests.rules.checking import checked, namespace, pod
from tests.rules.meshed import an, gateway_pod, istiod, plain, service, sidecars, with_waypoint

BLOCK = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHOP = sidecars("shop")
EDGE = (
    namespace("istio-ingress")
    + gateway_pod()
    + an(
        "Service",
        "ingress",
        {"selector": {"istio": "ingressgateway"}, "ports": [{"port": 80, "name": "http"}]},
        "istio-ingress",
    )
)
HTTP = {"name": "http", "containerPort": 8080}
BESIDE = {
    "MSH-006": SHOP,
    "MSH-007": pod("web", "shop") + sidecars("other"),
    "MSH-008": SHOP,
    "MSH-009": SHOP,
    "MSH-010": SHOP,
    "MSH-011": SHOP + pod("web") + service("web") + plain("legacy") + pod("old", "legacy"),
    "MSH-012": with_waypoint("ambient") + pod("orders", "ambient") + service("orders", space="ambient"),
    "MSH-013": SHOP + pod("web"),
    "MSH-015": SHOP + pod("web"),
    "MSH-017": SHOP + istiod("1.27.3"),
    "MSH-019": pod("web"),
    "MSH-020": namespace("shop") + sidecars("other"),
    "MSH-021": SHOP + pod("web") + service("web"),
    "MSH-022": SHOP + pod("web") + service("web"),
    "MSH-023": SHOP + pod("web") + service("web") + namespace("frontend"),
    "MSH-024": SHOP + EDGE,
    "MSH-025": SHOP + pod("web"),
    "MSH-026": SHOP
    + an("Pod", "web", {"containers": [{"name": "x", "image": "x", "ports": [HTTP]}]}, labels={"app": "web"}),
    "MSH-027": SHOP,
    "MSH-028": SHOP,
    "MSH-029": SHOP + namespace("edge"),
    "MSH-030": SHOP + pod("web") + plain("legacy") + pod("old", "legacy") + service("old", space="legacy"),
    "MSH-031": SHOP + istiod("1.30.0"),
    "MSH-032": SHOP + pod("web"),
}
"""Rule → what the input has beside the example."""


def blocks(rule: str) -> list[str]:
    page = inspect.cleandoc(import_module(f"ringfence.rules.{MODULES[rule]}").__doc__ or "")
    return BLOCK.findall(page.partition("## Example")[2])


@pytest.mark.parametrize("rule", BESIDE)
def test_the_example_is_found_and_its_repair_is_not(rule: str) -> None:
    found = blocks(rule)
    outcome = checked(rule, f"{BESIDE[rule]}---\n{found[0]}", faulty=True)
    assert outcome.findings, outcome.not_evaluable
    if len(found) > 1:
        outcome = checked(rule, f"{BESIDE[rule]}---\n{found[1]}")
        assert not outcome.findings
        assert not outcome.not_evaluable


@pytest.mark.parametrize(("rule", "beside"), [("MSH-014", ""), ("MSH-018", pod("web"))])
def test_what_the_page_puts_beside_the_example(rule: str, beside: str) -> None:
    first, limit = blocks(rule)
    assert len(checked(rule, f"{SHOP}{beside}---\n{first}").findings) == 1
    assert not checked(rule, f"{SHOP}{beside}---\n{first}---\n{limit}").findings


def test_stand_ins_are_used() -> None:
    assert set(BESIDE) <= set(MODULES)
    assert namespace("shop")
