"""What a misspelt or misplaced field probably meant."""

from __future__ import annotations

from difflib import get_close_matches

from ringfence.dialects.fields.shapes import Record


def meant_field(written: str, record: Record) -> tuple[str, str]:
    """The field of ``record`` that was probably meant (or an empty string), and a hint for people."""
    if written in record.instead:
        meant = record.instead[written]
        return meant if meant in record.fields else "", f"here it is written {meant}"
    by_case = {name.lower(): name for name in record.fields}
    meant = by_case.get(str(written).lower(), "")
    if not meant:
        near = get_close_matches(str(written).lower(), list(by_case), n=1, cutoff=0.75)
        meant = by_case[near[0]] if near else ""
    if meant:
        return meant, f"did you mean {meant}?"
    return "", f"{record.name} has the fields {', '.join(record.fields)}"
