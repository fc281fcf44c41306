"""What each network plugin does, transcribed apart from the engine's profiles: yes and no; what is missing is open.

A name is a fact as the working notes (4.1) speak of it. ``NAME@VERSION`` picks what differs between releases; without a
version only what all of them share is decided.
"""

from __future__ import annotations

from collections.abc import Mapping

Settings = Mapping[str, bool]

YES = (
    "networkpolicy-ingress",
    "networkpolicy-egress",
    "clusternetworkpolicy",
    "adminnetworkpolicy",
    "baselineadminnetworkpolicy",
    "admin-priority-above-99",
    "standalone-pods",
    "networks-match-pods",
    "networks-match-nodes",
    "except-is-local",
    "ipv6-zero-is-everything",
    "ipv6-filtered",
    "ipv6-ipblocks",
    "sctp-filtered",
    "sctp-ports",
    "end-port",
    "named-ports",
    "admin-named-ports",
    "admin-node-peers",
    "admin-domain-peers",
    "own-node-ingress-exempt",
    "services-seen-as-pods",
    "local-policy-keeps-client",
)
"""What the specifications ask for; a plugin's gaps are taken out below."""

GENERIC: Settings = {**dict.fromkeys(YES, True), "admin-host-network-pods-are-pods": False}


ADMIN_KINDS = "clusternetworkpolicy adminnetworkpolicy baselineadminnetworkpolicy"
ONLY_ADMIN = (
    "admin-priority-above-99 networks-match-pods networks-match-nodes admin-named-ports admin-node-peers "
    "admin-domain-peers admin-host-network-pods-are-pods baseline-per-direction"
)


def settings(base: Settings, yes: str = "", no: str = "", open_: str = "") -> Settings:
    """A profile by what differs from another."""
    if ADMIN_KINDS in no:
        open_ += f" {ONLY_ADMIN}"  # what they would mean there nobody has looked at
    changed = {**base, **dict.fromkeys(yes.split(), True), **dict.fromkeys(no.split(), False)}
    return {name: value for name, value in changed.items() if name not in open_.split()}


BLOCKS = "ipblock-matches-pods ipblock-matches-nodes"
NODE_PODS = "host-network-pods-are-pods"
FAR = "cluster-policy-keeps-client"
NEAR = "own-node-keeps-client"
STATED = "node-address-is-stated"
NP = "networkpolicy-ingress networkpolicy-egress"
SCTP = "sctp-filtered sctp-ports"
OWN = "own-node-ingress-exempt"

CALICO = settings(
    GENERIC,
    yes=f"{BLOCKS} baseline-per-direction {NEAR}",
    no=f"{NODE_PODS} own-node-egress-exempt admin-named-ports",
    open_=f"{ADMIN_KINDS} admin-node-peers admin-domain-peers",
)
CILIUM = settings(
    GENERIC,
    no=f"{ADMIN_KINDS} ipblock-matches-pods {NODE_PODS}",
    open_=f"{SCTP} {OWN} end-port clusternetworkpolicy",
)
ANTREA = settings(
    GENERIC,
    yes=BLOCKS,
    no=f"{NODE_PODS} {FAR} {STATED}",
    open_=f"{ADMIN_KINDS} admin-priority-above-99 admin-node-peers admin-domain-peers admin-named-ports "
    "services-seen-as-pods",
)
OVN = settings(
    GENERIC,
    yes=f"{BLOCKS} baseline-per-direction hairpin-ingress-exempt",
    no=f"{NODE_PODS} clusternetworkpolicy admin-priority-above-99 {FAR} {NEAR}",
    open_="adminnetworkpolicy baselineadminnetworkpolicy admin-domain-peers",
)
KUBE_ROUTER = settings(
    GENERIC,
    yes=BLOCKS,
    no=f"{ADMIN_KINDS} {NODE_PODS} ipv6-zero-is-everything",
    open_=f"{NP} except-is-local",
)
KNP = settings(
    GENERIC,
    yes=f"{BLOCKS} {NEAR}",
    no=f"{NODE_PODS} own-node-egress-exempt baseline-per-direction",
    open_=f"{ADMIN_KINDS} {OWN} admin-domain-peers admin-named-ports",
)
AWS = settings(
    GENERIC,
    yes=BLOCKS,
    no=f"{ADMIN_KINDS} {NODE_PODS} services-seen-as-pods {FAR} {NEAR}",
    open_=f"{NP} standalone-pods except-is-local ipv6-zero-is-everything ipv6-filtered ipv6-ipblocks {OWN}",
)

