"""Policies of our own: where no goldens are at hand, and for what the goldens leave out."""

from __future__ import annotations

import yaml

from ringfence.dialects.istio.authorization import rules_at
from ringfence.dialects.istio.authorization_config import AuthorizationConfig
from ringfence.dialects.istio.authorization_objects import read_policy
from ringfence.model.mesh import Point, PointSort
from ringfence.values import replace
from tests.dialects.reading import of
from tests.envoy.filters import filters
from tests.truth.istio_authorization import ANY_TOKEN, POD, Case

PATHS = """
- rules:
  - to:
    - operation:
        paths: [/exact, /prefix*, "*/suffix", "/a/{*}/b", "/c/{**}", "/{**}/d"]
        notPaths: ["/c/{*}/no"]
"""
HOSTS = """
- rules:
  - to: [{operation: {hosts: [Shop.Example, "shop.example:*", "*.test"], notHosts: [BAD.test]}}]
  - when: [{key: "request.headers[host]", values: [exact.host, "begin*"]}]
  - when: [{key: "request.headers[:authority]", notValues: ["*"]}]
"""
METHODS = """
- rules:
  - to: [{operation: {methods: [GET, "P*"]}}]
    when: [{key: "request.headers[X-User]", values: [anna, "b*", "*c"], notValues: [bad]}]
  - to: [{operation: {notMethods: [GET, POST]}}]
    when: [{key: "request.headers[x-user]", notValues: ["*"]}]
- action: DENY
  rules:
  - when: [{key: "request.headers[:method]", values: [PATCH]}]
"""
TOKENS = """
- rules:
  - from: [{source: {requestPrincipals: ["https://issuer.test/anna", "https://issuer.test/b*", "*/carl"]}}]
  - when:
    - {key: "request.auth.claims[groups]", values: [admins, "dev*"], notValues: [guests]}
    - {key: "request.auth.claims[realm][role]", values: ["*"]}
  - when: [{key: request.auth.audiences, values: [api]}, {key: request.auth.presenter, notValues: [robot]}]
- action: DENY
  rules:
  - from: [{source: {notRequestPrincipals: ["*"]}}]
    to: [{operation: {paths: [/token*]}}]
"""
NESTED = """
- rules:
  - when: [{key: "request.auth.claims[realm][roles]", values: [admin, "ops-*", "*-lead"], notValues: [guest]}]
  - when: [{key: "request.auth.claims[a][b][c]", notValues: [x, "y*"]}]
    to: [{operation: {methods: [GET]}}]
- action: DENY
  rules:
  - when: [{key: "request.auth.claims[z][y]", values: ["*"]}]
    to: [{operation: {paths: [/plain]}}]
"""
TEMPLATES = """
- rules:
  - to:
    - operation:
        paths: ["/v/{*}/x/{**}", "/{*}/two/{*}", "/{**}/end.json", "/one/{*}"]
        notPaths: ["/{*}/two/secret", "/v/{*}/x/no/{**}"]
- action: DENY
  rules:
  - to: [{operation: {notPaths: ["/{**}"], methods: [POST]}}]
"""
FIELDS = """
- rules:
  - when:
    - {key: "request.headers[x-one]", values: ["*"]}
    - {key: "request.headers[x-two]", values: ["*suffix", "prefix*", exact], notValues: ["no*", "*nt"]}
  - when: [{key: "request.headers[x-two]", notValues: ["*"]}]
    to: [{operation: {notHosts: ["*.test", "shop*"], notMethods: ["P*"], notPaths: ["*b"]}}]
"""
EVERYTHING_NOT = """
- rules:
  - from: [{source: {notPrincipals: ["td/ns/a/sa/b", "*/sa/ops"], notNamespaces: [bad, "x-*"]}}]
    to: [{operation: {notPorts: ["91"]}}]
    when: [{key: source.ip, notValues: [10.0.0.0/8]}, {key: destination.port, notValues: ["92"]}]
- action: DENY
  rules:
  - from: [{source: {notServiceAccounts: [foo/web, other/api]}}]
    to: [{operation: {ports: ["93"]}}]
  - from: [{source: {notIpBlocks: [127.0.0.0/8, 10.0.0.0/8], notRemoteIpBlocks: [10.1.0.0/16]}}]
  - when: [{key: connection.sni, notValues: ["*.test", "a*"]}, {key: remote.ip, values: [10.3.0.0/16]}]
"""
IDENTITIES = """
- rules:
  - from:
    - source: {namespaces: [shop, "team-*", "*-x"], notNamespaces: [team-bad]}
    - source: {serviceAccounts: [web, other/web.v1], ipBlocks: [127.0.0.0/8]}
    - source: {principals: ["cluster.local/ns/a/sa/b", "*/sa/ops", "td/ns/*"], notIpBlocks: [10.0.0.0/8]}
- action: DENY
  rules:
  - from: [{source: {trustDomains: [bad, "worse*"]}}]
  - from: [{source: {notPrincipals: ["*"]}}]
    to: [{operation: {ports: ["8443"]}}]
"""
CONNECTIONS = """
- rules:
  - to: [{operation: {ports: ["80", "90"], notPorts: ["90"]}}]
    from: [{source: {remoteIpBlocks: [10.1.0.0/16], notRemoteIpBlocks: [10.1.2.3]}}]
  - when:
    - {key: destination.ip, values: [10.2.0.0/24], notValues: [10.2.0.9]}
    - {key: connection.sni, values: [a.test, "*.b.test"], notValues: [no.b.test]}
- action: DENY
  rules:
  - to: [{operation: {methods: [GET], ports: ["91"]}}]
  - to: [{operation: {ports: ["443"]}}]
    from: [{source: {requestPrincipals: ["*"]}}]
"""


def own_cases() -> tuple[Case, ...]:
    """Each set of policies on the chains where it means something."""
    texts = {"paths": PATHS, "hosts": HOSTS, "methods": METHODS, "tokens": TOKENS}
    texts |= {"nested": NESTED, "templates": TEMPLATES, "fields": FIELDS}
    cases = [_case(name, text, True) for name, text in texts.items()]
    both = {"identities": IDENTITIES, "connections": CONNECTIONS, "everything-not": EVERYTHING_NOT}
    for name, text in both.items():
        cases += [_case(name, text, True), _case(name, text, False)]
    return tuple(cases)


def _case(name: str, text: str, http: bool) -> Case:
    policies = []
    for number, spec in enumerate(yaml.safe_load(text)):
        metadata = {"name": f"{name}-{number}", "namespace": "foo"}
        document = {"apiVersion": "security.istio.io/v1", "kind": "AuthorizationPolicy", "metadata": metadata}
        policy, problems = read_policy(of({**document, "spec": spec}))
        assert not [problem for problem in problems if problem.severity == "error"], problems
        policies.append(policy)
    rules = rules_at(policies, (), AuthorizationConfig(), Point(PointSort.SIDECAR, POD, http), 80)
    rules = replace(rules, issuers=(ANY_TOKEN,) if http else ())
    return Case(f"own-{name}", http, rules, {"": filters(rules, http=http)})
