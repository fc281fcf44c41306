"""Sets of two spaces in one: also where what one space decided is open in the other."""

from __future__ import annotations

import pytest

from ringfence.sets.languages import walks
from ringfence.sets.languages.limits import TooLarge
from ringfence.sets.languages.patterns import Contains, Exact, Numbers, Prefix, Present, Unknown
from ringfence.sets.requests.attributes import METHOD, PATH, PORT, Attribute, claim, header
from ringfence.sets.requests.dimensions import Impossible
from ringfence.sets.requests.formulas import AllOf, AnyOf, Formula, Not, Predicate, predicates_of
from ringfence.sets.requests.joining import compare, joint, moved, together
from ringfence.sets.requests.request import Request
from ringfence.sets.requests.request_sets import RequestSet
from ringfence.sets.requests.spaces import Space, Spaces

USER, GROUPS = header("x-user"), claim("groups")
MANY = "abcdefghijklmnopqrst"


def made(formula: Formula) -> RequestSet:
    return Space(predicates_of((formula,))).set_of(formula)


def containing(attribute: Attribute, letters: str) -> list[Predicate]:
    return [Predicate(attribute, Contains(letter)) for letter in letters]


def test_a_version_that_allows_more_is_wider_and_says_where() -> None:
    old = made(AllOf((Predicate(METHOD, Exact("GET")), Predicate(PATH, Prefix("/api/")))))
    new = made(AllOf((Predicate(METHOD, Exact("GET")), Predicate(PATH, Prefix("/api")))))
    comparison = compare(new, old)
    assert comparison.relation == "wider"
    assert comparison.only_left() == Request.of({METHOD: "GET", PATH: "/api"})
    assert comparison.only_right() is None
    assert compare(old, new).relation == "narrower"


def test_the_same_said_otherwise_is_equal() -> None:
    ports = [Predicate(PORT, Numbers.of(one)) for one in (80, 81, 82)]
    assert compare(made(AnyOf(tuple(ports))), made(Predicate(PORT, Numbers(((80, 82),))))).relation == "equal"


def test_an_attribute_that_only_one_side_asks_about_is_open_on_the_other() -> None:
    one = made(Predicate(USER, Exact("a")))
    other = made(Predicate(GROUPS, Exact("a")))
    comparison = compare(one, other)
    assert comparison.relation == "different"
    assert comparison.only_left() == Request.of({USER: "a"})
    assert comparison.only_right() == Request.of({GROUPS: ("a",)})


def test_the_same_open_predicate_on_both_sides_is_the_same_fact() -> None:
    cel, get = Predicate(USER, Unknown("expression")), Predicate(METHOD, Exact("GET"))
    one = made(AllOf((get, cel)))
    other = made(AllOf((cel, Not(Not(get)), Predicate(PATH, Prefix("")))))
    assert compare(one, other).relation == "equal"
    assert compare(one, made(get)).relation == "narrower"


@pytest.fixture
def few_states(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seven letters can be told apart, fourteen cannot."""
    monkeypatch.setattr(walks, "MOST_STATES", 500)


@pytest.mark.usefixtures("few_states")
def test_what_one_space_decided_may_be_open_in_both_together() -> None:
    left, right = made(AllOf(tuple(containing(USER, MANY[:7])))), made(AnyOf(tuple(containing(USER, MANY[7:14]))))
    assert not left.space.open_predicates
    assert not right.space.open_predicates
    moved_left, moved_right = together(left, right)
    assert moved_left.space.open_predicates
    for value in (None, "", "abcdefg", "gfedcba", "abcdef", "h", "n", "abcdefghijklmn", "x"):
        request = Request.of({} if value is None else {USER: value})
        assert moved_left.contains(request) == left.contains(request)
        assert moved_right.contains(request) == right.contains(request)


@pytest.mark.usefixtures("few_states")
def test_lists_whose_patterns_are_too_large_together_are_not_compared() -> None:
    left, right = (made(AnyOf(tuple(containing(GROUPS, some)))) for some in (MANY[:7], MANY[7:14]))
    with pytest.raises(TooLarge, match="too large together"):
        together(left, right)


def test_possible_is_what_is_possible_in_both() -> None:
    token, group, user = (
        Predicate(header("token"), Present()),
        Predicate(GROUPS, Exact("a")),
        Predicate(USER, Present()),
    )
    one = Space([token, group], AnyOf((Not(group), token)))
    two = Space([token, user], AnyOf((Not(user), token)))
    both = joint(one, two)
    for attributes in ({GROUPS: ("a",)}, {USER: "a"}):
        with pytest.raises(Impossible):
            both.everything.contains(Request.of(attributes))
    assert moved(one.set_of(group), both) <= both.set_of(token)
    assert moved(one.everything, both) == both.everything == moved(two.everything, both)


def test_a_table_gives_the_same_joint_space_each_time() -> None:
    spaces = Spaces()
    one, two = (made(Predicate(PATH, Exact(text))) for text in ("/a", "/b"))
    assert together(one, two, spaces)[0].space is together(two, one, spaces)[1].space
    assert joint(one.space, one.space) is one.space
    larger = Space(one.space.predicates | two.space.predicates)
    assert joint(one.space, larger) is larger
    assert joint(larger, one.space) is larger
