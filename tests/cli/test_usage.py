"""Wrong usage, help, colours, and ways in which a command can end badly."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ringfence.cli import exits
from ringfence.cli.application import COMMANDS
from tests.cli.conftest import HandMadeWorld, Run


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["cna", "a", "b"], "did you mean can?"),
        (["can", "a", "b", "--fliename", "x"], "Did you mean '--filename'?"),
        (["can", "a", "b", "--cni", "calcio"], "did you mean calico?"),
        (["can", "a", "b", "--cni", "calico@new"], "is not a version"),
        (["can", "a", "b", "--pod-cidr", "10.0.0.0"], "'10.0.0.0'"),
        (["can", "a"], "Missing argument 'DST'"),
        (["can"], "Missing argument 'SRC'"),
        (["can", "a", "b", "--context", "prod"], "cannot do yet"),
        (["can", "a", "b", "--kubeconfig", "x"], "cannot do yet"),
        (["map", "--with", "a", "--from", "b"], "--with means either side"),
        (["map", "-l", "app in ("], "-l: cannot read 'app in ('"),
        (["map", "--limit", "0"], "--limit"),
        (["map", "--level", "cluster"], "--level"),
        (["can", "a", "b", "--flows", "-"], "--flows takes its questions from the file"),
        (["can", "--flows", "-", "-f", "-"], "stdin cannot be both"),
        (["can", "--flows", "-", "-o", "yaml"], "--flows always writes JSON Lines"),
        (["can", "--flows", "missing.jsonl"], "missing.jsonl"),
        (["schema", "anser"], "anser"),
        (["completion", "tcsh"], "tcsh"),
    ],
)
def test_wrong_usage(ringfence: Run, world: HandMadeWorld, arguments: list[str], message: str) -> None:
    done = ringfence(*arguments)
    assert (done.code, done.out) == (2, "")
    assert message in done.err


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help(ringfence: Run, command: str) -> None:
    done = ringfence(*([command] if command else []), "--help")
    assert done.code == 0
    assert done.out.startswith("Usage: ringfence")


def test_an_internal_error_is_one_line(ringfence: Run, world: HandMadeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    world.failure = KeyError("lost\x1b[2J")
    done = ringfence("can", "a", "b", "80", "-q")
    assert (done.code, done.out) == (70, "")
    assert done.err.startswith("internal error: ")
    assert done.err.count("\n") == 1
    assert "\x1b" not in done.err
    assert "report" in done.err
    monkeypatch.setenv("RINGFENCE_DEBUG", "1")
    assert "Traceback" in ringfence("can", "a", "b", "80", "-q").err


@pytest.mark.parametrize(
    "failure, code", [(KeyboardInterrupt(), 130), (BrokenPipeError(), 141), (PermissionError(13, "denied", "x"), 2)]
)
def test_other_ends(ringfence: Run, world: HandMadeWorld, failure: BaseException, code: int) -> None:
    world.failure = failure  # type: ignore[assignment]
    done = ringfence("can", "a", "b", "80", "-q")
    assert done.code == code
    assert "Traceback" not in done.err


def test_a_reader_that_leaves_is_no_error() -> None:
    command = (
        f"{sys.executable} -c 'from ringfence.cli import main; main()' completion bash | true; echo ${{PIPESTATUS[0]}}"
    )
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stdout.strip() in ("0", "141")
    assert done.stderr == ""


@pytest.mark.parametrize(
    "found, counts", [((0, 3), 3), ((3, 5), 5), ((5, 1), 1), ((1, 4), 4), ((4, 2), 2), ((2, 70), 70)]
)
def test_precedence_of_exit_codes(found: tuple[int, int], counts: int) -> None:
    assert exits.strongest(found) == exits.strongest(reversed(found)) == counts


@pytest.mark.parametrize(
    "arguments, environment, coloured",
    [
        ([], {}, False),
        (["--color", "always"], {}, True),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (["--color", "never"], {"FORCE_COLOR": "1"}, False),
    ],
)
def test_colour(
    ringfence: Run, world: HandMadeWorld, monkeypatch: pytest.MonkeyPatch, arguments: list[str],
    environment: dict[str, str], coloured: bool,
) -> None:  # fmt: skip
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    done = ringfence("map", *arguments)
    assert ("\x1b[" in done.out) == ("\x1b[" in done.err) == coloured


def test_version(ringfence: Run) -> None:
    from ringfence import __version__

    assert ringfence("version").out == ringfence("--version").out == f"ringfence {__version__}\n"
    done = subprocess.run(
        [sys.executable, "-c", "from ringfence.cli import main; main()", "version"], capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert done.stdout == f"ringfence {__version__}\n"
