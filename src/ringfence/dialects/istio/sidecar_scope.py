"""What a client's proxy knows of: the Sidecar that configures it, exports, and what it does with everything else.

It is configuration of the client, and binds nobody who controls the client's pod. Source: istio
``pilot/pkg/model/sidecar.go``, ``pilot/pkg/model/push_context.go`` (getSidecarScope, IsServiceVisible).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ringfence.dialects.istio.ages import oldest, oldest_fact
from ringfence.dialects.istio.hosts import covers, of_service, visible
from ringfence.dialects.istio.mesh_config import MeshConfig
from ringfence.dialects.istio.objects import EgressListener, Sidecar
from ringfence.dialects.istio.peer_authentication import selects
from ringfence.dialects.istio.speech import EXPORT_TO, words_of
from ringfence.model.cluster import Pod, Service
from ringfence.model.mesh import Option


class Sidecars:
    """The Sidecars of one cluster."""

    def __init__(self, sidecars: Iterable[Sidecar], root: str) -> None:
        self._root = root
        self._by_namespace: dict[str, list[Sidecar]] = {}
        for one in sidecars:
            self._by_namespace.setdefault(one.named.namespace, []).append(one)
        self._of: dict[tuple[str, int], tuple[Pod, list[Option[Sidecar | None]]]] = {}

    def __bool__(self) -> bool:
        return bool(self._by_namespace)

    def of(self, pod: Pod) -> list[Option[Sidecar | None]]:
        """The Sidecar that configures the proxy of a pod: one that selects it, else that of its namespace, else the
        root namespace's."""
        if not self._by_namespace:
            return [Option(None)]
        key = (pod.namespace, id(pod.labels))
        kept = self._of.get(key)
        if kept is None or kept[0].open_labels != pod.open_labels:
            kept = self._of[key] = (pod, self._choose(pod))
        return kept[1]

    def ports(self, namespace: str) -> frozenset[int]:
        """Ports of the workload that any Sidecar of a namespace lists."""
        return frozenset(
            listener.port
            for space in (namespace, self._root)
            for one in self._by_namespace.get(space, ())
            for listener in one.ingress or ()
        )

    def _choose(self, pod: Pod) -> list[Option[Sidecar | None]]:
        own = self._by_namespace.get(pod.namespace, ())
        surely = [one for one in own if one.selector and selects(one.selector, pod)]
        perhaps = [one for one in own if one.selector and selects(one.selector, pod) is None]
        options = self._first(surely) if surely else self._of_namespace(pod.namespace)
        for one in perhaps:
            options.append(Option(one, f"the labels of the pod that are not known match {one.named}", "its labels"))
        if len(options) > 1 and perhaps:
            options = [
                option if option.fact else Option(option.value, f"no other Sidecar selects {pod.name}", "its labels")
                for option in options
            ]
        return options

    def _of_namespace(self, namespace: str) -> list[Option[Sidecar | None]]:
        for space in (namespace, self._root):
            found = [one for one in self._by_namespace.get(space, ()) if not one.selector]
            if found:
                return self._first(found)
        return [Option(None)]

    def _first(self, candidates: Sequence[Sidecar]) -> list[Option[Sidecar | None]]:
        among = oldest(candidates)
        return [Option(one, *oldest_fact(one, among)) for one in among]


def exports_of(service: Service, config: MeshConfig) -> tuple[str, ...]:
    """The namespaces that see a Service; empty: all."""
    return words_of(service.marks, EXPORT_TO) or config.service_exports


def knows(sidecar: Sidecar | None, service: Service, port: int, client: str, config: MeshConfig) -> bool:
    """Whether a proxy in namespace ``client`` knows a Service, at a port of the Service."""
    if not visible(exports_of(service, config), service.namespace, client):
        return False
    return imports(sidecar, service.namespace, of_service(service.namespace, service.name), port, client)


def imports(sidecar: Sidecar | None, namespace: str, host: str, port: int, client: str) -> bool:
    """Whether the Sidecar lets its proxies know a host of a namespace. A Sidecar without ``egress`` lets them know
    everything that is exported to them."""
    if sidecar is None or not sidecar.egress:
        return True
    return any(_listed(one, namespace, host, client) for one in sidecar.egress if one.port in (None, port))


def _listed(listener: EgressListener, namespace: str, host: str, client: str) -> bool:
    for written in listener.hosts:
        space, _, pattern = written.partition("/")
        if space == "~":
            continue
        of_space = space == "*" or space == namespace or (space == "." and namespace == client)
        if of_space and covers(pattern, host):
            return True
    return False


def any_outside(sidecar: Sidecar | None, config: MeshConfig) -> bool:
    """Whether connections to what the proxy does not know pass."""
    if sidecar is not None and sidecar.any_outside is not None:
        return sidecar.any_outside
    return config.any_outside
