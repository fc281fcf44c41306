"""Which connections a server's proxy takes at a port: PeerAuthentication, for sidecars and for ztunnel.

Sources: istio ``pilot/pkg/model/authentication.go``, ``pilot/pkg/security/authn/policy_applier.go``
(ComposePeerAuthentication) for sidecars; ``pilot/pkg/serviceregistry/kube/controller/ambient/authorization.go``
(convertedSelectorPeerAuthentications, convertPeerAuthentication) for ztunnel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from ringfence.dialects.istio.ages import oldest, oldest_fact
from ringfence.dialects.istio.objects import Mode, PeerAuthentication
from ringfence.model.cluster import Pod
from ringfence.model.mesh import Acceptance, Option, Source

ACCEPTANCES = {
    Mode.STRICT: Acceptance.STRICT,
    Mode.PERMISSIVE: Acceptance.PERMISSIVE,
    Mode.DISABLE: Acceptance.PLAIN,
}
DEFAULT_WHY = "no PeerAuthentication says otherwise: PERMISSIVE"


@dataclass(frozen=True, slots=True)
class Chosen:
    """The policies of the mesh, of the namespace and of the workload that count; None: there is none."""

    mesh: PeerAuthentication | None
    namespace: PeerAuthentication | None
    workload: PeerAuthentication | None


@dataclass(frozen=True, slots=True)
class Taken:
    """What is taken at a port, and the policies that say so."""

    acceptance: Acceptance
    sources: tuple[Source, ...]
    why: str


Read = Callable[[Chosen, int], Taken]
"""What a sort of proxy makes of the policies at a port."""


class PeerAuthentications:
    """The PeerAuthentications of one cluster. ``among``: those of namespaces that istiod looks at."""

    def __init__(self, among: Iterable[PeerAuthentication], root: str) -> None:
        self._root = root
        self._by_namespace: dict[str, list[PeerAuthentication]] = {}
        for one in among:
            self._by_namespace.setdefault(one.named.namespace, []).append(one)
        self._chosen: dict[tuple[str, int], tuple[Pod, list[Option[Chosen]]]] = {}

    def ports(self, namespace: str) -> frozenset[int]:
        """Ports that any of them mentions in a namespace."""
        return frozenset(port for one in self._by_namespace.get(namespace, ()) for port in one.ports)

    def at(self, pod: Pod, port: int, node_proxy: bool) -> list[Option[Taken]]:
        """What the proxy of a pod takes at a port."""
        found: dict[Acceptance, Option[Taken]] = {}
        for option in self._policies(pod):
            read = ambient if node_proxy else effective
            for taken, fact, decide in _with_broken(option.value, read, port):
                facts = ", and ".join(filter(None, (option.fact, fact)))
                found.setdefault(taken.acceptance, Option(taken, facts, option.decide or decide))
        options = list(found.values())
        return [Option(options[0].value)] if len(options) == 1 else options

    def namespace_mode(self, namespace: str) -> list[Option[Mode]]:
        """What a client takes the mode of a namespace to be: that of the policies without a selector alone."""
        found: dict[Mode, Option[Mode]] = {}
        for mesh, space in self._levels(namespace):
            mode = Mode.PERMISSIVE
            for one in (mesh.value, space.value):
                if one is not None and one.mode is not None:
                    mode = one.mode
            facts = ", and ".join(filter(None, (mesh.fact, space.fact)))
            found.setdefault(mode, Option(mode, facts, mesh.decide or space.decide))
        options = list(found.values())
        return [Option(options[0].value)] if len(options) == 1 else options

    def _levels(
        self, namespace: str
    ) -> Iterator[tuple[Option[PeerAuthentication | None], Option[PeerAuthentication | None]]]:
        mesh = _first([one for one in self._by_namespace.get(self._root, ()) if not one.selector])
        space: list[Option[PeerAuthentication | None]] = [Option(None)]
        if namespace != self._root:
            space = _first([one for one in self._by_namespace.get(namespace, ()) if not one.selector])
        yield from product(mesh, space)

    def _policies(self, pod: Pod) -> list[Option[Chosen]]:
        key = (pod.namespace, id(pod.labels))
        kept = self._chosen.get(key)
        if kept is None or kept[0].open_labels != pod.open_labels:
            kept = self._chosen[key] = (pod, list(self._choose(pod)))
        return kept[1]

    def _choose(self, pod: Pod) -> Iterator[Option[Chosen]]:
        for workload, fact, decide in self._of_workload(pod):
            for mesh, space in self._levels(pod.namespace):
                facts = ", and ".join(filter(None, (mesh.fact, space.fact, fact)))
                chosen = Chosen(mesh.value, space.value, workload)
                yield Option(chosen, facts, mesh.decide or space.decide or decide)

    def _of_workload(self, pod: Pod) -> Iterator[tuple[PeerAuthentication | None, str, str]]:
        """The one with a selector. In the root namespace a selector is of no effect, not even there."""
        if pod.namespace == self._root:
            yield None, "", ""
            return
        surely: list[PeerAuthentication] = []
        perhaps: list[PeerAuthentication] = []
        for one in self._by_namespace.get(pod.namespace, ()):
            if one.selector:
                matches = selects(one.selector, pod)
                if matches is not False:
                    (surely if matches else perhaps).append(one)
        if not perhaps:
            for option in _first(surely):
                yield option.value, option.fact, option.decide
            return
        for option in _first(surely):
            fact = f"the labels of the pod that are not known do not match {perhaps[0].named}"
            yield option.value, ", and ".join(filter(None, (fact, option.fact))), "the labels of the pod"
        for one in perhaps:
            yield one, f"the labels of the pod that are not known match {one.named}", "the labels of the pod"


def selects(labels: Mapping[str, str], pod: Pod) -> bool | None:
    """Whether all labels are the pod's; None: it hangs on one with an open value."""
    unclear = False
    for key, value in labels.items():
        if key in pod.open_labels:
            unclear = True
        elif pod.labels.get(key) != value:
            return False
    return None if unclear else True


