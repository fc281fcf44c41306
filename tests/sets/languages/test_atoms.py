"""Atoms: chains against walks, both against trying every short string; and relations against another library."""

from __future__ import annotations

from itertools import product

import greenery
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.sets.languages import walks
from ringfence.sets.languages.atoms import Atoms, atoms_of
from ringfence.sets.languages.bytesets import LIKING, byteset
from ringfence.sets.languages.chains import ChainAtoms, simple
from ringfence.sets.languages.domains import ANY_STRING, FIELD_VALUE, NAME, PATH_TEXT, TEXT, TOKEN, Domain, encoded
from ringfence.sets.languages.limits import TooLarge
from ringfence.sets.languages.patterns import (
    Contains,
    Exact,
    Pattern,
    Prefix,
    Present,
    Regex,
    Suffix,
    Template,
    matches,
)
from ringfence.sets.languages.simplifying import simplified
from ringfence.sets.languages.walks import WalkAtoms
from tests.sets.languages.expressions_drawn import PLAIN

SMALL = Domain(byteset(b"ab/c"))
SMALL_PATHS = Domain(byteset(b"ab/c"), start="/", besides=("*", "a"), empty=False)
SMALL_NAMES = Domain(byteset(b"ab/cABC"), empty=False)
DOMAINS = st.sampled_from([SMALL, SMALL_PATHS, SMALL_NAMES])
WORDS = st.text("ab/", max_size=3)
PLAIN_PATTERNS = st.one_of(
    st.builds(Exact, WORDS), st.builds(Prefix, WORDS), st.builds(Suffix, WORDS), st.builds(Present, st.booleans())
)
FOLDED_PATTERNS = st.one_of(
    *(st.builds(kind, st.text("aB/", max_size=2), st.just(True)) for kind in (Exact, Prefix, Suffix))
)
PATTERNS = st.one_of(
    PLAIN_PATTERNS,
    FOLDED_PATTERNS,
    st.builds(Contains, WORDS, st.booleans()),
    st.builds(Template, st.sampled_from(["/{*}", "/{**}/a", "/{*}/b", "/a{**}", "{*}"]), st.sampled_from([None, "ab"])),
    st.builds(Regex, PLAIN),
)


def strings(domain: Domain, longest: int = 5) -> list[bytes]:
    """The short strings of a domain, those last that witnesses are not taken from."""
    letters = [byte for byte in range(256) if domain.allowed >> byte & 1]
    besides = [encoded(one) for one in domain.besides]
    every = (bytes(one) for length in range(longest + 1) for one in product(letters, repeat=length))
    return [*(one for one in every if domain.has(one) and one not in besides), *besides]


def check(atoms: Atoms, family: list[Pattern], domain: Domain, tried: list[bytes]) -> None:
    """Every string is in the atom whose patterns it matches; every atom has a witness, the shortest string in it."""
    masks = [atoms.mask(pattern) for pattern in family]
    shortest: dict[int, bytes] = {}
    for text in tried:
        atom = atoms.classify(text)
        assert atom is not None
        shortest.setdefault(atom, text)
        assert [mask >> atom & 1 for mask in masks] == [int(matches(pattern, text)) for pattern in family], text
    for atom in range(atoms.count):
        witness = atoms.witness(atom)
        assert domain.has(witness)
        assert atoms.classify(witness) == atom
        assert [mask >> atom & 1 for mask in masks] == [int(matches(pattern, witness)) for pattern in family]
        if atom in shortest:
            assert len(witness) == len(shortest[atom])
    assert all(mask >> atoms.count == 0 for mask in masks)


@given(st.lists(PLAIN_PATTERNS, max_size=6), DOMAINS)
def test_chains_are_atoms(family: list[Pattern], domain: Domain) -> None:
    found = simple(family, domain)
    assert found is not None
    atoms = ChainAtoms(*found, domain)
    assert atoms.spare()
    check(atoms, family, domain, strings(domain, 4))


@given(st.lists(st.one_of(st.builds(Exact, st.text("ab", max_size=6)), st.builds(Prefix, st.text("ab", max_size=4)))))
def test_many_strings_that_begin_alike_are_told_apart(family: list[Pattern]) -> None:
    found = simple(family, SMALL)
    assert found is not None
    check(ChainAtoms(*found, SMALL), family, SMALL, strings(Domain(byteset(b"abc")), 4))


@given(st.lists(FOLDED_PATTERNS, min_size=1, max_size=4))
def test_chains_are_atoms_where_case_is_ignored(family: list[Pattern]) -> None:
    found = simple(family, SMALL_NAMES)
    assert found is not None
    check(ChainAtoms(*found, SMALL_NAMES), family, SMALL_NAMES, strings(SMALL_NAMES, 3))


@given(st.lists(PATTERNS, max_size=5), DOMAINS)
@settings(deadline=None)
def test_walks_are_atoms(family: list[Pattern], domain: Domain) -> None:
    family = list(dict.fromkeys(family))
    atoms = WalkAtoms(family, domain)
    check(atoms, family, domain, strings(domain, 3 if domain is SMALL_NAMES else 4))


@given(st.lists(PLAIN_PATTERNS, max_size=6), st.sampled_from([PATH_TEXT, NAME, TOKEN, FIELD_VALUE, TEXT, ANY_STRING]))
@settings(max_examples=40)
def test_chains_and_walks_tell_the_same_apart(family: list[Pattern], domain: Domain) -> None:
    family = list(dict.fromkeys(family))
    chains, walked = atoms_of(family, domain), WalkAtoms(family, domain)
    assert isinstance(chains, ChainAtoms)
    for one, other in ((chains, walked), (walked, chains)):
        for atom in range(one.count):
            found = other.classify(one.witness(atom))
            assert found is not None
            assert [one.mask(pattern) >> atom & 1 for pattern in family] == [
                other.mask(pattern) >> found & 1 for pattern in family
            ]
            assert len(other.witness(found)) <= len(one.witness(atom))


