"""The goldens of Istio's authorization: our reading of the policies against the filters that istiod makes of them.

A case gives policies and the filters of Envoy. Requests are enumerated from what either side tells apart; on each of
them the filters (``envoy_filters``) and the engine have to agree. Where a policy has one rule only, every condition of
the filter also has to be one of ours and the other way round: a rule that never matches hides nothing.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import combinations, product
from pathlib import Path
from typing import Any

import yaml

from ringfence.dialects.istio.authorization import rules_at
from ringfence.dialects.istio.authorization_config import AuthorizationConfig, Provider
from ringfence.dialects.istio.authorization_objects import read_policy
from ringfence.layers.requests.deciding import Outcome, Step, decide
from ringfence.layers.requests.facts import Facts
from ringfence.layers.requests.passing import space_of
from ringfence.layers.requests.residue import residue
from ringfence.model.cluster import Pod, WorkloadRef
from ringfence.model.mesh import (
    DESTINATION_ADDRESS,
    HOST,
    METHOD,
    PATH,
    PEER_ADDRESS,
    PEER_IDENTITY,
    PORT,
    REMOTE_ADDRESS,
    SNI,
    Point,
    PointSort,
    RequestRules,
    Source,
    TokenIssuer,
    claim,
    header,
    metadata,
)
from ringfence.model.provenance import Place
from ringfence.sets.addresses import address, address_text
from ringfence.sets.requests.attributes import Attribute
from ringfence.sets.requests.dimensions import Element, Strings
from ringfence.sets.requests.formulas import ALWAYS, NEVER, AllOf, AnyOf, Formula, Not, Predicate, predicates_of
from ringfence.sets.requests.request import Value
from ringfence.values import replace
from tests.dialects.reading import of
from tests.truth import envoy_filters as envoy
from tests.truth.envoy_filters import Answer, Probe
from tests.truth.location import truth_folder

MOST_COMBINATIONS = 3_000
RANDOM_PROBES = 600
MOST_SAMPLES = 120
PAIRS = 12
Values = Mapping[Attribute, Value | None]
POD = Pod("foo", "httpbin", {"app": "httpbin", "version": "v1"}, WorkloadRef("Pod", "foo", "httpbin"))
ANY_TOKEN = TokenIssuer("", (), Source("RequestAuthentication", "foo", "any", Place("any")))
_PROVIDERS = {"grpc": Provider.GRPC, "http": Provider.HTTP, "invalid": Provider.UNUSABLE}


@dataclass(frozen=True)
class Case:
    """One golden. ``filters`` of the plain form and of the one with extended principals."""

    name: str
    http: bool
    rules: RequestRules
    variants: Mapping[str, Sequence[envoy.Json]] = field(hash=False, default_factory=dict)


@cache
def cases() -> tuple[Case, ...]:
    """Every case that is present."""
    folder = truth_folder() / "istio"
    index = folder / "cases.yaml"
    if not index.exists():
        return ()
    listed = yaml.safe_load(index.read_text(encoding="utf-8"))
    return tuple(_case(folder / chain, one) for chain in ("authz-http", "authz-tcp") for one in listed[chain])


def _case(folder: Path, listed: Mapping[str, Any]) -> Case:
    http = folder.name == "authz-http"
    provider = listed["provider"]
    config = AuthorizationConfig(
        trust_domain=listed.get("trust_domain"),
        aliases=tuple(listed.get("aliases", ())),
        providers={"default": _PROVIDERS[provider]} if provider else {},
    )
    documents = yaml.safe_load_all((folder / listed["input"]).read_text(encoding="utf-8"))
    policies = [read_policy(of(one))[0] for one in documents if one]
    rules = rules_at(policies, (), config, Point(PointSort.SIDECAR, POD, http), 80)
    variants = {}
    for prefix in ("", "extended-"):
        files = [folder / f"{prefix}{name}" for name in listed["outputs"]]
        if all(file.exists() for file in files):
            variants[prefix] = [yaml.safe_load(file.read_text(encoding="utf-8")) for file in files]
    return Case(listed["name"], http, replace(rules, issuers=(ANY_TOKEN,) if http else ()), variants)


def ours(case: Case, values: Values) -> Answer | None:
    """What the engine says of a request; None: it does not know."""
    decision = decide(case.rules, Facts(values), PointSort.SIDECAR, http=case.http)
    if decision.outcome is Outcome.UNKNOWN:
        return Answer.ASK if decision.step is Step.SERVICE else None
    return Answer.PASS if decision.outcome is Outcome.PASS else Answer.REFUSE


def judge(case: Case, variant: str) -> tuple[int, list[str]]:
    """How many answers were compared, and those that differ."""
    filters, compared, wrong = case.variants[variant], 0, []
    for values in probes(case, filters):
        expected = envoy.answer(filters, probe_of(values))
        got = ours(case, values)
        compared += 1
        if got is not expected:
            wrong.append(f"{case.name}: {_shown(values)}: expected {expected.value}, got {got}")
    for formula, rule in _single_rules(case, filters):
        asked, different = _conditions(case, formula, rule)
        compared += asked
        wrong += different
    return compared, wrong


def _single_rules(case: Case, filters: Sequence[envoy.Json]) -> Iterator[tuple[Formula, envoy.Json]]:
    """The formula of each rule, with what the filters have of it: rules with one source and one operation."""
    named = {}
    for one in filters:
        for key in ("rules", "shadowRules"):
            named.update((one["typedConfig"].get(key) or {}).get("policies") or {})
    for policy in case.rules.policies:
        for rule in policy.rules:
            name = f"ns[{policy.namespace}]-policy[{policy.name}]-rule[{rule.index}]"
            found = next((value for key, value in named.items() if name in key), None)
            if found is not None and len(found["permissions"]) == 1 and len(found["principals"]) == 1:
                yield rule.formula, found


def _conditions(case: Case, formula: Formula, rule: envoy.Json) -> tuple[int, list[str]]:
    parts = list(dict.fromkeys(part for part in _flat(formula) if part != ALWAYS)) or [ALWAYS]
    theirs = envoy.conditions(rule)
    theirs = [one for one in theirs if one != {"any": True}] or [{"any": True}]
    compared, missing = _equals(case, parts, theirs)
    # A "*" among the values of a field hides the others: each value by itself, too.
    asked, different = _equals(case, [v for one in parts for v in _values_in(one)], envoy.values(theirs))
    return compared + asked, missing + different


def _equals(case: Case, parts: Sequence[Formula], theirs: Sequence[envoy.Json]) -> tuple[int, list[str]]:
    """Whether each condition of theirs is equal to one of ours on every probe, and the other way round."""
    compared, missing = 0, []
    matched: set[int] = set()
    for condition in theirs:
        asked = list(_condition_probes(parts, condition))
        compared += len(asked)
        equal = [
            number
            for number, part in enumerate(parts)
            if all(residue(part, Facts(values)) == _holds(condition, values) for values in asked)
        ]
        if not equal:
            missing.append(f"{case.name}: no condition of ours is {condition}")
        matched.update(equal)
    missing += [f"{case.name}: no filter has {part}" for number, part in enumerate(parts) if number not in matched]
    return compared, missing


def _values_in(formula: Formula) -> Iterator[Formula]:
    """The values that a condition is about; claims and metadata have theirs within one matcher."""
    if isinstance(formula, Not):
        yield from _values_in(formula.part)
    elif isinstance(formula, AnyOf):
        for part in formula.parts:
            yield from _values_in(part)
    elif isinstance(formula, Predicate) and formula.attribute.name not in ("claim", "metadata"):
        yield formula


def _flat(formula: Formula) -> Iterator[Formula]:
    if isinstance(formula, AllOf) and formula.parts:
        for part in formula.parts:
            yield from _flat(part)
    else:
        yield formula


def _holds(condition: envoy.Json, values: Values) -> Formula:
    return ALWAYS if envoy.holds(condition, probe_of(values)) else NEVER


def _condition_probes(parts: Sequence[Formula], condition: envoy.Json) -> Iterator[Values]:
    """Every value of every attribute of the rule, as far as ours and the condition tell them apart."""
    yield from _complete(_singly(_values_of(parts, envoy.texts(condition), _numbers(condition))))


def probes(case: Case, filters: Sequence[envoy.Json]) -> Iterator[Values]:
    """Requests that either side tells apart."""
    formulas = [rule.formula for policy in case.rules.policies for rule in policy.rules]
    texts, numbers = set(), set()
    for one in filters:
        for key in ("rules", "shadowRules"):
            policies = list(((one["typedConfig"].get(key) or {}).get("policies") or {}).values())
            texts |= envoy.texts(policies)
            numbers |= _numbers(policies)
    found = _values_of(formulas, texts, numbers)
    yield from _complete(_combined(found, MOST_COMBINATIONS))


def _numbers(value: Any) -> set[int]:
    if isinstance(value, Mapping):
        return {one for inner in value.values() for one in _numbers(inner)}
    if isinstance(value, list):
        return {one for inner in value for one in _numbers(inner)}
    return {value} if isinstance(value, int) and not isinstance(value, bool) else set()


ADDRESSES = (PEER_ADDRESS, REMOTE_ADDRESS, DESTINATION_ADDRESS)
STRINGS = (PEER_IDENTITY, METHOD, PATH, HOST, SNI)


def _values_of(
    formulas: Sequence[Formula], texts: Iterable[str], numbers: Iterable[int]
) -> dict[Attribute, list[Value | None]]:
    """The values to try of every attribute: a string for each kind that ours tells apart, and strings that are made
    from theirs."""
    asked = dict.fromkeys(predicate.attribute for predicate in predicates_of(formulas))
    samples = sorted({sample for text in texts for sample in _samples(text)})
    samples = random.Random(3).sample(samples, min(MOST_SAMPLES, len(samples)))
    found: dict[Attribute, list[Value | None]] = {}
    for attribute in asked:
        values: list[Value | None] = []
        mine = [one for one in predicates_of(formulas) if one.attribute == attribute]
        if attribute in ADDRESSES:
            values += [address("198.51.100.7")]
            values += [
                number for one in mine for edge in one.pattern.intervals for number in (edge[0], edge[1], edge[1] + 1)
            ]
            values += [address(text) for text in sorted(texts) if re.fullmatch(r"\d+\.\d+\.\d+\.\d+", text)]
        elif attribute == PORT:
            values += [1, *(number for number in sorted(numbers) if 0 < number < 65536)]
            values += [number for one in mine for edge in one.pattern.intervals for number in (edge[0], edge[1] + 1)]
        elif attribute.many:
            single = [*_examples(mine), *samples]
            values += [None, *((one,) for one in single)]
            if attribute.key not in ("iss", "sub"):  # texts, by their standard
                values += combinations(single[:4], 2)
        else:
            values += [*_examples(mine), *samples, *([] if attribute.required else [None])]
        found[attribute] = list(dict.fromkeys(values))
    return found


def _examples(predicates: Sequence[Predicate]) -> list[str]:
    """For each pattern a string that matches and one that does not; for two together where that is cheap."""
    found: dict[str, None] = {}
    for one in predicates:
        found.update(dict.fromkeys(_kinds((one,))))
    if len(predicates) <= 8:
        found.update(dict.fromkeys(_kinds(predicates)))
    return list(found)


@cache
def _kinds_of(predicates: frozenset[Predicate]) -> tuple[str, ...]:
    found = []
    for dimension in space_of(sorted(predicates, key=str)).dimensions:
        if isinstance(dimension, Strings):
            found += [str(dimension.example(point)) for point in range(dimension.atoms.count)]
        elif isinstance(dimension, Element):
            found.append(dimension.atoms.witness(dimension.atom).decode("utf-8", "surrogateescape"))
    return tuple(found)


def _kinds(predicates: Sequence[Predicate]) -> tuple[str, ...]:
    return _kinds_of(frozenset(predicates))


_PIECES = (
    (r"(.+/|)", ("", "k/v/")),
    (r"(/.+)?", ("", "/x", "x")),
    (r"[^/]*", ("", "x", "a/b")),
    (r".+", ("td", "")),
    (r".*", ("", "any", "spiffe://td")),
)


def _samples(text: str) -> set[str]:
    """Strings that a text of a matcher may be about: itself, longer and shorter; for a regular expression some that it
    takes, and some that it nearly takes."""
    found = {text, f"{text}x", f"x{text}", text.swapcase(), text[:-1], text.replace("/*", "/one").replace("*", "")}
    made = {text}
    for piece, fillings in _PIECES:
        made = {part.replace(piece, filling, 1) for part in made for filling in fillings}
        made = {part.replace(piece, fillings[0]) for part in made}
    found |= {re.sub(r"\\(.)", r"\1", part) for part in made}
    return {one for one in found if one}


def _combined(found: Mapping[Attribute, Sequence[Value | None]], most: int) -> Iterator[dict[Attribute, Value | None]]:
    """All combinations where they are few; else each value of each attribute, and pairs, over others at random."""
    attributes = list(found)
    count = 1
    for values in found.values():
        count *= len(values)
    if count <= most:
        for chosen in product(*found.values()):
            yield dict(zip(attributes, chosen, strict=True))
        return
    rng = random.Random(7)
    yield from _singly(found)
    for first, second in combinations(attributes, 2):
        for one, other in rng.sample(
            list(product(found[first], found[second])), min(PAIRS, len(found[first]) * len(found[second]))
        ):
            yield {**{key: rng.choice(values) for key, values in found.items()}, first: one, second: other}
    for _ in range(RANDOM_PROBES):
        yield {key: rng.choice(values) for key, values in found.items()}


def _singly(found: Mapping[Attribute, Sequence[Value | None]]) -> Iterator[dict[Attribute, Value | None]]:
    rng = random.Random(5)
    for attribute, own in found.items():
        for value in own:
            yield {**{one: rng.choice(values) for one, values in found.items()}, attribute: value}


_DEFAULTS: Values = {
    PORT: 80,
    METHOD: "GET",
    PATH: "/",
    HOST: "example.test",
    PEER_ADDRESS: address("192.0.2.1"),
    REMOTE_ADDRESS: address("192.0.2.1"),
    DESTINATION_ADDRESS: address("192.0.2.2"),
    PEER_IDENTITY: None,
    SNI: None,
}


def _complete(chosen: Iterable[Mapping[Attribute, Value | None]]) -> Iterator[Values]:
    """Whole requests: a token always says who issued it, and metadata that is not there is surely not."""
    for values in chosen:
        whole = {**_DEFAULTS, **values}
        token = any(one.name == "claim" and value is not None for one, value in whole.items())
        if token and not any(whole.get(claim("iss")) or ()):
            whole[claim("iss")] = ("somebody",)
        yield whole


def probe_of(values: Values) -> Probe:
    """The request as Envoy sees it."""
    claims: dict[str, Any] = {}
    for one, value in values.items():
        if one.name == "claim" and isinstance(value, tuple):
            *above, last = one.key.split("][")
            inner = claims
            for name in above:
                inner = inner.setdefault(name, {})
            # iss and sub are texts by their standard; other claims of one value are taken as a list and as a text.
            alone = len(value) == 1 and (last in ("iss", "sub") or len(value[0]) % 2 == 0)
            inner[last] = value[0] if alone else list(value)
    hidden: dict[str, dict[str, Any]] = {}
    for one, value in values.items():
        if one.name == "metadata" and value is not None:
            hidden.setdefault("envoy.filters.a.b", {})["c"] = value
    identity, host, sni = values[PEER_IDENTITY], values[HOST], values[SNI]
    return Probe(
        port=_number(values[PORT]),
        source=address_text(_number(values[PEER_ADDRESS])),
        remote=address_text(_number(values[REMOTE_ADDRESS])),
        destination=address_text(_number(values[DESTINATION_ADDRESS])),
        identity=None if identity is None else str(identity),
        sni="" if sni is None else str(sni),
        method=str(values[METHOD]),
        path=str(values[PATH]),
        host=None if host is None else str(host),
        headers={one.key: str(value) for one, value in values.items() if one.name == "header" and value is not None},
        claims=claims or None,
        metadata=hidden,
    )


def _number(value: Value | None) -> int:
    assert isinstance(value, int)
    return value


def _shown(values: Values) -> str:
    return ", ".join(f"{one}={value!r}" for one, value in values.items() if value != _DEFAULTS.get(one))


__all__ = ["Case", "cases", "header", "judge", "metadata", "ours", "probe_of", "probes"]
