"""A rule names a method that there is not, or a host of a Service that there is not.

## What is checked

`methods` and `notMethods` of AuthorizationPolicies that are none of HTTP's (they are compared case by case: `get` is
none), and `hosts` and `notHosts` that end in `.svc.cluster.local` and name no Service of the input.

## Why this is bad

No request has such a method, or goes to such a host. A rule that allows lets nobody in because of it, and a rule that
denies denies nothing.

## Example

```yaml
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: read-only, namespace: shop}
spec:
  action: DENY
  rules: [{to: [{operation: {methods: [post, put, delete]}}]}]
```

Use instead:

```yaml
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: read-only, namespace: shop}
spec:
  action: DENY
  rules: [{to: [{operation: {methods: [POST, PUT, DELETE]}}]}]
```

## How to fix it

Write methods in upper case. Calls of gRPC are POST; name them by `paths`. For hosts, name the Service as it is called.

## Limits

Methods of extensions (WebDAV and others) are taken for right where they are in upper case and known to IANA. Where the
input has nothing of the namespace of a host, it cannot be told whether the Service exists.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING

from ringfence.model.text import printable
from ringfence.rules.finding import Finding, NotEvaluable, Severity
from ringfence.rules.rule import Needs, Precision, Rule

if TYPE_CHECKING:
    from ringfence.dialects.istio.authorization_objects import Clause
    from ringfence.rules.enforcement import Enforcement
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="AUZ-020",
    slug="method-or-host-of-nobody",
    title="A rule names a method that there is not, or a host of a Service that there is not",
    severity=Severity.MEDIUM,
    precision=Precision.HIGH,
    needs=Needs.INVENTORY,
    aliases=("kiali:KIA0102", "kiali:KIA0104"),
)

_METHODS = (
    "GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH ACL BASELINE-CONTROL BIND CHECKIN CHECKOUT COPY LABEL LINK "
    "LOCK MERGE MKACTIVITY MKCALENDAR MKCOL MKREDIRECTREF MKWORKSPACE MOVE ORDERPATCH PRI PROPFIND PROPPATCH QUERY "
    "REBIND REPORT SEARCH UNBIND UNCHECKOUT UNLINK UNLOCK UPDATE UPDATEREDIRECTREF VERSION-CONTROL PURGE"
)
METHODS = frozenset(_METHODS.split())
"""IANA's registry of HTTP methods, and PURGE of caches."""
SERVICES = ".svc.cluster.local"


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each such word."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    from ringfence.rules.enforcement import subject_of

    for policy in enforcement.policies:
        subject = subject_of(policy)
        for clause in policy.clauses:
            for what, word, wrong, hint in _words(enforcement, clause, policy.attachment.namespace):
                place, evidence = clause.place, (str(clause.index), what, word)
                name = printable(word)
                if not wrong:
                    why = f"the input has nothing of the namespace of host {name}"
                    yield NotEvaluable(RULE.id, subject, why, place)
                    continue
                message = f"{subject} rule {clause.index} names {what} {name}, and {wrong}"
                yield Finding(RULE.id, message, place, subject, evidence, fix=hint)


def _words(enforcement: Enforcement, clause: Clause, own: str) -> Iterator[tuple[str, str, str, str]]:
    """What it is, the word, what is wrong (empty: not known), and what may be meant."""
    for operation in clause.operations:
        for term in operation:
            for word in dict.fromkeys((*term.values, *term.others)):
                if term.key == "methods" and not _is_method(word):
                    near = word.upper() if word.upper() in METHODS else ""
                    near = near or next(iter(get_close_matches(word.upper(), METHODS, n=1)), "")
                    yield "method", word, "HTTP has none", f"did you mean {near}?" if near else "write one of HTTP's"
                elif term.key == "hosts":
                    host = word.rpartition(":")[0] or word
                    if "*" in host or not host.lower().endswith(SERVICES):
                        continue
                    there = enforcement.written.knows(host.lower(), own)
                    if there is None:
                        yield "host", word, "", ""
                    elif not there:
                        yield "host", word, "there is no such Service", "write SERVICE.NAMESPACE.svc.cluster.local"


def _is_method(word: str) -> bool:
    if word.endswith("*"):
        return any(one.startswith(word[:-1]) for one in METHODS)
    if word.startswith("*"):
        return any(one.endswith(word[1:]) for one in METHODS)
    return word in METHODS
