"""What a misspelt or misplaced field or word probably meant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from ringfence.dialects.fields.shapes import Record


def meant_field(written: str, record: Record) -> tuple[str, str]:
    """The field of ``record`` that was probably meant (or an empty string), and a hint for people."""
    if written in record.instead:
        meant = record.instead[written]
        return meant if meant in record.fields else "", f"here it is written {meant}"
    meant = _nearest(written, record.fields, 0.75)
    if meant:
        return meant, f"did you mean {meant}?"
    return "", f"{record.name} has the fields {', '.join(record.fields)}"


def hint_for_word(written: object, choices: Iterable[str], instead: Mapping[str, str] | None = None) -> str:
    """How to mend a word that is none of ``choices``; ``instead`` names the choice for a word of another dialect."""
    word, others = str(written), instead or {}
    meant = others.get(word) or _nearest(word, choices, 0.6)
    meant = meant or others.get(_nearest(word, others, 0.75), "")
    return f"did you mean {meant}?" if meant else f"write {' or '.join(choices)}, with these very capitals"


def _nearest(written: object, choices: Iterable[str], cutoff: float) -> str:
    """The choice that is spelt most alike, capitals aside, or an empty string. One slip in a short word weighs much."""
    word = str(written).lower()
    by_case = {choice.lower(): choice for choice in choices}
    if word in by_case:
        return by_case[word]
    near = get_close_matches(word, list(by_case), n=1, cutoff=min(cutoff, 0.65) if len(word) < 4 else cutoff)
    return by_case[near[0]] if near else ""
