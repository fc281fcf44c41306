"""Sets of requests against the truth of formulas, asked request by request."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.sets.languages import walks
from ringfence.sets.languages.patterns import (
    Contains,
    Exact,
    Numbers,
    Pattern,
    Prefix,
    Present,
    Regex,
    Suffix,
    Template,
    Unknown,
    matches,
)
from ringfence.sets.requests import spaces
from ringfence.sets.requests.attributes import METHOD, PATH, PORT, Attribute, claim, header
from ringfence.sets.requests.dimensions import Impossible, Undecided
from ringfence.sets.requests.formulas import ALWAYS, NEVER, AllOf, AnyOf, Formula, Not, Predicate, predicates_of
from ringfence.sets.requests.joining import compare, together
from ringfence.sets.requests.request import Request, Value
from ringfence.sets.requests.request_sets import Bounds, RequestSet
from ringfence.sets.requests.spaces import Space, Spaces

USER, GROUPS = header("x-user"), claim("groups")
VALUES: dict[Attribute, list[Value | None]] = {
    PORT: [80, 81, 443, 9000],
    METHOD: ["GET", "POST", "X"],
    PATH: ["/", "/a", "/ab", "/a/b", "/b", "/b/a", "*"],
    USER: [None, "", "a", "ab", "ba"],
    GROUPS: [None, ("a",), ("b",), ("a", "b"), ("ab", "c"), ("c",)],
}
EVERY = [
    Request.of({attribute: value for attribute, value in zip(VALUES, values, strict=True) if value is not None})
    for values in product(*VALUES.values())
]


@pytest.fixture(autouse=True, params=["integers", "diagrams"], scope="module")
def representation(request: pytest.FixtureRequest) -> Iterator[None]:
    """Everything holds of both representations of sets."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "diagrams":
            patch.setattr(spaces, "MOST_COMBINATIONS", 0)
        yield


def asked(attribute: Attribute, *patterns: Pattern | Numbers) -> st.SearchStrategy[Formula]:
    return st.sampled_from([Predicate(attribute, pattern) for pattern in patterns])


PREDICATES = st.one_of(
    asked(PORT, Numbers.of(80), Numbers.of(80, 81, 9000), Numbers(((1, 443),))),
    asked(METHOD, Exact("GET"), Exact("POST"), Present()),
    asked(PATH, Exact("/a"), Prefix("/a"), Suffix("/b"), Prefix("/"), Template("/{*}/b"), Contains("b/")),
    asked(USER, Exact("a"), Prefix("a"), Suffix("a"), Present(), Present(empty=False)),
    asked(GROUPS, Exact("a"), Prefix("a"), Exact("b"), Present()),
)
FORMULAS: st.SearchStrategy[Formula] = st.recursive(
    PREDICATES | st.sampled_from([ALWAYS, NEVER]),
    lambda parts: (
        st.builds(AllOf, st.lists(parts, max_size=3).map(tuple))
        | st.builds(AnyOf, st.lists(parts, max_size=3).map(tuple))
        | st.builds(Not, parts)
    ),
    max_leaves=6,
)


def truth(formula: Formula, request: Request) -> bool:
    if isinstance(formula, AllOf):
        return all(truth(part, request) for part in formula.parts)
    if isinstance(formula, AnyOf):
        return any(truth(part, request) for part in formula.parts)
    if isinstance(formula, Not):
        return not truth(formula.part, request)
    value = request.get(formula.attribute)
    if value is None:
        return False
    if isinstance(formula.pattern, Numbers):
        return isinstance(value, int) and formula.pattern.has(value)
    values = value if isinstance(value, tuple) else (value,)
    return any(matches(formula.pattern, str(one).encode()) for one in values)


def space_of(*formulas: Formula) -> Space:
    return Space(predicates_of(formulas))


def members(requests: RequestSet) -> list[bool]:
    return [requests.contains(request) for request in EVERY[::11]]


@given(FORMULAS)
@settings(max_examples=50)
def test_a_set_has_the_requests_of_which_its_formula_holds(formula: Formula) -> None:
    assert members(space_of(formula).set_of(formula)) == [truth(formula, request) for request in EVERY[::11]]


@given(FORMULAS, FORMULAS)
def test_operations_are_those_of_sets(left: Formula, right: Formula) -> None:
    space = space_of(left, right)
    one, two = space.set_of(left), space.set_of(right)
    assert one & two == space.set_of(AllOf((left, right)))
    assert one | two == space.set_of(AnyOf((left, right)))
    assert one.complement() == space.set_of(Not(left))
    assert one - two == one & two.complement()
    assert (one <= two) == (one - two).is_empty() == ((one | two) == two)
    assert one.count() + one.complement().count() == space.everything.count()


