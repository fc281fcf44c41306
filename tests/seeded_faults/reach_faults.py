"""Faults in the questions of reach: steps, pods that do not exist, the difference of two states."""

from __future__ import annotations

from tests.seeded_faults.fault import in_file

REACH = ("tests/verdict/test_blast_radius.py", "tests/properties/test_reach_against_oracle.py")
EXPOSURE = ("tests/verdict/test_exposure.py", "tests/properties/test_reach_against_oracle.py")
DIFF = ("tests/verdict/test_diffing.py", "tests/properties/test_diff.py")

REACHED = (
    *in_file(
        "verdict/spreading.py",
        REACH,
        (
            "            perhaps = result.unknown\n",
            "            perhaps = NONE\n",
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
            "                if column < self.universe.pods:\n                    levels[depth + 1]",
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

REACH_FAULTS = (*REACHED, *DIFFERENCE)
