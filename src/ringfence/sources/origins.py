"""What the user names as input, of whatever sort: files and folders, stdin, ``REV:path``, kustomizations and charts.

A source that cannot be had is a problem that makes the input partial; the others are read.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ringfence.model.problems import Problem, Severity
from ringfence.model.provenance import Place
from ringfence.model.text import printable
from ringfence.sources import charts, kustomizations
from ringfence.sources.originals import Originals
from ringfence.sources.renderable import Helm, Kustomize, SourceError, parse_helm
from ringfence.sources.walk import ENDINGS, STDIN, InputFile, Walker

if TYPE_CHECKING:
    # Programs are rarely needed, and slow to import.
    from ringfence.sources.renderings import Rendered
    from ringfence.sources.revisions import Checkout, Entry, Repository, RevisionPath

Source = str | Kustomize | Helm
"""A path, ``-`` for stdin, ``REV:path``; or something to render."""

LIVE = "live"
"""Reserved: the cluster itself, for a later version."""
LIVE_HINT = "kubectl get pods,deploy,svc,ns,netpol,nodes -A -o json | ringfence ... -f -"
_KUSTOMIZE, _HELM = "kustomize:", "helm:"


def parse(text: str) -> Source:
    """A source as one word, for where no option says what it is: ``kustomize:DIR`` and ``helm:CHART[,VALUES...]`` are
    what -k and --helm take; everything else is as with -f. Raises ValueError."""
    if text.startswith(_KUSTOMIZE) and text != _KUSTOMIZE:
        return Kustomize(text.removeprefix(_KUSTOMIZE))
    return parse_helm(text.removeprefix(_HELM)) if text.startswith(_HELM) else text


class Gathering:
    """Collects the files of sources. What it writes to disk for that is gone at the end of its ``with`` block."""

    def __init__(self, load: Callable[[str], tuple[list[Any], list[Problem]]], originals: Originals) -> None:
        self._load = load
        self._originals = originals
        self._walker = Walker(load, self._shown)
        self._checkouts: list[Checkout] = []
        self._repository: Repository | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        if not self._checkouts:
            return
        import shutil

        for checkout in self._checkouts:
            shutil.rmtree(checkout.root, ignore_errors=True)

    def gather(self, sources: Sequence[Source]) -> tuple[list[InputFile], list[Problem]]:
        """The files to read, in order, and what is wrong with the sources."""
        for source in sources:
            try:
                self._take(parse(source) if isinstance(source, str) and not os.path.lexists(source) else source)
            except SourceError as error:
                self._report(error.place or str(source), error.code, error.message, error.hint)
            except ValueError as error:
                self._report(str(source), "not-found", f"no source can have this name: {error}")
        self._walker.finish()
        return self._walker.files, self._walker.problems

    def revision_of(self, file: InputFile) -> bool:
        """Whether a file is one of a revision: gone from the disk when the input has been read."""
        return any(checkout.shown(file.path) is not None for checkout in self._checkouts)

    def _report(self, place: str, code: str, message: str, hint: str = "") -> None:
        self._walker.problems.append(Problem(Place(place), code, Severity.ERROR, message, hint, partial=True))

    def _shown(self, text: str) -> str:
        """A path, or a text with paths, as the user knows them."""
        for checkout in self._checkouts:
            if checkout.root in text:
                name = f"{checkout.revision}:"
                text = text.replace(checkout.root + os.sep, name).replace(checkout.root, name)
        return text

    def _take(self, source: Source) -> None:
        if isinstance(source, Kustomize):
            self._kustomize(source)
        elif isinstance(source, Helm):
            self._helm(source)
        elif source == STDIN:
            self._walker.files.append(InputFile(STDIN, named=True))
        elif source == LIVE:
            there = os.path.lexists(LIVE)
            self._report(
                LIVE,
                "reserved-word",
                "is reserved for the running cluster, which this version cannot read yet",
                f"write ./{LIVE} for the file or folder of this name" if there else f"pipe it in: {LIVE_HINT}",
            )
        else:
            self._path(source)

    def _path(self, text: str) -> None:
        path = self._local(text)
        if path is None:
            return
        if charts.is_chart(path) and charts.has_something_to_render(path) and _helm_is_there():
            self._helm(Helm(text))
            message, hint = (
                "the chart was rendered with its default values",
                "--helm CHART,VALUES takes files of values (for diff: helm:CHART,VALUES)",
            )
            place = Place(os.path.join(text, charts.CHART))
            self._walker.problems.append(Problem(place, "chart-rendered", Severity.NOTICE, message, hint))
            return
        self._walker.take(path)

    def _local(self, text: str, whole: bool = False) -> str | None:
        """Where on disk a source is: the path itself, or that of a checkout. None when it was reported. ``whole``:
        with all that is beside it in the repository, for a program."""
        if ":" not in text or "\0" in text:
            return text
        from ringfence.sources.revisions import split

        written = split(text)
        if written is None:
            return text
        there = os.path.lexists(text)
        found: tuple[Repository, str, Entry] | None = None
        try:
            found = self._find(written, quiet=there)
        except SourceError:
            if not there:
                raise
        if found is None:
            return text
        repository, tree, entry = found
        if there:
            self._report(
                text,
                "ambiguous-source",
                f"is a file here, and a path in the revision {printable(written.revision)} too",
                f"write ./{text} for the file, or {tree[:12]}:{written.path} for the revision",
            )
            return None
        return self._checked_out(repository, tree, entry, written, whole)

    def _find(self, written: RevisionPath, quiet: bool) -> tuple[Repository, str, Entry] | None:
        """What ``REV:path`` names; ``quiet``: None for nothing. Raises SourceError for nothing, with a hint."""
        from ringfence.sources.revisions import INSTALL_GIT, Repository

        if written.path.startswith("//"):
            message = "is an address; ringfence fetches nothing"
            raise SourceError("", "not-found", message, f"pipe it in: curl -sS {written} | ringfence ... -f -")
        repository = self._repository = self._repository or Repository.here()
        if repository is None:
            raise SourceError("",
                "program-missing", "no such file or folder, and Git is not installed to look for a revision",
                INSTALL_GIT,
            )  # fmt: skip
        tree = repository.tree(written.revision)
        if tree is None:
            if quiet:
                return None
            message = f"no such file or folder, and no revision is called {printable(written.revision)}"
            raise SourceError("", "unknown-revision", message, repository.near_revision(written.revision))
        path = repository.rooted(written.path)
        entry = repository.entry(tree, path)
        if entry is None:
            if quiet:
                return None
            near = repository.near_path(tree, path)
            hint = f"did you mean {written.revision}:{near}?" if near else "paths start at the root of the repository"
            message = f"the revision {printable(written.revision)} has no file or folder of this name"
            raise SourceError("", "not-found", message, hint)
        return repository, tree, entry

    def _checked_out(
        self, repository: Repository, tree: str, entry: Entry, written: RevisionPath, whole: bool
    ) -> str | None:
        import tempfile

        from ringfence.sources.revisions import FOLDER, Checkout, Entry

        folder = os.path.realpath(tempfile.mkdtemp(prefix="ringfence-"))
        # Remembered before anything is written, so that it is removed whatever happens.
        self._checkouts.append(Checkout(folder, written.revision))
        if whole:
            root = Entry("", FOLDER, tree, 0)
            checkout, _ = repository.check_out(tree, root, written.revision, folder)
            path = os.path.join(folder, entry.path) if entry.path else folder
        else:
            checkout, path = repository.check_out(tree, entry, written.revision, folder, _wanted)
        for submodule in checkout.submodules:
            below = entry.path == "" or submodule == entry.path or submodule.startswith(f"{entry.path}/")
            if below and not any(part.startswith(".") for part in submodule.split("/")):
                self._report(
                    f"{written.revision}:{submodule}",
                    "submodule",
                    "a submodule is not a part of this repository's objects; it is not read",
                    "name its files in a checkout",
                )
        return None if entry.path in checkout.submodules else path

    def _rendered(self, texts: Sequence[Rendered], namespace: str = "") -> None:
        for one in texts:
            self._originals.keep(one.name, one.text)
            self._walker.files.append(InputFile(one.name, text=one.text, namespace=namespace))

    def _existing(self, text: str, whole: bool) -> str | None:
        """Where on disk something to render is; None when it was reported."""
        from ringfence.sources.renderings import refuse_address

        refuse_address(text)
        path = self._local(text, whole)
        if path is not None and not os.path.lexists(path):
            self._walker.missing(path)
            return None
        return path

    def _kustomize(self, source: Kustomize) -> None:
        from ringfence.sources.renderings import kustomized

        folder = self._existing(source.folder, whole=True)
        if folder is not None:
            self._rendered(kustomized(source, folder, self._load, self._shown))

    def _helm(self, source: Helm) -> None:
        from ringfence.sources.renderings import templated

        chart = self._existing(source.chart, whole=True)
        values = [self._existing(text, whole=False) for text in source.values]
        if chart is None or None in values:
            return
        files = [file for file in values if file is not None]
        for file, text in zip(files, source.values, strict=True):
            if not os.path.isfile(file):
                raise SourceError(text, "unreadable", "is not a file of values")
        self._rendered(templated(source, chart, files, self._shown), source.namespace)


def _wanted(path: str) -> bool:
    """Whether a file of a revision is one that a walk looks at."""
    name = path.rpartition("/")[2]
    return name.endswith(ENDINGS) or name in kustomizations.NAMES


def _helm_is_there() -> bool:
    from ringfence.sources.programs import find

    return find("helm") is not None
