"""What ``diff`` found, for the page: its rows over the ends of the page, with the objects that caused each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ringfence.model.text import printable
from ringfence.reports.differences.layers import layers_text
from ringfence.reports.differences.sentences import NOT_BY_OBJECTS, verdict_line, witness_text
from ringfence.reports.html.joining import JoinedEnd
from ringfence.reports.html.tables import VERDICTS, Texts, planes
from ringfence.reports.places import object_text, place_text
from ringfence.values import Value
from ringfence.verdict.answers import Verdict
from ringfence.verdict.changes import OF_PROTECTION, Cause, Change, Diff, DiffRow
from ringfence.verdict.matrix.pairing import PairedEnds
from ringfence.verdict.matrix.values import Numbers

MOST_ROWS = 4000
"""Rows on a page; the rest is counted, and -o json has all. The worst kinds come first."""
MOST_CAUSES = 20
"""Causes of one row."""


class Difference(Value):
    """The rows, and who is who."""

    diff: Diff
    pairs: PairedEnds


def difference_data(difference: Difference, ends: Sequence[JoinedEnd]) -> dict[str, Any]:
    """As plain data. A row is ``[sources, destinations, ports, change, before, after, causes, more causes, explained,
    family, witness, some pods only]``, sources and destinations as numbers of sets of ends; with a mesh a text follows
    with what the verdicts do not say."""
    return _Changes(difference, ends).made()


class _Changes:
    def __init__(self, difference: Difference, ends: Sequence[JoinedEnd]) -> None:
        self.diff = difference.diff
        self.size = len(ends)
        self.sets, self.ports, self.causes = Texts(), Texts(), Texts()
        self.by_name: dict[str, set[int]] = {}
        places: dict[int, int] = {}
        for number, one in enumerate(ends):
            self.by_name.setdefault(one.end.name, set()).add(number)
            if one.paired is not None:
                places[one.paired] = number
        self.of_pod = {name: places[paired] for name, paired in difference.pairs.of_pod.items()}

    def made(self) -> dict[str, Any]:
        kept = self.diff.rows[:MOST_ROWS]
        rows = [self._row(row) for row in kept]
        return {
            "verdict": printable(verdict_line(self.diff)),
            "changes": [change.value for change in Change if self.diff.of_protection or change not in OF_PROTECTION],
            "rows": rows,
            "leftOut": self.diff.left_out + len(self.diff.rows) - len(kept),
            "sets": planes([Numbers((bits,)) for bits in self.sets.items], (self.size + 7) // 8),
            "ports": self.ports.items,
            "causes": self.causes.items,
            "otherCauses": NOT_BY_OBJECTS,
        }

    def _row(self, row: DiffRow) -> list[Any]:
        sources, some_sources = self._set(row.sources)
        destinations, some_destinations = self._set(row.destinations)
        return [
            sources,
            destinations,
            self.ports.number(row.ports, [key for interval in row.ports for key in interval]),
            list(Change).index(row.change),
            _verdict(row.before),
            _verdict(row.after),
            [self._cause(cause) for cause in row.causes[:MOST_CAUSES]],
            max(len(row.causes) - MOST_CAUSES, 0),
            int(row.explained),
            row.family or 0,
            witness_text(row),
            int(some_sources or some_destinations),
            *((layers_text(row, wide=True),) if row.layers is not None else ()),
        ]

    def _set(self, names: tuple[str, ...]) -> tuple[int, bool]:
        """The number of the set of these ends, and whether of any only some pods are meant."""
        bits = bytearray((self.size + 7) // 8)
        some = False
        for name in names:
            numbers = self.by_name.get(name)
            if numbers is None:
                some = True
                numbers = {self.of_pod[name]}
            for number in numbers:
                bits[number >> 3] |= 1 << (number & 7)
        return self.sets.number(bytes(bits)), some

    def _cause(self, cause: Cause) -> int:
        altered = cause.altered
        rule = "" if cause.rule is None else f" rule {cause.rule}"
        detail = f": {printable(altered.detail)}" if altered.detail else ""
        text = object_text(altered.kind, altered.namespace, altered.name) + rule
        value = [text, f"{altered.how}{detail}", place_text(cause.place)]
        return self.causes.number(tuple(value), value)


def _verdict(verdict: Verdict | None) -> int:
    return -1 if verdict is None else VERDICTS.index(verdict)
