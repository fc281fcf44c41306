"""The oracle against expectations that others published: it must be right before it may judge the engine."""

from __future__ import annotations

import pytest

from tests.oracle.objects import Options, read_cluster
from tests.oracle.questions import ask
from tests.truth import conformance, cyclonus
from tests.truth.probing import Probe

WORLD, CONFORMANCE = conformance.load()
CYCLONUS = cyclonus.load()


def wrong(objects: list[dict[str, object]], probes: tuple[Probe, ...], profile: str) -> list[str]:
    cluster = read_cluster(objects, Options(profile=profile))
    found = []
    for probe in probes:
        ends = [
            ("pod", *name.split("/")) if "/" in name else ("address", name)
            for name in (probe.source, probe.destination)
        ]
        got = ask(cluster, ends[0], ends[1], probe.protocol, probe.port or 0).verdict
        if got != probe.expected:
            found.append(f"{probe}: {got}")
    return found


@pytest.mark.skipif(not CONFORMANCE, reason="the truth data is not here")
@pytest.mark.parametrize("case", CONFORMANCE, ids=lambda case: str(case["id"]))
def test_conformance_of_clusternetworkpolicy(case: dict[str, object]) -> None:
    for step in conformance.steps(WORLD, case):
        assert step.probes
        assert wrong(step.objects, step.probes, "generic") == [], step.title
        assert wrong(step.objects, step.by_address(), "generic") == [], step.title


@pytest.mark.skipif(not CYCLONUS, reason="the truth data is not here")
@pytest.mark.parametrize("start", range(0, len(CYCLONUS), 23))
def test_cyclonus(start: int) -> None:
    for case in CYCLONUS[start : start + 23]:
        for step in cyclonus.steps(case):
            assert wrong(step.objects, step.probes, "calico") == [], case["description"]
