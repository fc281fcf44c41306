"""What an enforcement point says of the request of a question, or of all of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from ringfence.layers.mesh.courses import At, Course, Hop
from ringfence.layers.requests.deciding import Decision, Outcome, Outcomes, Step, decide
from ringfence.layers.requests.facts import Facts
from ringfence.layers.requests.passing import conditions
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
    TOKEN_AUDIENCES,
    TOKEN_PRESENTER,
    TOKEN_PRINCIPAL,
    Encryption,
    Mesh,
    Point,
    PointSort,
    RequestRules,
    Source,
    TokenIssuer,
    claim,
    header,
)
from ringfence.sets.addresses import address as address_of
from ringfence.sets.languages.patterns import Present
from ringfence.sets.requests.attributes import Attribute, query
from ringfence.sets.requests.formulas import ALWAYS, Formula, Predicate, predicates_of
from ringfence.sets.requests.request import Value
from ringfence.sets.requests.spaces import Spaces
from ringfence.values import replace
from ringfence.verdict.answers import Reason, Verdict
from ringfence.verdict.meshed.contents import Passing, passing_of
from ringfence.verdict.meshed.judging import Ruling, decisions
from ringfence.verdict.meshed.request import Among, Claims, Request
from ringfence.verdict.meshed.rewriting import Became, became, for_one
from ringfence.verdict.meshed.values import REQUESTS, TRANSPORT

FORWARDED = "x-forwarded-for"
CREDENTIALS = header("authorization")
CHANGED = "what becomes of the request before it gets there is not known"
VERDICTS = {
    Outcome.PASS: Verdict.ALLOWED,
    Outcome.REFUSED: Verdict.DENIED,
    Outcome.SOME: Verdict.MIXED,
    Outcome.UNKNOWN: Verdict.UNKNOWN,
}


class Rulings:
    """Asks the points of one mesh. ``mesh`` None: there is no point to ask."""

    def __init__(self, mesh: Mesh | None, spaces: Spaces | None = None) -> None:
        self.mesh = mesh
        self._spaces = Spaces() if spaces is None else spaces
        self._outcomes = Outcomes(self._spaces)

    def of(self, hop: Hop, request: Request | Among | None, address: int | None, host: str) -> Ruling:
        """The ruling of a hop's point. ``address``: where the hop comes from, None: not known. ``host``: what a request
        says that names no other; empty: not known."""

        def judge(one: Request | Among | None) -> Ruling:
            return _alike(self._rules(hop), one, lambda rules: self._of(hop, rules, one, address, host))

        return self._spelled(request, judge)

    def _of(
        self, hop: Hop, rules: RequestRules, request: Request | Among | None, address: int | None, host: str
    ) -> Ruling:
        assert hop.point is not None
        among = request if isinstance(request, Among) else None
        http = hop.point.http
        facts = self._facts(hop, rules, None if isinstance(request, Among) else request, address, host)
        if among is not None and hop.point.http:
            told = {**facts.values, HOST: among.host} if among.host else facts.values
            facts = Facts(told, facts.open | among.unknown, False)
        looked_at = among.formula if among is not None and hop.point.http else ALWAYS
        rules = for_one(rules, request, facts.values)
        return ruling(decide(rules, facts, hop.point.sort, http=http, spaces=self._spaces, among=looked_at))

    def verdict(self, hop: Hop, address: int | None) -> Verdict:
        """What a hop's point says of all requests together."""
        rules = self._rules(hop)
        return VERDICTS[self._outcomes.of(rules, self._facts(hop, rules, None, address))]

    def _rules(self, hop: Hop) -> RequestRules:
        assert self.mesh is not None
        assert hop.point is not None
        return self.mesh.rules(hop.point, hop.judged_port)

    def asks_for_names(self, hop: Hop) -> bool:
        """Whether a hop's point asks for the name of a server in TLS."""
        if hop.point is None:
            return False
        formulas = [rule.formula for one in self._rules(hop).policies for rule in one.rules]
        return any(one.attribute == SNI for one in predicates_of(formulas))

    def allowed(self, hop: Hop, address: int | None) -> str:
        """The requests that surely pass a hop's point, in short."""
        from ringfence.verdict.meshed.summaries import summary

        rules = self._rules(hop)
        return summary(rules, self._facts(hop, rules, None, address), self._spaces)

    def passing(self, hop: Hop, address: int | None) -> Passing:
        """Which requests a hop's point lets pass. Where those come from that say that somebody forwarded them is
        open; others come from the address of the connection."""
        rules = self._rules(hop)
        facts = self._facts(hop, rules, None, address)
        found = passing_of(rules, conditions(rules, facts), facts)
        if address is None or REMOTE_ADDRESS not in found.open:
            return found
        told = Facts({**facts.values, REMOTE_ADDRESS: address}, facts.open - {REMOTE_ADDRESS}, facts.whole)
        return found.where(Predicate(header(FORWARDED), Present()), passing_of(rules, conditions(rules, told), told))

    def of_client(self, rules: RequestRules, request: Request | Among | None, port: int, host: str) -> Ruling:
        """What the client's own proxy does with requests that are dialled at a port: sends them there, or not."""

        def judge(one: Request | Among | None) -> Ruling:
            return _alike(rules, one, lambda read: self._of_client(read, one, port, host))

        return self._spelled(request, judge)

    def _spelled(self, request: Request | Among | None, judge: Callable[[Request | Among | None], Ruling]) -> Ruling:
        """What is said of a request whichever way the proxies read its path, where that is not known."""
        if self.mesh is None or not isinstance(request, Request):
            return judge(request)
        paths = self.mesh.spellings(request.path)
        found = [judge(request if path == request.path else dataclasses.replace(request, path=path)) for path in paths]
        if len({one.verdict for one in found}) == 1:
            return found[0]
        text = f"it hangs on whether proxies take {request.path} for {paths[-1]}"
        decided = tuple(dict.fromkeys(decision for one in found for decision in one.decided_by))
        return Ruling(Verdict.UNKNOWN, Reason(Step.OPEN.value, text, "the release of Istio"), decided)

    def _of_client(self, rules: RequestRules, request: Request | Among | None, port: int, host: str) -> Ruling:
        assert self.mesh is not None
        values: dict[Attribute, Value | None] = {PORT: port}
        among: Formula = ALWAYS
        unknown: set[Attribute] = set()
        if isinstance(request, Among):
            among = request.formula
            values |= {HOST: request.host} if request.host else {}
            unknown |= request.unknown
        elif request is not None:
            values |= self._of_request(request, host, unknown)
            self._headers(request, rules, values, unknown)
        rules = for_one(rules, request, values)
        facts = Facts(values, frozenset(unknown), isinstance(request, Request))
        found = decide(rules, facts, PointSort.SIDECAR, http=True, spaces=self._spaces, among=among)
        given = ruling(found)
        if found.outcome is Outcome.REFUSED:
            named = ", ".join(dict.fromkeys(f"{one.kind} {one.namespace}/{one.name}" for one in rules.policies))
            others = ", ".join(filter(None, (one.provider for one in rules.policies)))
            does = f"sends it to {others}, or answers it" if others else "answers it"
            reason = Reason("routed-elsewhere", f"the client's proxy {does}, as {named} says")
            if isinstance(request, Request) and any(one.kind == "Service" for one in rules.policies):
                text = f"the client's proxy sends it to {named}, which is what it names as its host"
                reason = Reason("routed-elsewhere", text)
            told = [Source(one.kind, one.namespace, one.name, one.place) for one in rules.policies]
            if any(one.onward for one in rules.policies):
                text = f"the client's proxy sends it to {others}, as {named} says: what becomes of it is not followed"
                reason = Reason("sent-on", text, f"the same questions to {others}, and from there")
                return Ruling(Verdict.UNKNOWN, reason, decisions(told, TRANSPORT, "egress"))
            return Ruling(given.verdict, reason, decisions(told, TRANSPORT, "egress"))
        if found.outcome is Outcome.SOME:
            text = given.reason.message.replace("pass (", "are sent there (").replace(" do not (", " are not (")
            return replace(given, reason=Reason("routed-elsewhere", text), symptom="none")
        return replace(given, symptom="none")

    def of_sent(
        self, course: Course, hop: Hop, request: Request | Among | None, address: int | None, host: str
    ) -> Ruling:
        """The ruling of a hop's point on a request as it gets there: proxies before it may have changed it."""
        return self._spelled(request, lambda one: self._of_sent(course, hop, one, address, host))

    def _of_sent(
        self, course: Course, hop: Hop, request: Request | Among | None, address: int | None, host: str
    ) -> Ruling:
        if not isinstance(request, Request):
            return self.of(hop, request, address, host)
        sent = self._through(course.routes, request, course.dialled, host)
        for one in course.hops[: course.hops.index(hop)]:
            if one.point is not None and one.point.http and sent.request is not None:
                sent = self._through(self._rules(one), sent.request, one.judged_port, host)
        if sent.request is not None:
            return self.of(hop, sent.request, address, host)
        found = self.of(hop, None, address, host)
        # What refuses every request refuses this one.
        if found.verdict is Verdict.DENIED:
            return found
        return Ruling(Verdict.UNKNOWN, Reason("rewritten", ": ".join(filter(None, (CHANGED, sent.unsure)))))

    def _through(self, rules: RequestRules | None, request: Request, port: int, host: str) -> Became:
        """What a proxy with these rules sends on of a request."""
        assert self.mesh is not None
        if rules is None or (rules.alone is None and not rules.moved):
            return Became(request)
        values: dict[Attribute, Value | None] = {PORT: port, **self._of_request(request, host, set())}
        return became(rules, request, values, self.mesh.normalized(request.path))

    def passing_of_client(self, rules: RequestRules, port: int) -> Passing:
        """Which requests that are dialled at a port the client's own proxy sends there."""
        facts = Facts({PORT: port}, frozenset(), False)
        found = passing_of(rules, conditions(rules, facts), facts)
        if not any(one.onward for one in rules.policies):
            return found
        hangs = tuple(f"{one.kind} {one.namespace}/{one.name}: {one.provider}" for one in rules.policies if one.onward)
        return replace(found, possibly=ALWAYS, hangs=(*found.hangs, *hangs))

    @property
    def spaces(self) -> Spaces:
        """The spaces that its sets of requests are of."""
        return self._spaces

    def written(self, request: Request, port: int) -> tuple[dict[Attribute, Value | None], set[Attribute]]:
        """What a request says that is dialled at a port, and what of it is not known."""
        unknown: set[Attribute] = set()
        return {PORT: port, **self._of_request(request, "", unknown)}, unknown

    def _of_request(self, request: Request, host: str, unknown: set[Attribute]) -> dict[Attribute, Value | None]:
        """What a request says by itself."""
        assert self.mesh is not None
        values: dict[Attribute, Value | None] = {}
        host = request.host or host
        if host:
            values[HOST] = host
        else:
            unknown.add(HOST)
        values[METHOD], values[PATH] = request.method, self.mesh.normalized(request.path)
        values |= {header(name): value for name, value in request.headers.items()}
        if request.claims is not None:
            # It carries the token, unless something else does, and is taken away once that is validated.
            values.pop(CREDENTIALS, None)
            unknown.add(CREDENTIALS)
        values |= {query(name): value for name, value in request.query.items() if value is not None}
        unknown |= {query(name) for name, value in request.query.items() if value is None}
        return values

    @staticmethod
    def _headers(
        request: Request, rules: RequestRules, values: dict[Attribute, Value | None], unknown: set[Attribute]
    ) -> None:
        """What the proxies make of the request's headers before they compare them."""
        if rules.apart:
            values |= {header(name): several for name, several in request.repeated.items()}
        for name in rules.written | (rules.added - request.headers.keys()):
            values.pop(header(name), None)
            unknown.add(header(name))

    def _facts(
        self, hop: Hop, rules: RequestRules, request: Request | None, address: int | None, host: str = ""
    ) -> Facts:
        assert hop.point is not None
        assert self.mesh is not None
        values: dict[Attribute, Value | None] = {PORT: hop.judged_port}
        unknown: set[Attribute] = set()
        asks = _server_name(hop)
        if asks is None:
            unknown.add(SNI)
        else:
            values[SNI] = asks or None
        if hop.anonymous:
            unknown.add(PEER_IDENTITY)
        else:
            values[PEER_IDENTITY] = hop.identity.text if hop.identity is not None else None
        told = {PEER_ADDRESS: address, DESTINATION_ADDRESS: _destination(hop.point)}
        told[REMOTE_ADDRESS] = _remote(hop, rules, request, address) if hop.point.http else address
        for attribute, number in told.items():
            if number is None:
                unknown.add(attribute)
            else:
                values[attribute] = number
        if not hop.point.http or request is None:
            unknown.update(map(header, rules.written))
            return Facts(values, frozenset(unknown), not hop.point.http)
        values |= self._of_request(request, host, unknown)
        self._headers(request, rules, values, unknown)
        if request.claims is not None and not request.preflight:
            divided, open_claims = words(request.claims, rules.issuers)
            values |= token(divided)
            unknown |= open_claims
        return Facts(values, frozenset(unknown))


