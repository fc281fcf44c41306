"""Ingress and gateway controllers: what a class calls them, and how their pods are labelled.

Sources: the projects' own manifests and Helm charts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from ringfence.values import Value

Labels = Mapping[str, str]


class Software(Value):
    """One controller. ``controllers``: patterns for ``spec.controller`` of a class. ``class_names``: names that an
    Ingress without a class object means it by. ``pods``: label sets of its pods, each with the namespace that they are
    in by default (empty: any). ``own_pods``: it makes pods for each Gateway, with these labels, in which ``NAME`` and
    ``NAMESPACE`` stand for the Gateway's. ``outside``: it is no pod at all but a load balancer of the cloud.
    ``ranks_by_sort``: of the matches of routes of the Gateway API it takes exact paths first, then prefixes, then
    regular expressions; of others it is not known where these are."""

    name: str
    controllers: tuple[str, ...]
    class_names: tuple[str, ...] = ()
    pods: tuple[tuple[str, Labels], ...] = ()
    own_pods: tuple[Labels, ...] = ()
    outside: bool = False
    ranks_by_sort: bool = False

    def pods_of(self, gateway: tuple[str, str] | None) -> Iterator[tuple[str, Labels]]:
        """(namespace or empty, labels) of the pods that serve a Gateway, or Ingresses."""
        if gateway is not None:
            for labels in self.own_pods:
                yield (
                    "",
                    {
                        key: value.replace("NAMESPACE", gateway[0]).replace("NAME", gateway[1])
                        for key, value in labels.items()
                    },
                )
        if gateway is None or not self.own_pods:
            yield from self.pods


def _named(name: str, component: str = "") -> tuple[str, Labels]:
    labels = {"app.kubernetes.io/name": name}
    return "", labels | ({"app.kubernetes.io/component": component} if component else {})


KNOWN: tuple[Software, ...] = (
    Software(
        "ingress-nginx",
        ("k8s.io/ingress-nginx*",),
        ("nginx",),
        (
            _named("ingress-nginx", "controller"),
            _named("rke2-ingress-nginx", "controller"),
            ("ingress-nginx", {"app.kubernetes.io/name": "ingress-nginx"}),
            ("ingress-nginx", {"app": "ingress-nginx"}),
        ),
    ),
    Software(
        "NGINX Ingress Controller",
        ("nginx.org/ingress-controller*",),
        (),
        (_named("nginx-ingress"), ("nginx-ingress", {"app": "nginx-ingress"})),
    ),
    Software(
        "Traefik",
        ("traefik.io/ingress-controller*", "traefik.io/gateway-controller*"),
        ("traefik",),
        (_named("traefik"),),
    ),
    Software(
        "HAProxy Kubernetes Ingress Controller",
        ("haproxy.org/ingress-controller*",),
        (),
        (_named("kubernetes-ingress"), ("haproxy-controller", {"run": "haproxy-ingress"})),
    ),
    Software("HAProxy Ingress", ("haproxy-ingress.github.io/controller*",), ("haproxy",), (_named("haproxy-ingress"),)),
    Software(
        "Contour",
        ("projectcontour.io/*",),
        ("contour",),
        (_named("contour", "envoy"), ("projectcontour", {"app": "envoy"})),
    ),
    Software(
        "Envoy Gateway",
        ("gateway.envoyproxy.io/gatewayclass-controller*",),
        own_pods=(
            {
                "gateway.envoyproxy.io/owning-gateway-name": "NAME",
                "gateway.envoyproxy.io/owning-gateway-namespace": "NAMESPACE",
            },
        ),
    ),
    Software(
        "Istio gateway",
        ("istio.io/gateway-controller*", "istio.io/ingress-controller*"),
        ("istio",),
        (("", {"istio": "ingressgateway"}),),
        ({"gateway.networking.k8s.io/gateway-name": "NAME"},),
        ranks_by_sort=True,
    ),
    Software(
        "OpenShift router",
        ("openshift.io/ingress-to-route*",),
        ("openshift-default",),
        (("openshift-ingress", {"ingresscontroller.operator.openshift.io/deployment-ingresscontroller": "default"}),),
    ),
    Software("Kong", ("ingress-controllers.konghq.com/kong*", "konghq.com/*"), ("kong",), (_named("kong"),)),
    Software("AWS load balancer", ("ingress.k8s.aws/alb*",), ("alb",), outside=True),
    Software("Google Cloud load balancer", ("networking.gke.io/*", "k8s.io/ingress-gce*"), ("gce",), outside=True),
    Software(
        "Azure Application Gateway",
        ("azure/application-gateway*", "alb.networking.azure.io/*"),
        ("azure-application-gateway", "azure/application-gateway"),
        outside=True,
    ),
)


def by_controller(controller: str) -> Software | None:
    """The software that a class's ``controller`` names."""
    return next((one for one in KNOWN if any(fnmatchcase(controller, text) for text in one.controllers)), None)


def by_class_name(name: str) -> Software | None:
    """The software that people mean by a class name, where the input lacks the class."""
    return next((one for one in KNOWN if name in one.class_names), None)


OPENSHIFT = next(one for one in KNOWN if one.name == "OpenShift router")
