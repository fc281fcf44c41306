"""The oldest of several objects, where only one counts: by creationTimestamp, then name, then namespace.

Source: istio ``pilot/pkg/model/config.go`` (sortConfigByCreationTime). Files that people write have no time in them:
then each of the objects may be the oldest one of the cluster.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from ringfence.dialects.istio.objects import Named


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
    if any(not one.named.created for one in objects):
        return sorted(objects, key=lambda one: (one.named.namespace, one.named.name))
    return [min(objects, key=lambda one: (one.named.created, one.named.name, one.named.namespace))]


def oldest_fact(one: Aged, among: Sequence[object]) -> tuple[str, str]:
    """``(fact, decide)`` of the one being the oldest; empty where it is the only one that may be."""
    return (f"{one.named} is the oldest of its kind there", "creationTimestamps") if len(among) > 1 else ("", "")
