"""What ``check`` needs of the outside: the day, the repository, baseline files, the summary of a job."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ringfence.cli.errors import CommandError

if TYPE_CHECKING:
    from ringfence.rules.assessment import Assessment
    from ringfence.rules.baseline import Entry
    from ringfence.verdict.answers import Explanation
    from ringfence.world import World

DATE_VARIABLE = "SOURCE_DATE_EPOCH"
"""reproducible-builds.org: the time, in seconds since 1970, that counts as now."""
SUMMARY_VARIABLE = "GITHUB_STEP_SUMMARY"
SUMMARY_BYTES = 1_000_000
"""GitHub takes 1 MiB a step, and then drops all of it."""
LARGEST = 64 << 20
"""Bytes of a baseline file."""


def today() -> date:
    """The day that suppressions expire by, in UTC. Raises CommandError for a SOURCE_DATE_EPOCH that is no time."""
    given = os.environ.get(DATE_VARIABLE)
    if not given:
        return datetime.now(UTC).date()
    try:
        return datetime.fromtimestamp(int(given), UTC).date()
    except (ValueError, OverflowError, OSError) as error:
        raise CommandError(f"{DATE_VARIABLE}={given!a} is no time", "give seconds since 1970-01-01") from error


def read_baseline_file(name: str) -> list[Entry]:
    """The entries of a baseline. Raises CommandError."""
    from ringfence.sources.baselines import HOW, BaselineError, read_baseline

    try:
        with open(name, "rb") as stream:
            data = stream.read(LARGEST + 1)
    except OSError as error:
        raise CommandError(f"--baseline {name!a}: {error.strerror}", HOW) from error
    if len(data) > LARGEST:
        raise CommandError(f"--baseline {name!a}: larger than {LARGEST} bytes", HOW)
    try:
        return read_baseline(data)
    except BaselineError as error:
        raise CommandError(f"--baseline {name!a}: {error}", error.hint) from error


def write_baseline_file(name: str, assessment: Assessment) -> int:
    """Writes what was found; how many findings that were."""
    from ringfence.reports.structured import json_text
    from ringfence.sources.baselines import baseline_document

    entries = assessment.entries()
    try:
        Path(name).write_text(json_text(baseline_document(entries)) + "\n", encoding="ascii")
    except OSError as error:
        raise CommandError(f"--write-baseline {name!a}: {error.strerror}") from error
    return len(entries)


def locator(start: Path) -> Callable[[str], str]:
    """A function that names files as their repository does, with ``/``, also those of a revision, and those that a
    program made something of. Outside of one: relative to ``start``."""
    from ringfence.model.provenance import RENDERED
    from ringfence.sources.charts import CHART
    from ringfence.sources.kustomizations import NAMES
    from ringfence.sources.revisions import split

    root = next((folder for folder in (start, *start.parents) if (folder / ".git").exists()), start)

    def inside(file: str) -> str:
        path = os.path.normpath(start / file)
        try:
            return Path(path).relative_to(root).as_posix()
        except ValueError:
            return Path(file).as_posix()

    def locate(file: str) -> str:
        name = file.removesuffix(RENDERED)
        written = None if os.path.lexists(start / name) else split(name)
        if written is None:
            folder = start / name if name != file else None
            if folder is not None and folder.is_dir():
                made_of = next((one for one in (*NAMES, CHART) if (folder / one).is_file()), "")
                name = os.path.join(name, made_of)
            return inside(name)
        # A line of a rendered text says REV:FOLDER of a kustomization, and REV:FILE of a template.
        bare = name != file and not os.path.splitext(written.path)[1]
        path = os.path.join(written.path, NAMES[0]) if bare else written.path
        return os.path.normpath(path) if path else "."

    return locate


def append_summary(lines: Iterable[str]) -> None:
    """Adds Markdown to the summary of a GitHub job, where there is one."""
    name = os.environ.get(SUMMARY_VARIABLE)
    if not name:
        return
    left = SUMMARY_BYTES
    with open(name, "a", encoding="utf-8", errors="backslashreplace") as stream:
        for line in lines:
            left -= len(line.encode("utf-8", "backslashreplace")) + 1
            if left < 0:
                stream.write("\n(cut off here: a summary may have 1 MiB)\n")
                return
            stream.write(f"{line}\n")


def explanations(world: World, assessment: Assessment) -> dict[str, Explanation]:
    """How the witness of each finding is decided, by fingerprint."""
    from ringfence.verdict.ends import EndError

    found = {}
    for one in assessment.found:
        witness = one.finding.witness
        if witness is None:
            continue
        with contextlib.suppress(EndError):
            found[one.fingerprint] = world.explain(
                witness.source, witness.destination, witness.port, witness.protocol, request=witness.request
            )
    return found
