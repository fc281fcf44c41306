"""Where a policy applies. The cases are those of istio's ``pilot/pkg/model/policyattachment_test.go``, transcribed, and
those of its reference on selectors and root namespace."""

from __future__ import annotations

import pytest

from ringfence.dialects.istio.attachment import attaches
from ringfence.dialects.istio.authorization_config import AuthorizationConfig
from ringfence.dialects.istio.authorization_objects import Attachment, Target
from ringfence.model.cluster import Pod, Service, WorkloadRef
from ringfence.model.mesh import Point, PointSort
from ringfence.values import replace

CONFIG = AuthorizationConfig()
GATEWAY = Target("gateway.networking.k8s.io", "Gateway", "gw")
CLASS = Target("gateway.networking.k8s.io", "GatewayClass", "istio-waypoint")
SERVICE = Target("", "Service", "web")
PLAIN = Pod("shop", "web", {"app": "web"}, WorkloadRef("Deployment", "shop", "web"))
PROXY = Pod(
    "shop",
    "gw-1",
    {"app": "web", "gateway.networking.k8s.io/gateway-name": "gw"},
    WorkloadRef("Deployment", "shop", "gw"),
)
WEB = Service("shop", "web", "ClusterIP")
SIDECAR = Point(PointSort.SIDECAR, PLAIN, True)
NODE = Point(PointSort.NODE, PLAIN, False)
WAYPOINT = Point(PointSort.WAYPOINT, PROXY, True, WEB)
FRONT = Point(PointSort.GATEWAY, PROXY, True)
WITH_LABEL, OTHER_LABEL = (("app", "web"),), (("app", "db"),)


@pytest.mark.parametrize(
    "point, attachment, expected",
    [
        (SIDECAR, Attachment("shop"), True),
        (SIDECAR, Attachment("other"), False),
        (SIDECAR, Attachment("istio-system"), True),
        (SIDECAR, Attachment("istio-system", WITH_LABEL), True),
        (SIDECAR, Attachment("shop", WITH_LABEL), True),
        (SIDECAR, Attachment("shop", OTHER_LABEL), False),
        (SIDECAR, Attachment("shop", ()), True),
        (SIDECAR, Attachment("shop", None, (SERVICE,)), False),
        (SIDECAR, Attachment("shop", WITH_LABEL, (GATEWAY,)), False),
        (NODE, Attachment("shop"), True),
        (NODE, Attachment("istio-system", WITH_LABEL), True),
        (NODE, Attachment("shop", None, (GATEWAY,)), False),
        (WAYPOINT, Attachment("shop"), False),
        # A Service of the same name in the waypoint's own namespace is another one.
        (replace(WAYPOINT, service=replace(WEB, namespace="front")), Attachment("shop", None, (SERVICE,)), False),
        (replace(WAYPOINT, service=replace(WEB, namespace="front")), Attachment("front", None, (SERVICE,)), True),
        (WAYPOINT, Attachment("shop", WITH_LABEL), False),
        (WAYPOINT, Attachment("istio-system"), False),
        (WAYPOINT, Attachment("shop", None, (GATEWAY,)), True),
        (WAYPOINT, Attachment("shop", None, (replace(GATEWAY, name="other"),)), False),
        (WAYPOINT, Attachment("shop", None, (replace(GATEWAY, namespace="other"),)), False),
        (WAYPOINT, Attachment("shop", None, (replace(GATEWAY, group="networking.istio.io"),)), False),
        (WAYPOINT, Attachment("istio-system", None, (GATEWAY,)), False),
        (WAYPOINT, Attachment("shop", None, (SERVICE,)), True),
        (WAYPOINT, Attachment("other", None, (SERVICE,)), False),
        (replace(WAYPOINT, service=None), Attachment("shop", None, (SERVICE,)), False),
        (replace(WAYPOINT, service=Service("other", "web", "ClusterIP")), Attachment("other", None, (SERVICE,)), True),
        (WAYPOINT, Attachment("istio-system", None, (CLASS,)), True),
        (WAYPOINT, Attachment("shop", None, (CLASS,)), False),
        (WAYPOINT, Attachment("istio-system", None, (replace(CLASS, name="istio"),)), False),
        (FRONT, Attachment("shop", WITH_LABEL), True),
        (FRONT, Attachment("shop", None, (GATEWAY,)), True),
        (FRONT, Attachment("shop", None, (SERVICE,)), False),
        (FRONT, Attachment("istio-system", None, (CLASS,)), False),
    ],
)
def test_attachment(point: Point, attachment: Attachment, expected: bool) -> None:
    assert attaches(attachment, point, CONFIG) is expected


def test_selectors_of_gateways_can_be_switched_off() -> None:
    config = AuthorizationConfig(selectors_reach_gateways=False)
    assert attaches(Attachment("shop", WITH_LABEL), FRONT, config) is False
    assert attaches(Attachment("shop", WITH_LABEL), SIDECAR, config) is True


def test_a_label_without_a_value_leaves_it_open() -> None:
    pod = Pod("shop", "web", {"app": "web"}, PLAIN.workload, open_labels=("pod-template-hash",))
    hash_label = ("pod-template-hash", "5d8")
    assert attaches(Attachment("shop", (hash_label,)), Point(PointSort.SIDECAR, pod, True), CONFIG) is None
    assert (
        attaches(Attachment("shop", (hash_label, *OTHER_LABEL)), Point(PointSort.SIDECAR, pod, True), CONFIG) is False
    )
