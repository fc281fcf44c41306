"""What a YAML scalar means to Kubernetes: go-yaml v2 resolves it (YAML 1.1, nearly), then JSON carries it.

Source: ``resolve.go`` and ``decode.go`` of go-yaml v2 and the key conversion of sigs.k8s.io/yaml, which kubectl uses.
Ways in which this differs from other YAML readers: plain ``y`` and ``n`` are booleans; ``12:30:45`` and dates stay
text; ``1e3`` is a number (and the same in JSON as 1000); a number too big for a double stays text (``148e979917``).
"""

from __future__ import annotations

import base64
import binascii
import math
import re
import struct
from decimal import Decimal
from typing import Any

STANDARD = "tag:yaml.org,2002:"
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
_NUMBER_STARTS = frozenset("+-0123456789")
_INTEGER = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|0[0-7]*|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_POINT_FLOAT = re.compile(r"\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ]|$)")
_LONGEST_NUMBER = 400
"""Digits; a longer text is no number that any field takes, and making one of it takes long."""
INT64 = (-(1 << 63), (1 << 63) - 1)
UINT64 = (1 << 64) - 1
_WRITTEN_OUT = 1e21
"""Go writes a smaller double into JSON without an exponent."""


class ScalarError(ValueError):
    """A scalar that Kubernetes cannot read. The text of the error never repeats the scalar: it may be secret."""


def resolve(text: str) -> Any:
    """The value of a plain scalar without a tag."""
    if text in _WORDS:
        return _WORDS[text]
    first = text[0]
    if first in _NUMBER_STARTS:
        return _number(text)
    if first == "." and len(text) <= _LONGEST_NUMBER and _POINT_FLOAT.fullmatch(text):
        return _as_float(text)
    return text


def _number(text: str) -> Any:
    if len(text) > _LONGEST_NUMBER:
        return text
    plain = text.replace("_", "")
    if _INTEGER.fullmatch(plain):
        number = _integer(plain)
        if INT64[0] <= number <= (INT64[1] if plain[0] == "+" else UINT64):
            return number
    if _FLOAT.fullmatch(plain):
        value = _as_float(plain)
        return text if isinstance(value, str) else value
    return text


def _integer(plain: str) -> int:
    digits = plain.lstrip("+-")
    if len(digits) > 1 and digits[0] == "0":
        mark = digits[1].lower()
        number = int(digits, 0) if mark in "xbo" else int(digits, 8)
    else:
        number = int(digits)
    return -number if plain[0] == "-" else number


def _as_float(text: str) -> Any:
    """A double as it comes out of JSON; what has no finite one stays text."""
    value = float(text)
    return text if math.isinf(value) else through_json(value)


def through_json(value: float) -> int | float:
    """The number that an API server reads: in JSON a double without a fraction is written as an integer."""
    if value.is_integer() and abs(value) < _WRITTEN_OUT:
        return int(Decimal(repr(value)))
    return value


def tagged(tag: str, text: str) -> Any:
    """The value of a scalar with an explicit tag. Raises ScalarError; KeyError for a tag that means nothing."""
    name = tag.removeprefix(STANDARD)
    if name == tag or name not in ("str", "bool", "int", "float", "null", "timestamp", "binary", "merge"):
        raise KeyError(tag)
    if name in ("str", "merge"):
        return text
    if name == "binary":
        try:
            return base64.b64decode("".join(text.split()), validate=True).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            raise ScalarError("a value with the tag !!binary is not base64") from None
    value = resolve(text)
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    fits = {
        "bool": isinstance(value, bool),
        "null": value is None,
        "int": number and _INTEGER.fullmatch(text.replace("_", "")) is not None,
        "float": number,
        "timestamp": _DATE.match(text) is not None,
    }
    if not fits[name]:
        raise ScalarError(f"a value with the tag !!{name} is of another kind")
    return value


def key_text(value: Any) -> str:
    """The key that a scalar becomes in JSON. Raises ScalarError for null, mappings, lists and huge numbers."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and INT64[0] <= value <= INT64[1]:
        return str(value)
    if isinstance(value, float):
        return _short_float(value)
    if value is None:
        raise ScalarError("a key is empty or null")
    raise ScalarError("a key is neither text nor a number nor a boolean")


def _short_float(value: float) -> str:
    """Go's ``FormatFloat(value, 'g', -1, 32)``: the fewest digits that give the same single-precision number."""
    if math.isnan(value):
        return ".nan"
    try:
        single = struct.pack("f", value)
    except OverflowError:
        return ".inf" if value > 0 else "-.inf"
    if math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    for precision in range(9):
        text = f"{value:.{precision}e}"
        if struct.pack("f", float(text)) == single:
            break
    digits, _, exponent = text.partition("e")
    power = int(exponent)
    if -4 <= power < 6:
        return format(Decimal(text).normalize(), "f")
    digits = digits.rstrip("0").rstrip(".") if "." in digits else digits
    return f"{digits}e{'-' if power < 0 else '+'}{abs(power):02d}"
