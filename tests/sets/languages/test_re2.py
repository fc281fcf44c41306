"""RE2's syntax and meaning: against Python's ``re`` on every short string, and what RE2 takes and refuses."""

from __future__ import annotations

import re
from itertools import product

import pytest
from hypothesis import given

from ringfence.sets.languages.limits import TooLarge
from ringfence.sets.languages.patterns import Regex, automaton_of, matches
from ringfence.sets.languages.re2 import BadExpression, parsed
from tests.sets.languages.expressions_drawn import FULL, for_python

SHORT = ["".join(letters) for length in range(5) for letters in product("aB/\n", repeat=length)]


@given(FULL)
def test_it_matches_what_python_matches(expression: str) -> None:
    wanted = re.compile(for_python(expression), re.ASCII)
    found = Regex(expression)
    for ascii_only in (True, False):
        automaton = automaton_of(found, ascii_only)
        assert [text for text in SHORT if automaton.accepts(text.encode())] == [
            text for text in SHORT if wanted.fullmatch(text)
        ]


@pytest.mark.parametrize(
    ("expression", "matching", "not_matching"),
    [
        ("/api/v[0-9]+/.*", ["/api/v1/", "/api/v22/x/y"], ["/api/v/", "/api/v1", "x/api/v1/"]),
        ("a|b", ["a", "b"], ["ab", ""]),
        ("", [""], ["a"]),
        ("a||b", ["", "a", "b"], ["ab"]),
        (".", ["a", "é", "€", "😀"], ["", "\n", "ab"]),
        ("(?s).", ["\n"], ["\n\n"]),
        ("(?s:.)|.", ["\n", "a"], [""]),
        ("[^a]", ["\n", "b", "é"], ["a", ""]),
        ("é+", ["é", "éé"], ["e", ""]),
        ("[à-ÿ]", ["é"], ["e", "Ā"]),
        (r"[^\x00-\x{10FFFF}]", [], ["", "a", "é"]),
        (r"\x{e9}\xe9\351", ["ééé"], ["é"]),
        (r"\101\060", ["A0"], []),
        (r"\pL\p{Lu}\PN\p{^N}", ["aÉab", "éAéé"], ["aaaa", "1Aaa", "aA1a"]),
        (r"[\pN_]+", ["1_٣"], ["a"]),
        (r"[[:alpha:][:^ascii:]-]+", ["aé-"], ["1"]),
        ("[]a]", ["]", "a"], ["b"]),
        ("[^]a]", ["b"], ["]", "a"]),
        ("[a-]", ["a", "-"], ["b"]),
        ("[a-b-c]", ["a", "b", "c", "-"], ["d"]),
        ("[[:foo]", ["[", ":", "f", "o"], ["b"]),
        ("(?i)kS", ["ks", "KS", "\u212as", "k\u017f"], ["ka"]),
        ("(?i)[k]", ["K", "\u212a"], ["a"]),
        ("(?i)[^k]", ["a"], ["k", "K", "\u212a"]),
        ("(?i)É", ["é", "É"], ["e"]),
        ("(?i)ß", ["ß", "ẞ"], ["ss"]),
        ("(?i)a(?-i)b", ["ab", "Ab"], ["aB"]),
        ("(?i:a)b|c", ["Ab", "c"], ["AB", "C"]),
        ("(a(?i)b|c)d", ["abd", "aBd", "Cd"], ["Abd", "aBD"]),
        (r"\Qa.b*\E+", ["a.b*", "a.b**"], ["axb"]),
        (r"\Qa.b", ["a.b"], ["axb"]),
        ("a{2}", ["aa"], ["a", "aaa"]),
        ("a{,2}", ["a{,2}"], ["a", "aa"]),
        ("a{2", ["a{2"], ["aa"]),
        ("a{02}", ["a{02}"], ["aa"]),
        ("a{1000000000}", ["a{1000000000}"], []),
        ("{", ["{"], []),
        ("x{0}y", ["y"], ["xy"]),
        ("x{0,0}", [""], ["x"]),
        ("x{2,}", ["xx", "xxxxx"], ["x"]),
        ("(?P<name>a)(?<other>b)", ["ab"], []),
        ("(?)a", ["a"], []),
        ("(?U)a*?", ["aaa"], []),
        ("a(?i)*", ["", "aa"], ["A"]),
        (r"\a\f\t\n\r\v\_\-\/", ["\a\f\t\n\r\v_-/"], []),
        (r"\s", [" ", "\t", "\f"], ["\v"]),
        (r"[[:space:]]", ["\v"], ["a"]),
        (r"a\b/", ["a/"], []),
        (r"\Ba", [], ["a"]),
        (r"a\Bb\b", ["ab"], []),
        (r"\b", [], [""]),
        (r"\B", [""], ["a"]),
        ("^a$", ["a"], ["a\n"]),
        ("a^b", [], ["ab", "a^b"]),
        ("(?m)a$\n^b", ["a\nb"], []),
        (r"a\z", ["a"], ["a\n"]),
    ],
)
def test_it_means_what_re2_means(expression: str, matching: list[str], not_matching: list[str]) -> None:
    pattern = Regex(expression)
    assert [text for text in (*matching, *not_matching) if matches(pattern, text.encode())] == matching


