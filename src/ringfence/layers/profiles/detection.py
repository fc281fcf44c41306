"""Which profile the input stands for: chosen when it is unambiguous, never guessed.

Two plugins that both enforce policy mean that traffic has to pass both, or that one is being replaced by the other;
neither is a profile. A version that a profile does not cover is no version of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ringfence.layers.profiles import ALIASES, PROFILES, ProfileError, find
from ringfence.layers.profiles.facts import Fact
from ringfence.layers.profiles.generic import GENERIC
from ringfence.layers.profiles.netpol_analyzer import NETPOL_ANALYZER
from ringfence.layers.profiles.profile import Profile, Reading
from ringfence.model.plugins import DetectedPlugins, PluginCandidate, Setting
from ringfence.values import Value

BY_DEFAULT = "the default"
_NO_PLUGINS = (GENERIC.name, NETPOL_ANALYZER.name)
_SWITCHES = (Fact.NETWORK_POLICY_INGRESS, Fact.NETWORK_POLICY_EGRESS)


class Detected(Value):
    """One plugin that the input shows. ``profile`` None: there is none for it. ``remarks`` say what of the version is
    not known."""

    candidate: PluginCandidate
    profile: Profile | None
    remarks: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """With the version, if one is known."""
        return self.profile.full_name if self.profile is not None else self.candidate.name

    @property
    def enforces(self) -> bool | None:
        """Whether it enforces NetworkPolicy in any direction: None where a setting decides that is not known, or the
        plugin is none of ours."""
        if self.profile is None:
            return None
        values = {self.profile.answer(fact) for fact in _SWITCHES}
        return True if True in values else None if None in values else False


class Choice(Value):
    """The profile to go by. ``chosen_by`` says in words who chose it, ``notices`` what a user has to know of it."""

    profile: Profile
    chosen_by: str
    notices: tuple[str, ...] = ()
    plugins: tuple[Detected, ...] = ()


def choose(seen: DetectedPlugins, named: Profile | None = None, named_by: str = "chosen by the caller") -> Choice:
    """The profile that a user ``named``, with what the input tells of that plugin's settings and nodes; without one the
    profile of the one plugin that the input shows, else ``generic``."""
    plugins = tuple(_detected(candidate) for candidate in seen.candidates)
    if named is not None:
        return _as_named(named, named_by, plugins)
    engines = [one for one in plugins if one.enforces is not False]
    if len(engines) > 1:
        return Choice(GENERIC, BY_DEFAULT, (_conflict(engines),), plugins)
    chosen = engines[0] if engines else next(iter(plugins), None)
    if chosen is None:
        return Choice(GENERIC, BY_DEFAULT)
    if chosen.profile is None:
        notice = f"the input shows {_with_place(chosen)}, of which there is no profile: what it leaves open stays open"
        return Choice(GENERIC, BY_DEFAULT, (notice,), plugins)
    by = f"detected: {chosen.candidate.evidence[0]}"
    return Choice(chosen.profile, by, (*chosen.remarks, *_on_nodes(chosen)), plugins)


def chosen(seen: DetectedPlugins, cni: str | Profile | None, named_by: str) -> Choice:
    """A profile that was given stands as it is; of a name, or None, see ``choose``. Raises ProfileError."""
    if isinstance(cni, Profile):
        return Choice(cni, named_by)
    return choose(seen, find(cni) if cni is not None else None, named_by)


def _as_named(named: Profile, named_by: str, plugins: tuple[Detected, ...]) -> Choice:
    same = next((one for one in plugins if one.candidate.name == named.name), None)
    if same is not None:
        pinned = _pinned(named, same.candidate)
        by = named_by
        if pinned is not named:
            by = f"{named_by}, with settings and nodes of {same.candidate.evidence[0]}"
        return Choice(pinned, by, _on_nodes(same), plugins)
    others = [one for one in plugins if one.enforces is not False]
    notices: tuple[str, ...] = ()
    if others and named.name not in _NO_PLUGINS:
        shown = " and ".join(_with_place(one) for one in others)
        notices = (f"profile {named.full_name} is {named_by}, but the input shows {shown}",)
    return Choice(named, named_by, notices, plugins)


def _with_place(one: Detected) -> str:
    return f"{one.name} ({one.candidate.evidence[0]})"


def _conflict(engines: Iterable[Detected]) -> str:
    engines = list(engines)
    shown = " and ".join(_with_place(one) for one in engines)
    flags = " or ".join(f"--cni {one.name}" for one in engines if one.profile is not None)
    hint = f"choose one with {flags}" if flags else "none of them has a profile"
    return (
        f"the input shows more than one plugin that may enforce policies: {shown}. Both together allow only what each "
        f"allows, or one is being replaced: profile {GENERIC.name} is used; {hint}"
    )


def _on_nodes(one: Detected) -> tuple[str, ...]:
    """What a user has to know of nodes that the plugin does not cover."""
    nodes = one.candidate.nodes
    return tuple(
        f"{one.name} {says} policies on {_names(names)}: {one.candidate.why.get(names[0], 'it does not run there')}"
        for value, says in ((False, "does not enforce"), (None, "perhaps does not enforce"))
        if (names := [name for name, covered in nodes.items() if covered is value])
    )


def _names(names: list[str]) -> str:
    shown = f"node {names[0]}" if len(names) == 1 else f"nodes {', '.join(names[:3])}"
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown


def _detected(candidate: PluginCandidate) -> Detected:
    name = ALIASES.get(candidate.name, candidate.name)
    profile = PROFILES.get(name)
    if profile is None or name in _NO_PLUGINS:
        return Detected(candidate, None)
    remarks: tuple[str, ...] = ()
    if profile.newest:
        profile, remarks = _versioned(profile, candidate)
    return Detected(candidate, _pinned(profile, candidate), remarks)


def _versioned(profile: Profile, candidate: PluginCandidate) -> tuple[Profile, tuple[str, ...]]:
    """The profile of the version that the input shows; without one where it cannot be said."""
    shown = f"{candidate.name} ({candidate.evidence[0]})"
    hint = f"answers that differ between versions are open; name one with --cni {profile.name}@VERSION"
    minors = sorted({_minor(version) for version in candidate.versions})
    if not minors:
        return profile, ()
    if "" in minors:
        notices = (f"which version of {shown} runs is not known: {hint}",) if profile.by_version else ()
        return profile, notices
    if len(minors) > 1:
        return profile, (f"{shown} runs in versions {' and '.join(minors)}: {hint}",)
    try:
        return find(f"{profile.name}@{minors[0]}"), ()
    except ProfileError:
        return profile, (
            f"{shown} has version {candidate.versions[0]}, which its profile does not cover ({profile.versions}): "
            f"{hint}",
        )


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _pinned(profile: Profile, candidate: PluginCandidate) -> Profile:
    """The profile with the settings and the nodes that the input shows."""
    answers = dict(_answers(profile, candidate.settings))
    if answers:
        profile = profile.with_answers(answers)
    if candidate.nodes:
        profile = profile.with_nodes(candidate.nodes, reasons=candidate.why)
    return profile


def _answers(profile: Profile, settings: Iterable[Setting]) -> Iterator[tuple[Fact, Reading]]:
    facts: Mapping[str, Fact] = {str(fact): fact for fact in Fact}
    for setting in settings:
        fact = facts[setting.fact]
        old = profile.facts[fact]
        if setting.value is None and old.value is False:
            continue
        if setting.covered and profile.newest and not profile.version:
            continue
        if old.value is False and setting.value is True and profile.version:
            # This release lacks what the setting would switch on.
            continue
        yield (
            fact,
            Reading(setting.value, str(setting.seen), setting.why, "" if setting.value is not None else old.decide),
        )
