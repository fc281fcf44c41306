"""Faults in the questions of reach: ways in, steps, pods that do not exist, the difference of two states."""

from __future__ import annotations

from tests.seeded_faults.fault import in_file

REACH = ("tests/verdict/test_blast_radius.py", "tests/properties/test_reach_against_oracle.py")
EXPOSURE = ("tests/verdict/test_exposure.py", "tests/properties/test_reach_against_oracle.py")
DIFF = ("tests/verdict/test_diffing.py", "tests/properties/test_diff.py")

WAYS = ("tests/verdict/test_ways_in.py", "tests/properties/test_reach_against_oracle.py")

WAYS_IN = (
    *in_file(
        "verdict/ways_in/finder.py",
        WAYS,
        (
            '        if service.kind in ("NodePort", "LoadBalancer"):',
            '        if service.kind == "NodePort":',
            "a load balancer's Service has no node port",
        ),
        (
            "        elif external.addresses:\n",
            "        elif False:\n",
            "external addresses open nothing",
        ),
        (
            "seen = (*sources, self.sources.anywhere) if client.target.members else (client,)",
            "seen = (*sources, self.sources.anywhere)",
            "a load balancer that takes nobody lets itself in",
        ),
        (
            "there = replace(destination, service=_by_addresses(service, external))",
            "there = destination",
            "an external address leads on in every family",
        ),
    ),
    *in_file(
        "verdict/ways_in/serving.py",
        WAYS,
        (
            "_PREFERENCE = (Verdict.ALLOWED, Verdict.MIXED, Verdict.UNKNOWN, Verdict.DENIED)",
            "_PREFERENCE = (Verdict.DENIED, Verdict.UNKNOWN, Verdict.MIXED, Verdict.ALLOWED)",
            "of the ways to a controller the worst one counts",
        ),
        (
            "admission=self.controller is None",
            "admission=False",
            "what a controller that the input lacks may send is judged too",
        ),
        (
            "            if last is not None and last.verdict is Verdict.DENIED:\n",
            "            if False:\n",
            "a route that policies close is not told",
        ),
    ),
    *in_file(
        "verdict/ways_in/sources.py",
        WAYS,
        (
            "            flows = list(self.asker.flows.services.served(destination.service, flows))\n",
            "            pass\n",
            "the families of a Service, and pods that are perhaps behind it, do not matter",
        ),
        (
            '        flows = [flow for flow in flows if flow.closed != "address"]\n',
            "",
            "who has no address of the family denies the way",
        ),
        (
            "    if len(verdicts) == 1 and verdicts <= {Verdict.ALLOWED, Verdict.DENIED}:",
            "    if verdicts & {Verdict.ALLOWED, Verdict.DENIED}:",
            "what one of several sources gets is known",
        ),
    ),
    *in_file(
        "verdict/ways_in/values.py",
        WAYS,
        (
            "    for verdict in (Verdict.DENIED, Verdict.UNKNOWN, Verdict.MIXED):",
            "    for verdict in (Verdict.UNKNOWN, Verdict.MIXED):",
            "a way of which a hop is denied is open",
        ),
    ),
    *in_file(
        "verdict/ways_in/routing.py",
        WAYS,
        ("            if len(defaults) != 1:", "            if not defaults:", "of two default classes one is chosen"),
        (
            "            and grant.source == route.namespace\n",
            "",
            "a grant for another namespace is one for this",
        ),
        (
            "            and (not grant.names or backend.name in grant.names)\n",
            "",
            "a grant for another Service is one for this",
        ),
        (
            "            return route.namespace == gateway.namespace",
            "            return True",
            "a listener for its own namespace takes every route",
        ),
        (
            "        if not _share_a_name(listener.hostname, route.hosts):\n            return False\n",
            "",
            "a listener takes routes for other hosts",
        ),
        (
            "        if backend.namespace != route.namespace and not route.granted"
            " and not self._granted(route, backend):",
            "        if False:",
            "a route needs no grant",
        ),
        (
            "_means(backend, port) and port.protocol == route.protocol]",
            "_means(backend, port)]",
            "an HTTP route sends to a port of UDP",
        ),
        (
            "(not namespace or pod.namespace == namespace) and labels",
            "labels",
            "pods with a controller's labels in any namespace are the controller",
        ),
    ),
)
"""Ways into the cluster."""

REACHED = (
    *in_file(
        "verdict/spreading.py",
        REACH,
        (
            "        perhaps = result.unknown\n",
            "        perhaps = NONE\n",
            "steps that are not decided are not taken",
        ),
        (
            "possibly = unsure or (parent in found and found[parent].possibly)",
            "possibly = unsure",
            "what is reached by way of a possible step surely is",
        ),
        (
            "        self._run(found, begun, first, certain=True)\n",
            "",
            "a shorter way that is only possible goes before a sure one",
        ),
        (
            "                if self.workloads >> column & 1:\n                    levels[depth + 1]",
            "                if True:\n                    levels[depth + 1]",
            "nodes and addresses lead on",
        ),
        (
            "            waiting = rest\n            depth += 1\n",
            "            waiting = rest\n            depth += 2\n",
            "every second step is left out",
        ),
    ),
    *in_file(
        "verdict/new_pods.py",
        EXPOSURE,
        (
            'variable.kind in ("pod-label", "named-port") or',
            'variable.kind == "pod-label" or',
            "who makes a pod does not choose the names of its ports",
        ),
        (
            "        if variable.role != self.role:\n            return False\n",
            "",
            "labels of the workload are chosen too",
        ),
        (
            "            if not self.relation.cells.can_hold(condition, meeting):\n                continue\n",
            "",
            "contradictions and addresses of the other family let new pods pass",
        ),
        (
            'or (new_namespace and variable.kind == "namespace-label")',
            'or variable.kind == "namespace-label"',
            "the labels of a namespace that there is are chosen",
        ),
        (
            "        if blind is None or (blind and end.namespace in blind):",
            "        if blind is None:",
            "a policy that is not modelled does not matter to new pods",
        ),
    ),
    *in_file(
        "layers/network/cells.py",
        EXPOSURE,
        (
            "            if not any(empty(variable, domain, self.taken) for variable, domain in facts.items()):\n"
            "                return True\n",
            "            return True\n",
            "a condition that contradicts itself can hold",
        ),
    ),
)
"""Blast radius and exposure."""

DIFFERENCE = (
    *in_file(
        "verdict/comparing.py",
        DIFF,
        (
            "                elif first != second:\n                    yield Changed(shared",
            "                elif first > second:\n                    yield Changed(shared",
            "a part of the changes is not told",
        ),
        (
            "        special = focus.ends | self.gone | self.new\n",
            "        special = self.gone | self.new\n",
            "ends whose labels or addresses changed are not looked at",
        ),
        (
            "        for kind in columns_of((focus.egress | focus.relabelled) & ~special):",
            "        for kind in columns_of(focus.relabelled & ~special):",
            "policies of egress that changed are not looked at",
        ),
        (
            "                if program != number:\n                    moved |=",
            "                if program < number:\n                    moved |=",
            "some changed programs are the same",
        ),
    ),
)
"""``diff``."""

REACH_FAULTS = (*WAYS_IN, *REACHED, *DIFFERENCE)
