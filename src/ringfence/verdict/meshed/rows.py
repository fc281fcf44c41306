"""What a row of a difference tells of all layers: requests of its witness, who decides in each state, how it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringfence.values import Value, replace
from ringfence.verdict.answers import Answer, Decision, Reason
from ringfence.verdict.changes import AskedRequest, Edge, Layers, Witness
from ringfence.verdict.meshed.asking import MeshedAsker
from ringfence.verdict.meshed.causes import LayeredAttribution, Names
from ringfence.verdict.meshed.differing import Aspect
from ringfence.verdict.meshed.request import Request

if TYPE_CHECKING:
    from ringfence.verdict.diffing import Label

Decided = tuple[tuple[Decision, ...], tuple[Decision, ...]]
Reasons = tuple[Reason | None, Reason | None]


class Told(Value):
    """Before and after."""

    witness: Witness
    decided: Decided
    reasons: Reasons
    layers: Layers | None


def told(layered: LayeredAttribution, label: Label, names: tuple[Names, Names], port: int, witness: Witness) -> Told:
    """What a row tells, by asking both states about its witness."""
    differing = label.differing
    aspect = Aspect.REACH if differing is None else differing.aspect
    asked: list[Request | None] = [None]
    if differing is not None:
        telling = layered.telling(names, port, differing)
        asked = list(telling.requests)
        witness = replace(
            witness,
            gained=_asked(layered, names, port, telling.gained, aspect),
            lost=_asked(layered, names, port, telling.lost, aspect),
        )
    answers = [
        None if verdict is None else layered.answer(asker, own, port, asked[0])
        for asker, own, verdict in zip(layered.askers, names, (label.before, label.after), strict=True)
    ]
    layers = None
    if differing is not None:
        edges = [
            None if verdict is None else _edge(layered, asker, own, port, asked[0], number, answer)
            for asker, own, verdict, number, answer in zip(
                layered.askers,
                names,
                (label.before, label.after),
                (differing.before, differing.after),
                answers,
                strict=True,
            )
        ]
        layers = Layers(aspect.value, edges[0], edges[1])
    decided = [() if answer is None else answer.decided_by for answer in answers]
    reasons = [None if answer is None else answer.reason for answer in answers]
    return Told(witness, (decided[0], decided[1]), (reasons[0], reasons[1]), layers)


def _asked(
    layered: LayeredAttribution, names: tuple[Names, Names], port: int, one: Request | None, aspect: Aspect
) -> AskedRequest | None:
    if one is None:
        return None
    found = [layered.verdict(asker, own, port, one, aspect) for asker, own in zip(layered.askers, names, strict=True)]
    return AskedRequest(one, found[0], found[1])


def _edge(
    layered: LayeredAttribution,
    asker: MeshedAsker,
    names: Names,
    port: int,
    one: Request | None,
    number: int,
    answer: Answer | None,
) -> Edge:
    holds = answer is None or answer.layered is None or answer.layered.holds
    found = layered.outcome(asker, names, port, one, Aspect.PROTECTION)
    every: frozenset[tuple[str, str | None]] = found if isinstance(found, frozenset) else frozenset()
    encryptions = {encryption for encryption, _ in every}
    identities = {identity for _, identity in every}
    encryption = "none" if not every else encryptions.pop() if len(encryptions) == 1 else "unknown"
    return Edge(layered.contents.text(number), encryption, identities.pop() if len(identities) == 1 else None, holds)
