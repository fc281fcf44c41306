"""What a client's proxy does with what is dialled at an address outside, where the host or the address decides it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ringfence.layers.mesh.courses import At, Course, Hop, plain
from ringfence.layers.mesh.transport import meet
from ringfence.model.mesh import (
    Abroad,
    Client,
    Leaving,
    Proxy,
    RequestAction,
    RequestPolicy,
    RequestRules,
    Sending,
    within,
)
from ringfence.sets.requests.formulas import ALWAYS
from ringfence.values import replace
from ringfence.verdict.answers import Verdict
from ringfence.verdict.meshed.gateways import takes
from ringfence.verdict.meshed.request import Among, Request

if TYPE_CHECKING:
    from ringfence.verdict.meshed.asking import Question

HOST = "the host that the client asks for (--host)"


def settled(question: Question, courses: Iterable[Course], address: int | None) -> list[Course]:
    """The courses, each as the client's proxy makes them of the request that is asked about. ``address``: the one that
    is dialled, None: not known."""
    found: list[Course] = []
    for course in courses:
        for one in [course] if course.sends is None else _of(question, course, course.sends, address):
            if one not in found:
                found.append(one)
    return found


def _of(question: Question, course: Course, sends: Client, address: int | None) -> Iterator[Course]:
    request = question.request
    doubtful = isinstance(request, Among)
    for one in sends.abroad:
        holds = _holds(question, one, address, course.dialled)
        somewhere = one.requests == ALWAYS and one.dialled is None and one.leaving.unsure
        if holds is None or (holds and somewhere):
            doubtful = True
        elif holds and doubtful:
            # An earlier one may take it, or else this one does.
            for other in _leaves(course, one.leaving, address):
                yield replace(other, facts=(*other.facts, (f"the client's proxy takes it for {_name(one)}", HOST)))
            break
        elif holds:
            yield from _leaves(course, one.leaving, address)
            return
    if doubtful or sends.strangers is None:
        # What hangs on the host, or on the address, stays open, as far as it makes a difference.
        yield course
    elif sends.strangers.sending is Sending.NOTHING:
        yield replace(course, hops=plain(course.dialled).hops, unreached=sends.strangers)
    else:
        yield replace(course, hops=plain(course.dialled).hops, unreached=None)


def _name(one: Abroad) -> str:
    return ", ".join(f"{source.kind} {source.namespace}/{source.name}" for source in one.leaving.sources) or "another"


def _holds(question: Question, one: Abroad, address: int | None, port: int) -> bool | None:
    """Whether the client's proxy takes it for one of these; None: it is not known."""
    if one.dialled is not None and address is not None and not within(one.dialled, address):
        return False
    if one.dialled is not None and address is None:
        return None
    if one.requests == ALWAYS:
        return True
    request = question.request
    if not isinstance(request, Request) or not request.host:
        return None
    return {Verdict.ALLOWED: True, Verdict.DENIED: False}.get(takes(question, one.requests, request, port))


def _leaves(course: Course, leaving: Leaving, address: int | None) -> Iterator[Course]:
    """What becomes of what is known."""
    if leaving.unsure:
        named = ", ".join(f"{one.kind} {one.namespace}/{one.name}" for one in leaving.sources)
        decide = named or HOST
        fact = (f"the client's proxy sends it to the address that is dialled: it is not known {leaving.unsure}", decide)
        yield replace(course, hops=plain(course.dialled).hops, unreached=None, facts=(*course.facts, fact))
        elsewhere = Client(Sending.NOTHING, leaving.sources, "the client's proxy sends it elsewhere")
        other = (f"the client's proxy sends it elsewhere: it is not known {leaving.unsure}", decide)
        facts = (*course.facts, other)
        yield replace(course, hops=plain(course.dialled).hops, unreached=elsewhere, facts=facts)
        return
    if leaving.sending is Sending.NOTHING:
        nothing = Client(Sending.NOTHING, leaving.sources, leaving.why)
        yield replace(course, hops=plain(course.dialled).hops, unreached=nothing, lost=True)
        return
    transport = meet(leaving.sending, Proxy.SIDECAR, None, Proxy.NONE)
    hop = Hop(
        At.CLIENT,
        At.SERVER,
        leaving.port,
        transport,
        None,
        False,
        None,
        leaving.port,
        leaving.port != course.dialled,
        leaving.sources,
        leaving.why,
    )
    found = replace(course, hops=(hop,), unreached=None)
    if leaving.addresses is None or (address is not None and within(leaving.addresses, address)):
        yield found
        return
    policies = tuple(
        RequestPolicy(
            one.kind, one.namespace, one.name, RequestAction.ALLOW, (), one.place, provider="endpoints of its own"
        )
        for one in leaving.sources[:1]
    )
    yield replace(found, routes=RequestRules(policies))


__all__ = ["settled"]
