"""What the API server rejects, drops or warns of in a NetworkPolicy: one case a rule, with its valid near miss."""

from __future__ import annotations

import pytest

from ringfence.model.problems import Severity
from tests.dialects.reading import manifest, network_policy, read

HEAD = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"


def peer(text: str) -> str:
    return f"ingress: [{{from: [{text}]}}]"


def port(text: str) -> str:
    return f"ingress: [{{ports: [{text}]}}]"


def block(text: str) -> str:
    return peer(f"{{ipBlock: {text}}}")


REJECTED = [
    # (the spec, the code of its one problem, a near miss that is accepted without a word)
    pytest.param(peer("{}"), "invalid-peer", peer("{podSelector: {}}"), id="empty peer"),
    pytest.param(peer("null"), "invalid-peer", peer("{namespaceSelector: {}}"), id="null peer"),
    pytest.param(
        peer("{podSelector: null}"), "invalid-peer", peer("{podSelector: {}}"), id="peer with a null selector"
    ),
    pytest.param(
        peer("{podSelector: {}, ipBlock: {cidr: 10.0.0.0/8}}"),
        "invalid-peer",
        peer("{podSelector: {}}, {ipBlock: {cidr: 10.0.0.0/8}}"),
        id="ipBlock beside a selector",
    ),
    pytest.param(block("{}"), "missing-field", block("{cidr: 0.0.0.0/0}"), id="ipBlock without a cidr"),
    pytest.param(block("{cidr: 10.0.0.0}"), "invalid-cidr", block("{cidr: 10.0.0.0/32}"), id="no prefix length"),
    pytest.param(block("{cidr: 10.0.0.0/33}"), "invalid-cidr", block("{cidr: 10.0.0.0/32}"), id="IPv4 prefix too long"),
    pytest.param(block("{cidr: '::/129'}"), "invalid-cidr", block("{cidr: '::/128'}"), id="IPv6 prefix too long"),
    pytest.param(block("{cidr: 10.0.0/24}"), "invalid-cidr", block("{cidr: 10.0.0.0/24}"), id="three octets"),
    pytest.param(block("{cidr: 10.0.0.256/32}"), "invalid-cidr", block("{cidr: 10.0.0.255/32}"), id="octet too big"),
    pytest.param(
        block("{cidr: '::ffff:10.0.0.0/104'}"), "invalid-cidr", block("{cidr: '2001:db8::/104'}"), id="IPv4 in IPv6"
    ),
    pytest.param(block("{cidr: 'fe80::%eth0/64'}"), "invalid-cidr", block("{cidr: 'fe80::/64'}"), id="a zone"),
    pytest.param(
        block("{cidr: 10.0.0.0/8, except: [10.0.0.0/8]}"),
        "invalid-except",
        block("{cidr: 10.0.0.0/8, except: [10.0.0.0/9]}"),
        id="except as big as its cidr",
    ),
    pytest.param(
        block("{cidr: 10.0.0.0/8, except: [11.0.0.0/9]}"),
        "invalid-except",
        block("{cidr: 10.0.0.0/7, except: [11.0.0.0/9]}"),
        id="except outside its cidr",
    ),
    pytest.param(
        block("{cidr: 0.0.0.0/0, except: ['2001:db8::/32']}"),
        "invalid-except",
        block("{cidr: '::/0', except: ['2001:db8::/32']}"),
        id="except of the other family",
    ),
    pytest.param(port("{port: 0}"), "invalid-port", port("{port: 1}"), id="port 0"),
    pytest.param(port("{port: 65536}"), "invalid-port", port("{port: 65535}"), id="port 65536"),
    pytest.param(port("{port: 80.5}"), "wrong-type", port("{port: 80.0}"), id="half a port"),
    pytest.param(port("{port: true}"), "wrong-type", port("{port: web}"), id="boolean port"),
    pytest.param(port("{port: '80'}"), "invalid-port-name", port("{port: 80}"), id="number in quotes"),
    pytest.param(port("{port: Web}"), "invalid-port-name", port("{port: web}"), id="capital in a port name"),
    pytest.param(port("{port: a--b}"), "invalid-port-name", port("{port: a-b-1}"), id="two hyphens"),
    pytest.param(port("{port: a-}"), "invalid-port-name", port("{port: 1a}"), id="hyphen at the end"),
    pytest.param(
        port("{port: abcdefghijklmnop}"), "invalid-port-name", port("{port: abcdefghijklmno}"), id="long port name"
    ),
    pytest.param(
        port("{port: 80, endPort: 79}"), "invalid-port-range", port("{port: 80, endPort: 80}"), id="endPort below port"
    ),
    pytest.param(
        port("{endPort: 80}"), "invalid-port-range", port("{port: 1, endPort: 80}"), id="endPort without port"
    ),
    pytest.param(
        port("{port: web, endPort: 80}"), "invalid-port-range", port("{port: web}"), id="endPort beside a name"
    ),
    pytest.param(
        port("{port: 1, endPort: 65536}"), "invalid-port", port("{port: 1, endPort: 65535}"), id="endPort too big"
    ),
    pytest.param(port("{protocol: tcp}"), "invalid-protocol", port("{protocol: TCP}"), id="protocol in lower case"),
    pytest.param(port("{protocol: ICMP}"), "invalid-protocol", port("{protocol: SCTP}"), id="unknown protocol"),
    pytest.param(port("{protocol: ''}"), "invalid-protocol", port("{protocol: null}"), id="empty protocol"),
    pytest.param("policyTypes: [ingress]", "invalid-policy-type", "policyTypes: [Ingress]", id="policy type"),
    pytest.param(
        "policyTypes: [Ingress, Egress, Egress]", "too-many", "policyTypes: [Egress, Egress]", id="three policy types"
    ),
    pytest.param("policyTypes: Ingress", "wrong-type", "policyTypes: []", id="policyTypes not a list"),
    pytest.param("ingress: {}", "wrong-type", "ingress: []", id="ingress not a list"),
    pytest.param(
        "ingress: [{from: {podSelector: {}}}]",
        "wrong-type",
        "ingress: [{from: [podSelector: {}]}]",
        id="from not a list",
    ),
    pytest.param("ingress: [80]", "wrong-type", "ingress: [null]", id="rule not a mapping"),
    pytest.param("podSelector: []", "wrong-type", "podSelector: null", id="selector not a mapping"),
    pytest.param(
        "podSelector: {matchLabels: {app: 1}}",
        "wrong-type",
        "podSelector: {matchLabels: {app: '1'}}",
        id="number label",
    ),
    pytest.param(
        "podSelector: {matchLabels: {app: yes}}",
        "wrong-type",
        "podSelector: {matchLabels: {app: 'yes'}}",
        id="bool label",
    ),
    pytest.param(
        "podSelector: {matchLabels: [app]}", "wrong-type", "podSelector: {matchLabels: {}}", id="labels a list"
    ),
    pytest.param(
        "podSelector: {matchLabels: {app: null}}",
        "null-label",
        "podSelector: {matchLabels: {app: ''}}",
        id="null label",
    ),
    pytest.param(
        "podSelector: {matchLabels: {app: a b}}", "invalid-label", "podSelector: {matchLabels: {app: a_b}}", id="value"
    ),
    pytest.param(
        f"podSelector: {{matchLabels: {{app: {'x' * 64}}}}}",
        "invalid-label",
        f"podSelector: {{matchLabels: {{app: {'x' * 63}}}}}",
        id="long value",
    ),
    pytest.param(
        "podSelector: {matchLabels: {a/b/c: d}}",
        "invalid-label",
        "podSelector: {matchLabels: {b/c: d}}",
        id="two slashes",
    ),
    pytest.param(
        "podSelector: {matchLabels: {B/c: d}}", "invalid-label", "podSelector: {matchLabels: {b/C: d}}", id="prefix"
    ),
    pytest.param(
        "podSelector: {matchExpressions: [{key: a, operator: In}]}",
        "invalid-selector",
        "podSelector: {matchExpressions: [{key: a, operator: In, values: ['']}]}",
        id="In without values",
    ),
    pytest.param(
        "podSelector: {matchExpressions: [{key: a, operator: NotIn, values: []}]}",
        "invalid-selector",
        "podSelector: {matchExpressions: [{key: a, operator: NotIn, values: [b]}]}",
        id="NotIn without values",
    ),
    pytest.param(
        "podSelector: {matchExpressions: [{key: a, operator: Exists, values: [b]}]}",
        "invalid-selector",
        "podSelector: {matchExpressions: [{key: a, operator: Exists, values: []}]}",
        id="Exists with values",
    ),
    pytest.param(
        "podSelector: {matchExpressions: [{key: a, operator: exists}]}",
        "invalid-selector",
        "podSelector: {matchExpressions: [{key: a, operator: DoesNotExist}]}",
        id="operator in lower case",
    ),
    pytest.param(
        "podSelector: {matchExpressions: [{key: '', operator: Exists}]}",
        "invalid-label",
        "podSelector: {matchExpressions: [{key: a, operator: Exists}]}",
        id="empty key",
    ),
    pytest.param(
        "podSelector: {matchExpressions: [{key: a, operator: In, values: b}]}",
        "wrong-type",
        "podSelector: {matchExpressions: [{key: a, operator: In, values: [b]}]}",
        id="values not a list",
    ),
]


