"""Traps of meshes that follow from their semantics, and the rule that finds each: an input that has it, and one that
has not."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.rules.checking import checked, pod, policy
from tests.rules.meshed import (
    account,
    ambient,
    an,
    at_service,
    authorization,
    mesh_config,
    mtls,
    only,
    plain,
    service,
    sidecars,
    with_waypoint,
)


@dataclass(frozen=True)
class Lint:
    """``says``: a part of the message. ``cni``: the plugin under which it is asked."""

    trap: str
    rule: str
    says: str
    faulty: str
    right: str
    cni: str = "generic"


PATHS = [{"to": [{"operation": {"paths": ["/admin*"]}}]}]
PODS = account("shop/web") + account("shop/app")
WEB = sidecars() + PODS + service("web")
TCP = sidecars() + PODS + service("web", protocol="tcp")
AMBIENT = ambient() + PODS + service("web")
WAY = with_waypoint() + PODS + service("web")
OLD = plain() + pod("old", "legacy")
NOT_LEGACY = [{"from": [{"source": {"notNamespaces": ["legacy"]}}]}]
APP = [{"from": [{"source": {"principals": ["cluster.local/ns/shop/sa/app"]}}]}]
PROBED = an(
    "Pod",
    "web",
    {"containers": [{"name": "m", "image": "none", "readinessProbe": {"httpGet": {"path": "/", "port": 8080}}}]},
    labels={"app": "web"},
)
INSIDE = "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {}}]}]}"
REGISTRY = mesh_config("outboundTrafficPolicy: {mode: REGISTRY_ONLY}")
KUBELET = "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 169.254.7.127/32}}]}]}"
EXCLUDED = an(
    "Pod",
    "web",
    {"containers": [{"name": "m", "image": "none"}]},
    labels={"app": "web"},
    annotations={"traffic.sidecar.istio.io/excludeInboundPorts": "9000"},
)
ONLY_WAYPOINT = [{"from": [{"source": {"principals": ["cluster.local/ns/shop/sa/way"]}}]}]
PORTS = {"selector": {"matchLabels": {"app": "web"}}, "portLevelMtls": {"80": {"mode": "STRICT"}}}
DB = sidecars() + account("shop/db") + account("shop/app") + account("shop/web") + service("db", 3306, 3306, "mysql")
AT_DB = authorization(APP, app="db")
TRUST = [{"from": [{"source": {"trustDomains": ["other"], "namespaces": ["shop"]}}]}]
DRY = {"annotations": {"istio.io/dry-run": "true"}}
DNS = sidecars() + pod("dns") + service("dns", 53, 5353, "dns", transport="UDP") + pod("app")
MIXED = ambient("calls") + pod("app", "calls") + sidecars() + pod("web") + service("web")


LINTS = {
    "M1": Lint(
        "a rule that denies requests, at ztunnel, denies nothing",
        "AUZ-006",
        "the rule denies nothing",
        AMBIENT + authorization(PATHS, "DENY"),
        WAY + at_service(PATHS, action="DENY"),
    ),
    "M2": Lint(
        "a rule that denies requests, at a port of connections, denies all of them",
        "AUZ-006",
        "denies more than it says",
        TCP + authorization(PATHS, "DENY"),
        WEB + authorization(PATHS, "DENY"),
    ),
    "M3": Lint(
        "a condition with a misspelt key drops the rule that denies",
        "AUZ-012",
        "is dropped",
        WEB + authorization([{"when": [{"key": "source.Namespace", "values": ["x"]}]}], "DENY"),
        WEB + authorization([{"when": [{"key": "source.namespace", "values": ["x"]}]}], "DENY"),
    ),
    "M4": Lint(
        "plaintext is not any of the identities that are left out",
        "AUZ-007",
        "every client without a proxy is allowed",
        WEB + OLD + authorization(NOT_LEGACY),
        WEB + OLD + authorization(NOT_LEGACY) + mtls("STRICT"),
    ),
    "M5": Lint(
        "who has no proxy has no identity to be allowed by",
        "AUZ-004",
        "has none and is refused",
        WEB + OLD + authorization(APP),
        WEB + OLD + authorization(APP) + mtls("STRICT"),
    ),
    "M6": Lint(
        "targets do not reach sidecars, selectors do not reach waypoints",
        "MSH-004",
        "nothing enforces it",
        WEB + at_service(APP),
        WAY + at_service(APP),
    ),
    "M7": Lint(
        "ztunnel leaves trust domains out",
        "AUZ-015",
        "allows more than it says",
        AMBIENT + authorization(TRUST),
        WEB + authorization(TRUST),
    ),
    "M8": Lint(
        "the mode of a port of the Service",
        "MSH-004",
        "which is the Service's",
        WEB + mtls("STRICT", **PORTS),
        WEB + mtls("STRICT", **{**PORTS, "portLevelMtls": {"8080": {"mode": "STRICT"}}}),
    ),
    "M9": Lint(
        "a port that the proxy leaves alone is reached past the mesh",
        "LAY-004",
        "past the mesh",
        sidecars() + EXCLUDED + pod("app") + mtls("STRICT"),
        sidecars() + EXCLUDED + pod("app") + mtls("STRICT") + only("web", "nobody"),
    ),
    "M10": Lint(
        "a NetworkPolicy forgets the tunnel",
        "LAY-006",
        "ztunnel brings everything on that",
        AMBIENT + only("web", "app", ports=(8080,)),
        AMBIENT + only("web", "app", ports=(8080, 15008)),
    ),
    "M10, probes": Lint(
        "a NetworkPolicy forgets where probes come from in ambient",
        "LAY-007",
        "do not admit 169.254.7.127",
        ambient() + PROBED + only("web", "app"),
        ambient() + PROBED + only("web", "app") + policy("kubelet", KUBELET),
        "cilium",
    ),
    "M11": Lint(
        "a waypoint can be gone past",
        "LAY-008",
        "past the waypoint",
        WAY + OLD + at_service(APP),
        WAY + OLD + at_service(APP) + authorization(ONLY_WAYPOINT),
    ),
    "M12": Lint(
        "a policy at the workload names the client, and the waypoint comes",
        "AUZ-014",
        "come from waypoint",
        WAY + authorization(APP),
        AMBIENT + authorization(APP),
    ),
    "M13": Lint(
        "of two PeerAuthentications for the same workloads one has no effect",
        "MSH-003",
        "",
        WEB
        + mtls("STRICT").replace(
            '"namespace": "shop"', '"namespace": "shop", "creationTimestamp": "2024-01-02T00:00:00Z"'
        )
        + mtls("PERMISSIVE", name="old").replace(
            '"namespace": "shop"', '"namespace": "shop", "creationTimestamp": "2023-01-02T00:00:00Z"'
        ),
        WEB + mtls("STRICT"),
    ),
    "M14": Lint(
        "who is refused sees the greeting of a server that speaks first",
        "AUZ-016",
        "sees the greeting",
        DB + AT_DB,
        DB + AT_DB + only("db", "app"),
    ),
    "M18": Lint(
        "UDP is no part of a mesh that is STRICT",
        "LAY-004",
        "UDP port 5353",
        DNS + mtls("STRICT"),
        DNS + mtls("STRICT") + only("dns", "app"),
    ),
    "M19": Lint(
        "what a proxy refuses to send is no boundary",
        "LAY-011",
        "past its proxy",
        WEB + REGISTRY,
        WEB + REGISTRY + policy("inside", INSIDE),
    ),
    "M20": Lint(
        "a host with its port is another host",
        "AUZ-017",
        "gets past it",
        WEB + authorization([{"to": [{"operation": {"hosts": ["a.example"]}}]}], "DENY"),
        WEB + authorization([{"to": [{"operation": {"hosts": ["a.example", "a.example:*"]}}]}], "DENY"),
    ),
    "M20, paths": Lint(
        "a path that is written otherwise is another path",
        "AUZ-018",
        "gets past it",
        WEB + authorization(PATHS, "DENY"),
        WEB
        + authorization(PATHS, "DENY")
        + mesh_config("pathNormalization: {normalization: DECODE_AND_MERGE_SLASHES}"),
    ),
    "M21": Lint(
        "a policy is only tried out",
        "AUZ-013",
        "is only tried out",
        WEB + authorization(APP, **DRY),
        WEB + authorization(APP),
    ),
    "M22": Lint(
        "ztunnel sends plaintext to a sidecar that is STRICT",
        "MSH-005",
        "",
        MIXED + mtls("STRICT"),
        MIXED,
    ),
}
OTHER_MESHES = ("M15", "M16", "M17")
"""Linkerd's, Consul's and Cilium's."""


def test_every_trap_has_a_rule() -> None:
    known = {name.partition(",")[0] for name in LINTS} | set(OTHER_MESHES)
    assert known == {f"M{number}" for number in range(1, 23)}


@pytest.mark.parametrize("name", LINTS)
def test_the_rule_finds_it(name: str) -> None:
    lint = LINTS[name]
    found = checked(lint.rule, lint.faulty, lint.cni, faulty=True).findings
    assert any(lint.says in finding.message for finding in found), lint.trap


@pytest.mark.parametrize("name", LINTS)
def test_where_it_is_not_the_rule_finds_nothing(name: str) -> None:
    lint = LINTS[name]
    assert not checked(lint.rule, lint.right, lint.cni).findings, lint.trap
