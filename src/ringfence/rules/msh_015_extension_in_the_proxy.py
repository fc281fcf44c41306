"""Something of its own is put into the proxies.

## What is checked

EnvoyFilters and WasmPlugins that change what proxies do with connections or requests (filters that only watch or limit
are left out), and the workloads that they reach; and patches of EnvoyFilters that do nothing, or may do nothing without
a word: a place relative to another filter without `priority`, also with `proxyVersion`; `REPLACE` of something that is
no filter; `ADD` and `REMOVE` of whole routes.

## Why this is bad

Such an object can let pass what a policy denies, take a filter for authorization or tokens out, or end TLS. Nobody sees
that in the policies, and ringfence cannot: verdicts at these workloads are `unknown`. A patch for security that
silently does not apply is worse.

## Example

```yaml
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: own-filter, namespace: shop}
spec:
  configPatches:
  - applyTo: HTTP_FILTER
    match: {context: SIDECAR_INBOUND}
    patch: {operation: INSERT_BEFORE, value: {name: envoy.filters.http.lua}}
```

Use instead what the API of Istio has for it, such as an AuthorizationPolicy with `action: CUSTOM`.

## How to fix it

Look into the patch, and say in an exception (`ringfence.dev/ignore`) who did. Give a patch with a relative place a
`priority`, or insert it first.

## Limits

What the filter does is not modelled. Where none of its workloads is in the input, or they may have no proxy, the reach
of the object cannot be evaluated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ringfence.rules.finding import Finding, NotEvaluable, Severity, Subject
from ringfence.rules.rule import Needs, Precision, Rule

if TYPE_CHECKING:
    from ringfence.dialects.istio.objects import Extension
    from ringfence.rules.enforcement import Enforcement
    from ringfence.rules.finding import Result
    from ringfence.rules.mesh_objects import MeshObject
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="MSH-015",
    slug="extension-in-the-proxy",
    title="Something of its own is put into the proxies",
    severity=Severity.MEDIUM,
    precision=Precision.MEDIUM,
    needs=Needs.OBJECT,
    aliases=(*("istioctl:IST0151", "istioctl:IST0152", "istioctl:IST0153", "istioctl:IST0154", "istioctl:IST0155"),),
)

RELATIVE = ("INSERT_BEFORE", "INSERT_AFTER", "REPLACE", "MERGE", "REMOVE")
FILTERS = ("HTTP_FILTER", "NETWORK_FILTER")
ROUTES = ("ROUTE_CONFIGURATION", "HTTP_ROUTE")


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each such object, and each patch that may do nothing."""
    enforcement = situation.enforcement
    if enforcement is None:
        return
    for extension in enforcement.mesh.objects.extensions:
        yield from _reach(enforcement, extension)
    for one in enforcement.written.of("networking.istio.io", "EnvoyFilter"):
        yield from _patches(one)


def _reach(enforcement: Enforcement, extension: Extension) -> Iterator[Result]:
    from ringfence.dialects.istio.peer_authentication import selects
    from ringfence.model.mesh import Proxy
    from ringfence.rules.enforcement import listed

    named = extension.named
    subject = Subject(named.kind, named.namespace, named.name)
    root = named.namespace == enforcement.mesh.config.root_namespace
    which = " and ".join(
        word for word, yes in (("comes in", extension.inbound), ("goes out", extension.outbound)) if yes
    )
    if extension.targets:
        names = [f"{kind} {name}" for kind, name in extension.targets]
        message = f"{subject} puts something of its own into the proxies of {listed(names)}: verdicts there are unknown"
        yield Finding(
            RULE.id, message, named.place, subject, ("reach",), fix="look into it, and except it with a reason"
        )
        return
    pods = enforcement.pods if root else enforcement.pods_of(named.namespace)
    taken = [index for index in pods if selects(extension.selector or {}, enforcement.pod(index)) is not False]
    proxies = {index: enforcement.proxy(index) for index in taken}
    surely = [index for index, proxy in proxies.items() if proxy is Proxy.SIDECAR]
    if surely:
        names = [enforcement.end(index) for index in surely]
        message = (
            f"{subject} puts something of its own into the proxies of {listed(names)}, for what {which}: verdicts "
            "there are unknown"
        )
        yield Finding(
            RULE.id, message, named.place, subject, ("reach",), fix="look into it, and except it with a reason"
        )
    elif None in proxies.values() or (not pods and not enforcement.situation.has_workloads(named.namespace)):
        yield NotEvaluable(RULE.id, subject, "which proxies it is put into is open", named.place)


def _patches(one: MeshObject) -> Iterator[Finding]:
    from ringfence.rules.mesh_objects import mapping, members

    priority = one.spec.get("priority")
    for at, patch in members(one.spec.get("configPatches")):
        inner, match = mapping(patch.get("patch")), mapping(patch.get("match"))
        for code, says, hint in _faults(patch.get("applyTo"), inner.get("operation"), priority, match):
            message = f"{one.subject} patch {at}: {says}"
            place = one.place("configPatches", at)
            yield Finding(RULE.id, message, place, one.subject, ("patch", str(at), code), fix=hint)


def _faults(applies: Any, operation: Any, priority: Any, match: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """What keeps a patch from being applied: a word for it, a sentence, and what to write."""
    from ringfence.rules.mesh_objects import mapping

    if operation == "REPLACE" and applies not in FILTERS:
        yield "replace", f"REPLACE does nothing to {applies}: it is for filters only", "use MERGE, or REMOVE and ADD"
    elif operation in ("ADD", "REMOVE") and applies in ROUTES:
        yield str(operation).lower(), f"{operation} is ignored for {applies}", "patch the routes inside of it"
    elif operation in RELATIVE and not priority:
        version = mapping(match.get("proxy")).get("proxyVersion")
        also = f", and only in proxies of version {version}, so that an upgrade loses it" if version else ""
        says = f"{operation} hangs on what another filter has put there before{also}: it may not be applied, silently"
        yield "relative", says, "set spec.priority, or use INSERT_FIRST or ADD"
