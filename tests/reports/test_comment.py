"""A comment of a pull request has room, and says what had none."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from ringfence.reports.comment import Comment
from ringfence.reports.coverage.markdown import markdown_lines as coverage_lines
from ringfence.reports.differences.markdown import markdown_lines as diff_lines
from ringfence.verdict.changes import Change
from tests.reports import reach_samples
from tests.reports.diff_samples import diff, row
from tests.reports.samples import HOSTILE

LONGEST = 65_536
"""What GitHub takes, in characters."""
WORDS = ["web", "é", "\U0001f525", "\u202e", "x" * 300, "\U000e0001", *HOSTILE]


def of_diff(count: int, word: str) -> str:
    every = [row(Change.NARROWED if at % 2 else Change.WIDENED, f"shop/{word}{at}") for at in range(count)]
    return "\n".join(diff_lines(diff(*every, new=tuple(f"shop/{word}-fresh-{at}" for at in range(count)))))


def of_coverage(count: int, word: str) -> str:
    return "\n".join(coverage_lines(reach_samples.many(count, word)))


@pytest.mark.parametrize("word", WORDS, ids=ascii)
@pytest.mark.parametrize("written", [of_diff, of_coverage])
def test_no_comment_is_longer_than_platforms_take(written: Callable[[int, str], str], word: str) -> None:
    text = written(1500, word)
    assert len(text) <= len(text.encode("utf-16-le", "replace")) // 2 <= LONGEST
    assert len(text.encode("utf-8", "replace")) <= LONGEST
    assert text.count("<details>") == text.count("</details>")
    shown = sum(
        line.startswith("| ") and not line.startswith(("| ---", "| Source", "| Workload", "| #"))
        for line in text.split("\n")
    )
    listed = sum(line.startswith("- ") for line in text.split("\n"))
    rows = 1500 if written is of_diff else 3000
    assert f"{rows - shown} more rows" in text.split("\n")[-1]
    if written is of_diff:
        assert f"{1500 - listed} more lines are left out" in text.split("\n")[-1]
    assert shown or len(word) > 100


@pytest.mark.parametrize("size", range(LONGEST - 900, LONGEST - 700, 7))
def test_the_last_line_that_fits_is_the_last_one(size: int) -> None:
    comment = Comment("diff", "v")
    comment.listing("List", ["é" * (size // 2), "x"])
    text = "\n".join(comment.written())
    assert len(text.encode()) <= LONGEST
    whole = "é" in text
    assert ("1 more line is left out" in text) is not whole
    assert "- x" in text


def test_what_fits_is_whole_and_says_nothing_of_left_out() -> None:
    for text in (of_diff(3, "web"), of_coverage(3, "web")):
        assert "left out;" not in text
        assert "web2" in text


def test_many_rows_of_an_open_table_are_folded() -> None:
    text = of_coverage(30, "w")
    assert "### Not closed (30)" in text
    first = re.search(r"<details><summary>10 more</summary>", text)
    assert first is not None
    assert text[: first.start()].count("| shop/w") == 20


def test_rows_that_a_limit_cut_off_are_counted_too() -> None:
    assert "7 more rows are left out; `ringfence diff -o json`" in list(diff_lines(diff(row(), left_out=7)))[-1]
    assert "4 more rows are left out" in list(coverage_lines(reach_samples.many(3), 1))[-1]
