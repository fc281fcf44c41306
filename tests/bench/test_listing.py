"""Our own list is read as it is printed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bench import listing


def document(**row: Any) -> str:
    ports = [{"protocol": "TCP", "first": 80, "last": 80}, {"protocol": "UDP", "first": 1, "last": 65535}]
    return json.dumps(
        {"rows": [{"sources": ["n/a"], "destinations": ["n/b"], "ports": ports, "verdict": "allowed"} | row]}
    )


def test_a_row_is_every_pair_of_it() -> None:
    found = list(listing.rows(document(sources=["n/a", "n/c"], destinations=["n/b", "10.0.0.0/31, 2001:db8::/32"])))
    ports = "TCP 80-80,UDP 1-65535"
    ends = [(s, d) for s in ("n/a", "n/c") for d in ("n/b", "10.0.0.0-10.0.0.1")]
    assert found == [(source, destination, ports) for source, destination in ends]


def test_nodes_are_not_compared_even_where_they_are_unknown() -> None:
    assert list(listing.rows(document(sources=["node/n"], verdict="unknown"))) == []


def test_an_unknown_pair_is_an_error() -> None:
    with pytest.raises(AssertionError, match="unknown"):
        list(listing.rows(document(verdict="unknown")))
