"""The DNS domain of the cluster, by which objects name Services (``NAME.NAMESPACE.svc.DOMAIN``).

istiod is told it (``--domain``), and so is its injector (``global.proxy.clusterDomain``). Inside, names of Services end
in the usual domain: hosts of objects are rewritten to it, so that what names a Service by another domain names none.
Source: istio ``pkg/kube/controllers``/``pilot/cmd/pilot-discovery`` (``--domain``), ``pilot/pkg/model/config.go``.
"""

from __future__ import annotations

from collections.abc import Iterator

from ringfence.dialects.istio.hosts import CLUSTER_DOMAIN
from ringfence.dialects.istio.objects import IstioObjects, Routed
from ringfence.dialects.istio.route_objects import Entry
from ringfence.values import replace

_USUAL = f".svc.{CLUSTER_DOMAIN}"
CLUSTER_SET = "clusterset.local"
"""Of Services of several clusters."""


def domain_of(objects: IstioObjects) -> str:
    """The domain of Services. Of several that the input tells, the one of the default revision."""
    planes = sorted(objects.control_planes, key=lambda one: (one.revision != "", one.revision))
    told = [one.domain for one in planes] + [one.domain for one in objects.injections]
    return next(filter(None, told), CLUSTER_DOMAIN)


def in_usual_domain(objects: IstioObjects) -> IstioObjects:
    """The objects, with hosts as they would be in a cluster with the usual domain."""
    domain = domain_of(objects)
    if domain == CLUSTER_DOMAIN:
        return objects

    def host(text: str) -> str:
        return rewritten(text, domain)

    def routed(one: Routed | None) -> Routed | None:
        return (
            None if one is None else replace(one, targets=tuple((host(name), subset) for name, subset in one.targets))
        )

    def entry(one: Entry) -> Entry:
        return replace(
            one,
            destinations=tuple(replace(each, host=host(each.host)) for each in one.destinations),
            mirrors=tuple(replace(each, host=host(each.host)) for each in one.mirrors),
        )

    def imported(text: str) -> str:
        space, slash, name = text.partition("/")
        return f"{space}/{host(name)}" if slash else text

    return replace(
        objects,
        destination_rules=tuple(replace(one, host=host(one.host)) for one in objects.destination_rules),
        sidecars=tuple(
            one
            if one.egress is None
            else replace(
                one, egress=tuple(replace(each, hosts=tuple(map(imported, each.hosts))) for each in one.egress)
            )
            for one in objects.sidecars
        ),
        virtual_services=tuple(
            one
            if one.named.kind != "VirtualService"
            else replace(
                one,
                hosts=tuple(map(host, one.hosts)),
                targets=tuple((host(name), subset) for name, subset in one.targets),
                entries=tuple(map(entry, one.entries)),
                requests=routed(one.requests),
                connections=routed(one.connections),
            )
            for one in objects.virtual_services
        ),
    )


def rewritten(host: str, domain: str) -> str:
    """One host, or pattern of hosts, of a cluster with this domain, as it would be in one with the usual domain. What
    means no Service there gets a last dot, with which it means none here either."""
    own = f".svc.{domain}"
    wild, tail = host.startswith("*"), host.removeprefix("*")
    if host == "*" or ("." not in host and not wild):
        return host
    if tail.endswith(own):
        return f"{'*' if wild else ''}{tail.removesuffix(own)}{_USUAL}"
    if wild and own.endswith(tail):
        return f"*{_USUAL}"
    if tail.endswith(CLUSTER_DOMAIN) or (wild and _USUAL.endswith(tail)):
        return f"{host}."
    return host


def strange_hosts(objects: IstioObjects) -> Iterator[str]:
    """Hosts that look like those of Services, in another domain than the cluster's."""
    own = f".svc.{domain_of(objects)}"
    named = [one.host for one in objects.destination_rules]
    named += [host for one in objects.virtual_services for host in one.hosts]
    named += [host.partition("/")[2] for one in objects.sidecars for each in one.egress or () for host in each.hosts]
    for host in dict.fromkeys(named):
        if ".svc." in host and not host.endswith((own, f".svc.{CLUSTER_SET}")):
            yield host
