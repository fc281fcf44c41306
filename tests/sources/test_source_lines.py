"""Lines for explanations, and none of a Secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringfence.sources import source_lines
from ringfence.sources.source_lines import source_line

TEXT = """apiVersion: v1
kind: Pod
---
apiVersion: v1
data:
  password: hunter2
text: "over
two lines"
kind: "Secr\\x65t"
---
apiVersion: v1
kind: List
items:
- kind: Pod
- stringData: {a: hunter2}
  kind: Secret
- kind: Service
"""


def visible(path: Path) -> list[int]:
    return [line for line in range(1, 30) if source_line(str(path), line) is not None]


def test_lines_of_secrets_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(TEXT)
    shown = [source_line(str(path), line) or "" for line in range(1, 30)]
    assert shown[0] == "apiVersion: v1"
    assert shown[13] == "- kind: Pod"
    assert "hunter2" not in "".join(shown)
    assert "two lines" not in "".join(shown)


def test_a_document_that_cannot_be_understood_and_speaks_of_secrets_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a: 1\n---\nkind: Secret\ndata: [hunter2\n---\nb: 1\n")
    assert [line for line in visible(path) if line <= 6] == [1, 6]


def test_json(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(
        '{"items": [\n{"kind": "Pod"},\n{"kind": "Secret",\n"data": {"a": "hunter2"}},\n{"kind": "Service"}\n]}'
    )
    assert source_line(str(path), 2) == '{"kind": "Pod"},'
    assert source_line(str(path), 3) is None
    assert source_line(str(path), 4) is None


@pytest.mark.parametrize(
    "file, line", [("-", 1), ("", 1), ("nope.yaml", 1), ("<object 1>", 1), ("/dev/zero", 1), ("\0", 1), (".", 1)]
)
def test_what_is_no_file(file: str, line: int) -> None:
    assert source_line(file, line) is None


def test_lines_that_are_not_there_and_long_ones(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("x" * 5000)
    assert source_line(str(path), 0) is None
    assert source_line(str(path), 2) is None
    assert len(source_line(str(path), 1) or "") == source_lines.LONGEST


def test_big_files_are_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_lines, "_SMALL", 3)
    path = tmp_path / "a.yaml"
    path.write_text("kind: Pod\na: 1\n")
    assert source_line(str(path), 2) == "a: 1"
    path.write_text("kind: Secret\na: 1\n")
    assert source_line(str(path), 2) is None


def test_a_file_that_changed_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a: 1\n")
    assert source_line(str(path), 1) == "a: 1"
    path.write_text("ab: 12\n")
    assert source_line(str(path), 1) == "ab: 12"
