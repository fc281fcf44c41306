"""The three-tier lab's verdicts, between pods that exist and between pods that do not exist yet."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from tests.truth import three_tier
from tests.truth.judging import load_objects, three_tier_probes
from tests.truth.probing import Probe, run

OBJECTS = three_tier.objects()
PROBES = dict(three_tier_probes())

pytestmark = pytest.mark.skipif(not OBJECTS, reason="the lab's file is absent")


@cache
def world() -> Any:
    pytest.importorskip("ringfence.world")
    return load_objects(OBJECTS, "generic")


@pytest.mark.parametrize("name", PROBES)
def test_the_golden_verdict(name: str) -> None:
    wrong = run(world(), [PROBES[name]], name)
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.parametrize("row", [row for row in three_tier.ROWS if row.egress or row.ingress], ids=str)
def test_the_policies_that_decide_are_named(row: three_tier.GoldenRow) -> None:
    probe: Probe = row.probe()
    answer = world().can(probe.source, probe.destination, port=probe.port, protocol=probe.protocol)
    named = {(decision.direction, decision.name) for decision in answer.decided_by}
    assert named == {(d, name) for d, name in (("egress", row.egress), ("ingress", row.ingress)) if name}
