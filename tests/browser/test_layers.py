"""The page of a cluster with a mesh: each layer apart, all together, and how what passes is encrypted."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import ringfence
from ringfence.demo.files import CLUSTER, MESH
from ringfence.reports.html.page import html_page
from ringfence.sets.ports import EVERYTHING, contains_key, port_key, subtract
from ringfence.verdict.answers import Verdict
from ringfence.verdict.matrix.values import Cell, Matrix
from tests.browser.driver import Browser, programs
from tests.browser.test_page import CONTEXT, CURSOR, HASH, ROWS

pytestmark = pytest.mark.skipif(programs() is None, reason="Chromium and its driver are not installed")
STALE = "source=shop/storefront&destination=shop/checkout"
COUNTS = """
  return Object.fromEntries([...document.querySelectorAll("#legend button")].map(button =>
    [button.dataset.key, +button.querySelector(".count").textContent.replaceAll(",", "")]));
"""
PRESSED = """
  return [...document.querySelectorAll("#layers button, #colours button")]
    .filter(button => button.ariaPressed === "true").map(button => button.textContent);
"""


@pytest.fixture(scope="module")
def matrix() -> Matrix:
    return ringfence.load(str(CLUSTER), str(MESH)).matrix(layered=True)


@pytest.fixture(scope="module")
def meshed(folder: Path, matrix: Matrix) -> Path:
    """The bundled cluster with its mesh."""
    file = folder / "mesh.html"
    file.write_text(html_page([("now", matrix)], CONTEXT), encoding="utf-8")
    return file


def verdict_of(cell: Cell, layer: str) -> str:
    """The category of a cell under one layer, as the legend names it; "" for all of them."""
    if cell.closed in ("no pod is at either end", "a pod always reaches its own address"):
        return "none"
    by_verdict: dict[Verdict, Any] = {}
    rest = EVERYTHING
    for line in cell.lines:
        verdict = line.told.of(layer) if layer and line.told is not None else line.verdict
        by_verdict.setdefault(verdict, []).extend(line.ports)
        rest = subtract(rest, line.ports)
    if Verdict.MIXED in by_verdict:
        return "mixed"
    if Verdict.UNKNOWN in by_verdict:
        return "unknown"
    if Verdict.ALLOWED not in by_verdict:
        return "denied"
    return "some" if rest or Verdict.DENIED in by_verdict else "all"


@pytest.mark.parametrize("layer", ["", "network", "transport", "requests"])
def test_the_legend_counts_what_each_layer_says(page: Browser, meshed: Path, matrix: Matrix, layer: str) -> None:
    ends = range(len(matrix.ends))
    wanted = Counter(verdict_of(matrix.cell(source, destination), layer) for source in ends for destination in ends)
    page.open(meshed, f"layer={layer}")
    assert +Counter(page.run(COUNTS)) == wanted


def test_the_buttons_show_a_layer_and_the_address_keeps_it(page: Browser, meshed: Path) -> None:
    page.open(meshed)
    assert page.run(PRESSED) == ["Together", "Verdict"]
    page.click("#layers button:nth-child(3)")
    page.click("#colours button:nth-child(2)")
    assert page.run(PRESSED) == ["mTLS", "Encryption"]
    assert page.run(HASH) == "#layer=transport&colour=encryption"
    page.open(meshed, "layer=requests")
    assert page.run(PRESSED) == ["Requests", "Verdict"]


def test_keys_go_through_the_layers(page: Browser, meshed: Path) -> None:
    page.open(meshed)
    page.run("document.getElementById('grid').focus(); return true")
    page.press("m", "m", "m", "i")
    assert page.run(PRESSED) == ["Requests", "Encryption"]
    page.press("m", "i")
    assert page.run(PRESSED) == ["Together", "Verdict"]


def test_a_pair_is_explained_layer_by_layer(page: Browser, meshed: Path) -> None:
    page.open(meshed, STALE)
    text = page.text("#details")
    assert "denied by Requests" in text
    assert "mtls known as spiffe://tidewater.example/ns/shop/sa/default" in text.replace("\n", " ")
    assert "Ingress of shop/checkout: allowed by" in text
    assert "Requests denies first: " in text
    assert "AuthorizationPolicy shop/checkout" in text
    assert "mesh/shop.yaml:" in text
    rows = page.run("return [...document.querySelectorAll('#details .layers tr')].map(row => row.textContent)")
    assert [row.split("allowed")[0].split("denied")[0] for row in rows] == ["Together", "Network", "mTLS", "Requests"]


def test_hops_over_a_waypoint_are_told_with_their_ports(page: Browser, meshed: Path) -> None:
    page.open(meshed, "source=data/kafka&destination=data/schema-registry&port=8081")
    text = page.text("#details")
    assert "data/kafka → data/waypoint on TCP 15008" in text
    assert "data/waypoint → data/schema-registry on TCP 15008" in text
    assert "passing: GET" in text


def test_encryption_is_a_filter(page: Browser, meshed: Path, matrix: Matrix) -> None:
    page.open(meshed, "colour=encryption&port=5432")
    counts = page.run(COUNTS)
    known = 0
    for source, destination in ((a, b) for a in range(len(matrix.ends)) for b in range(len(matrix.ends))):
        for line in matrix.cell(source, destination).lines:
            told = line.told
            if (
                told is not None
                and line.verdict is not Verdict.DENIED
                and contains_key(line.ports, port_key("TCP", 5432))
            ):
                known += told.encryption in ("mtls", "hbone") and told.proven is True
    assert counts["proven"] == known > 0
    for key in ("plain", "denied", "none", "unsure", "partly", "sealed"):
        page.click(f"#legend [data-key={key}]")
    page.press("t")
    rows = page.run(ROWS)
    assert len(rows) == known
    assert all("mtls as spiffe://" in row[3] or "hbone as spiffe://" in row[3] for row in rows)


def test_a_screen_reader_is_told_encryption_and_layer(page: Browser, meshed: Path) -> None:
    page.open(meshed, f"open=*&port=8080&{STALE}")
    assert page.run(CURSOR) == "shop/storefront → shop/checkout: denied on TCP 8080 · denied by Requests"
    page.open(meshed, "open=*&source=shop/cart&destination=shop/session-cache")
    assert "mtls as spiffe://tidewater.example/ns/shop/sa/default" in page.run(CURSOR)


def test_it_fits_a_telephone(page: Browser, meshed: Path) -> None:
    page.resize(420, 900)
    page.open(meshed, f"colour=encryption&{STALE}")
    assert page.run("return document.documentElement.scrollWidth <= window.innerWidth")


def test_without_a_mesh_there_is_no_choice_of_layers(page: Browser, folder: Path) -> None:
    file = folder / "plain.html"
    file.write_text(html_page([("now", ringfence.load(str(CLUSTER)).matrix(layered=True))], CONTEXT), encoding="utf-8")
    page.open(file, "layer=requests&colour=encryption")
    assert page.run("return document.getElementById('layers').hidden && document.getElementById('colours').hidden")
    page.press("m", "i")
    assert "layer" not in page.run(HASH)


def test_two_states_tell_what_changed_in_a_layer(page: Browser, folder: Path) -> None:
    before = ringfence.load(str(CLUSTER), str(MESH))
    after = before.what_if(remove=["shop/AuthorizationPolicy/checkout"])
    states = [("before", before.matrix(layered=True)), ("after", after.matrix(layered=True))]
    file = folder / "layered-diff.html"
    file.write_text(html_page(states, CONTEXT), encoding="utf-8")
    page.open(file, f"{STALE}&port=8080")
    assert "denied by Requests" in page.text("#details")
    assert "shop/storefront → shop/checkout: widened" in page.run(CURSOR)
    page.click("#layers button:nth-child(2)")
    assert page.run(COUNTS)["widened"] == 0
    page.click("#layers button:nth-child(4)")
    assert page.run(COUNTS)["widened"] > 0
    assert page.run("return document.getElementById('colours').hidden")
