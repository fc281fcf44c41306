"""Reads fields of a manifest with the types that the API server demands, and reports what it would reject.

A field that is absent or null has its default. A field of the wrong type is an ERROR at its place. A field without
which the object cannot be understood is *vital*: then the object is left out (``Findings.lost``), the input partial.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ringfence.model.problems import Problem, Severity
from ringfence.model.provenance import FieldPath, Manifest

_LABEL_NAME = re.compile(r"(?:[A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]")
_INT32 = 1 << 31
"""Every number that ringfence reads has 32 bits in the API."""

_SUBDOMAIN = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*")


def valid_label_key(key: str) -> bool:
    """k8s.io/apimachinery ``IsQualifiedName``: an optional DNS subdomain and a slash, then a name of up to 63."""
    prefix, slash, name = key.rpartition("/")
    if slash and not (len(prefix) <= 253 and _SUBDOMAIN.fullmatch(prefix)):
        return False
    return _LABEL_NAME.fullmatch(name) is not None


def valid_label_value(value: str) -> bool:
    """k8s.io/apimachinery ``IsValidLabelValue``: empty, or up to 63 of the characters that a name may have."""
    return value == "" or _LABEL_NAME.fullmatch(value) is not None


def path_text(path: FieldPath) -> str:
    """``spec.containers[0].name``; a key that has dots stands in brackets: ``metadata.labels[example.com/tier]``."""
    text = ""
    for step in path:
        if isinstance(step, int) or "." in step:
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text


_TYPE_HINTS = {
    "a list": "begin each member with a dash",
    "a string": "write the value in quotes",
    "a whole number": "write a number, without a fraction",
    "a boolean": "write true or false",
}


def type_hint(expected: str, value: object) -> str:
    """How to write what was expected in place of ``value``."""
    if expected == "a whole number" and isinstance(value, str):
        return "write the number without quotes"
    if expected == "a boolean" and isinstance(value, str):
        return "write true or false without quotes"
    if isinstance(value, list) and expected != "a list":
        return "write it without the leading dash"
    if isinstance(value, Mapping) and expected != "a list":
        return f"write {expected} directly after the field"
    return _TYPE_HINTS.get(expected, "write it as KEY: VALUE, indented below the field")


def word_hint(written: str, choices: Sequence[str]) -> str:
    """Which word was probably meant; all of them where none is near."""
    from difflib import get_close_matches  # rare, and slow to load

    by_case = {choice.lower(): choice for choice in choices}
    near = get_close_matches(written.lower(), list(by_case), n=1, cutoff=0.6)
    return f"did you mean {by_case[near[0]]}?" if near else f"write {' or '.join(choices)}"


PORT_HINT = "port numbers are 1 to 65535"
ADDRESS_HINT = "an address is such as 10.0.0.1 or 2001:db8::1, without a prefix length"


def type_words(value: object) -> str:
    """What a wrong value is, for a message. Texts are not repeated: they may be secret or hostile."""
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "a string"
    if isinstance(value, Mapping):
        return "a mapping"
    return "a list" if isinstance(value, list) else "null" if value is None else type(value).__name__


class Findings:
    """What was wrong with one object. ``lost``: so much that it has to be left out."""

    __slots__ = ("lost", "manifest", "problems")

    def __init__(self, manifest: Manifest, problems: list[Problem]) -> None:
        self.manifest = manifest
        self.problems = problems
        self.lost = False

    def report(
        self,
        path: FieldPath,
        code: str,
        message: str,
        hint: str = "",
        *,
        vital: bool = False,
        severity: Severity = Severity.ERROR,
    ) -> None:
        """One problem of this object, at the field's place."""
        manifest = self.manifest
        name = f"{manifest.kind} {manifest.namespace + '/' if manifest.namespace else ''}{manifest.name}"
        if vital:
            self.lost = True
            message = f"{message}; the object is left out"
        self.problems.append(
            Problem(manifest.positions.place(path), code, severity, f"{name}: {message}", hint, partial=vital)
        )


