"""Git revisions as sources: ``REV:path``, as ``git show`` takes it. Nothing of the checkout is read or touched: the
objects of the revision are written to a folder of our own, which is gone when the input has been read.

Everything in a repository is untrusted: names of files, where links lead, how much there is.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches

from ringfence.model.text import printable
from ringfence.sources.programs import Program, ProgramError, environment, find, run
from ringfence.sources.renderable import SourceError
from ringfence.values import Draft, Value, field

INSTALL_GIT = "install Git (git-scm.com), or name files and folders of a checkout"
SECONDS = 60.0
MOST_BYTES = 512 << 20
"""Of all files of a revision that are read."""
MOST_ENTRIES = 500_000
"""Files and folders below one path of a revision."""
_KEPT = (
    "GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_QUARANTINE_PATH", "GIT_CEILING_DIRECTORIES",
)  # fmt: skip
"""Which repository is meant: hooks of a server say it so."""
_IDENTIFIER = re.compile(rb"(?:[0-9a-f]{40}|[0-9a-f]{64})\n")
_ANCESTOR = re.compile(r"[~^@].*", re.DOTALL)
_SHALLOW = "this clone is shallow: fetch the revision first (git fetch origin REVISION, or fetch-depth: 0 in CI)"
_MOST_LINKS = 16
LINK, SUBMODULE, FOLDER = "120000", "160000", "040000"


class RevisionPath(Value):
    """``REV:path`` as written. A path that begins with ``./`` or ``../`` starts at the working directory, any other at
    the root of the repository."""

    revision: str
    path: str

    def __str__(self) -> str:
        return f"{self.revision}:{self.path}"


class Entry(Value):
    """One file, folder, link or submodule of a revision; ``path`` from the root of the repository."""

    path: str
    mode: str
    identifier: str
    size: int


class Checkout(Draft):
    """A part of a revision in a folder of our own. ``submodules``: what Git does not hold itself, by path."""

    root: str
    revision: str
    submodules: list[str] = field(default_factory=list)

    def shown(self, path: str) -> str | None:
        """``REV:path`` of a path in the folder; None for one outside."""
        if path == self.root:
            return f"{self.revision}:"
        if not path.startswith(self.root + os.sep):
            return None
        return f"{self.revision}:{path[len(self.root) + 1 :]}"


def split(text: str) -> RevisionPath | None:
    """The two parts of ``REV:path``; None for a text that can only be a path of a file. As for Git, a colon in braces
    (``HEAD@{12:00}``) is a part of the revision."""
    if text.startswith(("/", "./", "../", ":", "-", "^")):
        return None
    depth = 0
    for at, character in enumerate(text):
        if character == "{":
            depth += 1
        elif character == "}":
            depth -= 1
        elif character == ":" and depth <= 0:
            return RevisionPath(text[:at], text[at + 1 :])
    return None


class Repository:
    """The repository that the working directory is in, asked through Git's command line."""

    def __init__(self, git: Program) -> None:
        self._git = git
        self._variables = environment(more={name: os.environ[name] for name in _KEPT if name in os.environ})
        self._variables["GIT_LITERAL_PATHSPECS"] = "1"

    @staticmethod
    def here() -> Repository | None:
        """None without Git."""
        git = find("git")
        return Repository(git) if git else None

    def _run(self, *arguments: str, stdin: bytes = b"", most: int | None = None) -> bytes:
        return run(
            self._git, ["--no-pager", "--no-replace-objects", *arguments],
            variables=self._variables, stdin=stdin, seconds=SECONDS, most=most,
        )  # fmt: skip

    def _identifier(self, expression: str) -> str | None:
        """The object that an expression names; None for none. Raises ProgramError where Git cannot say."""
        if "\0" in expression or "\n" in expression or expression.startswith(("-", "^")):
            return None
        try:
            out = self._run("rev-parse", "--verify", "--quiet", expression)
        except ProgramError as error:
            if error.exit == 1:  # what it does not find; why it cannot look is another code
                return None
            raise
        return out.decode().strip() if _IDENTIFIER.fullmatch(out) else None

    def tree(self, revision: str) -> str | None:
        """The root folder of a revision; None where there is no such revision. Raises SourceError where Git cannot
        say."""
        try:
            return self._identifier(f"{revision}^{{tree}}")
        except ProgramError as error:
            if "not a git repository" in error.words:
                raise SourceError(
                    "",
                    "not-a-repository",
                    "the working directory is in no Git repository, so this is no revision of one",
                    "run ringfence inside the repository",
                ) from error
            raise SourceError("", "revision-unreadable", error.message) from error

    def rooted(self, path: str) -> str:
        """The path from the root of the repository. Raises SourceError for one that leaves it."""
        if path in (".", "..") or path.startswith(("./", "../")):
            prefix = os.fsdecode(self._run("rev-parse", "--show-prefix")).rstrip("\n")
            path = os.path.normpath(os.path.join(prefix, path))
            if path == ".":
                return ""
            if path == ".." or path.startswith("../"):
                raise SourceError("", "not-found", "the path leaves the repository")
            return path
        return path.rstrip("/")

    def entry(self, tree: str, path: str) -> Entry | None:
        """What a path from the root names; None for nothing. Links in the middle of it are not followed, as Git does
        not; one that is the last is, as far as it stays in the repository."""
        for _ in range(_MOST_LINKS):
            if not path:
                return Entry("", FOLDER, tree, 0)
            if path.startswith("/"):
                return None
            found = next((one for one in self.entries(tree, path) if one.path == path), None)
            if found is None or found.mode != LINK:
                return found
            target = os.fsdecode(self.contents([found])[found.identifier])
            path = os.path.normpath(os.path.join(os.path.dirname(path), target))
            if path == ".":
                path = ""
            if os.path.isabs(path) or path == ".." or path.startswith("../"):
                return None
        return None

    def entries(self, tree: str, path: str | None = None, below: str = "") -> Iterator[Entry]:
        """Everything in a folder, with all that is below it; with ``path`` only what that names, itself. ``below``: the
        path of the folder itself."""
        asked = ["ls-tree", "-z", "-l", "--full-tree", *(["-r", "-t"] if path is None else []), tree]
        asked += ["--", path] if path is not None else []
        out = self._run(*asked, most=MOST_ENTRIES * 100)
        for number, record in enumerate(out.split(b"\0")[:-1]):
            if number >= MOST_ENTRIES:
                raise SourceError("", "revision-too-big", f"more than {MOST_ENTRIES} files and folders", "name a part")
            about, _, name = record.partition(b"\t")
            mode, _, identifier, size = about.decode("ascii").split()
            text = os.fsdecode(name)
            yield Entry(f"{below}/{text}" if below else text, mode, identifier, int(size) if size.isdigit() else 0)

    def contents(self, entries: Iterable[Entry]) -> dict[str, bytes]:
        """The contents of files, by identifier. Raises SourceError where they are too much, or not in this clone."""
        wanted = {entry.identifier: entry.size for entry in entries}
        total = sum(wanted.values())
        if total > MOST_BYTES:
            raise SourceError(
                "", "revision-too-big", f"its files have more than {MOST_BYTES >> 20} MiB together", "name a part of it"
            )
        question = "".join(f"{one}\n" for one in wanted).encode()
        out = self._run("cat-file", "--batch", stdin=question, most=total + 200 * len(wanted) + 1000)
        found: dict[str, bytes] = {}
        at = 0
        for one in wanted:
            end = out.find(b"\n", at)
            heading = out[at:end].decode("ascii", "replace").split()
            if len(heading) != 3 or heading[1] != "blob":
                hint = "is the clone complete? git fetch brings what is missing"
                raise SourceError("", "revision-unreadable", f"Git does not have the contents of {one}", hint)
            size = int(heading[2])
            found[one] = out[end + 1 : end + 1 + size]
            at = end + 1 + size + 1
        return found

    def near_revision(self, revision: str) -> str:
        """A hint about a revision that there is not."""
        names = self._run("for-each-ref", "--format=%(refname:short)", "--count=5000").decode("utf-8", "replace")
        known = [name for name in names.splitlines() if name]
        shallow = self._run("rev-parse", "--is-shallow-repository") == b"true\n"
        base = _ANCESTOR.sub("", revision)
        if base != revision and base and self.tree(base) is not None:
            return _SHALLOW if shallow else f"the history of {printable(base)} does not have it"
        near = [name for name in known if name.endswith(f"/{revision}")] or get_close_matches(
            revision, [*known, "HEAD"], 1, 0.6
        )
        if near:
            return f"did you mean {printable(near[0])}?"
        if self._run("rev-parse", "--is-shallow-repository") == b"true\n":
            return (
                "this clone is shallow: fetch the revision first (git fetch origin REVISION, or fetch-depth: 0 in CI)"
            )
        return "git branch -a and git tag list what there is"

    def near_path(self, tree: str, path: str) -> str:
        """What was perhaps meant instead of a path that a revision does not have; empty for nothing near."""
        if not path.startswith("/"):
            prefix = os.fsdecode(self._run("rev-parse", "--show-prefix")).rstrip("\n")
            if prefix and self.entry(tree, os.path.normpath(os.path.join(prefix, path))) is not None:
                return f"./{path}"
        path = path.strip("/")
        if self.entry(tree, path) is not None:
            return path
        folder, name = os.path.split(path)
        holder = self.entry(tree, folder)
        if holder is None or holder.mode != FOLDER:
            return ""
        listed = self._run("ls-tree", "-z", "--name-only", holder.identifier)
        names = [os.fsdecode(one) for one in listed.split(b"\0") if one]
        near = get_close_matches(name, names, 1, 0.6)
        return os.path.join(folder, near[0]) if near else ""

    def check_out(
        self, tree: str, entry: Entry, revision: str, folder: str, wanted: Callable[[str], bool] | None = None
    ) -> tuple[Checkout, str]:
        """Writes what an entry holds into an empty folder, at its path below it; of files only those with a ``wanted``
        path. Without ``wanted`` it is written for a program: all files, and no link that leaves the folder. Gives the
        checkout and where in it the entry is."""
        checkout = Checkout(folder, revision)
        found = [entry] if entry.mode != FOLDER else list(self.entries(entry.identifier, below=entry.path))
        for one in found:
            _check_name(one.path)
        checkout.submodules = [one.path for one in found if one.mode == SUBMODULE]
        files = [one for one in found if one.mode not in (FOLDER, SUBMODULE, LINK)]
        if wanted is not None:
            files = [one for one in files if one is entry or wanted(one.path)]
        links = [one for one in found if one.mode == LINK]
        try:
            os.makedirs(os.path.join(folder, entry.path if entry.mode == FOLDER else os.path.dirname(entry.path)),
                        exist_ok=True)  # fmt: skip
            for one in found:
                if one.mode == FOLDER:
                    os.makedirs(os.path.join(folder, one.path), exist_ok=True)
            contents = self.contents([*files, *links])
            for one in files:
                with open(os.path.join(folder, one.path), "xb") as stream:
                    stream.write(contents[one.identifier])
            # Links come last, so that nothing is written through one.
            for one in links:
                target = os.fsdecode(contents[one.identifier])
                if wanted is not None or _stays(one.path, target):
                    os.symlink(target, os.path.join(folder, one.path))
            self._mark_charts(tree, entry.path, folder)
        except (OSError, ValueError) as error:
            words = printable((getattr(error, "strerror", None) or str(error)).lower())
            raise SourceError("", "revision-unreadable", f"cannot be written to a folder: {words}") from error
        return checkout, os.path.join(folder, entry.path) if entry.path else folder

    def _mark_charts(self, tree: str, path: str, folder: str) -> None:
        """Puts an empty Chart.yaml beside each folder ``templates`` above a path that has one, so that templates that
        are named themselves are known as such."""
        parts = path.split("/")
        for at, part in enumerate(parts[:-1]):
            chart = "/".join((*parts[:at], "Chart.yaml"))
            place = os.path.join(folder, chart)
            if part == "templates" and not os.path.lexists(place) and self.entry(tree, chart) is not None:
                with open(place, "xb"):
                    pass


def _check_name(path: str) -> None:
    """Git does not make such names, but an object in a repository may have one."""
    if any(part in ("", ".", "..") or part.lower() == ".git" for part in path.split("/")) and path:
        raise SourceError(
            "", "revision-unreadable", "it has files with names that no folder can hold", "git fsck tells"
        )


def _stays(path: str, target: str) -> bool:
    """Whether a link stays below the root by its text. Not by where it would lead through other links: each of those
    stays too."""
    if os.path.isabs(target):
        return False
    depth = path.count("/")
    for part in target.split("/"):
        depth += -1 if part == ".." else 0 if part in ("", ".") else 1
        if depth < 0:
            return False
    return True
