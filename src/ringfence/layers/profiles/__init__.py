"""CNI profiles: what each network plugin does with what the specifications leave open, and which gaps it has."""

from __future__ import annotations

import re
from difflib import get_close_matches

from ringfence.layers.profiles.antrea import ANTREA
from ringfence.layers.profiles.aws_vpc_cni import AWS_VPC_CNI
from ringfence.layers.profiles.azure import AZURE
from ringfence.layers.profiles.calico import CALICO
from ringfence.layers.profiles.cilium import CILIUM
from ringfence.layers.profiles.facts import GROUPS, Fact, Trait
from ringfence.layers.profiles.flannel import FLANNEL
from ringfence.layers.profiles.generic import GENERIC
from ringfence.layers.profiles.gke_dataplane_v2 import GKE_DATAPLANE_V2
from ringfence.layers.profiles.kube_network_policies import KINDNET, KUBE_NETWORK_POLICIES
from ringfence.layers.profiles.kube_router import K3S, KUBE_ROUTER
from ringfence.layers.profiles.netpol_analyzer import NETPOL_ANALYZER
from ringfence.layers.profiles.ovn_kubernetes import OVN_KUBERNETES
from ringfence.layers.profiles.profile import Profile, Reading, Remark, Version, version_text, word
from ringfence.layers.profiles.weave import WEAVE

__all__ = [
    "ALIASES",
    "GROUPS",
    "PROFILES",
    "Fact",
    "Profile",
    "ProfileError",
    "Reading",
    "Remark",
    "Trait",
    "find",
    "word",
]

PROFILES: dict[str, Profile] = {
    profile.name: profile
    for profile in (
        GENERIC,
        CALICO,
        CILIUM,
        ANTREA,
        OVN_KUBERNETES,
        KUBE_ROUTER,
        K3S,
        KUBE_NETWORK_POLICIES,
        KINDNET,
        AWS_VPC_CNI,
        AZURE,
        GKE_DATAPLANE_V2,
        WEAVE,
        FLANNEL,
        NETPOL_ANALYZER,
    )
}

ALIASES: dict[str, str] = {
    "canal": "calico",
    "azure-npm": "azure",
    "dataplane-v2": "gke-dataplane-v2",
    "ovn": "ovn-kubernetes",
    "vpc-cni": "aws-vpc-cni",
    "weave-net": "weave",
}
"""Other names for a profile."""

_VERSION = re.compile(r"v?(\d{1,6}(?:\.\d{1,6}){0,3})(?:[-+][0-9A-Za-z.+-]*)?")


class ProfileError(ValueError):
    """No profile of that name, or not for that version. ``hint`` says which there are."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def find(text: str) -> Profile:
    """The profile that ``NAME`` or ``NAME@VERSION`` names. Raises ProfileError.

    Without a version the answers are those that hold for every release covered; one that differs is open. A version may
    be short: ``3.29`` stands for every 3.29 release.
    """
    name, at, version = text.partition("@")
    profile = PROFILES.get(ALIASES.get(name, name))
    if profile is None:
        close = get_close_matches(name.lower(), [*PROFILES, *ALIASES], n=1)
        known = ", ".join(PROFILES)
        hint = f"did you mean {close[0]}? " if close else ""
        raise ProfileError(f"no CNI profile is called {name!r}", f"{hint}profiles: {known}")
    return _at(profile, version) if at else profile


def _at(profile: Profile, text: str) -> Profile:
    newest = version_text(profile.newest)
    found = _VERSION.fullmatch(text)
    if found is None:
        example = f"write for example {profile.name}@{newest}" if newest else f"write {profile.name}"
        raise ProfileError(f"{text!r} is not a version", example)
    if not profile.newest:
        raise ProfileError(f"profile {profile.name} has no versions", f"write {profile.name}")
    given: Version = tuple(int(part) for part in found[1].split("."))
    if given < profile.since[: len(given)] or given[: len(profile.newest)] > profile.newest[: len(given)]:
        raise ProfileError(
            f"profile {profile.name} does not cover version {text}",
            f"did you mean {profile.name}@{newest}? it covers {profile.versions}",
        )
    return profile.at(found[1], given)
