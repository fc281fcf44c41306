"""Reads big JSON lists (``kubectl get -o json``, API lists): pods become ``PodFacts`` at once, all else Manifests.

A pod that does not fit (a wrong type, an invalid label) becomes a Manifest too, so that it is read, and reported, as
any other object. The outcome never depends on which of the two ways a pod took.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator, Mapping
from sys import intern
from typing import Any

import msgspec

from ringfence.model.cluster import SENSITIVITY, NamedPort
from ringfence.model.marks import Marks
from ringfence.model.problems import Problem, Severity
from ringfence.model.provenance import Manifest, Place
from ringfence.sets.addresses import address
from ringfence.sources import marks
from ringfence.sources.collecting import collector_paused
from ringfence.sources.field_checks import path_text, type_hint, type_words, valid_label_key, valid_label_value
from ringfence.sources.json_positions import JsonPositions, value_offset
from ringfence.sources.kinds import Treatment, classify
from ringfence.sources.marks import is_mark, make_marks, one_of_equal
from ringfence.sources.meshes import setting_of_mesh
from ringfence.sources.owners import Owner
from ringfence.sources.plugins.detecting import DECLARATIONS
from ringfence.sources.plugins.encryption import tells
from ringfence.sources.plugins.settings import settings_key
from ringfence.sources.pods import DEFAULT_ACCOUNT, PROTOCOLS, PodFacts, one_a_family
from ringfence.sources.projections import (
    Address,
    Annotations,
    Container,
    Heading,
    Item,
    ItemList,
    Port,
    Reference,
    Spec,
)
from ringfence.sources.ranges import SETTINGS
from ringfence.sources.telling_pods import read_as_a_whole

_SEPARATOR = re.compile(rb"[ \t\n\r,]*")
_HEAD = 1 << 16
_DEEPEST = 8
"""Lists in lists up to this depth are read."""

_NO_ANNOTATIONS: Mapping[str, str] = {}

_decode_list = msgspec.json.Decoder(ItemList).decode
_decode_item = msgspec.json.Decoder(Item).decode
_decode_heading = msgspec.json.Decoder(Heading).decode
_decode_labels = msgspec.json.Decoder(dict[str, str | None] | None).decode
_decode_ports = msgspec.json.Decoder(list[Port] | None).decode
_decode_references = msgspec.json.Decoder(list[Reference] | None).decode
_decode_annotations = msgspec.json.Decoder(dict[str, Any] | None).decode
_decode_anything = msgspec.json.Decoder().decode


class _Unfit(Exception):
    """A pod that has to be read as any other object, with its problems."""


def read_dump(data: bytes | mmap.mmap, file: str) -> tuple[list[Manifest], list[PodFacts], list[Problem]] | None:
    """Everything in one JSON list; None when the text is not one, or not JSON at all (somebody else's to report).

    ``data`` may be unmapped or forgotten afterwards. Columns count bytes where a line holds several items.
    """
    listing = _listing(data)
    if listing is None:
        return None
    reader = _Reader()
    with collector_paused():
        reader.take_list(data, listing, Place(file, 1, 1), 0)
    return reader.manifests, reader.pods, reader.problems


def _listing(data: bytes | mmap.mmap) -> ItemList | None:
    try:
        listing = _decode_list(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return listing if listing.items is not None and (listing.kind or "").endswith("List") else None


def _located(data: bytes | mmap.mmap, items: list[msgspec.Raw]) -> Iterator[tuple[msgspec.Raw, int, int]]:
    """Each item with the line and column of its beginning: items follow each other with only a comma between them."""
    at, line, line_start = 0, 1, 0
    head = data[:_HEAD].decode("utf-8", "replace")
    offset = value_offset(head, "items")
    if offset is not None:
        start = len(head[:offset].encode()) + 1
    else:
        start = data.find(bytes(items[0])) if items else 0
    for raw in items:
        match = _SEPARATOR.match(data, start)
        start = match.end() if match else start
        between = data[at:start]
        lines = between.count(b"\n")
        if lines:
            line += lines
            line_start = at + between.rindex(b"\n") + 1
        at = start
        yield raw, line, start - line_start + 1
        start += len(memoryview(raw))


class _Reader:
    """Collects what one list holds; values that pods share are made once."""

    def __init__(self) -> None:
        self.manifests: list[Manifest] = []
        self.pods: list[PodFacts] = []
        self.problems: list[Problem] = []
        self._typed: tuple[str, str] | None = None
        self._labels: dict[bytes, Mapping[str, str]] = {}
        self._ports: dict[bytes, tuple[NamedPort, ...]] = {b"": (), b"null": (), b"[]": ()}
        self._on_host: set[bytes] = set()
        self._owners: dict[bytes, Owner | None] = {b"": None}
        self._hosts: dict[tuple[str, ...], tuple[int, ...]] = {}
        self._annotations: dict[bytes, Mapping[str, str]] = {}
        self._marks: dict[object, Marks] = {}
        self._ids: dict[bytes, marks.Ids] = {}
        self._shapes: dict[tuple[object, ...], Marks] = {}

    def take_list(self, data: bytes | mmap.mmap, listing: ItemList, origin: Place, depth: int) -> None:
        """All members of a list that begins at ``origin``. A typed list says what its members are."""
        outer = self._typed
        kind = listing.kind or ""
        self._typed = None if kind == "List" else (listing.apiVersion or "", kind.removesuffix("List"))
        for raw, line, column in _located(data, listing.items or []):
            if line == 1:
                column += origin.column - 1
            self._take(raw, Place(origin.file, origin.line + line - 1, column), depth)
        self._typed = outer

    def _take(self, raw: msgspec.Raw, place: Place, depth: int) -> None:
        """One member of the list."""
        try:
            item = _decode_item(raw)
            api_version, kind = self._kind(item.apiVersion, item.kind)
            if kind == "Pod" and api_version == "v1":
                self.pods.append(self._pod(item, place))
                return
        except (msgspec.MsgspecError, UnicodeDecodeError, ValueError, _Unfit):
            pass
        self._take_any(raw, place, depth)

    def _kind(self, api_version: str | None, kind: str | None) -> tuple[str, str]:
        """Members of typed lists need not say what they are."""
        if self._typed and not kind:
            return self._typed
        return api_version or "", kind or ""

    def _pod(self, item: Item, place: Place) -> PodFacts:
        metadata, spec, status = item.metadata, item.spec, item.status
        if metadata is None or not metadata.name or spec is None:
            raise _Unfit
        namespace = intern(metadata.namespace or "default")
        if read_as_a_whole(namespace, metadata.name):
            raise _Unfit
        raw = bytes(metadata.labels)
        labels = self._labels.get(raw)
        if labels is None:
            labels = self._labels[raw] = _labels(raw)
        raw = bytes(metadata.ownerReferences)
        if raw in self._owners:
            owner = self._owners[raw]
        else:
            owner = self._owners[raw] = _owner(raw)
        host_addresses: tuple[int, ...] = ()
        addresses: tuple[int, ...] = ()
        phase = ""
        if status is not None:
            phase = intern(status.phase or "")
            hosts = _texts(status.hostIPs, status.hostIP)
            known = self._hosts.get(hosts)
            if known is None:
                known = self._hosts[hosts] = one_a_family([address(text) for text in hosts])
            host_addresses = known
            addresses = tuple([address(text) for text in _texts(status.podIPs, status.podIP)])
            if len(addresses) > 1:
                addresses = one_a_family(addresses)
        return PodFacts(
            namespace,
            metadata.name,
            labels,
            (),
            self._named_ports(spec.containers, spec.initContainers, bool(spec.hostNetwork)),
            owner,
            addresses,
            intern(spec.nodeName) if spec.nodeName else None,
            bool(spec.hostNetwork),
            host_addresses,
            phase,
            place,
            (),
            intern(spec.serviceAccountName or spec.serviceAccount or DEFAULT_ACCOUNT),
            self._marks_of(bytes(metadata.annotations), spec),
            _sensitivity(metadata.annotations),
        )

    def _marks_of(self, raw: bytes, spec: Spec) -> Marks:
        annotations = _NO_ANNOTATIONS
        # An escape may hide the name of a mesh.
        if b"istio.io" in raw or b"linkerd.io" in raw or b"consul.hashicorp.com" in raw or b"\\u" in raw:
            annotations = self._annotations.get(raw, _NO_ANNOTATIONS)
            if annotations is _NO_ANNOTATIONS:
                annotations = self._annotations[raw] = _annotations(raw)
        elif raw and raw[:1] != b"{" and raw != b"null":
            raise _Unfit
        if annotations:
            return self._made(annotations, spec)
        # Pods of one workload are alike in all that matters here.
        shape = (
            bytes(spec.securityContext),
            tuple([(one.name, one.image, bytes(one.securityContext)) for one in spec.containers or ()]),
            tuple(
                [(one.name, one.image, bytes(one.securityContext), one.restartPolicy) for one in spec.initContainers]
                if spec.initContainers
                else ()
            ),
        )
        found = self._shapes.get(shape)
        if found is None:
            found = self._shapes[shape] = self._made(annotations, spec)
        return found

    def _made(self, annotations: Mapping[str, str], spec: Spec) -> Marks:
        containers = []
        for first, some in ((False, spec.containers), (True, spec.initContainers)):
            for one in some or ():
                if one.name is not None:
                    stays = not first or one.restartPolicy == "Always"
                    ids = self._ids_of(one.securityContext)
                    containers.append(marks.Container(one.name, one.image or "", ids, first, stays))
        found = make_marks(annotations, containers, self._ids_of(spec.securityContext))
        return one_of_equal(found, self._marks)

    def _ids_of(self, security: msgspec.Raw) -> marks.Ids:
        raw = bytes(security)
        found = self._ids.get(raw)
        if found is None:
            found = self._ids[raw] = marks.ids_of(_decode_anything(raw) if raw else None)
        return found

    def _named_ports(
        self, containers: list[Container] | None, first: list[Container] | None, host_network: bool
    ) -> tuple[NamedPort, ...]:
        found: tuple[NamedPort, ...] = ()
        for container in containers or ():
            ports = self._container_ports(container, host_network)
            found = found + ports if found else ports
        for container in first or ():
            ports = self._container_ports(container, host_network)
            if container.restartPolicy == "Always":
                found += ports
        return found

    def _container_ports(self, container: Container, host_network: bool) -> tuple[NamedPort, ...]:
        raw = bytes(container.ports)
        ports = self._ports.get(raw)
        if ports is None:
            ports = self._ports[raw] = _ports(raw)
            if b'"hostPort"' in raw:
                self._on_host.add(raw)
        if self._on_host and not host_network and raw in self._on_host:
            # A port of the node that leads to the pod: so rare that the long way will do.
            raise _Unfit
        return ports

    def _take_any(self, raw: msgspec.Raw, place: Place, depth: int) -> None:
        """A member as a Manifest; of kinds that are only counted, without its contents (they may be secret)."""
        try:
            heading = _decode_heading(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            heading = None
        if heading is not None:
            api_version, kind = self._kind(heading.apiVersion, heading.kind)
            name = heading.metadata
            if api_version and kind and name and not _contents_matter(api_version, kind, name.namespace, name.name):
                said = {"name": name.name or "", "namespace": name.namespace}
                data = {"apiVersion": api_version, "kind": kind, "metadata": said}
                positions = JsonPositions(place)
                self.manifests.append(Manifest(api_version, kind, name.namespace, name.name or "", data, positions))
                return
        try:
            value = _decode_anything(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            self._report(place, "json-syntax", f"a member of the list cannot be read: {error}", "was the dump cut off?")
            return
        if not isinstance(value, dict):
            message = f"a member of a list must be an object, not {type_words(value)}"
            self._report(place, "wrong-type", message, "take it out")
            return
        nested = _listing(bytes(raw)) if heading is None or str(heading.kind).endswith("List") else None
        if nested is not None and depth < _DEEPEST:
            self.take_list(bytes(raw), nested, place, depth + 1)
            return
        self._take_value(value, JsonPositions(place, bytes(raw)))

    def _take_value(self, value: dict[str, Any], positions: JsonPositions) -> None:
        api_version, kind = value.get("apiVersion"), value.get("kind")
        if self._typed and not kind:
            api_version, kind = self._typed
        if not api_version or not kind:
            message = "a member of a list has no apiVersion and kind; it is passed over"
            self.problems.append(Problem(positions.place(), "not-an-object", Severity.NOTICE, message))
            return
        metadata = value.get("metadata")
        named: dict[str, Any] = metadata if isinstance(metadata, dict) else {}
        name, namespace = named.get("name"), named.get("namespace")
        wrong = False
        for path, word, expected in (
            (("apiVersion",), api_version, str),
            (("kind",), kind, str),
            (("metadata",), metadata, dict),
            (("metadata", "name"), name, str),
            (("metadata", "namespace"), namespace, str),
        ):
            if word is not None and not isinstance(word, expected):
                wanted = "a string" if expected is str else "a mapping"
                message = f"{path_text(path)} must be {wanted}, not {type_words(word)}"
                self._report(positions.place(path), "wrong-type", message, type_hint(wanted, word))
                wrong = True
        if not wrong:
            self.manifests.append(Manifest(api_version, kind, namespace, name or "", value, positions))

    def _report(self, place: Place, code: str, message: str, hint: str) -> None:
        self.problems.append(Problem(place, code, Severity.ERROR, f"{message}; it is left out", hint, partial=True))


RULES_ASK_FOR = ("rbac.authorization.k8s.io/", "admissionregistration.k8s.io/")
"""Groups that decide no verdict, and that rules of ``check`` read."""


def _contents_matter(api_version: str, kind: str, namespace: str | None, name: str | None) -> bool:
    """Whether more of an object is used than that it is there."""
    if classify(api_version, kind).treatment is not Treatment.UNMODELLED:
        return True
    if setting_of_mesh(api_version, kind, name or "") or tells(kind, name or ""):
        return True
    if api_version.startswith(RULES_ASK_FOR) or (api_version, kind) == ("v1", "ServiceAccount"):
        return True
    if kind == "ConfigMap":
        return (namespace == "kube-system" and name in SETTINGS) or bool(settings_key(name or ""))
    return (api_version, kind) in DECLARATIONS or kind == "NetworkAttachmentDefinition" or kind.endswith("List")


def _texts(many: list[Address] | None, one: str | None) -> tuple[str, ...]:
    if many:
        return tuple([entry.ip for entry in many if entry.ip])
    return (one,) if one else ()


def _labels(raw: bytes) -> Mapping[str, str]:
    decoded = _decode_labels(raw) if raw else None
    labels = {intern(key): intern(value or "") for key, value in (decoded or {}).items()}
    if not all(valid_label_key(key) and valid_label_value(value) for key, value in labels.items()):
        raise _Unfit
    return labels


_SENSITIVITY = SENSITIVITY.encode()


def _sensitivity(raw: msgspec.Raw) -> str:
    """What the annotation says of how sensitive the pod is."""
    data = bytes(raw)
    if _SENSITIVITY not in data and b"\\u" not in data:
        return ""
    try:
        found = msgspec.json.decode(data, type=Annotations | None)
    except msgspec.ValidationError as error:
        raise _Unfit from error
    return (found.sensitivity or "") if found is not None else ""


def _annotations(raw: bytes) -> Mapping[str, str]:
    found = {key: value for key, value in (_decode_annotations(raw) or {}).items() if is_mark(key)}
    for key, value in found.items():
        if value is None:
            found[key] = ""
        elif not isinstance(value, str):
            raise _Unfit
    return found


def _ports(raw: bytes) -> tuple[NamedPort, ...]:
    found = []
    for port in _decode_ports(raw) or ():
        protocol = port.protocol or "TCP"
        if not 1 <= port.containerPort <= 65535 or protocol not in PROTOCOLS:
            raise _Unfit
        if port.name:
            found.append(NamedPort(intern(port.name), intern(protocol), port.containerPort))
    return tuple(found)


def _owner(raw: bytes) -> Owner | None:
    for reference in _decode_references(raw) or ():
        if reference.controller:
            if not reference.kind or not reference.name or reference.kind == "Node":
                return None
            return Owner(intern(reference.kind), intern(reference.name))
    return None
