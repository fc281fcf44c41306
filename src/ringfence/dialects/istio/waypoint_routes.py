"""What a waypoint makes of requests for a Service by the routes that it has: which it sends to a pod, and which
elsewhere. Its client is ztunnel: the routes of a client's own proxy do not hold.

Source: istio ``pilot/pkg/networking/core/listener_waypoint.go`` (buildWaypointInboundHTTPRouteConfig,
getVirtualServiceForWaypoint).
"""

from __future__ import annotations

from collections.abc import Hashable

from ringfence.dialects.istio.client_routes import ClientRoutes
from ringfence.dialects.istio.speech import target_of
from ringfence.model.cluster import Pod, Service
from ringfence.model.mesh import Point, RequestAction, RequestPolicy, RequestRule, RequestRules, Source
from ringfence.model.rewriting import Rewriting
from ringfence.sets.requests.formulas import Formula, disjunction, negation
from ringfence.values import replace

_PORT = "routes what is meant for the Service, and which of its ports is dialled is not known"
_SEGMENTS = "it takes a prefix away, and releases differ in how a waypoint does"
_BYTES = "may send elsewhere what the waypoint gets for the Service"


class WaypointRoutes:
    """The routes of the waypoints of one mesh."""

    def __init__(self, routes: ClientRoutes) -> None:
        self._routes = routes
        self._kept: dict[Hashable, RequestRules] = {}

    def at(self, point: Point, port: int, kind: Hashable) -> RequestRules:
        """What keeps requests for a port of a Service from a workload, as policies of the point. ``kind``: everything
        of the workload that the mesh may look at."""
        service, server = point.service, point.server
        if not self._routes or service is None or server is None:
            return NONE
        key = (point.pod.namespace, service.namespace, service.name, kind, port, point.http)
        found = self._kept.get(key)
        if found is None:
            found = self._kept[key] = self._at(point.pod, server, service, port, point.http)
        return found

    def _at(self, waypoint: Pod, server: Pod, service: Service, number: int, http: bool) -> RequestRules:
        if not http:
            return RequestRules(unsettled=tuple((one, _BYTES) for one in self._routes.moving(service, http=False)))
        targets = {
            target
            for one in service.ports
            if one.port == number and one.protocol == "TCP" and (target := target_of(one, server)) is not None
        }
        if len(targets) != 1:
            return RequestRules(
                unsettled=tuple((one, _PORT) for one in self._routes.moving(service, http=True)), moved=True
            )
        found = self._routes.at_waypoint(waypoint, server, targets.pop(), service, number)
        if found is None:
            return NONE
        alone = None
        if found.alone is not None:
            rewrites = tuple((formula, _of_release(one)) for formula, one in found.alone.rewrites)
            alone = replace(_denied(found.alone), rewrites=rewrites)
        return replace(_denied(found), unsettled=found.unsettled, alone=alone, moved=found.moved)


def _of_release(rewriting: Rewriting) -> Rewriting:
    """Earlier releases do not take a prefix away as a whole segment."""
    taken_away = rewriting.segments and rewriting.path == "/"
    return replace(rewriting, unsure=_SEGMENTS) if taken_away else rewriting


def _denied(rules: RequestRules) -> RequestRules:
    kept = disjunction(rule.formula for policy in rules.policies for rule in policy.rules)
    return RequestRules(tuple(_denying(policy, negation(kept)) for policy in rules.policies))


def _denying(policy: RequestPolicy, formula: Formula) -> RequestPolicy:
    """What does not let pass the rest, of one that lets pass some."""
    rule = RequestRule(0, formula, policy.place)
    return replace(policy, action=RequestAction.DENY, rules=(rule,), routes=True)


NONE = RequestRules()


def with_routes(rules: RequestRules, routes: RequestRules, unsettled: tuple[tuple[Source, str], ...]) -> RequestRules:
    """The rules of a waypoint's policies, with those of its routes, which come after them. ``unsettled``: what else
    may change what is decided there."""
    found = rules
    if routes.alone is not None:
        found = replace(
            found,
            alone=replace(
                rules,
                policies=(*rules.policies, *routes.alone.policies),
                unsettled=(*rules.unsettled, *unsettled),
                rewrites=routes.alone.rewrites,
            ),
        )
    if routes.policies:
        found = replace(found, policies=(*rules.policies, *routes.policies))
    if routes.moved and routes.unsettled:
        found = replace(found, moved=True)
    added = (*unsettled, *routes.unsettled)
    return replace(found, unsettled=(*rules.unsettled, *added)) if added else found


__all__ = ["WaypointRoutes", "with_routes"]
