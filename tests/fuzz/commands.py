"""Runs commands in this process and says what no input may bring about, whatever it holds."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from ringfence.cli.running import run

ENDS_OF_COMMANDS = frozenset({0, 1, 2, 3, 5})
"""Exit codes of commands over files: 4 is for clusters, 70 for our mistakes."""

GOOD = b"""\
{apiVersion: v1, kind: Namespace, metadata: {name: good}}
---
{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: good, labels: {app: a}}, spec: {containers: [{name: c}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: b, namespace: good, labels: {app: b}}, spec: {containers: [{name: c}]}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: good},
  spec: {podSelector: {matchLabels: {app: b}}, ingress: [{from: [{podSelector: {}}], ports: [{port: 80}]}]}}
"""
"""What stands beside the file in question, so that there is always something to ask about."""

QUESTIONS = (
    ("can", "good/a", "good/b", "80", "-o", "json"),
    ("can", "internet", "good/b"),
    ("explain", "good/b", "good/a", "80/UDP"),
    ("explain", "good/a", "good/b", "81", "-o", "json"),
    ("map", "-o", "json"),
    ("map", "-o", "wide", "--level", "pod"),
    ("map", "-o", "csv", "--level", "namespace"),
    ("check", "--explain"),
    ("check", "-o", "sarif"),
    ("check", "-o", "junit"),
    ("coverage", "-o", "junit"),
    ("coverage", "-o", "md"),
    ("exposure", "-o", "json"),
)


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


class Stream(io.TextIOWrapper):
    """A text stream over bytes that knows what was written."""

    def __init__(self, content: bytes = b"") -> None:
        self.bytes = io.BytesIO(content)
        super().__init__(self.bytes, encoding="utf-8", errors="backslashreplace", write_through=True)

    def text(self) -> str:
        """All that was written."""
        self.flush()
        return self.bytes.getvalue().decode()


@contextlib.contextmanager
def working_in(folder: Path) -> Iterator[None]:
    """The folder as the working directory."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def command(*arguments: str, stdin: bytes = b"") -> Done:
    """Runs a command. What escapes from it fails the test that called."""
    out, err, before = Stream(), Stream(), sys.stdin
    sys.stdin = Stream(stdin)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run(arguments, "ringfence")
    finally:
        sys.stdin = before
    return Done(code, out.text(), err.text())


def check(done: Done, *context: object) -> None:
    """What holds for every command."""
    said = (*context, done.code, done.err[-2000:])
    assert done.code in ENDS_OF_COMMANDS, said
    assert "Traceback" not in done.err, said
    assert "internal error" not in done.err, said
    for line in (*done.out.split("\n"), *done.err.split("\n")):
        assert line.isprintable(), (line, *said)
    if done.code == 2:
        assert "error: " in done.err.lower(), said


def broken(content: bytes) -> bool:
    """Whether nobody could read the file: neither as YAML nor as JSON values one after another."""
    marked = content.startswith((b"\xff\xfe", b"\xfe\xff"))  # as YAML 1.2, section 5.2, marks UTF-16
    try:
        text = content.decode("utf-16" if marked else "utf-8-sig")
    except UnicodeDecodeError:
        return True
    try:
        for _ in yaml.parse(text, Loader=yaml.CSafeLoader):
            pass
    except yaml.YAMLError:
        return not _json_values(text)
    return False


def _json_values(text: str) -> bool:
    decoder = json.JSONDecoder()
    text = text.lstrip()
    while text:
        try:
            _, end = decoder.raw_decode(text)
        except (ValueError, RecursionError):
            return False
        text = text[end:].lstrip()
    return True


def ask(folder: Path, name: str, content: bytes, questions: tuple[tuple[str, ...], ...] = QUESTIONS) -> None:
    """Puts the file beside a good one, asks, and checks that nothing escapes and that a broken file is named."""
    file = folder / name
    (folder / "good.yaml").write_bytes(GOOD)
    file.write_bytes(content)
    unreadable = broken(content)
    try:
        for question in questions:
            done = command(*question, "-f", str(folder))
            check(done, question, content[:2000])
            if unreadable:
                assert name in done.err, (question, content[:2000], done)
                assert done.code != 0, (question, content[:2000], done)
            if "json" in question and done.out:
                assert json.loads(done.out)["partial"] or not unreadable, (question, content[:2000])
    finally:
        file.unlink()
