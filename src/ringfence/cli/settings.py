"""``.ringfence.yaml`` in the root of a repository: facts about a cluster that its manifests do not say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ringfence.cli.errors import CommandError, did_you_mean
from ringfence.cli.options import Shared
from ringfence.cli.yaml_depth import deeper_than
from ringfence.values import Value

if TYPE_CHECKING:
    import yaml

    from ringfence.rules.suppression import Suppression

FILE_NAME = ".ringfence.yaml"
KEYS = ["cni", "podCIDRs", "serviceCIDRs", "nodeCIDRs", "assumeNoLabels", "ignore"]
IGNORE_KEYS = ["id", "resource", "namespace", "reason", "owner", "expires"]
LARGEST = 1 << 20
"""Bytes; a configuration file is a few lines, or some hundred with many suppressions."""
DEEPEST = 8


class Settings(Value):
    """What flags and file say together; ``chosen_by`` tells which of them named the profile. ``cni`` None: neither, so
    that the input decides."""

    cni: str | None = None
    chosen_by: str = ""
    pod_cidrs: tuple[str, ...] = ()
    service_cidrs: tuple[str, ...] = ()
    node_cidrs: tuple[str, ...] = ()
    assume_no_labels: bool = False
    file: str = ""
    ignore: tuple[Suppression, ...] = ()


def address_ranges(texts: Iterable[str]) -> tuple[str, ...]:
    """The CIDRs as they are. Raises ValueError for one that is none."""
    from ringfence.sets.addresses import cidr

    found = tuple(text.strip() for text in texts if text.strip())
    for text in found:
        cidr(text)
    return found


def checked_profile(text: str, where: str = "") -> str:
    """The name as it is. Raises CommandError if there is no such profile."""
    from ringfence.layers.profiles import ProfileError, find

    try:
        find(text)
    except ProfileError as error:
        raise CommandError(f"{where}{error}", error.hint) from error
    return text


def find_file(start: Path) -> Path | None:
    """The nearest ``.ringfence.yaml`` at or above ``start``, not beyond the root of its repository."""
    folder = start if start.is_dir() else start.parent
    for candidate in (folder, *folder.parents):
        file = candidate / FILE_NAME
        if file.is_file():
            return file
        if (candidate / ".git").exists():
            return None
    return None


def settings_of(shared: Shared) -> Settings:
    """Flags over the file over the defaults. Raises CommandError for a file that says something else."""
    first = next((str(source) for source in shared.sources() if source != "-"), ".")
    file = find_file(Path(first).absolute())
    read = _read(file) if file is not None else Settings()
    return Settings(
        cni=shared.cni or read.cni,
        chosen_by="chosen by --cni" if shared.cni else read.chosen_by,
        pod_cidrs=shared.pod_cidrs or read.pod_cidrs,
        service_cidrs=shared.service_cidrs or read.service_cidrs,
        node_cidrs=shared.node_cidrs or read.node_cidrs,
        assume_no_labels=shared.assume_no_labels or read.assume_no_labels,
        file=read.file,
        ignore=read.ignore,
    )


def _shown(file: Path) -> str:
    """Relative to the working directory where the file is below it."""
    try:
        return str(file.relative_to(Path.cwd()))
    except ValueError:
        return str(file)


def _read(file: Path) -> Settings:
    import yaml

    name = _shown(file)
    with file.open("rb") as stream:
        content = stream.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise CommandError(f"{name}: larger than {LARGEST} bytes", f"a {FILE_NAME} is a few lines")
    try:
        text = content.decode()
        if deeper_than(DEEPEST, text):
            raise CommandError(f"{name}: nested too deeply", f"keys are {', '.join(KEYS)}")
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
    except UnicodeDecodeError as error:
        raise CommandError(f"{name}: is not UTF-8 text", f"keys are {', '.join(KEYS)}") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        problem = getattr(error, "problem", None) or "is not YAML"
        raise CommandError(f"{place}: {problem}", f"keys are {', '.join(KEYS)}") from error
    return _settings(name, root) if root is not None else Settings(file=name)


def _settings(name: str, root: yaml.Node) -> Settings:
    found = dict(_entries(name, root))
    cni = found.get("cni")
    assume = found.get("assumeNoLabels")
    return Settings(
        cni=checked_profile(_scalar(name, cni), f"{_place(name, cni)}: ") if cni else None,
        chosen_by=f"chosen by {_place(name, cni)}" if cni else "",
        pod_cidrs=_cidrs(name, found.get("podCIDRs")),
        service_cidrs=_cidrs(name, found.get("serviceCIDRs")),
        node_cidrs=_cidrs(name, found.get("nodeCIDRs")),
        assume_no_labels=_flag(name, assume) if assume else False,
        file=name,
        ignore=tuple(_ignored(name, found["ignore"])) if "ignore" in found else (),
    )


def _ignored(name: str, root: yaml.Node) -> Iterator[Suppression]:
    """The suppressions of findings."""
    import yaml

    from ringfence.model.provenance import Place
    from ringfence.rules.finding import Subject
    from ringfence.rules.suppression import Origin, Suppression

    if not isinstance(root, yaml.SequenceNode):
        raise CommandError(f"{_place(name, root)}: ignore is not a list", f"keys are {', '.join(IGNORE_KEYS)}")
    for item in root.value:
        words = {key: _scalar(name, node).strip() for key, node in _entries(name, item, IGNORE_KEYS)}
        if not words.get("id"):
            raise CommandError(f"{_place(name, item)}: which rule is to be ignored?", "write id: NP-001")
        place = Place(name, item.start_mark.line + 1, item.start_mark.column + 1)
        yield Suppression(
            words["id"],
            words.get("reason", ""),
            words.get("expires", ""),
            words.get("owner", ""),
            Origin.CONFIGURATION,
            place,
            Subject("Configuration", "", FILE_NAME),
            resource=words.get("resource", ""),
            namespace=words.get("namespace", ""),
        )


def _entries(name: str, root: yaml.Node, keys: list[str] = KEYS) -> Iterator[tuple[str, yaml.Node]]:
    import yaml

    if not isinstance(root, yaml.MappingNode):
        raise CommandError(f"{_place(name, root)}: not a mapping", f"keys are {', '.join(keys)}")
    seen: set[str] = set()
    for key, value in root.value:
        word = _scalar(name, key)
        if word not in keys:
            raise CommandError(f"{_place(name, key)}: unknown key {word!r}", did_you_mean(word, keys))
        if word in seen:
            raise CommandError(f"{_place(name, key)}: key {word!r} stands twice", "keep one of them")
        seen.add(word)
        yield word, value


def _place(name: str, node: yaml.Node) -> str:
    return f"{name}:{node.start_mark.line + 1}:{node.start_mark.column + 1}"


def _scalar(name: str, node: yaml.Node) -> str:
    import yaml

    if not isinstance(node, yaml.ScalarNode):
        raise CommandError(f"{_place(name, node)}: a word is expected here")
    return str(node.value)


def _flag(name: str, node: yaml.Node) -> bool:
    word = _scalar(name, node)
    if word not in ("true", "false"):
        raise CommandError(f"{_place(name, node)}: {word!r} is neither true nor false")
    return word == "true"


def _cidrs(name: str, node: yaml.Node | None) -> tuple[str, ...]:
    import yaml

    if node is None:
        return ()
    nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
    found: list[str] = []
    for item in nodes:
        try:
            found.extend(address_ranges(_scalar(name, item).split(",")))
        except ValueError as error:
            raise CommandError(f"{_place(name, item)}: {error}", "write for example 10.0.0.0/8") from error
    return tuple(found)
