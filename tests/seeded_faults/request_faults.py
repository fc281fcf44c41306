"""Faults in how flows in a mesh are judged, and in the sets of requests."""

from __future__ import annotations

from tests.seeded_faults.fault import in_file

_ORACLE = "tests/properties/test_mesh_against_oracle.py"
ORACLE = (f"{_ORACLE}::test_they_agree[0]", f"{_ORACLE}::test_they_agree_on_what_is_rarer[0]")
SPEC, SPEC_AUTHORIZATION = "tests/dialects/istio/test_spec.py", "tests/dialects/istio/test_spec_authorization.py"
COURSES = ("tests/layers/mesh", "tests/verdict/meshed/test_asking.py", *ORACLE)
DECIDED = ("tests/layers/requests/test_deciding.py", SPEC_AUTHORIZATION, "tests/layers/requests/test_against_oracle.py")
JUDGED = ("tests/verdict/meshed/test_asking.py", "tests/cli/test_mesh_questions.py", *ORACLE)
SETS_OF_REQUESTS = ("tests/sets/requests",)
LANGUAGES = ("tests/sets/languages",)

VERDICTS = (
    *in_file(
        "verdict/meshed/ruling.py",
        ("tests/dialects/istio/test_forwarded.py",),
        (
            "    entry = entries[-1 - rules.forwarded].strip()",
            "    entry = entries[0].strip()",
            "the first address of X-Forwarded-For is believed",
        ),
        (
            "    if len(entries) <= rules.forwarded:\n        return address",
            "    if len(entries) <= rules.forwarded:\n        return address_of(entries[0].strip())",
            "a gateway believes a header that too few proxies have filled",
        ),
    ),
    *in_file(
        "dialects/istio/forwarded.py",
        ("tests/dialects/istio/test_forwarded.py",),
        (
            "    return None if trusted is None else trusted - 1",
            "    return None if trusted is None else trusted",
            "a gateway trusts one proxy more than it is told",
        ),
        (
            " if formula.attribute == REMOTE_ADDRESS else formula",
            " if False else formula",
            "lists take every address for one where remoteIpBlocks ask for the peer's",
        ),
    ),
    *in_file(
        "layers/mesh/transport.py",
        COURSES,
        (
            "    if acceptance is Acceptance.STRICT:\n        return _refused(client, Encryption.NONE",
            "    if False:\n        return _refused(client, Encryption.NONE",
            "a STRICT sidecar takes plain connections",
        ),
        (
            "    if server.acceptance is Acceptance.STRICT:\n        return _refused(client, encryption",
            "    if False:\n        return _refused(client, encryption",
            "a STRICT ztunnel takes plain connections",
        ),
        (
            "        if acceptance is Acceptance.PLAIN:\n",
            "        if False:\n",
            "a server without TLS understands a handshake",
        ),
        (
            "return replace(transport, accepted=False, proven=False,",
            "return replace(transport, accepted=True, proven=False,",
            "a foreign trust domain is taken for nobody",
        ),
        (
            "    if server.speech is Speech.HTTP:\n",
            "    if False:\n",
            "TLS of others passes a port of HTTP",
        ),
    ),
    *in_file(
        "layers/mesh/courses.py",
        COURSES,
        (
            "self.mesh.tunnel_port if tunnelled else port,",
            "port,",
            "packets of a tunnel arrive at the workload's port",
        ),
        (
            "self.port if self.dialled is None else self.dialled,",
            "self.port,",
            "a waypoint sees the workload's port",
        ),
        (
            "bytes_only = silent or (proxy is Proxy.SIDECAR and self._spoken() is Speech.TCP)",
            "bytes_only = silent",
            "a handshake does not choose what is spoken",
        ),
        (
            "if host is not None and host.awaits_tunnels and port == self.mesh.tunnel_port:",
            "if False:",
            "the port of tunnels takes plain bytes",
        ),
        (
            "takes = host is not None and (tunnelled or within(host.inbound, port))",
            "takes = host is not None",
            "excluded ports are in the mesh",
        ),
        (
            "http = self._addressed is None or self._spoken() is not Speech.TCP",
            "http = self._spoken() is not Speech.TCP",
            "a waypoint goes by the Service where a pod is dialled",
        ),
        (
            "proven = mesh.identity(through)\n",
            "proven = own\n",
            "a waypoint proves to be the client",
        ),
    ),
    *in_file(
        "layers/requests/passing.py",
        DECIDED,
        (
            "negation(any_of(self.denied)),",
            "",
            "what denies is not asked",
        ),
        (
            "any_of(self.allowed) if self.allowing else ALWAYS,",
            "any_of(self.allowed) if self.allowed else ALWAYS,",
            "a policy without rules allows everything",
        ),
        (
            "enforced = [policy for policy in rules.policies if not policy.shadow]",
            "enforced = list(rules.policies)",
            "shadows are enforced",
        ),
        (
            "seen = facts if rules.issuers else _without_token(rules, facts)",
            "seen = facts",
            "tokens that nobody validates are believed",
        ),
        (
            "return disjunction((conjunction(Not(Predicate(sign, Present())) for sign in signs), *taken))",
            "return disjunction(taken)",
            "a request has to have a token",
        ),
        (
            "    if issuer.audiences:\n",
            "    if False:\n",
            "audiences do not matter",
        ),
    ),
    *in_file(
        "layers/requests/deciding.py",
        DECIDED,
        (
            "if self._certain(found.validated) is False:\n            return self._token()",
            "if False:\n            return self._token()",
            "a bad token is told as a denial",
        ),
        (
            "if self._certain(residue(issued(self.rules.issuers), self.facts)):",
            "if False:",
            "every bad token is answered with 401",
        ),
    ),
    *in_file(
        "verdict/meshed/judging.py",
        JUDGED,
        (
            "is not Verdict.DENIED or hop.transport.proven or not member:",
            "is not Verdict.DENIED or not member:",
            "what policies deny to somebody is the client's own doing",
        ),
    ),
    *in_file(
        "verdict/meshed/judging.py",
        ("tests/verdict/meshed/test_holds.py",),
        (
            "        if not hop.transport.accepted:\n            if not hop",
            "        if judged.layers[0].verdict is Verdict.DENIED:\n            return False\n"
            "        if not hop.transport.accepted:\n            if not hop",
            "what the network refuses, too, binds who has another form",
        ),
    ),
    *in_file(
        "verdict/meshed/symptoms.py",
        JUDGED,
        (
            '    if client is Proxy.NONE:\n        return "timeout"\n',
            '    if client is Proxy.NONE:\n        return "refused"\n',
            "packets that are dropped are refused",
        ),
        (
            'return "http-503" if http else "eof"',
            'return "http-503"',
            "a sidecar answers connections in HTTP",
        ),
        (
            'return "http-502" if http else "eof"',
            'return "http-503" if http else "eof"',
            "a black hole answers 503",
        ),
    ),
    *in_file(
        "verdict/meshed/ruling.py",
        ("tests/verdict/meshed/test_headers.py",),
        (
            "        if rules.apart:\n",
            "        if False:\n",
            "a header that is there twice is one text",
        ),
        (
            "unknown.update(map(header, rules.written))",
            "pass",
            "who asks chooses the headers that proxies write",
        ),
        (
            "unknown.add(CREDENTIALS)",
            "pass",
            "the header of a token is there whatever becomes of it",
        ),
    ),
    *in_file(
        "verdict/meshed/ruling.py",
        JUDGED,
        (
            "if hop.anonymous:",
            "if True:",
            "nobody knows who comes",
        ),
        (
            "texts = (value,) if isinstance(value, str) else value",
            "texts = (value,) if isinstance(value, str) else value[:1]",
            "of a list of claims only the first counts",
        ),
    ),
    *in_file(
        "verdict/meshed/request.py",
        JUDGED,
        (
            'path, _, tail = path.partition("#")[0].partition("?")',
            'tail, path = "", path.partition("#")[0]',
            "policies see the query of a path",
        ),
        ("key = name.lower()", "key = name", "headers keep their case"),
    ),
)
"""Hops, decisions, and what is told of them."""

