from __future__ import annotations

from typing import Any

import pytest

from tests.rules.checking import checked, messages, pod
from tests.rules.meshed import ambient, authorization, service, sidecars

RULE = "AUZ-010"
WEB = pod("web") + service("web")


def ports(*numbers: str) -> list[Any]:
    return [{"to": [{"operation": {"ports": list(numbers)}}]}]


@pytest.mark.parametrize("space", [sidecars(), ambient()])
@pytest.mark.parametrize(("action", "words"), [("ALLOW", "allows nothing"), ("DENY", "denies nothing")])
def test_the_port_of_the_service_is_none_of_the_workload(space: str, action: str, words: str) -> None:
    (finding,) = checked(RULE, space + WEB + authorization(ports("80"), action)).findings
    assert words in finding.message
    assert finding.fix == "write 8080"


def test_a_condition_says_the_same() -> None:
    rules: list[Any] = [{"when": [{"key": "destination.port", "values": ["80"]}]}]
    assert len(messages(RULE, sidecars() + WEB + authorization(rules))) == 1


@pytest.mark.parametrize("port", ["8080", "9999"])
def test_a_port_of_the_workload_or_of_nobody(port: str) -> None:
    assert messages(RULE, sidecars() + WEB + authorization(ports(port))) == []


def test_a_number_may_be_both() -> None:
    more = service("web", 8080, 9090).replace('"name": "web"', '"name": "more"', 1)
    assert messages(RULE, sidecars() + WEB + more + authorization(ports("8080"))) == []


def test_what_is_open() -> None:
    outcome = checked(RULE, WEB + authorization(ports("80")))
    assert not outcome.findings
    assert len(outcome.not_evaluable) == 1
