"""Exit codes, and which one counts when several hold."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ringfence.verdict.answers import Verdict

OK = 0
"""Allowed, clean, same."""
FOUND = 1
"""Denied, mixed, findings, different."""
USAGE = 2
"""Wrong usage, or input without any Kubernetes object."""
PARTIAL = 3
"""Nothing wrong found, but some of the input was not read."""
CLUSTER_ACCESS = 4
UNDECIDED = 5
INTERNAL = 70
INTERRUPTED = 130
BROKEN_PIPE = 141
"""What a shell reports for a program that SIGPIPE ended."""

PRECEDENCE = (INTERNAL, USAGE, CLUSTER_ACCESS, FOUND, UNDECIDED, PARTIAL, OK)

# By the words of the verdicts: the engine's types are not worth importing for "ringfence --help".
_OF_VERDICT = {"allowed": OK, "denied": FOUND, "mixed": FOUND, "unknown": UNDECIDED}


def strongest(codes: Iterable[int]) -> int:
    """The code that counts; OK for none."""
    return min(codes, key=PRECEDENCE.index, default=OK)


def of_answer(verdict: Verdict, partial: bool) -> int:
    """The code of ``can`` and ``explain``."""
    return strongest((_OF_VERDICT[verdict], PARTIAL if partial else OK))