def _server_name(hop: Hop) -> str | None:
    """The name of a server that a connection asks for in TLS, as a point sees it; empty: none; None: not known. What is
    none of HTTP may be TLS of the application, with a name of its own."""
    if hop.transport.proven and hop.asks:
        # Envoy keeps the name in lower case.
        return hop.asks.lower()
    plainly = hop.asks == "" if hop.transport.proven else hop.transport.encryption is Encryption.NONE
    return "" if plainly and hop.point is not None and hop.point.http else None


def _remote(hop: Hop, rules: RequestRules, request: Request | None, address: int | None) -> int | None:
    """Where a request comes from, as a proxy has it from ``X-Forwarded-For``; None: not known. An entry that is no
    address, or too few of them, leave it at who opened the connection. What a waypoint adds to it is not known."""
    if rules.forwarded is not None and rules.forwarded < 0:
        return address
    if request is not None and FORWARDED not in request.headers:
        return address
    if request is None or rules.forwarded is None or hop.source is At.WAYPOINT:
        return None
    entries = request.headers[FORWARDED].split(",")
    if len(entries) <= rules.forwarded:
        return address
    entry = entries[-1 - rules.forwarded].strip()
    try:
        return address_of(entry)
    except ValueError:
        return address


def _alike(rules: RequestRules, request: Request | Among | None, judge: Callable[[RequestRules], Ruling]) -> Ruling:
    """What is said of a request however its repeated headers are compared, where that is not known."""
    if rules.apart is not None or not isinstance(request, Request) or not request.repeated:
        return judge(rules)
    one, other = (judge(replace(rules, apart=apart)) for apart in (True, False))
    if one.verdict is other.verdict:
        return one
    names = ", ".join(request.repeated)
    text = f"it hangs on whether each value of a header that is there twice is compared by itself ({names})"
    decided = tuple(dict.fromkeys((*one.decided_by, *other.decided_by)))
    return Ruling(Verdict.UNKNOWN, Reason(Step.OPEN.value, text, "the release of Istio"), decided)


