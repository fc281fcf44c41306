"""The examples on the pages about policies, identities and layers: the first is found, what is to be used instead, or
beside it, is not."""

from __future__ import annotations

import pytest

from ringfence.rules.registry import MODULES
from tests.rules.checking import checked, namespace, pod
from tests.rules.meshed import (
    account,
    ambient,
    binding,
    mtls,
    plain,
    service,
    sidecars,
    with_waypoint,
)
from tests.rules.test_page_examples import blocks

SHOP = sidecars("shop")
DATA = sidecars("data") + account("data/db") + service("db", space="data")
OLD = plain("legacy") + pod("old", "legacy")
WEB = SHOP + account("shop/web") + account("shop/app") + service("web")
ORDERS = with_waypoint("shop") + account("shop/orders") + account("shop/web") + service("orders")
TO_DB = DATA + SHOP + account("shop/orders") + account("shop/web")
NODE = ambient("ambient") + pod("orders", "ambient") + service("orders", space="ambient") + SHOP + account("shop/web")

INSTEAD = {
    "AUZ-002": TO_DB,
    "AUZ-003": DATA,
    "AUZ-005": TO_DB,
    "AUZ-006": with_waypoint("ambient") + pod("orders", "ambient") + service("orders", space="ambient"),
    "AUZ-007": WEB + OLD,
    "AUZ-010": SHOP + pod("orders") + service("orders", 80, 8080),
    "AUZ-011": TO_DB,
    "AUZ-012": SHOP + pod("web") + OLD,
    "AUZ-014": ORDERS + mtls("STRICT"),
    "AUZ-015": NODE,
    "AUZ-017": WEB,
    "AUZ-020": WEB,
    "IDN-001": SHOP,
    "IDN-002": SHOP,
    "IDN-003": namespace("shop") + binding("shop/web", "edit"),
    "LAY-006": ambient("shop") + pod("orders") + pod("web") + service("orders"),
    "LAY-009": namespace("shop") + pod("orders") + pod("web"),
}
"""Rule → what the input has beside the example, or beside what is to be used instead of it."""

BESIDE = {
    "AUZ-001": sidecars("payments") + pod("payments-api", "payments") + service("ledger", space="payments"),
    "AUZ-009": SHOP + pod("orders") + service("orders"),
    "AUZ-016": sidecars("data") + account("data/db") + SHOP + account("shop/orders") + account("shop/web"),
    "LAY-003": SHOP + OLD,
    "LAY-008": ORDERS + OLD,
    "LAY-010": sidecars("istio-egress") + SHOP + pod("web"),
    "LAY-011": SHOP + pod("web"),
}
"""The same, where what is to be used goes beside the example."""

ALONE = {
    "AUZ-004": WEB + OLD,
    "AUZ-008": SHOP + pod("orders") + service("orders") + pod("web"),
    "AUZ-013": TO_DB,
    "AUZ-018": WEB,
    "AUZ-019": WEB,
    "IDN-005": SHOP + account("shop/orders") + account("shop/db") + service("db"),
    "LAY-005": SHOP + pod("web"),
    "LAY-007": SHOP,
}
"""The same, where words say what is to be done."""


@pytest.mark.parametrize("rule", INSTEAD)
def test_the_example_is_found_and_what_is_to_be_used_instead_is_not(rule: str) -> None:
    first, instead = blocks(rule)[:2]
    outcome = checked(rule, f"{INSTEAD[rule]}---\n{first}", faulty=True)
    assert outcome.findings, outcome.not_evaluable
    outcome = checked(rule, f"{INSTEAD[rule]}---\n{instead}", faulty=rule == "IDN-003")
    assert not outcome.findings
    assert not outcome.not_evaluable


@pytest.mark.parametrize("rule", BESIDE)
def test_the_example_is_found_and_not_with_what_goes_beside_it(rule: str) -> None:
    first, beside = blocks(rule)[:2]
    outcome = checked(rule, f"{BESIDE[rule]}---\n{first}")
    assert outcome.findings, outcome.not_evaluable
    outcome = checked(rule, f"{BESIDE[rule]}---\n{first}---\n{beside}")
    assert not outcome.findings
    assert not outcome.not_evaluable


@pytest.mark.parametrize("rule", ALONE)
def test_the_example_is_found(rule: str) -> None:
    outcome = checked(rule, f"{ALONE[rule]}---\n{blocks(rule)[0]}")
    assert outcome.findings, outcome.not_evaluable


def test_stand_ins_are_of_rules() -> None:
    assert {*INSTEAD, *BESIDE, *ALONE} <= set(MODULES)


@pytest.mark.parametrize(
    ("rule", "text", "where"),
    [
        ("AUZ-017", WEB + "---\n" + blocks("AUZ-017")[0], "metadata: {name: no-admin-host, namespace: shop"),
        (
            "LAY-009",
            namespace("shop") + pod("orders") + "---\n" + blocks("LAY-009")[0],
            "metadata: {name: orders, namespace: shop",
        ),
        ("LAY-005", SHOP + pod("web") + "---\n" + blocks("LAY-005")[0], "name: ledger\n  namespace: shop"),
    ],
)
def test_a_finding_is_suppressed_where_it_is(rule: str, text: str, where: str) -> None:
    assert checked(rule, text).findings
    said = f'annotations: {{ringfence.dev/ignore-{rule}: "this is meant"}}'
    at = text.rindex(where) + len(where)
    hidden = text[:at] + (f", {said}" if where.startswith("metadata") else f"\n  {said}") + text[at:]
    outcome = checked(rule, hidden)
    assert not outcome.findings
    assert outcome.suppressed
