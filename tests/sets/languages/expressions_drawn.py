"""Random regular expressions that RE2 and Python's ``re`` both understand, as hypothesis draws them."""

from __future__ import annotations

from hypothesis import strategies as st

SIMPLE = st.sampled_from(["a", "b", "/", "[ab]", "[^a]", "[^b/]", "[a-b/]", r"\w", r"\W", "(?i:A)", "(?i:b)"])
ANY = st.sampled_from([".", "(?s:.)", r"\s", r"\S", r"\d", r"\x61", r"[\w/]", "[^/]", r"\n"])
PLACES = st.sampled_from(["^", "$", r"\b", r"\A", "(?m:^)", "(?m:$)"])


def _grown(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    counts = st.sampled_from(["*", "+", "?", "{2}", "{0,2}", "{1,}", "*?", "{1,3}?"])
    return st.one_of(
        st.lists(parts, max_size=4).map("".join),
        st.lists(parts, min_size=1, max_size=3).map(lambda some: f"(?:{'|'.join(some)})"),
        st.tuples(parts, counts).map(lambda pair: f"(?:{pair[0]}){pair[1]}"),
        parts.map(lambda one: f"({one})"),
    )


def _grown_and_folded(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return _grown(parts) | parts.map(lambda one: f"(?i:{one})")


PLAIN = st.recursive(SIMPLE, _grown, max_leaves=6)
"""Without places, so that other libraries understand them too."""

FULL = st.recursive(st.one_of(SIMPLE, ANY, PLACES), _grown_and_folded, max_leaves=7)


def for_python(expression: str) -> str:
    """The same for ``re``, whose dollar also matches before a line end that is the last character."""
    return expression.replace("(?m:$)", r"(?=\n|\Z)").replace("$", r"\Z")