def _destination(point: Point) -> int | None:
    """The address that a point sees a connection go to: at a waypoint that of the Service, if one was dialled."""
    service = point.service
    if point.sort is PointSort.WAYPOINT and service is not None and not service.headless:
        return service.addresses[0] if service.addresses else None
    addresses = (point.server or point.pod).addresses
    return addresses[0] if addresses else None


def words(claims: Claims, issuers: tuple[TokenIssuer, ...]) -> tuple[Claims, set[Attribute]]:
    """A token's claims as proxies compare them, where those of its issuer have some texts divided into words; and which
    are not known, since only some of the issuer's rules divide them, or claims within claims are meant."""
    divided: dict[tuple[str, ...], str | tuple[str, ...]] = dict(claims)
    unknown: set[Attribute] = set()
    taking = [one.divided for one in issuers if one.issuer in ("", claims.get(("iss",)))]
    for path, value in claims.items():
        name = ".".join(path)
        if not isinstance(value, str) or not any(name in names for names in taking):
            continue
        parts = tuple(dict.fromkeys(part for part in value.split(" ") if part))
        if parts == (value,):
            continue
        if len(path) == 1 and all(name in names for names in taking):
            divided[path] = parts
        else:
            del divided[path]
            unknown.add(claim(*path))
    return divided, unknown


