"""The shape of an object: which fields, of which types, in which number. Declared once, checked field by field.

A shape's ``accept`` returns the value as the API server keeps it (unknown fields and nulls dropped) and reports what
it rejects. Most objects are kept as they are without a word: ``fits`` tells so at less than the cost. Source of the
behaviour: the API server's decoder (sigs.k8s.io/json: names of fields are case-sensitive) and the structural schemas of
apiextensions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from ringfence.dialects.fields.report import Report, Said, Server, Silence, cut, kind_of, quoted
from ringfence.dialects.fields.words import KEY_HINT, value_hint
from ringfence.model.provenance import FieldPath, Manifest
from ringfence.values import Value, field

Check = Callable[[Mapping[str, Any], FieldPath, Report], None]
Consequence = Callable[[Mapping[str, Any], str], str]


class Shape(Protocol):
    """What one value must look like."""

    @property
    def zero(self) -> Any:
        """What a null in a list stands for in a built-in type."""

    def accept(self, value: Any, path: FieldPath, report: Report) -> Any:
        """The value as kept. ``value`` is never None."""

    def fits(self, value: Any, silence: Silence) -> bool:
        """Whether ``accept`` surely gives the value itself and reports nothing. ``value`` is never None. May also raise
        ``Said`` instead of giving False."""


def wrong_type(value: object, wanted: str, path: FieldPath, report: Report) -> None:
    """Reject a value of another type, with the way to write the right one where that is plain."""
    hint = ""
    if wanted == "a string" and isinstance(value, bool | int | float):
        written = str(value).lower() if isinstance(value, bool) else cut(value)
        hint = f'in quotes it is a string: "{written}"'
    elif wanted == "a whole number" and isinstance(value, str) and value.isascii() and value.isdigit():
        hint = f"write {cut(value)} without quotes"
    elif isinstance(value, float):
        hint = "write it without a fraction"
    elif wanted == "a list":
        hint = "write it as a list: start each item with '- '" if value != {} else "an empty list is []"
    elif wanted == "a mapping" and isinstance(value, list):
        hint = "write it without the leading '- '" if len(value) == 1 else "write it once, as KEY: VALUE"
    elif wanted == "a mapping":
        hint = "write it as KEY: VALUE, indented below the field; an empty one is {}"
    elif isinstance(value, list | dict):
        hint = f"write {wanted} in one line, directly after the field"
    else:
        hint = f"write {wanted}"
    report.reject(path, "wrong-type", f"must be {wanted}, not {kind_of(value)}", hint)


class Anything(Value):
    """Not looked into."""

    zero: Any = None

    def accept(self, value: Any, path: FieldPath, report: Report) -> Any:
        """The value itself."""
        return value

    def fits(self, value: Any, silence: Silence) -> bool:
        """Always."""
        return True


ANYTHING = Anything()


class Text(Value):
    """A string; ``check`` says what is wrong with one; ``code`` and ``hint``, or what it makes of the string, go with
    that. ``longest`` counts characters.
    ``choices`` are compared case-sensitively; ``instead`` names the choice for a word of another dialect.
    """

    check: Callable[[str], str] | None = None
    code: str = "invalid-value"
    hint: str | Callable[[str], str] = ""
    choices: tuple[str, ...] = ()
    instead: Mapping[str, str] = field(default_factory=dict)
    longest: int = 0
    zero: str = ""

    def accept(self, value: Any, path: FieldPath, report: Report) -> Any:
        """The string."""
        if not isinstance(value, str):
            wrong_type(value, "a string", path, report)
        elif self.choices:
            if value not in self.choices:
                self._no_choice(value, path, report)
        elif self.longest and len(value) > self.longest:
            report.reject(path, self.code, f"has more than {self.longest} characters", "shorten it")
        elif self.check is not None and (wrong := self.check(value)):
            hint = self.hint if isinstance(self.hint, str) else self.hint(value)
            report.reject(path, self.code, f"{quoted(value)} {wrong}", hint)
        return value

    def fits(self, value: Any, silence: Silence) -> bool:
        """A string that nothing speaks against."""
        if type(value) is not str:
            return False
        if self.choices:
            return value in self.choices
        if self.longest and len(value) > self.longest:
            return False
        return self.check is None or not self.check(value)

    def _no_choice(self, value: str, path: FieldPath, report: Report) -> None:
        from ringfence.dialects.fields.spelling import hint_for_word  # rare: the search needs difflib

        hint = hint_for_word(value, self.choices, self.instead)
        report.reject(path, self.code, f"must be one of {', '.join(self.choices)}, not {quoted(value)}", hint)


class Number(Value):
    """A whole number within bounds, both included; ``hint`` goes with one outside. YAML's ``80.0`` is 80, as kubectl
    sends it."""

    least: int = -(1 << 31)
    most: int = (1 << 31) - 1
    code: str = "invalid-value"
    hint: str = ""
    zero: int = 0

    def accept(self, value: Any, path: FieldPath, report: Report) -> Any:
        """The number as an int."""
        number = whole(value)
        if number is None:
            wrong_type(value, "a whole number", path, report)
            return value
        if not self.least <= number <= self.most:
            hint = self.hint or f"write a number from {self.least} to {self.most}"
            fault = f"must be between {self.least} and {self.most}, not {quoted(number)}"
            report.reject(path, self.code, fault, hint)
        return number

    def fits(self, value: Any, silence: Silence) -> bool:
        """A whole number within the bounds, written as one."""
        return type(value) is int and self.least <= value <= self.most


def whole(value: object) -> int | None:
    """The value as a whole number, None where it is none (a boolean is none)."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, float) and value.is_integer() else None


