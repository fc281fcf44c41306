"""Every joint completion of what is not known, by brute force.

A question is a function of ``Facts``. Each time it asks for a fact that it has not asked before, the run forks over
the values that the fact may have. Only facts that the question asks for are ever enumerated.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeVar

Value = TypeVar("Value")


class TooManyCompletions(Exception):
    """The question depends on more joint completions than the given limit."""


class Facts:
    """One joint completion, made up as it is asked for. ``known`` maps each fact asked so far to its value."""

    def __init__(self, script: Sequence[int] = ()) -> None:
        self._script = script
        self.choices: list[tuple[int, int]] = []
        self.known: dict[Hashable, Any] = {}

    def choose(self, fact: Hashable, values: Sequence[Value]) -> Value:
        """The value of ``fact`` in this completion; the same whenever it is asked again."""
        if fact not in self.known:
            turn = len(self.choices)
            pick = self._script[turn] if turn < len(self._script) else 0
            self.choices.append((pick, len(values)))
            self.known[fact] = values[pick]
        found: Value = self.known[fact]
        return found

    def following(self) -> list[int] | None:
        """The script of the next completion in order; None after the last."""
        left = list(self.choices)
        while left and left[-1][0] + 1 == left[-1][1]:
            left.pop()
        return [pick for pick, _ in left[:-1]] + [left[-1][0] + 1] if left else None


def outcomes(question: Callable[[Facts], bool], limit: int = 20_000) -> dict[bool, dict[Hashable, Any]]:
    """The answers that joint completions give, each with the first completion that gives it.

    Stops as soon as both answers are seen. Raises TooManyCompletions beyond ``limit`` completions.
    """
    seen: dict[bool, dict[Hashable, Any]] = {}
    script: list[int] | None = []
    for _ in range(limit):
        facts = Facts(script or ())
        seen.setdefault(question(facts), facts.known)
        script = facts.following()
        if script is None or len(seen) == 2:
            return seen
    raise TooManyCompletions
