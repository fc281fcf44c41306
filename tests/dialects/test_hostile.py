"""Whatever an object holds, reading it gives a policy and problems, never an exception."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.dialects import READERS
from ringfence.model.policy import Tier
from ringfence.model.problems import Severity
from tests.dialects.reading import of, read

WORDS = [
    "spec", "metadata", "name", "namespace", "labels", "podSelector", "namespaceSelector", "ipBlock", "from", "to",
    "ports", "port", "endPort", "protocol", "cidr", "except", "policyTypes", "ingress", "egress", "matchLabels",
    "matchExpressions", "key", "operator", "values", "subject", "namespaces", "pods", "networks", "nodes",
    "domainNames", "tcp", "udp", "destinationPort", "destinationNamedPort", "number", "range", "start", "end",
    "action", "tier", "priority", "protocols", "portNumber", "portRange", "namedPort", "annotations", "finalizers",
    "ownerReferences",
]  # fmt: skip
VALUES = (
    "In",
    "Exists",
    "Admin",
    "Deny",
    "Accept",
    "Allow",
    "Ingress",
    "TCP",
    "10.0.0.0/8",
    "::/0",
    "a.b",
    "80",
    "\x1b[2J",
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(VALUES)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4),
    max_leaves=25,
)


@pytest.mark.parametrize("identity", list(READERS), ids=lambda identity: identity[1])
@given(metadata=ANYTHING, spec=ANYTHING)
def test_nothing_is_raised(identity: tuple[str, str], metadata: Any, spec: Any) -> None:
    rules, problems = read(of({"apiVersion": identity[0], "kind": identity[1], "metadata": metadata, "spec": spec}))
    assert (rules.tier is Tier.NETWORK_POLICY) == (identity[1] == "NetworkPolicy")
    faulty = any(problem.severity is Severity.ERROR for problem in problems)
    assert faulty or not rules.broken
    for direction in rules.broken:
        assert rules.rules(direction) == ()


@pytest.mark.parametrize("identity", list(READERS), ids=lambda identity: identity[1])
def test_long_values_are_cut_in_messages(identity: tuple[str, str]) -> None:
    name = "A" * 10_000
    spec = {name: name, "ingress": [10**5000, {name: 1}], "priority": 10**5000, "egress": name, "policyTypes": [name]}
    _, problems = read(of({"apiVersion": identity[0], "kind": identity[1], "metadata": {"name": name}, "spec": spec}))
    assert problems
    assert all(len(problem.message) < 500 for problem in problems)