class Texts(Value):
    """A mapping from string to string, such as labels. ``key`` and ``value`` say what is wrong with one.

    ``selects``: the labels of a selector, which are not validated in a custom resource and in which a null matters.
    """

    key: Callable[[str], str] | None = None
    value: Callable[[str], str] | None = None
    selects: bool = False
    longest_total: int = 0
    zero: Mapping[str, str] = field(default_factory=dict)

    def accept(self, value: Any, path: FieldPath, report: Report) -> Any:
        """The mapping with nulls replaced."""
        if not isinstance(value, dict):
            wrong_type(value, "a mapping", path, report)
            return {}
        fault = report.undefined if self.selects and report.server is Server.CUSTOM else report.reject
        kept = value
        for key, item in value.items():
            if not isinstance(item, str):
                if item is not None:
                    wrong_type(item, "a string", (*path, key), report)
                    continue
                if kept is value:
                    kept = dict(value)
                self._null(kept, key, path, report)
            elif self.value is not None and (wrong := self.value(item)):
                fault((*path, key), "invalid-label", f"has the value {quoted(item)}, which {wrong}", value_hint(item))
            if self.key is not None and (wrong := self.key(key)):
                fault((*path, key), "invalid-label", f"is not a label key: it {wrong}", KEY_HINT)
        if self.longest_total and sum(len(k) + len(str(v)) for k, v in kept.items()) > self.longest_total:
            report.reject(path, "too-many", f"is longer than {self.longest_total} bytes in all", "shorten it")
        return kept

    def fits(self, value: Any, silence: Silence) -> bool:
        """A mapping of strings that nothing speaks against."""
        if type(value) is not dict:
            return False
        check_key, check_value = self.key, self.value
        for key, item in value.items():
            if type(item) is not str or type(key) is not str:
                return False
            if (check_value is not None and check_value(item)) or (check_key is not None and check_key(key)):
                return False
        return not self.longest_total or sum(len(k) + len(v) for k, v in value.items()) <= self.longest_total

    def _null(self, kept: dict[str, Any], key: str, path: FieldPath, report: Report) -> None:
        """A null value. Asked of an API server and of kubectl, which drops it in ``apply`` but not in ``create``."""
        hint = 'write a value, or "" for the empty one, or take the key out'
        if not self.selects:
            kept[key] = ""
        elif report.server is Server.CUSTOM:
            del kept[key]
            report.warn((*path, key), "null-label", "has no value: the API server drops it from the selector", hint)
        else:
            kept[key] = ""
            fault = "has no value: the API server takes the empty one, but kubectl apply drops the label before"
            report.undefined((*path, key), "null-label", fault, hint)


class ListOf(Value):
    """A list of ``item``s, ``least`` to ``most`` of them (0: no bound); ``distinct``: none twice."""

    item: Shape
    least: int = 0
    most: int = 0
    distinct: bool = False
    zero: tuple[Any, ...] = ()

    def accept(self, value: Any, path: FieldPath, report: Report) -> Any:
        """The list of items as kept."""
        if not isinstance(value, list):
            wrong_type(value, "a list", path, report)
            return []
        if len(value) < self.least:
            fault = f"must have at least {self.least} item{'s' if self.least > 1 else ''}"
            report.reject(path, "too-few", fault, "an empty list does not stand for all: name what is meant")
        if self.most and len(value) > self.most:
            fault = f"has {len(value)} items, of which {self.most} are allowed"
            report.reject(path, "too-many", fault, "spread them over several rules or policies")
        kept = []
        for index, item in enumerate(value):
            if item is None:
                if report.server is Server.CUSTOM:
                    fault = "is empty: a list may not have a null"
                    report.reject((*path, index), "wrong-type", fault, "give the item a value, or take out its dash")
                    continue
                item = self.item.zero
            kept.append(self.item.accept(item, (*path, index), report))
        if self.distinct:
            for index, item in enumerate(kept):
                if item in kept[:index]:
                    report.reject((*path, index), "duplicate-value", f"repeats {quoted(item)}", "leave one of them out")
        return kept

    def fits(self, value: Any, silence: Silence) -> bool:
        """A list of as many items as there may be, each of which fits."""
        if type(value) is not list or len(value) < self.least or (self.most and len(value) > self.most):
            return False
        fits = self.item.fits
        for item in value:
            if item is None or not fits(item, silence):
                return False
        return not (self.distinct and any(item in value[:index] for index, item in enumerate(value)))


