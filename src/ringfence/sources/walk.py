"""From the paths that a user gives to the files to read, in order; what is passed over is named."""

from __future__ import annotations

import difflib
import os
import stat
from collections.abc import Callable
from typing import Any

from ringfence.model.problems import Problem, Severity
from ringfence.model.provenance import Place
from ringfence.sources import charts, kustomizations
from ringfence.sources.kustomizations import Kustomization
from ringfence.values import Value, replace

STDIN = "-"
ENDINGS = (".yaml", ".yml", ".json")
_NOT_FILES = (stat.S_ISCHR, stat.S_ISBLK, stat.S_ISSOCK)


class InputFile(Value):
    """A file to read, or stdin. ``named``: by the user, not found in a folder. ``chart``: whose template it is.
    ``shown``: what places call it; empty for its path. ``text``: what it holds, where that is no file of its own.
    ``namespace``: of its objects that do not say theirs."""

    path: str
    named: bool = False
    chart: str | None = None
    shown: str = ""
    text: bytes | None = None
    namespace: str = ""

    @property
    def name(self) -> str:
        """What places call it."""
        return self.shown or self.path


def _inside(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip(os.sep) + os.sep)


def _visible(path: str, root: str) -> bool:
    """Whether a walk of ``root`` comes to this path without following a link."""
    return not any(part.startswith(".") for part in os.path.relpath(path, root).split(os.sep))


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()


def as_it_is(path: str) -> str:
    """Paths are mostly called what they are."""
    return path


