"""Trust domains and their aliases in principals. Source: istio ``pilot/pkg/security/trustdomain/bundle.go``."""

from __future__ import annotations

from collections.abc import Iterable

LOCAL = "cluster.local"
"""Stands for the mesh's own trust domain, whatever that is called."""


def with_aliases(principals: Iterable[str], domains: tuple[str, ...]) -> list[str]:
    """The principals, those of the mesh (``DOMAIN/ns/NAMESPACE/sa/ACCOUNT``) once for each of its trust domains."""
    found: list[str] = []
    for principal in principals:
        domain, *rest = principal.split("/")
        known = domain == LOCAL or any(_matches(own, domain) for own in domains)
        if len(rest) != 4 or domain == "*" or not domains or not known:
            found.append(principal)
            continue
        for own in domains:
            written = principal if _ends_like(own, domain) else "/".join((own, *rest))
            if written not in found:
                found.append(written)
    return found


def domains_with_aliases(values: Iterable[str], domains: tuple[str, ...]) -> list[str]:
    """Trust domains, one of the mesh's standing for all of them."""
    return list(dict.fromkeys(one for value in values for one in (domains if value in domains else (value,))))


def _matches(own: str, domain: str) -> bool:
    if domain.endswith("*") and own.startswith(domain[:-1]):
        return True
    return own == domain or _ends_like(own, domain)


def _ends_like(own: str, domain: str) -> bool:
    return domain.startswith("*") and own.endswith(domain[1:])
