"""One value of a field or a condition as what Envoy compares: the pattern, and the attribute that it is tried on.

Sources: istio ``pilot/pkg/security/authz/model/generator.go`` and ``matcher``; shapes of identities: ``pkg/spiffe``.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from ringfence.dialects.istio import attributes, words
from ringfence.dialects.istio.authorization_config import AuthorizationConfig
from ringfence.model.mesh import DESTINATION_ADDRESS, PEER_ADDRESS, PEER_IDENTITY, REMOTE_ADDRESS, metadata
from ringfence.sets.languages.patterns import (
    Contains,
    Exact,
    Numbers,
    Pattern,
    Prefix,
    Present,
    Regex,
    Suffix,
    Template,
    Unknown,
    regular,
)
from ringfence.sets.requests.attributes import HOST, METHOD, PATH, PORT, SNI, Attribute, claim, header
from ringfence.sets.requests.formulas import NEVER, AllOf, AnyOf, Formula, Predicate

SCHEME = "spiffe://"
_ADDRESSES = {
    "source.ip": PEER_ADDRESS,
    "remote.ip": REMOTE_ADDRESS,
    "destination.ip": DESTINATION_ADDRESS,
}
HTTP_ONLY = ("hosts", "methods", "paths", "request.")
"""Fields, and starts of keys, that are only known of HTTP requests."""


def http_only(key: str) -> bool:
    """Whether only an HTTP request has what is asked for."""
    return key.startswith(HTTP_ONLY)


def text(value: str, *, empty: bool = False, ignore_case: bool = False) -> Pattern:
    """``x``, ``x*``, ``*x`` and ``*``; ``empty``: the last of them also takes the empty string."""
    if value == "*":
        return Present(empty)
    if value.startswith("*"):
        return Suffix(value[1:], ignore_case)
    return Prefix(value[:-1], ignore_case) if value.endswith("*") else Exact(value, ignore_case)


def formula(key: str, value: str, namespace: str, config: AuthorizationConfig) -> Formula | None:
    """What one value asks; None: istiod can make nothing of it. ``namespace`` is the policy's."""
    if key in _ADDRESSES:
        interval = words.block(value)
        return None if interval is None else Predicate(_ADDRESSES[key], Numbers((interval,)))
    if key == "destination.port":
        number = words.port(value)
        return None if number is None else Predicate(PORT, Numbers.of(number))
    direct = _DIRECT.get(key)
    if direct is not None:
        return direct(value)
    if key == "source.principal":
        return principal(value, config)
    if key == "source.namespace":
        return namespace_of(value, config)
    if key == "source.serviceAccount":
        return account(value, namespace, config)
    if key.startswith(attributes.HEADERS):
        return _header(key, value)
    if key.startswith(attributes.CLAIMS):
        return _claim(key, value)
    return _metadata(key, value)


def principal(value: str, config: AuthorizationConfig) -> Formula:
    """``source.principal``: an identity, written without its scheme."""
    if value == "*":
        return Predicate(PEER_IDENTITY, Present(empty=False))
    if value.startswith("*"):
        end = value[1:]
        literal = Predicate(PEER_IDENTITY, Regex(f"{SCHEME}.*{quoted(end)}"))
        return _of_release(literal, f"{SCHEME}.*{end}", config.patterns_are_literal, _PATTERNS_QUOTED)
    return Predicate(PEER_IDENTITY, text(SCHEME + value))


def namespace_of(value: str, config: AuthorizationConfig) -> Formula:
    """``source.namespace``: wildcards may stand anywhere."""
    pattern: Pattern = Contains(f"/ns/{value}/")
    if "*" in value:
        pattern = Regex(f".*/ns/{_with_stars(value, '.*')}/.*")
    loose = f".*/ns/{value.replace('*', '.*')}/.*"
    if quoted(value.replace("*", "")) == value.replace("*", ""):
        return Predicate(PEER_IDENTITY, pattern)
    return _of_release(Predicate(PEER_IDENTITY, pattern), loose, config.patterns_are_literal, _PATTERNS_QUOTED)


def _of_release(literal: Predicate, loose: str, is_literal: bool | None, release: str) -> Formula:
    """What a name within a regular expression asks, which older releases did not quote. ``loose``: theirs; where it is
    not known whether the release is one of them, what only it matches is open."""
    older = Predicate(PEER_IDENTITY, regular(loose))
    if is_literal or older == literal:
        return literal
    if is_literal is False:
        return older
    return AnyOf((literal, AllOf((older, Predicate(PEER_IDENTITY, Unknown(release))))))


