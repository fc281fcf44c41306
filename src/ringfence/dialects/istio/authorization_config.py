"""What the mesh config and istiod's flags say about authorization. Source: istio ``mesh/v1alpha1`` and ``features``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Provider(Enum):
    """An extension provider that can be asked about requests: which protocol it speaks; ``UNUSABLE``: it is declared,
    and cannot be asked (its service is not found, say), so that what it should judge is refused."""

    HTTP = "envoyExtAuthzHttp"
    GRPC = "envoyExtAuthzGrpc"
    UNUSABLE = "unusable"

    __hash__ = object.__hash__


@dataclass(frozen=True, slots=True)
class AuthorizationConfig:
    """The settings, with their upstream defaults.

    ``trust_domain`` None: none is configured, and principals are taken as they are written. ``providers`` by name.
    ``several_providers``: PILOT_ENABLE_MULTIPLE_CUSTOM_AUTHZ_PROVIDERS. ``selectors_reach_gateways``:
    ENABLE_SELECTOR_BASED_K8S_GATEWAY_POLICY. ``names_are_literal``: releases that quote the names of service accounts
    (1.27.9, 1.28.6, 1.29.2 and later; CVE-2026-39350); before, a dot in one stood for any character; None: not known
    which. ``patterns_are_literal``: the same of the end of ``*x`` among principals, and of namespaces (1.28.7, 1.29.3
    and later; istio/istio 59992). ``headers_apart``: releases whose Envoy compares each value of a repeated header by
    itself (1.27.8, 1.28.5, 1.29.1 and later; CVE-2026-26308).
    ``node_counts_trust_domains``: releases whose ztunnel drops a rule that allows by trustDomains, instead of the field
    alone.
    """

    trust_domain: str | None = "cluster.local"
    aliases: tuple[str, ...] = ()
    root_namespace: str = "istio-system"
    providers: Mapping[str, Provider] = field(default_factory=dict)
    several_providers: bool = False
    selectors_reach_gateways: bool = True
    names_are_literal: bool | None = True
    patterns_are_literal: bool | None = True
    headers_apart: bool | None = True
    node_counts_trust_domains: bool = False

    @property
    def trust_domains(self) -> tuple[str, ...]:
        """The mesh's own, then its aliases; empty where none is configured."""
        return () if self.trust_domain is None else (self.trust_domain, *self.aliases)
