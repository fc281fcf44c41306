"""Options that several commands take, with the names and meanings that kubectl users know."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TextIO

import click

from ringfence.model.text import printable
from ringfence.values import Value

if TYPE_CHECKING:
    from ringfence.sources.origins import Source

EVERY_PROFILE = "all"
"""What ``can --cni`` takes for the question whether the answer depends on the plugin."""
COLOR_HELP = "Colour on terminals only (auto; NO_COLOR, FORCE_COLOR and TERM=dumb are obeyed), always, or never."


class Shared(Value):
    """What the shared options say. ``namespace`` None: none was given. ``cni`` None: configuration file or default."""

    filenames: tuple[str, ...] = ()
    kustomizations: tuple[str, ...] = ()
    kustomize_remote: bool = False
    charts: tuple[str, ...] = ()
    helm_dependencies: bool = False
    namespace: str | None = None
    all_namespaces: bool = False
    selector: str | None = None
    color: str = "auto"
    quiet: bool = False
    verbose: bool = False
    cni: str | None = None
    pod_cidrs: tuple[str, ...] = ()
    service_cidrs: tuple[str, ...] = ()
    node_cidrs: tuple[str, ...] = ()
    assume_no_labels: bool = False
    mesh_config: str | None = None
    istio_version: str | None = None

    def sources(self) -> tuple[Source, ...]:
        """Everything to read: files, then kustomizations, then charts, of which the later ones count more. Empty: none
        was given."""
        if not self.kustomizations and not self.charts:
            return self.filenames
        from ringfence.sources.renderable import Kustomize, parse_helm

        return (
            *self.filenames,
            *(Kustomize(folder, self.kustomize_remote) for folder in self.kustomizations),
            *(parse_helm(text, self.helm_dependencies) for text in self.charts),
        )


def use_color(choice: str, stream: TextIO) -> bool:
    """Whether to colour what goes to ``stream``. A flag counts more than the environment, NO_COLOR (no-color.org)
    more than FORCE_COLOR."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") != "0":
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def _later(context: click.Context, parameter: click.Parameter, value: object) -> None:
    if value is not None:
        raise click.UsageError(
            f"{parameter.opts[0]} reads from a cluster, which this version cannot do yet. Pipe the objects in: "
            "kubectl get pods,deploy,svc,ns,netpol,nodes -A -o json | ringfence ... -f -",
            context,
        )


