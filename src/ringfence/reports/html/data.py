"""What the page shows, as plain data.

``ends`` are the rows and columns. A *state* holds one matrix over them: its cells, who decides them, and large tables
of small numbers as deflated bytes. A page of a difference has two states, before and after, and an end that a state
lacks has unit -1 there. All else is numbers into tables, so that each text stands once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from ringfence.model.text import printable
from ringfence.reports.context import Context
from ringfence.reports.html.changes import Difference, difference_data
from ringfence.reports.html.joining import joined
from ringfence.reports.html.tables import VERDICTS, Texts, planes
from ringfence.reports.structured import ascii_json
from ringfence.sets.ports import Intervals
from ringfence.verdict.answers import LAYERS, Decision, Reason
from ringfence.verdict.matrix.values import Cell, Lines, Matrix, Side

if TYPE_CHECKING:
    from ringfence.reports.html.layers import ToldTable

FORMAT = 1
PODS_NAMED = 12
"""Of a part of a workload so many pods are named, and the rest is counted."""


class _State:
    """One matrix in the making."""

    def __init__(self, matrix: Matrix, label: str) -> None:
        self.matrix, self.label = matrix, label
        self.ports, self.reasons, self.decisions = Texts(), Texts(), Texts()
        self.objects, self.files = Texts(), Texts()
        self.tolds = None if not matrix.identities else _tolds(matrix, self._reason, self._decision)

    def made(self, numbers: Sequence[int | None]) -> dict[str, Any]:
        """``numbers``: for each end of the page its number in this matrix, None where it lacks it."""
        matrix = self.matrix
        own = [None if number is None else matrix.ends[number] for number in numbers]
        parts = {
            str(place): [
                [part.unit, part.count, [printable(name) for name in part.pods[:PODS_NAMED]]] for part in end.parts
            ]
            for place, end in enumerate(own)
            if end is not None and end.parts
        }
        found: dict[str, Any] = {
            "label": printable(self.label),
            "partial": matrix.partial,
            "base": matrix.base,
            "units": matrix.units,
            "unitOf": [-1 if end is None else end.unit for end in own],
            "itself": [0 if end is None else end.itself for end in own],
            "parts": parts,
            "cells": [self._cell(cell) for cell in matrix.cells],
            "rowOf": matrix.row_of,
            "rows": planes(matrix.rows, matrix.units),
            "sides": [self._side(side) for side in matrix.sides],
            "sideRows": [row.sides for row in matrix.side_rows],
            "sideNumbers": planes([row.numbers for row in matrix.side_rows], matrix.base),
            "egress": matrix.egress,
            "ingress": matrix.ingress,
        }
        # Made last, as it numbers reasons and objects too.
        found["layers"] = None if self.tolds is None else self.tolds.made()
        for name in ("ports", "reasons", "decisions", "objects", "files"):
            found[name] = getattr(self, name).items
        return found

    def _lines(self, lines: Lines) -> list[list[int]]:
        return [
            [
                self._ports(line.ports),
                VERDICTS.index(line.verdict),
                self._reason(line.reason),
                *([] if line.told is None or self.tolds is None else [self.tolds.number(line.told)]),
            ]
            for line in lines
        ]

    def _cell(self, cell: Cell) -> list[Any]:
        apart = [[printable(words), self._lines(lines)] for words, lines in cell.apart]
        return [self._lines(cell.lines), apart, cell.closed]

    def _ports(self, ports: Intervals) -> int:
        return self.ports.number(ports, [key for interval in ports for key in interval])

    def _reason(self, reason: Reason | None) -> int:
        if reason is None:
            return -1
        return self.reasons.number(reason, [printable(reason.message), printable(reason.decide)])

    def _side(self, side: Side) -> list[Any]:
        own_node = {False: 0, True: 1, None: 2}[side.own_node]
        segments = [
            [
                self._ports(segment.ports),
                VERDICTS.index(segment.outcome),
                int(segment.passed),
                [self._decision(decision) for decision in segment.decisions],
                self._reason(Reason("unseen", segment.unseen) if segment.unseen else None),
            ]
            for segment in side.segments
        ]
        return [own_node, segments]

    def _decision(self, decision: Decision) -> int:
        known = self.decisions.number
        what = (decision.kind, decision.namespace, decision.name)
        thing = self.objects.number(what, [printable(text or "") for text in what])
        file = self.files.number(decision.place.file, printable(decision.place.file))
        rule = -1 if decision.rule is None else decision.rule
        return known((thing, rule, file, decision.place.line), [thing, rule, file, decision.place.line])


def _tolds(matrix: Matrix, reason: Callable[[Reason | None], int], decision: Callable[[Decision], int]) -> ToldTable:
    from ringfence.reports.html.layers import ToldTable

    return ToldTable(matrix, reason, decision)


def page_data(
    states: Sequence[tuple[str, Matrix]],
    context: Context,
    opened: Mapping[str, str],
    difference: Difference | None = None,
) -> dict[str, Any]:
    """The data of a page of one state, or of two: before and after. ``states``: a label and a matrix each. ``opened``:
    the filters that the page begins with, as in its address. ``difference``: of two states what ``diff`` says."""
    found = joined([matrix for _, matrix in states], None if difference is None else difference.pairs)
    namespaces, kinds = Texts(), Texts()
    ends = []
    for one in found:
        end = one.end
        group = {"node": -1, "outside": -2}.get(end.sort)
        if group is None:
            group = namespaces.number(printable(end.namespace))
        former = [printable(one.former)] if one.former else []
        ends.append([printable(end.name), group, kinds.number(printable(end.kind)), end.pods, *former])
    return {
        "format": FORMAT,
        "layers": list(states[-1][1].layers if states else LAYERS),
        "profile": [printable(context.profile), printable(context.chosen_by)],
        "partial": context.partial or any(matrix.partial for _, matrix in states),
        "problems": [
            [printable(str(problem.place)), problem.severity.value, printable(problem.message), printable(problem.hint)]
            for problem in context.problems[:PROBLEMS_SHOWN]
        ],
        "problemCount": len(context.problems),
        "notices": [printable(notice) for notice in context.notices],
        "opened": {key: printable(value) for key, value in opened.items()},
        "namespaces": namespaces.items,
        "kinds": kinds.items,
        "ends": ends,
        "states": [
            _State(matrix, label).made([one.numbers[index] for one in found])
            for index, (label, matrix) in enumerate(states)
        ],
        "difference": None if difference is None else difference_data(difference, found),
    }


PROBLEMS_SHOWN = 50


def script_json(data: object) -> str:
    """JSON that may stand in a script element: pure ASCII, and nothing that HTML could take for markup."""
    encoded = ascii_json(msgspec.json.encode(data)).decode("ascii")
    return encoded.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
