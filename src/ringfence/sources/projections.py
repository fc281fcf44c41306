"""The fields of a pod that ringfence uses, as types for msgspec: it skips everything else without making values of it.

What replicas share (labels, ports, owners) stays raw JSON here, so that equal bytes are understood once.
"""

from __future__ import annotations

import msgspec

from ringfence.model.cluster import SENSITIVITY

NOTHING = msgspec.Raw(b"")


class Container(msgspec.Struct, gc=False):
    """A container or init container."""

    name: str | None = None
    image: str | None = None
    ports: msgspec.Raw = NOTHING
    securityContext: msgspec.Raw = NOTHING  # noqa: N815
    restartPolicy: str | None = None  # noqa: N815


class Annotations(msgspec.Struct, gc=False):
    """The one annotation of a pod that is read."""

    sensitivity: str | None = msgspec.field(default=None, name=SENSITIVITY)


class Metadata(msgspec.Struct, gc=False):
    """``metadata``."""

    name: str | None = None
    namespace: str | None = None
    labels: msgspec.Raw = NOTHING
    ownerReferences: msgspec.Raw = NOTHING  # noqa: N815
    annotations: msgspec.Raw = NOTHING


class Spec(msgspec.Struct, gc=False):
    """``spec``."""

    nodeName: str | None = None  # noqa: N815
    hostNetwork: bool | None = None  # noqa: N815
    serviceAccountName: str | None = None  # noqa: N815
    serviceAccount: str | None = None  # noqa: N815
    securityContext: msgspec.Raw = NOTHING  # noqa: N815
    containers: list[Container] | None = None
    initContainers: list[Container] | None = None  # noqa: N815


class Address(msgspec.Struct, gc=False):
    """A member of ``podIPs`` or ``hostIPs``."""

    ip: str | None = None


class Status(msgspec.Struct, gc=False):
    """``status``."""

    phase: str | None = None
    podIP: str | None = None  # noqa: N815
    podIPs: list[Address] | None = None  # noqa: N815
    hostIP: str | None = None  # noqa: N815
    hostIPs: list[Address] | None = None  # noqa: N815


class Item(msgspec.Struct, gc=False):
    """A member of a list; of other kinds than Pod the first three fields are used."""

    apiVersion: str | None = None  # noqa: N815
    kind: str | None = None
    metadata: Metadata | None = None
    spec: Spec | None = None
    status: Status | None = None


class Name(msgspec.Struct, gc=False):
    """``metadata`` of an object that is only counted."""

    name: str | None = None
    namespace: str | None = None


class Heading(msgspec.Struct, gc=False):
    """What says which object a member is, of any kind."""

    apiVersion: str | None = None  # noqa: N815
    kind: str | None = None
    metadata: Name | None = None


class Port(msgspec.Struct, gc=False):
    """A member of ``containers[].ports``."""

    containerPort: int  # noqa: N815
    name: str | None = None
    protocol: str | None = None


class Reference(msgspec.Struct, gc=False):
    """A member of ``metadata.ownerReferences``."""

    kind: str | None = None
    name: str | None = None
    controller: bool | None = None


class ItemList(msgspec.Struct):
    """``kind: List`` or a typed list (PodList…). The members stay raw."""

    apiVersion: str | None = None  # noqa: N815
    kind: str | None = None
    items: list[msgspec.Raw] | None = None
