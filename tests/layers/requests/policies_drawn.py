"""Random policies and requests over few words, so that they often meet."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.oracle.authorization import Asked

IDENTITIES = (
    "cluster.local/ns/foo/sa/web",
    "cluster.local/ns/bar/sa/web.v1",
    "old.domain/ns/foo/sa/api",
    "other/ns/foo-x/sa/web",
)
VALUES: dict[str, tuple[str, ...]] = {
    "principals": (
        *IDENTITIES,
        "*",
        "*/sa/web",
        "cluster.local/*",
        "*.domain/ns/foo/sa/api",
        "*/ns/bar/sa/web.v1",
        "x",
    ),
    "namespaces": ("foo", "bar", "foo*", "*o", "*", "f*-x"),
    "serviceAccounts": ("web", "foo/web", "bar/web.v1", "bar/web-v1"),
    "trustDomains": ("cluster.local", "old.domain", "o*", "*"),
    "ipBlocks": ("10.0.0.0/8", "10.0.0.1", "192.0.2.0/24", "2001:db8::/32", "10.0.0", "10.0.0.1/33"),
    "remoteIpBlocks": ("10.0.0.0/8", "192.0.2.7", "bad"),
    "requestPrincipals": ("iss/sub", "iss/*", "*", "*/sub", "iss*", "*ub", "iss"),
    "ports": ("80", "90", "65536", "http", "080"),
    "methods": ("GET", "P*", "*T", "*"),
    "hosts": ("A", "a:80", "A*", "*:80", "*"),
    "paths": ("/a", "/a*", "*/b", "*", "/a/{*}", "/{**}/b", "/{*}/b", "/{x}"),
}
KEYS: dict[str, tuple[str, ...]] = {
    "source.ip": VALUES["ipBlocks"],
    "remote.ip": VALUES["remoteIpBlocks"],
    "source.namespace": VALUES["namespaces"],
    "source.principal": VALUES["principals"],
    "source.serviceAccount": VALUES["serviceAccounts"],
    "source.trustDomain": VALUES["trustDomains"],
    "source.serviceaccount": ("foo/web",),
    "request.auth.principal": VALUES["requestPrincipals"],
    "request.auth.audiences": ("a", "b", "*"),
    "request.auth.presenter": ("a", "b*"),
    "request.auth.claims[groups]": ("a", "b", "*b", "*"),
    "request.auth.claims[realm][role]": ("a", "*"),
    "request.auth.claims": ("a", "*"),
    "request.auth.claims[a[b]]": ("a",),
    "request.auth.claims[a]b": ("a",),
    "request.headers[X-User]": ("a", "b*", "*"),
    "request.headers[:method]": ("GET",),
    "request.headers[host]": ("a", "A"),
    "request.headers": ("a",),
    "request.method": ("GET",),
    "destination.ip": ("10.0.1.0/24", "10.0.1.2", "no"),
    "destination.port": VALUES["ports"],
    "connection.sni": ("a", "*b", "*"),
    "experimental.envoy.filters.a.b[c]": ("a", "*"),
    "destination.labels[app]": ("x",),
}
SOURCES = (
    "principals",
    "namespaces",
    "serviceAccounts",
    "trustDomains",
    "ipBlocks",
    "remoteIpBlocks",
    "requestPrincipals",
)
OPERATIONS = ("ports", "methods", "hosts", "paths")


def some(values: tuple[str, ...]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), min_size=0, max_size=2)


@st.composite
def fields(draw: st.DrawFn, names: tuple[str, ...]) -> dict[str, list[str]]:
    found = {}
    for name in draw(st.lists(st.sampled_from(names), max_size=2, unique=True)):
        negative = f"not{name[0].upper()}{name[1:]}"
        for key in draw(st.sampled_from(((name,), (name,), (negative,), (name, negative)))):
            found[key] = draw(some(VALUES[name]))
    return found


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, Any]:
    key = draw(st.sampled_from(tuple(KEYS)))
    found: dict[str, Any] = {"key": key}
    for name in draw(st.sampled_from((("values",), ("values",), ("notValues",), ("values", "notValues"), ()))):
        found[name] = draw(some(KEYS[key]))
    return found


@st.composite
def rules(draw: st.DrawFn) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if draw(st.booleans()):
        found["from"] = [{"source": one} for one in draw(st.lists(fields(SOURCES), max_size=2))]
    if draw(st.booleans()):
        found["to"] = [{"operation": one} for one in draw(st.lists(fields(OPERATIONS), max_size=2))]
    if draw(st.integers(0, 2)) == 0:
        found["when"] = draw(st.lists(conditions(), min_size=1, max_size=2))
    return found


@st.composite
def policies(draw: st.DrawFn) -> list[dict[str, Any]]:
    found = []
    for number in range(draw(st.integers(0, 3))):
        metadata: dict[str, Any] = {
            "name": f"p{number}",
            "namespace": draw(st.sampled_from(("foo", "foo", "root", "bar"))),
        }
        if draw(st.integers(0, 7)) == 0:
            metadata["annotations"] = {"istio.io/dry-run": draw(st.sampled_from(("true", "false", "what")))}
        spec: dict[str, Any] = {"rules": draw(st.lists(rules(), max_size=3))}
        if (action := draw(st.sampled_from(("ALLOW", "ALLOW", "DENY", "DENY", "CUSTOM", "AUDIT", None)))) is not None:
            spec["action"] = action
        if action == "CUSTOM":
            spec["provider"] = {"name": draw(st.sampled_from(("grpc", "grpc", "http", "missing")))}
        match draw(st.integers(0, 5)):
            case 0:
                spec["selector"] = {"matchLabels": {"app": draw(st.sampled_from(("x", "y")))}}
            case 1:
                spec["selector"] = {}
            case 2 if draw(st.booleans()):
                spec["targetRefs"] = [{"group": "", "kind": "Service", "name": "s"}]
        found.append(
            {"apiVersion": "security.istio.io/v1", "kind": "AuthorizationPolicy", "metadata": metadata, "spec": spec}
        )
    return found


WORDS = ("a", "b", "ab", "")
CLAIMS = st.none() | st.fixed_dictionaries(
    {"iss": st.sampled_from(("iss", "issuer"))},
    optional={
        "sub": st.sampled_from(("sub", "", "x")),
        "aud": st.sampled_from(("a", ["a", "b"], [], "c")),
        "azp": st.sampled_from(("a", "b")),
        "groups": st.sampled_from(("a", ["b"], ["a", "ab"], [])),
        "a[b]": st.sampled_from(("a", "b")),
        "realm": st.sampled_from(({"role": "a"}, {"role": ["b"]}, {})),
    },
)
ISSUERS = st.lists(
    st.sampled_from(({"issuer": "iss"}, {"issuer": "iss", "audiences": ["a"]}, {"issuer": "issuer"})), max_size=2
)
REQUESTS = st.builds(
    Asked,
    identity=st.none() | st.sampled_from([f"spiffe://{one}" for one in IDENTITIES]),
    source=st.sampled_from(("10.0.0.1", "192.0.2.7", "198.51.100.1")),
    remote=st.sampled_from(("10.0.0.1", "192.0.2.7")),
    destination=st.sampled_from(("10.0.1.1", "10.0.1.2")),
    port=st.sampled_from((80, 90, 443)),
    sni=st.sampled_from(("", "a", "ab")),
    method=st.sampled_from(("GET", "POST", "PUT")),
    path=st.sampled_from(("/", "/a", "/a/b", "/a/b/c", "/x/y/b", "/{x}", "/a/[")),
    host=st.sampled_from(("a", "A:80", "b:80")),
    headers=st.dictionaries(st.just("x-user"), st.sampled_from(WORDS), max_size=1),
    claims=CLAIMS,
    metadata=st.none() | st.sampled_from(("a", "b")),
)
