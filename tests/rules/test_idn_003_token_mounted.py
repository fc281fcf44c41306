from __future__ import annotations

import json

import pytest

from ringfence.rules.finding import Severity, Subject
from ringfence.verdict.answers import Verdict
from tests.rules.checking import checked, messages, namespace, policy
from tests.rules.meshed import an, binding, role, sidecars

RULE = "IDN-003"
READ = role("reader", [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}])
KUBERNETES = (
    an("Service", "kubernetes", {"ports": [{"name": "https", "port": 443, "targetPort": 6443}]}, "default")
    + "---\n"
    + json.dumps(
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": "kubernetes",
                "namespace": "default",
                "labels": {"kubernetes.io/service-name": "kubernetes"},
            },
            "addressType": "IPv4",
            "endpoints": [{"addresses": ["198.51.100.7"], "conditions": {"ready": True}}],
            "ports": [{"name": "https", "port": 6443, "protocol": "TCP"}],
        }
    )
    + "\n"
)


def pod(**spec: object) -> str:
    whole = {"serviceAccountName": "web", "containers": [{"name": "main", "image": "none"}], **spec}
    return an("Pod", "web", whole, labels={"app": "web"})


WEB = namespace("shop") + pod() + READ + binding("shop/web", "reader")
TO_SERVER = "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 198.51.100.7/32}}]}]}"
CLOSED = "{podSelector: {}, policyTypes: [Egress]}"


def test_a_token_with_rights_and_a_way() -> None:
    (finding,) = checked(RULE, WEB + KUBERNETES).findings
    assert finding.subject == Subject("Pod", "shop", "web")
    assert "may get/list configmaps" in finding.message
    assert finding.severity is Severity.LOW
    assert [one.message for one in finding.related] == ["ClusterRoleBinding web-reader gives it"]
    assert finding.witness is not None
    assert (finding.witness.destination, finding.witness.expected) == ("default/service/kubernetes", Verdict.ALLOWED)


def test_what_the_rights_are_worth() -> None:
    secrets = role("reader", [{"apiGroups": [""], "resources": ["*"], "verbs": ["get"]}])
    (finding,) = checked(
        RULE, namespace("shop") + pod() + secrets + binding("shop/web", "reader") + KUBERNETES
    ).findings
    assert "may read secrets in every namespace" in finding.message
    assert finding.severity is None


@pytest.mark.parametrize("name", ["system:serviceaccounts", "system:serviceaccounts:shop", "system:authenticated"])
def test_rights_of_groups_count(name: str) -> None:
    assert len(messages(RULE, namespace("shop") + pod() + READ + binding(name, "reader") + KUBERNETES)) == 1
    assert messages(RULE, namespace("shop") + pod() + binding(name, "system:discovery") + KUBERNETES) == []


def test_no_token_no_rights_or_no_way() -> None:
    rest = READ + binding("shop/web", "reader") + KUBERNETES
    assert messages(RULE, namespace("shop") + pod(automountServiceAccountToken=False) + rest) == []
    off = '---\n{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "web", "namespace": "shop"}, '
    off += '"automountServiceAccountToken": false}\n'
    assert messages(RULE, namespace("shop") + pod() + off + rest) == []
    assert len(messages(RULE, namespace("shop") + pod(automountServiceAccountToken=True) + off + rest)) == 1
    assert messages(RULE, namespace("shop") + pod() + READ + binding("shop/other", "reader") + KUBERNETES) == []
    assert messages(RULE, WEB + KUBERNETES + policy("closed", CLOSED)) == []
    assert len(messages(RULE, WEB + KUBERNETES + policy("open", TO_SERVER))) == 1


def test_without_the_address_of_the_server() -> None:
    assert len(messages(RULE, WEB)) == 1
    assert messages(RULE, WEB + policy("closed", CLOSED)) == []
    outcome = checked(RULE, WEB + policy("open", TO_SERVER))
    assert not outcome.findings
    assert "where that is" in outcome.not_evaluable[0].why


def test_a_role_that_the_input_lacks() -> None:
    outcome = checked(RULE, namespace("shop") + pod() + binding("shop/web", "unknown") + KUBERNETES)
    assert not outcome.findings
    assert "the input does not have ClusterRole unknown" in outcome.not_evaluable[0].why
    (message,) = messages(RULE, namespace("shop") + pod() + binding("shop/web", "cluster-admin") + KUBERNETES)
    assert "may do everything in every namespace" in message


def test_without_bindings_it_is_said_in_a_mesh_only() -> None:
    assert messages(RULE, namespace("shop") + pod()) == []
    outcome = checked(RULE, sidecars() + pod())
    assert not outcome.findings
    assert "no RoleBindings" in outcome.not_evaluable[0].why


def test_rights_that_a_role_gathers_from_others() -> None:
    part = READ.replace('"name": "reader"', '"name": "part", "labels": {"gather": "yes"}')
    whole = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "whole"}}
    whole = {**whole, "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"gather": "yes"}}]}, "rules": []}
    text = namespace("shop") + pod() + part + f"---\n{json.dumps(whole)}\n" + binding("shop/web", "whole") + KUBERNETES
    assert len(messages(RULE, text)) == 1
