"""Modules stay small and say by their name what they are about."""

from __future__ import annotations

import statistics
from pathlib import PurePosixPath

from tests.house.tree import ROOT, project_files, python_files

CEILING = 600
MEDIAN = 200
FOLDERS = ("src", "tests", "tools", "bench")
NAMES_THAT_SAY_NOTHING = {
    "common", "helper", "helpers", "lib", "manager", "managers", "misc", "shared", "stuff", "tool", "util", "utilities",
    "utils",
}  # fmt: skip


def lines(name: str) -> int:
    return len((ROOT / name).read_text("utf-8").splitlines())


def test_no_module_is_longer_than_the_ceiling() -> None:
    sizes = {name: lines(name) for folder in FOLDERS for name in python_files(folder)}
    assert {name: size for name, size in sizes.items() if size > CEILING} == {}


def test_the_usual_module_is_short() -> None:
    sizes = [size for name in python_files("src") if (size := lines(name)) > 3]
    assert statistics.median(sizes) <= MEDIAN


def test_no_module_has_a_name_that_says_nothing() -> None:
    paths = [PurePosixPath(name) for folder in FOLDERS for name in python_files(folder)]
    assert [str(path) for path in paths if {path.stem.strip("_"), path.parent.name} & NAMES_THAT_SAY_NOTHING] == []


def test_tests_are_functions() -> None:
    """Pytest would collect them, but a class of tests hides what its tests share."""
    with_classes = [
        name
        for name in python_files("tests")
        if PurePosixPath(name).name.startswith("test_") and "\nclass Test" in (ROOT / name).read_text("utf-8")
    ]
    assert with_classes == []


def test_every_test_module_is_collected() -> None:
    named_otherwise = [name for name in project_files() if name.startswith("tests/") and name.endswith("_test.py")]
    assert named_otherwise == []
