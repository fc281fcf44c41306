"""What of an AuthorizationPolicy a release of Istio does not know yet.

Its API server leaves such a field out without a word, so that the policy says something else there, or compares a path
with the text of a template. Source: Istio's change notes of 1.22 (templates of paths; targetRefs), and what
CVE-2026-39350 says of serviceAccounts (1.25).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ringfence.dialects.istio.authorization_objects import AuthorizationPolicy
from ringfence.values import replace

ACCOUNTS, TEMPLATES, TARGETS = (1, 25), (1, 22), (1, 22)
"""The first releases that know serviceAccounts, templates in paths, targetRefs."""


def as_known(policy: AuthorizationPolicy, releases: Iterable[tuple[int, ...]]) -> AuthorizationPolicy:
    """The policy; where a release of these does not know all of it, what it says is not known."""
    old = min(releases, default=())
    if policy.broken or not old:
        return policy
    strange = [what for since, what in _newest(policy) if old < since]
    if not strange:
        return policy
    release = ".".join(map(str, old))
    attachment = policy.attachment
    if old < TARGETS:
        # Without them it holds for its whole namespace.
        attachment = replace(attachment, targets=())
    return replace(policy, attachment=attachment, broken=f"Istio {release} does not know its {strange[0]}")


def _newest(policy: AuthorizationPolicy) -> Iterator[tuple[tuple[int, int], str]]:
    if policy.attachment.targets:
        yield TARGETS, "targetRefs (known from 1.22 on)"
    for clause in policy.clauses:
        for terms in (*clause.sources, *clause.operations, clause.conditions):
            for term in terms:
                if term.key == "source.serviceAccount":
                    yield ACCOUNTS, "serviceAccounts (known from 1.25 on)"
                if term.key == "paths" and any("{*" in value for value in (*term.values, *term.others)):
                    yield TEMPLATES, "templates of paths (known from 1.22 on)"
