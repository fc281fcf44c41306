"""The story says what the engine says, fits on a screen or two, and its commands work."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from ringfence.cli.running import run as run_command
from ringfence.demo.files import copy_cluster
from ringfence.demo.story import run


def told(colour: bool = False) -> list[str]:
    lines: list[str] = []
    assert run(lines.append, colour) == 0
    return lines


def chapter(number: int) -> list[str]:
    """The lines of one chapter without its heading."""
    lines = told()
    start = next(at for at, line in enumerate(lines) if line.startswith(f"{number}. "))
    return lines[start + 1 : [*lines, ""].index("", start)]


def test_it_is_short_and_speaks_of_no_folder_of_this_machine() -> None:
    lines = told()
    assert len(lines) < 76
    assert not [line for line in lines if str(Path(__file__).parents[2]) in line]


def test_colour_only_decorates() -> None:
    coloured = told(colour=True)
    assert coloured != told()
    assert [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in coloured] == told()


def test_those_who_do_not_need_the_database_are_marked_and_nobody_else() -> None:
    marked = {line.split()[1] for line in chapter(1) if line.lstrip().startswith("!")}
    assert marked == {
        "batch/invoice-export", "batch/search-reindex", "batch/stock-report", "monitoring/prometheus",
        "payments/debug-ledger",
    }  # fmt: skip


def test_every_rule_is_named_with_its_file_and_line(tmp_path: Path) -> None:
    copy_cluster(tmp_path)
    places = re.findall(r"(cluster/\S+):(\d+)", "\n".join(chapter(1)))
    assert places
    for file, line in places:
        assert "from:" in (tmp_path / file).read_text().splitlines()[int(line) - 1]


def test_one_label_turns_denied_into_allowed_and_the_fix_turns_it_back() -> None:
    verdicts = [line.rpartition(" ")[2] for line in chapter(2) if "5432/TCP: " in line]
    assert verdicts == ["denied", "allowed"]
    again = chapter(4)
    assert again[-1].endswith(": denied")
    assert not [line for line in again if "!" in line]


def test_each_layer_of_the_mesh_has_its_say() -> None:
    told_of_mesh = "\n".join(chapter(6))
    assert re.findall(r"\): (\w+)", told_of_mesh) == ["denied", "denied", "allowed", "denied", "allowed"]
    assert "requests denied; over mtls, as spiffe://tidewater.example/ns/shop/sa/default; http-403" in told_of_mesh
    assert "transport denied, requests denied; not encrypted, as nobody; reset" in told_of_mesh
    assert "over hbone, as spiffe://tidewater.example/ns/data/sa/default" in told_of_mesh
    assert (
        "widened: batch/invoice-export and 3 more -> payments/payments-db TCP 5432: denied -> allowed" in told_of_mesh
    )


def test_its_commands_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    commands = [line.split() for line in chapter(7) if line.lstrip().startswith("ringfence ")]
    assert commands
    for command in commands:
        arguments = shlex.split(" ".join(command[1:]).partition(" && ")[0])
        assert run_command(arguments, "ringfence") in (0, 1, 5), command
        if arguments[0] == "demo":
            monkeypatch.chdir(tmp_path / arguments[-1])
        assert "error" not in capfd.readouterr().err