@pytest.mark.parametrize(
    ("expression", "data", "does"),
    [
        (".", b"\xff", False),
        (r"\C", b"\xff", True),
        (".", b"\xc3", False),
        (".", b"\xc0\x80", False),
        (".", b"\xed\xa0\x80", True),
        ("[^b]", b"\xed\xa0\x80", True),
        ("[é-€]", b"\xed\xa0\x80", False),
    ],
)
def test_bytes_that_are_not_utf8_are_read_as_re2_reads_them(expression: str, data: bytes, does: bool) -> None:
    assert matches(Regex(expression), data) is does


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        (r"(a)\1", "backreference"),
        ("(?=a)", "look around"),
        ("(?!a)", "look around"),
        ("(?<=a)", "look around"),
        ("(?<!a)", "look around"),
        ("(?>a)", "look around"),
        ("(?P=n)", "look around"),
        ("(?i-)a", "look around"),
        ("(?", "look around"),
        ("(a", r"missing \)"),
        ("a)", "without its"),
        ("[a", "missing ]"),
        ("[]", "missing ]"),
        ("[b-a]", "ends before"),
        ("[[:nope:]]", "nope"),
        ("*", "nothing to repeat"),
        ("a|*", "nothing to repeat"),
        ("(+)", "nothing to repeat"),
        ("a**", "repetition of a repetition"),
        ("a+{2}", "repetition of a repetition"),
        ("a*??", "repetition of a repetition"),
        ("a{1001}", "above 1000"),
        ("a{2,1}", "below"),
        ("(a{10}){101}", "within counts"),
        ("((a{10}){10}){11}", "within counts"),
        ("\\", "escape"),
        (r"\y", "escape"),
        (r"\Z", "escape"),
        (r"\8", "escape"),
        (r"[\b]", "escape"),
        (r"\x1", "code point"),
        (r"\x{110000}", "code point"),
        (r"\x{}", "code point"),
        (r"\x{g}", "code point"),
        (r"\p", "no name"),
        (r"\p{L", "no name"),
        ("(?P<>a)", "name"),
        ("(?P<a-b>a)", "name"),
        ("(?P<a>a)(?P<a>b)", "two groups"),
        ("a\udcff", "UTF-8"),
    ],
)
def test_it_refuses_what_re2_refuses(expression: str, why: str) -> None:
    with pytest.raises(BadExpression, match=why):
        Regex(expression)


@pytest.mark.parametrize("expression", [r"\p{Greek}", r"[\p{Han}a]", "(" * 101 + "a" + ")" * 101])
def test_what_is_not_modelled_is_not_decided(expression: str) -> None:
    assert isinstance(parsed(expression), TooLarge)
    with pytest.raises(TooLarge):
        matches(Regex(expression), b"a")


def test_counts_up_to_the_limit_are_taken() -> None:
    assert matches(Regex("(a{10}){100}"), b"a" * 1000)
    assert not matches(Regex("(a{10}){100}"), b"a" * 999)
    assert matches(Regex("a{0,1000}"), b"a" * 500)
    with pytest.raises(TooLarge, match="characters"):
        matches(Regex("(abcdefgh){1000}"), b"a")
