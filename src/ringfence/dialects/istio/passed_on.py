"""What a client's sidecar does with what it does not know, and with requests that name another host than is dialled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ringfence.dialects.istio.mesh_config import MeshConfig
from ringfence.dialects.istio.objects import Sidecar
from ringfence.dialects.istio.sidecar_scope import any_outside
from ringfence.dialects.istio.virtual_hosts import Aim, Asked
from ringfence.model.mesh import Client, Option, Sending, Source
from ringfence.values import replace

_DECIDE = "where the client's proxy sends requests for this host"


def passed_on(sidecar: Sidecar | None, sources: tuple[Source, ...], who: str) -> Iterator[Option[Client]]:
    """What a proxy does with a destination that it does not know, and may pass on."""
    plain = Client(Sending.PLAIN, sources, f"{who} passes on what it does not know as it is")
    if sidecar is None or not sidecar.egress_proxy:
        yield Option(plain)
        return
    elsewhere = f"{sidecar.named} has it sent to {sidecar.egress_proxy}"
    decide = "where that proxy sends it on"
    yield Option(plain, f"{sidecar.egress_proxy} sends the connection on to the destination", decide)
    yield Option(
        Client(Sending.NOTHING, (sidecar.named.source,), elsewhere),
        f"{sidecar.egress_proxy} does not send the connection on to the destination",
        decide,
    )


def aimed(
    aim: Aim, asked: Asked, as_dialled: Iterable[Option[Client]], sidecar: Sidecar | None, config: MeshConfig
) -> Iterator[Option[Client]]:
    """What is sent of a request that goes by its host to no Service, or away. ``as_dialled``: what is sent of those
    that name what is dialled."""
    if aim.away is not None:
        yield Option(Client(Sending.PLAIN, routes=aim.elsewhere))
        return
    if aim.open:
        yield from _open(aim, asked, as_dialled)
        return
    where = sidecar.named.source if sidecar is not None and sidecar.any_outside is not None else None
    sources = (where,) if where is not None else ()
    unknown = f"no Service at port {asked.port} that the client's proxy knows is called {asked.host}"
    if any_outside(sidecar, config):
        note = f"{unknown}: it sends such requests in the clear to the address that is dialled"
        for option in passed_on(sidecar, sources, f"{unknown}, and it"):
            yield Option(replace(option.value, note=note), option.fact, option.decide)
    else:
        why = f"{unknown}, and it passes nothing on that it does not know (REGISTRY_ONLY)"
        yield Option(Client(Sending.NOTHING, sources, why))


def _open(aim: Aim, asked: Asked, as_dialled: Iterable[Option[Client]]) -> Iterator[Option[Client]]:
    """It may go where it is dialled, in its form or plainly, or to somebody else."""
    goes = f"requests for {asked.host} go {{}} ({aim.open})"
    same = goes.format("to what is dialled, as those for its own name do")
    for option in as_dialled:
        fact = f"{same}, and {option.fact}" if option.fact else same
        yield Option(option.value, fact, option.decide or _DECIDE)
    yield Option(
        Client(Sending.PLAIN, why=aim.open), goes.format("to the address that is dialled as they are"), _DECIDE
    )
    away = Client(Sending.NOTHING, why=f"it is sent elsewhere: {aim.open}")
    yield Option(away, goes.format("elsewhere"), _DECIDE)


__all__ = ["aimed", "passed_on"]
