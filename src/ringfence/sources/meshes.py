"""What the input shows of service meshes: their objects, their settings, and the software that runs them.

Texts in ConfigMaps become data here; what it means is for the dialect. Settings of Istio: the ConfigMaps ``istio`` and
``istio-REVISION`` (mesh config), ``istio-sidecar-injector…`` (injector), ``istio-cni-config``; the webhooks of the
injector; the Deployment of istiod, with its image and its flags.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ringfence.model.cluster import Namespace, Pod, Service
from ringfence.model.entries import Entries
from ringfence.model.problems import Problem, Severity
from ringfence.model.provenance import FieldPath, Manifest, Place
from ringfence.sources.foreign_kinds import MESH_NAMESPACED
from ringfence.sources.gateways import GATEWAY_GROUP, ROUTE_KINDS
from ringfence.sources.kinds import group_of
from ringfence.sources.marks import is_mark

if TYPE_CHECKING:
    from ringfence.dialects.istio.mesh_config import MeshConfig
    from ringfence.dialects.istio.objects import IstioObjects
    from ringfence.dialects.istio.reading import Collected

ISTIO_GROUPS = frozenset({"security.istio.io", "networking.istio.io", "extensions.istio.io"})
SERVED = {
    "security.istio.io": frozenset({"security.istio.io/v1", "security.istio.io/v1beta1"}),
    "networking.istio.io": frozenset(
        {"networking.istio.io/v1", "networking.istio.io/v1beta1", "networking.istio.io/v1alpha3"}
    ),
    "extensions.istio.io": frozenset({"extensions.istio.io/v1alpha1"}),
    "telemetry.istio.io": frozenset({"telemetry.istio.io/v1", "telemetry.istio.io/v1alpha1"}),
}
"""The versions of each group that releases of Istio serve (istio/api ``kubernetes/customresourcedefinitions``)."""
REMOVED = {
    "rbac.istio.io": "an AuthorizationPolicy (security.istio.io/v1)",
    "authentication.istio.io": "a PeerAuthentication or RequestAuthentication (security.istio.io/v1)",
    "config.istio.io": "an AuthorizationPolicy, or an EnvoyFilter or WasmPlugin",
}
"""Groups of releases before 1.6, and what came in their place."""
OPENSHIFT = "maistra.io"
"""OpenShift Service Mesh 2."""
WEBHOOK = ("admissionregistration.k8s.io", "MutatingWebhookConfiguration")
_MESH = re.compile(r"istio(?:-(?!sidecar-injector|cni|ca-)(?P<revision>[a-z0-9.-]+))?")
_INJECTOR = re.compile(r"istio-sidecar-injector(?:-(?P<revision>[a-z0-9.-]+))?")
_CNI = "istio-cni-config"
ENABLEMENT = "AMBIENT_ENABLEMENT_SELECTOR"
_BY_DEFAULT = "enableNamespacesByDefault"
_REVISION, _TAG = "istio.io/rev", "istio.io/tag"
FLAGS = frozenset({
    "BLOCKED_CIDRS_IN_JWKS_URIS",
    "VERIFY_CERTIFICATE_AT_CLIENT",
    "ENABLE_ENHANCED_RESOURCE_SCOPING",
    "ENABLE_SELECTOR_BASED_K8S_GATEWAY_POLICY",
    "ENABLE_NATIVE_SIDECARS",
    "ENABLE_TLS_ON_SIDECAR_INGRESS",
    "PILOT_ENABLE_AMBIENT",
    "PILOT_ENABLE_SENDING_HBONE",
    "PILOT_PREFER_SENDING_HBONE",
    "PILOT_ENABLE_MULTIPLE_CUSTOM_AUTHZ_PROVIDERS",
    "PILOT_SKIP_VALIDATE_TRUST_DOMAIN",
    "SIDECAR_IGNORE_PORT_IN_HOST_MATCH",
    "PILOT_AUTO_ALLOW_WAYPOINT_POLICY",
    "AMBIENT_ENABLE_DRY_RUN_AUTHORIZATION_POLICY",
    "ENABLE_LAYERED_WAYPOINT_AUTHORIZATION_POLICIES",
    "TRUST_DOMAIN",
    "PILOT_SCOPE_GATEWAY_TO_NAMESPACE",
    "PILOT_ENABLE_ALPHA_GATEWAY_API",
})  # fmt: skip
"""Environment variables of istiod that change what its objects mean."""
DOMAIN, CLUSTER_DOMAIN = "--domain", "clusterDomain"
"""istiod's flag, and the value of its injector, for the domain of the cluster."""
_DOMAIN = re.compile(r"[a-z0-9]([-a-z0-9.]{0,252}[a-z0-9])?")
_NODE_AGENTS = ("ztunnel",)
TUNNELS = "ISTIO_META_ENABLE_HBONE"
ISTIOD = "istiod"
_LABELS = frozenset({"istio-injection"})
"""Labels of a mesh that have no prefix."""


