"""Principals of the mesh stand for all of its trust domains (cases of istio's ``trustdomain/bundle_test.go``)."""

from __future__ import annotations

import pytest

from ringfence.dialects.istio.trust_domains import domains_with_aliases, with_aliases

REST = "/ns/foo/sa/bar"


@pytest.mark.parametrize(
    "domains, principal, expected",
    [
        (("td2", "td1"), f"td1{REST}", [f"td2{REST}", f"td1{REST}"]),
        (("td2", "td1"), f"cluster.local{REST}", [f"td2{REST}", f"td1{REST}"]),
        (("td1",), f"some-td{REST}", [f"some-td{REST}"]),
        (("td1", "foobar"), f"*bar{REST}", [f"td1{REST}", f"*bar{REST}"]),
        (("new-td", "old-td"), f"*-td{REST}", [f"*-td{REST}"]),
        (("foo1", "foo2"), f"foo*{REST}", [f"foo1{REST}", f"foo2{REST}"]),
        (("td2", "td1"), f"*{REST}", [f"*{REST}"]),
        (("td2", "td1"), "*", ["*"]),
        (("td2", "td1"), "td1/ns/foo/*", ["td1/ns/foo/*"]),
        ((), f"cluster.local{REST}", [f"cluster.local{REST}"]),
    ],
)
def test_principals(domains: tuple[str, ...], principal: str, expected: list[str]) -> None:
    assert with_aliases([principal], domains) == expected


def test_domains() -> None:
    assert domains_with_aliases(["td1", "x"], ("td2", "td1")) == ["td2", "td1", "x"]