@given(PLAIN, PLAIN)
@settings(max_examples=40)
def test_relations_of_expressions_are_those_that_another_library_finds(left: str, right: str) -> None:
    """Over an alphabet that tells apart all that the drawn expressions do."""
    domain = Domain(byteset(b"abAB/-"))
    letters = "[abAB/\\-]*"
    family = [Regex(left), Regex(right)]
    atoms = WalkAtoms(family, domain)
    one, two = (atoms.mask(pattern) for pattern in family)
    theirs = [greenery.parse(_for_greenery(text)) & greenery.parse(letters) for text in (left, right)]
    assert (one == 0) == theirs[0].empty()
    assert (one == two) == theirs[0].equivalent(theirs[1])
    assert (one & ~two == 0) == theirs[0].difference(theirs[1]).empty()
    assert (one & two == 0) == (theirs[0] & theirs[1]).empty()


def _for_greenery(expression: str) -> str:
    for folded, both in (("(?i:A)", "[aA]"), ("(?i:b)", "[bB]")):
        expression = expression.replace(folded, both)
    return expression.replace("*?", "*").replace("}?", "}")


@pytest.mark.parametrize(
    ("family", "domain", "witnesses"),
    [
        ([Prefix("/api")], PATH_TEXT, ["/", "/api"]),
        ([Prefix("/api"), Exact("/api")], PATH_TEXT, ["/", "/apia", "/api"]),
        ([Prefix("/"), Prefix("/api")], PATH_TEXT, ["*", "/", "/api"]),
        ([Prefix("/a"), Suffix("a")], NAME, ["b", "a", "/a", "/ab"]),
        ([Present(empty=False)], FIELD_VALUE, ["a", ""]),
        ([Exact("x", ignore_case=True)], NAME, ["a", "x"]),
        ([Template("/a/{*}/b"), Prefix("/a/")], PATH_TEXT, ["/", "/a/", "/a/a/b"]),
        ([Regex("/v[0-9]+/x")], PATH_TEXT, ["/", "/v0/x"]),
        ([Regex("[^a-z]")], TEXT, ["", "0"]),
        ([Regex(".*"), Present()], FIELD_VALUE, ["", "\udc80"]),
        ([Regex("é")], TEXT, ["", "é"]),
    ],
)
def test_witnesses_are_what_a_person_would_write(family: list[Pattern], domain: Domain, witnesses: list[str]) -> None:
    atoms = atoms_of(family, domain)
    assert sorted(atoms.witness(atom) for atom in range(atoms.count)) == sorted(map(encoded, witnesses))


def test_a_wildcard_of_a_template_does_not_take_every_character() -> None:
    """So a rule that denies ``/{**}`` does not deny this path (Envoy's URI templates)."""
    pattern = Template("/admin/{**}")
    assert matches(pattern, b"/admin/a/b=c")
    assert not matches(pattern, b"/admin/a[b")
    assert not matches(pattern, "/admin/é".encode())
    assert matches(Template("/admin/{**}", None), b"/admin/a[b")
    assert not matches(Template("/admin/{*}/x", None), b"/admin//x")
    assert not matches(Template("/admin/{*}/x", None), b"/admin/a/b/x")


def test_where_every_character_is_used_atoms_are_walked() -> None:
    """Then a chain may have no string, as here: nothing begins with neither ``a`` nor ``b``."""
    domain = Domain(byteset(b"ab"), empty=False)
    family = [Prefix("a"), Prefix("b")]
    atoms = atoms_of(family, domain)
    assert isinstance(atoms, WalkAtoms)
    assert atoms.count == 2


@pytest.mark.parametrize(
    ("text", "simpler"),
    [
        (".*", Present()),
        (".+", Present(empty=False)),
        ("/api/.*", Prefix("/api/")),
        (r".*\.html", Suffix(".html")),
        (r"/a\.b", Exact("/a.b")),
        ("/api/.+", None),
        ("/api/[^/]*", None),
        ("(?i)/a", None),
        (".*/a/.*", None),
        ("/a?", None),
    ],
)
def test_an_expression_that_says_no_more_than_a_prefix_is_one(text: str, simpler: Pattern | None) -> None:
    assert simplified(Regex(text), PATH_TEXT) == (simpler or Regex(text))
    assert simplified(Regex(text), FIELD_VALUE) == (simpler if isinstance(simpler, Exact) else Regex(text))
    family = [Regex(text), Prefix("/ap"), *([simpler] if simpler else [])]
    atoms = atoms_of(family, PATH_TEXT)
    walked = WalkAtoms(family, PATH_TEXT)
    assert [walked.mask(one).bit_count() for one in family] == [atoms.mask(one).bit_count() for one in family]
    if simpler is not None:
        assert atoms.mask(Regex(text)) == atoms.mask(simpler)
        assert walked.mask(Regex(text)) == walked.mask(simpler)


def test_what_is_too_large_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    family = [Regex("(a|b)*a(a|b){9}")]
    assert atoms_of(family, NAME).count == 2
    monkeypatch.setattr(walks, "MOST_STATES", 500)
    with pytest.raises(TooLarge, match="500 states"):
        atoms_of(family, NAME)
    monkeypatch.setattr(walks, "MOST_ATOMS", 3)
    with pytest.raises(TooLarge, match="3 kinds"):
        atoms_of([Contains(letter) for letter in "abc"], NAME)


def test_the_most_liked_bytes_come_first() -> None:
    assert sorted(LIKING) == list(range(256))
    assert LIKING[ord("a")] == 0
