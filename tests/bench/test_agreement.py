"""Lists of two tools are compared by what they say, not by how they cut it."""

from __future__ import annotations

from bench.agreement import differences, relation
from bench.peers import nca_rows, netpol_analyzer
from ringfence.sets.addresses import EVERY_IPV4

WHOLE = ("0.0.0.0-255.255.255.255", "n/a", "all")


def test_ranges_may_be_cut_anywhere() -> None:
    halves = [("0.0.0.0-9.255.255.255", "n/a", "all"), ("10.0.0.0-255.255.255.255", "n/a", "all")]
    assert differences(relation([WHOLE]), relation(halves), EVERY_IPV4) == []


def test_rows_of_the_same_ends_are_joined() -> None:
    parts = [("n/a", "n/b", "TCP 80-90"), ("n/a", "n/b", "TCP 91")]
    assert differences(relation([("n/a", "n/b", "TCP 80-91")]), relation(parts), EVERY_IPV4) == []


def test_one_address_less_is_found() -> None:
    most = [("0.0.0.0-9.255.255.255", "n/a", "all"), ("10.0.0.1-255.255.255.255", "n/a", "all")]
    (difference,) = differences(relation([WHOLE]), relation(most), EVERY_IPV4)
    assert difference.startswith("(167772160, 167772160) => n/a")


def test_addresses_that_objects_have_do_not_count() -> None:
    most = [("0.0.0.0-9.255.255.255", "n/a", "all")]
    assert differences(relation([WHOLE]), relation(most), ((0, (10 << 24) - 1),)) == []


def test_one_port_less_is_found() -> None:
    left, right = [("n/a", "n/b", "TCP 80-90")], [("n/a", "n/b", "TCP 80-89")]
    assert len(differences(relation(left), relation(right), EVERY_IPV4)) == 1


def test_a_missing_pair_is_found() -> None:
    assert len(differences(relation([("n/a", "n/b", "UDP 53")]), {}, EVERY_IPV4)) == 1


def test_rows_that_the_python_peer_prints() -> None:
    printed = (
        "global: cluster has 2 unique endpoints, 1 namespaces\n"
        "0.0.0.0-1.1.0.255 => n/a : All connections\n"
        "n/a => n/b : {protocols:TCP,dst_ports:443,8000-9000}\n"
        "n/b => n/a : {protocols:TCP,UDP,dst_ports:53}\n"
    )
    assert list(nca_rows(printed)) == [
        ("0.0.0.0-1.1.0.255", "n/a", "all"),
        ("n/a", "n/b", "TCP 443,8000-9000"),
        ("n/b", "n/a", "TCP 53,UDP 53"),
    ]


def test_rows_that_the_go_peer_prints() -> None:
    printed = '[{"src": "0.0.0.0-9.0.0.0[External]", "dst": "n/a[Pod]", "conn": "SCTP 1-9,TCP 80"},'
    printed += '{"src": "n/a[Pod]", "dst": "n/b[Pod]", "conn": "All Connections"}]'
    assert list(netpol_analyzer("npa").rows(printed)) == [
        ("0.0.0.0-9.0.0.0", "n/a", "SCTP 1-9,TCP 80"),
        ("n/a", "n/b", "all"),
    ]
