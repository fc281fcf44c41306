"""What is being done is told on terminals only, and an interrupted command says nothing."""

from __future__ import annotations

import io
import signal
import subprocess
import sys
import time

import pytest

from ringfence.cli import progress as told
from ringfence.cli.progress import CLEAR, progress

START = """
import signal
# Whoever runs the tests in the background may have told all of them to ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)
from ringfence.cli import main
print("ready", flush=True)
main()
"""
MANIFEST = b"apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(told, "AFTER", 0.0)
    monkeypatch.setattr(told, "EVERY", 0.001)
    monkeypatch.setenv("TERM", "xterm")


def wait_for(stream: io.StringIO, words: str) -> None:
    for _ in range(5000):
        if words in stream.getvalue():
            return
        time.sleep(0.001)
    raise AssertionError(f"{words!r} is not in {stream.getvalue()!r}")


def test_a_terminal_is_told_and_cleared() -> None:
    stream = Terminal()
    with progress("reading", False, stream) as tell:
        wait_for(stream, "reading ... 0 s")
        assert tell is not None
        tell("grouping 3 pods")
        wait_for(stream, "grouping 3 pods ... 0 s")
    assert stream.getvalue().endswith(CLEAR)
    assert "\n" not in stream.getvalue()


def test_what_is_done_soon_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(told, "AFTER", 60.0)
    stream = Terminal()
    with progress("reading", False, stream):
        pass
    assert stream.getvalue() == ""


@pytest.mark.parametrize(
    "stream, quiet, terminal",
    [(io.StringIO(), False, "xterm"), (Terminal(), True, "xterm"), (Terminal(), False, "dumb")],
)
def test_nobody_else_is_told(stream: io.StringIO, quiet: bool, terminal: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", terminal)
    with progress("reading", quiet, stream) as tell:
        time.sleep(0.01)
        assert tell is None
    assert stream.getvalue() == ""


def test_the_line_is_gone_before_an_error_is_told() -> None:
    stream = Terminal()
    try:
        with progress("reading", False, stream):
            wait_for(stream, "reading")
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        stream.write("error")
    assert stream.getvalue().endswith(f"{CLEAR}error")


def test_control_c_ends_a_command_that_reads() -> None:
    command = [sys.executable, "-c", START, "map", "-f", "-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b"ready\n"
        # More than a pipe holds: when all is written, most was read, so the command has begun.
        process.stdin.write(MANIFEST + b"# more\n" * 100_000)
        process.stdin.flush()
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        assert process.stderr.read() == b""


def test_control_c_ends_a_command_that_is_still_starting() -> None:
    program = """
import sys
class Interrupted:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "ringfence.cli.running":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupted)
from ringfence.cli import main
main()
"""
    done = subprocess.run([sys.executable, "-c", program, "map"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