def _chart(context: click.Context, parameter: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    if value:
        from ringfence.sources.renderable import parse_helm

        for text in value:
            try:
                parse_helm(text)
            except ValueError as error:
                raise click.BadParameter(f"{printable(text)!r}: {error}", context, parameter) from error
    return value


def _ranges(context: click.Context, parameter: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    from ringfence.cli.settings import address_ranges

    try:
        return address_ranges(",".join(value).split(","))
    except ValueError as error:
        raise click.BadParameter(str(error), context, parameter) from error


def _complete_profile(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    from ringfence.cli.profile_names import complete_profile

    found = complete_profile(context, parameter, incomplete)
    return [*([EVERY_PROFILE] if _takes_all(context) and EVERY_PROFILE.startswith(incomplete) else []), *found]


def _takes_all(context: click.Context) -> bool:
    return context.command.name == "can"


def _profile(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None and not (value == EVERY_PROFILE and _takes_all(context)):
        from ringfence.cli.settings import checked_profile

        checked_profile(value)
    return value


_RESERVED = [
    click.option("--context", "kube_context", callback=_later, expose_value=False, hidden=True),
    click.option("--kubeconfig", callback=_later, expose_value=False, hidden=True),
]

_INPUT = [
    click.option(
        "-f",
        "--filename",
        "filenames",
        multiple=True,
        metavar="PATH",
        type=click.Path(allow_dash=True),
        help="File, directory (always recursive), REV:PATH of a Git revision, snapshot, or - for stdin; repeatable. "
        "Default: the current directory.",
    ),
    click.option(
        "-k",
        "--kustomize",
        "kustomizations",
        multiple=True,
        metavar="DIR",
        type=click.Path(),
        help="Directory (or REV:DIR) with a kustomization, rendered by kubectl or kustomize; repeatable.",
    ),
    click.option(
        "--kustomize-remote", is_flag=True, help="Let kustomizations fetch remote bases (otherwise they are refused)."
    ),
    click.option(
        "--helm",
        "charts",
        multiple=True,
        metavar="CHART[,VALUES...]",
        callback=_chart,
        help="Helm chart with files of values, rendered by helm template; @NAMESPACE[/RELEASE] may follow; repeatable.",
    ),
    click.option(
        "--helm-dependencies", is_flag=True, help="Let Helm download what charts depend on, into their charts/."
    ),
    click.option("-R", "--recursive", is_flag=True, expose_value=False, help="Accepted; directories always are."),
    click.option("-n", "--namespace", metavar="NAMESPACE", help="Namespace of names without one; limits listed rows."),
    click.option("-A", "--all-namespaces", is_flag=True, help="List the rows of all namespaces (the default)."),
    click.option(
        "--cni",
        metavar="NAME[@VERSION]",
        callback=_profile,
        shell_complete=_complete_profile,
        help="Network plugin, such as calico@3.32 or cilium; it decides what the specifications leave open. Default: "
        "the one that the input shows, else generic.",
    ),
    click.option(
        "--pod-cidr",
        "pod_cidrs",
        multiple=True,
        metavar="CIDR",
        callback=_ranges,
        help="Where pods have their addresses; repeatable, commas accepted.",
    ),
    click.option(
        "--service-cidr",
        "service_cidrs",
        multiple=True,
        metavar="CIDR",
        callback=_ranges,
        help="Where Services have their addresses.",
    ),
    click.option(
        "--node-cidr",
        "node_cidrs",
        multiple=True,
        metavar="CIDR",
        callback=_ranges,
        help="Where nodes have their addresses.",
    ),
    click.option(
        "--assume-no-labels",
        is_flag=True,
        help="A namespace without its object has its name label and no other (otherwise its labels are open).",
    ),
    click.option(
        "--mesh-config",
        metavar="FILE",
        type=click.Path(dir_okay=False),
        help="Mesh config of Istio (or a ConfigMap with one). Default: the input's ConfigMap, else Istio's defaults.",
    ),
    click.option(
        "--istio-version",
        metavar="VERSION",
        help="Release of Istio, such as 1.27.3. Default: that of the images in the input.",
    ),
    click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", help=COLOR_HELP),
    click.option("-q", "--quiet", is_flag=True, help="No notices, warnings and details on stderr; errors remain."),
    click.option("-v", "--verbose", is_flag=True, help="Also say which objects were read and left aside."),
    *_RESERVED,
]

_SELECTOR = click.option(
    "-l", "--selector", metavar="SELECTOR", help="Only rows with a workload or pod of these labels at either end."
)
_NAMES = (
    "filenames",
    "kustomizations",
    "kustomize_remote",
    "charts",
    "helm_dependencies",
    "namespace",
    "all_namespaces",
    "selector",
    "color",
    "quiet",
    "verbose",
    "cni",
    "pod_cidrs",
    "service_cidrs",
    "node_cidrs",
    "assume_no_labels",
    "mesh_config",
    "istio_version",
)

Command = Callable[..., int]


def shared_options(*, selector: bool = False) -> Callable[[Command], Command]:
    """Adds the options and hands them to the command as its first argument, a Shared."""

    def decorate(command: Command) -> Command:
        @wraps(command)
        def call(**values: Any) -> int:
            shared = Shared(**{name: values.pop(name) for name in _NAMES if name in values})
            return command(shared, **values)

        decorated: Command = call
        for option in reversed([*([_SELECTOR] if selector else []), *_INPUT]):
            decorated = option(decorated)
        return decorated

    return decorate
