"""CNI profiles: what each network plugin does with what the specifications leave open."""

from __future__ import annotations

from difflib import get_close_matches

from ringfence.layers.profiles.calico import CALICO
from ringfence.layers.profiles.generic import GENERIC
from ringfence.layers.profiles.netpol_analyzer import NETPOL_ANALYZER
from ringfence.layers.profiles.profile import Fact, Profile, Reading

__all__ = ["PROFILES", "Fact", "Profile", "ProfileError", "Reading", "find"]

PROFILES: dict[str, Profile] = {profile.name: profile for profile in (GENERIC, CALICO, NETPOL_ANALYZER)}


class ProfileError(ValueError):
    """No profile of that name, or not for that version. ``hint`` says which there are."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def find(text: str) -> Profile:
    """The profile that ``NAME`` or ``NAME@VERSION`` names. Raises ProfileError.

    The profiles so far answer alike for all versions that they cover, so a version is only checked for its form.
    """
    name, at, version = text.partition("@")
    profile = PROFILES.get(name)
    if profile is None:
        close = get_close_matches(name, PROFILES, n=1)
        known = ", ".join(PROFILES)
        hint = f"did you mean {close[0]}? " if close else ""
        raise ProfileError(f"no CNI profile is called {name!r}", f"{hint}profiles: {known}")
    if at and not version.strip("v").replace(".", "").isdigit():
        raise ProfileError(f"{version!r} is not a version", f"write for example {name}@3.29")
    given = tuple(int(part) for part in version.strip("v").split(".") if part)
    if given < profile.since[: len(given)]:
        raise ProfileError(f"profile {name} does not cover version {version}", f"it covers {profile.versions}")
    return profile