@pytest.mark.parametrize("spec, code, near", REJECTED)
def test_rejected(spec: str, code: str, near: str) -> None:
    rules, problems = read(network_policy(spec))
    assert [(p.code, p.severity) for p in problems] == [(code, Severity.ERROR)]
    assert rules.broken
    accepted, silent = read(network_policy(near))
    assert silent == []
    assert not accepted.broken


METADATA = [
    ("{name: a_b}", "invalid-name", "{name: a-b.c}"),
    ("{name: A}", "invalid-name", "{name: a}"),
    ("{namespace: shop}", "missing-field", "{generateName: web-}"),
    ("{name: a, namespace: a.b}", "invalid-name", "{name: a, namespace: a-b}"),
    ("{name: 7}", "wrong-type", "{name: '7'}"),
    ("{name: a, labels: {a: 1}}", "wrong-type", "{name: a, labels: {a: '1', b: null}}"),
    ("{name: a, labels: {a b: c}}", "invalid-label", "{name: a, labels: {a/b: c}}"),
    ("{name: a, annotations: {a: true}}", "wrong-type", "{name: a, annotations: {A/b: 'any text'}}"),
    ("{name: a, creationTimestamp: x}", "invalid-value", "{name: a, creationTimestamp: null}"),
    ("{name: a, finalizers: [a]}", "invalid-name", "{name: a, finalizers: [a.b/c, orphan]}"),
    (
        "{name: a, ownerReferences: [{apiVersion: v1, kind: Pod, name: p}]}",
        "missing-field",
        "{name: a, ownerReferences: [{apiVersion: v1, kind: Pod, name: p, uid: u}]}",
    ),
]