class Walker:
    """The files that paths name or hold. Folders are taken with all that is below them, sorted by name, without hidden
    files and folders. ``load`` gives the documents of one file; kustomizations are read with it. ``shown`` says what
    the user calls a path."""

    def __init__(
        self, load: Callable[[str], tuple[list[Any], list[Problem]]], shown: Callable[[str], str] = as_it_is
    ) -> None:
        self.files: list[InputFile] = []
        self.problems: list[Problem] = []
        self._load = load
        self._shown = shown
        self._kustomizations: list[Kustomization] = []
        self._folders: set[str] = set()

    def take(self, path: str) -> None:
        """One path of the user."""
        try:
            status = os.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            self.missing(path)
            return
        except OSError as error:
            self._report(path, "unreadable", f"cannot be read: {_reason(error)}")
            return
        except ValueError:
            self._report(path, "not-found", "no file can have this name")
            return
        if stat.S_ISDIR(status.st_mode):
            before = len(self.files), len(self.problems), len(self._kustomizations)
            self._top_folder(path)
            if before == (len(self.files), len(self.problems), len(self._kustomizations)):
                self.problems.append(
                    Problem(
                        Place(self._shown(path)),
                        "no-manifests",
                        Severity.WARNING,
                        "a folder without any YAML or JSON file",
                        f"manifests end in {', '.join(ENDINGS)}; hidden files and folders are passed over",
                    )
                )
        elif any(test(status.st_mode) for test in _NOT_FILES):
            self._report(path, "unreadable", "is not a file", "name manifests, folders, or - for stdin")
        elif os.path.basename(path) in kustomizations.NAMES:
            self._kustomization(path)
        else:
            chart = charts.chart_of(path)
            self.files.append(InputFile(path, True, None if chart is None else self._shown(chart), self._shown(path)))

    def finish(self) -> None:
        """Takes out files that kustomizations use as something else than objects; reports on each kustomization."""
        if not self._kustomizations:
            return
        beside = set().union(*(one.beside for one in self._kustomizations))
        on_disk = [file.path for file in self.files if file.path != STDIN and file.text is None]
        real = {path: os.path.realpath(path) for path in on_disk}
        resources = {one.real(path) for one in self._kustomizations for path in one.resources if "\0" not in path}
        beside -= resources
        read = set(real.values()) | self._folders
        self.files = [file for file in self.files if file.named or real.get(file.path) not in beside]
        for one in self._kustomizations:
            unread = sum("\0" in path or one.real(path) not in read for path in one.resources)
            skipped = sum(path in beside and path in read for path in one.beside if os.path.isfile(path))
            problem = one.problem(unread, skipped, self._shown(one.file))
            self.problems += [problem] if problem else []

    def missing(self, path: str) -> None:
        """Reports a path that does not exist, with the nearest name."""
        folder, name = os.path.split(path.rstrip(os.sep))
        try:
            near = difflib.get_close_matches(name, os.listdir(folder or "."), 1, 0.6)
        except OSError:
            near = []
        hint = f"did you mean {os.path.join(folder, near[0])}?" if near else ""
        self._report(path, "not-found", "no such file or folder", hint)

    def _report(self, path: str, code: str, message: str, hint: str = "") -> None:
        self.problems.append(Problem(Place(self._shown(path)), code, Severity.ERROR, message, hint, partial=True))

    def _top_folder(self, path: str) -> None:
        chart = charts.chart_of(path)
        if chart is not None:
            self.problems.append(charts.not_rendered(self._shown(chart)))
        else:
            self._folder(path, os.path.realpath(path), None)

    def _folder(self, path: str, root: str, chart: str | None) -> None:
        """Everything in a folder. ``chart``: the outermost chart that it is a part of."""
        real = os.path.realpath(path)
        if real in self._folders and _inside(real, root) and not _visible(real, root):
            return
        self._folders.add(real)
        try:
            with os.scandir(path) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            self._report(path, "unreadable", f"the folder cannot be read: {_reason(error)}")
            return
        names = {entry.name for entry in found}
        is_chart = charts.CHART in names
        if is_chart and chart is None:
            chart = path
            self.problems += [charts.not_rendered(self._shown(path))] if charts.has_something_to_render(path) else []
        for name in kustomizations.NAMES:
            if name in names:
                self._kustomization(os.path.join(path, name))
        for entry in found:
            hidden = entry.name.startswith(".") or entry.name in kustomizations.NAMES
            if not hidden and not (is_chart and charts.beside_templates(entry.name)):
                self._entry(entry, path, root, chart, is_chart)

    def _entry(self, entry: os.DirEntry[str], folder: str, root: str, chart: str | None, in_chart: bool) -> None:
        path = os.path.join(folder, entry.name)
        ours = entry.name.endswith(ENDINGS)
        try:
            is_folder = entry.is_dir()
            if not is_folder and not ours:
                return
            if entry.is_symlink() and not self._to_follow(path, root, is_folder):
                return
            if is_folder:
                if not (in_chart and entry.name == charts.TEMPLATES):
                    self._folder(path, root, chart)
            elif entry.is_file():
                self.files.append(InputFile(path, shown=self._shown(path)))
            else:
                self._report(path, "unreadable", "is neither a file nor a folder; it is not read")
        except OSError as error:
            self._report(path, "unreadable", f"cannot be read: {_reason(error)}")

    def _to_follow(self, path: str, root: str, is_folder: bool) -> bool:
        """Whether a link leads to something in the given folder that the walk does not come to anyway."""
        target = os.path.realpath(path)
        if not _inside(target, root):
            self.problems.append(
                Problem(
                    Place(self._shown(path)),
                    "link-not-followed",
                    Severity.NOTICE,
                    "a link that leaves the given folder is not followed",
                    "name its target with -f to read it",
                )
            )
            return False
        if not os.path.exists(target):
            self._report(path, "not-found", "a link to something that does not exist", "mend or remove the link")
            return False
        return not (_visible(target, root) and (is_folder or target.endswith(ENDINGS)))

    def _kustomization(self, path: str) -> None:
        values, problems = self._load(path)
        self.problems += [replace(one, place=replace(one.place, file=self._shown(one.place.file))) for one in problems]
        for value in values[:1]:
            self._kustomizations.append(kustomizations.understood(path, value))