PROFILES: Mapping[str, Settings] = {
    "generic": GENERIC,
    "netpol-analyzer": settings(
        GENERIC,
        yes=f"{NODE_PODS} admin-host-network-pods-are-pods baseline-per-direction hairpin-egress-exempt "
        f"hairpin-ingress-exempt {FAR} {NEAR} {STATED}",
        no=f"{BLOCKS} networks-match-pods networks-match-nodes own-node-egress-exempt",
    ),
    "calico": CALICO,
    "calico@3.29": settings(CALICO, yes="adminnetworkpolicy", no="clusternetworkpolicy"),
    "calico@3.31": settings(CALICO, yes="adminnetworkpolicy baselineadminnetworkpolicy", no="clusternetworkpolicy"),
    "calico@3.32": settings(CALICO, yes="clusternetworkpolicy", no="adminnetworkpolicy baselineadminnetworkpolicy"),
    "cilium": CILIUM,
    "cilium@1.14": settings(CILIUM, no="ipblock-matches-nodes end-port clusternetworkpolicy"),
    "cilium@1.15": settings(CILIUM, no="end-port clusternetworkpolicy"),
    "cilium@1.17": settings(CILIUM, yes="end-port", no="clusternetworkpolicy"),
    "cilium@1.19": settings(CILIUM, yes="end-port"),
    "antrea": ANTREA,
    "antrea@2.6": settings(ANTREA, no="clusternetworkpolicy"),
    "antrea@2.7": settings(ANTREA, yes="admin-node-peers admin-domain-peers admin-named-ports"),
    "ovn-kubernetes": OVN,
    "kube-router": KUBE_ROUTER,
    "kube-router@2.1": KUBE_ROUTER,
    "k3s": settings(KUBE_ROUTER, yes=NEAR, no=f"except-is-local {FAR}"),
    "kube-network-policies": KNP,
    "kindnet": settings(KNP, no=f"{ADMIN_KINDS} {FAR}"),
    "aws-vpc-cni": AWS,
    "aws-vpc-cni@1.13": settings(AWS, no=NP),
    "aws-vpc-cni@1.19": AWS,
    "azure": settings(
        GENERIC,
        yes=f"{BLOCKS} {NEAR}",
        no=f"{ADMIN_KINDS} ipv6-ipblocks",
        open_=f"ipv6-filtered ipv6-zero-is-everything {SCTP} {OWN}",
    ),
    "gke-dataplane-v2": settings(
        GENERIC,
        no=f"{ADMIN_KINDS} ipblock-matches-pods {NODE_PODS}",
        open_=f"{SCTP} end-port {OWN}",
    ),
    "weave": settings(
        GENERIC,
        yes=NEAR,
        no=f"{ADMIN_KINDS} end-port named-ports {FAR} {STATED}",
        open_=f"local-policy-keeps-client {NP} ipv6-zero-is-everything ipv6-filtered ipv6-ipblocks {SCTP} {OWN}",
    ),
    "flannel": settings({}, no=f"{NP} {ADMIN_KINDS}"),
}
"""Every plugin, with the releases at which an answer changes."""

FACTS = tuple(
    sorted(
        {
            *YES,
            *BLOCKS.split(),
            NODE_PODS,
            "admin-host-network-pods-are-pods",
            "own-node-egress-exempt",
            "hairpin-egress-exempt",
            "hairpin-ingress-exempt",
            "baseline-per-direction",
            FAR,
            NEAR,
            STATED,
        }
    )
)
"""Every question."""
