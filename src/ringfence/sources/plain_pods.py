"""The short way for pods as API servers print them, in which every field is of its type and nothing is to be reported.

A pod with anything else in it is left to ``ringfence.sources.pods.read_pod``, which gives the same for one that is
plain: the short way only saves time. Values that pods share are made once.
"""

from __future__ import annotations

from collections.abc import Mapping
from sys import intern
from typing import Any

from ringfence.model.cluster import SENSITIVITY, NamedPort
from ringfence.model.marks import NO_MARKS, Marks
from ringfence.model.provenance import Manifest, Place
from ringfence.sets.addresses import address
from ringfence.sources.field_checks import valid_label_key, valid_label_value
from ringfence.sources.marks import PROXIES, containers_of, ids_of, is_mark, make_marks, one_of_equal
from ringfence.sources.owners import Owner
from ringfence.sources.pods import DEFAULT_ACCOUNT, PROTOCOLS, PodFacts, one_a_family
from ringfence.sources.telling_pods import read_as_a_whole

_NO_LABELS: Mapping[str, str] = {}
_NOTHING: dict[str, Any] = {}
_UNSEEN = object()
_EMPTY = (None, "")


class _NotPlain(Exception):
    """Something that the short way does not know."""


class PlainPods:
    """Reads the plain pods of one input."""

    def __init__(self) -> None:
        self._labels: dict[tuple[tuple[str, str], ...], Mapping[str, str]] = {}
        self._ports: dict[tuple[tuple[str, str, int], ...], tuple[NamedPort, ...]] = {}
        self._owners: dict[tuple[str, str], Owner | None] = {}
        self._hosts: dict[str, tuple[int, ...]] = {}
        self._marks: dict[object, Marks] = {}

    def read(self, manifest: Manifest, namespace: str) -> PodFacts | None:
        """What the pod says; None when it has to be read the long way."""
        return self._read(manifest.data, namespace, manifest.name, manifest.place)

    def of_object(self, data: dict[str, Any], place: Place) -> PodFacts | None:
        """What an object says that is a plain pod; None for anything else."""
        if data.get("kind") != "Pod" or data.get("apiVersion") != "v1":
            return None
        metadata = data.get("metadata")
        if type(metadata) is not dict:
            return None
        name, namespace = metadata.get("name"), metadata.get("namespace") or "default"
        if type(name) is not str or not name or type(namespace) is not str or read_as_a_whole(namespace, name):
            return None
        return self._read(data, namespace, name, place)

    def _read(self, data: Mapping[str, Any], namespace: str, name: str, place: Place) -> PodFacts | None:
        try:
            metadata, spec, status = data.get("metadata"), data.get("spec"), data.get("status")
            if status is None:
                status = _NOTHING
            if type(metadata) is not dict or type(spec) is not dict or type(status) is not dict:
                return None
            node, phase, host_network = spec.get("nodeName"), status.get("phase"), spec.get("hostNetwork")
            if (not node and node not in _EMPTY) or (not phase and phase not in _EMPTY):
                return None
            return PodFacts(
                intern(namespace),
                name,
                self._labels_of(metadata.get("labels")),
                (),
                self._named_ports(spec),
                self._owner_of(metadata.get("ownerReferences")),
                _addresses(status, "podIPs", "podIP"),
                intern(node) if node else None,
                host_network if type(host_network) is bool else _flag(spec, "hostNetwork"),
                self._host_addresses(status),
                intern(phase) if phase else "",
                place,
                (),
                intern(_text(spec, "serviceAccountName") or _text(spec, "serviceAccount") or DEFAULT_ACCOUNT),
                self._marks_of(metadata, spec),
                _sensitivity(metadata.get("annotations")),
            )
        except (_NotPlain, ValueError, TypeError, AttributeError):
            # ValueError: an address that is none. TypeError, AttributeError: another type than that of the field.
            return None

    def _labels_of(self, written: Any) -> Mapping[str, str]:
        if type(written) is not dict:
            if written is None:
                return _NO_LABELS
            raise _NotPlain
        key = tuple(written.items())
        labels = self._labels.get(key)
        if labels is None:
            for name, value in key:
                if type(name) is not str or type(value) is not str:
                    raise _NotPlain
                if not valid_label_key(name) or not valid_label_value(value):
                    raise _NotPlain
            labels = self._labels[key] = dict(key)
        return labels

    def _named_ports(self, spec: Mapping[str, Any]) -> tuple[NamedPort, ...]:
        containers = _mappings(spec, "containers")
        if "initContainers" in spec:
            sidecars = [one for one in _mappings(spec, "initContainers") if _text(one, "restartPolicy") == "Always"]
            containers = [*containers, *sidecars]
        found = []
        for container in containers:
            for port in _mappings(container, "ports") if "ports" in container else ():
                number, protocol = port.get("containerPort"), port.get("protocol", "TCP")
                if type(number) is not int or not 1 <= number <= 65535 or protocol not in PROTOCOLS:
                    raise _NotPlain
                if port.get("hostPort") and spec.get("hostNetwork") is not True:
                    raise _NotPlain
                if name := _text(port, "name"):
                    found.append((name, protocol, number))
        if not found:
            return ()
        key = tuple(found)
        ports = self._ports.get(key)
        if ports is None:
            ports = self._ports[key] = tuple(NamedPort(*port) for port in key)
        return ports

    def _owner_of(self, references: Any) -> Owner | None:
        if references is None:
            return None
        owner = None
        for reference in references:
            if type(reference) is not dict:
                raise _NotPlain
            if _flag(reference, "controller"):
                if owner is not None:
                    raise _NotPlain
                owner = _text(reference, "kind"), _text(reference, "name")
        if owner is None:
            if type(references) is not list:
                raise _NotPlain
            return None
        found = self._owners.get(owner, _UNSEEN)
        if found is _UNSEEN:
            kind, name = owner
            found = self._owners[owner] = Owner(kind, name) if kind and name and kind != "Node" else None
        return found  # type: ignore[return-value]

    def _marks_of(self, metadata: Mapping[str, Any], spec: Mapping[str, Any]) -> Marks:
        written = metadata.get("annotations")
        if written is None:
            written = _NOTHING
        elif type(written) is not dict:
            raise _NotPlain
        found = {key: value for key, value in written.items() if is_mark(key)}
        if found and not all(type(value) is str for value in found.values()):
            raise _NotPlain
        plain = not found and not spec.get("initContainers") and not spec.get("securityContext")
        containers = spec.get("containers") or ()
        if plain and not any(one.get("name") in PROXIES or one.get("securityContext") for one in containers):
            return NO_MARKS
        marks = make_marks(found, containers_of(spec), ids_of(spec.get("securityContext")))
        return one_of_equal(marks, self._marks)

    def _host_addresses(self, status: Mapping[str, Any]) -> tuple[int, ...]:
        if "hostIPs" in status:
            return _addresses(status, "hostIPs", "hostIP")
        text = _text(status, "hostIP")
        found = self._hosts.get(text)
        if found is None:
            found = self._hosts[text] = _addresses(status, "hostIPs", "hostIP")
        return found


