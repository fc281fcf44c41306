"""Kustomizations and Helm charts as sources: the programs that render them are run, bounded, and what they print is
read. Nothing is fetched unless the user asks for it.

What a place of rendered text means: ``FOLDER (rendered)`` is a line of what ``kubectl kustomize FOLDER`` prints, and
``CHART/templates/FILE (rendered)`` one of what ``helm template CHART --show-only templates/FILE`` prints.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence

from ringfence.model.provenance import RENDERED
from ringfence.model.text import printable
from ringfence.sources import charts, programs
from ringfence.sources.kustomizations import NAMES
from ringfence.sources.programs import Program, ProgramError
from ringfence.sources.remote_bases import Load, RemoteBase, is_remote, remote_bases
from ringfence.sources.renderable import Helm, Kustomize, SourceError
from ringfence.values import Value

ARCHIVES = (".tgz", ".tar.gz")
INSTALL_KUSTOMIZE = (
    "install kubectl (kubernetes.io/docs/tasks/tools) or kustomize (kubectl.docs.kubernetes.io), or render it elsewhere"
    " and pipe it in: ringfence ... -f -"
)
INSTALL_HELM = "install Helm (helm.sh/docs/intro/install), or render it elsewhere and pipe it in: ringfence ... -f -"
_SOURCE = re.compile(rb"^---[ \t]*\r?\n# Source: ([^\r\n]+)\r?\n", re.MULTILINE)


class Rendered(Value):
    """Text to read, under the name that places give it."""

    name: str
    text: bytes


def kustomized(source: Kustomize, folder: str, load: Load, shown: Callable[[str], str]) -> list[Rendered]:
    """What the kustomization in a folder makes. ``shown``: a text with paths as the user knows them. Raises
    SourceError."""
    name = str(source)
    if not any(os.path.isfile(os.path.join(folder, one)) for one in NAMES):
        hint = f"{NAMES[0]} is missing; read plain manifests with -f"
        if os.path.basename(folder) in NAMES:
            hint = f"name its folder: -k {os.path.dirname(name) or '.'}"
        raise SourceError(name, "not-a-kustomization", "is not a folder with a kustomization", hint)
    if not source.remote:
        for found in remote_bases(folder, load):
            if isinstance(found, RemoteBase):
                raise SourceError(
                    shown(found.file),
                    "remote-base",
                    f"names {printable(found.address)!r}, which kustomize would fetch; ringfence fetches nothing unless"
                    " told to, so nothing of it is read",
                    "--kustomize-remote lets it; or take a copy into the repository",
                )
            raise SourceError(
                shown(found.problem.place.file),
                "not-rendered",
                f"cannot be checked for remote bases before it is rendered: {found.problem.message}",
                found.problem.hint,
            )
    program, command = _kustomize()
    if program is None:
        raise SourceError(
            name, "program-missing", "neither kubectl nor kustomize is installed, so it is not rendered",
            INSTALL_KUSTOMIZE,
        )  # fmt: skip
    variables = programs.environment(network=source.remote, more={"KUBECONFIG": os.devnull, "KUBERC": "off"})
    out = _run(name, program, [*command, "--", "."], variables, folder, shown)
    return [Rendered(f"{name}{RENDERED}", out)]


def _kustomize() -> tuple[Program | None, Sequence[str]]:
    """kubectl first: -k means there what it means here."""
    kubectl = programs.find("kubectl")
    return (kubectl, ["kustomize"]) if kubectl else (programs.find("kustomize"), ["build"])


def templated(source: Helm, chart: str, values: Sequence[str], shown: Callable[[str], str]) -> list[Rendered]:
    """What a chart makes, a text for each of its templates. ``values``: paths of files. Raises SourceError."""
    name = str(source)
    archive = chart.endswith(ARCHIVES) and os.path.isfile(chart)
    if not archive and not charts.is_chart(chart):
        hint = f"a chart is a folder with {charts.CHART}, or an archive of one ({ARCHIVES[0]})"
        raise SourceError(name, "not-a-chart", "is not a Helm chart", hint)
    program = programs.find("helm")
    if program is None:
        raise SourceError(name, "program-missing", "Helm is not installed, so the chart is not rendered", INSTALL_HELM)
    arguments = ["template"]
    for file in values:
        arguments += ["--values", os.path.abspath(file)]
    arguments += ["--namespace", source.namespace] if source.namespace else []
    arguments += ["--dependency-update"] if source.dependencies else []
    arguments += ["--", *([source.release] if source.release else []), os.path.abspath(chart)]
    more = {"KUBECONFIG": os.devnull, "HELM_NO_PLUGINS": "1"}
    variables = programs.environment(network=source.dependencies, more=more)
    try:
        out = _run(name, program, arguments, variables, None, shown)
    except SourceError as error:
        if "missing in charts/" in error.message and not source.dependencies:
            hint = f"helm dependency build {name} fetches them, or --helm-dependencies"
            raise SourceError(name, error.code, error.message, hint) from error
        raise
    return list(_by_template(name, out))


def _run(
    name: str,
    program: Program,
    arguments: Sequence[str],
    variables: dict[str, str],
    folder: str | None,
    shown: Callable[[str], str],
) -> bytes:
    try:
        return programs.run(program, arguments, variables=variables, folder=folder)
    except ProgramError as error:
        hint = error.hint or "run the command yourself to see more"
        raise SourceError(name, "not-rendered", shown(error.message), hint) from error


def _by_template(name: str, out: bytes) -> list[Rendered]:
    """The text cut where Helm says which template a document is of; documents of one template together, as
    ``helm template --show-only`` prints them."""
    cuts = list(_SOURCE.finditer(out))
    parts: dict[str, list[bytes]] = {}
    if not cuts or out[: cuts[0].start()].strip():
        parts[name] = [out[: cuts[0].start() if cuts else None]]
    for at, cut in enumerate(cuts):
        end = cuts[at + 1].start() if at + 1 < len(cuts) else len(out)
        _, _, below = cut[1].decode("utf-8", "replace").strip().partition("/")
        parts.setdefault(os.path.join(name, below) if below else name, []).append(out[cut.start() : end])
    return [Rendered(f"{file}{RENDERED}", b"".join(texts)) for file, texts in parts.items()]


def refuse_address(text: str) -> None:
    """Raises SourceError for a kustomization, chart or file of values that is named by an address."""
    if not os.path.exists(text) and (text.startswith("oci:") or (is_remote(text) and "@{" not in text)):
        raise SourceError(text, "remote-source", "is an address; ringfence fetches nothing", "name a folder")
