"""What the contracts in pyproject.toml cannot say about who may import whom."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator

import pytest

from tests.house.tree import ROOT, project_files, python_files, text_of

NOT_FOR_THE_ORACLE = frozenset({"ringfence", "importlib"})
PURE_ROOMS = ("sets", "model", "dialects", "layers", "verdict", "rules")
NOT_PURE = frozenset({"open", "print", "input", "eval", "exec", "compile", "__import__", "breakpoint"})


def imports(name: str) -> Iterator[str]:
    """Every module that a file imports, wherever in it, for types too."""
    for node in ast.walk(ast.parse(text_of(name) or "")):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


def calls(name: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text_of(name) or "")):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id


def test_the_oracle_imports_nothing_of_ringfence() -> None:
    """Said in a contract too; here of each file, so that an import under another name cannot hide.

    ``run`` compares the oracle with the engine, and the tests beside it may; the oracle itself is the rest.
    """
    oracle = [
        name
        for folder in ("tests/oracle", "tests/oracle_mesh")
        for name in python_files(folder)
        if not name.startswith(("tests/oracle/run", "tests/oracle/test_"))
    ]
    guilty = {
        name: [module for module in imports(name) if module.split(".")[0] in NOT_FOR_THE_ORACLE] for name in oracle
    }
    assert oracle
    assert {name: modules for name, modules in guilty.items() if modules} == {}


@pytest.mark.parametrize("room", PURE_ROOMS)
def test_the_engine_calls_nothing_that_reads_or_writes(room: str) -> None:
    guilty = {name: set(calls(name)) & NOT_PURE for name in python_files(f"src/ringfence/{room}")}
    assert {name: found for name, found in guilty.items() if found} == {}


def test_sets_stand_alone() -> None:
    """The algebra imports the standard library, itself, and what values are made of."""
    ours = {m for name in python_files("src/ringfence/sets") for m in imports(name) if m.startswith("ringfence")}
    assert {module for module in ours if not module.startswith("ringfence.sets")} == {"ringfence.values"}


def test_every_room_has_its_tests() -> None:
    """Tests mirror the sources: a room without a folder of the same name below tests is not tested for itself."""
    rooms = {name.split("/")[2] for name in python_files("src/ringfence") if name.count("/") > 2}
    tested = {name.split("/")[1] for name in python_files("tests") if name.count("/") > 1}
    assert sorted(rooms - tested) == []


def test_nothing_is_excused_from_the_layers() -> None:
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    layers = next(contract for contract in tool["contracts"] if contract["type"] == "layers")
    assert layers["exhaustive"] is True
    assert "exhaustive_ignores" not in layers
    excused = {
        contract["id"]: contract["ignore_imports"] for contract in tool["contracts"] if "ignore_imports" in contract
    }
    assert list(excused) == ["pure", "oracle"]
    assert excused["pure"] == ["ringfence.values -> msgspec"]


def test_only_what_makes_values_is_taken_from_msgspec() -> None:
    """It stands below the pure rooms, which decode nothing."""
    tree = ast.parse(text_of("src/ringfence/values.py") or "")
    from_it = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and "msgspec" in (node.module or "")]
    assert {alias.name for node in from_it for alias in node.names} == {"Struct", "field", "replace"}


def test_packages_below_src_are_packages() -> None:
    """A folder with modules but without ``__init__.py`` escapes the contracts."""
    folders = {name.rpartition("/")[0] for name in python_files("src/ringfence")}
    assert [folder for folder in folders if f"{folder}/__init__.py" not in project_files()] == []
