"""Objects that differ from a given one in a single place."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

ODD: tuple[Any, ...] = (
    None, True, False, "", "x", "-x-", "Always", "TCP", "10.0.0.300", "::1", 0, 7, 70000, 80.0, 1 << 40, [], {}, [None],
    ["x"], [{}], {"x": None}, {"x": "y"}, {"x": 1}, {"-x-": "y"}, {"x": []},
)  # fmt: skip


def variants(value: Any) -> Iterator[Any]:
    """The value, then with each part of it at every depth replaced by each odd value, left out or with a neighbour."""
    yield copy.deepcopy(value)
    for path in _paths(value):
        for odd in ODD:
            changed = copy.deepcopy(value)
            _parent(changed, path)[path[-1]] = odd
            yield changed
        without = copy.deepcopy(value)
        del _parent(without, path)[path[-1]]
        yield without
        with_more = copy.deepcopy(value)
        parent = _parent(with_more, path)
        if isinstance(parent, dict):
            parent["unknown"] = "x"
        else:
            parent.append(copy.deepcopy(parent[0]))
        yield with_more


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in members:
        yield (*path, step)
        yield from _paths(inner, (*path, step))


def _parent(value: Any, path: tuple[Any, ...]) -> Any:
    for step in path[:-1]:
        value = value[step]
    return value
