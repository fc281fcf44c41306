"""``can --flows``: a line out for every line in."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from ringfence.cli.flows import CHUNK, LONGEST_LINE, Answering
from tests.cli.conftest import HandMadeWorld, Run

GOOD = b'{"src":"shop/web","dst":"shop/db","port":5432}'


def answers(stdin: bytes) -> tuple[list[dict[str, Any]], int]:
    out = io.BytesIO()
    failed = Answering(HandMadeWorld()).copy(io.BytesIO(stdin), out)
    return [json.loads(line) for line in out.getvalue().splitlines()], failed


def test_a_line_comes_back_with_its_answer() -> None:
    (line,), failed = answers(GOOD)
    assert failed == 0
    assert line == {
        "src": "shop/web", "dst": "shop/db", "port": 5432, "verdict": "denied", "reason": "isolated",
        "decided_by": [{
            "layer": "network", "direction": "ingress", "kind": "NetworkPolicy", "namespace": "shop",
            "name": "db-ingress", "rule": 0, "file": "base/netpol.yaml", "line": 12,
        }],
    }  # fmt: skip


def test_unknown_keys_are_kept_as_they_are() -> None:
    out = io.BytesIO()
    Answering(HandMadeWorld()).copy(
        io.BytesIO(b'{"id":12345678901234567890123,"x":1.50,"y":{"z":[1]},' + GOOD[1:]), out
    )
    assert out.getvalue().startswith(b'{"id":12345678901234567890123,"x":1.50,"y":{"z":[1]},"src"')


def test_each_different_question_is_asked_once() -> None:
    world = HandMadeWorld()
    different = [
        {"src": source, "dst": destination, "port": port, "protocol": protocol}
        for source in "ab" for destination in "cd" for port in (1, "1") for protocol in ("TCP", "UDP")
    ]  # fmt: skip
    lines = "".join(json.dumps(question) + "\n" for question in different * 2)
    Answering(world).copy(io.BytesIO(lines.encode()), io.BytesIO())
    assert world.asked == [tuple(question.values()) for question in different]


def test_order_is_kept_and_memory_makes_no_difference() -> None:
    questions = [
        {"src": f"a/{number % 7}", "dst": "b/c", "port": 1 + number % 3, "id": number} for number in range(5000)
    ]
    lines, failed = answers("".join(json.dumps(question) + "\n" for question in questions).encode())
    assert failed == 0
    assert [line["id"] for line in lines] == list(range(5000))


@pytest.mark.parametrize(
    "line, message",
    [
        (b"", "the line is empty"),
        (b"nope", "malformed"),
        (b"[1]", "Expected `object`"),
        (b'{"src":"a"}', "dst"),
        (b'{"src":1,"dst":"b"}', "$.src"),
        (b'{"src":"a","dst":"b","port":true}', "$.port"),
        (b'{"src":"a","dst":"b","port":"nameless"}', "no port is called nameless"),
        (b'{"src":"shop/nobody","dst":"b"}', "did you mean shop/somebody?"),
        (b'{"src":"\xff","dst":"b"}', "UTF-8"),
        (b'{"src":"a","dst":"shop/nobody","x":"\xff"}', "shop/nobody"),
        (b'{"src":"a","dst":"b","x":' + b"[" * 50000 + b"]" * 50000 + b"}", "nested too deeply"),
        (GOOD + b" " * LONGEST_LINE, "longer than"),
        (GOOD + b" " * (LONGEST_LINE + 3 * CHUNK) + b"x", "longer than"),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_a_bad_line_fails_alone(line: bytes, message: str) -> None:
    lines, failed = answers(GOOD + b"\n" + line + b"\n" + GOOD + b"\n")
    assert failed == 1
    assert [found["verdict"] for found in lines] == ["denied", None, "denied"]
    assert message in lines[1]["error"]


def test_a_bad_line_keeps_its_keys() -> None:
    (line,), _ = answers(b'{"src":"shop/nobody","dst":"b","id":7}')
    assert (line["src"], line["id"]) == ("shop/nobody", 7)
    (line,), _ = answers(b"not \xff JSON")
    assert line["line"] == "not \ufffd JSON"


def test_line_ends_and_marks_of_windows() -> None:
    lines, failed = answers(b"\xef\xbb\xbf" + GOOD + b"\r\n" + GOOD + b"\r\n")
    assert (len(lines), failed) == (2, 0)


def test_lines_are_plain_characters() -> None:
    out = io.BytesIO()
    line = '{"src":"shop/web","dst":"shop/db","note":"\u202e\x7f"}'.encode()
    Answering(HandMadeWorld()).copy(io.BytesIO(line), out)
    assert out.getvalue().isascii()
    assert b"\x7f" not in out.getvalue()
    assert json.loads(out.getvalue())["note"] == "\u202e\x7f"


def test_defaults(world: HandMadeWorld) -> None:
    lines = b'{"src":"a","dst":"b"}\n{"src":"a","dst":"b","port":"http","protocol":"udp"}\n'
    Answering(world).copy(io.BytesIO(lines), io.BytesIO())
    assert world.asked == [("a", "b", None, "TCP"), ("a", "b", "http", "UDP")]


@pytest.mark.parametrize("partial, stdin, code", [(False, GOOD, 0), (True, GOOD, 3), (True, GOOD + b"\n{}", 2)])
def test_exit_codes(ringfence: Run, world: HandMadeWorld, partial: bool, stdin: bytes, code: int) -> None:
    world.partial = partial
    done = ringfence("can", "--flows", "-", stdin=stdin)
    assert done.code == code
    assert len(done.out.splitlines()) == len(stdin.splitlines())


def test_questions_from_a_file(ringfence: Run, world: HandMadeWorld, tmp_path: Path) -> None:
    (tmp_path / "flows.jsonl").write_bytes(GOOD + b"\n")
    assert json.loads(ringfence("can", "--flows", "flows.jsonl").out)["verdict"] == "denied"


class Out(io.BytesIO):
    """Knows what was flushed."""

    flushed = b""

    def flush(self) -> None:
        self.flushed = self.getvalue()


class Slow:
    """A pipe that gives one line at a time."""

    def __init__(self, out: Out) -> None:
        self.out, self.lines = out, [GOOD + b"\n", GOOD + b"\n"]
        self.seen: list[int] = []

    def read1(self, size: int) -> bytes:
        self.seen.append(self.out.flushed.count(b"\n"))
        return self.lines.pop(0) if self.lines else b""


def test_answers_do_not_wait_for_the_end_of_the_input() -> None:
    out = Out()
    slow = Slow(out)
    Answering(HandMadeWorld()).copy(slow, out)  # type: ignore[arg-type]
    assert slow.seen == [0, 1, 2]
