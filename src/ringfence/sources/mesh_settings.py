"""What the user says of the mesh, where the input does not say it or says something else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ringfence.model.cluster import Cluster
from ringfence.model.problems import Problem
from ringfence.values import replace

if TYPE_CHECKING:
    from ringfence.dialects.istio.objects import IstioObjects

LARGEST = 1 << 20
"""Bytes of a mesh config."""
_VERSION = re.compile(r"\d+\.\d+(\.\d+)?")


class MeshSettingError(ValueError):
    """A setting that cannot be used. ``hint`` says how to mend it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class MeshSettings:
    """``config``: the text of a mesh config, read from ``file``, instead of that of the input; None: the input's.
    ``version``: of Istio; empty: what the input shows."""

    config: str | None = None
    file: str = ""
    version: str = ""

    @staticmethod
    def read(file: str | None, version: str | None) -> MeshSettings | None:
        """From a file and a version; None where neither is given. The file holds a mesh config, or a ConfigMap with one
        under ``data.mesh``. Raises MeshSettingError."""
        if version is not None and not _VERSION.fullmatch(version):
            raise MeshSettingError(f"{version!r} is no version of Istio", "such as 1.27.3")
        version = version or ""
        if file is None:
            return MeshSettings(version=version) if version else None
        try:
            with open(file, "rb") as stream:
                data = stream.read(LARGEST + 1)
        except OSError as error:
            raise MeshSettingError(f"cannot read {file!r}: {error.strerror}") from error
        if len(data) > LARGEST:
            raise MeshSettingError(f"{file!r} is larger than a mesh config is")
        try:
            return MeshSettings(data.decode(), file, version)
        except UnicodeDecodeError as error:
            raise MeshSettingError(f"{file!r} is not UTF-8") from error

    def applied(self, cluster: Cluster) -> Cluster:
        """The cluster with these settings in its mesh. What is wrong with them is among its problems."""
        from ringfence.dialects.istio.objects import IstioObjects
        from ringfence.sources.meshes import mesh_config_given

        objects = cluster.istio if isinstance(cluster.istio, IstioObjects) else IstioObjects()
        problems: list[Problem] = []
        if self.config is not None:
            config, problems = mesh_config_given(self.config, self.file)
            if config is not None:
                objects = replace(objects, configs={"": config})
        changed: IstioObjects = replace(objects, version=self.version) if self.version else objects
        return replace(cluster, istio=changed, problems=(*cluster.problems, *problems))
