from __future__ import annotations

import pytest

from ringfence.model.cluster import NAME_LABEL
from ringfence.model.policy import PodSelection
from ringfence.rules.coverage import Selectors
from ringfence.sets.labels import EVERYTHING, Requirement, Selector

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
