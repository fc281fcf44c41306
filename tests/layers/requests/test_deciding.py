"""Decisions where something is open, where all requests are asked about, and who is named for them."""

from __future__ import annotations

from ringfence.layers.requests.deciding import Decision, Outcome, Step, decide
from ringfence.layers.requests.facts import Facts
from ringfence.layers.requests.passing import passing
from ringfence.model.mesh import (
    METHOD,
    PATH,
    PEER_ADDRESS,
    PORT,
    PointSort,
    RequestAction,
    RequestPolicy,
    RequestRule,
    RequestRules,
    Source,
    TokenIssuer,
    claim,
    metadata,
)
from ringfence.model.provenance import Place
from ringfence.sets.addresses import cidr
from ringfence.sets.languages.patterns import Exact, Numbers, Prefix, Present, Unknown
from ringfence.sets.requests.formulas import ALWAYS, Formula, Not, Predicate

PLACE = Place("policy.yaml", 3, 1)
INSIDE = Predicate(PEER_ADDRESS, Numbers((cidr("10.0.0.0/8"),)))
GET = Predicate(METHOD, Exact("GET"))
ORDERS = Predicate(PATH, Prefix("/orders"))


def policy(name: str, action: RequestAction, *formulas: Formula, **fields: object) -> RequestPolicy:
    rules = tuple(RequestRule(index, formula, PLACE) for index, formula in enumerate(formulas))
    return RequestPolicy("Policy", "shop", name, action, rules, PLACE, **fields)  # type: ignore[arg-type]


def allow(name: str, *formulas: Formula) -> RequestPolicy:
    return policy(name, RequestAction.ALLOW, *formulas)


def deny(name: str, *formulas: Formula) -> RequestPolicy:
    return policy(name, RequestAction.DENY, *formulas)


def told(*policies: RequestPolicy, facts: Facts | None = None, **rules: object) -> Decision:
    facts = Facts({METHOD: "GET", PATH: "/orders", PORT: 80}) if facts is None else facts
    return decide(RequestRules(policies, **rules), facts, PointSort.SIDECAR, http=True)  # type: ignore[arg-type]


OPEN = Facts({METHOD: "GET", PATH: "/orders"}, frozenset({PEER_ADDRESS}))
EVERYTHING = Facts({PEER_ADDRESS: cidr("10.0.0.1/32")[0]}, whole=False)


def test_an_open_attribute_leaves_it_unknown_and_is_named() -> None:
    decision = told(allow("a", INSIDE), facts=OPEN)
    assert (decision.outcome, decision.step, decision.hangs_on) == (Outcome.UNKNOWN, Step.OPEN, (PEER_ADDRESS,))
    assert [source.name for source in decision.sources] == ["a"]


def test_an_open_attribute_that_makes_no_difference_leaves_it_known() -> None:
    decision = told(allow("a", INSIDE), allow("b", Not(INSIDE)), facts=OPEN)
    assert (decision.outcome, decision.step) == (Outcome.PASS, Step.ALLOWED)
    decision = told(deny("a", INSIDE), deny("b", Not(INSIDE)), facts=OPEN)
    assert (decision.outcome, [source.name for source in decision.sources]) == (Outcome.REFUSED, ["a", "b"])


def test_the_first_rule_that_denies_is_named() -> None:
    decision = told(deny("a", ORDERS, GET), deny("b", ALWAYS))
    (source,) = decision.sources
    assert (source.name, source.rule, source.place) == ("a", 0, PLACE)
    assert (decision.text, decision.symptom) == ("rule 0 of Policy shop/a denies it", "http-403")


def test_all_policies_that_allow_are_named_where_none_does() -> None:
    decision = told(allow("a", Not(GET)), allow("b"))
    assert (decision.step, [source.name for source in decision.sources]) == (Step.NOT_ALLOWED, ["a", "b"])


def test_symptoms_are_those_of_the_point() -> None:
    rules = RequestRules((deny("a", ALWAYS),))
    facts = Facts({PORT: 80})
    assert decide(rules, facts, PointSort.SIDECAR, http=False).symptom == "eof"
    assert decide(rules, facts, PointSort.NODE, http=False).symptom == "reset"


def test_all_requests_at_once_are_mixed_with_one_of_each() -> None:
    decision = told(allow("a", ORDERS), deny("b", Not(GET)), facts=EVERYTHING)
    assert (decision.outcome, decision.step) == (Outcome.SOME, Step.MIXED)
    assert decision.passes is not None
    assert decision.refused is not None
    assert (decision.passes.get(METHOD), decision.passes.get(PATH)) == ("GET", "/orders")
    assert decision.refused.get(PATH) != "/orders" or decision.refused.get(METHOD) != "GET"


