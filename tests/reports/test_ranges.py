"""Ranges in few words mean exactly the set that they stand for."""

from __future__ import annotations

import pytest

from ringfence.reports.ranges import interval_of, joined, ports_text
from ringfence.sets import addresses as ip
from ringfence.sets.ports import EVERYTHING, canonical, port_key, subtract


@pytest.mark.parametrize(
    "ends, text",
    [
        (("10.0.0.0/9", "10.128.0.0/9"), "10.0.0.0/8"),
        (("10.0.0.7", "shop/web", "10.0.0.0-10.0.0.6"), "shop/web, 10.0.0.0/29"),
        (("::/0", "0.0.0.0/0"), "0.0.0.0/0, ::/0"),
        (("any address",), "0.0.0.0/0, ::/0"),
        (("0.0.0.0-9.255.255.255, 11.0.0.0-255.255.255.255",), "0.0.0.0/0 except 10.0.0.0/8"),
        (("11.0.0.0-255.255.255.255", "a", "::/0", "0.0.0.0/5", "8.0.0.0/7"), "a, 0.0.0.0/0 except 10.0.0.0/8, ::/0"),
        (("::-fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fe00::/7"), "::/0 except fc00::/7"),
        (("1.0.0.0/8", "3.0.0.0/8"), "1.0.0.0/8, 3.0.0.0/8"),
    ],
)  # fmt: skip
def test_joined(ends: tuple[str, ...], text: str) -> None:
    assert ", ".join(joined(ends)) == text


@pytest.mark.parametrize("end", ["shop/web", "10.0.0.0/8/x", "10.0.0.300", "1web", "node/10.0.0.1", "a:b", "shop"])
def test_other_ends_are_no_ranges(end: str) -> None:
    assert interval_of(end) is None
    assert joined((end,)) == (end,)


def test_every_text_of_a_range_is_read_back() -> None:
    spaces = (ip.PRIVATE, ip.INTERNET, ip.EVERY_ADDRESS, ip.EVERY_IPV6, ((5, 5), (9, 20)))
    for space in spaces:
        assert interval_of(ip.describe(space)) == space


@pytest.mark.parametrize("ports", [(80,), (80, 443), (1,), (65535,)])
def test_ports_that_are_missing(ports: tuple[int, ...]) -> None:
    some = canonical((port_key("TCP", port),) * 2 for port in ports)
    text = f"TCP {', '.join(map(str, ports))}"
    assert ports_text(some) == text
    assert ports_text(subtract(EVERYTHING, some)) == f"all but {text}"


def test_all_ports_and_none() -> None:
    assert (ports_text(EVERYTHING), ports_text(())) == ("any port", "none")
