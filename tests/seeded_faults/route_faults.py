"""Faults in routes inside the mesh: which routes count for a client, or at a waypoint, and what they take."""

from __future__ import annotations

from tests.seeded_faults.fault import in_file

OF_SERVICES = ("tests/dialects/istio/test_service_routes.py",)
REWRITING = ("tests/verdict/meshed/test_rewriting.py",)
AT_WAYPOINTS = ("tests/dialects/istio/test_waypoint_routes.py",)

ROUTES = (
    *in_file(
        "dialects/fields/route_matches.py",
        OF_SERVICES,
        ("return (sort, length, method,", "return (0, length, method,", "a longer prefix goes before an exact path"),
    ),
    *in_file(
        "dialects/istio/service_routes.py",
        OF_SERVICES,
        ('        if one.get("weight") != 0:', "        if True:", "a weight of nothing is some"),
        (
            '            any("requestRedirect" in one for one in filters) or not weighted,',
            "            False,",
            "nobody answers",
        ),
        ("    if not known and not broken and", "    if False and", "of two routes without ages the first counts"),
        (
            'elif kind == "Service" and "group" in one:',
            'elif kind == "Service":',
            "a parent needs no group to be a Service",
        ),
    ),
    *in_file(
        "dialects/istio/route_choice.py",
        OF_SERVICES,
        ("return 2 if preferred and home == client else 3", "return 3", "a client's own namespace does not come first"),
        ("            if one.port not in (None, number):", "            if False:", "a route is for every port"),
        (
            "            if one.named.namespace in namespaces:",
            "            if True:",
            "a consumer's route holds for all",
        ),
        ("    if entry.when is not None:", "    if False:", "what a route of the Gateway API takes is not asked"),
    ),
    *in_file(
        "dialects/istio/client_routes.py",
        OF_SERVICES,
        (
            "entry.carried in carried and perhaps_for(entry, source, number)",
            "entry.carried in carried",
            "a route for nobody counts",
        ),
    ),
    *in_file(
        "dialects/istio/waypoint_routes.py",
        AT_WAYPOINTS,
        ("_denying(policy, negation(kept))", "_denying(policy, kept)", "a waypoint sends on what it sends elsewhere"),
        ("        if not http:\n", "        if False:\n", "bytes are routed like requests"),
    ),
    *in_file(
        "dialects/istio/client_routes.py",
        AT_WAYPOINTS,
        (
            "for some in (candidates, near)]",
            "for some in (candidates,)]",
            "every release takes routes of the Service's namespace at a waypoint",
        ),
        (
            "for listed in (anybodys(entries), unlabelled(entries)):",
            "for listed in (anybodys(entries),):",
            "no release looks at who the client is",
        ),
    ),
    *in_file(
        "layers/requests/passing.py",
        AT_WAYPOINTS,
        ("            negation(any_of(self.routed)),\n", "", "what is sent elsewhere passes"),
        ("for one in denying if not one.routes)", "for one in denying)", "a route refuses as a policy does"),
    ),
    *in_file(
        "model/rewriting.py",
        REWRITING,
        ('return f"{self.path}{rest}"', "return self.path", "what follows a prefix is replaced, too"),
        ("if name not in self.removed}", "}", "nothing is removed"),
        ("    clash = first.names & second.names or", "    clash = False or", "two places that change a field are one"),
    ),
    *in_file(
        "dialects/istio/rewrites.py",
        REWRITING,
        ("    if formatted or telling or", "    if False and", "a field that is made of others is a text"),
        (
            '        return replace(found, prefix="/")\n',
            "        return found\n",
            "without a match the whole path is replaced",
        ),
    ),
    *in_file(
        "verdict/meshed/ruling.py",
        REWRITING,
        (
            'return Ruling(Verdict.UNKNOWN, Reason("rewritten",',
            'return self.of(hop, request, address, host) or Ruling(Verdict.UNKNOWN, Reason("rewritten",',
            "what changes in an unknown way is judged as it was",
        ),
    ),
)
