"""Sequences that a what-if changes a little: the unchanged rest is neither copied nor looked at before it is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar, overload

T = TypeVar("T")


class Patched(Sequence[T]):
    """``base`` with other members at some places."""

    __slots__ = ("_base", "_changes")

    def __init__(self, base: Sequence[T], changes: Mapping[int, T]) -> None:
        self._base: Sequence[T] = base
        self._changes: Mapping[int, T] = changes
        if isinstance(base, Patched):
            self._base, self._changes = base._base, {**base._changes, **changes}

    def __len__(self) -> int:
        return len(self._base)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...
    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        if isinstance(index, slice):
            return tuple(self)[index]
        if index < 0:
            index += len(self)
        return self._changes[index] if index in self._changes else self._base[index]

    def __iter__(self) -> Iterator[T]:
        changes = self._changes
        return (changes.get(index, one) for index, one in enumerate(self._base))


class Later(Sequence[T]):
    """A tuple that is made when somebody looks at it."""

    __slots__ = ("_made", "_make")

    def __init__(self, make: Callable[[], tuple[T, ...]]) -> None:
        self._make = make
        self._made: tuple[T, ...] | None = None

    @property
    def made(self) -> tuple[T, ...]:
        """The tuple."""
        if self._made is None:
            self._made = self._make()
        return self._made

    def __len__(self) -> int:
        return len(self.made)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...
    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        return self.made[index]

    def __iter__(self) -> Iterator[T]:
        return iter(self.made)
