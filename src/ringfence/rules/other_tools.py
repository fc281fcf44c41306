"""What ``istioctl analyze`` and Kiali report of security, by their codes, and which rule says it here.

The rules are found by their ``aliases``. A code that no rule has says why: it asks what no input tells, or is about
something that is no part of one cluster's security. Sources: istio ``pkg/config/analysis/msg/messages.yaml``, kiali
``models/istio_validation.go``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ringfence.rules.rule import Rule
from ringfence.values import Value


class Code(Value):
    """``says`` in a few words. ``instead``: why no rule has it; empty where one does."""

    says: str
    instead: str = ""


ISTIOCTL: Mapping[str, Code] = {
    "IST0101": Code("something that is referred to does not exist"),
    "IST0102": Code("a namespace does not say whether it is in the mesh"),
    "IST0103": Code("a pod lacks the proxy that its namespace asks for"),
    "IST0106": Code("the object is not valid"),
    "IST0107": Code("an annotation stands on the wrong kind of object"),
    "IST0108": Code("an annotation that Istio does not know"),
    "IST0109": Code("several VirtualServices of the mesh for one host"),
    "IST0110": Code("several Sidecars for one workload"),
    "IST0111": Code("several Sidecars for one namespace"),
    "IST0113": Code("a DestinationRule and a PeerAuthentication disagree about mutual TLS"),
    "IST0116": Code("Services give one port of a workload different protocols"),
    "IST0118": Code("the name of a port says no protocol"),
    "IST0123": Code("a namespace has two labels for injection"),
    "IST0125": Code("an annotation with a value that is not taken"),
    "IST0127": Code("a selector that no workload has"),
    "IST0128": Code("TLS without a certificate to verify the server with"),
    "IST0129": Code("the same, at one port"),
    "IST0130": Code("a route of a gateway that no request gets to"),
    "IST0131": Code("the same, as others cover all of its conditions"),
    "IST0132": Code("a host of a VirtualService that its Gateway does not have"),
    "IST0133": Code("the object is valid, and does something else than it seems to"),
    "IST0134": Code("a ServiceEntry for TCP without addresses"),
    "IST0135": Code("an annotation that is deprecated"),
    "IST0136": Code("an annotation of an alpha feature"),
    "IST0137": Code("Services give one port of a workload different numbers"),
    "IST0138": Code("two gateways share a certificate"),
    "IST0139": Code("a webhook calls a Service that does not exist"),
    "IST0143": Code("a server listens on localhost only", "which sockets are open is no part of any manifest or dump"),
    "IST0144": Code("an application runs as user 1337"),
    "IST0145": Code("two gateways for the same hosts"),
    "IST0146": Code("`image: auto` in a template that nobody injects"),
    "IST0147": Code("`image: auto` in a pod that nobody injects"),
    "IST0148": Code("a namespace is injected because it says nothing"),
    "IST0149": Code("a route by a claim that nobody validates"),
    "IST0151": Code("a patch hangs on what another filter does"),
    "IST0152": Code("a patch replaces what cannot be replaced"),
    "IST0153": Code("a patch adds where nothing is added"),
    "IST0154": Code("a patch removes where nothing is removed"),
    "IST0155": Code("a patch is for one version of the proxy"),
    "IST0158": Code("proxies of another release than the control plane"),
    "IST0161": Code("the certificate of a gateway is not there"),
    "IST0162": Code("a gateway's port that its Service does not have"),
    "IST0166": Code("a selector that does not reach a gateway or waypoint"),
    "IST0167": Code("a policy that nobody enforces"),
    "IST0169": Code(
        "a default that a newer release changes",
        "meanings that hang on the release are part of every verdict (`--istio-version`, or what the images say)",
    ),
    "IST0170": Code("a Service differs between clusters", "the input is one cluster"),
    "IST0171": Code("a condition in the status is false"),
    "IST0173": Code("a subset that no pod has"),
    "IST0174": Code("a DestinationRule for a host that nobody has"),
    "IST0175": Code("keys of tokens are fetched from any address"),
    "IST0177": Code("two ServiceEntries give a host different protocols"),
}

KIALI: Mapping[str, Code] = {
    "KIA0002": Code("several objects without a selector in one namespace"),
    "KIA0003": Code("several objects for one workload"),
    "KIA0004": Code("a selector that no workload has"),
    "KIA0005": Code("exported to a namespace that there is not"),
    "KIA0101": Code("an AuthorizationPolicy names a namespace that there is not"),
    "KIA0102": Code("an HTTP method that there is not"),
    "KIA0104": Code("a host that nobody has"),
    "KIA0105": Code("a field that needs mutual TLS"),
    "KIA0106": Code("a principal whose ServiceAccount there is not"),
    "KIA0107": Code("a principal of another cluster"),
    "KIA0108": Code("a principal of another trust domain"),
    "KIA0109": Code("a policy about requests in ambient, without a waypoint"),
    "KIA0110": Code("a policy about requests in ambient, without targets"),
    "KIA0201": Code("two DestinationRules for one host"),
    "KIA0202": Code("a DestinationRule for a host that nobody has"),
    "KIA0203": Code("a subset that no pod has"),
    "KIA0204": Code("TLS settings of a wider DestinationRule do not hold"),
    "KIA0205": Code("a DestinationRule for mutual TLS in the mesh, and servers that take none"),
    "KIA0206": Code("the same for a namespace"),
    "KIA0207": Code("servers are STRICT, and a DestinationRule turns mutual TLS off"),
    "KIA0208": Code("the same for the mesh"),
    "KIA0209": Code("a subset without labels"),
    "KIA0210": Code("a DestinationRule for requests in ambient, without a waypoint"),
    "KIA0211": Code("a DestinationRule for a Service that no waypoint serves"),
    "KIA0212": Code("a DestinationRule that a waypoint does not read, of another namespace"),
    "KIA0301": Code("two gateways for the same hosts"),
    "KIA0302": Code("a gateway's selector that no pod has"),
    "KIA0401": Code("the mesh is STRICT, and clients are not told to send mutual TLS"),
    "KIA0501": Code("the same for a namespace"),
    "KIA0505": Code("a namespace takes plaintext only, and clients send mutual TLS"),
    "KIA0506": Code("the same for the mesh"),
    "KIA0601": Code("the name of a port says no protocol"),
    "KIA0602": Code("appProtocol says none"),
    "KIA0701": Code("a Service leads to a port that its pods do not have"),
    "KIA1004": Code("a Sidecar names a host that nobody has"),
    "KIA1006": Code("a Sidecar for the mesh has a selector"),
    "KIA1007": Code("a Sidecar with an empty outboundTrafficPolicy"),
    "KIA1106": Code("several VirtualServices for one host"),
    "KIA1109": Code("a VirtualService in ambient, without a waypoint"),
    "KIA1110": Code("a RequestAuthentication in ambient, without a waypoint"),
    "KIA1111": Code("a WasmPlugin in ambient, without a waypoint"),
    "KIA1112": Code("a Telemetry in ambient, without a waypoint"),
    "KIA1113": Code("a VirtualService that no waypoint reads"),
    "KIA1114": Code("a VirtualService for a Service without a waypoint"),
    "KIA1115": Code("a RequestAuthentication in ambient, without targets"),
    "KIA1116": Code("a WasmPlugin in ambient, without targets"),
    "KIA1117": Code("a Telemetry in ambient, without targets"),
    "KIA1211": Code("two ServiceEntries for one host"),
    "KIA1212": Code("they give it different protocols"),
    "KIA1301": Code("no AuthorizationPolicy covers a workload"),
    "KIA1311": Code("labels for a sidecar and for ambient"),
    "KIA1312": Code("a label for a waypoint outside of ambient"),
    "KIA1313": Code("a waypoint that there is not"),
    "KIA1314": Code("a label for a sidecar, and ztunnel takes the pod"),
    "KIA1315": Code("a sidecar, and a label for ambient"),
    "KIA1316": Code("a sidecar in a namespace of ambient"),
    "KIA1317": Code("a policy about requests for a workload without a waypoint"),
    "KIA1401": Code("a route names a Gateway that there is not"),
    "KIA1402": Code("a route sends to a Service that there is not"),
    "KIA1501": Code("two Gateways for the same hosts"),
    "KIA1502": Code("two Gateways for the same address"),
    "KIA1503": Code("two listeners for the same host and port"),
    "KIA1504": Code("a class of Gateways that Kiali is not told of", "it is about the settings of Kiali"),
    "KIA1601": Code("a ReferenceGrant to a namespace that there is not"),
    "KIA1701": Code("a WorkloadGroup whose ServiceAccount there is not"),
    "KIA1702": Code("two WorkloadGroups for the same labels"),
}

TOOLS: Mapping[str, Mapping[str, Code]] = {"istioctl": ISTIOCTL, "kiali": KIALI}


def by_alias(rules: Iterator[Rule]) -> Mapping[str, tuple[str, ...]]:
    """What other tools call them (``kiali:KIA0004``) → ids of the rules, in their order."""
    found: dict[str, tuple[str, ...]] = {}
    for rule in rules:
        for alias in rule.aliases:
            found[alias] = (*found.get(alias, ()), rule.id)
    return found