def setting_of_mesh(api_version: str, kind: str, name: str) -> str:
    """Which setting of a mesh an object holds, by its name: ``mesh``, ``injector``, ``cni``, ``webhook`` or none."""
    if (group_of(api_version), kind) == WEBHOOK:
        return "webhook" if name.startswith(("istio-sidecar-injector", "istio-revision-tag")) else ""
    if kind != "ConfigMap" or api_version != "v1" or not name.startswith("istio"):
        return ""
    if name == _CNI:
        return "cni"
    return "injector" if _INJECTOR.fullmatch(name) else "mesh" if _MESH.fullmatch(name) else ""


def is_read(api_version: str, kind: str) -> bool:
    """Whether a dialect of a mesh reads objects of a kind."""
    if group_of(api_version) not in ISTIO_GROUPS:
        return False
    from ringfence.dialects.istio.reading import READERS

    return (group_of(api_version), kind) in READERS


@dataclass(frozen=True, slots=True)
class _Spot:
    """Every field of a text in a ConfigMap stands where the text does."""

    spot: Place

    def place(self, path: FieldPath = ()) -> Place:
        """The place of the text."""
        return self.spot


class MeshReader:
    """Collects what one input shows of meshes."""

    def __init__(self) -> None:
        self._istio: Collected | None = None
        self._homes: dict[str, str] = {}

    @property
    def istio(self) -> Collected:
        """What is collected of Istio; its dialect is imported with the first object."""
        if self._istio is None:
            from ringfence.dialects.istio.reading import Collected

            self._istio = Collected()
        return self._istio

    def take(self, manifest: Manifest, problems: list[Problem]) -> bool:
        """Reads an object of a mesh; whether a dialect knows its kind."""
        group = group_of(manifest.api_version)
        if group in REMOVED:
            problems.append(_removed(manifest, REMOVED[group]))
        if group == OPENSHIFT:
            # Its sidecars are those of Istio; who gets one is its own matter.
            self.istio.shown = True
        if group not in SERVED:
            return False
        if (group, manifest.kind) not in MESH_NAMESPACED:
            problems.append(_no_kind(manifest, group))
            return False
        if manifest.api_version not in SERVED[group]:
            problems.append(_not_served(manifest, group))
        if manifest.kind == "ProxyConfig" and group in ISTIO_GROUPS:
            # Threads, images and variables of proxies: one of these lets sidecars take tunnels.
            variables = _mapping(_mapping(manifest.data.get("spec")).get("environmentVariables"))
            return TUNNELS not in variables
        found = self.istio.take(manifest) if group in ISTIO_GROUPS else None
        problems += found or ()
        return found is not None

    def notice(self, manifest: Manifest, problems: list[Problem]) -> bool:
        """Looks at an object that belongs to no mesh by its kind, and may by what it says; whether it is a setting of
        one, and nothing else."""
        kind = manifest.kind
        if kind == "Gateway" and group_of(manifest.api_version) == GATEWAY_GROUP:
            name = _mapping(manifest.data.get("spec")).get("gatewayClassName")
            if isinstance(name, str) and name.startswith("istio"):
                problems += self.istio.take_gateway(manifest)
        elif kind in ROUTE_KINDS and group_of(manifest.api_version) == GATEWAY_GROUP:
            self.istio.take_route(manifest)
        elif kind in ("Deployment", "DaemonSet", "Pod"):
            if manifest.name.startswith(ISTIOD) or manifest.name in _NODE_AGENTS:
                self._software(manifest)
        elif setting := setting_of_mesh(manifest.api_version, kind, manifest.name):
            self._setting(setting, manifest, problems)
            return True
        return False

    def _setting(self, setting: str, manifest: Manifest, problems: list[Problem]) -> None:
        data = _mapping(manifest.data.get("data"))
        if setting == "mesh" and "mesh" in data:
            self._mesh_config(manifest, data["mesh"], problems)
        elif setting == "injector":
            self._injector(manifest, data)
        elif setting == "webhook":
            self._webhook(manifest)
        elif setting == "cni" and ENABLEMENT in data:
            self._enablement(data[ENABLEMENT])

    def _enablement(self, text: Any) -> None:
        """Which pods the node agent of ambient takes. What it cannot read keeps it from starting."""
        from ringfence.dialects.istio.shapes import selectors_of
        from ringfence.sets.labels import EVERYTHING

        found = []
        for one in _list(parsed(text)):
            parts = [selectors_of([_mapping(one).get(key) or {}]) for key in ("podSelector", "namespaceSelector")]
            found.append(tuple(part[0] if part else EVERYTHING for part in parts))
        self.istio.enablement = tuple((pods, spaces) for pods, spaces in found)

    def _mesh_config(self, manifest: Manifest, text: Any, problems: list[Problem]) -> None:
        matched = _MESH.fullmatch(manifest.name)
        revision = (matched and matched["revision"]) or ""
        namespace = manifest.namespace or "default"
        home = self._homes.get(revision)
        if home == "istio-system" or (home is not None and namespace != "istio-system"):
            return
        text = text if isinstance(text, str) else None
        config = config_of_text(text, manifest.positions.place(("data", "mesh")), manifest, problems)
        if config is not None:
            self._homes[revision] = namespace
            found = self.istio.take_config(revision, config)
            problems += found

    def _injector(self, manifest: Manifest, data: Mapping[str, Any]) -> None:
        from ringfence.dialects.istio.capture import DEFAULTS
        from ringfence.dialects.istio.objects import Injection
        from ringfence.dialects.istio.shapes import selectors_of

        matched = _INJECTOR.fullmatch(manifest.name)
        values = _mapping(parsed(data.get("values")))
        webhook = _mapping(values.get("sidecarInjectorWebhook"))
        by_default = webhook.get(_BY_DEFAULT) if webhook else None
        config = _mapping(parsed(data.get("config")))
        policy = config.get("policy")
        proxy = _mapping(_mapping(values.get("global")).get("proxy"))
        self.istio.injections.append(
            Injection(
                _named(manifest),
                (matched and matched["revision"]) or "",
                by_default if isinstance(by_default, bool) else None,
                policy == "enabled" if isinstance(policy, str) else None,
                (),
                selectors_of(config.get("neverInjectSelector")),
                selectors_of(config.get("alwaysInjectSelector")),
                {DEFAULTS[key]: value for key, value in proxy.items() if key in DEFAULTS and isinstance(value, str)},
                domain_name(proxy.get(CLUSTER_DOMAIN)),
            )
        )
        self.istio.shown = True

    def _webhook(self, manifest: Manifest) -> None:
        from ringfence.dialects.istio.objects import Injection

        labels = _mapping(_mapping(manifest.data.get("metadata")).get("labels"))
        revision, tag = labels.get(_REVISION), labels.get(_TAG)
        hooks = [one for one in _list(manifest.data.get("webhooks")) if isinstance(one, Mapping)]
        by_default = any(str(one.get("name", "")).startswith("auto.") for one in hooks)
        self.istio.injections.append(
            Injection(
                _named(manifest),
                revision if isinstance(revision, str) and revision != "default" else "",
                by_default,
                tags=(tag,) if isinstance(tag, str) else (),
            )
        )
        self.istio.shown = True

    def _software(self, manifest: Manifest) -> None:
        """istiod with its flags, or the proxies of nodes."""
        from ringfence.dialects.istio.images import version_of_image
        from ringfence.dialects.istio.objects import ControlPlane

        spec = _mapping(manifest.data.get("spec"))
        template = _mapping(spec.get("template")) if manifest.kind != "Pod" else manifest.data
        pod = _mapping(template.get("spec"))
        labels = _mapping(_mapping(template.get("metadata")).get("labels"))
        containers = [one for one in _list(pod.get("containers")) if isinstance(one, Mapping)]
        if manifest.name in _NODE_AGENTS:
            if manifest.kind == "DaemonSet":
                self.istio.node_agents.append(_named(manifest))
                self.istio.shown = True
            return
        if labels.get("app") != ISTIOD:
            return
        revision = labels.get(_REVISION)
        for container in containers:
            if container.get("name") == "discovery":
                self.istio.control_planes.append(
                    ControlPlane(
                        _named(manifest),
                        revision if isinstance(revision, str) and revision != "default" else "",
                        version_of_image(container.get("image")),
                        dict(_flags(container)),
                        domain_argument(container),
                    )
                )
                self.istio.shown = True

    def predicted_pods(self, pods: Sequence[Pod]) -> list[Pod]:
        """Pods that a mesh makes of objects of the input, and that the input lacks."""
        found = {} if self._istio is None else self._istio.found
        waypoints, gateways = found.get("waypoints", ()), found.get("gateways", ())
        if not (waypoints or gateways):
            return []
        from ringfence.dialects.istio.waypoint_pods import predicted_gateways, predicted_pods

        return [*predicted_pods(waypoints, pods), *predicted_gateways(gateways, pods)]

    def predicted_services(self, pods: Sequence[Pod], services: Iterable[Service]) -> list[Service]:
        """Services in front of such pods."""
        gateways = self._istio.found.get("gateways") if self._istio is not None else None
        if not gateways or not pods:
            return []
        from ringfence.dialects.istio.waypoint_pods import predicted_services

        return predicted_services(gateways, pods, services)

    def machines(self, problems: list[Problem]) -> tuple[Pod, ...]:
        """Workloads outside of the cluster."""
        entries = self._istio.found.get("workload_entries") if self._istio is not None else None
        if not entries:
            return ()
        from ringfence.dialects.istio.workload_entry import machines

        return tuple(machines(sorted(entries, key=lambda one: (one.named.namespace, one.named.name)), problems))

    def with_entrances(self, entries: Entries) -> Entries:
        """Ways into the cluster, with those that a mesh has of its own."""
        found = {} if self._istio is None else self._istio.found
        if not (found.get("gateways") or found.get("virtual_services")):
            return entries
        from ringfence.dialects.istio.entrances import entrances

        objects = self.istio.objects()
        return entries if objects is None else entries.also(*entrances(objects))

    def objects(self, pods: Iterable[Pod], namespaces: Iterable[Namespace]) -> IstioObjects | None:
        """What was read of Istio; None where neither objects, nor pods, nor namespaces show one."""
        if (self._istio is None or not self._istio.shown) and _marked(pods, namespaces):
            self.istio.shown = True
        return None if self._istio is None else self._istio.objects()


