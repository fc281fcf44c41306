"""CIDRs, leniently and strictly."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.dialects.fields import cidrs
from ringfence.sets.addresses import cidr


@given(st.ip_addresses(v=4), st.integers(0, 32))
def test_every_ipv4_network_is_its_masked_one(address: ipaddress.IPv4Address, length: int) -> None:
    network = cidrs.parse(f"{address}/{length}")
    assert isinstance(network, cidrs.Cidr)
    assert (network.first, network.last) == cidr(f"{address}/{length}")
    assert network.host_bits == (int(ipaddress.ip_network((address, length), strict=False)[0]) != int(address))
    assert str(network) == str(ipaddress.ip_network((address, length), strict=False))


@given(st.ip_addresses(v=6), st.integers(0, 128))
def test_every_ipv6_network_is_its_masked_one(address: ipaddress.IPv6Address, length: int) -> None:
    network = cidrs.parse(f"{address}/{length}")
    if address.ipv4_mapped is not None:
        assert isinstance(network, str)
        return
    assert isinstance(network, cidrs.Cidr)
    assert (network.first, network.last) == cidr(f"{address}/{length}")
    assert str(network) == str(ipaddress.ip_network((address, length), strict=False))


@pytest.mark.parametrize(
    "text",
    ["", "/", "/8", "10.0.0.0", "10.0.0.0/", "10.0.0.0/+8", "10.0.0.0/-1", "10.0.0.0/33", "10.0.0/8", "10.0.0.0.0/8",
     "10.0.0.256/8", " 10.0.0.0/8", "10.0.0.0/8 ", "a/8", "::/129", ":::/8", "1::2::3/64", "fe80::%1/64",
     "::ffff:1.2.3.4/128", "10.0.0.0/8/8", "١.0.0.0/8", f"10.0.0.0/{'9' * 5000}", f"{'9' * 5000}.0.0.0/8"],
)  # fmt: skip
def test_no_cidr(text: str) -> None:
    assert isinstance(cidrs.parse(text), str)
    assert cidrs.wrong_strictly(text)


@pytest.mark.parametrize("text", ["010.0.0.0/8", "10.0.0.0/08", "10.00.0.0/8", "::/00"])
def test_leading_zeros_are_decimal_and_not_strict(text: str) -> None:
    network = cidrs.parse(text)
    assert isinstance(network, cidrs.Cidr)
    assert network.leading_zeros
    assert str(network) in ("10.0.0.0/8", "::/0")
    assert cidrs.wrong_strictly(text)


@pytest.mark.parametrize("text", ["10.1.2.3/8", "2001:db8::1/32", "0.0.0.0/0", "::1.2.3.4/128"])
def test_strict_enough(text: str) -> None:
    assert cidrs.wrong_strictly(text) == ""


def test_hint() -> None:
    assert cidrs.hint_for("2001:db8::1") == "for the single address write 2001:db8::1/128"
    assert "such as" in cidrs.hint_for("example.com")
