"""Whether a denial binds who controls the client, where the network has a say too."""

from __future__ import annotations

from typing import Any

import pytest

from ringfence import load_objects
from tests.verdict.meshed.test_stolen import network
from tests.verdict.meshed.test_tunnel_port import SPACES, pod
from tests.verdict.meshed.test_what_if import istio

TUNNEL = {"networking.istio.io/tunnel": "http"}
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "ledger", "namespace": "cars"},
    "spec": {"selector": {"app": "ledger"}, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]},
}
STRICT = istio("PeerAuthentication", "default", {"mtls": {"mode": "STRICT"}}, "cars")
PLAINLY: dict[str, Any] = {
    **istio(
        "DestinationRule",
        "plainly",
        {"host": "ledger.cars.svc.cluster.local", "trafficPolicy": {"tls": {"mode": "DISABLE"}}},
        "cars",
    ),
    "apiVersion": "networking.istio.io/v1",
}


@pytest.mark.parametrize(
    ("ports", "more", "reason", "holds"),
    [
        ((8080,), [PLAINLY], "transport", False),
        ((15008,), [PLAINLY], "network", False),
        ((9090,), [PLAINLY], "network", True),
        ((9090,), [], "network", True),
    ],
)
def test_a_form_that_both_refuse_binds_nobody_who_has_another(
    ports: tuple[int, ...], more: list[dict[str, Any]], reason: str, holds: bool
) -> None:
    opened = network("ledger", *ports, namespace="cars", source="client")
    objects = [*SPACES, pod("cars/client"), pod("cars/ledger", TUNNEL), SERVICE, STRICT, opened, *more]
    answer = load_objects(objects, cni="calico", istio_version="1.29").can("cars/client", "cars/ledger", 8080)
    assert answer.layered is not None
    denying = next(one.layer for one in answer.layered.layers if one.verdict.value == "denied")
    assert (answer.verdict.value, denying, answer.layered.holds) == ("denied", reason, holds)
