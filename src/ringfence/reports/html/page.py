"""The page: skeleton, style, scripts and data in one file, under a policy that lets nothing else run or load."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

from ringfence.reports.context import Context
from ringfence.reports.html.changes import Difference
from ringfence.reports.html.data import page_data, script_json
from ringfence.verdict.matrix.values import Matrix

SCRIPTS = (
    "ports.js",
    "data.js",
    "categories.js",
    "filters.js",
    "items.js",
    "layers.js",
    "shapes.js",
    "matrix.js",
    "details.js",
    "list.js",
    "page.js",
)
"""In order: a later one uses what an earlier one declares. They are one module, so nothing of them is global."""


UNCHANGED = "same,denied,none"
"""The categories of what two states have in common, as the scripts call them."""

_PLACE = re.compile(r"\{(policy|style|script|data)\}")


@cache
def _asset(name: str) -> str:
    return (files("ringfence.reports.html") / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def content_security_policy(script: str, style: str) -> str:
    """Only this script and this style; no evaluation, no frame, no form, and nothing from anywhere else."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {_digest(script)}",
            f"style-src {_digest(style)}",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    )


def html_page(
    states: Sequence[tuple[str, Matrix]],
    context: Context,
    opened: Mapping[str, str] | None = None,
    difference: Difference | None = None,
) -> str:
    """The page of one state (a label and a matrix), or of two: before and after, with what ``diff`` says of them.

    ``opened`` are the filters that it opens with, unless its address has others, in the words of the address: ``from``,
    ``to`` and ``with`` are queries, ``hide`` lists categories, an empty ``open`` closes every namespace. Of two states
    it shows what changed, unless ``hide`` says otherwise.
    """
    words = {**({"hide": UNCHANGED} if len(states) > 1 else {}), **(opened or {})}
    style = _asset("page.css")
    script = "\n" + "\n".join(_asset(f"scripts/{name}") for name in SCRIPTS)
    pieces = {
        "policy": content_security_policy(script, style),
        "style": style,
        "script": script,
        "data": script_json(page_data(states, context, words, difference)),
    }
    # In one pass: what is put in is not looked through again.
    return _PLACE.sub(lambda found: pieces[found[1]], _asset("page.html"))
