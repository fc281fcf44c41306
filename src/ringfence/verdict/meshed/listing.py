"""Lists of connections with what each layer says: of all layers together, or of one alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from ringfence.model.mesh import Mesh
from ringfence.values import replace
from ringfence.verdict.answers import NODE_PORT, Part, Reason, Row, RowLayers, Verdict
from ringfence.verdict.asking import Asker
from ringfence.verdict.connections import MIXED, Entry, Lister
from ringfence.verdict.ends import Target
from ringfence.verdict.flow import Asked
from ringfence.verdict.grid import Band, Grid, Result
from ringfence.verdict.meshed.apart import Told
from ringfence.verdict.meshed.asking import MeshedAsker
from ringfence.verdict.meshed.values import LAYERS, NETWORK, REQUESTS, TRANSPORT

WAYS = Reason("waypoint-pods", "the network treats the pods of the waypoint differently")


class LayeredLister(Lister):
    """Lists what ``LayeredGrid`` tells. ``layer``: what this one alone says; empty: all of them together."""

    layered = True

    def __init__(
        self,
        asker: Asker,
        grid: Callable[[], Grid],
        mesh: Mesh,
        meshed: Callable[[], MeshedAsker],
        layer: str = "",
        denied: bool = False,
    ) -> None:
        super().__init__(asker, grid, denied)
        self.mesh = mesh
        self.layer = layer
        self._meshed = meshed
        self._layers: dict[Told, RowLayers] = {}

    @property
    def spoken(self) -> tuple[str, ...]:
        """The layers of which the verdicts speak."""
        return (self.layer,) if self.layer else LAYERS

    def _lines(
        self, lines: dict[Entry, int], mask: int, result: Result, destination: int, denied: bool = False
    ) -> None:
        found: dict[tuple[Verdict, Reason | None, RowLayers], int] = {}
        table = self.relation.ports
        for band in result.bands:
            for ports, verdict, reason in self._of_band(band, mask, destination):
                if denied or verdict is not Verdict.DENIED:
                    key = (verdict, reason, self._row_layers(band.told))
                    found[key] = table.union(found.get(key, 0), ports)
        for (verdict, reason, layers), ports in found.items():
            entry = (ports, verdict, reason, layers)
            lines[entry] = lines.get(entry, 0) | mask

    def told_lines(self, mask: int, result: Result, destination: int) -> list[tuple[int, Verdict, Reason | None, Told]]:
        """(ports, verdict, reason, what the layers say) of everything, denied or not."""
        found: dict[tuple[Verdict, Reason | None, Told], int] = {}
        for band in result.bands:
            for ports, verdict, reason in self._of_band(band, mask, destination):
                key = (verdict, reason, band.told)
                found[key] = self.relation.ports.union(found.get(key, 0), ports)
        return [(ports, *key) for key, ports in found.items()]

    def _of_band(self, band: Band, mask: int, destination: int) -> Iterator[tuple[int, Verdict, Reason | None]]:
        """(ports, verdict, reason) of a band; its ports differ where a node hands some of them on to Services."""
        told: Told = band.told
        layer = self.layer or told.layer
        verdict = told.of(self.layer) if self.layer else told.verdict
        if verdict in (Verdict.ALLOWED, Verdict.DENIED):
            yield band.ports, verdict, None
            return
        if layer != NETWORK:
            yield band.ports, verdict, self._said(told, layer)
        elif verdict is Verdict.MIXED:
            yield band.ports, verdict, MIXED
        else:
            yield from self._open(band, mask, destination)

    def _said(self, told: Told, layer: str) -> Reason | None:
        if not self.layer:
            return told.reason
        return (told.transport if layer == TRANSPORT else told.requests).reason

    def _open(self, band: Band, mask: int, destination: int) -> Iterator[tuple[int, Verdict, Reason | None]]:
        ports, told = band.ports, band.told
        if not self.layer and told.reason is not None:
            yield ports, Verdict.UNKNOWN, told.reason
            return
        end = self.universe.ends[destination]
        if not band.result.opaque and (end.sort == "node" or end.host_network):
            handed_on = self.relation.ports.intersection(ports, self.grid.handed_on)
            if handed_on:
                yield handed_on, Verdict.UNKNOWN, NODE_PORT
                ports = self.relation.ports.difference(ports, handed_on)
        if not ports:
            return
        source, target = (1 << band.source, band.destination) if band.source >= 0 else (mask, destination)
        asked = self.relation.ports.intersection(band.asked, band.result.unknown)
        if asked:
            reason = self.reason(source, replace(band.result, unknown=asked, because=None), target)
        else:
            reason = WAYS
        yield ports, Verdict.UNKNOWN, reason

    def _row_layers(self, told: Told) -> RowLayers:
        found = self._layers.get(told)
        if found is None:
            found = self._layers[told] = self._made(told)
        return found

    def _made(self, told: Told) -> RowLayers:
        if not self.layer:
            verdicts = tuple((layer, told.of(layer)) for layer in LAYERS)
            return RowLayers(verdicts, told.encryption, told.proven, told.allows, told.layer, _open(told))
        verdict = told.of(self.layer)
        own = ((self.layer, verdict),)
        limiting = "" if verdict is Verdict.ALLOWED else self.layer
        if self.layer == TRANSPORT:
            return RowLayers(own, told.encryption, told.proven, "", limiting, _open(told))
        return RowLayers(own, None, None, told.allows if self.layer == REQUESTS else "", limiting)

    def identities(self, level: str, names: Iterable[str]) -> dict[str, str]:
        """Of some ends of a list those that have an identity in the mesh, the same for all of their pods."""
        found: dict[str, set[str | None]] = {}
        wanted = set(names)
        workloads = dict(zip(self.workloads.refs, self.workloads.texts, strict=True))
        named = [(pod, {f"{pod.namespace}/{pod.name}", workloads[pod.workload]}) for pod in self.relation.cluster.pods]
        named += [(pod, {self.universe.ends[column].name}) for column, pod in self.universe.machines.items()]
        for pod, texts in named:
            identity = self.mesh.identity(pod)
            text = None if identity is None else identity.text
            for name in texts:
                found.setdefault(name, set()).add(text)
        return {
            name: text
            for name, every in found.items()
            if len(every) == 1 and (text := next(iter(every))) is not None and (level == "workload" or name in wanted)
        }

    def _stranger_rows(self, source: Target, destination: Target, question: Asked) -> Iterable[Row]:
        for part in self._meshed().parts_of(source, destination, question):
            layers = _of_part(part)
            verdict, reason = part.verdict, part.reason
            if self.layer:
                said = (
                    next((one for one in part.layered.layers if one.layer == self.layer), None)
                    if part.layered
                    else None
                )
                verdict = Verdict.ALLOWED if said is None else said.verdict
                reason = part.reason if said is None else said.reason
                layers = replace(layers, verdicts=((self.layer, verdict),), layer="")
            if self.denied or verdict is not Verdict.DENIED:
                told = reason if verdict in (Verdict.UNKNOWN, Verdict.MIXED) else None
                yield Row(part.sources, part.destinations, part.ports, verdict, told, layers)


def _open(told: Told) -> Reason | None:
    """What encryption or identity hangs on, where it is not known."""
    if told.open is None and told.encryption == "unknown":
        return Reason("encryption", told.why)
    return told.open if told.encryption == "unknown" or told.proven is None else None


def _of_part(part: Part) -> RowLayers:
    """What the layers say of a part of an answer."""
    layered = part.layered
    if layered is None:
        return RowLayers(((NETWORK, part.verdict),), "none", False)
    verdicts = tuple((one.layer, one.verdict) for one in layered.layers)
    first = next((name for name, verdict in verdicts if verdict is part.verdict), "")
    limiting = "" if part.verdict is Verdict.ALLOWED else first
    return RowLayers(verdicts, layered.encryption, layered.identity is not None, "", limiting)
