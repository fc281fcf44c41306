from __future__ import annotations

import json

import pytest

from ringfence.rules.baseline import VERSION, Entry
from ringfence.rules.finding import Subject
from ringfence.sources.baselines import KIND, BaselineError, baseline_document, read_baseline

FIRST = Entry("NP-001", Subject("Namespace", "", "shop"), ("open",), "f" * 32)
SECOND = Entry("NP-005", Subject("NetworkPolicy", "shop", "db"), ("app=x", "y"), "0" * 32)


def test_a_baseline_is_read_as_it_was_written_in_any_order() -> None:
    one = json.dumps(baseline_document([FIRST, SECOND]))
    assert one == json.dumps(baseline_document([SECOND, FIRST, SECOND]))
    assert read_baseline(one.encode()) == [FIRST, SECOND]


@pytest.mark.parametrize(
    "data, words",
    [
        (b"", "no baseline"),
        (b"[]", "no baseline"),
        (b"{", "no baseline"),
        (b'{"kind": "\xff"}', "no baseline"),
        (b"[" * 100_000, "no baseline"),
        (json.dumps({"kind": "Other", "version": 1, "findings": []}).encode(), "kind 'Other'"),
        (json.dumps({"kind": KIND, "version": VERSION, "findings": [{"rule": 1}]}).encode(), "no baseline"),
        (json.dumps({"kind": KIND, "version": 0, "findings": []}).encode(), "no baseline version 0"),
    ],
)
def test_what_is_no_baseline_is_said(data: bytes, words: str) -> None:
    with pytest.raises(BaselineError, match=words) as caught:
        read_baseline(data)
    assert caught.value.hint


def test_a_newer_baseline_is_not_guessed_at() -> None:
    newer = json.dumps({"kind": KIND, "version": VERSION + 1, "entries": {"other": "shape"}}).encode()
    with pytest.raises(BaselineError, match=f"version {VERSION + 1}") as caught:
        read_baseline(newer)
    assert "newer ringfence" in caught.value.hint
