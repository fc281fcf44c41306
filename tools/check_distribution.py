"""Checks what the built wheel and source archive hold: ``python tools/check_distribution.py dist``.

A wheel without its YAML, schemas or specifications installs and fails only at the user's; this fails here.
"""

from __future__ import annotations

import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parent.parent
ARCHIVE_NEEDS = ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "Makefile", "requirements/run.txt")
SCRIPTS = ("ringfence", "kubectl-ringfence", "kubectl_complete-ringfence")


def package_files(source: Path) -> set[str]:
    """Every file of the package in the sources, as its path in a wheel."""
    return {
        path.relative_to(source).as_posix()
        for path in (source / "ringfence").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def wheel_complaints(wheel: Path, expected: set[str]) -> Iterator[str]:
    """What is missing from the wheel, or too much in it."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        information = {name for name in names if PurePosixPath(name).parts[0].endswith(".dist-info")}
        yield from (f"{wheel.name} lacks {name}" for name in sorted(expected - names))
        yield from (f"{wheel.name} should not have {name}" for name in sorted(names - information - expected))
        if not any(name.endswith("/LICENSE") for name in information):
            yield f"{wheel.name} lacks the licence"
        entry_points = [name for name in information if name.endswith("/entry_points.txt")]
        text = archive.read(entry_points[0]).decode() if entry_points else ""
        declared = {line.partition("=")[0].strip() for line in text.splitlines() if "=" in line}
        yield from (f"{wheel.name} has no console script {name}" for name in SCRIPTS if name not in declared)


def archive_complaints(archive_file: Path, expected: set[str]) -> Iterator[str]:
    """What is missing from the source archive, or was never meant to leave the machine."""
    with tarfile.open(archive_file) as archive:
        names = {"/".join(PurePosixPath(name).parts[1:]) for name in archive.getnames()}
    wanted = {f"src/{name}" for name in expected} | set(ARCHIVE_NEEDS)
    yield from (f"{archive_file.name} lacks {name}" for name in sorted(wanted - names))
    stray = (name for name in names if name.startswith(".venv") or "__pycache__" in name or name.endswith(".pyc"))
    yield from (f"{archive_file.name} should not have {name}" for name in sorted(stray))


def main() -> int:
    """0 when there is one wheel and one archive and both are whole; else 1, with every complaint."""
    folder = Path(sys.argv[1])
    wheels, archives = sorted(folder.glob("*.whl")), sorted(folder.glob("*.tar.gz"))
    if len(wheels) != 1 or len(archives) != 1:
        print(f"{folder} should hold one wheel and one source archive, not {len(wheels)} and {len(archives)}")
        return 1
    expected = package_files(ROOT / "src")
    complaints = [*wheel_complaints(wheels[0], expected), *archive_complaints(archives[0], expected)]
    for complaint in complaints:
        print(complaint)
    if not complaints:
        for made in (*wheels, *archives):
            print(f"{folder}/{made.name}: {made.stat().st_size // 1024} KiB, whole")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
