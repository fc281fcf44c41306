"""Where something stands in the input, and the raw objects that still have to be understood."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from ringfence.values import Value

FieldPath = tuple[str | int, ...]

RENDERED = " (rendered)"
"""Ends the name of what a program made of a file or folder: its lines are not those of the file."""


class Place(Value, order=True):
    """A position in the input. Lines and columns count from 1; 0 means not known. ``file`` is as the user gave it."""

    file: str
    line: int = 0
    column: int = 0

    @property
    def rendered(self) -> bool:
        """Whether it is a line of what a program made, and of no file."""
        return self.file.endswith(RENDERED)

    def __str__(self) -> str:
        if not self.line:
            return self.file
        return f"{self.file}:{self.line}:{self.column}" if self.column else f"{self.file}:{self.line}"


class Positions(Protocol):
    """Finds the place of a field of one document."""

    def place(self, path: FieldPath = ()) -> Place:
        """The place of the field at ``path`` (of its key, in a mapping), of its nearest parent when there is none."""
        ...


class Manifest(Value):
    """One Kubernetes object of the input: plain data (dict, list, str, int, float, bool, None) and its positions.

    ``api_version`` and ``kind`` are non-empty; ``namespace`` is what metadata says (None when it says nothing;
    "default" is filled in by the reader for namespaced kinds that it knows).
    """

    api_version: str
    kind: str
    namespace: str | None
    name: str
    data: Mapping[str, Any]
    positions: Positions

    @property
    def place(self) -> Place:
        """Where the object starts."""
        return self.positions.place()