def _no_kind(manifest: Manifest, group: str) -> Problem:
    """An object of a kind that no release of Istio has: nothing enforces it."""
    from difflib import get_close_matches

    kinds = sorted(kind for other, kind in MESH_NAMESPACED if other == group)
    near = get_close_matches(manifest.kind, kinds, 1, 0.6) or get_close_matches(
        manifest.kind, sorted(kind for _, kind in MESH_NAMESPACED), 1, 0.8
    )
    place = manifest.positions.place(("kind",))
    name = f"{manifest.kind} {manifest.namespace or 'default'}/{manifest.name}"
    message = (
        f"{name}: no release of Istio has such a kind in {group}; the API server does not take it, and NOTHING "
        "enforces it"
    )
    home = next((other for other, kind in sorted(MESH_NAMESPACED) if near and kind == near[0]), "")
    hint = f"did you mean kind: {near[0]} of {home}?" if near else "compare with `kubectl api-resources`"
    return Problem(place, "unknown-kind", Severity.ERROR, message, hint, partial=True)


def _removed(manifest: Manifest, instead: str) -> Problem:
    """An object of a group that releases of Istio no longer read."""
    name = f"{manifest.kind} {manifest.namespace or 'default'}/{manifest.name}"
    message = f"{name}: releases of Istio since 1.6 do not read {manifest.api_version}: NOTHING enforces it"
    place = manifest.positions.place(("apiVersion",))
    return Problem(place, "removed-api", Severity.ERROR, message, f"write {instead}", partial=True)


