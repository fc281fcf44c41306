"""Reads one YAML document as a manifest, with the line and column of every field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import dedent
from typing import Any

import yaml

from ringfence.dialects import READERS
from ringfence.dialects.fields.report import path_text
from ringfence.model.policy import NetworkPolicyRules
from ringfence.model.problems import Problem
from ringfence.model.provenance import FieldPath, Manifest, Place

FILE = "policy.yaml"


@dataclass(frozen=True)
class Marks:
    """Places from the nodes of a YAML document."""

    places: Mapping[FieldPath, Place]

    def place(self, path: FieldPath = ()) -> Place:
        while path not in self.places:
            path = path[:-1]
        return self.places[path]


@dataclass(frozen=True)
class Paths:
    """Each field's path as its place, for objects that were never text."""

    def place(self, path: FieldPath = ()) -> Place:
        return Place(path_text(path))


def _collect(node: yaml.Node, path: FieldPath, places: dict[FieldPath, Place]) -> None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = (*path, key.value)
            places[inner] = Place(FILE, key.start_mark.line + 1, key.start_mark.column + 1)
            _collect(value, inner, places)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            inner = (*path, index)
            places[inner] = Place(FILE, item.start_mark.line + 1, item.start_mark.column + 1)
            _collect(item, inner, places)


def manifest(text: str) -> Manifest:
    """The manifest of one YAML document."""
    text = dedent(text).lstrip("\n")
    node = yaml.compose(text)
    assert node is not None
    places: dict[FieldPath, Place] = {(): Place(FILE, 1, 1)}
    _collect(node, (), places)
    return of(yaml.safe_load(text), Marks(places))


def of(data: Mapping[str, Any], positions: Any = None) -> Manifest:
    """The manifest of an object in memory."""
    metadata = data.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    name, namespace = metadata.get("name"), metadata.get("namespace")
    return Manifest(
        api_version=data["apiVersion"],
        kind=data["kind"],
        namespace=namespace if isinstance(namespace, str) and namespace else None,
        name=name if isinstance(name, str) else "",
        data=data,
        positions=positions or Paths(),
    )


def read(one: Manifest) -> tuple[NetworkPolicyRules, list[Problem]]:
    """What its dialect makes of it."""
    rules, problems = READERS[one.api_version, one.kind](one)
    assert rules is not None
    return rules, problems


def network_policy(spec: str) -> Manifest:
    """A NetworkPolicy ``shop/web`` with this spec (indented by nothing)."""
    head = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: web, namespace: shop}\nspec:\n"
    return manifest(head + _indented(spec))


def cluster_network_policy(rest: str, base: str = "{tier: Admin, priority: 5, subject: {namespaces: {}}}") -> Manifest:
    """A ClusterNetworkPolicy ``guard``; ``rest`` overrides or adds to the fields of ``base``."""
    return _admin("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy", "guard", rest, base)


def admin_network_policy(rest: str, base: str = "{priority: 5, subject: {namespaces: {}}}") -> Manifest:
    """An AdminNetworkPolicy ``guard``."""
    return _admin("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy", "guard", rest, base)


def baseline_policy(rest: str, name: str = "default", base: str = "{subject: {namespaces: {}}}") -> Manifest:
    """A BaselineAdminNetworkPolicy."""
    return _admin("policy.networking.k8s.io/v1alpha1", "BaselineAdminNetworkPolicy", name, rest, base)


def _admin(api_version: str, kind: str, name: str, rest: str, base: str) -> Manifest:
    spec = {**yaml.safe_load(base), **(yaml.safe_load(dedent(rest)) or {})}
    spec = {key: value for key, value in spec.items() if value != "LEFT OUT"}
    return of({"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, "spec": spec})


def _indented(text: str) -> str:
    return "".join(f"  {line}\n" for line in dedent(text).strip("\n").splitlines())
