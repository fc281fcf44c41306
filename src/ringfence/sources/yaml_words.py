"""A YAML parser's complaints in plain words, each with a way to mend it.

Nothing of the text is repeated: it may be secret.
"""

from __future__ import annotations

_INDENTATION = "compare its indentation with the lines above; lists and mappings keep one column"
_QUOTES = 'put quotes around a value that holds ": ", or begins with one of * & ! | > % @ ` { ['

_CONTROL = "take it out, or write it as an escape in double quotes"
_BACKSLASH = "write \\\\ for a backslash, or use single quotes"

DEEP_HINT = "no Kubernetes object is that deep: is a bracket or an indentation never closed?"

_COMPLAINTS: tuple[tuple[str, str, str], ...] = (
    ("mapping values are not allowed", "a second colon, or a key that is indented under a finished value",
     f"{_INDENTATION}; {_QUOTES}"),
    ("could not find expected ':'", "a line that is neither a key nor part of a value (a colon is missing)",
     f"write KEY: VALUE; {_INDENTATION}"),
    ("expected ',' or ']'", "a list that begins with [ is not closed here", "close it with ], or put a comma between"),
    ("expected ',' or '}'", "a mapping that begins with { is not closed here",
     "close it with }, or put a comma between"),
    ("expected '-' indicator", "a line at the level of a list that is no item of it", _INDENTATION),
    ("expected key", "a line that fits no level of indentation", _INDENTATION),
    ("expected <block end>", "a line that fits no level of indentation", _INDENTATION),
    ("document start>", "something stands after the end of the document",
     f"put --- before it; {_INDENTATION}"),
    ("document indicator", "text in quotes that is not closed before the document ends", "close the quotes"),
    ("unexpected end of stream", "text in quotes that is not closed", "close the quotes"),
    ("block sequence entries are not allowed", "a list item where no list can be", _INDENTATION),
    ("sequence entries are not allowed", "a list item where no list can be", _INDENTATION),
    ("mapping keys are not allowed", "a key where none can be", _INDENTATION),
    ("cannot start any token", "a character that cannot begin a value", _QUOTES),
    ("tab character", "a tab in the indentation", "indent with spaces"),
    ("unknown escape character", "an unknown escape after a backslash", _BACKSLASH),
    ("escape code", "an escape that is no character", "write the character itself"),
    ("hexdecimal number", "an escape that is not complete", _BACKSLASH),
    ("hexadecimal", "an escape that is not complete", _BACKSLASH),
    ("tag handle", "a tag whose prefix is not declared", "quote text that begins with an exclamation mark"),
    ("alphabetic or numeric", "an anchor (&) or alias (*) without a name", "quote text that begins with & or *"),
    ("directive", "a line that begins with % and is no directive", "indent or quote it"),
    ("expected node content", "a value is missing, or begins with a character that none can begin with", _QUOTES),
    ("indentation indicator", "a | or > with an indentation that cannot be", "write | or > alone"),
    ("comment or line break", "text after a | or >", "begin the text on the next line"),
    ("control characters are not allowed", "a control character", _CONTROL),
    ("special characters are not allowed", "a control character", _CONTROL),
    ("nesting", "too many levels of nesting", DEEP_HINT),
)  # fmt: skip


def in_plain_words(complaint: str) -> tuple[str, str]:
    """What is wrong and how to mend it."""
    for part, words, hint in _COMPLAINTS:
        if part in complaint:
            return words, hint
    return "text that is not YAML", _INDENTATION
