"""Identities of namespaces that do not exist, told apart as policies tell them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

import pytest

from ringfence import load_objects
from ringfence.model.mesh import Identity
from ringfence.sets.languages import atoms
from ringfence.sets.languages.patterns import Contains, Exact, Pattern, Prefix, Regex, Suffix, Unknown, matches
from ringfence.verdict.meshed import invented
from ringfence.verdict.meshed.invented import ACCOUNT, NEW, Inventor

THERE = {"shop", "sa", "ns", "bank"}
HEAD = "spiffe://cluster.local/ns/"


def of(namespace: str, account: str) -> Identity:
    return Identity(f"{HEAD}{namespace}/sa/{account}", namespace, "cluster.local")


@pytest.mark.parametrize(
    "patterns",
    [
        [Exact(f"{HEAD}shop/sa/a")],
        [Exact(f"{HEAD}gone/sa/a")],
        [Exact(f"{HEAD}gone/sa/a"), Exact(f"{HEAD}shop/sa/a"), Exact(f"{HEAD}gone/sa/b")],
        [Exact(f"{HEAD}gone/sa/A")],
        [Exact(f"{HEAD}GONE/sa/a", ignore_case=True)],
        [Exact("spiffe://elsewhere/ns/gone/sa/a")],
        [Exact(f"{HEAD}{NEW}/sa/{ACCOUNT}")],
        [Exact(f"{HEAD}{NEW}/sa/{ACCOUNT}"), Exact(f"{HEAD}gone/sa/a")],
        [Contains("/ns/shop/")],
        [Contains("/ns/gone/"), Contains("/ns/bank/")],
        [Contains("/ns/sa/")],
        [Contains("ns/shop")],
        [Prefix(f"{HEAD}sho")],
        [Prefix(f"{HEAD}shop/"), Suffix("/sa/a")],
        [Regex(".*/ns/shop/.*"), Exact(f"{HEAD}gone/sa/a")],
        [Regex("spiffe://.+/ns/shop/(.+/|)sa/a(/.+)?")],
        [Regex(".*/ns/(shop|gone)/sa/a"), Suffix("a")],
        [Regex("[^/]*//[^/]*/ns/g[^/]*/sa/b"), Exact(f"{HEAD}gone/sa/b")],
    ],
    ids=lambda patterns: " ".join(map(str, patterns)),
)
def test_new_namespaces_are_told_apart_as_by_trying_all_names(patterns: list[Pattern]) -> None:
    # Whatever of these is a new namespace's is one of those that are told, or the one that nothing names.
    spaces = [name for name in ("gone", "go", "ns2", "sho", "shopping", "x", NEW, "a") if name not in THERE]
    # "ns" and "sa" as names of new namespaces make the words of the identity stand where names stand.
    for there in (THERE, {"shop", "bank"}, {"shop", "sa"}):
        tried = [*spaces, *sorted({"ns", "sa"} - there)]
        every = {_signs(patterns, of(*names)) for names in product(tried, ("a", "b", "x", "sa", ACCOUNT))}
        told = Inventor(there, of).told_apart(frozenset(patterns), None)
        assert told is not None
        found = {_signs(patterns, one) for one in (of(NEW, ACCOUNT), *told)}
        assert every <= found
        for one in told:
            space = one.text.removeprefix(HEAD).split("/")[0]
            assert space not in there


def _signs(patterns: Iterable[Pattern], identity: Identity) -> tuple[bool, ...]:
    return tuple(matches(one, identity.text.encode()) for one in patterns)


def test_what_is_not_known_stays_so() -> None:
    assert Inventor(THERE, of).told_apart(frozenset((Unknown("why"),)), None) is None


def test_only_one_account_of_a_namespace_that_is_named() -> None:
    told = Inventor(THERE, of).told_apart(frozenset((Exact(f"{HEAD}gone/sa/a"), Exact(f"{HEAD}lost/sa/a"))), "gone")
    assert told == (Identity(f"{HEAD}gone/sa/a", "", ""),)


def test_policies_that_name_those_who_are_there_cost_no_search(monkeypatch: pytest.MonkeyPatch) -> None:
    from bench.waypoints import objects

    searched: list[object] = []

    def counted(patterns: Iterable[Pattern], domain: object) -> object:
        searched.append(patterns)
        return atoms.atoms_of(patterns, domain)  # type: ignore[arg-type]

    monkeypatch.setattr(invented, "atoms_of", counted)
    found = load_objects(objects(40, 20, 4, 2), cni="calico").exposure()
    assert found.rows
    assert not searched
