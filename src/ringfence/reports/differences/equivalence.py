"""``equivalent``: one line for scripts, the flows that tell the states apart, and the document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from ringfence.model.text import printable
from ringfence.reports.context import Context
from ringfence.reports.documents import Document, ProblemDocument, ProfileDocument, VerdictWord, head
from ringfence.reports.places import place_text
from ringfence.verdict.equivalence import Equivalence, Order, Witness

SENTENCES = {
    Order.EQUAL: "equal",
    Order.WITHIN: "A is within B",
    Order.CONTAINS: "B is within A",
    Order.NEITHER: "neither is within the other",
    Order.UNDECIDED: "not decided",
}


class OrderWitnessDocument(Document, frozen=True):
    """One flow that tells the states apart. ``before`` or ``after`` null: that state lacks an end of it."""

    source: str
    destination: str
    port: str
    before: VerdictWord | None
    after: VerdictWord | None


class WhyDocument(Document, frozen=True):
    """What stands in the way of a decision."""

    what: str
    why: str


class EquivalenceDocument(Document, frozen=True):
    """``ringfence equivalent -o json``. ``within``: everything that A allows B allows too, and more. ``more``: a flow
    that only A allows; ``less``: one that only B does; ``unclear``: one on which the answer hangs."""

    schema_version: Literal["1"]
    kind: Literal["Equivalence"]
    order: Literal["equal", "within", "contains", "neither", "undecided"]
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


def _witness(witness: Witness | None) -> OrderWitnessDocument | None:
    if witness is None:
        return None
    return OrderWitnessDocument(
        source=witness.source,
        destination=witness.destination,
        port=witness.port,
        before=witness.before.value if witness.before else None,
        after=witness.after.value if witness.after else None,
    )


def equivalence_document(found: Equivalence, context: Context) -> EquivalenceDocument:
    """The document of ``equivalent``."""
    return EquivalenceDocument(
        kind="Equivalence",
        order=found.order.value,
        universal=found.universal,
        more=_witness(found.more),
        less=_witness(found.less),
        unclear=_witness(found.unclear),
        why=[WhyDocument(what=one.what, why=one.why) for one in found.why],
        **head(context, found.partial),
    )


def order_line(found: Equivalence) -> str:
    """``A is within B``, and where that holds."""
    return f"{SENTENCES[found.order]}{', in every possible cluster' if found.universal else ''}"


def witness_lines(found: Equivalence) -> Iterator[str]:
    """The flows that tell the states apart, and what was in the way. Safe to print."""
    for words, witness in (
        ("only A allows", found.more),
        ("only B allows", found.less),
        ("hangs on", found.unclear),
    ):
        if witness is not None:
            verdicts = f"{witness.before or 'no such end'} in A, {witness.after or 'no such end'} in B"
            yield printable(f"{words}: {witness.source} -> {witness.destination} {witness.port} ({verdicts})")
    for one in found.why:
        place = f" {place_text(one.place)}" if one.place else ""
        yield printable(f"not compared: {one.what}: {one.why}") + place
