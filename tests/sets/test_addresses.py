"""Address sets against the standard library's networks and Python's own sets."""

from __future__ import annotations

import ipaddress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.sets import addresses as ip
from ringfence.sets.addresses import Intervals

V4_LAST, V6_LAST = (1 << 32) - 1, ip.V6 + (1 << 128) - 1
SMALL = [*range(8), *range(V4_LAST - 7, V4_LAST + 1), *range(ip.V6, ip.V6 + 8), *range(V6_LAST - 7, V6_LAST + 1)]
NUMBERS = st.sets(st.sampled_from(SMALL))
ADDRESSES = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6).filter(lambda address: address.ipv4_mapped is None))


def of(numbers: set[int]) -> Intervals:
    return ip.canonical((number, number) for number in numbers)


def members(intervals: Intervals) -> set[int]:
    return {number for first, last in intervals for number in range(first, last + 1)}


@given(ADDRESSES)
def test_an_address_keeps_its_text_and_family(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    number = ip.address(str(address))
    assert ip.address_text(number) == str(address)
    assert ip.family(number) == address.version


def test_an_ipv4_mapped_address_is_its_ipv4_address() -> None:
    assert ip.address("::ffff:10.0.0.1") == ip.address("10.0.0.1")


@pytest.mark.parametrize(
    "text", ["", "10.0.0", "10.0.0.256", "010.0.0.1", "10.0.0.1/8", "fe80::1%eth0", "x", "1.2.3.4\n", "١.2.3.4"]
)
def test_what_is_no_address_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        ip.address(text)


@given(ADDRESSES, st.data())
def test_a_cidr_is_the_network_of_the_standard_library(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, data: st.DataObject
) -> None:
    length = data.draw(st.integers(0, address.max_prefixlen))
    network = ipaddress.ip_network(f"{address}/{length}", strict=False)
    first, last = ip.cidr(f"{address}/{length}")
    assert last - first + 1 == network.num_addresses
    assert ip.address_text(first) == str(network.network_address)
    assert ip.address_text(last) == str(network.broadcast_address)
    assert list(ip.cidr_texts(((first, last),))) == [str(network)]


@pytest.mark.parametrize(
    "text", ["10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/255.0.0.0", "::/129", "/8", "a/8"]
)
def test_what_is_no_cidr_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        ip.cidr(text)


@given(NUMBERS)
def test_cidr_texts_are_the_fewest_that_make_up_the_set(numbers: set[int]) -> None:
    texts = list(ip.cidr_texts(of(numbers)))
    assert ip.canonical(ip.cidr(text) for text in texts) == of(numbers)
    networks = [ipaddress.ip_network(text) for text in texts]
    for version in (4, 6):
        own = [network for network in networks if network.version == version]
        assert sorted(own) == list(ipaddress.collapse_addresses(own))  # type: ignore[type-var]


@pytest.mark.parametrize("everything", [ip.EVERY_IPV4, ip.EVERY_IPV6])
def test_a_whole_family_is_one_cidr(everything: Intervals) -> None:
    assert [ip.cidr(text) for text in ip.cidr_texts(everything)] == list(everything)


@given(NUMBERS, NUMBERS)
def test_the_algebra_is_that_of_sets(left: set[int], right: set[int]) -> None:
    first, second = of(left), of(right)
    assert members(ip.union(first, second)) == left | right
    assert members(ip.intersect(first, second)) == left & right
    assert members(ip.subtract(first, second)) == left - right
    assert ip.merge([first, second]) == ip.union(first, second)
    assert ip.size(first) == len(left)
    assert {number for number in SMALL if ip.contains(first, number)} == left


@given(NUMBERS, NUMBERS)
def test_a_set_has_one_form(left: set[int], right: set[int]) -> None:
    for found in (ip.union(of(left), of(right)), ip.subtract(of(left), of(right)), ip.intersect(of(left), of(right))):
        assert ip.canonical(found) == found
        assert all(before[1] + 1 < after[0] for before, after in pairwise(found))


def test_the_families_never_touch() -> None:
    assert len(ip.EVERY_ADDRESS) == 2
    assert ip.intersect(ip.EVERY_IPV4, ip.EVERY_IPV6) == ()
    assert len(ip.canonical([(V4_LAST, V4_LAST), (ip.V6, ip.V6)])) == 2


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([], "no address"),
        (["0.0.0.0/0", "::/0"], "any address"),
        (["10.0.0.0/8"], "10.0.0.0/8"),
        (["10.0.0.1/32"], "10.0.0.1"),
        (["10.0.0.1/32", "10.0.0.2/32"], "10.0.0.1-10.0.0.2"),
        (["10.0.0.0/32", "10.0.0.1/32"], "10.0.0.0/31"),
        (["2001:db8::/32", "10.0.0.0/8"], "10.0.0.0/8, 2001:db8::/32"),
        (["::/0"], "::/0"),
    ],
)
def test_describe(texts: list[str], expected: str) -> None:
    assert ip.describe(ip.canonical(ip.cidr(text) for text in texts)) == expected


@pytest.mark.parametrize(
    ("text", "internet"),
    [
        ("8.8.8.8", True),
        ("2001:4860:4860::8888", True),
        ("192.0.2.1", True),
        ("172.32.0.1", True),
        ("100.128.0.1", True),
        ("10.255.255.255", False),
        ("172.16.0.1", False),
        ("172.31.255.255", False),
        ("192.168.0.1", False),
        ("100.64.0.1", False),
        ("100.127.255.255", False),
        ("127.0.0.1", False),
        ("169.254.169.254", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("0.0.0.0", False),
        ("::", False),
        ("::1", False),
        ("fe80::1", False),
        ("fd00::1", False),
        ("ff02::1", False),
    ],
)
def test_the_internet_is_every_unicast_address_that_is_not_private_shared_or_local(text: str, internet: bool) -> None:
    assert ip.contains(ip.INTERNET, ip.address(text)) is internet


@pytest.mark.parametrize(
    ("text", "assignable"),
    [("10.0.0.1", True), ("fd00::1", True), ("127.0.0.1", False), ("fe80::1", False), ("224.0.0.1", False)],
)
def test_a_pod_may_have_any_address_but_local_ones(text: str, assignable: bool) -> None:
    assert ip.contains(ip.ASSIGNABLE, ip.address(text)) is assignable
