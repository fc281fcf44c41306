"""A profile: what one network plugin does with what the specifications leave open, and which gaps it has.

A profile answers a fixed list of questions, the *facts*. An answer is True or False with its source, or None: nothing
says which of the readings holds, so a verdict that hangs on it is UNKNOWN. An answer may differ between versions, or
hang on how the plugin is set up; both are open until somebody says which it is.
"""

from __future__ import annotations

from collections.abc import Mapping

from ringfence.layers.profiles.facts import Fact, Trait
from ringfence.values import Value, field, replace

Version = tuple[int, ...]
"""``(3, 29)`` stands for every 3.29 release."""


class Reading(Value):
    """An answer. ``value`` None: open. ``source`` says where the answer stands, ``why`` what it means for a user (for
    an open one: what it hangs on), ``decide`` what would settle it.

    It holds from version ``since`` on and up to but without ``before``; empty: no such bound.
    """

    value: bool | None
    source: str
    why: str = ""
    decide: str = ""
    since: Version = ()
    before: Version = ()

    def holds_in(self, version: Version) -> bool:
        """Whether any release that ``version`` stands for is in the range; every release if it is empty."""
        if not version:
            return True
        after = (*version[:-1], version[-1] + 1)
        return (not self.since or after > self.since) and (not self.before or version < self.before)


class Remark(Value):
    """The answer to a trait, in words, and where it stands."""

    text: str
    source: str


class Profile(Value):
    """One plugin's answers. ``versions`` says for which releases they were read.

    ``facts`` are the answers as they stand: for ``version`` if there is one, else for every release covered.
    ``nodes`` says where the plugin's agent enforces policy: a node name with True, False, or None (open). A node that
    it does not name has ``elsewhere``. A pod on a node without enforcement is the subject of no policy; as a peer it is
    what it always is.
    """

    name: str
    title: str
    versions: str
    facts: Mapping[Fact, Reading]
    since: Version = ()
    """The first version that the answers hold for; empty: all."""
    newest: Version = ()
    """The newest version that was read. Later ones are refused: nobody knows yet what they do."""
    by_version: Mapping[Fact, tuple[Reading, ...]] = field(default_factory=dict)
    """The answers that differ between the releases covered, oldest first."""
    traits: Mapping[Trait, Remark] = field(default_factory=dict)
    version: str = ""
    nodes: Mapping[str, bool | None] = field(default_factory=dict)
    elsewhere: bool | None = True
    node_reasons: Mapping[str, str] = field(default_factory=dict)
    """Why a node of ``nodes`` does not enforce policy, or perhaps not."""

    def answer(self, fact: Fact) -> bool | None:
        """True, False, or None where it is open."""
        return self.facts[fact].value

    def at(self, text: str, version: Version) -> Profile:
        """The profile of one release; ``text`` is how it is called."""
        facts = {**self.facts, **{fact: _resolved(self.name, all_, version) for fact, all_ in self.by_version.items()}}
        return replace(self, facts=facts, version=text)

    def with_answers(self, answers: Mapping[Fact, Reading]) -> Profile:
        """The profile with some answers pinned: options that are known, flags that were seen."""
        return replace(self, facts={**self.facts, **answers})

    def with_nodes(
        self,
        nodes: Mapping[str, bool | None],
        elsewhere: bool | None = True,
        reasons: Mapping[str, str] | None = None,
    ) -> Profile:
        """The profile of a cluster in which not every node enforces policy."""
        return replace(self, nodes=dict(nodes), elsewhere=elsewhere, node_reasons=dict(reasons or {}))

    @property
    def full_name(self) -> str:
        """``NAME`` or ``NAME@VERSION``."""
        return f"{self.name}@{self.version}" if self.version else self.name

    @property
    def partial_nodes(self) -> bool:
        """Whether any pod may be on a node that does not enforce policy."""
        return self.elsewhere is not True or any(value is not True for value in self.nodes.values())


def make(
    name: str,
    title: str,
    versions: str,
    answers: Mapping[Fact, Reading | tuple[Reading, ...]],
    since: Version = (),
    newest: Version = (),
    traits: Mapping[Trait, Remark] | None = None,
) -> Profile:
    """A profile of answers, of which some are one reading and others one for each range of versions."""
    by_version = {fact: answer for fact, answer in answers.items() if isinstance(answer, tuple)}
    facts = {
        fact: _resolved(name, answer, ()) if isinstance(answer, tuple) else answer for fact, answer in answers.items()
    }
    return Profile(
        name,
        title,
        versions,
        {fact: facts[fact] for fact in Fact if fact in facts},
        since,
        newest,
        by_version,
        traits or {},
    )


def _resolved(name: str, readings: tuple[Reading, ...], version: Version) -> Reading:
    """The answer for the releases that a version stands for; open where they differ."""
    found = [reading for reading in readings if reading.holds_in(version)]
    if len({reading.value for reading in found}) == 1:
        return found[0]
    ranges = "; ".join(f"{word(reading.value)} {range_text(reading)}" for reading in found)
    sources = "; ".join(dict.fromkeys(reading.source for reading in found))
    return Reading(None, sources, f"depends on the version: {ranges}", f"--cni {name}@VERSION")


def word(value: bool | None) -> str:
    """``yes``, ``no`` or ``open``."""
    return "open" if value is None else "yes" if value else "no"


def version_text(version: Version) -> str:
    """``3.29``."""
    return ".".join(map(str, version))


def range_text(reading: Reading) -> str:
    """For which releases a reading holds."""
    if reading.since and reading.before:
        return f"from {version_text(reading.since)} and before {version_text(reading.before)}"
    if reading.since:
        return f"from {version_text(reading.since)}"
    return f"before {version_text(reading.before)}" if reading.before else "in all versions"
