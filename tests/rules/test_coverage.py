from __future__ import annotations

import pytest

from ringfence.model.cluster import NAME_LABEL
from ringfence.model.policy import AddressPeer, DomainPeer, Peer, PodSelection
from ringfence.model.provenance import Place
from ringfence.rules.coverage import Atom, Covering, Selectors
from ringfence.sets.addresses import cidr
from ringfence.sets.labels import EVERYTHING, Requirement, Selector
from ringfence.sets.ports import EVERYTHING as EVERY_PORT

SELECTORS = Selectors(lambda selector, name: selector.matches({NAME_LABEL: name, "team": "a"}))
WEB = Selector.exactly({"app": "web"})
SHOP = Selector.exactly({NAME_LABEL: "shop"})


def wanting(*requirements: Requirement) -> Selector:
    return Selector.of(requirements)


@pytest.mark.parametrize(
    "wide, narrow, covers",
    [
        (EVERYTHING, WEB, True),
        (WEB, EVERYTHING, False),
        (WEB, WEB, True),
        (WEB, Selector.exactly({"app": "web", "tier": "x"}), True),
        (Selector.exactly({"app": "web", "tier": "x"}), WEB, False),
        (wanting(Requirement("app", "Exists")), WEB, True),
        (wanting(Requirement("app", "In", ("api", "web"))), WEB, True),
        (WEB, wanting(Requirement("app", "In", ("api", "web"))), False),
        (wanting(Requirement("app", "NotIn", ("api",))), WEB, True),
        (wanting(Requirement("app", "NotIn", ("api",))), wanting(Requirement("app", "NotIn", ("api", "web"))), True),
        (wanting(Requirement("app", "NotIn", ("api",))), wanting(Requirement("app", "DoesNotExist")), True),
        (wanting(Requirement("app", "Exists")), wanting(Requirement("app", "NotIn", ("api",))), False),
    ],
)
def test_selectors(wide: Selector, narrow: Selector, covers: bool) -> None:
    assert SELECTORS.covers(wide, narrow) is covers


@pytest.mark.parametrize(
    "wide, narrow, covers",
    [
        (PodSelection(namespace="shop"), PodSelection(WEB, "shop"), True),
        (PodSelection(namespace="shop"), PodSelection(WEB, "data"), False),
        (PodSelection(namespaces=EVERYTHING), PodSelection(WEB, "shop"), True),
        (PodSelection(namespaces=SHOP), PodSelection(WEB, "shop"), True),
        (PodSelection(namespaces=SHOP), PodSelection(WEB, "data"), False),
        (PodSelection(namespaces=Selector.exactly({"team": "a"})), PodSelection(WEB, "shop"), True),
        (PodSelection(namespace="shop"), PodSelection(WEB, namespaces=SHOP), True),
        (PodSelection(namespace="shop"), PodSelection(WEB, namespaces=EVERYTHING), False),
        (PodSelection(namespace="data"), PodSelection(WEB, namespaces=SHOP), False),
        (PodSelection(WEB, namespaces=EVERYTHING), PodSelection(namespace="shop"), False),
    ],
)
def test_selections(wide: PodSelection, narrow: PodSelection, covers: bool) -> None:
    assert SELECTORS.selection_covers(wide, narrow) is covers


def test_meeting() -> None:
    assert SELECTORS.meet(WEB, Selector.exactly({"tier": "x"}))
    assert not SELECTORS.meet(WEB, Selector.exactly({"app": "db"}))
    assert not SELECTORS.meet(WEB, wanting(Requirement("app", "DoesNotExist")))


def block(*texts: str) -> AddressPeer:
    return AddressPeer(tuple(cidr(text) for text in texts), False, ", ".join(texts), Place(""))


@pytest.mark.parametrize(
    "peers, narrow, owners",
    [
        ([block("10.0.0.0/9")], block("10.0.0.0/8"), None),
        ([block("10.0.0.0/9"), block("10.128.0.0/9")], block("10.0.0.0/8"), [0, 1]),
        ([block("10.0.0.0/8")], block("10.0.0.0/9"), [0]),
        ([DomainPeer(("a.example",), Place(""))], DomainPeer(("b.example",), Place("")), None),
        ([DomainPeer(("a.example", "b.example"), Place(""))], DomainPeer(("b.example",), Place("")), [0]),
    ],
)
def test_peers_that_hold_another_one_together(peers: list[Peer], narrow: Peer, owners: list[int] | None) -> None:
    covering = Covering(SELECTORS, [Atom(peer, EVERY_PORT, frozenset(), at) for at, peer in enumerate(peers)])
    assert covering.owners(Atom(narrow, EVERY_PORT, frozenset(), "narrow"), lambda owner: True) == owners
