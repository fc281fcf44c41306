"""What rules of Istio ask: which proxy enforces a policy, what it takes at a port, and who comes without an identity.

Everything is asked of one pod for each workload and each way in which the mesh tells its pods apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

from ringfence.dialects.istio import capture
from ringfence.dialects.istio.attachment import GATEWAYS, WAYPOINT_CLASS, attaches
from ringfence.dialects.istio.authorization_objects import Attachment, AuthorizationPolicy, Clause, Target, Term
from ringfence.dialects.istio.enrolment import is_gateway, is_waypoint
from ringfence.dialects.istio.mesh import IstioMesh
from ringfence.dialects.istio.objects import PeerAuthentication
from ringfence.dialects.istio.speech import target_of
from ringfence.dialects.istio.trust_domains import LOCAL
from ringfence.model.cluster import Pod, Service
from ringfence.model.mesh import Acceptance, Point, PointSort, Proxy, Speech, Waypoint
from ringfence.rules.ends import pod_end
from ringfence.rules.finding import Subject, Witness
from ringfence.rules.mesh_objects import MeshObjects
from ringfence.rules.situation import Situation
from ringfence.values import replace
from ringfence.verdict.answers import Verdict
from ringfence.verdict.ends import EndError
from ringfence.verdict.grid import Grid
from ringfence.verdict.meshed.request import Request

if TYPE_CHECKING:
    from ringfence.rules.points import Acting

POLICY = "AuthorizationPolicy"
MOST_ASKED = 50
"""Clients that are asked about before a rule goes without a witness."""
IDENTITY = ("source.principal", "source.namespace", "source.serviceAccount", "source.trustDomain")
"""Keys that ask who the caller proved to be."""


class Enforcement:
    """The proxies of one cluster, and what they enforce."""

    def __init__(self, situation: Situation, mesh: IstioMesh) -> None:
        self.situation = situation
        self.mesh = mesh
        self.written = MeshObjects(situation)
        self.acting: dict[int, tuple[list[Acting], bool]] = {}
        """Where policies act, by the identity of the policy (``points``)."""
        self.sending: dict[object, int] = {}
        """Columns of pods by how their proxies send (``arrivals``)."""
        self._ports: dict[object, tuple[int, ...]] = {}
        self._attached: dict[Attachment, tuple[tuple[int, ...], bool]] = {}

    @cached_property
    def policies(self) -> tuple[AuthorizationPolicy, ...]:
        """The AuthorizationPolicies that can be read."""
        return tuple(one for one in self.mesh.policies if not one.broken)

    @cached_property
    def authentications(self) -> tuple[PeerAuthentication, ...]:
        """The PeerAuthentications that can be read, of namespaces that istiod looks at."""
        return tuple(
            one
            for one in self.mesh.objects.peer_authentications
            if not one.broken and self.mesh.looks_at(one.named.namespace)
        )

    @cached_property
    def pods(self) -> tuple[int, ...]:
        """One pod for each workload and each sort of pod that it has, as indexes in ``cluster.pods``."""
        found: dict[object, int] = {}
        for workload in self.situation.workloads:
            for index in workload.pods:
                found.setdefault((workload.ref, self.mesh.kind(self.pod(index))), index)
        return tuple(found.values())

    def pods_of(self, namespace: str) -> list[int]:
        """Those of one namespace."""
        return self._by_namespace.get(namespace, [])

    @cached_property
    def _by_namespace(self) -> Mapping[str, list[int]]:
        found: dict[str, list[int]] = {}
        for index in self.pods:
            found.setdefault(self.pod(index).namespace, []).append(index)
        return found

    def pod(self, index: int) -> Pod:
        """A pod of the cluster."""
        return self.situation.cluster.pods[index]

    def end(self, index: int) -> str:
        """The name of a pod, as ``can`` takes it."""
        return pod_end(self.situation, index)

    def proxy(self, index: int) -> Proxy | None:
        """What speaks for a pod; None: the input leaves it open."""
        proxies = {option.value.proxy for option in self.mesh.membership(self.pod(index))}
        return proxies.pop() if len(proxies) == 1 else None

    def known_ports(self, index: int) -> list[int]:
        """The TCP ports of a pod to which Services lead or that its containers declare, with a name or without: the
        latter are reached by the pod's address."""
        return sorted(self.mesh.services.ports(self.pod(index)) | set(self._declared(index)))

    def _declared(self, index: int) -> tuple[int, ...]:
        """The TCP ports that containers declare, as the input has them written."""
        pod = self.pod(index)
        key = (pod.workload, pod.template, id(pod.marks))
        found = self._ports.get(key)
        if found is None:
            own = (*capture.OWN_PORTS, capture.HBONE_PORT)
            declared = self.situation.declared_ports(index)
            found = tuple(port for protocol, port in declared if protocol == "TCP" and port not in own)
            self._ports[key] = found
        return found

    def ports(self, index: int) -> list[int]:
        """Those of them that its proxy takes for certain."""
        options = self.mesh.membership(self.pod(index))
        return [
            port
            for port in self.known_ports(index)
            if all(any(first <= port <= last for first, last in option.value.inbound) for option in options)
        ]

    def published(self, index: int, port: int) -> set[int]:
        """The TCP ports of a pod to which Services lead from a port of theirs."""
        pod = self.pod(index)
        return {
            number
            for service in self.mesh.services.of(pod)
            for one in service.ports
            if one.protocol == "TCP" and one.port == port and (number := target_of(one, pod)) is not None
        }

    def published_from(self, index: int, service: Service, port: int) -> list[int]:
        """The ports of a pod to which one Service leads from a port of its own."""
        pod = self.pod(index)
        found = (target_of(one, pod) for one in service.ports if (one.protocol, one.port) == ("TCP", port))
        return [number for number in found if number is not None]

    def listens(self, index: int, port: int) -> bool:
        """Whether a port is known as one of the pod's own: a Service leads to it, or a container declares it."""
        return port in self.known_ports(index) or any(port == one.number for one in self.pod(index).ports)

    def acceptance(self, index: int, port: int) -> Acceptance | None:
        """Which connections the proxy of a pod takes; None: the input leaves it open."""
        found = {option.value.acceptance for option in self.mesh.server(self.pod(index), port)}
        return found.pop() if len(found) == 1 else None

    def speech(self, index: int, port: int) -> Speech | None:
        """What the proxy of a pod takes a port to speak; None: the input leaves it open."""
        found = {option.value.speech for option in self.mesh.server(self.pod(index), port)}
        return found.pop() if len(found) == 1 else None

    def attached(self, attachment: Attachment) -> tuple[tuple[int, ...], bool]:
        """The workloads' own pods whose proxy surely enforces what is attached so, and whether there may be more.
        Gateways and waypoints are not among them."""
        kept = self._attached.get(attachment)
        if kept is None:
            surely, perhaps = [], False
            config = self.mesh.authorization
            everywhere = attachment.namespace == config.root_namespace
            for index in self.pods if everywhere else self.pods_of(attachment.namespace):
                pod = self.pod(index)
                if is_gateway(pod) or is_waypoint(pod):
                    continue
                proxy = self.proxy(index)
                if proxy is Proxy.NONE:
                    continue
                sort = PointSort.NODE if proxy is Proxy.NODE else PointSort.SIDECAR
                here = attaches(attachment, Point(sort, pod, http=False), config)
                if here and proxy is not None:
                    surely.append(index)
                elif here is not False:
                    perhaps = True
            kept = self._attached[attachment] = (tuple(surely), perhaps)
        return kept

    def misses(self, namespace: str, target: Target) -> str | None:
        """Why no proxy enforces a policy of a namespace because of one target; empty: one does; None: not known."""
        objects, here = self.mesh.objects, namespace
        if target.namespace not in ("", here):
            return "a target of another namespace is never found"
        sort = (target.group, target.kind)
        if sort == ("", "Service"):
            return self._no_waypoint(here, target.name)
        if sort == ("networking.istio.io", "ServiceEntry"):
            there = any((one.named.namespace, one.named.name) == (here, target.name) for one in objects.service_entries)
            return "" if there else f"namespace {here} has none"
        if sort == (GATEWAYS, "GatewayClass"):
            if target.name != WAYPOINT_CLASS:
                return f"only the class {WAYPOINT_CLASS} can be a target"
            return "" if here == self.mesh.config.root_namespace else "that is only read in the root namespace"
        if sort != (GATEWAYS, "Gateway"):
            return "a policy cannot be attached to that"
        known = {(one.named.namespace, one.named.name) for one in objects.waypoints}
        known |= {(one.named.namespace, one.gateway) for one in objects.gateways if one.gateway}
        if (here, target.name) in known or self.situation.manifest(Subject("Gateway", here, target.name)) is not None:
            return ""
        return f"namespace {here} has none" if self.situation.has_workloads(here) else None

    def _no_waypoint(self, namespace: str, name: str) -> str | None:
        services = [one for one in self.situation.cluster.services if (one.namespace, one.name) == (namespace, name)]
        if not services:
            return f"namespace {namespace} has none" if self.situation.has_workloads(namespace) else None
        for index in self.pods_of(namespace):
            if services[0] in self.mesh.services.of(self.pod(index)):
                found = self.mesh.waypoint(None, self.pod(index), services[0])
                if all(option.value is None for option in found):
                    return "no waypoint is in the way to it"
                if any(option.value is None for option in found):
                    return None
                return next((option.value.why for option in found if option.value is not None), "")
        return None

    def enforced(self, index: int) -> list[AuthorizationPolicy]:
        """The policies that a pod's own proxy surely enforces and that have an effect: no trials, and none that only
        log."""
        return self._enforced.get(index, [])

    @cached_property
    def _enforced(self) -> Mapping[int, list[AuthorizationPolicy]]:
        found: dict[int, list[AuthorizationPolicy]] = {}
        for policy in self.policies:
            if policy.action in ("ALLOW", "DENY", "CUSTOM") and not policy.dry_run:
                for index in self.attached(policy.attachment)[0]:
                    found.setdefault(index, []).append(policy)
        return found

    def allowing(self, index: int) -> list[AuthorizationPolicy]:
        """Those of them that allow."""
        return [one for one in self.enforced(index) if one.action == "ALLOW"]

    @cached_property
    def callers(self) -> tuple[int, ...]:
        """The pods that open connections of their own: all but waypoints."""
        return tuple(index for index in self.pods if not is_waypoint(self.pod(index)))

    @cached_property
    def behind_waypoints(self) -> tuple[tuple[int, Service, Waypoint], ...]:
        """The pods that ztunnel takes, with the Services that lead to them over a waypoint, where that is sure and the
        waypoint is there."""
        found = []
        for index in self.pods:
            pod = self.pod(index)
            for service in self.mesh.services.of(pod) if self.proxy(index) is Proxy.NODE else ():
                options = self.mesh.waypoint(None, pod, service)
                waypoint = options[0].value
                if len(options) == 1 and waypoint is not None and waypoint.pods:
                    found.append((index, service, waypoint))
        return tuple(found)

    @cached_property
    def behind_services(self) -> Mapping[tuple[str, str], list[tuple[int, Service, Waypoint]]]:
        """The same by namespace and name of the Service."""
        found: dict[tuple[str, str], list[tuple[int, Service, Waypoint]]] = {}
        for one in self.behind_waypoints:
            found.setdefault((one[1].namespace, one[1].name), []).append(one)
        return found

    def named(self, policy: AuthorizationPolicy, clause: Clause) -> list[int]:
        """The pods whose identity a rule names in full, of whom it asks nothing else."""
        if clause.conditions and (clause.sources or len(clause.conditions) > 1):
            return []
        found: dict[int, None] = {}
        for terms in clause.sources or (clause.conditions,):
            if len(terms) == 1 and not terms[0].others:
                for value in terms[0].values:
                    known = self.account_of(terms[0].key, value, policy.attachment.namespace)
                    found.update(dict.fromkeys(self._by_account.get(known, ()) if known is not None else ()))
        return list(found)

    def may_name(self, policy: AuthorizationPolicy, clause: Clause, index: int) -> bool:
        """Whether a rule may be for the identity of a pod: it names it or its namespace, or has a wildcard, or asks for
        no identity at all."""
        pod = self.pod(index)
        terms = [*(one for source in clause.sources for one in source), *clause.conditions]
        asking = [term for term in terms if term.key in IDENTITY and term.values]
        for term in asking:
            for value in term.values:
                known = self.account_of(term.key, value, policy.attachment.namespace)
                if known is None or known == (pod.namespace, pod.service_account):
                    return True
        return not asking

    def account_of(self, key: str, value: str, own: str) -> tuple[str, str] | None:
        """The namespace and account that a value names in full; None: it names something wider, or of elsewhere."""
        if "*" in value:
            return None
        if key == "source.principal":
            domain, *rest = value.split("/")
            known = (LOCAL, self.mesh.config.trust_domain, *self.mesh.config.aliases)
            return (rest[1], rest[3]) if len(rest) == 4 and domain in known else None
        if key == "source.serviceAccount":
            space, slash, name = value.partition("/")
            return (space, name) if slash else (own, value)
        return None

    @cached_property
    def _by_account(self) -> Mapping[tuple[str, str], list[int]]:
        found: dict[tuple[str, str], list[int]] = {}
        for index in self.pods:
            pod = self.pod(index)
            if pod.service_account:
                found.setdefault((pod.namespace, pod.service_account), []).append(index)
        return found

    @cached_property
    def gateways(self) -> tuple[int, ...]:
        """Pods that are gateways, and no waypoints."""
        pods = ((index, self.pod(index)) for index in self.pods)
        return tuple(index for index, pod in pods if is_gateway(pod) and not is_waypoint(pod))

    @cached_property
    def plain(self) -> tuple[int, ...]:
        """Pods that surely have no proxy: they come without an identity."""
        return tuple(
            index
            for index in self.pods
            if self.proxy(index) is Proxy.NONE and not self.pod(index).host_network and not is_gateway(self.pod(index))
        )

    @cached_property
    def clients_grid(self) -> Grid:
        """The relation of all layers, for clients as they are configured."""
        from ringfence.verdict.meshed.grids import grid_of

        return grid_of(self.situation.relation, self.mesh)

    @cached_property
    def attackers_grid(self) -> Grid:
        """The relation of all layers, for clients who control their pods."""
        from ringfence.verdict.meshed.grids import grid_of

        return grid_of(self.situation.relation, self.mesh, unbound=True)

    def free_witness(self, source: int, destination: int | str, port: int, protocol: str = "TCP") -> Witness | None:
        """The flow of somebody who controls a pod, if the layers that bind him surely let it, or some requests of it,
        through."""
        to = destination if isinstance(destination, str) else self.end(destination)
        one = Witness(self.end(source), to, port, protocol, Verdict.ALLOWED)
        try:
            answer = self.situation.answer(one)
        except EndError:
            return None
        if answer.verdict is Verdict.ALLOWED:
            return one
        if answer.verdict is Verdict.MIXED:
            # What the client's own proxy sends elsewhere binds nobody who controls the pod.
            elsewhere = answer.reason.code == "routed-elsewhere"
            return replace(one, unbound=True) if elsewhere else replace(one, expected=Verdict.MIXED)
        unbound = answer.verdict is Verdict.DENIED and answer.layered is not None and not answer.layered.holds
        return replace(one, unbound=True) if unbound else None

    def witness(
        self,
        sources: Iterable[int],
        destination: int | str,
        port: int,
        expected: Verdict,
        protocol: str = "TCP",
        request: Request | None = None,
    ) -> Witness | None:
        """The first flow that the network lets through and all layers together judge as expected: with one ``request``,
        or with all of them together. Where one is wanted that is allowed, and of every client some requests are and
        some are not, the first of these."""
        to = destination if isinstance(destination, str) else self.end(destination)
        others: Iterator[int] = (
            one
            for one in sources
            if isinstance(destination, str) or self.pod(one).workload != self.pod(destination).workload
        )
        partly: Witness | None = None
        for source in islice(others, MOST_ASKED):
            one = Witness(self.end(source), to, port, protocol, expected, request)
            try:
                network = self.situation.can(one.source, one.destination, one.port, one.protocol)
                verdict = self.situation.says(one) if network is Verdict.ALLOWED else network
            except EndError:
                continue
            if network is Verdict.ALLOWED and verdict is expected:
                return one
            if verdict is Verdict.MIXED and expected is Verdict.ALLOWED and network is Verdict.ALLOWED:
                partly = partly or replace(one, expected=Verdict.MIXED)
        return partly


def subject_of(policy: AuthorizationPolicy) -> Subject:
    """The identity of a policy."""
    return Subject(POLICY, policy.attachment.namespace, policy.name)


def literal_star(word: str) -> bool:
    """Whether a value has a ``*`` that stands for itself: all but one at an end, and those of templates."""
    bare = word.replace("{*}", "").replace("{**}", "")
    if bare.startswith("*"):
        bare = bare[1:]
    elif bare.endswith("*"):
        bare = bare[:-1]
    return "*" in bare


def listed(names: Sequence[str]) -> str:
    """Some names, in words: the first three, and that there are more."""
    first = list(dict.fromkeys(names))
    return ", ".join(first[:3]) + (" and others" if len(first) > 3 else "")


def asks_for(clause: Clause, port: int) -> bool:
    """Whether the rule is meant for a port at all: by any of its operations, and all of its conditions."""

    def fits(terms: Iterable[Term]) -> bool:
        return all(
            (not term.values or str(port) in term.values) and str(port) not in term.others
            for term in terms
            if term.key == "destination.port"
        )

    return fits(clause.conditions) and (not clause.operations or any(map(fits, clause.operations)))
