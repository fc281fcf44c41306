"""The short way for pods as API servers print them, in which every field is of its type and nothing is to be reported.

A pod with anything else in it is left to ``ringfence.sources.pods.read_pod``, which gives the same for one that is
plain: the short way only saves time. Values that pods share are made once.
"""

from __future__ import annotations

from collections.abc import Mapping
from sys import intern
from typing import Any

from ringfence.model.cluster import NamedPort
from ringfence.model.provenance import Manifest
from ringfence.sets.addresses import address
from ringfence.sources.field_checks import valid_label_key, valid_label_value
from ringfence.sources.owners import Owner
from ringfence.sources.pods import PROTOCOLS, PodFacts, one_a_family

_NO_LABELS: Mapping[str, str] = {}


class _NotPlain(Exception):
    """Something that the short way does not know."""


class PlainPods:
    """Reads the plain pods of one input."""

    def __init__(self) -> None:
        self._labels: dict[tuple[tuple[str, str], ...], Mapping[str, str]] = {}
        self._ports: dict[tuple[tuple[str, str, int], ...], tuple[NamedPort, ...]] = {}
        self._owners: dict[tuple[str, str], Owner | None] = {}
        self._hosts: dict[str, tuple[int, ...]] = {}

    def read(self, manifest: Manifest, namespace: str) -> PodFacts | None:
        """What the pod says; None when it has to be read the long way."""
        try:
            data = manifest.data
            metadata, spec, status = _mapping(data, "metadata"), _mapping(data, "spec"), _mapping(data, "status")
            node = _text(spec, "nodeName")
            return PodFacts(
                intern(namespace),
                manifest.name,
                self._labels_of(metadata),
                (),
                self._named_ports(spec),
                self._owner_of(metadata),
                _addresses(status, "podIPs", "podIP"),
                intern(node) if node else None,
                _flag(spec, "hostNetwork"),
                self._host_addresses(status),
                intern(_text(status, "phase")),
                manifest.place,
            )
        except (_NotPlain, ValueError, TypeError):
            # ValueError: an address that is none. TypeError: a list or mapping where a memory asks for its hash.
            return None

    def _labels_of(self, metadata: Mapping[str, Any]) -> Mapping[str, str]:
        written = metadata.get("labels")
        if not written:
            if written is None or type(written) is dict:
                return _NO_LABELS
            raise _NotPlain
        if type(written) is not dict:
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
            for port in _mappings(container, "ports"):
                number, protocol = port.get("containerPort"), port.get("protocol", "TCP")
                if type(number) is not int or not 1 <= number <= 65535 or protocol not in PROTOCOLS:
                    raise _NotPlain
                if name := _text(port, "name"):
                    found.append((name, protocol, number))
        key = tuple(found)
        ports = self._ports.get(key)
        if ports is None:
            ports = self._ports[key] = tuple(NamedPort(*port) for port in key)
        return ports

    def _owner_of(self, metadata: Mapping[str, Any]) -> Owner | None:
        owner = None
        for reference in _mappings(metadata, "ownerReferences"):
            if _flag(reference, "controller"):
                if owner is not None:
                    raise _NotPlain
                owner = _text(reference, "kind"), _text(reference, "name")
        if owner is None:
            return None
        if owner not in self._owners:
            kind, name = owner
            self._owners[owner] = Owner(kind, name) if kind and name and kind != "Node" else None
        return self._owners[owner]

    def _host_addresses(self, status: Mapping[str, Any]) -> tuple[int, ...]:
        if "hostIPs" in status:
            return _addresses(status, "hostIPs", "hostIP")
        text = _text(status, "hostIP")
        found = self._hosts.get(text)
        if found is None:
            found = self._hosts[text] = _addresses(status, "hostIPs", "hostIP")
        return found


def _mapping(parent: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = parent.get(key)
    if type(value) is dict:
        return value
    if value is None:
        return {}
    raise _NotPlain


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
    entries = _mappings(status, many)
    texts = [_text(entry, "ip") for entry in entries] if entries else [_text(status, one)]
    numbers = [address(text) for text in texts if text]
    return one_a_family(numbers) if len(numbers) > 1 else tuple(numbers)
