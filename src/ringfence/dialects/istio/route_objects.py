"""The routes of a VirtualService: whom each takes, where it sends, and what it changes.

Source: istio/api ``networking/v1alpha3/virtual_service.proto``; istio ``pilot/pkg/networking/core/route/route.go``
(weights, mirrors, faults, rewrites), ``pilot/pkg/model/virtualservice.go`` (delegates).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ringfence.dialects.istio.rewrites import HOSTS, of_headers, of_route
from ringfence.dialects.istio.string_matches import merged
from ringfence.model.entries import UNCHANGED, Carried, Changes
from ringfence.model.provenance import FieldPath, Manifest, Place
from ringfence.model.rewriting import AS_IT_IS, Rewriting
from ringfence.sets.requests.attributes import PATH, Attribute, header
from ringfence.sets.requests.formulas import Formula
from ringfence.values import replace

SORTS = (("http", Carried.REQUESTS), ("tls", Carried.TLS), ("tcp", Carried.BYTES))
Match = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a route sends. ``host`` as written; ``port`` None: that of the listener, or the only one of the host."""

    host: str
    subset: str
    port: int | None
    place: Place


@dataclass(frozen=True, slots=True)
class Entry:
    """One route. ``matches`` as written; without any it takes everything. ``mirrors`` get a copy. ``delegate``:
    namespace and name of the VirtualService that goes on from here. ``answers``: it sends nothing on, but answers;
    ``aborts``: so does a fault that it injects, always. Of routes of the Gateway API ``when`` is what they take beside
    what ``matches`` say, ``rank`` how specific that is, ``owner`` the object's name, ``index`` the rule's place.
    ``rewriting`` says in full what ``changes`` says in short, ``of_destinations`` what is changed for one alone."""

    carried: Carried
    matches: tuple[Match, ...]
    destinations: tuple[Destination, ...]
    place: Place
    mirrors: tuple[Destination, ...] = ()
    delegate: tuple[str, str] | None = None
    answers: bool = False
    aborts: bool = False
    changes: Changes = UNCHANGED
    when: Formula | None = None
    rank: tuple[int, ...] = ()
    owner: str = ""
    index: int | None = None
    rewriting: Rewriting = AS_IT_IS
    of_destinations: tuple[Rewriting, ...] = ()


def entries_of(manifest: Manifest, spec: Mapping[str, Any]) -> tuple[Entry, ...]:
    """The routes of an object, in their order. What is of another type than its API server takes is passed over."""
    return tuple(
        _entry(manifest, carried, route, ("spec", key, number))
        for key, carried in SORTS
        for number, route in enumerate(_list(spec.get(key)))
        if isinstance(route, Mapping)
    )


def _entry(manifest: Manifest, carried: Carried, route: Mapping[str, Any], path: FieldPath) -> Entry:
    weighted = [(number, one) for number, one in enumerate(_list(route.get("route"))) if isinstance(one, Mapping)]
    if len(weighted) > 1 and carried is Carried.REQUESTS:
        weighted = [(number, one) for number, one in weighted if one.get("weight")]
    elif len(weighted) > 1:
        weighted = [(number, one) for number, one in weighted if one.get("weight") or "weight" not in one]
    delegate = _mapping(route.get("delegate"))
    home = manifest.namespace or "default"
    return Entry(
        carried,
        tuple(one for one in _list(route.get("match")) if isinstance(one, Mapping)),
        tuple(
            _destination(manifest, one.get("destination"), (*path, "route", number, "destination"))
            for number, one in weighted
        ),
        manifest.positions.place(path),
        tuple(_mirrors(manifest, route, path)),
        (str(delegate.get("namespace") or home), str(delegate.get("name", ""))) if delegate else None,
        "redirect" in route or "directResponse" in route,
        _always_aborts(route),
        _changes(route, [one for _, one in weighted]),
        rewriting=of_route(route),
        of_destinations=tuple(of_headers(one) for _, one in weighted),
    )


