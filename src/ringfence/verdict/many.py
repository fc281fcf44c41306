"""Many single questions, each answered in microseconds: what ``can --flows`` asks.

Most answers of a large file are alike: a pod is isolated and no rule of it matches. Who isolates it is worked out once
for a subject, whoever the peer is; everything else goes the way of a single question.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ringfence.layers.network.row import Row
from ringfence.model.policy import Direction
from ringfence.verdict import reasons
from ringfence.verdict.answers import Verdict
from ringfence.verdict.asking import NOT_BLIND, Asker
from ringfence.verdict.ends import Target
from ringfence.verdict.flow import Asked
from ringfence.verdict.judging import Judgement

if TYPE_CHECKING:
    from ringfence.verdict.meshed.asking import MeshedAsker
    from ringfence.verdict.meshed.request import Request

Answered = tuple[str, str, list[dict[str, Any]]]
Cause = tuple[str, list[dict[str, Any]]]
"""Why one direction denies or allows, with ``{}`` for the subject's name, and the deciding objects."""


class FlowAnswers:
    """Answers (verdict, reason, deciding objects)."""

    def __init__(
        self,
        asker: Asker,
        target: Callable[[str], Target],
        question: Callable[[int | str | None, str | None], Asked],
        meshed: Callable[[], MeshedAsker],
        has_mesh: bool,
    ) -> None:
        self._meshed = meshed
        self._has_mesh = has_mesh
        self._asker = asker
        self._relation = asker.relation
        self._target = target
        self._question = question
        self._isolated: dict[int, Cause] = {}
        # Keyed by the identity of rows, which therefore must stay alive.
        self._kept: list[Row] = []
        self._simple = self._relation.blind_namespaces == NOT_BLIND

    def answer(self, src: str, dst: str, port: int | str | None = None, protocol: str | None = "TCP") -> Answered:
        """The answer to one question. Raises EndError."""
        source, destination = self._target(src), self._target(dst)
        question = self._question(port, protocol)
        if source.column >= 0 and destination.column >= 0 and question.key and self._simple:
            found = self._two_pods(source, destination, question.key)
            if found is not None:
                return found
        answer = self._asker.can(source, destination, question)
        return answer.verdict.value, str(answer.reason), [one.as_json() for one in answer.decided_by]

    def layered(
        self, src: str, dst: str, port: int | str | None, protocol: str | None, request: Request | None
    ) -> dict[str, Any] | None:
        """The keys of an answer of all layers; None where only the network has a say. Raises EndError."""
        if request is None and not self._has_mesh:
            return None
        question = self._question(port, protocol)
        answer = self._meshed().can(self._target(src), self._target(dst), question, request)
        found: dict[str, Any] = {
            "verdict": answer.verdict.value,
            "reason": str(answer.reason),
            "decided_by": [one.as_json() for one in answer.decided_by],
        }
        return found | answer.layered.as_json() if answer.layered is not None else found

    def _two_pods(self, source: Target, destination: Target, key: int) -> Answered | None:
        """Two pods and one port, where no fact is open; None for what needs the long way."""
        relation = self._relation
        left, right = source.column, destination.column
        bits = relation.universe.family_bits
        if source.members[0].pods == destination.members[0].pods or not bits[left] & bits[right]:
            return None
        outgoing, incoming = relation.row(left, Direction.EGRESS), relation.row(right, Direction.INGRESS)
        egress = relation.programs.plain(outgoing.program(right))
        ingress = relation.programs.plain(incoming.program(left))
        if egress is None or ingress is None:
            return None
        contains = relation.ports.contains
        out_denied, in_denied = contains(egress[1], key), contains(ingress[1], key)
        if (out_denied and contains(egress[0], key)) or (in_denied and contains(ingress[0], key)):
            return None
        denied = out_denied or in_denied
        texts: list[str] = []
        decided: list[dict[str, Any]] = []
        for direction, row, end, peer, closed in (
            (Direction.EGRESS, outgoing, source, destination, out_denied),
            (Direction.INGRESS, incoming, destination, source, in_denied),
        ):
            if closed == denied:
                text, objects = self._cause(direction, row, end.column, peer.column, key, denied)
                if text:
                    texts.append(text.replace("{}", end.text))
                decided += objects
        verdict = Verdict.DENIED if denied else Verdict.ALLOWED
        if not texts and relation.some_without_effect:
            return None
        return verdict.value, "; ".join(texts) or reasons.NOT_SELECTED, decided

    def _cause(self, direction: Direction, row: Row, subject: int, peer: int, key: int, denied: bool) -> Cause:
        tiers = row.key
        if not (tiers.admin or tiers.network_policy or tiers.baseline):
            return "", []
        simple = denied and not tiers.admin and not tiers.baseline
        if simple:
            known = self._isolated.get(id(row))
            if known is not None:
                return known
        judgement: Judgement = self._asker.judge.direction(subject, peer, direction, reasons.ANY_MEETING, key)
        found = (
            reasons.of_direction(judgement, not denied, "{}"),
            [one.as_json() for one in judgement.decisions(not denied)],
        )
        if simple:
            self._isolated[id(row)] = found
            self._kept.append(row)
        return found