@given(FORMULAS)
def test_a_witness_is_a_member_and_there_is_one_unless_the_set_is_empty(formula: Formula) -> None:
    found = space_of(formula).set_of(formula)
    witness = found.witness()
    assert (witness is None) == found.is_empty()
    if witness is not None:
        assert found.contains(witness)
        assert truth(formula, witness)


@given(FORMULAS)
@settings(max_examples=50)
def test_no_member_is_shorter_than_the_witness(formula: Formula) -> None:
    space = space_of(formula)
    witness = space.set_of(formula).witness()
    asked = {one.attribute for one in space.dimensions} - {METHOD, PORT}
    if witness is not None:
        assert all(effort(witness, asked) <= effort(one, asked) for one in EVERY[::7] if truth(formula, one))


def effort(request: Request, asked: set[Attribute]) -> tuple[int, int]:
    """How many attributes and elements it has that could be absent, and how long the texts are."""
    values = [(one, request.get(one)) for one in asked]
    texts = [
        (one.required, text)
        for one, value in values
        for text in (value if isinstance(value, tuple) else (value,))
        if isinstance(text, str)
    ]
    return sum(not required for required, _ in texts), sum(len(text) for _, text in texts)


@given(FORMULAS, FORMULAS)
@settings(max_examples=50)
def test_sets_of_two_spaces_compare_as_in_one(left: Formula, right: Formula) -> None:
    one, two = space_of(left).set_of(left), space_of(right).set_of(right)
    moved_one, moved_two = together(one, two)
    assert members(moved_one) == members(one)
    assert members(moved_two) == members(two)
    space = space_of(left, right)
    assert (moved_one == moved_two) == (space.set_of(left) == space.set_of(right))
    assert (moved_one <= moved_two) == (space.set_of(left) <= space.set_of(right))
    comparison = compare(one, two)
    for witness, inside, outside in (
        (comparison.only_left(), left, right),
        (comparison.only_right(), right, left),
    ):
        assert witness is None or (truth(inside, witness) and not truth(outside, witness))
    assert (comparison.relation == "equal") == (comparison.only_left() is None and comparison.only_right() is None)


@given(FORMULAS)
@settings(max_examples=50)
def test_pieces_are_exactly_the_set(formula: Formula) -> None:
    found = space_of(formula).set_of(formula)
    pieces = found.pieces()
    for request in EVERY[::7]:
        assert pieces.holds(request) == truth(formula, request)
    assert pieces == (space_of(formula, formula).set_of(Not(Not(formula)))).pieces()


def test_what_is_absent_matches_no_positive_predicate_and_every_negative_one() -> None:
    asks = Predicate(USER, Exact("a"))
    space = space_of(asks)
    assert not space.set_of(asks).contains(Request.of({}))
    assert space.set_of(Not(asks)).contains(Request.of({}))
    assert space.set_of(Not(asks)).witness() == Request.of({})


def test_some_element_of_a_list_matches() -> None:
    a, b = Predicate(GROUPS, Exact("a")), Predicate(GROUPS, Exact("b"))
    both = space_of(a, b).set_of(AllOf((a, b)))
    assert both.contains(Request.of({GROUPS: ("b", "a")}))
    assert not both.contains(Request.of({GROUPS: ("a",)}))
    assert both.witness() == Request.of({GROUPS: ("a", "b")})


def test_a_pattern_that_is_not_known_leaves_bounds() -> None:
    unknown, get = Predicate(USER, Unknown("cel")), Predicate(METHOD, Exact("GET"))
    space = space_of(unknown, get)
    found = space.set_of(AllOf((get, unknown)))
    surely, possibly = found.surely(), found.possibly()
    assert surely.is_empty()
    assert possibly == space.set_of(get) & space.set_of(unknown).possibly()
    assert not possibly.contains(Request.of({METHOD: "GET"})), "without the header it does not match"
    assert found.holds(Request.of({METHOD: "GET", USER: "a"})) is None
    assert found.holds(Request.of({METHOD: "POST", USER: "a"})) is False
    with pytest.raises(Undecided, match="cel"):
        found.contains(Request.of({METHOD: "GET", USER: "a"}))
    assert space.set_of(AnyOf((unknown, Not(unknown)))).is_everything()


