"""Helm charts in folders: their templates are programs that write manifests. Those are named, and run when asked to."""

from __future__ import annotations

import os
import re
import shlex

from ringfence.model.problems import Problem, Severity
from ringfence.model.provenance import Place

CHART = "Chart.yaml"
TEMPLATES = "templates"
_NOT_OBJECTS = re.compile(r"Chart\.ya?ml|requirements\.ya?ml|values.*\.ya?ml|values.*\.json")


def beside_templates(name: str) -> bool:
    """Whether a file in the folder of a chart is one of Helm's own, and no manifest."""
    return _NOT_OBJECTS.fullmatch(name) is not None


def chart_of(path: str) -> str | None:
    """The chart that a file or folder belongs to the templates of, as a path made from ``path``."""
    above = os.path.abspath(path)
    climbed = path
    while True:
        parent = os.path.dirname(above)
        if parent == above:
            return None
        climbed = os.path.join(climbed, os.pardir)
        if os.path.basename(above) == TEMPLATES and os.path.isfile(os.path.join(parent, CHART)):
            return os.path.normpath(climbed)
        above = parent


def is_chart(path: str) -> bool:
    """Whether a folder is a chart."""
    return os.path.isfile(os.path.join(path, CHART))


def has_something_to_render(chart: str) -> bool:
    """Whether a chart has templates, or brings other charts that may have some."""
    return os.path.isdir(os.path.join(chart, TEMPLATES)) or os.path.isdir(os.path.join(chart, "charts"))


def not_rendered(chart: str) -> Problem:
    """One for each chart."""
    name = shlex.quote(chart)
    return Problem(
        Place(os.path.join(chart, CHART)), "helm-chart", Severity.ERROR,
        "the templates of a Helm chart are not rendered: what they make is not read",
        f"render it with --helm {name}, which takes files of values too (for diff: helm:{name})", partial=True,
    )  # fmt: skip
