"""Groups that can change who reaches whom and that ringfence does not model yet, and the meshes.

One line for each kind that is known not to change reach of itself, with the reason; *every other kind of these groups,
in any version, is opaque*: the verdicts that it could touch are UNKNOWN until its dialect exists.
"""

from __future__ import annotations

from collections.abc import Mapping

_STAGED = "a staged policy is never enforced"
_SET = "a named set; it acts only through a policy, which is itself opaque"
_TIER = "orders policies, which are themselves opaque"
_STATE = "state or settings that the network plugin keeps; it allows and denies nothing by itself"
_ADDRESSES = "gives out addresses; it allows and denies nothing"
_SOURCE = "changes the source address of traffic that policy allows, not whether it passes"
_ROUTES = "announces routes outside the cluster"
_COMPUTED = "computed from policies that are objects of their own"
_OBSERVES = "observes traffic or collects data"
_QUALITY = "traffic class or bandwidth, not reach"
_RUNTIME = "acts on processes, not on the network"
_SECONDARY = "a further network besides the cluster's own, of which the verdicts speak"


def _names(*texts: str) -> frozenset[str]:
    return frozenset(name for text in texts for name in text.split())


def _kinds(reason: str, *texts: str) -> dict[str, str]:
    return dict.fromkeys(sorted(_names(*texts)), reason)


_CALICO = (
    _kinds(_STAGED, "StagedNetworkPolicy StagedGlobalNetworkPolicy StagedKubernetesNetworkPolicy")
    | _kinds(_SET, "NetworkSet GlobalNetworkSet")
    | _kinds(_TIER, "Tier")
    | _kinds("rules that act only through a HostEndpoint, which is itself opaque", "Profile")
    | _kinds(
        _STATE,
        "FelixConfiguration ClusterInformation KubeControllersConfiguration CalicoNodeStatus",
        "RemoteClusterConfiguration LicenseKey UISettings UISettingsGroup AuthenticationReview",
        "AuthorizationReview ManagedCluster Node",
    )
    | _kinds(
        _ADDRESSES,
        "IPPool IPReservation IPAMBlock IPAMConfig IPAMConfiguration IPAMHandle",
        "BlockAffinity LiveMigration",
    )
    | _kinds(_ROUTES, "BGPConfiguration BGPPeer BGPFilter")
    | _kinds(
        _OBSERVES,
        "PacketCapture GlobalAlert GlobalAlertTemplate GlobalReport GlobalReportType",
        "GlobalThreatFeed AlertException DeepPacketInspection SecurityEventWebhook",
    )
)

_CILIUM = (
    _kinds(_SET, "CiliumCIDRGroup")
    | _kinds(
        _STATE,
        "CiliumEndpoint CiliumEndpointSlice CiliumIdentity CiliumNode CiliumNodeConfig",
        "CiliumExternalWorkload CiliumGatewayClassConfig CiliumVTEPConfig",
    )
    | _kinds(_ADDRESSES, "CiliumPodIPPool CiliumLoadBalancerIPPool CiliumL2AnnouncementPolicy")
    | _kinds(
        _ROUTES,
        "CiliumBGPPeeringPolicy CiliumBGPClusterConfig CiliumBGPPeerConfig",
        "CiliumBGPAdvertisement CiliumBGPNodeConfig CiliumBGPNodeConfigOverride",
    )
    | _kinds(_RUNTIME, "TracingPolicy TracingPolicyNamespaced PodInfo")
)

