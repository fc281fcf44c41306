"""What was read, kept so that it can be read again with changes: the base of every what-if."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ringfence.dialects import READERS
from ringfence.layers.network.relation import ChangedRelation, Relation
from ringfence.model.cluster import Cluster
from ringfence.model.entries import ENTRY_KINDS
from ringfence.model.mesh import Source
from ringfence.model.policy import NetworkPolicyRules
from ringfence.model.provenance import Manifest
from ringfence.sets.addresses import Intervals
from ringfence.values import Value, replace
from ringfence.verdict.ends import KINDS, EndError

if TYPE_CHECKING:
    from ringfence.sources.mesh_settings import MeshSettings
    from ringfence.sources.origins import Source as Origin

SHORT_KINDS: Mapping[str, str] = {
    "netpol": "networkpolicy",
    "np": "networkpolicy",
    "cnp": "clusternetworkpolicy",
    "anp": "adminnetworkpolicy",
    "banp": "baselineadminnetworkpolicy",
    "ns": "namespace",
}

MESH_KINDS = frozenset({
    "authorizationpolicy",
    "configmap",
    "destinationrule",
    "envoyfilter",
    "gateway",
    "peerauthentication",
    "requestauthentication",
    "serviceentry",
    "trafficextension",
    "workloadentry",
    "workloadgroup",
    "sidecar",
    "virtualservice",
    "wasmplugin",
})  # fmt: skip
"""Kinds of the objects of Istio, and of its settings."""

Identity = tuple[str, str, str | None, str]
"""(group of apiVersion, kind, namespace, name)."""


def identity(manifest: Manifest) -> Identity:
    """What makes two manifests the same object."""
    group = manifest.api_version.rpartition("/")[0]
    return group, manifest.kind, manifest.namespace, manifest.name


class Removal(Value):
    """An object to leave out, as a user names it. ``kind`` empty: a policy of that name."""

    text: str
    namespace: str | None
    kind: str
    name: str

    @staticmethod
    def parse(text: str) -> Removal:
        """``NS/KIND/NAME`` or ``KIND/NS/NAME``, ``KIND/NAME``, ``NS/NAME``. Raises EndError."""
        words = text.split("/")
        if len(words) == 3:
            first = _is_kind(words[0]) or words[0].lower() in _ENTRIES
            if first and not (_is_kind(words[1]) or words[1].lower() in _ENTRIES):
                return Removal(text, words[1], _kind(words[0]), words[2])
            return Removal(text, words[0], _kind(words[1]), words[2])
        if len(words) == 2:
            if _is_kind(words[0]):
                return Removal(text, None, _kind(words[0]), words[1])
            return Removal(text, words[0], "", words[1])
        raise EndError(f"{text!r} names no object", "write NAMESPACE/KIND/NAME or KIND/NAME")

    def matches(self, manifest: Manifest) -> bool:
        """Whether it means this object."""
        if manifest.name != self.name or (manifest.namespace or None) != self.namespace:
            return False
        if not self.kind:
            return (manifest.api_version, manifest.kind) in READERS
        return manifest.kind.lower() == self.kind


_ENTRIES = frozenset(kind.lower() for kind in ENTRY_KINDS)


def _is_kind(word: str) -> bool:
    known = {one.lower() for _, one in READERS} | {one.lower() for one in KINDS.values()} | {"namespace"}
    return _kind(word) in known | MESH_KINDS


def _kind(word: str) -> str:
    lowered = word.lower()
    lowered = KINDS.get(lowered, SHORT_KINDS.get(lowered, lowered)).lower()
    for known in {kind.lower() for _, kind in READERS} | {"namespace"} | MESH_KINDS:
        if lowered in (known + "s", known[:-1] + "ies"):
            return known
    return lowered


def read_additions(add: Iterable[Mapping[str, Any] | str]) -> list[Manifest]:
    """Objects, YAML or JSON text, and paths, as manifests. Raises EndError where one cannot be read."""
    from ringfence.sources.reading import from_objects, read, read_text

    found: list[Manifest] = []
    for one in add:
        if not isinstance(one, str):
            reading = from_objects([one])
        elif "\n" in one or ": " in one or one.lstrip().startswith("{"):
            reading = read_text(one, "<what-if>")
        else:
            reading = read([one], None)
        broken = [problem for problem in reading.problems if problem.partial]
        if broken:
            raise EndError(f"a what-if cannot be read: {broken[0].place}: {broken[0].message}", broken[0].hint)
        found.extend(reading.manifests)
    return found


class Given(Value, dict=True):
    """The input of a world: objects and what the user told of the cluster."""

    reading: Any
    pod_ranges: Intervals = ()
    service_ranges: Intervals = ()
    node_ranges: Intervals = ()
    assume_no_labels: bool = False
    mesh: MeshSettings | None = None
    pending: tuple[tuple[tuple[Manifest, ...], tuple[Removal, ...]], ...] = ()
    """Changes (added, removed) that are not applied to ``reading`` yet."""
    relabels: tuple[tuple[str, Mapping[str, str | None]], ...] = ()
    """Labels that what-ifs set on named ends, in order: the world applies them after building."""

    @staticmethod
    def read(
        sources: Sequence[Origin],
        pods: Intervals,
        services: Intervals,
        nodes: Intervals,
        assume_no_labels: bool,
        tell: Callable[[str], None] | None = None,
    ) -> Given:
        """Read files, directories, stdin, and what other sources give. ``tell`` hears how far it is."""
        from ringfence.sources.reading import read

        reading = read(sources, sys.stdin.buffer if "-" in sources else None, tell)
        return Given(reading, pods, services, nodes, assume_no_labels)

    @staticmethod
    def of_objects(
        objects: Iterable[Mapping[str, Any]],
        pods: Intervals,
        services: Intervals,
        nodes: Intervals,
        assume_no_labels: bool,
    ) -> Given:
        """Take objects in memory."""
        from ringfence.sources.reading import from_objects

        return Given(from_objects(objects, pods_apart=True), pods, services, nodes, assume_no_labels)

    def build(self) -> Cluster:
        """The cluster that the input describes."""
        from ringfence.sources.building import build

        cluster = build(
            self.settled().reading,
            pod_ranges=self.pod_ranges,
            service_ranges=self.service_ranges,
            node_ranges=self.node_ranges,
            assume_no_labels=self.assume_no_labels,
        )
        cluster = replace(cluster, assume_no_labels=self.assume_no_labels)
        return cluster if self.mesh is None else self.mesh.applied(cluster)

    def later(self, adding: Sequence[Manifest], removing: Sequence[Removal]) -> Given:
        """The input with a change that is only applied when the objects are needed."""
        return replace(self, pending=(*self.pending, (tuple(adding), tuple(removing))))

    def settled(self) -> Given:
        """The input with every change applied."""
        given = replace(self, pending=()) if self.pending else self
        for adding, removing in self.pending:
            given = given.changed(adding, removing)
        return given

    def changed(self, adding: Sequence[Manifest], removing: Sequence[Removal]) -> Given:
        """The input with objects added, replaced and left out. Raises EndError for a removal that means nothing."""
        if self.pending:
            return self.settled().changed(adding, removing)
        manifests = list(self.reading.manifests)
        pods = list(self.reading.dump_pods)
        for removal in removing:
            kept = [manifest for manifest in manifests if not removal.matches(manifest)]
            kept_pods = [
                pod
                for pod in pods
                if removal.kind != "pod" or (pod.namespace, pod.name) != (removal.namespace, removal.name)
            ]
            if len(kept) == len(manifests) and len(kept_pods) == len(pods):
                raise EndError(f"there is no {removal.text} in the input to remove", "")
            manifests, pods = kept, kept_pods
        replaced = {identity(manifest) for manifest in adding}
        manifests = [manifest for manifest in manifests if identity(manifest) not in replaced]
        added_pods = {(one.namespace or "default", one.name) for one in adding if one.kind == "Pod"}
        pods = [pod for pod in pods if (pod.namespace, pod.name) not in added_pods] if added_pods else pods
        reading = replace(self.reading, manifests=[*manifests, *adding], dump_pods=pods)
        return replace(self, reading=reading)

    def manifest_of(self, policy: NetworkPolicyRules) -> Manifest | None:
        """The object that a policy was read from."""
        return self.manifests_by_identity.get(
            (policy.api_version.rpartition("/")[0], policy.kind, policy.namespace, policy.name)
        )

    @property
    def manifests_by_identity(self) -> dict[Identity, Manifest]:
        """Policy objects by what they are."""
        cached: dict[Identity, Manifest] | None = self.__dict__.get("_by_identity")
        if cached is None:
            cached = {}
            for manifest in self.settled().reading.manifests:
                if (manifest.api_version, manifest.kind) in READERS:
                    group, kind, namespace, name = identity(manifest)
                    if kind == "NetworkPolicy":
                        namespace = namespace or "default"
                    cached[group, kind, namespace, name] = manifest
            self.__dict__["_by_identity"] = cached
        return cached

    def data_of(self, policy: NetworkPolicyRules) -> Mapping[str, Any] | None:
        """The data that a policy was read from, where it is whole enough to be edited."""
        manifest = self.manifest_of(policy)
        if manifest is None or not isinstance(manifest.data.get("spec"), dict):
            return None
        return manifest.data

    def written(self, source: Source) -> Mapping[str, Any] | None:
        """The data of an object that settles something, where it is whole enough to be edited."""
        wanted = (source.kind, source.namespace or "default", source.name)
        cached: dict[tuple[str, str, str], Mapping[str, Any]] | None = self.__dict__.get("_of_meshes")
        if cached is None:
            cached = {
                (one.kind, one.namespace or "default", one.name): one.data
                for one in self.settled().reading.manifests
                if one.kind.lower() in MESH_KINDS and one.kind != "ConfigMap"
            }
            self.__dict__["_of_meshes"] = cached
        found = cached.get(wanted)
        whole = found is not None and all(isinstance(found.get(key), dict) for key in ("metadata", "spec"))
        return found if found is not None and whole and found["metadata"].get("name") == source.name else None

    def applier(
        self, relation: Relation
    ) -> Callable[[tuple[int, ...], list[Mapping[str, Any]]], ChangedRelation | None]:
        """A function that removes policies by index and adds manifests, as a what-if."""
        from ringfence.verdict.edits import policies_of

        names = {(policy.policy.kind, policy.policy.full_name) for policy in relation.active()}

        def apply(gone: tuple[int, ...], manifests: list[Mapping[str, Any]]) -> ChangedRelation | None:
            leaving = [relation.policies[index].policy for index in gone]
            replaced = {(policy.kind, policy.full_name) for policy in leaving}
            for manifest in manifests:
                own = manifest["metadata"]
                full = f"{own['namespace']}/{own['name']}" if own.get("namespace") else own["name"]
                if (manifest["kind"], full) in names - replaced:
                    own["name"] += "-2"
            added = policies_of(read_policy, manifests)
            if added is None:
                return None
            changed = relation.change(gone, added, relation.cluster)
            return changed if isinstance(changed, ChangedRelation) else None

        return apply


def read_policy(data: Mapping[str, Any]) -> NetworkPolicyRules | None:
    """A manifest as a policy; None where it is not accepted."""
    from ringfence.sources.reading import from_objects

    for manifest in from_objects([data]).manifests:
        reader = READERS.get((manifest.api_version, manifest.kind))
        if reader is not None:
            policy, _ = reader(manifest)
            return policy
    return None
