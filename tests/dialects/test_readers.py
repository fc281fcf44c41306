"""The table of dialects."""

from __future__ import annotations

from ringfence.dialects import READERS, adminnetworkpolicy, clusternetworkpolicy, networkpolicy


def test_every_kind_of_every_room_has_a_reader() -> None:
    rooms = (networkpolicy, clusternetworkpolicy, adminnetworkpolicy)
    assert set(READERS) == {identity for room in rooms for identity in room.KINDS}


def test_the_group_decides() -> None:
    assert ("projectcalico.org/v3", "NetworkPolicy") not in READERS
    assert ("crd.antrea.io/v1beta1", "ClusterNetworkPolicy") not in READERS
