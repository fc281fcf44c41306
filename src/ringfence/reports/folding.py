"""Lists of ends in few words: all ends of a namespace together are ``namespace/*``, ranges of addresses are joined."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache

from ringfence.reports.ranges import EXCEPT, joined

FOLDED_FROM = 3
"""Fewer ends than this are always named."""
NODES = "node"
SEPARATOR = ", "


class Folding:
    """Knows all ends of a list, so that it can tell when a cell names a whole namespace, or all nodes."""

    def __init__(self, ends: Iterable[str]) -> None:
        self._sizes = Counter(group for end in dict.fromkeys(ends) if (group := _group(end)) is not None)

    def fold(self, ends: tuple[str, ...]) -> tuple[str, ...]:
        """The same ends, in order of first appearance, whole namespaces as one text; ranges of addresses last."""
        return self._folded(ends, parts=False)

    def narrow(self, ends: tuple[str, ...], width: int) -> str:
        """The ends in ``width`` characters, or in as many as the shortest text of one end takes. First whole namespaces
        are folded, then parts of them to ``namespace/* (2 of 5)``, then the large groups come first and the ends that
        have no room are counted: ``+3 more``."""
        for parts in (False, True):
            shown = self._folded(ends, parts)
            if len(SEPARATOR.join(shown)) <= width:
                return SEPARATOR.join(shown)
        groups = Counter(_group(end) for end in dict.fromkeys(ends))
        counts = {text: _members(text, groups) for text in shown}
        ordered = sorted(shown, key=lambda text: -counts[text])
        kept = [_counted_ranges(ordered[0], width)]
        rest = sum(counts.values()) - counts[ordered[0]]
        for text in ordered[1:]:
            left = rest - counts[text]
            if len(SEPARATOR.join([*kept, text])) + (len(f", +{left} more") if left else 0) <= width:
                kept.append(text)
                rest = left
        return SEPARATOR.join(kept) + (f", +{rest} more" if rest else "")

    def _folded(self, ends: tuple[str, ...], parts: bool) -> tuple[str, ...]:
        if len(ends) < FOLDED_FROM and not parts:
            return joined(ends)
        present = Counter(group for end in dict.fromkeys(ends) if (group := _group(end)) is not None)
        shown: dict[str, None] = {}
        for end in ends:
            group = _group(end)
            if group is None or present[group] < FOLDED_FROM:
                shown[end] = None
            elif present[group] == self._sizes[group]:
                shown[f"{group}/* ({present[group]})"] = None
            elif parts:
                shown[f"{group}/* ({present[group]} of {self._sizes[group]})"] = None
            else:
                shown[end] = None
        return joined(shown)


def _members(shown: str, groups: Mapping[str | None, int]) -> int:
    """How many ends one text of a folded list stands for; a range of addresses counts as one."""
    group, star, _ = shown.partition("/* (")
    return groups.get(group, 0) if star else 1


def _counted_ranges(text: str, width: int) -> str:
    """``0.0.0.0/0 except 4 ranges`` where the four have no room."""
    whole, word, missing = text.partition(EXCEPT)
    count = missing.count(SEPARATOR) + 1
    ranges = "1 range" if count == 1 else f"{count} ranges"
    return f"{whole}{word}{ranges}" if word and len(text) > width else text


@lru_cache(maxsize=1 << 16)
def _group(end: str) -> str | None:
    return NODES if end.startswith("node/") else namespace_of(end)


def namespace_of(end: str) -> str | None:
    """The namespace of ``namespace/name``; None for addresses, ranges, nodes and namespaces themselves."""
    namespace, slash, _ = end.partition("/")
    address = ":" in namespace or (namespace[:1].isdigit() and "." in namespace)
    return namespace if slash and namespace and namespace != NODES and not address else None
