"""Sets of requests: policies of a mesh as formulas, a set for each source class at each destination.

A *cell* is what the policies of one destination leave to one class of sources. Destinations share no text but the usual
paths, as teams that copy from each other do; ten classes of sources each. Times are CPU seconds of this process with
nothing remembered from before.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass

from bench.table import Line, at_most, plain
from ringfence.sets.languages import patterns, re2, simplifying
from ringfence.sets.languages.atoms import Atoms
from ringfence.sets.languages.domains import Domain
from ringfence.sets.languages.patterns import Exact, Numbers, Pattern, Prefix, Regex, Suffix, Template
from ringfence.sets.requests.attributes import HOST, METHOD, PATH, PORT, header
from ringfence.sets.requests.formulas import AllOf, AnyOf, Formula, Predicate, predicates_of
from ringfence.sets.requests.spaces import Spaces

CLASSES = 10
"""Classes of sources at each destination."""

Rules = list[tuple[int, Formula]]
"""The classes that each rule is about, as bits, and what it says of the request."""


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy, the only one of its destination."""

    denies: bool
    rules: Rules


class TimedSpaces(Spaces):
    """Knows how long finding the atoms took."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds = 0.0

    def atoms(self, patterns: frozenset[Pattern], domain: Domain) -> Atoms:
        """The atoms of a family."""
        begin = time.process_time()
        try:
            return super().atoms(patterns, domain)
        finally:
            self.seconds += time.process_time() - begin


def texts(count: int, special: str, share: float) -> list[tuple[random.Random, int, str]]:
    """What policies are made of: chances, a number, and which of them have a special pattern."""
    chance = random.Random(6)
    return [(random.Random(number), number, special if chance.random() < share else "") for number in range(count)]


def policy(chance: random.Random, number: int, special: str, classes: int) -> Policy:
    """A policy with some rules, as people write them."""
    rules: Rules = []
    for _ in range(chance.randint(1, 4)):
        parts: list[Formula] = []
        if chance.random() < 0.7:
            methods = chance.sample(("GET", "POST", "PUT", "DELETE", "HEAD"), chance.randint(1, 3))
            parts.append(AnyOf(tuple(Predicate(METHOD, Exact(method)) for method in methods)))
        if chance.random() < 0.85:
            parts.append(AnyOf(tuple(Predicate(PATH, _path(chance, number)) for _ in range(chance.randint(1, 3)))))
        if chance.random() < 0.3:
            parts.append(Predicate(PORT, Numbers.of(chance.choice((80, 8080, 9090, 8443)))))
        if chance.random() < 0.2:
            parts.append(Predicate(HOST, Suffix(".example.com", ignore_case=True)))
        if chance.random() < 0.1:
            parts.append(Predicate(header(chance.choice(("x-user", "x-env"))), Exact(chance.choice(("a", "b")))))
        rules.append((chance.getrandbits(classes), AllOf(tuple(parts))))
    if special:
        rules.append((chance.getrandbits(classes), Predicate(PATH, _special(chance, number, special))))
    return Policy(chance.random() < 0.2, rules)


def _path(chance: random.Random, number: int) -> Pattern:
    base = "/{}/{}".format(
        chance.choice(("api", "admin", "v1", "v2", "static", "internal", "orders")),
        chance.choice(("orders", "users", "items", "health", f"svc{number}", "reports")),
    )
    kind = chance.random()
    if kind < 0.55:
        return Prefix(f"{base}/")
    return Exact(base) if kind < 0.85 else Suffix(chance.choice((".html", "/status", ".json")))


def _special(chance: random.Random, number: int, special: str) -> Pattern:
    if special == "template":
        return Template(f"/api/svc{number}/{{*}}/{chance.choice(('status', '{*}/x', '{**}'))}")
    return Regex(
        chance.choice(
            (
                f"/api/svc{number}/[0-9]+/.*",
                f"/(a|b)/svc{number}/v[1-3](/.*)?",
                rf".*/svc{number}\.(js|css)",
                f"(?i)/u/svc{number}/[a-f0-9]{{8}}/x",
            )
        )
    )


def measured(count: int, special: str = "", share: float = 0.0, together: int = 1) -> dict[str, float]:
    """Seconds of each stage: reading the patterns, finding atoms, the rest of spaces and rules, the cells."""
    for remembering in (patterns.automaton_of, re2.parsed, simplifying.simplified_expression):
        remembering.cache_clear()
    given = texts(count, special, share)
    begin = time.process_time()
    policies = [policy(*one, CLASSES * together) for one in given]
    made = time.process_time()
    spaces = TimedSpaces()
    destinations = []
    for first in range(0, count, together):
        here = policies[first : first + together]
        space = spaces.of(predicates_of(formula for one in here for _, formula in one.rules))
        sets = [(one.denies, classes, space.set_of(formula)) for one in here for classes, formula in one.rules]
        destinations.append((space, sets))
    known = time.process_time()
    cells = []
    for space, sets in destinations:
        for number in range(CLASSES * together):
            denied, allowed = space.nothing, space.nothing
            for denies, classes, requests in sets:
                if classes >> number & 1:
                    if denies:
                        denied = denied | requests
                    else:
                        allowed = allowed | requests
            cells.append(allowed - denied)
    done = time.process_time()
    return {
        "policies": made - begin,
        "atoms": spaces.seconds,
        "sets of rules": known - made - spaces.seconds,
        "cells": done - known,
        "all": done - made,
    }


def lines(times: int) -> Iterator[Line]:
    """The rows of the table."""
    for count, special, together, limit in (
        (100, "", 1, 0.020),
        (1000, "", 1, None),
        (4000, "template", 1, 3.0),
        (4000, "regular expression", 1, 5.0),
        (4000, "regular expression", 10, 5.0),
    ):
        runs = [measured(count, special, 0.1, together) for _ in range(times)]
        found = {name: min(run[name] for run in runs) for name in runs[0]}
        kinds = f"10 % with a {special}" if special else "prefixes, suffixes, exact"
        place = f", {together} at each destination" if together > 1 else ""
        label = f"request sets, {count:,} policies{place}, {kinds}: {count * CLASSES:,} cells"
        if limit is None:
            yield plain(label, found["all"] * 1000, "ms")
        elif limit < 1:
            yield at_most(label, found["all"] * 1000, limit * 1000, "ms")
        else:
            # What a regular expression costs to read is a part of it.
            yield at_most(label, found["all"] + found["policies"], limit, "s")
            for stage in ("policies", "atoms", "sets of rules", "cells"):
                yield plain(f"{label}: {stage}", found[stage] * 1000, "ms")
