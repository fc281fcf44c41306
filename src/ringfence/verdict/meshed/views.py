"""A mesh with one of its layers taken away, so that the other can be looked at by itself; and one that refuses all."""

from __future__ import annotations

from typing import Any, cast

from ringfence.model.cluster import Pod
from ringfence.model.mesh import (
    Acceptance,
    Mesh,
    Option,
    Point,
    RequestAction,
    RequestPolicy,
    RequestRules,
    Server,
)
from ringfence.model.provenance import Place
from ringfence.values import replace


class _View:
    def __init__(self, mesh: Mesh) -> None:
        self._mesh = mesh

    def __getattr__(self, name: str) -> Any:
        return getattr(self._mesh, name)


class _WithoutRules(_View):
    def rules(self, point: Point, port: int) -> RequestRules:
        return RequestRules()


class _Accepting(_View):
    def server(self, pod: Pod, port: int) -> tuple[Option[Server], ...]:
        return tuple(
            Option(replace(option.value, acceptance=Acceptance.PERMISSIVE), option.fact, option.decide)
            for option in self._mesh.server(pod, port)
        )


class _Refusing(_View):
    def rules(self, point: Point, port: int) -> RequestRules:
        return RequestRules((RequestPolicy("", None, "", RequestAction.ALLOW, (), Place("")),))


def without_rules(mesh: Mesh) -> Mesh:
    """Its transport alone: every request passes that gets there."""
    return cast("Mesh", _WithoutRules(mesh))


def accepting(mesh: Mesh) -> Mesh:
    """Its rules of requests alone: every server takes connections with a proof and without."""
    return cast("Mesh", _Accepting(mesh))


def refusing(mesh: Mesh) -> Mesh:
    """Its strictest: no point lets anything pass. What comes past every point is not refused."""
    return cast("Mesh", _Refusing(mesh))
