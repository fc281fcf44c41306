"""Sets of requests as people read them."""

from __future__ import annotations

import pytest

from ringfence.sets.languages.limits import TooLarge
from ringfence.sets.languages.patterns import Exact, Numbers, Prefix, Present, Suffix, Template, Unknown
from ringfence.sets.requests.attributes import HOST, METHOD, PATH, PORT, claim, header
from ringfence.sets.requests.formulas import ALWAYS, NEVER, AllOf, AnyOf, Formula, Not, Predicate, predicates_of
from ringfence.sets.requests.spaces import Space

GET, POST = Predicate(METHOD, Exact("GET")), Predicate(METHOD, Exact("POST"))
API, ADMIN = Predicate(PATH, Prefix("/api/")), Predicate(PATH, Prefix("/api/admin/"))
HEALTH = Predicate(PATH, Exact("/health"))
USER = Predicate(header("X-User"), Present())
STAFF, ROOT = Predicate(claim("groups"), Prefix("staff-")), Predicate(claim("groups"), Exact("staff-root"))
EIGHTY, LOW = Predicate(PORT, Numbers.of(80)), Predicate(PORT, Numbers(((1, 1023),)))
EXAMPLE = Predicate(HOST, Suffix(".example.com", ignore_case=True))
CEL = Predicate(header("x-user"), Unknown("expression"))


@pytest.mark.parametrize(
    ("formula", "lines"),
    [
        (ALWAYS, ["any request"]),
        (NEVER, ["no request"]),
        (AllOf((GET, API)), ["method GET, path /api/*"]),
        (AnyOf((GET, POST)), ["method GET or POST"]),
        (Not(AnyOf((GET, POST))), ["method any except GET, POST"]),
        (AnyOf((AllOf((GET, API)), HEALTH)), ["method GET, path /api/*", "path /health"]),
        (AllOf((API, Not(ADMIN))), ["path /api/* except /api/admin/*"]),
        (Not(AllOf((API, Not(ADMIN)))), ["path any except /api/* or /api/admin/*"]),
        (Not(AllOf((GET, ADMIN))), ["any request except", "method GET, path /api/admin/*"]),
        (AllOf((GET, USER)), ["method GET, header[x-user] any"]),
        (AllOf((GET, Not(USER))), ["method GET, header[x-user] absent"]),
        (Not(EXAMPLE), ["host any except *.example.com or absent"]),
        (AllOf((LOW, Not(EIGHTY))), ["port 1-79, 81-1023"]),
        (STAFF, ["claim[groups] staff-*"]),
        (AllOf((STAFF, Not(ROOT))), ["claim[groups] staff-* except staff-root, no claim[groups] staff-root"]),
        (AllOf((GET, Predicate(PATH, Template("/v/{*}/x")))), ["method GET, path /v/{*}/x"]),
        (AllOf((GET, CEL)), ["method GET, header[x-user] expression"]),
        (Not(CEL), ["header[x-user] any except expression or absent"]),
        (
            AnyOf((AllOf((GET, API, Not(ADMIN))), AllOf((POST, USER)), HEALTH)),
            ["method GET, path /api/* except /api/admin/*", "path /health", "method POST, header[x-user] any"],
        ),
    ],
)
def test_a_set_reads_like_the_policy_that_made_it(formula: Formula, lines: list[str]) -> None:
    assert Space(predicates_of((formula,))).set_of(formula).pieces().lines() == lines


def test_pieces_do_not_tell_how_a_set_was_made() -> None:
    one = AnyOf((AllOf((GET, API)), AllOf((GET, HEALTH)), AllOf((POST, HEALTH)), AllOf((Not(GET), Not(POST), HEALTH))))
    other = AnyOf((HEALTH, AllOf((API, GET))))
    space = Space(predicates_of((one, other)))
    assert space.set_of(one).pieces() == space.set_of(other).pieces()


def test_too_many_pieces_are_not_made() -> None:
    rules = [AllOf((Predicate(header(f"a{n}"), Exact("x")), Predicate(header(f"b{n}"), Exact("y")))) for n in range(6)]
    found = Space(predicates_of(rules)).set_of(AnyOf(tuple(rules)))
    assert len(found.pieces().pieces) == 6
    with pytest.raises(TooLarge, match="5 pieces"):
        found.pieces(most=5)
