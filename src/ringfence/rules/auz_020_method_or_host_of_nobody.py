"""A rule names a method, host or path that no request has, or a wildcard that is none.

## What is checked

`methods` and `notMethods` of AuthorizationPolicies that are none of HTTP's (they are compared case by case: `get` is
none), `hosts` and `notHosts` that end in `.svc.cluster.local` and name no Service of the input, and `paths` and
`notPaths` that do not begin with `/`, or have a query. In all of these, in headers, in what is asked of tokens and in
`connection.sni`: a `*` anywhere but at one end, where it stands for itself.

## Why this is bad

No request has such a method or path, or goes to such a host; `*admin*` is a path that ends in `admin*`. A rule that
allows lets nobody in because of it, and a rule that denies denies nothing.

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
Write one `*`, at the start or at the end; in paths, `{*}` is one segment, and `{**}` any number of them.

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
    title="A rule names a method, host or path that no request has, or a wildcard that is none",
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
PREFIXES = ("request.headers", "request.auth.")
SERVICES = ".svc.cluster.local"
COMPARED = {"methods": "method", "hosts": "host", "paths": "path", "connection.sni": "server name"}
"""Fields in which one ``*`` at an end is a wildcard, and every other character stands for itself."""


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
    from ringfence.rules.enforcement import literal_star

    yield from _stars(clause)
    for operation in clause.operations:
        for term in operation:
            for word in dict.fromkeys((*term.values, *term.others)):
                if literal_star(word):
                    continue
                if term.key == "paths" and not _is_path(word):
                    if "?" in word:
                        yield "path", word, "paths are compared without their query", "leave out the ? and the rest"
                    else:
                        yield "path", word, "every path begins with /", f"did you mean /{printable(word)}?"
                elif term.key == "methods" and not _is_method(word):
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


def _stars(clause: Clause) -> Iterator[tuple[str, str, str, str]]:
    """Values with a ``*`` that is no wildcard."""
    from ringfence.rules.enforcement import literal_star

    for term in (*(term for operation in clause.operations for term in operation), *clause.conditions):
        what = COMPARED.get(term.key) or (printable(term.key) if term.key.startswith(PREFIXES) else "")
        for word in dict.fromkeys((*term.values, *term.others)) if what else ():
            if literal_star(word):
                hint = (
                    "use {*} for a segment, {**} for any number of them" if what == "path" else "write one * at an end"
                )
                yield what, word, "a * is a wildcard at one end only: another stands for itself", hint


def _is_path(word: str) -> bool:
    return word.startswith(("/", "*", "{")) and "?" not in word


def _is_method(word: str) -> bool:
    if word.endswith("*"):
        return any(one.startswith(word[:-1]) for one in METHODS)
    if word.startswith("*"):
        return any(one.endswith(word[1:]) for one in METHODS)
    return word in METHODS
