"""Runs the programs that other sources need (git, kubectl, kustomize, helm): bounded in time and size, in a clean
environment, without a terminal, and without a network unless the user asks for one.

Programs get argument lists, never a shell's line. What they write on stderr is untrusted text, as names are.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence

from ringfence.model.text import printable
from ringfence.sources.renderable import SourceError
from ringfence.values import Value

SECONDS = 120.0
"""How long one program may take."""
MOST_OUTPUT = 512 << 20
"""Bytes that one program may write to stdout."""
MOST_WORDS = 600
"""Characters of a program's complaint that are shown."""
_MOST_COMPLAINT = 64 << 10
_CHUNK = 1 << 16

_KEPT = ("HOME", "LOGNAME", "PATH", "TMPDIR", "USER", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")
_NETWORK = (
    "ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "all_proxy", "http_proxy", "https_proxy", "no_proxy",
    "SSH_AUTH_SOCK", "SSL_CERT_DIR", "SSL_CERT_FILE",
)  # fmt: skip
_NOWHERE = "http://127.0.0.1:9"
"""A proxy that is not there (the discard port)."""
NO_NETWORK: Mapping[str, str] = {
    **dict.fromkeys(("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "http_proxy", "https_proxy"), _NOWHERE),
    "NO_PROXY": "", "no_proxy": "",
    # Git asks for nothing, runs no transport, and does not complete a partial clone.
    "GIT_ALLOW_PROTOCOL": "none", "GIT_NO_LAZY_FETCH": "1",
}  # fmt: skip
"""The second line of defence: what would be fetched was looked for and refused before."""


class ProgramError(SourceError):
    """A program that failed, or went beyond a limit. ``exit``: its exit code, None where it did not end by itself;
    ``words``: what it said."""

    def __init__(self, message: str, exit_code: int | None = None, words: str = "") -> None:
        super().__init__("", "program-failed", message)
        self.exit = exit_code
        self.words = words


class Program(Value):
    """A program that was found. ``name`` is what messages call it."""

    name: str
    path: str


def find(name: str) -> Program | None:
    """The program of that name on PATH. One in a relative folder of PATH does not count: the working directory may
    hold anything."""
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        path = os.path.join(folder, name)
        if os.path.isabs(folder) and os.path.isfile(path) and os.access(path, os.X_OK):
            return Program(name, path)
    return None


def environment(*, network: bool = False, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a program sees of ours: where to find programs, homes and caches, and with ``network`` how to get out."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    kept |= {"LC_ALL": "C.UTF-8", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
    if network:
        kept |= {name: os.environ[name] for name in _NETWORK if name in os.environ}
    else:
        kept |= NO_NETWORK
    return kept | dict(more or {})


def run(
    program: Program,
    arguments: Sequence[str],
    *,
    variables: Mapping[str, str],
    folder: str | None = None,
    stdin: bytes = b"",
    seconds: float | None = None,
    most: int | None = None,
) -> bytes:
    """What the program writes to stdout. Raises ProgramError where it cannot be run, fails, takes longer than
    ``seconds`` or writes more than ``most`` bytes; then it and all that it started is ended."""
    import tempfile

    seconds, most = SECONDS if seconds is None else seconds, MOST_OUTPUT if most is None else most
    with tempfile.TemporaryFile() as question:
        question.write(stdin)
        question.seek(0)
        try:
            child = subprocess.Popen(
                [program.path, *arguments],
                stdin=question,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=folder,
                env=dict(variables),
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            words = getattr(error, "strerror", None) or str(error)
            raise ProgramError(f"{program.name} cannot be run: {printable(words.lower())}") from error
    try:
        out, complaint = _output(child, program.name, seconds, most)
        code = child.wait(timeout=max(seconds, 1.0))
    except subprocess.TimeoutExpired as error:
        raise _too_long(program.name, seconds) from error
    finally:
        _end(child)
    if code:
        words = excerpt(complaint)
        how = f"exit code {code}" if code > 0 else f"signal {-code}"
        raise ProgramError(f"{program.name} failed ({how}){f': {words}' if words else ''}", code, words)
    return out


def _too_long(name: str, seconds: float) -> ProgramError:
    return ProgramError(f"{name} took longer than {seconds:g} seconds and was ended")


def _output(child: subprocess.Popen[bytes], name: str, seconds: float, most: int) -> tuple[bytes, bytes]:
    """Both streams, as they come in. Of stderr only the beginning is kept."""
    import selectors

    assert child.stdout is not None
    assert child.stderr is not None
    found = {child.stdout.fileno(): bytearray(), child.stderr.fileno(): bytearray()}
    out, complaint = found.values()
    deadline = time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        for descriptor in found:
            selector.register(descriptor, selectors.EVENT_READ)
        while selector.get_map():
            left = deadline - time.monotonic()
            if left <= 0:
                raise _too_long(name, seconds)
            for key, _ in selector.select(left):
                chunk = os.read(key.fd, _CHUNK)
                if not chunk:
                    selector.unregister(key.fd)
                elif key.fd == child.stdout.fileno():
                    out += chunk
                    if len(out) > most:
                        raise ProgramError(f"{name} wrote more than {most} bytes and was ended")
                elif len(complaint) < _MOST_COMPLAINT:
                    complaint += chunk
    return bytes(out), bytes(complaint)


def _end(child: subprocess.Popen[bytes]) -> None:
    """Of a program that was not waited for to its end, nothing stays behind: neither it nor what it started."""
    if child.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    for stream in (child.stdout, child.stderr):
        if stream is not None:
            stream.close()


def excerpt(complaint: bytes) -> str:
    """The beginning of what a program said, in one printable line."""
    lines = (line.strip() for line in complaint.decode("utf-8", "replace").splitlines())
    words = " / ".join(printable(line) for line in lines if line)
    return words if len(words) <= MOST_WORDS else f"{words[:MOST_WORDS]}…"