HARMLESS: Mapping[str, Mapping[str, str]] = {
    "projectcalico.org": _CALICO,
    "crd.projectcalico.org": _CALICO,
    "cilium.io": _CILIUM,
    "isovalent.com": _kinds(_SET, "IsovalentFQDNGroup"),
    "crd.antrea.io": (
        _kinds(_TIER, "Tier")
        | _kinds(_SET, "Group ClusterGroup ExternalEntity ExternalNode")
        | _kinds(_SOURCE, "Egress")
        | _kinds(_ADDRESSES, "IPPool ExternalIPPool")
        | _kinds(_ROUTES, "BGPPolicy")
        | _kinds(_STATE, "AntreaAgentInfo AntreaControllerInfo")
        | _kinds(
            _OBSERVES,
            "Traceflow PacketCapture SupportBundleCollection NodeLatencyMonitor",
            "L7FlowExporter FlowExporterDestination",
        )
    ),
    "networking.k8s.aws": _kinds(_COMPUTED, "PolicyEndpoint ClusterPolicyEndpoint"),
    "vpcresources.k8s.aws": _kinds(_STATE, "CNINode"),
    "k8s.ovn.org": (
        _kinds(_QUALITY, "EgressQoS NetworkQoS")
        | _kinds(_SOURCE, "EgressIP EgressService")
        | _kinds(_ROUTES, "RouteAdvertisements")
    ),
    "network.openshift.io": _kinds(_STATE, "HostSubnet ClusterNetwork DNSNameResolver"),
    "ingressnodefirewall.openshift.io": _kinds(_STATE, "IngressNodeFirewallConfig IngressNodeFirewallNodeState"),
    "k8s.cni.cncf.io": _kinds(_SECONDARY, "NetworkAttachmentDefinition"),
    "networking.gke.io": (
        _kinds(_SECONDARY, "Network GKENetworkParamSet NetworkInterface")
        | _kinds(_SOURCE, "EgressNATPolicy")
        | _kinds(_OBSERVES, "NetworkLogging")
        | _kinds(
            "settings of a load balancer in front of the cluster",
            "ManagedCertificate FrontendConfig",
            "ServiceAttachment ServiceNetworkEndpointGroup GCPBackendPolicy GCPGatewayPolicy",
            "HealthCheckPolicy GCPTrafficDistributionPolicy",
        )
        | _kinds(_STATE, "NodeTopology RemoteNode")
    ),
    "kubeovn.io": (
        _kinds(_ADDRESSES, "IP IPPool Vip OvnEip IptablesEIP")
        | _kinds(_SOURCE, "OvnSnatRule IptablesSnatRule")
        | _kinds(_QUALITY, "QoSPolicy")
        | _kinds(_STATE, "Vlan ProviderNetwork VpcDns")
    ),
    "core.contrail.juniper.net": {},
    "crd.nsx.vmware.com": (
        _kinds(_ADDRESSES, "IPPool IPAddressAllocation AddressBinding SubnetIPReservation")
        | _kinds(
            _STATE,
            "NetworkInfo NSXServiceAccount VPCNetworkConfiguration NetworkConfiguration",
            "SubnetPort SubnetSet Subnet",
        )
    ),
    "nsx.vmware.com": _kinds(_STATE, "NSXServiceAccount NSXLoadBalancerMonitor NCPSetting"),
    "network.alibabacloud.com": _kinds(_STATE, "PodENI Node NodeRuntime NetworkInterface"),
    "aci.netpol": {},
    "aci.hostprotection": {},
    "neuvector.com": _kinds(
        _STATE,
        "NvAdmissionControlSecurityRule NvComplianceProfile NvVulnerabilityProfile NvCspUsage",
        "NvResponseRuleSecurityRule NvGroupDefinition",
    ),
    "security.kubearmor.com": {},
}
"""Group → the kinds that do not change reach of themselves, with the reason."""

CLUSTER_SCOPED: frozenset[str] = _names(
    "GlobalNetworkPolicy HostEndpoint CiliumClusterwideNetworkPolicy CiliumEgressGatewayPolicy",
    "IsovalentClusterwideNetworkPolicy IsovalentEgressGatewayPolicy ClusterNetworkPolicy TrafficControl",
    "ClusterUserDefinedNetwork AdminPolicyBasedExternalRoute ClusterNetworkConnect NetNamespace",
    "IngressNodeFirewall SecurityGroup Subnet Vpc VpcNatGateway SwitchLBRule OvnFip OvnDnatRule",
    "IptablesFIPRule IptablesDnatRule NvClusterSecurityRule KubeArmorClusterPolicy KubeArmorHostPolicy",
    "HostprotPol PodNetworking",
)
"""Kinds of these groups that act on the whole cluster; one that is not here is namespaced if it names a namespace."""

NAMESPACED: frozenset[str] = _names(
    "NetworkPolicy CiliumNetworkPolicy CiliumLocalRedirectPolicy IsovalentNetworkPolicy",
    "ApplicationNetworkPolicy SecurityGroupPolicy EgressFirewall UserDefinedNetwork EgressNetworkPolicy",
    "MultiNetworkPolicy FQDNNetworkPolicy RedirectService SecurityPolicy NvSecurityRule",
    "NvDlpSecurityRule NvWafSecurityRule KubeArmorPolicy",
)
"""Kinds of these groups that stand in ``default`` when they name no namespace."""

MESH_GROUPS: frozenset[str] = _names(
    "networking.istio.io security.istio.io telemetry.istio.io extensions.istio.io install.istio.io",
    "rbac.istio.io authentication.istio.io config.istio.io",
    "sailoperator.io maistra.io linkerd.io policy.linkerd.io multicluster.linkerd.io",
    "workload.linkerd.io consul.hashicorp.com mesh.consul.hashicorp.com auth.consul.hashicorp.com",
    "multicluster.consul.hashicorp.com kuma.io appmesh.k8s.aws access.smi-spec.io split.smi-spec.io specs.smi-spec.io",
    "policy.openservicemesh.io config.openservicemesh.io mesh.traefik.io net.gke.io networkservices.gke.io",
)
"""Service meshes: what they do is decided above the network layer."""

MESH_KINDS: frozenset[tuple[str, str]] = frozenset(
    {
        ("cilium.io", "CiliumEnvoyConfig"),
        ("cilium.io", "CiliumClusterwideEnvoyConfig"),
    }
)
"""Mesh kinds of groups that have others too."""

MESH_NAMESPACED: frozenset[tuple[str, str]] = frozenset({
    *(("security.istio.io", kind) for kind in ("AuthorizationPolicy", "PeerAuthentication", "RequestAuthentication")),
    *(
        ("networking.istio.io", kind)
        for kind in (
            *("DestinationRule", "EnvoyFilter", "Gateway", "ProxyConfig", "ServiceEntry", "Sidecar", "VirtualService"),
            *("WorkloadEntry", "WorkloadGroup"),
        )
    ),
    ("extensions.istio.io", "WasmPlugin"),
    ("extensions.istio.io", "TrafficExtension"),
    ("telemetry.istio.io", "Telemetry"),
})  # fmt: skip
"""Kinds of meshes that stand in ``default`` when they name no namespace, and of which an object is worth a word when it
is given twice."""
