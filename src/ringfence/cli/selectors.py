"""Label selectors as kubectl's ``-l`` takes them (k8s.io/apimachinery ``labels.Parse``)."""

from __future__ import annotations

import re

from ringfence.sets.labels import Requirement, Selector

_KEY = r"[A-Za-z0-9](?:[A-Za-z0-9._/-]*[A-Za-z0-9])?"
_VALUE = r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)?"
_VALUES = rf"\(\s*({_VALUE}(?:\s*,\s*{_VALUE})*)\s*\)"
_TERM = re.compile(
    rf"\s*(?:!\s*(?P<absent>{_KEY})"
    rf"|(?P<set_key>{_KEY})\s+(?P<set_operator>in|notin)\s*{_VALUES}"
    rf"|(?P<key>{_KEY})\s*(?P<operator>==|=|!=)\s*(?P<value>{_VALUE})"
    rf"|(?P<present>{_KEY}))\s*(?:,|$)"
)


def parse_selector(text: str) -> Selector:
    """The selector; empty text selects everything. Raises ValueError that quotes what cannot be understood."""
    requirements: list[Requirement] = []
    at = 0
    while at < len(text.rstrip()):
        found = _TERM.match(text, at)
        if found is None:
            raise ValueError(f"cannot read {text[at:]!a}: write for example app=web,tier!=db,env in (test,stage)")
        requirements.append(_requirement(found))
        at = found.end()
    return Selector.of(requirements)


def _requirement(found: re.Match[str]) -> Requirement:
    if found["absent"]:
        return Requirement(found["absent"], "DoesNotExist")
    if found["present"]:
        return Requirement(found["present"], "Exists")
    if found["set_key"]:
        values = tuple(sorted({value.strip() for value in found.group(4).split(",")}))
        return Requirement(found["set_key"], "In" if found["set_operator"] == "in" else "NotIn", values)
    return Requirement(found["key"], "NotIn" if found["operator"] == "!=" else "In", (found["value"],))
