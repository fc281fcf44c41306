"""PeerAuthentications in, what ztunnel is sent out: the shared goldens of Istio, compared by what they deny."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from ringfence.model.mesh import Acceptance
from tests.dialects.istio.meshes import Lab, namespace, workload
from tests.truth.location import truth_folder

FOLDER = truth_folder() / "istio"
CASES: list[dict[str, Any]] = (
    yaml.safe_load((FOLDER / "cases.yaml").read_text())["ambient"] if (FOLDER / "cases.yaml").exists() else []
)
PORTS = (80, 8080, 8081, 9090, 9091, 15008)


@pytest.mark.skipif(not CASES, reason="the shared truth is not there")
def test_the_cases_are_there() -> None:
    assert len(CASES) == 9


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["input"].removesuffix("-in.yaml"))
@pytest.mark.parametrize("port", PORTS)
def test_what_is_denied_is_what_the_golden_denies(case: dict[str, Any], port: int) -> None:
    text = (FOLDER / "ambient" / case["input"]).read_text()
    policies = [one for one in yaml.safe_load_all(text) if one]
    space = policies[-1]["metadata"].get("namespace", "default")
    lab = Lab(
        namespace(space, **{"istio.io/dataplane-mode": "ambient"}),
        workload(f"{space}/a"),
        "".join(f"---\n{yaml.safe_dump(one)}" for one in policies),
    )
    golden = yaml.safe_load((FOLDER / "ambient" / case["output"]).read_text())
    assert (golden is None) == case["empty"]
    [option] = lab.mesh.server(lab.pod(f"{space}/a"), port)
    assert not denies(golden, port, identity=True), "a peer with an identity is never denied"
    # A policy without ports is sent as the static one, which the goldens do not show.
    static = golden is None and any(
        one["spec"]["mtls"]["mode"] == "STRICT" for one in policies if "portLevelMtls" not in one["spec"]
    )
    expected = denies(golden, port, identity=False) or static
    assert option.value.acceptance is (Acceptance.STRICT if expected else Acceptance.PERMISSIVE)


def denies(golden: Any, port: int, *, identity: bool) -> bool:
    """An authorization of ztunnel: some group, all of its rules, some match, all of its fields."""
    if golden is None:
        return False
    assert golden["action"] == "DENY"
    return any(
        all(any(_matches(match, port, identity) for match in rule["matches"]) for rule in group["rules"])
        for group in golden["groups"]
    )


def _matches(match: dict[str, Any], port: int, identity: bool) -> bool:
    found = []
    for key, values in match.items():
        if key == "notPrincipals":
            assert values == [{"presence": {}}]
            found.append(not identity)
        elif key == "destinationPorts":
            found.append(port in values)
        else:
            assert key == "notDestinationPorts"
            found.append(port not in values)
    return bool(found) and all(found)
