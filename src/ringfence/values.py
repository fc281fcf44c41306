"""What values are made of: frozen, compared and hashed by what they hold, and made at once.

A standard dataclass costs a third of a millisecond when its module is imported, because its methods are compiled
there and then, and half a microsecond for each value, because a frozen one is filled by ``object.__setattr__``. A
question needs some hundred and fifty such classes before it can be asked, and a cluster makes a million values. A
``Struct`` of msgspec is the same to its readers, at a thirtieth and a sixth of that. This is the one module below
``sources`` that knows msgspec: only its values, never its decoders.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, dataclass_transform

from msgspec import Struct, field
from msgspec.structs import replace as _replace

__all__ = ["Draft", "Value", "field", "field_values", "replace"]


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class Value(Struct, frozen=True):
    """A frozen value: its fields are annotated, as in a dataclass. ``eq=False`` behind the base compares identity,
    ``order=True`` orders values by their fields."""


@dataclass_transform(field_specifiers=(field,))
class Draft(Struct):
    """What is still being put together: its fields can be set, and it has no hash."""


if TYPE_CHECKING:
    Changed = TypeVar("Changed")


def replace(value: Changed, **changes: Any) -> Changed:
    """The same value with other fields; also of a dataclass. Raises TypeError for a field that it does not have."""
    if isinstance(value, Struct):
        return _replace(value, **changes)
    from dataclasses import replace as replaced

    return replaced(value, **changes)  # type: ignore[type-var]


def field_values(value: object) -> tuple[object, ...] | None:
    """What the fields of a value or a draft hold; None of anything else."""
    if not isinstance(value, Struct):
        return None
    return tuple(getattr(value, name) for name in value.__struct_fields__)
