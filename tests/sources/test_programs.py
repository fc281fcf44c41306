"""Programs are run without a shell, in a clean environment, and not for ever."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from ringfence.sources.programs import Program, ProgramError, environment, excerpt, find, run
from tests.sources.repositories import program


def made(folder: Path, script: str) -> Program:
    program(folder, "tool", script)
    return Program("tool", str(folder / "tool"))


def test_arguments_and_stdin_come_as_they_are(tmp_path: Path) -> None:
    tool = made(tmp_path, 'printf "%s|" "$@"; cat')
    hostile = ["; touch x", "$(id)", "a b", "*", "--", "\u202e"]
    assert run(tool, hostile, variables=environment(), stdin=b"in").decode() == "|".join([*hostile, "in"])


def test_what_the_environment_holds_is_not_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "AWS_SECRET_ACCESS_KEY",
        "GITHUB_TOKEN",
        "LD_PRELOAD",
        "GIT_SSH_COMMAND",
        "HELM_PLUGINS",
        "https_proxy",
    ):
        monkeypatch.setenv(name, "")
        monkeypatch.setenv(name, "value-of-ours")
    out = run(made(tmp_path, "env"), [], variables=environment()).decode()
    assert "value-of-ours" not in out
    assert "PATH=" in out
    assert "GIT_ALLOW_PROTOCOL=none" in out
    with_network = run(made(tmp_path, "env"), [], variables=environment(network=True)).decode()
    assert "https_proxy=value-of-ours" in with_network
    assert "GITHUB_TOKEN" not in with_network
    assert "GIT_ALLOW_PROTOCOL" not in with_network


def test_a_failure_says_what_the_program_said_escaped_and_short(tmp_path: Path) -> None:
    tool = made(tmp_path, r"printf 'Error: \033[31mno\n\n  way\n' >&2; exit 3")
    with pytest.raises(ProgramError, match="exit code 3") as caught:
        run(tool, [], variables=environment())
    assert caught.value.exit == 3
    assert caught.value.words == r"Error: \x1b[31mno / way"
    assert len(excerpt(b"x" * 100_000)) < 1000
    assert excerpt(b"\xff\xfe\x00").isprintable()


@pytest.mark.parametrize(
    "script", ["sleep 100", "sleep 100 & sleep 100", "exec >&-; sleep 100", "trap '' TERM; sleep 100"]
)
def test_a_program_that_takes_too_long_is_ended_with_all_that_it_started(tmp_path: Path, script: str) -> None:
    tool = made(tmp_path, f"echo $$ > {tmp_path}/pid; {script}")
    before = time.monotonic()
    with pytest.raises(ProgramError, match="longer than"):
        run(tool, [], variables=environment(), seconds=0.5)
    assert time.monotonic() - before < 30
    group = int((tmp_path / "pid").read_text())
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail("something still runs")


def test_a_program_that_writes_too_much_is_ended(tmp_path: Path) -> None:
    with pytest.raises(ProgramError, match="wrote more than"):
        run(made(tmp_path, "yes"), [], variables=environment(), most=100_000)
    assert run(made(tmp_path, "yes x | head -c 5000000 >&2; echo ok"), [], variables=environment()) == b"ok\n"


def test_a_program_that_cannot_be_run(tmp_path: Path) -> None:
    (tmp_path / "tool").write_text("no program")
    (tmp_path / "tool").chmod(0o755)
    with pytest.raises(ProgramError, match="cannot be run"):
        run(Program("tool", str(tmp_path / "tool")), [], variables=environment())


def test_programs_in_relative_folders_of_the_path_do_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(tmp_path, "true")
    monkeypatch.chdir(tmp_path)
    for path in (".", "", "bin:.", "nosuch"):
        monkeypatch.setenv("PATH", path)
        assert find("tool") is None
    monkeypatch.setenv("PATH", f".:{tmp_path}")
    assert find("tool") == Program("tool", str(tmp_path / "tool"))
