"""Objects that a kube-apiserver 1.36.3 was asked about (dry-run creation, the experimental definitions installed), and
what it said: accepted or not, which fields it dropped, what it stored.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ringfence.model.problems import Severity
from tests.dialects.reading import Paths, of, read

RECORDED = [
    json.loads(line) for line in Path(__file__).with_name("recorded.jsonl").read_text(encoding="utf-8").splitlines()
]
LENIENT = {"sloppy-cidr", "empty-protocol"}
"""This server rejects them. They are read with a warning: older servers store the first, and the API's own text says
what the second means."""


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: f"{case['object']['kind']}")
def test_as_the_server_said(case: dict[str, Any]) -> None:
    rules, problems = read(of(case["object"], Paths()))
    rejects = [p for p in problems if p.severity is Severity.ERROR and p.message.startswith("the API server rejects")]
    undefined = [p for p in problems if p.severity is Severity.ERROR and p.message.startswith("what ")]
    assert all(p.hint for p in problems if p.severity is Severity.ERROR)
    assert len(rejects) + len(undefined) == sum(p.severity is Severity.ERROR for p in problems)
    if not case["accepted"]:
        # kubectl sends 80.0 as 80; this server was sent 80.0.
        known = {p.code for p in problems} & LENIENT or "80.0" in json.dumps(case["object"])
        assert rejects or known
        return
    assert not rejects
    assert sorted(p.place.file for p in problems if p.code == "unknown-field") == case["dropped"]
    if not undefined:
        stored, later = read(of({**case["object"], "spec": case["stored"]}, Paths()))
        assert (stored.subject, stored.ingress, stored.egress) == (rules.subject, rules.ingress, rules.egress)
        assert (stored.tier, stored.priority) == (rules.tier, rules.priority)
        assert not [p for p in later if p.severity is Severity.ERROR]
