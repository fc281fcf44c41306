from __future__ import annotations

import pytest

from tests.rules.checking import messages, policy

RULE = "NP-013"
TO = "[{to: [{podSelector: {matchLabels: {app: db}}}]}]"


@pytest.mark.parametrize(
    "spec, words",
    [
        (f"{{podSelector: {{}}, egress: {TO}}}", "egress rules only, and without policyTypes it closes ingress too"),
        (f"{{podSelector: {{}}, policyTypes: [], egress: {TO}}}", "closes ingress too"),
        ("{podSelector: {}}", "no rules, and without policyTypes it closes ingress and not egress"),
    ],
)
def test_the_default_is_not_what_it_seems(spec: str, words: str) -> None:
    (message,) = messages(RULE, policy("p", spec))
    assert words in message


@pytest.mark.parametrize(
    "spec",
    [
        f"{{podSelector: {{}}, policyTypes: [Egress], egress: {TO}}}",
        "{podSelector: {}, policyTypes: [Ingress]}",
        "{podSelector: {}, ingress: []}",
        "{podSelector: {}, ingress: [{}]}",
        f"{{podSelector: {{}}, ingress: [{{}}], egress: {TO}}}",
        f"{{podSelector: {{}}, ingress: [], egress: {TO}}}",
        "{podSelector: {}, egress: []}",
    ],
)
def test_policies_that_show_what_they_govern(spec: str) -> None:
    assert messages(RULE, policy("p", spec)) == []