def _first(candidates: Sequence[PeerAuthentication]) -> list[Option[PeerAuthentication | None]]:
    among = oldest(candidates)
    if not among:
        return [Option(None)]
    return [Option(one, *oldest_fact(one, among)) for one in among]


def _with_broken(chosen: Chosen, read: Read, port: int) -> Iterator[tuple[Taken, str, str]]:
    """A policy that the API server rejects is not in the cluster as it is written: any mode may have been meant."""
    for one in (chosen.workload, chosen.namespace, chosen.mesh):
        if one is not None and one.broken:
            for mode in Mode:
                why = f"{one.named} cannot be read: {one.broken}"
                taken = Taken(ACCEPTANCES[mode], (one.named.source,), why)
                yield taken, f"{one.named} says {mode.value} in the cluster", "a policy that the API server accepts"
            return
    yield read(chosen, port), "", ""


def effective(chosen: Chosen, port: int) -> Taken:
    """For a sidecar: the mode of the port, else of the workload, of the namespace, of the mesh."""
    mode, settled = Mode.PERMISSIVE, None
    for one in (chosen.mesh, chosen.namespace, chosen.workload):
        if one is not None and one.mode is not None:
            mode, settled = one.mode, one
    workload = chosen.workload
    if workload is not None and workload.ports.get(port) is not None:
        mode, settled = workload.ports[port] or mode, workload
        return Taken(ACCEPTANCES[mode], (workload.named.source,), f"{workload.named}: port {port} is {mode.value}")
    if settled is None:
        return Taken(Acceptance.PERMISSIVE, (), DEFAULT_WHY)
    return Taken(ACCEPTANCES[mode], (settled.named.source,), f"{settled.named}: {mode.value}")


