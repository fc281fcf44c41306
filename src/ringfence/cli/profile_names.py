"""Names and versions of profiles for shell completion."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import click

    from ringfence.layers.profiles import Profile


def complete_profile(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Names, and behind an ``@`` the versions at which answers change, the first and the newest."""
    from ringfence.layers.profiles import ALIASES, PROFILES

    name, at, _ = incomplete.partition("@")
    if not at:
        return [known for known in PROFILES if known.startswith(incomplete)]
    profile = PROFILES.get(ALIASES.get(name, name))
    found = [f"{name}@{version}" for version in versions(profile)] if profile is not None else []
    return [word for word in found if word.startswith(incomplete)]


def versions(profile: Profile) -> list[str]:
    """The versions of a profile that are worth naming, oldest first: every minor release where its range is within one
    major release, else the first, the newest, and those at which an answer changes."""
    from ringfence.layers.profiles.profile import version_text

    if not profile.newest:
        return []
    first, last = (*profile.since, 0)[:2], (*profile.newest, 0)[:2]
    if first[0] == last[0] and len(profile.newest) == 2:
        return [f"{first[0]}.{minor}" for minor in range(first[1], last[1] + 1)]
    bounds = {profile.since, profile.newest}
    for readings in profile.by_version.values():
        bounds.update(bound for one in readings for bound in (one.since, one.before) if bound)
    return [version_text(bound) for bound in sorted(bounds) if profile.since <= bound <= profile.newest]
