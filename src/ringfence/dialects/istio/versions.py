"""Which release of Istio it is, and what its flags say.

The user says so, or the image of istiod, or those of the proxies. What hangs on the release and is not known is open.
"""

from __future__ import annotations

from collections.abc import Iterable

from ringfence.dialects.istio.authorization_config import AuthorizationConfig, Provider
from ringfence.dialects.istio.images import version_of_image
from ringfence.dialects.istio.mesh_config import MeshConfig
from ringfence.dialects.istio.objects import IstioObjects
from ringfence.dialects.istio.sending import Flags

Version = tuple[int, ...]
_TRUE = ("1", "t", "true", "True", "TRUE", "T")
_FALSE = ("0", "f", "false", "False", "FALSE", "F")
_QUOTES_NAMES = (1, 27, 9), (1, 28, 6), (1, 29, 2)
_QUOTES_PATTERNS = (1, 28, 7), (1, 29, 3)
_HEADERS_APART = (1, 27, 8), (1, 28, 5), (1, 29, 1)
_DOTS_WITH_PARAMETERS = (1, 29, 7), (1, 30, 4)
_IGNORES_PORTS = (1, 16)
_PROVIDERS = {"envoyExtAuthzHttp": Provider.HTTP, "envoyExtAuthzGrpc": Provider.GRPC}


def version_of(text: str) -> Version:
    """``(1, 27, 3)``; empty where the text has no version."""
    parts = text.split(".")
    return tuple(int(part) for part in parts) if len(parts) > 1 and all(part.isdigit() for part in parts) else ()


class Release:
    """What is known of the releases in one cluster. ``said``: by the user. ``proxies``: the images of proxies, which
    tell where the input has no istiod."""

    def __init__(self, objects: IstioObjects, said: str = "", proxies: Iterable[str] = ()) -> None:
        self._planes = objects.control_planes
        texts = [said or objects.version] if said or objects.version else [one.version for one in self._planes]
        if not any(texts):
            texts = [version_of_image(image) for image in proxies]
        self.versions: frozenset[Version] = frozenset(filter(None, map(version_of, texts)))
        """All that it may be; empty: not known."""

    def flag(self, name: str, default: bool) -> bool | None:
        """A flag of istiod; its default where no istiod sets it; None where they differ, or its value is not given."""
        found = {_truth(one.flags.get(name), default) for one in self._planes} or {default}
        return found.pop() if len(found) == 1 else None

    def native_sidecars(self) -> bool | None:
        """Whether injected proxies are init containers that stay; None: it hangs on the release, or on that of the
        cluster's nodes (from 1.27 on istiod looks at them)."""
        said = {one.flags.get("ENABLE_NATIVE_SIDECARS", "") for one in self._planes}
        found = {_truth(one, False) if one in (*_TRUE, *_FALSE) else None for one in said}
        if found in ({True}, {False}):
            return found == {True}
        if said <= {""} and self.versions and all(one < (1, 27) for one in self.versions):
            return False
        return None

    def sending(self, ambient: bool) -> Flags:
        """What sidecars send. ``ambient``: the input shows an ambient mesh, of which istiod has to know."""
        enabled = self.flag("PILOT_ENABLE_AMBIENT", ambient)
        tunnels = self.flag("PILOT_ENABLE_SENDING_HBONE", bool(enabled)) if enabled is not None else None
        prefers = bool(self.flag("PILOT_PREFER_SENDING_HBONE", False))
        return Flags(tunnels, prefers, self._compares_ports_of_hosts())

    def _compares_ports_of_hosts(self) -> bool:
        """Whether sidecars may compare the port in the host of a request: before 1.15 they do, then istiod may be told
        whether they do, from 1.16 on they do not unless it is told so, and from 1.19 on never. A release that is not
        known is taken for one of 1.16 and later."""
        for version in self.versions or {_IGNORES_PORTS}:
            ignores = self.flag("SIDECAR_IGNORE_PORT_IN_HOST_MATCH", version >= _IGNORES_PORTS) is True
            if version < (1, 15) or (version < (1, 19) and not ignores):
                return True
        return False

    def authorization(self, config: MeshConfig) -> AuthorizationConfig:
        """The settings for AuthorizationPolicies."""
        return AuthorizationConfig(
            trust_domain=config.trust_domain,
            aliases=config.aliases,
            root_namespace=config.root_namespace,
            providers={one.name: _PROVIDERS[one.sort] for one in config.providers if one.sort in _PROVIDERS},
            several_providers=bool(self.flag("PILOT_ENABLE_MULTIPLE_CUSTOM_AUTHZ_PROVIDERS", False)),
            selectors_reach_gateways=self.flag("ENABLE_SELECTOR_BASED_K8S_GATEWAY_POLICY", True) is not False,
            names_are_literal=self._since(_QUOTES_NAMES),
            patterns_are_literal=self._since(_QUOTES_PATTERNS),
            headers_apart=self._since(_HEADERS_APART),
        )

    def resolves_dots_with_parameters(self) -> bool | None:
        """Whether its Envoy takes ``..;a`` in a path for ``..`` (CVE-2026-73551; 1.29.7, 1.30.4 and later). None: not
        known."""
        return self._since(_DOTS_WITH_PARAMETERS)

    def _since(self, changed: tuple[Version, ...]) -> bool | None:
        """Whether a change that older lines of releases got too is in: the first release of each line that has it, the
        last of them for all later lines as well."""
        if not self.versions:
            return None
        found = {_has(version, changed) for version in self.versions}
        return found.pop() if len(found) == 1 else None


def _has(version: Version, changed: tuple[Version, ...]) -> bool:
    return version >= next((one for one in changed if one[:2] == version[:2]), changed[-1])


def _truth(value: str | None, default: bool) -> bool | None:
    """What istiod makes of a value; one that is no boolean leaves the default."""
    if value == "?":
        return None
    return True if value in _TRUE else False if value in _FALSE else default


__all__ = ["Release", "Version", "version_of"]
