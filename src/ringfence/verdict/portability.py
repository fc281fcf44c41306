"""Whether a verdict depends on the network plugin: one question under every profile, and the facts that tell apart.

Profiles whose answer is the same stand together. Where an answer is open only because releases differ, each range of
releases is asked by itself. The facts are found by moving answers of one profile into another until its verdict turns:
none of those that are named can be left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations

from ringfence.layers.profiles import PROFILES, Fact, Profile
from ringfence.layers.profiles.netpol_analyzer import NETPOL_ANALYZER
from ringfence.layers.profiles.profile import Version, version_text
from ringfence.values import Value
from ringfence.verdict.answers import Answer, Verdict

Ask = Callable[[Profile], Answer]
"""Asks the question under a profile."""


class Under(Value):
    """The answer under one profile. ``profile`` is as ``--cni`` takes it; ``later`` says in words for which later
    releases it also stands: ``before 3.32``, ``to 2.7``; empty: for no others."""

    profile: str
    answer: Answer
    later: str = ""

    def __str__(self) -> str:
        return f"{self.profile} (and later, {self.later})" if self.later else self.profile


class Group(Value):
    """Profiles with the same answer."""

    verdict: Verdict
    members: tuple[Under, ...]

    @property
    def profiles(self) -> tuple[str, ...]:
        """Their names, as ``--cni`` takes them."""
        return tuple(one.profile for one in self.members)


class DecidingFact(Value):
    """A fact that makes the difference between two profiles: ``fact`` is its word; each value with the profiles of the
    portability that have it (None: open)."""

    fact: str
    yes: tuple[str, ...]
    no: tuple[str, ...]
    open: tuple[str, ...]


class Portability(Value):
    """The answers under all profiles. ``verdict`` folds them as parts of one question: allowed or denied only if it is
    so everywhere, unknown if it is allowed wherever it is known, else mixed."""

    source: str
    destination: str
    port: str
    verdict: Verdict
    groups: tuple[Group, ...]
    facts: tuple[DecidingFact, ...]
    partial: bool = False

    @property
    def portable(self) -> bool:
        """Whether every plugin says the same."""
        return len(self.groups) == 1 and self.verdict is not Verdict.UNKNOWN


def portability(ask: Ask, own: Profile) -> Portability:
    """One question under every profile of a plugin, and under ``own``, which takes the place of its kind."""
    asked = list(_answers(ask, own))
    groups: dict[object, list[_Asked]] = {}
    for one in asked:
        groups.setdefault(_meaning(one.answer), []).append(one)
    made = sorted(
        (
            Group(
                members[0].answer.verdict,
                tuple(Under(one.profile.full_name, one.answer, one.later) for one in members),
            )
            for members in groups.values()
        ),
        key=lambda group: list(Verdict).index(group.verdict),
    )
    first = asked[0].answer
    profiles = [one.profile for one in asked]
    return Portability(
        first.source,
        first.destination,
        first.port,
        _folded(group.verdict for group in made),
        tuple(made),
        tuple(_fact(fact, profiles) for fact in _deciding(ask, list(groups.values()))),
        any(one.answer.partial for one in asked),
    )


class _Asked(Value):
    profile: Profile
    answer: Answer
    later: str = ""


def _answers(ask: Ask, own: Profile) -> Iterator[_Asked]:
    for profile in PROFILES.values():
        if profile is NETPOL_ANALYZER:
            # The assumptions of another tool: no cluster behaves like this.
            continue
        profile = own if profile.name == own.name else profile
        answer = ask(profile)
        if answer.verdict in (Verdict.UNKNOWN, Verdict.MIXED) and profile.by_version and not profile.version:
            yield from _by_release(ask, profile)
        else:
            yield _Asked(profile, answer)


def _by_release(ask: Ask, profile: Profile) -> Iterator[_Asked]:
    """The profile at the first release of each range in which its answers are the same."""
    bounds: set[Version] = {profile.since}
    for readings in profile.by_version.values():
        bounds.update(bound for reading in readings for bound in (reading.since, reading.before) if bound)
    last: _Asked | None = None
    for bound in sorted(bounds):
        if not profile.since <= bound <= profile.newest:
            continue
        one = profile.at(version_text(bound), bound)
        answer = ask(one)
        if last is not None and _meaning(answer) == _meaning(last.answer):
            continue
        if last is not None:
            yield _Asked(last.profile, last.answer, f"before {one.version}")
        last = _Asked(one, answer)
    if last is not None:
        newest = version_text(profile.newest)
        yield _Asked(last.profile, last.answer, "" if last.profile.version == newest else f"to {newest}")


def _meaning(answer: Answer) -> object:
    """What two answers have to share to be the same."""
    if answer.verdict is not Verdict.MIXED:
        return answer.verdict
    return frozenset(
        (part.sources, part.destinations, interval, part.family, part.verdict)
        for part in answer.parts
        for interval in part.ports
    )


def _folded(verdicts: Iterable[Verdict]) -> Verdict:
    found = set(verdicts)
    if len(found) == 1:
        return found.pop()
    return Verdict.UNKNOWN if found == {Verdict.ALLOWED, Verdict.UNKNOWN} else Verdict.MIXED


def _deciding(ask: Ask, groups: Iterable[Sequence[_Asked]]) -> list[Fact]:
    """The facts that turn the verdict of one group into that of another, in the order of the facts."""
    found: set[Fact] = set()
    known: list[_Asked] = []
    for members in groups:
        if members[0].answer.verdict is not Verdict.UNKNOWN:
            known.append(members[0])
        else:
            codes = {one.answer.reason.code for one in members}
            found.update(fact for fact in Fact if fact in codes)
    for one, other in combinations(known, 2):
        found.update(_between(ask, one, other))
    return [fact for fact in Fact if fact in found]


def _between(ask: Ask, one: _Asked, other: _Asked) -> list[Fact]:
    """A smallest set of answers of one profile that give another its verdict; empty where answers are not what makes
    the difference (nodes that have no agent)."""
    base, given, wanted = one.profile, other.profile, _meaning(other.answer)
    differing = [fact for fact in Fact if base.answer(fact) is not given.answer(fact)]

    def turns(facts: Sequence[Fact]) -> bool:
        moved = base.with_answers({fact: given.facts[fact] for fact in facts})
        return _meaning(ask(moved)) == wanted

    return _smallest(differing, turns) if differing and turns(differing) else []


def _smallest(facts: Sequence[Fact], turns: Callable[[Sequence[Fact]], bool]) -> list[Fact]:
    """A set of facts that turns the verdict and of which none can be left out (Zeller's delta debugging)."""
    parts = 2
    while len(facts) > 1:
        size = -(-len(facts) // parts)
        chunks = [facts[at : at + size] for at in range(0, len(facts), size)]
        found = next((chunk for chunk in chunks if turns(chunk)), None)
        if found is not None:
            facts, parts = found, 2
            continue
        rests = ([fact for fact in facts if fact not in chunk] for chunk in chunks)
        rest = next((one for one in rests if len(chunks) > 2 and turns(one)), None)
        if rest is not None:
            facts, parts = rest, max(parts - 1, 2)
        elif parts < len(facts):
            parts = min(2 * parts, len(facts))
        else:
            break
    return list(facts)


def _fact(fact: Fact, profiles: Iterable[Profile]) -> DecidingFact:
    by_value: dict[bool | None, list[str]] = {True: [], False: [], None: []}
    for profile in profiles:
        by_value[profile.answer(fact)].append(profile.full_name)
    return DecidingFact(str(fact), tuple(by_value[True]), tuple(by_value[False]), tuple(by_value[None]))
