"""Open facts: three-valued truth of conditions, and addresses of which two pods never share one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.layers.network.facts import (
    ALWAYS,
    BOOLEAN,
    FALSE,
    OWN_ADDRESS,
    TRUE,
    Condition,
    Domain,
    Literal,
    Role,
    Taken,
    Variable,
    both,
    consistent,
    empty,
    holds,
    truth,
    without,
)
from ringfence.sets import addresses as ip
from ringfence.sets.labels import ANY_VALUE, SOME_VALUE, ValueSet

NONE = Taken(())
FLAG = Variable("cni", None, "flag", BOOLEAN)
LABEL = Variable("pod-label", "src", "app", ANY_VALUE)
HAS_A = ValueSet(frozenset({"a"}), False, False)


def address(role: Role, *texts: str, name: str = "pod") -> Variable:
    return Variable("address", role, name, ip.canonical(ip.cidr(text) for text in texts))


def condition(*literals: tuple[Variable, Domain]) -> Condition:
    return frozenset(Literal(variable, within) for variable, within in literals)


SAMPLES: list[tuple[Domain, Domain]] = [
    (BOOLEAN, TRUE),
    (SOME_VALUE, HAS_A),
    (ip.EVERY_IPV4, (ip.cidr("10.0.0.0/8"),)),
]


@pytest.mark.parametrize(("domain", "part"), SAMPLES)
def test_a_part_and_the_rest_make_up_the_domain(domain: Domain, part: Domain) -> None:
    variable = Variable("cni", None, "x", domain)
    rest = without(domain, part)
    assert both(domain, part) == part
    assert empty(variable, both(part, rest), NONE)
    assert not empty(variable, rest, NONE)
    assert empty(variable, without(domain, domain), NONE)


@pytest.mark.parametrize(
    ("within", "assigned", "expected"),
    [
        (TRUE, None, None),
        (TRUE, TRUE, True),
        (TRUE, FALSE, False),
        (BOOLEAN, None, True),
        (frozenset(), None, False),
    ],
)
def test_a_literal_is_decided_as_soon_as_the_domain_decides_it(
    within: frozenset[str], assigned: frozenset[str] | None, expected: bool | None
) -> None:
    assert truth(Literal(FLAG, within), {} if assigned is None else {FLAG: assigned}, NONE) is expected


@pytest.mark.parametrize(
    ("flag", "label", "expected"),
    [
        (TRUE, HAS_A, True),
        (TRUE, SOME_VALUE, None),
        (BOOLEAN, HAS_A, None),
        (FALSE, SOME_VALUE, False),
        (BOOLEAN, HAS_A.complement(), False),
    ],
)
def test_a_condition_is_a_three_valued_conjunction(flag: Domain, label: Domain, expected: bool | None) -> None:
    asked = condition((FLAG, TRUE), (LABEL, HAS_A))
    assert holds(asked, {FLAG: flag, LABEL: label}, NONE) is expected


def test_no_literals_hold_always() -> None:
    assert holds(ALWAYS, {}, NONE) is True


@given(st.sets(st.integers(0, 40)), st.integers(0, 40), st.integers(0, 40))
def test_free_addresses_are_counted_without_the_taken_ones(taken: set[int], low: int, high: int) -> None:
    space = ip.canonical([(low, high)])
    free = set(range(low, high + 1)) - taken
    assert Taken(taken).free(space) == len(free)
    assert Taken(taken).the_free_one(space) == (free.pop() if len(free) == 1 else None)


@pytest.mark.parametrize(("taken", "expected"), [((), None), (("10.0.0.0", "10.0.0.1"), False), (("10.0.0.0",), None)])
def test_a_pod_never_has_an_address_that_the_input_gives_away(taken: tuple[str, ...], expected: bool | None) -> None:
    inside = Literal(address("src", "10.0.0.0/8"), (ip.cidr("10.0.0.0/31"),))
    assert truth(inside, {}, Taken(map(ip.address, taken))) is expected


def test_a_node_may_have_the_addresses_that_are_its_own() -> None:
    own = address("src", "10.0.0.0/31", name=OWN_ADDRESS)
    assert truth(Literal(own, (ip.cidr("10.0.0.0/32"),)), {}, Taken([ip.address("10.0.0.0")])) is None


@pytest.mark.parametrize(
    ("source", "destination", "possible"),
    [
        ("10.0.0.1/32", "10.0.0.1/32", False),
        ("10.0.0.1/32", "10.0.0.2/32", True),
        ("10.0.0.0/31", "10.0.0.0/31", True),
        ("10.0.0.4/31", "10.0.0.5/32", False),
    ],
)
def test_two_pods_never_share_an_address(source: str, destination: str, possible: bool) -> None:
    """10.0.0.4 is taken, so that of 10.0.0.4/31 one address is left."""
    left, right = address("src", "10.0.0.0/8"), address("dst", "10.0.0.0/8")
    facts = {left: (ip.cidr(source),), right: (ip.cidr(destination),)}
    assert consistent(facts, Taken([ip.address("10.0.0.4")])) is possible
