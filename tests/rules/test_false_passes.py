"""Where other tools pass what is open, or find what is closed: what ringfence says instead, over all rules.

Each case names the tool and its reading, manifests on which that goes wrong, and the rules that must and must not find
something. Their readings are those of Checkov 3.3 (CKV2_K8S_6), Kubescape (C-0030, C-0049, C-0054, C-0206, C-0260),
Trivy (KSV-0038), kube-bench (5.3.2), Polaris (missingNetworkPolicy), Popeye (1201 to 1208), kube-linter
(non-isolated-pod), kube-score (pod-networkpolicy) and netfetch.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from ringfence.model.problems import Severity
from ringfence.rules.registry import MODULES
from tests.rules.checking import confirm, namespace, pod, policy, world_of
from tests.rules.dns_clusters import SYSTEM, TO_DNS, dns, egress

SHOP = namespace("shop", **{"kubernetes.io/metadata.name": "shop"})
WEB = SHOP + pod("web")
DENY = policy("deny", "{podSelector: {}, policyTypes: [Ingress, Egress]}")


@dataclass(frozen=True, slots=True)
class Case:
    """``fires`` and ``silent`` are rules."""

    name: str
    text: str
    fires: frozenset[str]
    silent: frozenset[str] = frozenset()


def case(name: str, text: str, fires: str = "", silent: str = "") -> Case:
    """Rules as words."""
    return Case(name, text, frozenset(fires.split()), frozenset(silent.split()))


def expressions(operator: str, *values: str, labels: str = "") -> str:
    """A selector of pods by an expression on ``app``."""
    listed = f", values: [{', '.join(values)}]" if values else ""
    own = f"matchLabels: {{{labels}}}, " if labels else ""
    return f"{{{own}matchExpressions: [{{key: app, operator: {operator}{listed}}}]}}"


CASES = [
    case(
        "Checkov counts a policy of another namespace",
        WEB + namespace("other") + policy("deny", "{podSelector: {}, policyTypes: [Ingress, Egress]}", "other"),
        fires="NP-001 NP-002 NP-003 NP-004",
    ),
    case(
        "Checkov counts expressions that do not select the pod",
        WEB + policy("p", f"{{podSelector: {expressions('In', 'db')}}}"),
        fires="NP-001 NP-003 NP-005",
    ),
    case(
        "Checkov, kube-score and Polaris pass a policy that allows everything",
        WEB + policy("p", "{podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{}], egress: [{}]}"),
        fires="NP-001 NP-002",
    ),
    case(
        "Kubescape C-0049 counts a policy that allows everything beside the default deny",
        WEB + DENY + policy("p", "{podSelector: {}, ingress: [{from: [{namespaceSelector: {}}]}]}"),
        fires="NP-001",
        silent="NP-002 NP-004",
    ),
    case(
        "Kubescape C-0260 reads matchLabels only and misses expressions that select the pod",
        WEB
        + pod("other")
        + policy("p", f"{{podSelector: {expressions('In', 'web', 'db')}, policyTypes: [Ingress, Egress]}}")
        + policy("rest", f"{{podSelector: {expressions('NotIn', 'web', 'db')}, policyTypes: [Ingress, Egress]}}"),
        silent="NP-001 NP-002 NP-003 NP-004 NP-005",
    ),
    case(
        "Kubescape C-0260 reads matchLabels only and passes expressions that leave the pod out",
        WEB + policy("p", f"{{podSelector: {expressions('NotIn', 'web', labels='app: web')}}}"),
        fires="NP-001 NP-003 NP-005",
    ),
    case(
        "Kubescape C-0030 passes when a policy lists either direction: only egress",
        WEB + policy("p", "{podSelector: {}, policyTypes: [Egress]}"),
        fires="NP-001 NP-003",
        silent="NP-002 NP-004",
    ),
    case(
        "kube-linter and netfetch are blind to the direction: only ingress",
        WEB + policy("p", "{podSelector: {}, policyTypes: [Ingress]}"),
        fires="NP-002 NP-004",
        silent="NP-001 NP-003",
    ),
    case(
        "Trivy is content with a podSelector",
        WEB + policy("p", "{podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress, Egress]}"),
        fires="NP-001 NP-002 NP-003 NP-004 NP-005",
    ),
    case(
        "kube-bench counts policies of a namespace",
        WEB + pod("db") + policy("p", "{podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress, Egress]}"),
        fires="NP-001 NP-002 NP-003 NP-004",
        silent="NP-005",
    ),
    case(
        "Polaris wants rules of both directions, so a default deny fails it",
        WEB + DENY,
        silent="NP-001 NP-002 NP-003 NP-004 NP-005 NP-015 NP-025",
    ),
    case(
        "Polaris wants matchLabels, so a policy for all pods fails it",
        WEB + policy("p", "{podSelector: {}, policyTypes: [Ingress, Egress], ingress: [], egress: []}"),
        silent="NP-001 NP-002 NP-003 NP-004 NP-005 NP-025",
    ),
    case(
        "Popeye takes an empty namespaceSelector for the policy's own namespace",
        SYSTEM
        + WEB
        + dns()
        + DENY
        + policy("dns", egress(TO_DNS.replace("{matchLabels: {kubernetes.io/metadata.name: kube-system}}", "{}"))),
        fires="DNS-005",
        silent="NP-006 DNS-001 DNS-002 DNS-003",
    ),
    case(
        "Popeye finds no pod behind addresses outside the cluster",
        WEB
        + DENY
        + policy(
            "p",
            "{podSelector: {}, policyTypes: [Egress], egress: "
            "[{to: [{ipBlock: {cidr: 203.0.113.0/24}}], ports: [{port: 443}]}]}",
        ),
        silent="NP-005 NP-006 NP-017",
    ),
    case(
        "kube-score tells the directions apart and does not read what a policy allows",
        WEB
        + DENY
        + policy("p", "{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}"),
        silent="NP-003 NP-004 NP-005",
    ),
    case(
        "Everybody takes the DNS rule of the tutorials for granted",
        SYSTEM + WEB + dns() + DENY + policy("dns", egress(TO_DNS.replace("k8s-app: kube-dns", "k8s-app: coredns"))),
        fires="DNS-001 DNS-003",
    ),
    case(
        "Everybody takes the API server's word for a policy that it rejects or prunes",
        WEB + policy("p", "{podselector: {matchLabels: {app: db}}, policyTypes: [Ingress]}"),
        fires="NP-025",
    ),
]


@pytest.mark.parametrize("one", CASES, ids=[one.name for one in CASES])
def test_what_ringfence_says_instead(one: Case) -> None:
    world = world_of(one.text)
    assert not [problem for problem in world.problems if problem.severity is Severity.ERROR]
    outcome = world.check()
    for finding in outcome.findings:
        confirm(world, finding)
    found = {finding.rule for finding in outcome.findings}
    assert one.fires & MODULES.keys() <= found
    assert not one.silent & found


def test_the_cases_name_rules() -> None:
    families = {identifier.split("-")[0] for identifier in MODULES}
    assert all(rule.split("-")[0] in families for one in CASES for rule in one.fires | one.silent)
