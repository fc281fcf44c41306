"""The oldest of several objects, where only one counts: by creationTimestamp, then name, then namespace.

Source: istio ``pilot/pkg/model/config.go`` (sortConfigByCreationTime). Files that people write have no time in them:
then each of the objects may be the oldest one of the cluster.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from ringfence.dialects.istio.objects import Named
from ringfence.model.mesh import AGES


class Aged(Protocol):
    """An object with an identity and an age."""

    @property
    def named(self) -> Named:
        """The identity."""


T = TypeVar("T", bound=Aged)


def oldest(objects: Sequence[T]) -> list[T]:
    """Those of which one is the oldest: a single one where the input tells which."""
    if len(objects) < 2:
        return list(objects)
    without = [one for one in objects if not one.named.created]
    told = [one for one in objects if one.named.created]
    # Of those with a time only the oldest may be the oldest of all.
    first = sorted(told, key=lambda one: (one.named.created, one.named.name, one.named.namespace))[:1]
    return sorted([*without, *first], key=lambda one: (one.named.namespace, one.named.name))


def oldest_fact(one: Aged, among: Sequence[object]) -> tuple[str, str]:
    """``(fact, decide)`` of the one being the oldest; empty where it is the only one that may be."""
    return (f"{one.named} is the oldest of its kind there", AGES) if len(among) > 1 else ("", "")
