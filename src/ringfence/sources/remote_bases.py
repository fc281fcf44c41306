"""Finds out before kustomize runs whether it would fetch anything: bases and files that a kustomization names by an
address instead of a path.

Source: how kustomize tells the two apart, ``api/internal/git/repospec.go`` and ``api/internal/loader`` of
sigs.k8s.io/kustomize: an ``http`` address is a file to get; a scheme, a user before an ``@``, ``github.com`` and the
older marks ``git::`` and ``gh:`` are a repository to clone, whether or not a folder of this name exists.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ringfence.model.problems import Problem
from ringfence.sources.kustomizations import NAMES, files_of
from ringfence.values import Value

MOST = 5000
"""Kustomizations that one may be made of."""
_REMOTE = re.compile(r"\s*(?:git::|gh:|[a-z][a-z0-9+.-]*://|[^/\s]+@|(?:www\.)?github\.com[:/])", re.IGNORECASE)
_PARTS = ("resources", "bases", "components", "transformers", "generators", "validators")
"""Fields whose entries may be folders with kustomizations of their own."""

Load = Callable[[str], tuple[list[Any], list[Problem]]]


class RemoteBase(Value):
    """``file`` names ``address``."""

    file: str
    address: str


class Unclear(Value):
    """A kustomization that could not be read, so that nobody knows what it names."""

    problem: Problem


def is_remote(text: str) -> bool:
    """Whether kustomize may take a text for an address."""
    return _REMOTE.match(text) is not None or "?ref=" in text


def remote_bases(folder: str, load: Load) -> Iterator[RemoteBase | Unclear]:
    """What the kustomization of a folder, and those that it is made of, would fetch; nothing when all is local.

    ``load`` gives the documents of one file.
    """
    waiting, seen = [folder], {os.path.realpath(folder)}
    while waiting:
        here = waiting.pop()
        for name in NAMES:
            file = os.path.join(here, name)
            if not os.path.isfile(file):
                continue
            values, problems = load(file)
            yield from (Unclear(problem) for problem in problems if problem.partial)
            for value in values:
                if not isinstance(value, Mapping):
                    continue
                for text in dict.fromkeys(_named(value)):
                    if is_remote(text):
                        yield RemoteBase(file, text)
                        continue
                    below = os.path.realpath(os.path.join(here, text)) if "\0" not in text else ""
                    if below not in seen and len(seen) < MOST and os.path.isdir(below):
                        seen.add(below)
                        waiting.append(os.path.normpath(os.path.join(here, text)))


def _named(value: Mapping[str, Any]) -> Iterator[str]:
    for name in _PARTS:
        entries = value.get(name)
        yield from (one for one in (entries if isinstance(entries, list) else ()) if isinstance(one, str))
    yield from files_of(dict(value))
