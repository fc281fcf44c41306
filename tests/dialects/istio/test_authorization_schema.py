"""What the API server and istiod's webhook say to a policy, and that the message tells what the mesh makes of it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given

from ringfence.dialects.istio.authorization_objects import read_authentication, read_policy
from ringfence.model.problems import Problem, Severity
from tests.dialects.reading import manifest, of
from tests.dialects.test_hostile import ANYTHING


def policy(spec: str) -> tuple[Any, list[Problem]]:
    head = {"apiVersion": "security.istio.io/v1", "kind": "AuthorizationPolicy", "metadata": {"name": "p"}}
    return read_policy(of({**head, "spec": yaml.safe_load(spec)}))


def rule(text: str, action: str = "ALLOW") -> str:
    return f"{{action: {action}, rules: [{text}]}}"


REFUSED = [
    ("{selector: {matchLabels: {a: b}}, targetRefs: [{kind: Service, name: s}], rules: [{}]}", "invalid-choice", "spec",
     "no sidecar and no ztunnel looks at it"),
    ("{selector: {matchLabels: {'a*': b}}, rules: [{}]}", "invalid-selector", "spec.selector.matchLabels.a*",
     "it selects nothing"),
    ("{targetRefs: [{kind: Deployment, group: apps, name: d}], rules: [{}]}", "invalid-target", "spec.targetRefs[0]",
     "nothing enforces it"),
    ("{targetRef: {kind: Service, name: s, namespace: x}, rules: [{}]}", "invalid-target", "spec.targetRef.namespace",
     "looked for beside the policy"),
    ("{action: DENY}", "no-rules", "spec", "no request is denied"),
    ("{action: CUSTOM, rules: [{}]}", "missing-field", "spec", "every request that a rule matches is refused"),
    ("{provider: {name: x}, rules: [{}]}", "invalid-choice", "spec.provider", "it is ignored"),
    (rule("{from: []}"), "too-few", "spec.rules[0].from", "as if from were left out"),
    (rule("{to: []}"), "too-few", "spec.rules[0].to", "stands for every request"),
    (rule("{from: [{}]}"), "too-few", "spec.rules[0].from[0]", "ztunnel for nobody"),
    (rule("{to: [{operation: {methods: []}}]}"), "too-few", "spec.rules[0].to[0]", "ztunnel for none"),
    (rule("{from: [{source: {serviceAccounts: [a], namespaces: [b]}}]}"), "invalid-choice",
     "spec.rules[0].from[0].source", "both have to match"),
    (rule("{from: [{source: {serviceAccounts: ['a*']}}]}"), "invalid-value",
     "spec.rules[0].from[0].source.serviceAccounts[0]", "no account that there can be"),
    (rule("{from: [{source: {ipBlocks: [10.0.0.0/33]}}]}"), "invalid-cidr", "spec.rules[0].from[0].source.ipBlocks[0]",
     "the whole rule is dropped: it allows nothing"),
    (rule("{from: [{source: {ipBlocks: [10.0.0.01]}}]}", "DENY"), "invalid-cidr",
     "spec.rules[0].from[0].source.ipBlocks[0]", "the rule then matches more"),
    (rule("{to: [{operation: {ports: [http]}}]}", "DENY"), "invalid-port", "spec.rules[0].to[0].operation.ports[0]",
     "the rule then matches more"),
    (rule("{to: [{operation: {paths: ['/{id}']}}]}"), "invalid-path", "spec.rules[0].to[0].operation.paths[0]",
     "braces and all"),
    (rule("{to: [{operation: {paths: ['/{**}/{*}']}}]}"), "invalid-path", "spec.rules[0].to[0].operation.paths[0]",
     "goes on with the one before"),
    (rule("{when: [{key: source.serviceaccount, values: [a]}]}"), "unknown-attribute", "spec.rules[0].when[0].key",
     "the whole rule is dropped: it allows nothing"),
    (rule("{when: [{key: source.serviceaccount, values: [a]}]}", "DENY"), "unknown-attribute",
     "spec.rules[0].when[0].key", "NOTHING of it is denied"),
    (rule("{when: [{key: request.headers, values: [a]}]}", "DENY"), "unknown-attribute", "spec.rules[0].when[0].key",
     "the rule then matches more"),
    (rule("{when: [{key: source.ip, values: []}]}"), "too-few", "spec.rules[0].when[0]",
     "ztunnel takes it for one that never holds"),
    ("{action: CUSTOM, provider: {name: x}, rules: [{from: [{source: {requestPrincipals: ['*']}}]}]}", "invalid-choice",
     "spec.rules[0].from[0].source.requestPrincipals", "before tokens are looked at"),
]  # fmt: skip


@pytest.mark.parametrize("spec, code, path, said", REFUSED)
def test_the_webhook_rejects_it_and_the_message_says_what_it_means_where_it_is_stored(
    spec: str, code: str, path: str, said: str
) -> None:
    read, problems = policy(spec)
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    assert [(problem.code, problem.place.file) for problem in errors] == [(code, path)]
    assert said in errors[0].message
    assert errors[0].hint
    assert not read.broken


NEAR = [
    "{targetRefs: [{kind: Service, group: '', name: s}], rules: [{}]}",
    "{action: CUSTOM, provider: {name: x}, rules: [{to: [{operation: {paths: [/a]}}]}]}",
    rule("{from: [{source: {ipBlocks: ['10.0.0.1', 'fd00::/8'], notIpBlocks: [10.0.0.7/8]}}]}"),
    rule("{to: [{operation: {ports: ['0', '65535'], paths: ['/{*}/a/{**}', '*', /x*]}}]}"),
    rule("{when: [{key: 'request.headers[X-A]', notValues: [a]}, {key: 'request.auth.claims[a][b]', values: [c]}]}"),
    rule("{to: [{operation: {methods: [GET], ports: ['80']}}]}", "DENY"),
]


@pytest.mark.parametrize("spec", NEAR)
def test_what_is_right_is_taken_without_a_word(spec: str) -> None:
    assert policy(spec)[1] == []


@pytest.mark.parametrize(
    "spec, code",
    [
        ("{action: Allow, rules: [{}]}", "invalid-action"),
        ("{rules: [{from: [{source: {principals: x}}]}]}", "wrong-type"),
        ("{rules: [{to: [{operation: {ports: [80]}}]}]}", "wrong-type"),
        ("{rules: [{when: [{values: [x]}]}]}", "missing-field"),
        ("[]", "wrong-type"),
    ],
)
def test_what_the_api_server_rejects_is_broken(spec: str, code: str) -> None:
    read, problems = policy(spec)
    assert [problem.code for problem in problems] == [code]
    assert read.broken
    assert read.clauses == ()


def test_an_unknown_field_is_dropped_and_the_message_says_what_is_left() -> None:
    read, problems = policy("{rules: [{from: [{principals: [x]}]}]}")
    assert [problem.code for problem in problems] == ["unknown-field", "too-few"]
    assert "the entry then has no source and stands for everybody" in problems[0].message
    assert read.clauses[0].sources == ((),)


def test_a_null_among_the_rules_is_skipped_and_the_others_keep_their_numbers() -> None:
    read, problems = policy("{action: DENY, rules: [null, {when: [{key: nope, values: [a]}]}]}")
    assert [problem.place.file for problem in problems] == ["spec.rules[0]", "spec.rules[1].when[0].key"]
    assert [clause.index for clause in read.clauses] == [1]
    assert not read.broken


def test_a_rule_that_denies_by_http_alone_is_warned_of() -> None:
    _, (problem,) = policy(rule("{to: [{operation: {methods: [GET]}}]}", "DENY"))
    assert (problem.code, problem.severity) == ("denies-tcp", Severity.WARNING)


def test_places_are_those_of_the_lines() -> None:
    read, problems = read_policy(
        manifest(
            """
            apiVersion: security.istio.io/v1beta1
            kind: AuthorizationPolicy
            metadata: {name: p, namespace: shop, annotations: {istio.io/dry-run: "yes"}}
            spec:
              action: DENY
              rules:
              - when:
                - key: request.header[x]
                  values: [a]
            """
        )
    )
    assert [(problem.code, problem.place.line, problem.place.column) for problem in problems] == [
        ("invalid-value", 3, 52),
        ("unknown-attribute", 8, 7),
    ]
    assert problems[1].hint == "did you mean request.headers[NAME]?"
    assert (read.attachment.namespace, read.dry_run) == ("shop", False)


def test_token_rules() -> None:
    spec = yaml.safe_load("{jwtRules: [{issuer: a, audiences: ['']}, {jwks: x}, {jwksUri: ftp://x}]}")
    head = {"apiVersion": "security.istio.io/v1", "kind": "RequestAuthentication", "metadata": {"name": "r"}}
    read, problems = read_authentication(of({**head, "spec": spec}))
    assert [problem.code for problem in problems] == ["invalid-value", "missing-field", "invalid-value"]
    assert [rule.issuer for rule in read.rules] == ["a", ""]


@pytest.mark.parametrize("kind", ["AuthorizationPolicy", "RequestAuthentication"])
@given(metadata=ANYTHING, spec=ANYTHING)
def test_nothing_is_raised(kind: str, metadata: Any, spec: Any) -> None:
    read = read_policy if kind == "AuthorizationPolicy" else read_authentication
    object_, problems = read(
        of({"apiVersion": "security.istio.io/v1", "kind": kind, "metadata": metadata, "spec": spec})
    )
    assert not object_.broken or problems
