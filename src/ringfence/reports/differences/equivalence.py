"""``equivalent``: one line for scripts, the flows that tell the states apart, and the document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from ringfence.model.text import printable
from ringfence.reports.context import Context
from ringfence.reports.differences.layers import request_text
from ringfence.reports.differences.request_documents import RequestDocument, request_document
from ringfence.reports.documents import Document, ProblemDocument, ProfileDocument, VerdictWord, head
from ringfence.reports.places import place_text
from ringfence.verdict.answers import LAYERS
from ringfence.verdict.equivalence import Equivalence, Order, Witness
from ringfence.verdict.meshed.values import LAYERS as ALL_LAYERS

SENTENCES = {
    Order.EQUAL: "equal",
    Order.WITHIN: "A is within B",
    Order.CONTAINS: "B is within A",
    Order.NEITHER: "neither is within the other",
    Order.DIFFERENT: "not equal",
    Order.UNDECIDED: "not decided",
}


class OrderWitnessDocument(Document, frozen=True):
    """One flow that tells the states apart. ``before`` or ``after`` null: that state lacks an end of it. With a mesh:
    ``request``: the verdicts are about this one over the flow; ``unbound``: for clients who control their pods."""

    source: str
    destination: str
    port: str
    before: VerdictWord | None
    after: VerdictWord | None
    request: RequestDocument | msgspec.UnsetType = msgspec.UNSET
    unbound: bool | msgspec.UnsetType = msgspec.UNSET


class WhyDocument(Document, frozen=True):
    """What stands in the way of a decision."""

    what: str
    why: str


class EquivalenceDocument(Document, frozen=True):
    """``ringfence equivalent -o json``. ``within``: everything that A allows B allows too, and more; ``different``: not
    equal, and not decided beyond that. ``more``: a flow that only A allows; ``less``: one that only B does;
    ``unclear``: one on which the answer hangs."""

    schema_version: Literal["1"]
    kind: Literal["Equivalence"]
    order: Literal["equal", "within", "contains", "neither", "different", "undecided"]
    universal: bool
    more: OrderWitnessDocument | None
    less: OrderWitnessDocument | None
    unclear: OrderWitnessDocument | None
    why: list[WhyDocument]
    layers: list[str]
    profile: ProfileDocument
    partial: bool
    problems: list[ProblemDocument]
    notices: list[str]


def _witness(witness: Witness | None, layered: bool) -> OrderWitnessDocument | None:
    if witness is None:
        return None
    return OrderWitnessDocument(
        source=witness.source,
        destination=witness.destination,
        port=witness.port,
        before=witness.before.value if witness.before else None,
        after=witness.after.value if witness.after else None,
        request=msgspec.UNSET if witness.request is None else request_document(witness.request),
        unbound=witness.unbound if layered else msgspec.UNSET,
    )


def equivalence_document(found: Equivalence, context: Context) -> EquivalenceDocument:
    """The document of ``equivalent``."""
    return EquivalenceDocument(
        kind="Equivalence",
        order=found.order.value,
        universal=found.universal,
        more=_witness(found.more, found.layered),
        less=_witness(found.less, found.layered),
        unclear=_witness(found.unclear, found.layered),
        why=[WhyDocument(what=one.what, why=one.why) for one in found.why],
        **{**head(context, found.partial), "layers": list(ALL_LAYERS if found.layered else LAYERS)},
    )


def order_line(found: Equivalence) -> str:
    """``A is within B``, and where that holds."""
    where = ", in every possible cluster" if found.universal else ""
    if found.order is Order.DIFFERENT:
        return f"{SENTENCES[found.order]}; whether one is within the other{where}, is not decided"
    return f"{SENTENCES[found.order]}{where}"


def witness_lines(found: Equivalence) -> Iterator[str]:
    """The flows that tell the states apart, and what was in the way. Safe to print."""
    for words, witness in (
        ("only A allows", found.more),
        ("only B allows", found.less),
        ("hangs on", found.unclear),
    ):
        if witness is not None:
            verdicts = f"{witness.before or 'no such end'} in A, {witness.after or 'no such end'} in B"
            request = "" if witness.request is None else f" {request_text(witness.request)}"
            whose = ", for who controls the client's pod" if witness.unbound else ""
            flow = f"{witness.source} -> {witness.destination} {witness.port}"
            yield printable(f"{words}: {flow}{request} ({verdicts}{whose})")
    for one in found.why:
        place = f" {place_text(one.place)}" if one.place else ""
        yield printable(f"not compared: {one.what}: {one.why}") + place