def _destination(manifest: Manifest, written: Any, path: FieldPath) -> Destination:
    words = _mapping(written)
    number = _mapping(words.get("port")).get("number")
    return Destination(
        str(words.get("host", "")),
        str(words.get("subset", "")),
        number if isinstance(number, int) and number else None,
        manifest.positions.place(path),
    )


def _mirrors(manifest: Manifest, route: Mapping[str, Any], path: FieldPath) -> Iterator[Destination]:
    if isinstance(route.get("mirror"), Mapping) and not _is_zero(
        route.get("mirrorPercentage", route.get("mirrorPercent"))
    ):
        yield _destination(manifest, route["mirror"], (*path, "mirror"))
    for number, one in enumerate(_list(route.get("mirrors"))):
        words = _mapping(one)
        if isinstance(words.get("destination"), Mapping) and not _is_zero(words.get("percentage")):
            yield _destination(manifest, words["destination"], (*path, "mirrors", number, "destination"))


def _is_zero(percentage: Any) -> bool:
    """Whether a percentage that is given is none."""
    if isinstance(percentage, Mapping):
        percentage = percentage.get("value", 0)
    return percentage is not None and not percentage


def _always_aborts(route: Mapping[str, Any]) -> bool:
    abort = _mapping(_mapping(route.get("fault")).get("abort"))
    value = _mapping(abort.get("percentage")).get("value")
    named = any(key in abort for key in ("httpStatus", "grpcStatus"))
    return named and isinstance(value, int | float) and value >= 100


def _changes(route: Mapping[str, Any], sends: Sequence[Mapping[str, Any]]) -> Changes:
    """What is not as the client wrote it."""
    rewrite = _mapping(route.get("rewrite"))
    found: dict[Attribute, None] = {}
    hosts: list[str] = []
    if rewrite.get("uri") or rewrite.get("uriRegexRewrite"):
        found[PATH] = None
    for one in (route, *sends):
        request = _mapping(_mapping(one.get("headers")).get("request"))
        for key in ("set", "add"):
            for name, value in _mapping(request.get(key)).items():
                if str(name).lower() in HOSTS:
                    hosts.append(str(value))
                else:
                    found[header(str(name))] = None
        for name in _list(request.get("remove")):
            found[header(str(name))] = None
    host = str(rewrite.get("authority") or (hosts[0] if hosts else ""))
    return Changes(host, tuple(found))


def with_delegates(entries: Iterable[Entry], delegates: Mapping[tuple[str, str], tuple[Entry, ...]]) -> Iterator[Entry]:
    """The routes, with those of the VirtualServices that some of them go on to. A delegate that is not among
    ``delegates`` takes nothing."""
    for entry in entries:
        if entry.delegate is None:
            yield entry
            continue
        for one in delegates.get(entry.delegate, ()):
            if one.carried is Carried.REQUESTS and one.delegate is None:
                matches = _both(entry.matches, one.matches)
                if matches is not None:
                    yield replace(
                        one,
                        matches=matches,
                        mirrors=one.mirrors or entry.mirrors,
                        aborts=one.aborts or entry.aborts,
                        changes=one.changes or entry.changes,
                        rewriting=_rewriting(entry.rewriting, one.rewriting),
                    )


def _rewriting(root: Rewriting, own: Rewriting) -> Rewriting:
    """A delegate's own words count; where both say something of a request, what becomes of it is not worked out."""
    if AS_IT_IS in (root, own):
        return root if own == AS_IT_IS else own
    return replace(own, unsure="the route that delegates changes it, too")


def _both(root: tuple[Match, ...], own: tuple[Match, ...]) -> tuple[Match, ...] | None:
    if not root or not own:
        return root or own
    found: list[Match] = []
    for one in own:
        fitting = [match for other in root if (match := merged(other, one)) is not None]
        if not fitting:
            return None
        found += fitting
    return tuple(found)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