def test_patterns_that_are_too_large_together_are_left_open_and_can_still_be_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(walks, "MOST_STATES", 500)
    letters = [Predicate(USER, Contains(letter)) for letter in "abcdefghijklmnopqrst"]
    toxic = Predicate(USER, Regex("(a|b)*a(a|b){20}"))
    exact = Predicate(USER, Exact("abc"))
    space = space_of(*letters, toxic, exact, Predicate(USER, Prefix("0")))
    assert toxic in space.open_predicates
    assert exact not in space.open_predicates
    decided = [one for one in letters if one not in space.open_predicates]
    assert len(decided) > 5
    every = space.set_of(AllOf((*letters, Not(toxic))))
    assert every.contains(Request.of({USER: "qrstabcdefghijklmnop"}))
    assert not every.contains(Request.of({USER: "abcdefghijklm"}))
    assert not space.set_of(toxic).contains(Request.of({USER: "a"}))
    assert space.set_of(toxic).contains(Request.of({USER: "a" * 21}))
    assert every.surely().is_empty()
    none = space.set_of(AllOf((*(Not(one) for one in letters), Not(toxic), Predicate(USER, Prefix("0")))))
    assert none.surely().is_empty()
    assert none.witness() == Request.of({USER: "0"}), "found by trying"
    assert every.possibly() == space.set_of(AllOf(tuple(decided))).possibly()
    assert space.set_of(AnyOf((exact, toxic))).surely() == space.set_of(exact).surely()


@given(FORMULAS, FORMULAS)
@settings(max_examples=50)
def test_bounds_hold_what_is_between(left: Formula, right: Formula) -> None:
    unknown = Predicate(USER, Unknown("cel"))
    mixed = AnyOf((AllOf((unknown, left)), AllOf((Not(unknown), right))))
    space = space_of(mixed)
    bounds = space.bounds_of(mixed)
    assert bounds.surely <= bounds.possibly
    for request in EVERY[::17]:
        outcomes = (
            {truth(left, request), truth(right, request)} if request.get(USER) is not None else {truth(right, request)}
        )
        assert bounds.holds(request) == (outcomes.pop() if len(outcomes) == 1 else None)


def test_bounds_are_a_pair_of_sets() -> None:
    get, post = Predicate(METHOD, Exact("GET")), Predicate(METHOD, Exact("POST"))
    space = space_of(get, post)
    custom = Bounds(space.nothing, space.set_of(get))
    known = Bounds.exactly(space.set_of(post))
    assert (custom | known).surely == space.set_of(post)
    assert (custom | known).possibly == space.set_of(AnyOf((get, post)))
    assert (known - custom) == known
    assert (Bounds.exactly(space.everything) - custom).surely == space.set_of(Not(get))
    assert custom.complement() == Bounds(space.set_of(Not(get)), space.everything)
    assert known.is_known()
    assert not custom.is_known()


def test_requests_that_cannot_be_are_no_difference() -> None:
    token, group = Predicate(header("token"), Present()), Predicate(GROUPS, Exact("a"))
    possible = AnyOf((Not(group), token))
    space = Space([token, group], possible)
    assert space.set_of(AllOf((token, group))) == space.set_of(group)
    with pytest.raises(Impossible):
        space.everything.contains(Request.of({GROUPS: ("a",)}))


def test_sets_of_two_spaces_do_not_mix() -> None:
    one, two = Predicate(PATH, Exact("/a")), Predicate(PATH, Exact("/b"))
    with pytest.raises(ValueError, match="bring them together"):
        _ = space_of(one).set_of(one) == space_of(two).set_of(two)


def test_projections_say_which_values_members_have() -> None:
    get, post, eighty = (
        Predicate(METHOD, Exact("GET")),
        Predicate(METHOD, Exact("POST")),
        Predicate(PORT, Numbers.of(80)),
    )
    space = space_of(get, post, eighty)
    found = space.set_of(AnyOf((AllOf((get, eighty)), AllOf((post, Not(eighty))))))
    assert found.projection(METHOD) == space.set_of(AnyOf((get, post)))
    assert (found & space.set_of(eighty)).projection(METHOD) == space.set_of(get)
    assert found & space.like(Request.of({PORT: 80})) == space.set_of(AllOf((get, eighty)))


def test_a_table_of_spaces_makes_each_once() -> None:
    table, asks = Spaces(), Predicate(PATH, Exact("/a"))
    assert table.of([asks]) is table.of([asks, asks])
