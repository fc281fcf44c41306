"""``can --cni all``: the verdict under every profile, as text and as a document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from ringfence.model.text import printable
from ringfence.reports.answer_text import reason_text
from ringfence.reports.context import Context
from ringfence.reports.documents import Document, ProblemDocument, ProfileDocument, VerdictWord, head
from ringfence.reports.style import PLAIN, Style
from ringfence.verdict.answers import Verdict
from ringfence.verdict.portability import DecidingFact, Portability


class UnderDocument(Document, frozen=True):
    """One profile. ``later``: for which later releases it also stands, in words; empty: for no others."""

    profile: str
    later: str
    reason: str
    reason_code: str
    decide_with: str


class GroupDocument(Document, frozen=True):
    """Profiles with the same answer."""

    verdict: VerdictWord
    profiles: list[UnderDocument]


class DecidingFactDocument(Document, frozen=True):
    """A fact that makes the difference, and which profiles answer it with yes, with no, and not at all."""

    fact: str
    yes: list[str]
    no: list[str]
    open: list[str]


class PortabilityDocument(Document, frozen=True):
    """``ringfence can --cni all -o json``. ``verdict``: allowed or denied only if it is so under every profile, unknown
    if it is allowed wherever it is known, else mixed. ``profile`` is the one that answers go by without ``--cni``."""

    schema_version: Literal["1"]
    kind: Literal["Portability"]
    source: str
    destination: str
    port: str
    verdict: VerdictWord
    portable: bool
    groups: list[GroupDocument]
    facts: list[DecidingFactDocument]
    layers: list[str]
    profile: ProfileDocument
    partial: bool
    problems: list[ProblemDocument]
    notices: list[str]


def portability_document(found: Portability, context: Context) -> PortabilityDocument:
    """The document."""
    return PortabilityDocument(
        kind="Portability",
        source=found.source,
        destination=found.destination,
        port=found.port,
        verdict=found.verdict.value,
        portable=found.portable,
        groups=[
            GroupDocument(
                verdict=group.verdict.value,
                profiles=[
                    UnderDocument(
                        profile=one.profile,
                        later=one.later,
                        reason=one.answer.reason.message,
                        reason_code=one.answer.reason.code,
                        decide_with=one.answer.reason.decide,
                    )
                    for one in group.members
                ],
            )
            for group in found.groups
        ],
        facts=[
            DecidingFactDocument(fact=fact.fact, yes=list(fact.yes), no=list(fact.no), open=list(fact.open))
            for fact in found.facts
        ],
        **head(context, found.partial),
    )


def table_lines(found: Portability, style: Style = PLAIN) -> Iterator[str]:
    """What goes to stdout: the verdict word alone, a line a group, and the facts on which it hangs."""
    yield style.paint(str(found.verdict), str(found.verdict))
    for group in found.groups:
        verdict = style.paint(f"{group.verdict!s:<8}", str(group.verdict))
        yield f"{verdict} {', '.join(str(one) for one in group.members)}"
    if found.facts:
        yield "it hangs on:"
    for fact in found.facts:
        yield f"  {fact.fact}: {'; '.join(_sides(fact))}"


def _sides(fact: DecidingFact) -> Iterator[str]:
    for word, names in (("yes", fact.yes), ("no", fact.no), ("open", fact.open)):
        if names:
            yield f"{word} for {_joined(names)}"


def _joined(names: Iterable[str]) -> str:
    return ", ".join(names)


def detail_lines(found: Portability, style: Style = PLAIN) -> Iterator[str]:
    """What goes to stderr: the question as it was understood, and why a verdict is unknown."""
    port = f" on {printable(found.port)}" if found.port else ""
    yield f"{printable(found.source)} -> {printable(found.destination)}{port}"
    for group in found.groups:
        if group.verdict is not Verdict.UNKNOWN:
            continue
        for one in group.members:
            yield f"  {style.paint('unknown', 'unknown')} under {one}: {reason_text(one.answer.reason)}"
