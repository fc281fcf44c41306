"""Profiles as text and as documents: the list, the answers of one with their sources, and what the input shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from ringfence.layers.profiles import GROUPS, Fact, Profile, Reading, word
from ringfence.layers.profiles.detection import Choice, Detected
from ringfence.layers.profiles.profile import range_text
from ringfence.model.plugins import DetectedPlugins, Seen
from ringfence.model.text import printable
from ringfence.reports.context import Context
from ringfence.reports.documents import Document, ProblemDocument, ProfileDocument, head
from ringfence.reports.style import PLAIN, Style

AnswerWord = Literal["yes", "no", "open"]


class FactDocument(Document, frozen=True):
    """The answer to one fact. ``versions``: for which releases, in words; empty for all."""

    fact: str
    answer: AnswerWord
    versions: str
    why: str
    decide_with: str
    source: str


class TraitDocument(Document, frozen=True):
    """What people have to know beside the facts, in words."""

    trait: str
    text: str
    source: str


class ProfileDetailsDocument(Document, frozen=True):
    """One profile with all its answers."""

    name: str
    version: str
    title: str
    covers: str
    facts: list[FactDocument]
    traits: list[TraitDocument]


class ProfilesDocument(Document, frozen=True):
    """``ringfence profile -o json``: all profiles, or the one that was asked for."""

    schema_version: Literal["1"]
    kind: Literal["Profiles"]
    profiles: list[ProfileDetailsDocument]


class SeenDocument(Document, frozen=True):
    """An object of the input that shows something."""

    object: str
    file: str
    line: int


class SettingDocument(Document, frozen=True):
    """An answer that the input gives."""

    fact: str
    answer: AnswerWord
    why: str
    seen: SeenDocument


class NodeDocument(Document, frozen=True):
    """A node that the plugin does not cover (``no``), or perhaps not (``open``)."""

    node: str
    enforces: AnswerWord
    why: str


class PluginDocument(Document, frozen=True):
    """A network plugin that the input shows. ``profile`` is empty where there is none for it; ``enforces``: whether it
    enforces NetworkPolicy."""

    name: str
    profile: str
    enforces: AnswerWord
    versions: list[str]
    evidence: list[SeenDocument]
    settings: list[SettingDocument]
    nodes: list[NodeDocument]
    remarks: list[str]


class HintDocument(Document, frozen=True):
    """An object that belongs to a plugin whose agent is not seen."""

    name: str
    seen: SeenDocument


class DetectionDocument(Document, frozen=True):
    """``ringfence profile --detect -o json``: which profile answers go by, and what the input shows of plugins."""

    schema_version: Literal["1"]
    kind: Literal["Detection"]
    plugins: list[PluginDocument]
    hints: list[HintDocument]
    layers: list[str]
    profile: ProfileDocument
    partial: bool
    problems: list[ProblemDocument]
    notices: list[str]


def _readings(profile: Profile, fact: Fact) -> Iterator[tuple[Reading, str]]:
    """The answers as they stand, with the releases that each is for."""
    several = () if profile.version else profile.by_version.get(fact, ())
    if several and profile.facts[fact].value is None:
        yield from ((one, range_text(one)) for one in several)
    else:
        yield profile.facts[fact], ""


def profile_details(profile: Profile) -> ProfileDetailsDocument:
    """One profile."""
    return ProfileDetailsDocument(
        name=profile.name,
        version=profile.version,
        title=profile.title,
        covers=profile.versions,
        facts=[
            FactDocument(
                fact=str(fact),
                answer=word(reading.value),  # type: ignore[arg-type]
                versions=versions,
                why=reading.why,
                decide_with=reading.decide,
                source=reading.source,
            )
            for fact in Fact
            for reading, versions in _readings(profile, fact)
        ],
        traits=[
            TraitDocument(trait=str(trait), text=remark.text, source=remark.source)
            for trait, remark in profile.traits.items()
        ],
    )


def profiles_document(profiles: Iterable[Profile]) -> ProfilesDocument:
    """The document of some profiles."""
    return ProfilesDocument(
        schema_version="1", kind="Profiles", profiles=[profile_details(profile) for profile in profiles]
    )


def list_lines(profiles: Iterable[Profile], style: Style = PLAIN) -> Iterator[str]:
    """A line a profile."""
    profiles = list(profiles)
    width = max(len(profile.name) for profile in profiles)
    for profile in profiles:
        yield f"{profile.name:{width}}  {profile.title}  {style.faint(f'({profile.versions})')}"


def profile_lines(profile: Profile, style: Style = PLAIN) -> Iterator[str]:
    """The answers of one profile, group by group, each with what it means and where it stands."""
    yield f"{profile.full_name}: {profile.title}"
    yield f"covers {profile.versions}"
    for title, facts in GROUPS.items():
        yield ""
        yield title
        for fact in facts:
            for reading, versions in _readings(profile, fact):
                when = f" {versions}" if versions else ""
                why = f": {reading.why}" if reading.why else ""
                decide = f" (would decide it: {reading.decide})" if reading.value is None and reading.decide else ""
                yield f"  {word(reading.value):4}  {fact}{when}{why}{decide}"
                yield f"        {style.faint(reading.source)}"
    yield ""
    yield "What no verdict hangs on"
    for trait, remark in profile.traits.items():
        yield f"  {trait}: {remark.text}"
        yield f"        {style.faint(remark.source)}"


def _seen(seen: Seen) -> SeenDocument:
    return SeenDocument(object=seen.what, file=seen.place.file, line=seen.place.line)


def _plugin(one: Detected) -> PluginDocument:
    candidate = one.candidate
    return PluginDocument(
        name=candidate.name,
        profile=one.profile.full_name if one.profile is not None else "",
        enforces=word(one.enforces),  # type: ignore[arg-type]
        versions=[version for version in candidate.versions if version],
        evidence=[_seen(seen) for seen in candidate.evidence],
        settings=[
            SettingDocument(fact=one.fact, answer=word(one.value), why=one.why, seen=_seen(one.seen))  # type: ignore[arg-type]
            for one in candidate.settings
        ],
        nodes=[
            NodeDocument(node=node, enforces=word(value), why=candidate.why.get(node, ""))  # type: ignore[arg-type]
            for node, value in candidate.nodes.items()
        ],
        remarks=list(one.remarks),
    )


def detection_document(choice: Choice, seen: DetectedPlugins, context: Context) -> DetectionDocument:
    """The document of what was detected."""
    return DetectionDocument(
        kind="Detection",
        plugins=[_plugin(one) for one in choice.plugins],
        hints=[HintDocument(name=hint.name, seen=_seen(hint.seen)) for hint in seen.hints],
        **head(context),
    )


_ENFORCES = {True: "enforces policies", False: "enforces no policy", None: "perhaps enforces policies"}


def detection_lines(choice: Choice, seen: DetectedPlugins, style: Style = PLAIN) -> Iterator[str]:
    """The profile that answers go by; then each plugin with what shows it, its settings and nodes."""
    yield f"profile {printable(choice.profile.full_name)} ({printable(choice.chosen_by)})"
    if not choice.plugins:
        yield "no agent of a network plugin is seen in the input"
    for one in choice.plugins:
        yield ""
        yield from _plugin_lines(one, style)
    if seen.hints:
        yield ""
        yield "belongs to a plugin whose agent is not seen"
        for hint in seen.hints:
            yield f"  {printable(hint.name)}: {printable(str(hint.seen))}"


def _plugin_lines(one: Detected, style: Style) -> Iterator[str]:
    candidate = one.candidate
    without = " (there is no profile of it)" if one.profile is None else f": {_ENFORCES[one.enforces]}"
    yield f"{printable(one.name)}{without}"
    for seen in candidate.evidence:
        yield f"  seen     {printable(seen.what)}  {style.faint(printable(str(seen.place)))}"
    versions = ", ".join(version or "not known" for version in candidate.versions)
    if versions:
        yield f"  version  {printable(versions)}"
    for setting in candidate.settings:
        place = style.faint(printable(str(setting.seen)))
        yield f"  setting  {setting.fact}: {word(setting.value)} ({printable(setting.why)})  {place}"
    for node, value in candidate.nodes.items():
        yield f"  node     {printable(node)}: {word(value)} ({printable(candidate.why.get(node, ''))})"
    for remark in one.remarks:
        yield f"  note     {printable(remark)}"
