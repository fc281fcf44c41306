"""Label selectors of workloads: what a controller uses to find its pods."""

from __future__ import annotations

from ringfence.sets.labels import OPERATORS, Requirement, Selector
from ringfence.sources.field_checks import Fields, word_hint


def label_selector(fields: Fields) -> Selector | None:
    """A ``metav1.LabelSelector``; None when an expression of it is not understood (reported)."""
    labels, unclear = fields.labels("matchLabels", vital=False)
    understood = not unclear
    requirements = [Requirement(key, "In", (value,)) for key, value in labels.items()]
    for expression in fields.children("matchExpressions"):
        key, operator = expression.text("key"), expression.text("operator")
        values = tuple(sorted(set(expression.texts("values"))))
        if not key or operator not in OPERATORS or bool(values) != (operator in ("In", "NotIn")):
            hint = "In and NotIn need values, Exists and DoesNotExist have none"
            if operator not in OPERATORS:
                hint = word_hint(operator, OPERATORS)
            expression.invalid("operator", "does not make a valid expression", hint if key else "add key")
            understood = False
        elif operator == "In":
            requirements.append(Requirement(key, "In", values))
        elif operator == "NotIn":
            requirements.append(Requirement(key, "NotIn", values))
        elif operator == "Exists":
            requirements.append(Requirement(key, "Exists"))
        else:
            requirements.append(Requirement(key, "DoesNotExist"))
    return Selector.of(requirements) if understood else None