def _not_served(manifest: Manifest, group: str) -> Problem:
    """An object in a version that no release has. Its fields are read as those of the others."""
    versions = sorted(SERVED[group])
    name = f"{manifest.kind} {manifest.namespace or 'default'}/{manifest.name}"
    message = (
        f"{name}: no release of Istio that is known here serves {manifest.api_version}; the API server then does not "
        f"take it, and NOTHING enforces it; it is read like {versions[0]}"
    )
    place = manifest.positions.place(("apiVersion",))
    return Problem(place, "unknown-version", Severity.ERROR, message, f"write apiVersion: {versions[0]}")


def _marked(pods: Iterable[Pod], namespaces: Iterable[Namespace]) -> bool:
    """Whether anything is labelled or annotated for Istio."""
    if any(_istio_label(key) for one in namespaces for key in one.labels):
        return True
    seen: set[int] = set()
    for pod in pods:
        if any("istio.io/" in key for key in pod.marks.annotations):
            return True
        if any(proxy.name == "istio-proxy" for proxy in pod.marks.proxies):
            return True
        if id(pod.labels) not in seen:
            seen.add(id(pod.labels))
            if any(_istio_label(key) for key in pod.labels):
                return True
    return False


def _istio_label(key: str) -> bool:
    return key in _LABELS or ("istio.io/" in key and is_mark(key))


