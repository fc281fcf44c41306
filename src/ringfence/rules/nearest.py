"""Labels that may have been meant where a selector finds nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from ringfence.sets.labels import Selector


def nearest_label(selector: Selector, objects: Iterable[Mapping[str, str]]) -> str:
    """The label of some object that is nearest to one of the selector that no object has: ``app: database``, or a
    key; empty: there is none near. Misspelt values come first, then keys."""
    labels: dict[str, set[str]] = {}
    for one in objects:
        for key, value in one.items():
            labels.setdefault(key, set()).add(value)
    for requirement in selector.requirements:
        key, values = requirement.key, requirement.values
        if requirement.operator != "In" or not labels.get(key, set()).isdisjoint(values):
            continue
        close = get_close_matches(values[0], sorted(labels.get(key, ())), n=1)
        if close:
            return f"{key}: {close[0]}"
        with_value = sorted(other for other, found in labels.items() if not found.isdisjoint(values))
        near = get_close_matches(key, with_value, n=1)
        if near:
            return f"{near[0]}: {values[0]}"
    for requirement in selector.requirements:
        if requirement.operator == "Exists" and requirement.key not in labels:
            near = get_close_matches(requirement.key, sorted(labels), n=1)
            if near:
                return near[0]
    return ""
