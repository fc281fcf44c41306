"""What an enforcement point asks of requests: the policies and token rules that reach it, each as it reads them.

Sources: istio ``pilot/pkg/security/authz/builder`` (order, dry runs, external services), ``pilot/pkg/model``
(authorization.go, authentication.go); for ztunnel ``pilot/pkg/serviceregistry/ambient/authorization.go``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ringfence.dialects.istio import envoy_rules, node_rules
from ringfence.dialects.istio.attachment import attaches
from ringfence.dialects.istio.authorization_config import AuthorizationConfig, Provider
from ringfence.dialects.istio.authorization_objects import AuthorizationPolicy, RequestAuthentication
from ringfence.dialects.istio.proxy_headers import added_by_proxies, written_by_proxies
from ringfence.model.mesh import (
    Point,
    PointSort,
    RequestAction,
    RequestPolicy,
    RequestRule,
    RequestRules,
    Source,
    TokenIssuer,
)
from ringfence.sets.requests.formulas import predicates_of

POLICY = "AuthorizationPolicy"
AUTHENTICATION = "RequestAuthentication"
_ACTIONS = {
    "ALLOW": RequestAction.ALLOW,
    "DENY": RequestAction.DENY,
    "AUDIT": RequestAction.AUDIT,
    "CUSTOM": RequestAction.EXTERNAL,
}
Unsettled = tuple[Source, str]


def rules_at(
    policies: Iterable[AuthorizationPolicy],
    authentications: Iterable[RequestAuthentication],
    config: AuthorizationConfig,
    point: Point,
    port: int,
) -> RequestRules:
    """Everything that a point asks of requests to ``port`` (the workload's). Policies are in the order of their names.
    What may apply or may not, or cannot be read, is ``unsettled``.

    The port does not choose policies: a rule asks for it as for any other attribute.
    """
    unsettled: list[Unsettled] = []
    attached = []
    for policy in policies:
        here = attaches(policy.attachment, point, config)
        unread = point.sort is PointSort.NODE and policy.action not in node_rules.ACTIONS and not policy.broken
        if here is False or unread:
            continue
        if here is None or policy.broken:
            why = policy.broken or _OPEN_LABEL
            unsettled.append((_source(POLICY, policy), why))
        else:
            attached.append(policy)
    attached.sort(key=lambda policy: (policy.attachment.namespace, policy.name, policy.place))
    issuers, filled = _issuers(authentications, config, point, unsettled)
    read = _node(attached, config) if point.sort is PointSort.NODE else _envoy(attached, config, point.http)
    asks: set[str] = set()
    for one in read:
        for rule in one.rules:
            asked = (predicate.attribute for predicate in predicates_of((rule.formula,)))
            names = {attribute.key for attribute in asked if attribute.name == "header"}
            asks |= names
            if taken := sorted(names & filled):
                why = f"the proxy fills the header {', '.join(taken)} from the token that the request has"
                unsettled.append((Source(POLICY, one.namespace, one.name, rule.place, rule.index), why))
    added = frozenset(filter(added_by_proxies, asks)) if point.sort is not PointSort.GATEWAY else frozenset()
    written = frozenset(filter(written_by_proxies, asks)) - added
    return RequestRules(
        tuple(read), issuers, tuple(unsettled), written=written, added=added, apart=config.headers_apart
    )


_OPEN_LABEL = "its selector names a label of the pod whose value the input does not give"


def _source(kind: str, one: AuthorizationPolicy | RequestAuthentication) -> Source:
    return Source(kind, one.attachment.namespace, one.name, one.place)


def _node(policies: Sequence[AuthorizationPolicy], config: AuthorizationConfig) -> list[RequestPolicy]:
    return [_request_policy(policy, node_rules.rules(policy, config)) for policy in policies]


def _envoy(policies: Sequence[AuthorizationPolicy], config: AuthorizationConfig, http: bool) -> list[RequestPolicy]:
    asked = {policy.provider for policy in policies if policy.action == "CUSTOM"}
    too_many = len(asked) > 1 and not config.several_providers
    found = []
    for policy in policies:
        rules = envoy_rules.rules(policy, config, http=http)
        if policy.action != "CUSTOM":
            found.append(_request_policy(policy, rules))
            continue
        provider = config.providers.get(policy.provider, Provider.UNUSABLE)
        if provider is Provider.HTTP and not http and not too_many:
            continue  # nothing but HTTP can be asked about there: connections pass unasked
        refuses = too_many or provider is Provider.UNUSABLE
        found.append(_request_policy(policy, rules, refuses=refuses))
    return found


def _request_policy(
    policy: AuthorizationPolicy, rules: tuple[RequestRule, ...], *, refuses: bool = False
) -> RequestPolicy:
    external = policy.action == "CUSTOM"
    return RequestPolicy(
        kind=POLICY,
        namespace=policy.attachment.namespace,
        name=policy.name,
        action=_ACTIONS[policy.action],
        rules=rules,
        place=policy.place,
        # The external service is asked about a dry run as about others; one that cannot be asked is not enforced then.
        shadow=policy.dry_run and (refuses or not external),
        refuses=refuses and not policy.dry_run,
        provider=policy.provider if external else "",
    )


def _issuers(
    authentications: Iterable[RequestAuthentication],
    config: AuthorizationConfig,
    point: Point,
    unsettled: list[Unsettled],
) -> tuple[tuple[TokenIssuer, ...], set[str]]:
    """The issuers whose tokens are validated, and the headers that proxies fill from tokens."""
    found: list[TokenIssuer] = []
    filled: set[str] = set()
    if point.sort is PointSort.NODE or not point.http:
        return (), filled
    for one in authentications:
        here = attaches(one.attachment, point, config)
        if here is False:
            continue
        if here is None or one.broken:
            unsettled.append((_source(AUTHENTICATION, one), one.broken or _OPEN_LABEL))
            continue
        for index, rule in enumerate(one.rules):
            source = Source(AUTHENTICATION, one.attachment.namespace, one.name, rule.place, index)
            found.append(TokenIssuer(rule.issuer, rule.audiences, source, rule.divided))
            filled.update(rule.headers)
    found.sort(key=lambda issuer: (issuer.source.namespace or "", issuer.source.name, issuer.source.rule or 0))
    return tuple(found), filled
