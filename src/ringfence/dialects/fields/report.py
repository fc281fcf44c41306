"""What the API server says to one object: what it rejects, what it drops, what it only warns of."""

from __future__ import annotations

from enum import Enum, auto
from typing import Any

from ringfence.model.problems import Problem, Severity
from ringfence.model.provenance import FieldPath, Manifest, Place
from ringfence.values import Value

LONGEST_QUOTE = 60


class Server(Enum):
    """Who decodes the object. The two treat nulls and label selectors differently."""

    BUILT_IN = auto()
    """Decoded into Go types: a null is the zero value, label selectors are validated."""
    CUSTOM = auto()
    """Checked against the schema of a CustomResourceDefinition: null fields are dropped, a null in a list is rejected,
    what stands in a label selector is not validated."""


class Report:
    """Collects the problems of one object while its fields are read. ``faults`` are the paths of what makes it
    unusable, ``dropped`` those of unknown fields. ``plain``: no fault makes it unclear what the object says.
    """

    def __init__(self, manifest: Manifest, server: Server) -> None:
        self.manifest = manifest
        self.server = server
        self.problems: list[Problem] = []
        self.faults: list[FieldPath] = []
        self.dropped: list[FieldPath] = []
        self.plain = True

    @property
    def _object(self) -> str:
        manifest = self.manifest
        if not manifest.name:
            return f"a {manifest.kind} without a name"
        full_name = f"{manifest.namespace}/{manifest.name}" if manifest.namespace else manifest.name
        return f"{manifest.kind} {quoted(full_name)}"

    def reject(self, path: FieldPath, code: str, fault: str, hint: str = "") -> None:
        """The API server rejects the object because of the field at ``path``."""
        self.faults.append(path)
        self.plain = self.plain and _leaves_it_plain(path, code)
        message = f"the API server rejects {self._object}: {path_text(path)} {fault}"
        self._add(path, code, Severity.ERROR, message, hint)

    def undefined(self, path: FieldPath, code: str, fault: str, hint: str = "") -> None:
        """The API server stores the object, but nothing says what the field at ``path`` then means."""
        self.faults.append(path)
        self.plain = False
        message = f"what {self._object} does is not defined: {path_text(path)} {fault}"
        self._add(path, code, Severity.ERROR, message, hint)

    def refuse(self, path: FieldPath, code: str, fault: str, stored: str, hint: str = "") -> None:
        """A webhook rejects the object because of the field at ``path``, so that it is only stored where the webhook
        was not asked. ``stored`` says what it means then: the object stays usable."""
        message = f"the webhook rejects {self._object}: {path_text(path)} {fault}; where it is stored, {stored}"
        self._add(path, code, Severity.ERROR, message, hint)

    def warn(self, path: FieldPath, code: str, message: str, hint: str = "") -> None:
        """Accepted, but surely not what was meant."""
        self._add(path, code, Severity.WARNING, f"{path_text(path)} {message}", hint)

    def drop(self, path: FieldPath, consequence: str, hint: str) -> None:
        """An unknown field: the API server drops it."""
        self.dropped.append(path)
        message = f"{path_text(path)} is not a field: the API server drops it"
        if consequence:
            message = f"{message}; {consequence}"
        self._add(path, "unknown-field", Severity.WARNING, message, hint)

    def faulty(self, *prefix: str | int) -> bool:
        """Whether something at or below ``prefix`` makes the object unusable."""
        length = len(prefix)
        return any(path[:length] == prefix for path in self.faults)

    def _add(self, path: FieldPath, code: str, severity: Severity, message: str, hint: str) -> None:
        self.problems.append(Problem(self.manifest.positions.place(path), code, severity, message, hint))


class Said(Exception):
    """The API server has something to say to the object."""


class Silence(Report):
    """A report that stays empty: where something would be added to it, ``Said`` is raised. Paths do not matter."""

    def __init__(self, server: Server) -> None:
        super().__init__(Manifest("", "", None, "", {}, _NOWHERE), server)

    def reject(self, path: FieldPath, code: str, fault: str, hint: str = "") -> None:
        """As the others."""
        raise Said

    undefined = reject

    def refuse(self, path: FieldPath, code: str, fault: str, stored: str, hint: str = "") -> None:
        """As the others."""
        raise Said

    def warn(self, path: FieldPath, code: str, message: str, hint: str = "") -> None:
        """As the others."""
        raise Said

    def drop(self, path: FieldPath, consequence: str, hint: str) -> None:
        """As the others."""
        raise Said


class _Nowhere:
    def place(self, path: FieldPath = ()) -> Place:
        """No place."""
        return Place("")


_NOWHERE = _Nowhere()


class Accepted(Value):
    """An object after the API server's pruning. ``spec`` is None where it is not usable at all."""

    spec: dict[str, Any] | None
    report: Report

    @property
    def usable(self) -> bool:
        """Whether the object means something definite."""
        return not self.report.faults


def _leaves_it_plain(path: FieldPath, code: str) -> bool:
    """Whether an object that is rejected for this fault alone still says one thing only: its name is invalid, a pods
    subject or peer lacks a selector (then the empty one, as in the types), a named port stands beside addresses.
    """
    if code == "missing-field":
        return path[-1:] == ("pods",)
    return code == "named-port-on-addresses" or (code == "invalid-name" and path == ("metadata", "name"))


def path_text(path: FieldPath) -> str:
    """``spec.ingress[0].from`` — the way that the API server writes a path; the object itself is ``the object``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{cut(part)}" if text else cut(part)
    return text or "the object"


def cut(value: object) -> str:
    """A value of the input for a message, cut when long."""
    if isinstance(value, int) and value.bit_length() > LONGEST_QUOTE * 3:
        return "a number without end"  # Python refuses to write thousands of digits
    text = str(value)
    return text if len(text) <= LONGEST_QUOTE else f"{text[: LONGEST_QUOTE - 1]}…"


def quoted(value: object) -> str:
    """A value of the input for a message, cut when long. Text stands in quotes, so that ``"80"`` and ``80`` differ."""
    return f'"{cut(value)}"' if isinstance(value, str) else cut(value)


def kind_of(value: object) -> str:
    """The kind of a value in the words of YAML."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a string"
    return "a list" if isinstance(value, list) else "a mapping"
