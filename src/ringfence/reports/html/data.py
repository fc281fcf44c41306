"""What the page shows, as plain data.

``ends`` are the rows and columns. A *state* holds one matrix over them: its cells, who decides them, and large tables
of small numbers as deflated bytes. A page of a difference has two states, before and after, and an end that a state
lacks has unit -1 there. All else is numbers into tables, so that each text stands once.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from ringfence.model.text import printable
from ringfence.reports.context import Context
from ringfence.reports.structured import ascii_json
from ringfence.sets import addresses
from ringfence.sets.ports import Intervals
from ringfence.values import replace
from ringfence.verdict.answers import LAYERS, Decision, Reason, Verdict
from ringfence.verdict.matrix.values import Cell, Lines, Matrix, MatrixEnd, Numbers, Side

FORMAT = 1
VERDICTS = (Verdict.DENIED, Verdict.ALLOWED, Verdict.UNKNOWN, Verdict.MIXED)
"""Verdicts are numbers in the data, in this order."""
PODS_NAMED = 12
"""Of a part of a workload so many pods are named, and the rest is counted."""

EndKey = tuple[str, str, str, str]


class _Texts:
    """Numbers values of one kind; each is written once."""

    def __init__(self) -> None:
        self.items: list[Any] = []
        self._numbers: dict[Any, int] = {}

    def number(self, key: Any, value: Any = None) -> int:
        """The number of a key, which stands as ``value`` in the data (the key itself, where none is given)."""
        found = self._numbers.get(key)
        if found is None:
            found = self._numbers[key] = len(self.items)
            self.items.append(key if value is None else value)
        return found


def deflated(parts: Iterable[bytes]) -> str:
    """Bytes as the page inflates them: raw deflate in base64."""
    packing = zlib.compressobj(6, zlib.DEFLATED, -15)
    packed = b"".join([packing.compress(b"".join(parts)), packing.flush()])
    return base64.b64encode(packed).decode("ascii")


def planes(rows: Sequence[Numbers], size: int) -> dict[str, Any]:
    """Rows of equal length, plane after plane."""
    count = max((len(row.planes) for row in rows), default=1)
    empty = bytes(size)
    packed = deflated(row.planes[plane] if plane < len(row.planes) else empty for plane in range(count) for row in rows)
    return {"rows": len(rows), "size": size, "planes": count, "packed": packed}


class _State:
    """One matrix in the making."""

    def __init__(self, matrix: Matrix, label: str) -> None:
        self.matrix, self.label = matrix, label
        self.ports, self.reasons, self.decisions = _Texts(), _Texts(), _Texts()
        self.objects, self.files = _Texts(), _Texts()

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
        for name in ("ports", "reasons", "decisions", "objects", "files"):
            found[name] = getattr(self, name).items
        return found

    def _lines(self, lines: Lines) -> list[list[int]]:
        return [[self._ports(line.ports), VERDICTS.index(line.verdict), self._reason(line.reason)] for line in lines]

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


Numbered = tuple[MatrixEnd, list[int | None]]
"""An end of the page, and its number in each state; None where the state lacks it."""


def _key(end: MatrixEnd) -> EndKey:
    """What an end is in any state. Its name may be longer in one of them, where another is called the same."""
    name = end.name.rpartition("/")[2] if end.sort == "pod" else end.name
    return (end.sort, end.namespace, name, end.kind)


def _united(states: Sequence[Matrix]) -> list[Numbered]:
    """The ends of all states: by namespace and name, then nodes, then addresses."""
    every: dict[EndKey, MatrixEnd] = {}
    places: list[dict[EndKey, int]] = []
    for matrix in states:
        inside = {_key(end): number for number, end in enumerate(matrix.ends) if end.sort != "outside"}
        places.append(inside)
        every.update((key, matrix.ends[number]) for key, number in inside.items())
    ordered = sorted(every, key=lambda key: (key[0] != "pod", key[1], every[key].name, key[3]))
    found: list[Numbered] = [(every[key], [own.get(key) for own in places]) for key in ordered]
    return found + _addresses(states)


def _addresses(states: Sequence[Matrix]) -> list[Numbered]:
    """The addresses of all states, cut so finely that each end is within one of each, or in none of it."""
    pieces: list[tuple[Intervals, list[int | None]]] = []
    for place, matrix in enumerate(states):
        own = [(number, end.space) for number, end in enumerate(matrix.ends) if end.sort == "outside"]
        cut: list[tuple[Intervals, list[int | None]]] = []
        left = dict(own)
        for space, numbers in pieces:
            for number, other in own:
                shared = addresses.intersect(space, other)
                if shared:
                    cut.append((shared, [*numbers, number]))
                    space = addresses.subtract(space, shared)
                    left[number] = addresses.subtract(left[number], shared)
            if space:
                cut.append((space, [*numbers, None]))
        for number, space in left.items():
            if space:
                cut.append((space, [*([None] * place), number]))
        pieces = cut
    if len(states) > 1:
        pieces.sort(key=lambda piece: piece[0])
    kept: list[Numbered] = []
    for space, numbers in pieces:
        first = next((one, number) for one, number in zip(states, numbers, strict=True) if number is not None)
        end = first[0].ends[first[1]]
        kept.append((replace(end, name=addresses.describe(space), space=space), numbers))
    return kept


def page_data(states: Sequence[tuple[str, Matrix]], context: Context, opened: Mapping[str, str]) -> dict[str, Any]:
    """The data of a page of one state, or of two: before and after. ``states``: a label and a matrix each. ``opened``:
    the filters that the page begins with, as in its address."""
    united = _united([matrix for _, matrix in states])
    namespaces, kinds = _Texts(), _Texts()
    ends = []
    for end, _ in united:
        group = {"node": -1, "outside": -2}.get(end.sort)
        if group is None:
            group = namespaces.number(printable(end.namespace))
        ends.append([printable(end.name), group, kinds.number(printable(end.kind)), end.pods])
    return {
        "format": FORMAT,
        "layers": list(LAYERS),
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
            _State(matrix, label).made([numbers[index] for _, numbers in united])
            for index, (label, matrix) in enumerate(states)
        ],
    }


PROBLEMS_SHOWN = 50


def script_json(data: object) -> str:
    """JSON that may stand in a script element: pure ASCII, and nothing that HTML could take for markup."""
    encoded = ascii_json(msgspec.json.encode(data)).decode("ascii")
    return encoded.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
