"""``can --flows``: many questions as JSON Lines, answered as they come in.

A line comes back as it was, with three keys added. The values of its other keys are never looked at: they are passed on
as the bytes they are, so that identifiers and large numbers survive.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, BinaryIO, Protocol

import msgspec

from ringfence.cli import exits
from ringfence.cli.errors import CommandError
from ringfence.cli.loading import open_world
from ringfence.cli.options import Shared
from ringfence.reports.structured import ascii_json

if TYPE_CHECKING:
    from ringfence.verdict.meshed.request import Request

CHUNK = 1 << 16
LONGEST_LINE = 1 << 20
"""Bytes. A longer line is a bad line, so that endless input cannot fill the memory."""
REMEMBERED = 1 << 17
"""Different questions whose encoded answers are kept at a time."""


class Answers(Protocol):
    """What a world offers for many questions (``World.flow_answers``)."""

    def answer(
        self, src: str, dst: str, port: int | str | None, protocol: str
    ) -> tuple[str, str, list[dict[str, object]]]:
        """Verdict, reason and deciding objects. Raises ValueError for ends and ports that do not exist."""
        ...

    def layered(
        self, src: str, dst: str, port: int | str | None, protocol: str, request: Request | None
    ) -> dict[str, object] | None:
        """The keys of an answer of all layers; None where only the network has a say. Raises ValueError."""
        ...


NOTHING = msgspec.Raw(b"")


def _given(raw: msgspec.Raw) -> bool:
    """Whether a key is there with a value."""
    return bytes(raw) not in (b"", b"null")


class Question(msgspec.Struct):
    """The keys that are ours."""

    src: str
    dst: str
    port: int | str | None = None
    protocol: str | None = "TCP"
    method: str | None = None
    path: str | None = None
    host: str | None = None
    headers: msgspec.Raw = NOTHING
    jwt: msgspec.Raw = NOTHING
    identity: str | None = msgspec.field(default=None, name="as")

    @property
    def plain(self) -> bool:
        """Whether it asks about no request."""
        return (
            self.method is None
            and self.path is None
            and self.host is None
            and not _given(self.headers)
            and not _given(self.jwt)
            and self.identity is None
        )

    def request(self) -> Request | None:
        """The request that it asks about. Raises ValueError."""
        if self.plain:
            return None
        from ringfence.verdict.meshed.request import request

        headers, claims = (msgspec.json.decode(raw) if _given(raw) else None for raw in (self.headers, self.jwt))
        return request(self.method, self.path, self.host, headers, claims, self.identity)


class BadLineError(ValueError):
    """A line that is no question."""


def answer_flows(shared: Shared, file: str) -> int:
    """The exit code: 2 if any line failed, else 3 if the input was partial, else 0."""
    if file == "-":
        stream, close = sys.stdin.buffer, False
    else:
        try:
            stream, close = open(file, "rb"), True  # noqa: SIM115 - stdin must stay open, so no with
        except OSError as error:
            raise CommandError(f"cannot read {file!a}: {error.strerror}") from error
    try:
        opened = open_world(shared)
        # The stream may be endless: what was loaded stays, what bad lines leave behind is collected again.
        gc.freeze()
        gc.enable()
        failed = Answering(opened.world.flow_answers()).copy(stream, sys.stdout.buffer)
    finally:
        if close:
            stream.close()
    if failed:
        noun = "line" if failed == 1 else "lines"
        sys.stderr.write(f'error: {failed} {noun} could not be answered ("verdict": null)\n')
        return exits.USAGE
    return exits.PARTIAL if opened.context.partial else exits.OK


class Answering:
    """Turns lines into lines, remembering encoded answers."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._questions = msgspec.json.Decoder(Question)
        self._objects = msgspec.json.Decoder(dict[str, msgspec.Raw])
        self._encoder = msgspec.json.Encoder()
        self._remembered: dict[tuple[object, ...], dict[str, msgspec.Raw]] = {}

    def copy(self, stream: BinaryIO, out: BinaryIO) -> int:
        """Answers every line of ``stream`` on ``out`` as soon as it is there; how many could not be answered."""
        failed = 0
        for lines in _batches(stream):
            written: list[bytes] = []
            for line in lines:
                try:
                    written.append(self._line(line))
                except (ValueError, RecursionError) as error:
                    failed += 1
                    written.append(self._failure(line, error))
            written.append(b"")
            out.write(b"\n".join(written))
            out.flush()
        return failed

    def _line(self, line: bytes) -> bytes:
        if len(line) > LONGEST_LINE:
            raise BadLineError
        question = self._questions.decode(line)
        key: tuple[object, ...] = (question.src, question.dst, question.port, question.protocol)
        if not question.plain:
            key = (*key, question.method, question.path, question.host, question.identity)
            key = (*key, bytes(question.headers), bytes(question.jwt))
        known = self._remembered.get(key)
        if known is None:
            known = self._answer(question)
            if len(self._remembered) >= REMEMBERED:
                self._remembered.clear()
            self._remembered[key] = known
        fields = self._objects.decode(line)
        fields.update(known)
        return ascii_json(self._encoder.encode(fields))

    def _answer(self, question: Question) -> dict[str, msgspec.Raw]:
        protocol = (question.protocol or "TCP").upper()
        ends = question.src, question.dst, question.port, protocol
        encode = self._encoder.encode
        layered = self._answers.layered(*ends, question.request())
        if layered is not None:
            return {key: msgspec.Raw(encode(value)) for key, value in layered.items()}
        verdict, reason, decided_by = self._answers.answer(*ends)
        return {
            "verdict": msgspec.Raw(encode(verdict)),
            "reason": msgspec.Raw(encode(reason)),
            "decided_by": msgspec.Raw(encode(decided_by)),
        }

    def _failure(self, line: bytes, error: Exception) -> bytes:
        added = {"verdict": msgspec.Raw(b"null"), "error": msgspec.Raw(self._encoder.encode(_message(line, error)))}
        try:
            if len(line) > LONGEST_LINE:
                raise BadLineError
            return ascii_json(self._encoder.encode({**self._objects.decode(line), **added}))
        except (ValueError, RecursionError):
            text = line[:LONGEST_LINE].decode("utf-8", "replace").rstrip("\r")
            return ascii_json(self._encoder.encode({"line": text, **added}))


def _message(line: bytes, error: Exception) -> str:
    if len(line) > LONGEST_LINE:
        return f"the line is longer than {LONGEST_LINE} bytes"
    if not line.strip():
        return "the line is empty"
    if isinstance(error, RecursionError):
        return "the line is nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return "the line is not UTF-8"
    hint = getattr(error, "hint", "")
    return f"{error} ({hint})" if hint else str(error)


def _batches(stream: BinaryIO) -> Iterator[list[bytes]]:
    """Whole lines without their ends, as many as are there at a time. Of an endless line only the beginning is kept."""
    read: Callable[[int], bytes] = getattr(stream, "read1", None) or stream.read
    rest = b""
    first = True
    while chunk := read(CHUNK):
        if first:
            chunk = chunk.removeprefix(b"\xef\xbb\xbf")
            first = False
        *lines, tail = chunk.split(b"\n")
        if lines:
            lines[0] = rest + lines[0] if len(rest) <= LONGEST_LINE else rest
            rest = tail
            yield lines
        elif len(rest) <= LONGEST_LINE:
            rest += tail
    if rest:
        yield [rest]
