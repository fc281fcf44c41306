"""What the rules of an AuthorizationPolicy mean to Envoy: on a chain of HTTP filters, and on one of connections.

Source: istio ``pilot/pkg/security/authz/model/model.go`` (New, Generate, checkError) and ``builder``.
"""

from __future__ import annotations

from collections.abc import Iterable

from ringfence.dialects.istio import attributes
from ringfence.dialects.istio.authorization_config import AuthorizationConfig
from ringfence.dialects.istio.authorization_objects import AuthorizationPolicy, Clause, Term
from ringfence.dialects.istio.matching import formula, http_only
from ringfence.dialects.istio.trust_domains import domains_with_aliases, with_aliases
from ringfence.model.mesh import RequestRule
from ringfence.sets.requests.formulas import NEVER, Formula, Not, conjunction, disjunction


class _Dropped(Exception):
    """The whole rule goes."""


def rules(policy: AuthorizationPolicy, config: AuthorizationConfig, *, http: bool) -> tuple[RequestRule, ...]:
    """The rules that are left of a policy on one kind of chain, in order. Those with an unknown attribute are dropped.
    One that allows is also dropped with a field that the chain does not know; of others only the field is, so that they
    match more."""
    found = []
    for clause in policy.clauses:
        reader = _Reader(policy, config, http)
        try:
            meaning = reader.clause(clause)
        except _Dropped:
            continue
        found.append(RequestRule(clause.index, meaning, clause.place, reader.note()))
    return tuple(found)


class _Reader:
    """Reads one rule, and keeps the fields that it left out."""

    def __init__(self, policy: AuthorizationPolicy, config: AuthorizationConfig, http: bool) -> None:
        self.policy = policy
        self.config = config
        self.http = http
        self.left_out: list[str] = []

    def clause(self, clause: Clause) -> Formula:
        """The formula of a rule. Raises _Dropped."""
        if any(attributes.sort_of(one.key) is None for one in clause.conditions):
            raise _Dropped
        conditions = self._all(clause.conditions)
        sources = [self._all(terms) for terms in clause.sources]
        operations = [self._all(terms) for terms in clause.operations]
        return conjunction(
            [
                *([disjunction(sources)] if sources else ()),
                *([disjunction(operations)] if operations else ()),
                conditions,
            ]
        )

    def _all(self, terms: Iterable[Term]) -> Formula:
        return conjunction(part for term in terms for part in self._term(term))

    def _term(self, term: Term) -> list[Formula]:
        parts = []
        if values := self._values(term.key, term.values):
            parts.append(disjunction(values))
        if others := self._values(term.key, term.others):
            parts.append(Not(disjunction(others)))
        return parts

    def _values(self, key: str, values: tuple[str, ...]) -> list[Formula]:
        domains = self.config.trust_domains
        written: Iterable[str] = values
        if key == "source.principal":
            written = with_aliases(values, domains)
        elif key == "source.trustDomain":
            written = domains_with_aliases(values, domains)
        found = []
        for value in written:
            unknown_here = not self.http and http_only(key)
            meaning = None if unknown_here else formula(key, value, self.policy.attachment.namespace, self.config)
            if meaning is not None:
                found.append(self._before_tokens(key, meaning))
            elif self.policy.action == "ALLOW":
                raise _Dropped
            else:
                self.left_out.append(key if unknown_here else f"{key} {value}")
        return found

    def _before_tokens(self, key: str, meaning: Formula) -> Formula:
        """External services are asked before tokens are looked at: there is none."""
        return NEVER if self.policy.action == "CUSTOM" and key.startswith("request.auth.") else meaning

    def note(self) -> str:
        """What was left out, so that the rule matches more than it says."""
        if not self.left_out:
            return ""
        names = ", ".join(dict.fromkeys(self.left_out))
        where = "" if self.http else ", which only HTTP has,"
        return f"{names}{where} is left out here: the rule matches more than it says"
