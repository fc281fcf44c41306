"""What the rules of the mesh find is the same in a snapshot."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import ringfence
from ringfence.rules.registry import MODULES
from tests.rules.checking import pod
from tests.rules.meshed import ambient, an, gateway, gateway_pod, istiod, sidecars
from tests.rules.test_msh_015_extension_in_the_proxy import envoy_filter, patch
from tests.rules.test_msh_027_status_says_no import with_status
from tests.rules.test_msh_029_injection_broken import ISTIOD, webhook
from tests.rules.test_page_examples import BESIDE, blocks


def route_status() -> str:
    """A route that no waypoint takes, a Service, and a waypoint that is not there."""
    no = {"type": "Accepted", "status": "False", "reason": "NoWaypoint", "message": "not bound"}
    api = "gateway.networking.k8s.io/v1"
    spec = {"parentRefs": [{"kind": "Service", "group": "", "name": "web"}]}
    route = with_status("HTTPRoute", api, no, spec)
    parents = json.dumps([{"controllerName": "istio.io/mesh-controller", "conditions": [no]}])
    route = route.replace('"status": {"conditions": ', f'"status": {{"parents": {parents}, "rest": ')
    others = (
        with_status("Gateway", api, no, {"gatewayClassName": "istio-waypoint", "listeners": []}),
        with_status("Service", "v1", {**no, "type": "istio.io/WaypointBound"}, {"ports": [{"port": 80}]}),
    )
    return route + "".join(f"---{text.rpartition('---')[2]}" for text in others)


CLAIMS = {"headers": {"@request.auth.claims.group": {"exact": "x"}}}
MORE = (
    ambient() + pod("web") + an("Telemetry", "log", {"selector": {"matchLabels": {"app": "db"}}}),
    sidecars() + pod("web") + envoy_filter(patch("MERGE", proxy={"proxyVersion": "^1.26"}), priority=5),
    sidecars() + pod("web") + envoy_filter(patch("MERGE", proxy={"proxyVersion": "^1.26"})),
    sidecars() + ISTIOD + webhook("Ignore", "gone"),
    sidecars() + an("WorkloadGroup", "a", {"metadata": {"labels": {"a": "b"}}, "template": {"serviceAccount": "x"}}),
    sidecars()
    + gateway_pod()
    + gateway("edge", [{"port": {"number": 80, "name": "a", "protocol": "HTTP"}, "hosts": ["*"]}])
    + an("VirtualService", "w", {"hosts": ["*"], "gateways": ["edge"], "http": [{"match": [CLAIMS]}]}),
    route_status(),
    sidecars() + istiod("1.20.1", VERIFY_CERTIFICATE_AT_CLIENT="true"),
)


@pytest.mark.parametrize("text", [*(f"{BESIDE[rule]}---\n{blocks(rule)[0]}" for rule in BESIDE), *MORE])
def test_a_snapshot_is_checked_like_what_it_was_made_of(tmp_path: Path, text: str) -> None:
    file = tmp_path / "all.yaml"
    file.write_text(text)
    world = ringfence.load(str(file))
    kept = tmp_path / "world.json"
    kept.write_bytes(world.snapshot())
    rules = [rule for rule in MODULES if rule.startswith(("MSH", "AUZ", "LAY", "IDN"))]
    again = ringfence.load(str(kept)).check(only=rules)
    assert again == world.check(only=rules)
