"""Lists of ends in few words: all ends of a namespace together are ``namespace/*``, all ends at all ``*``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

FOLDED_FROM = 3
"""Fewer ends than this are always named."""


class Folding:
    """Knows all ends of a list, so that it can tell when a cell names a whole namespace. Ends without a namespace
    (nodes, address ranges) are never folded."""

    def __init__(self, ends: Iterable[str]) -> None:
        self._namespaces: dict[str, set[str]] = defaultdict(set)
        for end in ends:
            namespace = namespace_of(end)
            if namespace is not None:
                self._namespaces[namespace].add(end)

    def fold(self, ends: tuple[str, ...]) -> tuple[str, ...]:
        """The same ends, in order of first appearance, whole namespaces as one text."""
        if len(ends) < FOLDED_FROM:
            return ends
        present: dict[str, set[str]] = defaultdict(set)
        for end in ends:
            namespace = namespace_of(end)
            if namespace is not None:
                present[namespace].add(end)
        whole = {
            namespace
            for namespace, found in present.items()
            if len(found) >= FOLDED_FROM and found == self._namespaces.get(namespace)
        }
        shown: dict[str, None] = {}
        for end in ends:
            namespace = namespace_of(end)
            if namespace is not None and namespace in whole:
                shown[f"{namespace}/* ({len(present[namespace])})"] = None
            else:
                shown[end] = None
        return tuple(shown)


def namespace_of(end: str) -> str | None:
    """The namespace of ``namespace/name``; None for addresses, ranges, nodes and namespaces themselves."""
    namespace, slash, _ = end.partition("/")
    address = ":" in namespace or (namespace[:1].isdigit() and "." in namespace)
    return namespace if slash and namespace and namespace != "node" and not address else None
