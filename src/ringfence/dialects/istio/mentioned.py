"""Which of the labels that tell replicas apart the objects of a mesh speak of.

A StatefulSet gives each of its pods a label with its own name. Where nothing that the mesh reads has such a key
anywhere, in a selector or elsewhere, replicas are alike to it, however many they are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass

from ringfence.model.cluster import PER_POD_LABELS
from ringfence.values import field_values


def unmentioned(values: Iterable[object]) -> frozenset[str]:
    """Keys of labels of single pods that stand nowhere in these values, however deep."""
    left = set(PER_POD_LABELS)
    for text in _texts(values):
        left.discard(text)
    return frozenset(left)


def _texts(value: object) -> Iterator[str]:
    stack, seen = [value], set[int]()
    while stack:
        one = stack.pop()
        if isinstance(one, str):
            yield one
        elif one is not None and not isinstance(one, (bool, int, float, bytes)) and id(one) not in seen:
            seen.add(id(one))
            stack.extend(_parts(one))


def _parts(one: object) -> Collection[object]:
    if isinstance(one, Mapping):
        return (*one.keys(), *one.values())
    if is_dataclass(one):
        return [getattr(one, each.name) for each in fields(one)]
    found = field_values(one)
    if found is None and isinstance(one, Iterable):
        return tuple(one)
    return found or ()
