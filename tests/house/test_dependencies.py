"""Every dependency has its reason, and its pinned form is hashed and says nothing of where it came from."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.house.tree import ROOT

PINNED_FILES = sorted(path.name for path in (ROOT / "requirements").glob("*.txt"))
PIN = re.compile(r"^[a-z0-9][a-z0-9-]*==\S+( ; \S.*)? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")


def declared() -> dict[str, list[str]]:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    return {
        "run": pyproject["project"]["dependencies"],
        "build": pyproject["build-system"]["requires"],
        "dev": pyproject["dependency-groups"]["dev"],
        "envoy": pyproject["dependency-groups"]["envoy"],
        "bench-peer": pyproject["dependency-groups"]["bench-peer"],
    }


def normal_name(requirement: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[<>=!~;\[ ]", requirement)[0]).lower()


def pins(file: str) -> dict[str, str]:
    lines = (ROOT / "requirements" / file).read_text("utf-8").splitlines()
    return dict(line.split()[0].split("==") for line in lines if PIN.match(line))


@pytest.mark.parametrize(
    "requirement", [*declared()["run"], *declared()["build"], *declared()["dev"], *declared()["envoy"]]
)
def test_a_dependency_says_why_it_is_there(requirement: str) -> None:
    lines = (ROOT / "pyproject.toml").read_text("utf-8").splitlines()
    line = next(line for line in lines if f'"{requirement}"' in line)
    assert re.search(r"# \S+ \S+", line), f"{requirement} has no reason beside it in pyproject.toml"


def test_a_dependency_of_the_package_says_its_size() -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    for requirement in declared()["run"]:
        line = next(line for line in text.splitlines() if f'"{requirement}"' in line)
        assert re.search(r"\d MB", line), f"{requirement} does not say its size in pyproject.toml"


@pytest.mark.parametrize("file", PINNED_FILES)
def test_every_pin_is_hashed_and_nothing_else_is_in_the_file(file: str) -> None:
    lines = (ROOT / "requirements" / file).read_text("utf-8").splitlines()
    assert [line for line in lines if not (line.startswith("# ") or PIN.match(line) or HASH.match(line))] == []


@pytest.mark.parametrize("name", declared())
def test_what_is_declared_is_pinned(name: str) -> None:
    assert {normal_name(requirement) for requirement in declared()[name]} <= set(pins(f"{name}.txt"))


@pytest.mark.parametrize("part", ["run", "build"])
def test_development_uses_the_same_releases_as_the_user(part: str) -> None:
    development = pins("dev.txt")
    assert {name: development.get(name) for name in pins(f"{part}.txt")} == pins(f"{part}.txt")
