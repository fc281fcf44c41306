"""The one table: what was measured, against which target."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """One figure. ``target`` and ``met`` are empty and None where the project promises nothing."""

    what: str
    figure: str
    target: str = ""
    met: bool | None = None


def at_most(what: str, value: float, limit: float, unit: str) -> Line:
    """A figure that should not be above ``limit``; both in ``unit`` (s, ms, us, MB)."""
    return Line(what, quantity(value, unit), f"≤ {quantity(limit, unit)}", value <= limit)


def at_least(what: str, value: float, limit: float, unit: str) -> Line:
    """A figure that should not be below ``limit``."""
    return Line(what, quantity(value, unit), f"≥ {quantity(limit, unit)}", value >= limit)


def plain(what: str, value: float, unit: str) -> Line:
    """A figure without a target."""
    return Line(what, quantity(value, unit))


def quantity(value: float, unit: str) -> str:
    """Three significant digits and the unit; a ratio is written ``123×``."""
    digits = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{digits}×" if unit == "×" else f"{digits} {unit}"


def render(lines: Iterable[Line]) -> str:
    """Columns as wide as their widest cell."""
    cells = [("what", "figure", "target", "")]
    words = {True: "met", False: "NOT MET", None: ""}
    cells += [(line.what, line.figure, line.target, words[line.met]) for line in lines]
    widths = [max(len(row[column]) for row in cells) for column in range(4)]
    rule = tuple("-" * width for width in widths)
    texts = [_row(row, widths) for row in (cells[0], rule, *cells[1:])]
    return "\n".join(texts)


def _row(cells: tuple[str, str, str, str], widths: list[int]) -> str:
    what, figure, target, met = cells
    return f"{what:<{widths[0]}}  {figure:>{widths[1]}}  {target:>{widths[2]}}  {met:<{widths[3]}}".rstrip()
