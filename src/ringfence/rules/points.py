"""Where a policy of the mesh acts, with words to ask the engine about it, and requests of sets as questions."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from ringfence.dialects.istio.attachment import attaches
from ringfence.dialects.istio.authorization_config import AuthorizationConfig
from ringfence.dialects.istio.authorization_objects import AuthorizationPolicy, Clause
from ringfence.dialects.istio.matching import formula, http_only
from ringfence.dialects.istio.speech import target_of
from ringfence.layers.requests.facts import Facts
from ringfence.layers.requests.passing import space_of
from ringfence.layers.requests.residue import residue
from ringfence.model.mesh import PEER_IDENTITY, Point, PointSort, Proxy, Speech
from ringfence.rules.enforcement import Enforcement
from ringfence.rules.finding import Witness
from ringfence.sets.languages.limits import TooLarge
from ringfence.sets.requests.attributes import HOST, METHOD, PATH, PORT
from ringfence.sets.requests.formulas import NEVER, Formula, Not, conjunction, disjunction
from ringfence.sets.requests.request import Request as Member
from ringfence.sets.requests.request_sets import Undecided
from ringfence.values import Value, replace
from ringfence.verdict.answers import Verdict
from ringfence.verdict.meshed.request import Request

MESH_IDENTITY = "spiffe://"
MOST_TRIED = 20
"""Clients whose own requests are looked for."""
MOST_EXEMPT = 5
"""Clients that a rule does not mean, asked before it is given up."""


class Acting(Value):
    """One place at which a policy is read: ``sort``, the ``pod`` behind it (an index), and how ``can`` is asked for it:
    the ``name`` with each of its ``ports``. ``spoken``: whether requests are seen there (True), or connections (False);
    both where the proxy finds out."""

    sort: PointSort
    pod: int
    name: str
    ports: tuple[int, ...]
    spoken: tuple[bool, ...]
    points: tuple[Point, ...]
    """Those of ``spoken``, in that order."""


def acting(enforcement: Enforcement, policy: AuthorizationPolicy) -> tuple[list[Acting], bool]:
    """Where a policy surely acts, at workloads, gateways and waypoints, and whether there may be more places."""
    found = enforcement.acting.get(id(policy))
    if found is None:
        found = enforcement.acting[id(policy)] = _acting(enforcement, policy)
    return found


def _acting(enforcement: Enforcement, policy: AuthorizationPolicy) -> tuple[list[Acting], bool]:
    pods, perhaps = enforcement.attached(policy.attachment)
    found = [_own(enforcement, index) for index in pods]
    root = enforcement.mesh.authorization.root_namespace
    for index in enforcement.gateways:
        if policy.attachment.namespace not in (enforcement.pod(index).namespace, root):
            continue
        point = Point(PointSort.GATEWAY, enforcement.pod(index), True)
        here = attaches(policy.attachment, point, enforcement.mesh.authorization)
        if here:
            ports = tuple(enforcement.known_ports(index))
            found.append(Acting(PointSort.GATEWAY, index, enforcement.end(index), ports, (True,), (point,)))
        perhaps = perhaps or here is None
    if policy.attachment.targets:
        found += _at_waypoints(enforcement, policy)
    return found, perhaps


def _own(enforcement: Enforcement, index: int) -> Acting:
    pod = enforcement.pod(index)
    node = enforcement.proxy(index) is Proxy.NODE
    sort = PointSort.NODE if node else PointSort.SIDECAR
    spoken = (False,) if node else (True, False)
    points = tuple(Point(sort, pod, http) for http in spoken)
    return Acting(sort, index, enforcement.end(index), tuple(enforcement.ports(index)), spoken, points)


def _at_waypoints(enforcement: Enforcement, policy: AuthorizationPolicy) -> Iterator[Acting]:
    mesh, config = enforcement.mesh, enforcement.mesh.authorization
    services = {target.name for target in policy.attachment.targets if (target.group, target.kind) == ("", "Service")}
    by_service = len(services) == len(set(policy.attachment.targets))
    found = enforcement.behind_services if by_service else {}
    behind = [one for name in services for one in found.get((policy.attachment.namespace, name), ())]
    for index, service, waypoint in behind if by_service else enforcement.behind_waypoints:
        pod = enforcement.pod(index)
        point = Point(PointSort.WAYPOINT, enforcement.pod(waypoint.pods[0]), True, service, pod)
        if attaches(policy.attachment, point, config) is not True:
            continue
        ports = tuple(one.port for one in service.ports if one.protocol == "TCP" and target_of(one, pod) is not None)
        said = {mesh.spoken(service, port) for port in ports}
        spoken = tuple(
            http for http in (True, False) if (said - {Speech.TCP} if http else said - {Speech.HTTP}) or not said
        )
        points = tuple(
            Point(PointSort.WAYPOINT, enforcement.pod(waypoint.pods[0]), http, service, pod) for http in spoken
        )
        name = f"{service.namespace}/service/{service.name}"
        yield Acting(PointSort.WAYPOINT, index, name, ports, spoken, points)


def clients_of(enforcement: Enforcement, one: Acting) -> Sequence[int]:
    """Pods to ask as clients of a place: at a waypoint those whose traffic goes over it. A waypoint speaks for others,
    and is no client of its own."""
    if one.sort is not PointSort.WAYPOINT:
        return enforcement.callers
    return [index for index in enforcement.pods if enforcement.proxy(index) is Proxy.NODE and index != one.pod]


def question(member: Member) -> Request | None:
    """A member of a set of requests as a question of ``can``; None: it has something that no question can say."""
    method, path, host, identity = "GET", "/", "", ""
    headers: dict[str, str] = {}
    claims: dict[tuple[str, ...], str | tuple[str, ...]] = {}
    for attribute, value in member.values:
        if attribute == METHOD:
            method = str(value)
        elif attribute == PATH:
            path = str(value)
        elif attribute == HOST:
            host = str(value)
        elif attribute == PEER_IDENTITY:
            identity = str(value)
        elif attribute.name == "header" and isinstance(value, str):
            headers[attribute.key] = value
        elif attribute.name == "claim" and not isinstance(value, int):
            claims[tuple(attribute.key.split("]["))] = value
        elif attribute != PORT:
            return None
    plain = path.startswith("/") and method and not any(one.isspace() for one in method + path + host)
    if not plain or (identity and not identity.startswith(MESH_IDENTITY)):
        return None
    return Request(method, path, host, headers, claims or None, identity)


def asked(
    enforcement: Enforcement,
    one: Acting,
    request: Request | None,
    expected: Verdict,
    port: int | None = None,
    apart: Collection[str] = (),
) -> Witness | None:
    """The first client with which a request to a place is judged as expected; ``apart`` names those not to ask."""
    where = one.name if one.sort is PointSort.WAYPOINT else one.pod
    clients = [index for index in clients_of(enforcement, one) if not apart or enforcement.end(index) not in apart]
    flows = (
        enforcement.witness(clients, where, number, expected, request=request)
        for number in (one.ports if port is None else (port,))
    )
    return next(filter(None, flows), None)


def told_apart(
    enforcement: Enforcement, one: Acting, request: Request, expected: Verdict, other: Request, then: Verdict
) -> Witness | None:
    """The first client of whom one request to a place is judged as expected, and the other one in its own way. Some
    clients may be exempt from what tells the two apart: a few others are asked then."""
    exempt: list[str] = []
    while len(exempt) < MOST_EXEMPT:
        found = asked(enforcement, one, request, expected, apart=exempt)
        if found is None:
            return None
        if enforcement.situation.says(replace(found, request=other)) is then:
            return found
        exempt.append(found.source)
    return None


def asked_of(enforcement: Enforcement, one: Acting, wanted: Formula, expected: Verdict) -> Witness | None:
    """The first flow to a place with a request of which a formula holds, if it is judged as expected: of a client of
    the input by its own identity, else with an identity that the formula asks for."""
    where = one.name if one.sort is PointSort.WAYPOINT else one.pod
    clients = clients_of(enforcement, one)
    tried: dict[str | None, Member | None] = {}
    for index in clients[:MOST_TRIED]:
        known = enforcement.mesh.identity(enforcement.pod(index))
        plain = enforcement.proxy(index) is Proxy.NONE or known is None
        text = None if plain or known is None else known.text
        if text not in tried:
            tried[text] = member_of(residue(wanted, Facts({PEER_IDENTITY: text}, whole=False)))
        found = _flow(enforcement, [index], one, where, tried[text], expected)
        if found is not None:
            return found
    return _flow(enforcement, clients, one, where, member_of(wanted), expected)


def _flow(
    enforcement: Enforcement,
    clients: Sequence[int],
    one: Acting,
    where: int | str,
    member: Member | None,
    expected: Verdict,
) -> Witness | None:
    request = question(member) if member is not None else None
    if request is None or member is None:
        return None
    port = member.get(PORT)
    ports = (port,) if isinstance(port, int) and one.sort is not PointSort.WAYPOINT else one.ports
    flows = (enforcement.witness(clients, where, number, expected, request=request) for number in ports)
    return next(filter(None, flows), None)


def member_of(wanted: Formula) -> Member | None:
    """The shortest request of which a formula surely holds; None: there is none, or it cannot be found."""
    if wanted == NEVER:
        return None
    try:
        return space_of((wanted,)).set_of(wanted).surely().witness()
    except (TooLarge, Undecided):
        return None


def own_point(enforcement: Enforcement, index: int) -> Acting:
    """A workload's own proxy."""
    return _own(enforcement, index)


def first_request(clause: Clause, but: Sequence[str]) -> Request | None:
    """A request that satisfies what a rule asks of requests in the first of its operations, but for some fields; None:
    none that a question can say."""
    terms = [*(clause.operations[0] if clause.operations else ()), *clause.conditions]
    wanted = [term for term in terms if term.key not in (*but, "destination.port") and http_only(term.key)]
    parts: list[Formula] = []
    for term in wanted:
        values, others = (
            [one for value in words if (one := formula(term.key, value, "", _PLAIN)) is not None]
            for words in (term.values, term.others)
        )
        parts += [disjunction(values)] if values else []
        parts += [Not(disjunction(others))] if others else []
    if not parts:
        return Request()
    member = member_of(conjunction(parts))
    return None if member is None else question(member)


_PLAIN = AuthorizationConfig()