REQUESTS = (
    *in_file(
        "sets/requests/diagrams.py",
        SETS_OF_REQUESTS,
        (
            "return left if right == NONE else None",
            "return left if right == NONE or left == EVERYTHING else None",
            "nothing is taken away from everything",
        ),
        (
            "level = min(self._levels[pair[0]], self._levels[pair[1]])",
            "level = self._levels[pair[0]]",
            "diagrams are joined from one side",
        ),
        (
            "if len(masks) == 1:",
            "if False:",
            "equal sets are different nodes",
        ),
        (
            "found = self.union(found, after)",
            "found = self.intersection(found, after) if found else after",
            "some value is every value",
        ),
    ),
    *in_file(
        "sets/requests/products.py",
        SETS_OF_REQUESTS,
        ("return left & ~right", "return left ^ right", "a difference gains what only the right one has"),
        (
            "found |= value >> point * stride & first",
            "found = value >> point * stride & first",
            "only the last value of an attribute counts",
        ),
    ),
    *in_file(
        "sets/requests/request_sets.py",
        SETS_OF_REQUESTS,
        (
            "return self.complement().possibly().complement() if self.space.open_predicates else self",
            "return self",
            "what hangs on a pattern is sure",
        ),
        (
            "return Bounds(self.surely - other.possibly, self.possibly - other.surely)",
            "return Bounds(self.surely - other.surely, self.possibly - other.possibly)",
            "differences of bounds are too wide",
        ),
    ),
    *in_file(
        "sets/requests/dimensions.py",
        SETS_OF_REQUESTS,
        (
            "return int(any(_atom(self.atoms, self.attribute, one) == self.atom for one in value))",
            "return int(all(_atom(self.atoms, self.attribute, one) == self.atom for one in value))",
            "all elements of a list have to match",
        ),
        (
            "for edge in (first, last + 1)",
            "for edge in (first, last)",
            "the last number of an interval is not one of it",
        ),
    ),
    *in_file(
        "sets/requests/joining.py",
        SETS_OF_REQUESTS,
        (
            "return RequestSet(space, move.value(0, requests.value)) & space.everything",
            "return RequestSet(space, move.value(0, requests.value))",
            "a set has impossible members in another space",
        ),
        (
            'return "wider" if self.right <= self.left else "different"',
            'return "different" if self.right <= self.left else "wider"',
            "wider and different change places",
        ),
    ),
    *in_file(
        "sets/requests/folding.py",
        SETS_OF_REQUESTS,
        (
            "if not meets(number + 1, rest):",
            "if True:",
            "pieces have what the set lacks",
        ),
    ),
    *in_file(
        "sets/requests/witnesses.py",
        SETS_OF_REQUESTS,
        (
            "known[level, one] = best = min(options)",
            "known[level, one] = best = max(options)",
            "the longest request is the witness",
        ),
    ),
    *in_file(
        "sets/languages/patterns.py",
        LANGUAGES,
        ("segment &= ~(1 << 0x2F)", "pass", "{*} takes several segments"),
        (
            "parts.append(one_or_more(Byte(segment)))",
            "parts.append(Star(Byte(segment)))",
            "{*} takes an empty segment",
        ),
        (
            "return pattern.empty or bool(data)",
            "return True",
            "an empty string is present where it may not be",
        ),
    ),
    *in_file(
        "sets/languages/automata.py",
        LANGUAGES,
        (
            "edge = bool(previous & WORD) != bool(following & WORD)",
            "edge = bool(previous & WORD) == bool(following & WORD)",
            "words begin within words",
        ),
        (
            "        self._connect(part.last, part.first)\n",
            "",
            "a star is once at most",
        ),
        (
            "            if number >= expression.least:\n",
            "            if number > expression.least:\n",
            "a count begins one later",
        ),
    ),
    *in_file(
        "sets/languages/chains.py",
        LANGUAGES,
        (
            "for overlap in range(min(len(before), len(after)), -1, -1):",
            "for overlap in (0,):",
            "a beginning and an end never overlap",
        ),
    ),
    *in_file(
        "sets/languages/re2.py",
        LANGUAGES,
        (
            "return complement(found) if negated else found\n\n    def _class_character",
            "return found\n\n    def _class_character",
            "[^a] is [a]",
        ),
        (
            "self._push(Character(EVERY if self._flags.dot_is_all else NOT_NEWLINE))",
            "self._push(Character(EVERY))",
            "a dot takes a line end",
        ),
        (
            "self._push(Character(folded(ranges) if self._flags.fold else ranges))",
            "self._push(Character(ranges))",
            "(?i) is about classes alone",
        ),
        (
            "counts = item.counts * max(1, least if most is None else most)",
            "counts = max(1, least if most is None else most)",
            "counts within counts have no limit",
        ),
    ),
    *in_file(
        "sets/languages/simplifying.py",
        LANGUAGES,
        (
            "return Prefix(text) if after else Exact(text)",
            "return Prefix(text)",
            "an expression without an end takes any end",
        ),
    ),
    *in_file(
        "sets/languages/walks.py",
        LANGUAGES,
        (
            "if state & sinks:\n                    state = state & ~positions | last",
            "if state & positions:\n                    state = state & ~positions | last",
            "an automaton accepts before it has read what it must",
        ),
    ),
)
"""Sets of requests, and the languages of patterns."""
