"""What the user can name to be rendered, and what becomes of a source that cannot be had."""

from __future__ import annotations

import re

from ringfence.values import Value

_HELM_SUFFIX = re.compile(r"@([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)(?:/([a-z0-9](?:[-.a-z0-9]{0,51}[a-z0-9])?))?\Z")


class SourceError(Exception):
    """Why a source cannot be read: ``code`` is that of the problem that it becomes, ``place`` where it stands (empty:
    the source itself)."""

    def __init__(self, place: str, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.place = place
        self.code = code
        self.message = message
        self.hint = hint


class Kustomize(Value):
    """A folder with a kustomization, or ``REV:FOLDER``. ``remote``: it may fetch bases."""

    folder: str
    remote: bool = False

    def __str__(self) -> str:
        return self.folder


class Helm(Value):
    """A chart (folder, archive or ``REV:FOLDER``) with files of values, the later ones over the earlier. ``namespace``
    and ``release``: where and under which name it is installed; empty for Helm's defaults. ``dependencies``: Helm may
    fetch charts that it depends on, and writes them into the chart."""

    chart: str
    values: tuple[str, ...] = ()
    namespace: str = ""
    release: str = ""
    dependencies: bool = False

    def __str__(self) -> str:
        return self.chart


def parse_helm(text: str, dependencies: bool = False) -> Helm:
    """``CHART[,VALUES...][@NAMESPACE[/RELEASE]]``. Raises ValueError."""
    suffix = _HELM_SUFFIX.search(text)
    rest = text[: suffix.start()] if suffix else text
    chart, *values = rest.split(",")
    if not chart or not all(values):
        raise ValueError("write CHART[,VALUES...][@NAMESPACE[/RELEASE]]")
    return Helm(chart, tuple(values), suffix[1] if suffix else "", (suffix[2] or "") if suffix else "", dependencies)
