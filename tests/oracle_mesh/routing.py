"""Where a client's sidecar, or a waypoint, sends a request for a Service: by routes of the Gateway API, and by
VirtualServices."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tests.oracle_mesh.objects import Json, World, leads_to, name, space
from tests.oracle_mesh.transport import protocol


def arrives(
    world: World, client: Json, server: Json, port: int, service: Json, asked: tuple[str, str, Mapping[str, str]]
) -> bool | None:
    """Whether a request (method, path, headers) for a Service is sent to this port of this pod; None: no page says."""
    service_port = leads_to(service, server, port)
    assert service_port is not None
    if protocol(service_port, port) == "tcp":
        return True
    number = int(service_port["port"])
    here = space(client), space(service)
    orders = [_in_order(world, space(client), service, number, here)]
    if next(world.of("Sidecar"), None) is not None:
        # Releases differ in whether routes of the client's namespace come first where a Sidecar limits what it knows.
        orders.append(_by_age(world, service, number, here))
    return _all_say(world, orders, server, port, asked)


def passed_on(
    world: World, waypoint: Json, server: Json, port: int, service: Json, asked: tuple[str, str, Mapping[str, str]]
) -> bool | None:
    """Whether a waypoint sends a request for a Service to this port of this pod; None: no page says."""
    service_port = leads_to(service, server, port)
    assert service_port is not None
    if protocol(service_port, port) == "tcp":
        return True
    number, home = int(service_port["port"]), space(waypoint)
    # Releases differ in whether routes of the Service's namespace are looked at.
    orders = [_in_order(world, home, service, number, each) for each in ((home, space(service)), (home,))]
    return _all_say(world, orders, server, port, asked)


def _all_say(
    world: World,
    orders: list[list[list[Json]]],
    server: Json,
    port: int,
    asked: tuple[str, str, Mapping[str, str]],
) -> bool | None:
    found = set()
    for order in orders:
        backends = _routed(order[0], asked) if order else None
        here = backends is None or any(_leads(world, one, server, port) for one in backends)
        taking = _taking(order[0], asked) if order and here else None
        found.add((here, str(taking[1].get("filters")) if taking is not None else "None"))
    # What is not changed alike is not known either.
    return found.pop()[0] if len(found) == 1 else None


def _in_order(world: World, home: str, service: Json, number: int, spaces: tuple[str, ...]) -> list[list[Json]]:
    """Those of the Gateway API in the proxy's own namespace come first."""
    listed = _by_age(world, service, number, spaces)
    own = [rules for rules in listed if rules and rules[0]["home"] == home]
    return [*own, *listed]


def _by_age(world: World, service: Json, number: int, spaces: tuple[str, ...]) -> list[list[Json]]:
    """Rules by the object that they make together, those first that came first; of VirtualServices those that send to
    the host itself, without rules."""
    host = f"{name(service)}.{space(service)}.svc.cluster.local"
    found: dict[tuple[str, ...], list[Json]] = {}
    ages: dict[tuple[str, ...], str] = {}
    for one in sorted(
        [*world.of("HTTPRoute"), *world.of("VirtualService")],
        key=lambda one: (one["metadata"]["creationTimestamp"], name(one), space(one)),
    ):
        made = one["metadata"]["creationTimestamp"]
        if one["kind"] == "VirtualService":
            if host in one["spec"]["hosts"] and one["spec"].get("http"):
                key: tuple[str, ...] = ("VirtualService", name(one), space(one))
                found[key], ages[key] = [], made
            continue
        for parent in one["spec"]["parentRefs"]:
            wanted = parent.get("port", number)
            there = parent.get("namespace", space(one)), parent["name"]
            here = there == (space(service), name(service)) and wanted == number
            if here and space(one) in spaces:
                key = "HTTPRoute", space(one), str(parent.get("port", ""))
                ages.setdefault(key, made)
                found.setdefault(key, []).extend({**rule, "home": space(one)} for rule in one["spec"]["rules"])
    return [found[key] for key in sorted(found, key=lambda key: ages[key]) if found[key] or key[0] == "VirtualService"]