def test_all_requests_at_once_may_be_decided() -> None:
    assert told(allow("a", INSIDE), facts=EVERYTHING).outcome is Outcome.PASS
    assert told(allow("a", Not(INSIDE)), facts=EVERYTHING).step is Step.NOT_ALLOWED
    assert told(deny("a", GET, Not(GET)), facts=EVERYTHING).outcome is Outcome.REFUSED
    assert told(facts=EVERYTHING).step is Step.NOTHING_ASKED


def test_what_is_surely_absent_is_not_asked_about() -> None:
    facts = Facts({PEER_ADDRESS: None}, whole=False)
    assert told(allow("a", INSIDE), facts=facts).step is Step.NOT_ALLOWED
    assert told(allow("a", Not(INSIDE)), facts=facts).step is Step.ALLOWED


def test_some_surely_pass_and_others_hang_on_what_is_open() -> None:
    facts = Facts({}, frozenset({PEER_ADDRESS}), whole=False)
    rules = RequestRules((allow("a", ORDERS), allow("b", INSIDE)))
    bounds = passing(rules, facts)
    assert not bounds.is_known()
    assert bounds.possibly.is_everything()
    assert decide(rules, facts, PointSort.SIDECAR, http=True).outcome is Outcome.UNKNOWN


def test_what_a_filter_left_is_open() -> None:
    hidden = Predicate(metadata("a.b[c]"), Present())
    assert told(deny("a", hidden)).hangs_on == (metadata("a.b[c]"),)


def test_a_pattern_that_is_not_known_is_open() -> None:
    asks = Predicate(PATH, Unknown("a release before or after"))
    assert told(allow("a", asks)).outcome is Outcome.UNKNOWN
    assert told(allow("a", asks, GET)).outcome is Outcome.PASS


def test_what_is_unsettled_leaves_it_unknown() -> None:
    source = Source("EnvoyFilter", "shop", "patch", PLACE)
    decision = told(deny("a", ALWAYS), unsettled=((source, "it may change the filters"),))
    assert (decision.outcome, decision.step, decision.sources) == (Outcome.UNKNOWN, Step.UNSETTLED, (source,))


def test_an_external_service_decides_where_all_else_allows() -> None:
    asks = policy("ask", RequestAction.EXTERNAL, ORDERS, provider="opa")
    decision = told(asks)
    assert (decision.outcome, decision.step) == (Outcome.UNKNOWN, Step.SERVICE)
    assert decision.text.startswith("opa decides")
    assert told(asks, deny("a", GET)).step is Step.DENIED
    assert told(asks, facts=Facts({METHOD: "GET", PATH: "/"})).outcome is Outcome.PASS
    refuses = policy("ask", RequestAction.EXTERNAL, ORDERS, refuses=True)
    assert told(refuses, allow("a", ALWAYS)).step is Step.SERVICE_MISSING


def test_shadows_and_audits_have_no_effect() -> None:
    shadow = policy("try", RequestAction.ALLOW, shadow=True)
    audit = policy("log", RequestAction.AUDIT, ALWAYS)
    assert told(shadow, audit).step is Step.NOTHING_ASKED


ISSUERS = (TokenIssuer("me", ("api",), Source("Tokens", "shop", "jwt", PLACE, 0)),)


def test_a_token_that_is_not_taken_is_refused_before_what_denies() -> None:
    facts = Facts({claim("iss"): ("you",), PORT: 80})
    decision = told(deny("a", ALWAYS), facts=facts, issuers=ISSUERS)
    assert (decision.step, decision.symptom, decision.sources) == (Step.TOKEN, "http-401", (ISSUERS[0].source,))
    assert told(facts=Facts({claim("iss"): ("me",), PORT: 80}), issuers=ISSUERS).step is Step.TOKEN
    taken = Facts({claim("iss"): ("me",), claim("aud"): ("api",), PORT: 80})
    assert told(facts=taken, issuers=ISSUERS).outcome is Outcome.PASS


def test_all_requests_are_those_without_a_token_or_with_a_good_one() -> None:
    asks = Predicate(claim("sub"), Present(empty=False))
    assert told(facts=EVERYTHING, issuers=ISSUERS).outcome is Outcome.PASS
    decision = told(allow("a", asks), facts=EVERYTHING, issuers=ISSUERS)
    assert decision.passes is not None
    assert decision.passes.get(claim("iss")) == ("me",)


def test_where_tokens_are_not_looked_at_there_is_none() -> None:
    asks = Predicate(claim("sub"), Present())
    facts = Facts({claim("sub"): ("a",), PORT: 80})
    assert told(allow("a", asks), facts=facts).step is Step.NOT_ALLOWED
    assert told(allow("a", asks), facts=facts, issuers=(TokenIssuer("", (), ISSUERS[0].source),)).step is Step.TOKEN
