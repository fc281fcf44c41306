"""NetworkPolicies as somebody wrote them: what the API server's defaults hide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ringfence.layers.network.policies import CompiledPolicy
from ringfence.model.policy import Direction
from ringfence.model.provenance import FieldPath, Manifest, Place
from ringfence.rules.finding import Subject
from ringfence.rules.situation import Situation, policy_subject
from ringfence.values import Value

KIND = "NetworkPolicy"


class Written(Value):
    """A NetworkPolicy that the API server accepts, and its ``spec`` as written."""

    compiled: CompiledPolicy
    manifest: Manifest
    spec: Mapping[str, Any]

    @property
    def subject(self) -> Subject:
        """The identity of the policy."""
        return policy_subject(self.compiled.policy)

    def types(self) -> tuple[Direction, ...] | None:
        """Its ``policyTypes``; None: it has none, or an empty list, and the API server fills them in."""
        named = self.spec.get("policyTypes")
        return tuple(direction for direction in Direction if direction.value.capitalize() in named) if named else None

    def rules(self, direction: Direction) -> list[Any] | None:
        """The list of rules as written; None: there is none (or it is null)."""
        found = self.spec.get(direction.value)
        return found if isinstance(found, list) else None

    def place(self, *path: str | int) -> Place:
        """Where a field of the spec stands, or its nearest parent."""
        whole: FieldPath = ("spec", *path)
        return self.manifest.positions.place(whole)


def network_policies(situation: Situation) -> Iterator[Written]:
    """Every NetworkPolicy that the API server accepts."""
    for compiled in situation.policies:
        policy = compiled.policy
        if policy.kind != KIND or policy.broken:
            continue
        manifest = situation.manifest(policy_subject(policy))
        spec = manifest.data.get("spec") if manifest is not None else None
        if manifest is not None and isinstance(spec, Mapping):
            yield Written(compiled, manifest, spec)