class Fields:
    """One mapping of an object. Every method takes a key and gives the value, or the default when it is absent."""

    __slots__ = ("data", "findings", "path")

    def __init__(self, findings: Findings, data: Mapping[str, Any] | None = None, path: FieldPath = ()) -> None:
        self.findings = findings
        self.data = findings.manifest.data if data is None else data
        self.path = path

    def __contains__(self, key: str) -> bool:
        return self.data.get(key) is not None

    def wrong(self, key: str, expected: str, *, vital: bool) -> None:
        """Report that the field is not of the type ``expected`` (in words)."""
        path = (*self.path, key)
        value = self.data.get(key)
        message = f"{path_text(path)} must be {expected}, not {type_words(value)}"
        self.findings.report(path, "wrong-type", message, type_hint(expected, value), vital=vital)

    def invalid(self, key: str, message: str, hint: str = "", *, vital: bool = False) -> None:
        """Report that the field has the right type and a value that the API server rejects."""
        path = (*self.path, key)
        self.findings.report(path, "invalid-value", f"{path_text(path)} {message}", hint, vital=vital)

    def text(self, key: str, default: str = "", *, vital: bool = False) -> str:
        """A string."""
        value = self.data.get(key)
        if value is None:
            return default
        if isinstance(value, str):
            return value
        self.wrong(key, "a string", vital=vital)
        return default

    def number(self, key: str, default: int | None = None, *, vital: bool = False) -> int | None:
        """A whole number."""
        value = self.data.get(key)
        if value is None:
            return default
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool):
            if -_INT32 <= value < _INT32:
                return value
            self.invalid(key, "is too large a number", "numbers here have 32 bits", vital=vital)
            return default
        self.wrong(key, "a whole number", vital=vital)
        return default

    def flag(self, key: str, *, vital: bool = False) -> bool:
        """A boolean, false by default."""
        value = self.data.get(key)
        if value is None or isinstance(value, bool):
            return bool(value)
        self.wrong(key, "a boolean", vital=vital)
        return False

    def child(self, key: str, *, vital: bool = False) -> Fields:
        """A mapping; an empty one when absent."""
        value = self.data.get(key)
        if value is not None and not isinstance(value, Mapping):
            self.wrong(key, "a mapping", vital=vital)
            value = None
        return Fields(self.findings, value or {}, (*self.path, key))

    def children(self, key: str, *, vital: bool = False) -> list[Fields]:
        """A list of mappings."""
        return [
            Fields(self.findings, value, (*self.path, key, index))
            for index, value in self._members(key, "a mapping", lambda value: isinstance(value, Mapping), vital)
        ]

    def texts(self, key: str, *, vital: bool = False) -> list[str]:
        """A list of strings."""
        return [value for _, value in self._members(key, "a string", lambda value: isinstance(value, str), vital)]

    def _members(
        self, key: str, expected: str, accepts: Callable[[object], bool], vital: bool
    ) -> list[tuple[int, Any]]:
        values = self.data.get(key)
        if values is None:
            return []
        if not isinstance(values, list):
            self.wrong(key, "a list", vital=vital)
            return []
        found = []
        for index, value in enumerate(values):
            if accepts(value):
                found.append((index, value))
            else:
                path = (*self.path, key, index)
                message = f"{path_text(path)} must be {expected}, not {type_words(value)}"
                self.findings.report(path, "wrong-type", message, type_hint(expected, value), vital=vital)
        return found

    def labels(self, key: str, *, vital: bool = True) -> tuple[dict[str, str], tuple[str, ...]]:
        """Labels, and the keys whose value the API server rejects, so that nothing can be said of it.

        A key that the API server rejects is dropped: no valid selector can name it. ``vital`` is for a field that is
        not a mapping at all.
        """
        value = self.data.get(key)
        if value is None:
            return {}, ()
        if not isinstance(value, Mapping):
            self.wrong(key, "a mapping of strings", vital=vital)
            return {}, ()
        labels: dict[str, str] = {}
        unclear: list[str] = []
        for name, word in value.items():
            sound = isinstance(name, str) and valid_label_key(name)
            if sound and (word is None or (isinstance(word, str) and valid_label_value(word))):
                labels[name] = word or ""
                continue
            if sound:
                unclear.append(name)
            self._report_label((*self.path, key, str(name)), word, sound)
        return labels, tuple(unclear)

    def _report_label(self, path: FieldPath, value: object, sound_key: bool) -> None:
        code = "invalid-value"
        if not sound_key:
            message = f"{path_text(path)}: the key is not a valid label key"
            hint = "an optional DNS subdomain and a slash, then up to 63 letters, digits, '-', '_' or '.'"
        elif isinstance(value, str):
            message = f"{path_text(path)} is not a valid label value"
            hint = "up to 63 letters, digits, '-', '_' or '.', with a letter or digit at both ends"
        else:
            code = "wrong-type"
            message = f"{path_text(path)} must be a string, not {type_words(value)}"
            hint = "write the value in quotes"
        self.findings.report(path, code, f"{message}; the API server rejects the object", hint)
