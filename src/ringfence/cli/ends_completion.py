"""Names of ends for shell completion, read from the ``-f`` input where that is cheap."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.cli.yaml_depth import deeper_than

if TYPE_CHECKING:
    import click

CHEAP_BYTES = 1 << 18
"""Input beyond this is not read at every press of a key."""
CHEAP_FILES = 200
DEEPEST = 100

SUFFIXES = (".yaml", ".yml", ".json")
KINDS = {
    "Pod",
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "ReplicaSet",
    "ReplicationController",
    "Job",
    "CronJob",
    "Service",
}


def complete_end(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """``NS/NAME`` of workloads and Services, ``node/NAME`` and ``internet`` that begin with what is typed. Never
    fails: a shell that asks for names is no place for error messages."""
    filenames = [name for name in (context.params.get("filenames") or ()) if name != "-"]
    if not filenames and not context.params.get("kustomizations") and not context.params.get("charts"):
        filenames = ["."]
    try:
        found = set(_ends(filenames, context.params.get("namespace") or "default"))
    except Exception:
        return []
    return sorted(end for end in found if end.startswith(incomplete))


def _ends(filenames: list[str], namespace: str) -> Iterator[str]:
    yield "internet"
    files = list(_cheap_files(filenames))
    for file in files:
        for kind, object_namespace, name in _objects(file):
            if kind == "Node":
                yield f"node/{name}"
            elif kind in KINDS:
                yield f"{object_namespace or namespace}/{name}"


def _cheap_files(filenames: list[str]) -> Iterator[str]:
    """Nothing at all when it would be too much."""
    found: list[str] = []
    size = 0
    for file in _walk(filenames):
        size += os.path.getsize(file)
        found.append(file)
        if size > CHEAP_BYTES or len(found) > CHEAP_FILES:
            return
    yield from found


def _walk(filenames: list[str]) -> Iterator[str]:
    for name in filenames:
        if os.path.isfile(name):
            yield name
            continue
        for folder, folders, files in os.walk(name):
            folders[:] = [entry for entry in folders if not entry.startswith(".")]
            yield from (os.path.join(folder, file) for file in files if file.endswith(SUFFIXES))


def _objects(file: str) -> Iterator[tuple[str, str, str]]:
    """Kind, namespace and name of the objects of one file; what cannot be read is left out."""
    import yaml

    with open(file, "rb") as stream:
        content = stream.read()
    try:
        if deeper_than(DEEPEST, content):
            return
        for document in yaml.load_all(content, Loader=yaml.CSafeLoader):
            items = document.get("items") if isinstance(document, dict) else None
            for item in items if isinstance(items, list) else [document]:
                metadata = item.get("metadata") if isinstance(item, dict) else None
                if isinstance(metadata, dict) and isinstance(metadata.get("name"), str):
                    namespace = metadata.get("namespace")
                    yield str(item.get("kind")), namespace if isinstance(namespace, str) else "", metadata["name"]
    except (yaml.YAMLError, ValueError):
        return