@pytest.mark.parametrize("metadata, code, near", METADATA)
def test_metadata(metadata: str, code: str, near: str) -> None:
    rules, problems = read(manifest(f"{HEAD}metadata: {metadata}"))
    assert [p.code for p in problems] == [code]
    assert rules.broken
    assert read(manifest(f"{HEAD}metadata: {near}"))[1] == []


def test_a_fault_is_at_its_line_with_a_hint() -> None:
    _, problems = read(
        network_policy(
            """
            ingress:
            - ports:
              - port: "80"
              from:
              - ipBlock:
                  cidr: 10.0.0.1
            """
        )
    )
    assert [str(problem) for problem in problems] == [
        'policy.yaml:7:7: error: the API server rejects NetworkPolicy "shop/web": spec.ingress[0].ports[0].port "80"'
        " is not a port name: it has no letter [invalid-port-name]\n  hint: write 80 without quotes",
        'policy.yaml:10:9: error: the API server rejects NetworkPolicy "shop/web": spec.ingress[0].from[0].ipBlock.cidr'
        ' "10.0.0.1" has no prefix length [invalid-cidr]\n  hint: for the single address write 10.0.0.1/32',
    ]


DROPPED = [
    # (spec, path of the dropped field, what is left, hint)
    (
        "ingress: [{form: [{podSelector: {}}]}]",
        "spec.ingress[0].form",
        "the rule then has no from and admits everyone on every port",
        "did you mean from?",
    ),
    (
        "ingress: [{from: [{podSelector: {}}], port: [{port: 80}]}]",
        "spec.ingress[0].port",
        "the rule then has no ports and covers every port",
        "did you mean ports?",
    ),
    (
        "ingress: [{from: [{podSelector: {}, namespaceSelectors: {}}]}]",
        "spec.ingress[0].from[0].namespaceSelectors",
        "the peer is then the pods of the policy's own namespace that podSelector selects",
        "did you mean namespaceSelector?",
    ),
    (
        "ingress: [{from: [{podSelector: {}, ports: [{port: 80}]}]}]",
        "spec.ingress[0].from[0].ports",
        "",
        "here it is written beside from or to, one level up",
    ),
    (
        "egress: [{from: [{podSelector: {}}]}]",
        "spec.egress[0].from",
        "the rule then has no to and lets out to everyone on every port",
        "here it is written to (from belongs to ingress rules)",
    ),
    ("podSelector: {matchLabel: {a: b}}", "spec.podSelector.matchLabel", "the selector is then empty", "matchLabels?"),
    ("podselector: {matchLabels: {a: b}}", "spec.podselector", "selects every pod of its namespace", "podSelector?"),
    ("policyType: [Egress]", "spec.policyType", "policyTypes is then Ingress only", "did you mean policyTypes?"),
    ("ingres: [{}]", "spec.ingres", "the policy then has no ingress rules", "did you mean ingress?"),
    (
        "ingress: [{ports: [{port: 80, endport: 90}]}]",
        "spec.ingress[0].ports[0].endport",
        "the entry then covers the one port",
        "did you mean endPort?",
    ),
    (
        "ingress: [{ports: [{targetPort: 80}]}]",
        "spec.ingress[0].ports[0].targetPort",
        "the entry then covers every TCP port",
        "here it is written port",
    ),
    (
        "ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, excepts: [10.0.0.0/9]}}]}]",
        "spec.ingress[0].from[0].ipBlock.excepts",
        "nothing is then excepted",
        "did you mean except?",
    ),
    ("description: x", "spec.description", "selects every pod of its namespace", "the spec has the fields podSelector"),
]