class Record(Value):
    """A mapping with known fields. ``one_of``: exactly one of them. ``check`` runs when the fields are right.

    ``consequence`` says what an object means after an unknown field was dropped, from the fields that are left and the
    name that was probably meant; ``instead`` names the field for a word of another dialect; ``shorthand`` is the field
    that a single value in its place was probably meant for.
    """

    name: str
    fields: Mapping[str, Shape]
    required: tuple[str, ...] = ()
    one_of: bool = False
    check: Check | None = None
    consequence: Consequence | None = None
    instead: Mapping[str, str] = field(default_factory=dict)
    shorthand: str = ""
    zero: Mapping[str, Any] = field(default_factory=dict)

    def accept(self, value: Any, path: FieldPath, report: Report) -> Any:
        """The mapping with its known, non-null fields."""
        if not isinstance(value, dict):
            self._no_mapping(value, path, report)
            return {}
        faults = len(report.faults)
        fields = self.fields
        kept = {}
        unknown: list[str] = []
        for key, item in value.items():
            shape = fields.get(key)
            if shape is None:
                unknown.append(key)
            elif item is not None:
                kept[key] = shape.accept(item, (*path, key), report)
        if unknown:
            self._drop(unknown, kept, path, report)
        for key in self.required:
            if key not in kept:
                report.reject(path, "missing-field", f"has no {key}", _addition(key, fields[key]))
        if self.one_of and len(kept) != 1:
            self._not_one(kept, path, report)
        if self.check is not None and len(report.faults) == faults:
            self.check(kept, path, report)
        return kept

    def fits(self, value: Any, silence: Silence) -> bool:
        """A mapping with known fields only, each of which fits, and none of which is missing."""
        if type(value) is not dict:
            return False
        fields = self.fields
        for key, item in value.items():
            shape = fields.get(key)
            if shape is None or item is None or not shape.fits(item, silence):
                return False
        for key in self.required:
            if key not in value:
                return False
        if self.one_of and len(value) != 1:
            return False
        if self.check is not None:
            self.check(value, (), silence)
        return True

    def _no_mapping(self, value: Any, path: FieldPath, report: Report) -> None:
        if self.shorthand and isinstance(value, str | int) and not isinstance(value, bool):
            fault = f"must be a mapping, not {kind_of(value)}"
            report.reject(path, "wrong-type", fault, f"did you mean {self.shorthand}: {cut(value)}?")
        else:
            wrong_type(value, "a mapping", path, report)

    def _drop(self, unknown: list[str], kept: Mapping[str, Any], path: FieldPath, report: Report) -> None:
        from ringfence.dialects.fields.spelling import meant_field  # rare: the search needs difflib

        for key in unknown:
            meant, hint = meant_field(key, self)
            consequence = self.consequence(kept, meant) if self.consequence is not None else ""
            report.drop((*path, key), consequence, hint)

    def _not_one(self, kept: Mapping[str, Any], path: FieldPath, report: Report) -> None:
        names = ", ".join(self.fields)
        if kept:
            found = " and ".join(kept)
            hint = "keep one of them; the others go into entries or policies of their own"
            report.reject(path, "invalid-choice", f"must have one of {names}, not {found} together", hint)
        else:
            hint = f"an empty entry does not stand for all: {names} say what is meant"
            report.reject(path, "missing-field", f"must have one of {names}", hint)


def _addition(key: str, shape: Shape) -> str:
    """How to add a field that is missing."""
    choices = shape.choices if isinstance(shape, Text) else ()
    return f"add {key}: {' or '.join(choices)}" if choices else f"add {key}"


_SILENCE = {server: Silence(server) for server in Server}


def accepted(manifest: Manifest, shape: Record, server: Server) -> tuple[Mapping[str, Any], Report]:
    """The object as the API server keeps it, and what it says to it."""
    report = Report(manifest, server)
    try:
        if shape.fits(manifest.data, _SILENCE[server]):
            return manifest.data, report
    except Said:
        pass
    kept: Mapping[str, Any] = shape.accept(manifest.data, (), report)
    return kept, report