_NAMES_QUOTED = "a release of Istio before or after 1.29.2"
_PATTERNS_QUOTED = "a release of Istio before or after 1.29.3"


def trust_domain(value: str) -> Formula:
    """``source.trustDomain``."""
    if "*" not in value:
        return Predicate(PEER_IDENTITY, Prefix(f"{SCHEME}{value}/"))
    return Predicate(PEER_IDENTITY, Regex(f"{SCHEME}{_with_stars(value, '[^/]*')}/.*"))


def account(value: str, namespace: str, config: AuthorizationConfig) -> Formula:
    """``source.serviceAccount``: ``NAMESPACE/NAME``, or the name of one in the policy's namespace."""
    space, slash, name = value.partition("/")
    if not slash:
        space, name = namespace, value
    literal = Predicate(PEER_IDENTITY, Regex(_account(quoted(space), quoted(name))))
    return _of_release(literal, _account(space, name), config.names_are_literal, _NAMES_QUOTED)


def _account(space: str, name: str) -> str:
    return f"{SCHEME}.+/ns/{space}/(.+/|)sa/{name}(/.+)?"


def quoted(value: str) -> str:
    """The value for a regular expression, every character standing for itself."""
    return re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", value)


def _with_stars(value: str, anything: str) -> str:
    return anything.join(quoted(part) for part in value.split("*"))


def request_principal(value: str) -> Formula:
    """``request.auth.principal``: ``ISSUER/SUBJECT``, each compared with its claim; the last ``/`` parts them."""
    issuer, slash, subject = value.rpartition("/")
    some = Present(empty=False)
    first: Pattern
    second: Pattern
    if value == "*":
        first, second = some, some
    elif value.startswith("*"):
        if slash:
            first, second = some if issuer == "*" else Suffix(issuer[1:]), Exact(subject)
        else:
            first, second = some, Suffix(value[1:])
    elif value.endswith("*"):
        if slash:
            first, second = Exact(issuer), some if subject == "*" else Prefix(subject[:-1])
        else:
            first, second = Prefix(value[:-1]), some
    else:
        first, second = Exact(issuer if slash else value), Exact(subject if slash else "")
    return AllOf((Predicate(claim("iss"), first), Predicate(claim("sub"), second)))


def _path(value: str) -> Formula:
    if not words.is_template(value):
        return Predicate(PATH, text(value))
    if words.wrong_path(value):
        return Predicate(PATH, Unknown("a path template that the proxy rejects"))
    return Predicate(PATH, Template(value))


def _header(key: str, value: str) -> Formula | None:
    names = attributes.names(key)
    if not names:
        return None
    name = names[0].lower()
    if not name:
        return Predicate(header(name), Unknown("a header without a name, which the proxy rejects"))
    attribute: Attribute = {":method": METHOD, ":authority": HOST, "host": HOST}.get(name) or header(name)
    return Predicate(attribute, text(value, empty=True))


def _claim(key: str, value: str) -> Formula | None:
    names = attributes.names(key)
    if not names:
        # Without any brackets istiod asks for the token as a whole, which no text matches.
        return NEVER if attributes.names_no_claim(key) else None
    if "" in names:
        return Predicate(claim(*names), Unknown("a claim without a name, which the proxy rejects"))
    return Predicate(claim(*names), text(value))


def _metadata(key: str, value: str) -> Formula | None:
    if attributes.malformed(key):
        return None
    if value.startswith("[") and value.endswith("]"):
        value = value.strip("[]")
    return Predicate(metadata("".join(attributes.names(key))), text(value))


_DIRECT: dict[str, Callable[[str], Formula]] = {
    "source.trustDomain": trust_domain,
    "request.auth.principal": request_principal,
    "request.auth.audiences": lambda value: Predicate(claim("aud"), text(value)),
    "request.auth.presenter": lambda value: Predicate(claim("azp"), text(value)),
    "connection.sni": lambda value: Predicate(SNI, text(value)),
    "hosts": lambda value: Predicate(HOST, text(value, empty=True, ignore_case=True)),
    "methods": lambda value: Predicate(METHOD, text(value, empty=True)),
    "paths": _path,
}