def _sensitivity(annotations: Any) -> str:
    if annotations is None:
        return ""
    if type(annotations) is not dict:
        raise _NotPlain
    return _text(annotations, SENSITIVITY)


def _mappings(parent: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    values = parent.get(key)
    if values is None:
        return []
    if type(values) is not list:
        raise _NotPlain
    for value in values:
        if type(value) is not dict:
            raise _NotPlain
    return values


def _text(parent: Mapping[str, Any], key: str) -> str:
    value = parent.get(key)
    if type(value) is str:
        return value
    if value is None:
        return ""
    raise _NotPlain


def _flag(parent: Mapping[str, Any], key: str) -> bool:
    value = parent.get(key)
    if value is None or value is False:
        return False
    if value is True:
        return True
    raise _NotPlain


def _addresses(status: Mapping[str, Any], many: str, one: str) -> tuple[int, ...]:
    """As ``ringfence.sources.pods.read_addresses``. Raises ValueError for what is not an address."""
    entries = status.get(many)
    if type(entries) is list and len(entries) > 1:
        return one_a_family([address(text) for entry in _mappings(status, many) if (text := _text(entry, "ip"))])
    text = _text(_mappings(status, many)[0], "ip") if entries else _text(status, one)
    if not entries and entries is not None and type(entries) is not list:
        raise _NotPlain
    return (address(text),) if text else ()