@pytest.mark.parametrize("spec, path, consequence, hint", DROPPED)
def test_an_unknown_field_is_dropped_and_reported(spec: str, path: str, consequence: str, hint: str) -> None:
    rules, (problem,) = read(network_policy(spec))
    assert (problem.code, problem.severity) == ("unknown-field", Severity.WARNING)
    assert problem.message.startswith(f"{path} is not a field: the API server drops it")
    assert consequence in problem.message
    assert hint in problem.hint
    assert not rules.broken


def test_a_field_that_leaves_an_empty_peer_breaks_the_policy() -> None:
    rules, problems = read(network_policy("ingress: [{from: [{namespaceSelectors: {}}]}]"))
    assert [p.code for p in problems] == ["unknown-field", "invalid-peer"]
    assert rules.broken


def test_fields_of_the_spec_at_the_top_are_dropped() -> None:
    rules, (problem,) = read(manifest(f"{HEAD}metadata: {{name: a}}\npodSelector: {{matchLabels: {{a: b}}}}"))
    assert problem.hint == "here it is written inside spec"
    assert "denies all ingress" in problem.message
    assert rules.ingress == ()


@pytest.mark.parametrize("text", ["{}", "null"])
def test_metadata_must_be_there(text: str) -> None:
    rules, problems = read(manifest(f"{HEAD}metadata: {text}\nspec: {{}}"))
    assert [p.code for p in problems] == ["missing-field"]
    assert rules.broken
    assert rules.namespace == "default"


def test_a_stored_status_is_nothing() -> None:
    assert read(manifest(f"{HEAD}metadata: {{name: a}}\nspec: {{}}\nstatus: {{conditions: []}}"))[1] == []


@pytest.mark.parametrize("cidr, network", [("10.0.0.1/8", "10.0.0.0/8"), ("010.0.0.0/08", "10.0.0.0/8")])
def test_a_sloppy_cidr_is_read_with_a_warning(cidr: str, network: str) -> None:
    rules, (problem,) = read(network_policy(block(f"{{cidr: {cidr}}}")))
    assert (problem.code, problem.severity, problem.hint) == ("sloppy-cidr", Severity.WARNING, f"write {network}")
    assert not rules.broken
