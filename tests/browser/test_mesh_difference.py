"""The page of two states of a cluster with a mesh: what changed of requests and of what protects them."""

from __future__ import annotations

from pathlib import Path

import pytest

import ringfence
from ringfence.demo.files import CLUSTER, MESH
from ringfence.reports.html.changes import Difference
from ringfence.reports.html.page import html_page
from ringfence.verdict.matrix.pairing import paired_ends
from ringfence.world import World
from tests.browser.driver import Browser, programs
from tests.browser.test_page import CONTEXT

pytestmark = pytest.mark.skipif(programs() is None, reason="Chromium and its driver are not installed")

WEAKER = """apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: checkout, namespace: shop}
spec:
  selector: {matchLabels: {app: checkout}}
  rules:
    - to: [{operation: {methods: [GET], paths: ["/healthz*"]}}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: catalog-db, namespace: shop}
spec:
  host: catalog-db.shop.svc.cluster.local
  trafficPolicy: {tls: {mode: DISABLE}}
"""


def page_of(before: World, after: World) -> str:
    """As ``diff -o html`` writes it."""
    pairs = paired_ends(before.whole_relation.cluster, after.whole_relation.cluster)
    states = [(word, one.matrix(layered=one.mesh is not None)) for word, one in (("before", before), ("after", after))]
    return html_page(states, CONTEXT, difference=Difference(before.diff(after), pairs))


@pytest.fixture(scope="module")
def weakened(folder: Path) -> Path:
    before = ringfence.load(str(CLUSTER), str(MESH))
    file = folder / "weakened.html"
    file.write_text(page_of(before, before.what_if(add=[WEAKER])), encoding="utf-8")
    return file


def test_a_pair_tells_which_requests_pass_now(page: Browser, weakened: Path) -> None:
    page.open(weakened, "source=shop/storefront&destination=shop/checkout")
    text = page.text("#details")
    assert "denied before, mixed after" in text
    assert "requests: none -> method GET, path /healthz*" in text
    assert "GET /healthz: denied before, allowed after" in text
    assert "AuthorizationPolicy shop/checkout rule 0" in text


def test_a_pair_that_is_protected_less_says_so(page: Browser, weakened: Path) -> None:
    page.open(weakened, "source=shop/catalog&destination=shop/catalog-db")
    text = page.text("#details")
    assert "weakened" in text
    assert "mtls -> not encrypted; as spiffe://tidewater.example/ns/shop/sa/default -> as nobody" in text
    assert "DestinationRule shop/catalog-db" in text


def test_the_first_mesh_of_a_cluster_has_a_page(page: Browser, folder: Path) -> None:
    before = ringfence.load(str(CLUSTER))
    file = folder / "first.html"
    file.write_text(page_of(before, before.what_if(add=[str(MESH)])), encoding="utf-8")
    page.open(file, "source=shop/catalog&destination=shop/catalog-db")
    text = page.text("#details")
    assert "strengthened" in text
    assert "not encrypted -> mtls" in text
