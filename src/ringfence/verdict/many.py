"""Many single questions, each answered in microseconds: what ``can --flows`` asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ringfence.verdict.answers import Verdict
from ringfence.verdict.asking import Asker
from ringfence.verdict.ends import Target
from ringfence.verdict.flows import Asked, spans

Answered = tuple[str, str, list[dict[str, Any]]]


class FlowAnswers:
    """Answers (verdict, reason, deciding objects), remembering those of equal kinds of flows."""

    def __init__(
        self, asker: Asker, target: Callable[[str], Target],
        question: Callable[[int | str | None, str | None], Asked],
    ) -> None:
        self._asker = asker
        self._target = target
        self._question = question
        self._known: dict[tuple[object, ...], Answered] = {}

    def answer(self, src: str, dst: str, port: int | str | None = None, protocol: str | None = "TCP") -> Answered:
        """The answer to one question. Raises EndError."""
        source, destination = self._target(src), self._target(dst)
        question = self._question(port, protocol)
        key = self._key(source, destination, question)
        if key is not None:
            known = self._known.get(key)
            if known is not None:
                return known
        answer = self._asker.can(source, destination, question)
        found = (answer.verdict.value, str(answer.reason), [one.as_json() for one in answer.decided_by])
        if key is not None and answer.verdict is not Verdict.UNKNOWN:
            self._known[key] = found
        return found

    def _key(self, source: Target, destination: Target, question: Asked) -> tuple[object, ...] | None:
        """What the answer depends on, for two ends that are each one pod and a numbered port."""
        if len(source.members) != 1 or len(destination.members) != 1 or not isinstance(question.port, int):
            return None
        left, right = source.members[0], destination.members[0]
        if not isinstance(left.end, int) or not isinstance(right.end, int) or left.pods == right.pods:
            return None
        relation = self._asker.relation
        programs = relation.programs_of(left.end, right.end)
        if relation.cells.plain(*programs) is None:
            return None
        return (left.end, right.end, spans(question))
