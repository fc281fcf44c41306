"""Faults in the difference of two states with a mesh."""

from __future__ import annotations

from tests.seeded_faults.fault import in_file

TESTS = ("tests/verdict/meshed/test_diff.py",)

DIFF_FAULTS = (
    *in_file(
        "verdict/meshed/differing.py",
        TESTS,
        (
            "    more, less = not stands.gained.is_empty(), not stands.lost.is_empty()",
            "    more, less = not stands.gained.is_empty(), False",
            "requests that are lost are no row",
        ),
        (
            "                if aspect is Aspect.REACH:\n",
            "                if False:\n",
            "what protects a flow is no row",
        ),
        (
            "    if before.unbound is not None or after.unbound is not None:\n        known",
            "    if False:\n        known",
            "who controls a client is forgotten",
        ),
        (
            'return {"none": 0, "unknown": 0, "tls": 1}.get(encryption, 2)',
            'return {"none": 2, "unknown": 0, "tls": 1}.get(encryption, 2)',
            "plain text is as good as the mesh's TLS",
        ),
    ),
    *in_file(
        "verdict/meshed/reach.py",
        TESTS,
        (
            "OF_PEERS = frozenset((PEER_IDENTITY, PEER_ADDRESS, REMOTE_ADDRESS))",
            "OF_PEERS = frozenset((PEER_IDENTITY, PEER_ADDRESS))",
            "lists take one address outside for another where policies ask who forwarded",
        ),
    ),
    *in_file(
        "verdict/meshed/ruling.py",
        TESTS,
        (
            "        return found.where(Predicate(header(FORWARDED), Present()), ",
            "        return found if found else found.where(Predicate(header(FORWARDED), Present()), ",
            "where a request comes from is open, whether somebody forwarded it or not",
        ),
    ),
    *in_file(
        "sources/crossing.py",
        TESTS,
        (
            "    return thing.kind not in OF_CLUSTERS or of_mesh(thing)",
            "    return of_mesh(thing)",
            "policies of the network stay those of the cluster",
        ),
        (
            "        more, less = more or told.more, less or told.less",
            "        more, less = told.more, told.less",
            "what the first cluster shows is forgotten",
        ),
    ),
    *in_file(
        "sources/mixing.py",
        TESTS,
        (
            "    return thing.namespace, name, _unordered(beside), _unordered(spec)",
            "    return thing.namespace, name, _unordered(spec)",
            "a policy that is only tried is one that is in force",
        ),
    ),
    *in_file(
        "verdict/meshed/carried.py",
        ("tests/verdict/meshed/test_carried.py",),
        (
            "                    shared = mask & other & self.comparison.common & ~itself",
            "                    shared = other & self.comparison.common & ~itself",
            "flows that only the state after allows are weakened",
        ),
        (
            "                alone = family if len(words) > 1 else None",
            "                alone = None",
            "what one address family loses, both do",
        ),
        (
            "            if rest := subtract(ports, self._by_application(destination)):",
            "            if rest := ports:",
            "what the application encrypts is weakened with the plugin",
        ),
    ),
    *in_file(
        "verdict/meshed/compared.py",
        ("tests/verdict/meshed/test_diff.py",),
        (
            "            self._by_application = destination, port, tls",
            "            self._by_application = destination, port, False",
            "an application that no longer encrypts is no row",
        ),
    ),
    *in_file(
        "verdict/meshed/one_sided.py",
        TESTS,
        (
            "        old, new = (Contents.NOTHING, number) if change is Change.NEW else (number, Contents.NOTHING)",
            "        old, new = Contents.NOTHING, number",
            "requests of workloads that are gone are gained",
        ),
        (
            "            if rest := subtract(ports, known):",
            "            if rest := ():",
            "what somebody gets who controls a new workload is no row",
        ),
    ),
    *in_file(
        "verdict/meshed/forms.py",
        ("tests/verdict/meshed/test_forms.py",),
        (
            "yield from call.unbound() if reaches is None else reaches.unbound(call)",
            "yield from call.unbound()",
            "who controls a client calls by one Service only",
        ),
    ),
    *in_file(
        "verdict/meshed/contents.py",
        TESTS,
        (
            "        gained = (new.surely - old.surely) | (new.possibly - old.possibly)",
            "        gained = new.surely - new.surely",
            "requests that are gained are no row",
        ),
        (
            "    return Passing(first, second, found.possible,",
            "    return Passing(first, second, ALWAYS,",
            "requests with tokens that nobody takes are meant by a question about all of them",
        ),
    ),
    *in_file(
        "verdict/meshed/compared.py",
        TESTS,
        (
            "            identity = OWN if deciding.source is At.CLIENT else deciding.identity.text",
            '            identity = "" if deciding.source is At.CLIENT else deciding.identity.text',
            "nobody knows who the client is",
        ),
        (
            "        named = sources & self.own_names",
            "        named = 0",
            "another service account is the same somebody",
        ),
        (
            "            yield from self._outside(destination, sources, result)",
            "            yield sources, result",
            "what clients get outside of the mesh hangs on the network alone",
        ),
    ),
    *in_file(
        "verdict/meshed/causes.py",
        TESTS,
        (
            "                chosen = chosen - {number} if found else chosen",
            "                chosen = chosen",
            "objects that change nothing are causes",
        ),
    ),
    *in_file(
        "verdict/meshed/telling.py",
        TESTS,
        ("        if text not in WHOLE:", "        if False:", "fingerprints do not see requests"),
    ),
)  # fmt: skip
