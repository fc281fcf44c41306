"""Scalars mean what they mean to Kubernetes: go-yaml v2 (resolve.go), then sigs.k8s.io/yaml, then JSON."""

from __future__ import annotations

import math
from typing import Any

import pytest

from ringfence.sources.scalars import ScalarError, key_text, resolve, tagged


@pytest.mark.parametrize("text", ["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"])
def test_words_that_are_true(text: str) -> None:
    assert resolve(text) is True


@pytest.mark.parametrize("text", ["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"])
def test_words_that_are_false(text: str) -> None:
    assert resolve(text) is False


@pytest.mark.parametrize("text", ["", "~", "null", "Null", "NULL"])
def test_words_that_are_null(text: str) -> None:
    assert resolve(text) is None


@pytest.mark.parametrize(
    "text, value",
    [
        ("0", 0),
        ("8080", 8080),
        ("-5", -5),
        ("+5", 5),
        ("0777", 511),
        ("00", 0),
        ("0o14", 12),
        ("0O14", 12),
        ("0b101", 5),
        ("-0b101", -5),
        ("0x1F", 31),
        ("-0XfF", -255),
        ("1_000", 1000),
        ("1__0_", 10),
        ("0_17", 15),
        ("9223372036854775807", 2**63 - 1),
        ("18446744073709551615", 2**64 - 1),
        ("08", 8),
        ("099", 99),
    ],
)
def test_integers(text: str, value: int) -> None:
    assert resolve(text) == value
    assert type(resolve(text)) is int


@pytest.mark.parametrize(
    "text, value", [("1.5", 1.5), ("-1.5e-3", -0.0015), (".5", 0.5), ("1e-7", 1e-7), ("1_0.2_5", 10.25), ("1e21", 1e21)]
)
def test_fractions(text: str, value: float) -> None:
    assert resolve(text) == value
    assert type(resolve(text)) is float


@pytest.mark.parametrize("text, value", [("1e3", 1000), ("80.0", 80), ("1.", 1), ("12e03", 12000), ("-0.0", 0)])
def test_a_number_without_a_fraction_reaches_the_api_server_as_an_integer(text: str, value: int) -> None:
    assert resolve(text) == value
    assert type(resolve(text)) is int


@pytest.mark.parametrize(
    "text",
    [
        "12:30:45",
        "1:30",
        "2026-01-31",
        "2026-01-31T12:00:00Z",
        "148e979917",
        "-1e400",
        "1e",
        "0b2",
        "0x",
        "0o8",
        "1.2.3",
        "10.0.0.0/8",
        "-",
        "+",
        ".",
        "..",
        "<<",
        "=",
        "yEs",
        "truE",
        "nULL",
        "e3",
        "_1",
        "1,000",
        "+.5x",
        "inf",
        "NaN",
        "--1",
        "0xFFFFFFFFFFFFFFFFF",
        "Y es",
        "٣",
    ],
)
def test_what_stays_text(text: str) -> None:
    assert resolve(text) == text


def test_infinity_and_not_a_number() -> None:
    assert resolve(".inf") == math.inf
    assert resolve("-.Inf") == -math.inf
    assert math.isnan(resolve(".NaN"))


@pytest.mark.parametrize(
    "tag, text, value",
    [
        ("str", "5", "5"),
        ("str", "", ""),
        ("int", "5", 5),
        ("float", "5", 5),
        ("bool", "yes", True),
        ("null", "", None),
        ("binary", "aGk=", "hi"),
        ("binary", "aG\nk=", "hi"),
        ("timestamp", "2026-01-31", "2026-01-31"),
    ],
)
def test_tags_are_honoured(tag: str, text: str, value: Any) -> None:
    assert tagged(f"tag:yaml.org,2002:{tag}", text) == value


@pytest.mark.parametrize(
    "tag, text",
    [
        ("int", "hunter2"),
        ("int", "1.5"),
        ("int", "1e3"),
        ("bool", "5"),
        ("null", "x"),
        ("binary", "%%"),
        ("float", "x"),
    ],
)
def test_a_value_that_does_not_fit_its_tag_is_an_error_that_does_not_repeat_it(tag: str, text: str) -> None:
    with pytest.raises(ScalarError) as caught:
        tagged(f"tag:yaml.org,2002:{tag}", text)
    assert text not in str(caught.value)


@pytest.mark.parametrize("tag", ["!vault", "!Ref", "tag:yaml.org,2002:set", "tag:example.com,2000:int"])
def test_other_tags_mean_nothing(tag: str) -> None:
    with pytest.raises(KeyError):
        tagged(tag, "x")


@pytest.mark.parametrize(
    "value, text",
    [
        ("a", "a"),
        (1, "1"),
        (-3, "-3"),
        (True, "true"),
        (False, "false"),
        (1.5, "1.5"),
        (0.1, "0.1"),
        (1e-7, "1e-07"),
        (0.0001, "0.0001"),
        (1e21, "1e+21"),
        (1234567.5, "1.2345675e+06"),
        (math.inf, ".inf"),
        (math.nan, ".nan"),
        (16777217.5, "1.6777218e+07"),
    ],
)
def test_keys_become_text_as_go_writes_them(value: Any, text: str) -> None:
    assert key_text(value) == text


@pytest.mark.parametrize("value", [None, [], {}, 2**63])
def test_what_cannot_be_a_key(value: Any) -> None:
    with pytest.raises(ScalarError):
        key_text(value)
