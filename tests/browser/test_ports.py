"""Sets of ports in the page are the sets of ports of the engine."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from random import Random

import pytest

from ringfence.sets.ports import EVERYTHING, PROTOCOLS, Intervals, canonical, describe, intersect, port_key, subtract
from tests.browser.driver import Browser, browser, programs

pytestmark = pytest.mark.skipif(programs() is None, reason="Chromium and its driver are not installed")
SCRIPT = (files("ringfence.reports.html") / "scripts" / "ports.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("ports")) as found:
        yield found


def flat(ports: Intervals) -> list[int]:
    return [key for interval in ports for key in interval]


def sets(random: Random) -> Intervals:
    found = []
    for _ in range(random.randrange(5)):
        protocol, first = random.choice(PROTOCOLS), random.choice([1, 2, 53, 80, 65535, random.randrange(1, 65536)])
        last = min(65535, random.choice([first, first + 1, first + 500, 65535]))
        found.append((port_key(protocol, first), port_key(protocol, last)))
    return canonical(found) if random.random() < 0.9 else EVERYTHING


def test_operations_agree_with_the_engine(window: Browser) -> None:
    random = Random(5)
    pairs = [(sets(random), sets(random)) for _ in range(400)]
    script = """
      return arguments[0].map(([left, right]) =>
        [commonPorts(left, right), portsWithout(left, right), joinedPorts([left, right]), portsText(left)]);
    """
    found = window.run(SCRIPT + script, [[flat(left), flat(right)] for left, right in pairs])
    for (left, right), (common, without, joined, text) in zip(pairs, found, strict=True):
        assert common == flat(intersect(left, right))
        assert without == flat(subtract(left, right))
        assert joined == flat(canonical((*left, *right)))
        assert text == (describe(left) if left else "no port")


@pytest.mark.parametrize(
    "text, wanted",
    [
        ("5432", "TCP 5432"),
        ("53/UDP", "UDP 53"),
        ("udp 53", "UDP 53"),
        ("8000-9000/tcp", "TCP 8000-9000"),
        ("80, 443, UDP 53", "TCP 80, 443, UDP 53"),
        ("SCTP", "SCTP any"),
        ("79-81,80", "TCP 79-81"),
        ("", None),
        ("0", None),
        ("65536", None),
        ("9-8", None),
        ("http", None),
        ("80 81", None),
        ("80/icmp", None),
    ],
)
def test_what_a_port_field_means(window: Browser, text: str, wanted: str | None) -> None:
    script = "const found = parsedPorts(arguments[0]); return found && portsText(found)"
    assert window.run(SCRIPT + script, text) == wanted