def _routed(rules: list[Json], asked: tuple[str, str, Mapping[str, str]]) -> list[Json] | None:
    """The backends of the rule that takes a request; None: it goes where it would go without."""
    if not rules:
        return None
    found = _taking(rules, asked)
    if found is None or any(one["type"] == "RequestRedirect" for one in found[1].get("filters", ())):
        return []
    return [
        {**one, "namespace": one.get("namespace", found[1]["home"])}
        for one in found[1].get("backendRefs", ())
        if one.get("weight", 1)
    ]


def _taking(rules: list[Json], asked: tuple[str, str, Mapping[str, str]]) -> tuple[Json, Json] | None:
    """The most specific match that takes a request, and its rule."""
    best: tuple[tuple[int, ...], Json, Json] | None = None
    for rule in rules:
        for match in rule.get("matches", [{}]):
            rank = _rank(match)
            if _takes(match, asked) and (best is None or rank > best[0]):
                best = rank, match, rule
    return None if best is None else best[1:]


def as_sent(
    world: World, client: Json, server: Json, port: int, service: Json, asked: tuple[str, str, Mapping[str, str]]
) -> tuple[str, Mapping[str, str], str | None]:
    """Path, header fields and host (None: as it was) of a request as a client's sidecar sends it."""
    _, path, headers = asked
    service_port = leads_to(service, server, port)
    assert service_port is not None
    order = _in_order(world, space(client), service, int(service_port["port"]), (space(client), space(service)))
    found = _taking(order[0], asked) if order and protocol(service_port, port) != "tcp" else None
    if found is None:
        return path, headers, None
    match, rule = found
    host, fields = None, dict(headers)
    for one in rule.get("filters", ()):
        if one["type"] == "RequestHeaderModifier":
            wish = one["requestHeaderModifier"]
            fields = {key: value for key, value in fields.items() if key not in wish.get("remove", ())}
            fields |= {each["name"]: each["value"] for each in wish.get("set", ())}
            for each in wish.get("add", ()):
                said = fields.get(each["name"])
                fields[each["name"]] = each["value"] if said is None else f"{said},{each['value']}"
        elif one["type"] == "URLRewrite":
            host = one["urlRewrite"].get("hostname", host)
            said = one["urlRewrite"].get("path", {})
            if said.get("type") == "ReplaceFullPath":
                path = said["replaceFullPath"]
            elif said:
                rest = path[len(match["path"]["value"]) :].lstrip("/")
                stem = said["replacePrefixMatch"].rstrip("/")
                path = f"{stem}/{rest}" if rest else stem or "/"
    return path, fields, host


def _rank(match: Json) -> tuple[int, ...]:
    path = match.get("path") or {"type": "PathPrefix", "value": "/"}
    sort = {"Exact": 2, "PathPrefix": 1, "RegularExpression": 0}[path["type"]]
    return sort, len(path["value"]), int("method" in match), len(match.get("headers", ()))


def _takes(match: Json, asked: tuple[str, str, Mapping[str, str]]) -> bool:
    method, target, headers = asked
    path = match.get("path") or {"type": "PathPrefix", "value": "/"}
    said = path["value"]
    fits = {
        "Exact": target == said,
        "PathPrefix": said == "/" or target == said or target.startswith(f"{said}/"),
        "RegularExpression": re.fullmatch(said, target) is not None,
    }[path["type"]]
    fits = fits and match.get("method", method) == method
    return fits and all(headers.get(one["name"]) == one["value"] for one in match.get("headers", ()))


def _leads(world: World, backend: Json, server: Json, port: int) -> bool:
    service = world.named("Service", backend["namespace"], backend["name"])
    found = None if service is None else leads_to(service, server, port)
    return found is not None and found["port"] == backend["port"]


__all__ = ["arrives", "as_sent", "passed_on"]