def _flags(container: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for one in _list(container.get("env")):
        if isinstance(one, Mapping) and isinstance(one.get("name"), str) and one["name"] in FLAGS:
            yield one["name"], flag_value(one)


def domain_argument(container: Mapping[str, Any]) -> str:
    """What a container's ``--domain`` says; empty: nothing."""
    words = [word for key in ("command", "args") for word in _list(container.get(key)) if isinstance(word, str)]
    found = ""
    for word, following in pairwise([*words, ""]):
        given, equals, value = word.partition("=")
        if given == DOMAIN:
            found = domain_name(value if equals else following)
    return found


def domain_name(value: object) -> str:
    """A domain; empty for what is none."""
    return value if isinstance(value, str) and _DOMAIN.fullmatch(value) else ""


def flag_value(entry: Mapping[str, Any]) -> str:
    """The value of an environment variable; ``?``: it comes from elsewhere, or is none."""
    value = entry.get("value")
    if value is None:
        return "?" if entry.get("valueFrom") else ""
    return value if isinstance(value, str) else "?"


def parsed(text: object) -> Any:
    """The data of a YAML (or JSON) text; None where it is none."""
    if not isinstance(text, str):
        return None
    from ringfence.sources.yaml_text import read_yaml

    try:
        return json.loads(text) if text.lstrip().startswith("{") else _first(*read_yaml(text, ""))
    except ValueError:
        return _first(*read_yaml(text, ""))


def _first(found: list[Any], problems: list[Problem]) -> Any:
    return None if any(problem.partial for problem in problems) or not found else found[0].value


def mesh_config_given(text: str, file: str) -> tuple[MeshConfig | None, list[Problem]]:
    """The mesh config in a file of its own: as it stands in the ConfigMap ``istio``, or that ConfigMap itself (also
    among other objects), in an IstioOperator or Istio object, or in values of a Helm chart. None where it cannot be
    read (reported)."""
    from ringfence.dialects.istio.mesh_config import read_mesh_config
    from ringfence.sources.yaml_text import read_yaml

    found, problems = read_yaml(text, file) if text.strip() else ([], [])
    problems = list(problems)
    place = found[0].positions.place() if found else Place(file, 1, 1)
    name = Manifest("", "MeshConfig", None, "", {}, _Spot(place))
    if any(problem.partial for problem in problems):
        return None, problems
    held = [one for document in found for one in _configs_in(document.value)] if found else [{}]
    if not held:
        message = "the file has objects, and none of them holds a mesh config; the defaults of Istio are assumed"
        hint = "give the ConfigMap istio, an IstioOperator, or the mesh config itself"
        problems.append(Problem(place, "mesh-config-missing", Severity.ERROR, message, hint, partial=True))
        return None, problems
    if len(held) > 1:
        message = f"the file holds {len(held)} mesh configs: the first one counts"
        problems.append(Problem(place, "mesh-config-twice", Severity.WARNING, message, "leave one of them"))
    config = config_of_text(held[0], place, name, problems)
    if config is None:
        return None, problems
    read, more = read_mesh_config(config)
    return read, [*problems, *more]


def _configs_in(value: Any) -> Iterator[Any]:
    """The mesh configs that a document holds, as text or data."""
    if not isinstance(value, Mapping):
        yield value
        return
    kind, spec, data = value.get("kind"), _mapping(value.get("spec")), _mapping(value.get("data"))
    if isinstance(kind, str) and kind.endswith("List"):
        for one in _list(value.get("items")):
            yield from _configs_in(one)
    elif kind == "ConfigMap" or (kind is None and "mesh" in data):
        if "mesh" in data:
            yield data["mesh"]
    else:
        holders = (value, spec, _mapping(spec.get("values")))
        config = next((holder["meshConfig"] for holder in holders if "meshConfig" in holder), None)
        if config is not None:
            yield config
        elif kind is None and "apiVersion" not in value:
            yield value


def config_of_text(text: object, place: Place, origin: Manifest, problems: list[Problem]) -> Manifest | None:
    """The mesh config that a text (or data) holds, as an object whose data is the config itself; None where it is none
    (reported)."""
    value: Any = text if isinstance(text, Mapping) else parsed(text)
    if isinstance(text, str) and not text.strip():
        value = {}
    if not isinstance(value, Mapping):
        problems.append(
            Problem(
                place,
                "mesh-config-unreadable",
                Severity.ERROR,
                "the mesh config is not a YAML mapping: istiod does not take it, or keeps what it had; the defaults of"
                " Istio are assumed",
                "compare with `istioctl analyze`",
                partial=True,
            )
        )
        return None
    return Manifest("", "MeshConfig", origin.namespace, origin.name, value, _Spot(place))


def _named(manifest: Manifest) -> Any:
    from ringfence.dialects.istio.shapes import named

    return named(manifest)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
