"""Label selectors: what is accepted, and which set of labels it selects.

Source: apimachinery ``apis/meta/v1`` (LabelSelector, LabelSelectorAsSelector) and its validation.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ringfence.dialects.fields.report import Report, Server, quoted
from ringfence.dialects.fields.shapes import ListOf, Record, Shape, Text, Texts
from ringfence.dialects.fields.words import KEY_HINT, label_key, label_value, value_hint
from ringfence.model.provenance import FieldPath
from ringfence.sets.labels import EVERYTHING, OPERATORS, Requirement, Selector


def _check_requirement(kept: Mapping[str, Any], path: FieldPath, report: Report) -> None:
    fault = report.reject if report.server is Server.BUILT_IN else report.undefined
    key, operator, values = kept.get("key", ""), kept.get("operator", ""), kept.get("values", ())
    if operator not in OPERATORS:
        from ringfence.dialects.fields.spelling import hint_for_word  # rare: the search needs difflib

        hint = hint_for_word(operator, OPERATORS)
        names = ", ".join(OPERATORS)
        fault((*path, "operator"), "invalid-selector", f"must be one of {names}, not {quoted(operator)}", hint)
    elif operator in ("In", "NotIn"):
        if not values:
            hint = f"add values, or ask with {'Exists' if operator == 'In' else 'DoesNotExist'} for the key alone"
            fault(path, "invalid-selector", f"has no values, which {operator} needs", hint)
    elif values:
        hint = f"take the values out, or write {'In' if operator == 'Exists' else 'NotIn'}"
        fault((*path, "values"), "invalid-selector", f"must be empty with the operator {operator}", hint)
    if wrong := label_key(key):
        fault((*path, "key"), "invalid-label", f"{quoted(key)} is not a label key: it {wrong}", KEY_HINT)
    for index, value in enumerate(values):
        if wrong := label_value(value):
            said = f"{quoted(value)} is not a label value: it {wrong}"
            fault((*path, "values", index), "invalid-label", said, value_hint(value))


def _what_is_left(kept: Mapping[str, Any], meant: str) -> str:
    return "" if any(kept.values()) else "the selector is then empty and selects everything"


_LABELS = Texts(label_key, label_value, selects=True)
_REQUIREMENT_FIELDS: dict[str, Shape] = {"key": Text(), "operator": Text(), "values": ListOf(Text())}


def _selector(required: tuple[str, ...]) -> Record:
    requirement = Record("an expression", _REQUIREMENT_FIELDS, required=required, check=_check_requirement)
    return Record(
        "a label selector",
        {"matchLabels": _LABELS, "matchExpressions": ListOf(requirement)},
        consequence=_what_is_left,
    )


SELECTOR = _selector(())
"""In a built-in type: a missing operator is the empty one, which is none of the four."""
CUSTOM_SELECTOR = _selector(("key", "operator"))
"""In a custom resource."""


def selector(kept: Mapping[str, Any] | None) -> Selector:
    """The selector that an accepted field stands for; absent and empty select everything."""
    if not kept:
        return EVERYTHING
    labels = kept.get("matchLabels")
    expressions = kept.get("matchExpressions")
    if not expressions:
        if not labels:
            return EVERYTHING
        return _exactly(tuple(labels.items()))
    requirements = [Requirement(key, "In", (value,)) for key, value in labels.items()] if labels else []
    for expression in expressions:
        values = tuple(sorted(set(expression.get("values", ()))))
        requirements.append(Requirement(expression["key"], expression["operator"], values))
    return Selector.of(requirements)


@lru_cache(maxsize=8192)
def _exactly(labels: tuple[tuple[str, str], ...]) -> Selector:
    """The one shared selector of a ``matchLabels``: policies repeat each other."""
    # Already canonical, as the keys of a mapping differ; ``Selector.exactly`` would sort once more.
    return Selector(tuple([Requirement(key, "In", (value,)) for key, value in sorted(labels)]))
