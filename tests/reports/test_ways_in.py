"""Ways in, as a section of ``exposure`` and in its document."""

from __future__ import annotations

import json

import msgspec
import pytest

from ringfence.model.provenance import Place
from ringfence.reports.exposure_documents import ExposureDocument, exposure_document
from ringfence.reports.sections import markdown_section_lines, text_lines
from ringfence.reports.structured import json_text
from ringfence.reports.ways_in_text import ways_sections
from ringfence.verdict.answers import Decision, Reason, Verdict
from ringfence.verdict.ways_in.values import DeadEnd, Hop, Opening, WayIn, WaysIn
from tests.reports import reach_samples
from tests.reports.samples import CONTEXT, HOSTILE


def ways(name: str = "web") -> WaysIn:
    """An Ingress that may lead to a pod, and one that leads nowhere."""
    place = Place("shop.yaml", 3, 1)
    opening = Opening("route", "Ingress", "shop", name, f"Ingress shop/{name}", place)
    reason = Reason("ingress-controller", "the ingress controller is not in the input", "--ingress-controller")
    decided = (Decision("network", "ingress", "NetworkPolicy", "shop", name, 0, place),)
    hop = Hop(f"the controller of {name}", f"shop/{name}", "TCP 8080", Verdict.UNKNOWN, reason, decided)
    way = WayIn(
        (opening,), (hop,), f"shop/{name}", "TCP 8080", Verdict.UNKNOWN, reason, (f"{name}.example.com", "b", "c")
    )
    dead = DeadEnd(opening, "no-service", f"Ingress shop/{name} sends to nothing", f"create {name}", place, "shop")
    return WaysIn((way,), (dead,))


def test_a_way_is_a_row_with_its_hops() -> None:
    text = "\n".join(text_lines(ways_sections(ways())))
    assert "Ingress shop/web   web.example.com, b and 1 more   the controller of web -> shop/web   TCP 8080" in text
    assert "unknown (ingress-controller)" in text
    assert "Ingress shop/web sends to nothing" in text
    assert "shop.yaml:3:1" in text


def test_no_ways_are_no_sections() -> None:
    assert ways_sections(WaysIn((), ())) == []


def test_the_document_has_every_hop() -> None:
    document = json.loads(json_text(exposure_document(reach_samples.exposure(), CONTEXT, ways())))
    msgspec.convert(document, ExposureDocument)
    (way,) = document["waysIn"]
    assert way["openedBy"][0]["how"] == "route"
    assert [hop["destination"] for hop in way["hops"]] == ["shop/web"]
    assert way["hops"][0]["decidedBy"][0]["name"] == "web"
    assert document["deadEnds"][0]["code"] == "no-service"


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_names_are_escaped(name: str) -> None:
    lines = list(text_lines(ways_sections(ways(name))))
    assert all(line.isprintable() for line in lines)
    for line in markdown_section_lines(ways_sections(ways(name))):
        assert "<script" not in line
        assert line.isprintable()