def ambient(chosen: Chosen, port: int) -> Taken:
    """For ztunnel: STRICT denies what comes without an identity; no mode turns HBONE off, so DISABLE is PERMISSIVE.

    istiod sends ztunnel at most two policies that deny: a static one, and one made of the workload's ports. It does not
    send the second one in some cases in which it has told the workload's ztunnel to use it instead of the first.
    """
    mesh, space, workload = chosen.mesh, chosen.namespace, chosen.workload
    strict = mesh is not None and mesh.mode is Mode.STRICT
    settled = mesh if strict else None
    if space is not None and space.mode is not None:
        strict, settled = space.mode is Mode.STRICT, space
    if workload is not None and workload.mode is not None:
        strict, settled = workload.mode is Mode.STRICT, workload
    by_port = workload is not None and _refers_to_ports(workload, strict)
    if workload is not None and by_port:
        denies = denied_ports(workload, space, mesh)
        denied = denies is not None and _denied(denies, port)
        why = f"{workload.named} makes exceptions by port"
        if denies is None:
            why += ", of which istiod sends nothing to ztunnel: every port takes plain connections"
        acceptance = Acceptance.STRICT if denied else Acceptance.PERMISSIVE
        return Taken(acceptance, (workload.named.source,), why)
    if settled is None:
        return Taken(Acceptance.PERMISSIVE, (), DEFAULT_WHY)
    acceptance = Acceptance.STRICT if strict else Acceptance.PERMISSIVE
    why = f"{settled.named}: {(settled.mode or Mode.PERMISSIVE).value}"
    if settled.mode is Mode.DISABLE:
        why += ", which ztunnel takes as PERMISSIVE"
    return Taken(acceptance, (settled.named.source,), why)


def _refers_to_ports(workload: PeerAuthentication, strict: bool) -> bool:
    """Whether the workload is told to use the policy that is made of its ports."""
    if not workload.ports:
        return False
    modes = set(workload.ports.values())
    if workload.mode is Mode.STRICT:
        return bool(modes & {Mode.PERMISSIVE, Mode.DISABLE})
    if workload.mode is not None:
        return Mode.STRICT in modes
    return Mode.PERMISSIVE in modes if strict else Mode.STRICT in modes


@dataclass(frozen=True, slots=True)
class Denied:
    """Connections without an identity that the policy of a workload's ports denies: to these ``ports``, or, where
    ``others``, to all but those in ``except_ports``."""

    ports: frozenset[int]
    others: bool
    except_ports: frozenset[int]


def denied_ports(
    workload: PeerAuthentication, space: PeerAuthentication | None, mesh: PeerAuthentication | None
) -> Denied | None:
    """The policy that istiod makes of a workload's ports; None: it makes none."""
    if not workload.ports:
        return None
    space_strict = space is not None and space.mode is Mode.STRICT
    space_unset = space is None or space.mode is None
    mesh_strict = mesh is not None and mesh.mode is Mode.STRICT
    mode = workload.mode
    # As written there: the last condition does not ask what the workload itself says.
    covered = mode is Mode.STRICT or (mode is None and space_strict) or (space_unset and mesh_strict)
    plain_anyway = mode in (Mode.PERMISSIVE, Mode.DISABLE) or (
        mode is None and ((space is not None and not space_strict) or (space is None and not mesh_strict))
    )
    strict, exempt = set(), set()
    for port, at_port in workload.ports.items():
        if at_port is Mode.STRICT and not covered:
            strict.add(port)
        elif at_port in (Mode.PERMISSIVE, Mode.DISABLE) and not plain_anyway:
            exempt.add(port)
    if mode is Mode.STRICT and not exempt:
        return None
    others = mode is Mode.STRICT or bool(exempt and ((mesh_strict and (space_unset or space_strict)) or space_strict))
    if not strict and not exempt and not others:
        return None
    return Denied(frozenset(strict), others, frozenset(exempt))


def _denied(denied: Denied, port: int) -> bool:
    return port in denied.ports or (denied.others and port not in denied.except_ports)