def token(claims: Claims) -> dict[Attribute, Value]:
    """The attributes of a token."""
    found: dict[Attribute, Value] = {}
    for path, value in claims.items():
        texts = (value,) if isinstance(value, str) else value
        if texts:
            found[claim(*path)] = texts
    issuer, subject = claims.get(("iss",)), claims.get(("sub",))
    if not isinstance(issuer, str):
        # A token that says no issuer is one all the same, and nobody's.
        found[claim("iss")] = ("",)
    if isinstance(issuer, str) and isinstance(subject, str):
        found[TOKEN_PRINCIPAL] = f"{issuer}/{subject}"
    if isinstance(presenter := claims.get(("azp",)), str):
        found[TOKEN_PRESENTER] = presenter
    if audiences := found.get(claim("aud")):
        found[TOKEN_AUDIENCES] = audiences
    return found


def ruling(decision: Decision) -> Ruling:
    """A decision of a point as what the answer says."""
    decide_with = ", ".join(map(str, decision.hangs_on))
    if decision.outcome is Outcome.SOME and decision.passes is not None and decision.refused is not None:
        text = f"some requests pass ({decision.passes}), and some do not ({decision.refused})"
    else:
        text = decision.text
    reason = Reason(decision.step.value, text, decide_with)
    decided = decisions(decision.sources, REQUESTS)
    return Ruling(VERDICTS[decision.outcome], reason, decided, decision.symptom, decision.passing)
