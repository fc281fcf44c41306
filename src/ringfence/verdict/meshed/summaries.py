"""The requests that pass a point, in a few words: ``GET|HEAD /orders*; POST /login``."""

from __future__ import annotations

from ringfence.layers.requests.facts import Facts
from ringfence.layers.requests.passing import passing
from ringfence.model.mesh import METHOD, PATH, RequestRules
from ringfence.sets.languages.limits import TooLarge
from ringfence.sets.requests.pieces import Condition, Piece
from ringfence.sets.requests.spaces import Spaces

MOST_SAID = 6
"""Kinds of requests that are named; more are counted."""


def summary(rules: RequestRules, facts: Facts, spaces: Spaces | None = None) -> str:
    """The requests that surely pass. Exactly these, unless it ends with ``and N more``; empty: too many words."""
    try:
        pieces = passing(rules, facts, spaces).surely.pieces()
    except TooLarge:
        return ""
    words = [_piece(piece) for piece in pieces.pieces]
    if pieces.negated:
        # What is left out must be said whole: cut short it would say that more passes than does.
        return f"all but {'; '.join(words)}" if len(words) <= MOST_SAID else ""
    rest = len(words) - MOST_SAID
    return "; ".join(words[:MOST_SAID]) + (f"; and {rest} more" if rest > 0 else "")


def _piece(piece: Piece) -> str:
    own = {condition.attribute: condition for condition in piece.conditions}
    first = [_terms(own[one]) for one in (METHOD, PATH) if one in own and _simple(own[one])]
    others = [str(one) for one in piece.conditions if one.attribute not in (METHOD, PATH) or not _simple(one)]
    if not others:
        return " ".join(first) or "any request"
    return f"{' '.join(first) or 'any request'} with {', '.join(others)}"


def _simple(condition: Condition) -> bool:
    return not condition.absent and not condition.negated and bool(condition.terms)


def _terms(condition: Condition) -> str:
    texts = [str(term) for term in condition.terms]
    return "|".join(f"({text})" if " " in text else text for text in texts)
