"""Faults in the rules of ``check``: a false pass, a false alarm, another severity, another witness."""

from __future__ import annotations

from tests.seeded_faults.fault import Fault, in_file


def rule(module: str, *changes: tuple[str, str, str], also: tuple[str, ...] = ()) -> tuple[Fault, ...]:
    """Faults of one rule, for its own tests and others that hold it to its word."""
    return in_file(f"rules/{module}.py", (f"tests/rules/test_{module}.py", *also), *changes)


ON_NODES = ("tests/sources/plugins/test_coverage.py",)


ISOLATION_TESTS = (
    "tests/rules/test_np_003_workload_ingress_not_isolated.py",
    "tests/rules/test_np_004_workload_egress_not_isolated.py",
    "tests/rules/test_false_passes.py",
)
DEFAULT_TESTS = (
    "tests/rules/test_np_001_default_deny_ingress_missing.py",
    "tests/rules/test_np_002_default_deny_egress_missing.py",
    "tests/rules/test_false_passes.py",
)

DEFAULTS = (
    *rule(
        "np_001_default_deny_ingress_missing",
        ("RULE, Direction.INGRESS)", "RULE, Direction.EGRESS)", "NP-001 looks at egress"),
    ),
    *rule(
        "np_002_default_deny_egress_missing",
        ("RULE, Direction.EGRESS)", "RULE, Direction.INGRESS)", "NP-002 looks at ingress"),
    ),
    *in_file(
        "rules/default_deny.py",
        DEFAULT_TESTS,
        ("            severity = Severity.LOW\n", "            pass\n", "an opener for addresses alone is as bad"),
        (
            'evidence, severity = ("outside",), Severity.LOW',
            'evidence, severity = ("outside",), None',
            "a gap for addresses alone is as bad as one for pods",
        ),
        (
            "(other, pod) if direction is Direction.INGRESS else (pod, other)",
            "(pod, other) if direction is Direction.INGRESS else (other, pod)",
            "the witness of a missing default deny goes the other way",
        ),
        (
            "            yield NotEvaluable(rule.id, subject, found.why, place)\n",
            "            pass\n",
            "a default that cannot be decided passes silently",
        ),
    ),
    *in_file(
        "verdict/default_deny.py",
        DEFAULT_TESTS,
        (
            "        return (*ways_out(self.selector), *(way for one in self.exceptions for way in ways_in(one)))",
            "        return (*ways_out(self.selector),)",
            "pods to which Baseline does not apply count as closed",
        ),
        ("if blind is None or namespace in blind:", "if blind is None:", "an unknown kind in the namespace is ignored"),
        (
            "    sure = [closer for closer in closers if not closer.doubt]",
            "    sure = closers",
            "a policy that perhaps closes surely does",
        ),
        (
            "rejected if direction in policy.broken else _open_effect(compiled, direction)",
            "_open_effect(compiled, direction)",
            "a policy that the API server rejects closes",
        ),
        ("elif one.action is Action.DENY:", "elif one.action is not None:", "an admin policy that allows closes"),
        (
            "only_pods = one.addresses is not Action.DENY",
            "only_pods = False",
            "a denial of pods counts as one of addresses",
        ),
        (
            "before = (other.policy.priority or 0) <= (policy.priority or 0)",
            "before = False",
            "what an earlier admin policy allows is not seen",
        ),
        (
            'or any(one.operator == "In" for one in requirements):',
            "or requirements:",
            "an opener for pods that lack a label is not seen",
        ),
        (
            "if one.policy.tier is Tier.ADMIN and (one.broken or not one.policy.subject.pods.requirements)",
            "if one.broken or not one.policy.subject.pods.requirements",
            "a Baseline that allows opens before NetworkPolicies",
        ),
        (
            '    return Doubt("admin policies deny what was tried of a pod that nothing else closes, rule by rule")',
            "    return found",
            "a gap is told that the engine does not confirm",
        ),
    ),
)
"""NP-001 and NP-002."""

ISOLATION = (
    *rule(
        "np_003_workload_ingress_not_isolated",
        ("RULE, Direction.INGRESS)", "RULE, Direction.EGRESS)", "NP-003 looks at egress"),
    ),
    *rule(
        "np_004_workload_egress_not_isolated",
        ("RULE, Direction.EGRESS)", "RULE, Direction.INGRESS)", "NP-004 looks at ingress"),
    ),
    *in_file(
        "rules/workload_isolation.py",
        ISOLATION_TESTS,
        (
            "        for pod in workload.pods:\n            state",
            "        for pod in workload.pods[:1]:\n            state",
            "only the first pod of a workload is looked at",
        ),
        (
            'evidence, severity = ("outside",), Severity.LOW',
            'evidence, severity = ("outside",), None',
            "a workload that is open to addresses alone is as bad",
        ),
        (
            'evidence, severity = ("host-network",), Severity.LOW',
            'evidence, severity = ("host-network",), None',
            "a hostNetwork workload is as bad as one that a policy could close",
        ),
        (
            "if isinstance(state, Open) and not witnesses.lets_strangers_pass(pod, state):",
            "if False:",
            "a workload is called open that the engine does not let anybody reach",
        ),
        (
            "            doubt = doubt or state\n",
            "            pass\n",
            "a workload that cannot be decided passes silently",
        ),
        (
            "return (other, own) if self.direction is Direction.INGRESS else (own, other)",
            "return (own, other) if self.direction is Direction.INGRESS else (other, own)",
            "the witness of an open workload goes the other way",
        ),
        ("        if blind is None or namespace in blind:", "        if blind is None:", "an unknown kind is ignored"),
        ("if self._plain and key in self._known:", "if key in self._known:", "a witness of another pod is told"),
    ),
    *in_file(
        "rules/openness.py",
        ISOLATION_TESTS,
        (
            "        if first is not None and first[0] is Action.ALLOW:\n            return Open((first[2],))\n",
            "",
            "an admin policy that allows everything is overlooked",
        ),
        (
            "            return Open(outside_only=True)\n        return state",
            "            return None\n        return state",
            "an admin policy that keeps pods out keeps addresses out too",
        ),
        (
            "            if everything_passes(self.direction, sure):\n"
            "                return Open(tuple(one.policy for one in openers(self.direction, sure)))\n",
            "",
            "a policy that lets everything pass closes",
        ),
        (
            "if condition == ALWAYS and self.direction not in compiled.policy.broken:",
            "if condition == ALWAYS:",
            "a rejected policy closes its pods",
        ),
        (
            "        if perhaps:\n            return Doubt(self._doubt(perhaps))\n        last",
            "        if perhaps:\n            return None\n        last",
            "a policy that perhaps selects a pod closes it",
        ),
        (
            "if last is None or last[0] is not Action.DENY:",
            "if last is None:",
            "a Baseline that allows closes",
        ),
        (
            "                if rule.ports is None and holds_every_pod(rule):",
            "                if holds_every_pod(rule):",
            "an admin rule on some ports counts for all",
        ),
        (
            "    return everywhere and not selection.pods.requirements",
            "    return everywhere",
            "pods of every namespace with some labels count as every pod",
        ),
        (
            "    if ports and canonical(ports) == EVERYTHING:\n        return True\n",
            "    if ports:\n        return True\n",
            "a rule for everybody on one port opens everything",
        ),
        (
            "return len(by_labels) > 1 and escaping(by_labels) is None",
            "return False",
            "selectors that together hold every pod are not seen to open",
        ),
        (
            "        if everything_passes(direction, rest):\n            needed = rest\n",
            "",
            "policies are named as openers that are not needed",
        ),
    ),
)
"""NP-003 and NP-004."""

SELECTORS = (
    *rule(
        "np_005_policy_selects_nothing",
        (
            "        if policy.broken:\n            continue\n",
            "",
            "a rejected policy is found by NP-005 too",
        ),
        (
            "    if any(selected.values()):\n        return\n",
            "    if selected:\n        return\n",
            "a policy that perhaps selects a pod passes",
        ),
        (
            "    if not (situation.has_workloads(policy.namespace) if policy.namespace else situation.cluster.pods):",
            "    if False:",
            "without workloads every policy selects nothing",
        ),
        (
            "    if ALWAYS in found:\n        return\n",
            "    if any(condition is not None for condition in found):\n        return\n",
            "a namespace of which the labels are not known is one that is selected",
        ),
        (
            "elif policy.subject.namespaces is not None and policy.subject.namespaces.requirements:",
            "elif False:",
            "an admin policy for namespaces that there are not passes",
        ),
        (
            "indexes = situation.pods_by_namespace.get(namespace, ()) if namespace else",
            "indexes = () if namespace else",
            "no label is named that may have been meant",
        ),
    ),
    *rule(
        "np_006_peer_matches_nothing",
        (
            "                    if ALWAYS in found:\n                        continue\n",
            "                    if found:\n                        continue\n",
            "a peer that perhaps matches a pod passes",
        ),
        (
            "    if absent:\n        why",
            "    if False:\n        why",
            "a peer is called nobody's although the input lacks its workloads",
        ),
        (
            'return empty[0] if len(empty) == len(meant) else ""',
            'return empty[0] if empty else ""',
            "one namespace without workloads hides a peer that means nobody",
        ),
        (
            "            if any(one.open_labels for one in situation.cluster.namespaces.values()):",
            "            if False:",
            "a namespace without its object surely lacks the labels",
        ),
        (
            "    if selector is not None and not selector.requirements:\n        return _SYSTEM\n",
            "",
            "pods of any namespace are missed although kube-system is not in the input",
        ),
        (
            "    if not near and selection.namespaces is None:",
            "    if False:",
            "it is not told that such pods are in another namespace",
        ),
    ),
    *in_file(
        "rules/nearest.py",
        (
            "tests/rules/test_np_005_policy_selects_nothing.py",
            "tests/rules/test_np_006_peer_matches_nothing.py",
        ),
        (
            '        if requirement.operator != "In" or not labels.get(key, set()).isdisjoint(values):\n'
            "            continue\n",
            "",
            "another value is suggested for a label that is right",
        ),
        ('            return f"{near[0]}: {values[0]}"', '            return f"{key}: {values[0]}"', "a key as it is"),
        (
            "close = get_close_matches(values[0], sorted(labels.get(key, ())), n=1)",
            "close = sorted(labels.get(key, ()))",
            "any value of the label is suggested",
        ),
    ),
)
"""NP-005 and NP-006."""

EGRESS = (
    *rule(
        "np_009_unrestricted_egress",
        (
            "            if families and not isinstance(openness.of(pod), Open):",
            "            if families:",
            "NP-009 finds what NP-004 finds",
        ),
        ("            elif bounds == (ALL, NONE):", "            else:", "one port of the internet is all of them"),
        (
            "found = tuple(number for number, mask in own.items() if not mask & ~surely)",
            "found = tuple(number for number, mask in own.items() if mask & surely)",
            "a part of the internet is all of it",
        ),
        (
            "found = tuple(number for number, mask in own.items() if not mask & ~surely)",
            "found = tuple(number for number, mask in own.items() if not mask & ~(surely | possibly))",
            "what is perhaps open counts as open",
        ),
        (
            "            perhaps = perhaps or families is None\n",
            "",
            "what cannot be decided passes silently",
        ),
        (
            "own = {number: mask for number, mask in self._columns.items() if bits & (1 if number == 4 else 2)}",
            "own = self._columns",
            "a pod of one family has to reach both",
        ),
        (
            "address = INTERNET_ADDRESSES[0 if 4 in families else 1]",
            "address = INTERNET_ADDRESSES[0]",
            "the witness has the other family",
        ),
        (
            "        if relation.opaque(end, end):\n            return None\n",
            "        if relation.opaque(end, end):\n            return ()\n",
            "a policy of an unknown kind is ignored",
        ),
        ("    yield from alone or [", "    yield from [", "rules are named that are not needed"),
    ),
    *rule(
        "np_010_allow_rule_without_ports",
        (
            "                if rule.action is not Action.ALLOW:\n                    continue\n",
            "",
            "a rule that denies every port is found",
        ),
        (
            "if span in spans]",
            "if spans]",
            "a rule for some ports is found",
        ),
        (
            "    if rule.ports is None:\n        return",
            "    if False:\n        return",
            "a rule without ports passes",
        ),
        (
            'return f"name the ports that the peer needs; the selected pods declare {listed}"',
            'return "name the ports that the peer needs"',
            "the ports that pods declare are not named",
        ),
    ),
)
"""NP-009 and NP-010."""

WRITTEN = (
    *rule(
        "np_011_and_or_trap",
        (
            '    if {first, second} != {"namespaceSelector", "podSelector"}:',
            '    if "ipBlock" in (first, second):',
            "any two peers are a trap",
        ),
        (
            "    if not pods.selection.pods.requirements:\n        return None\n",
            "",
            "a podSelector that is empty on purpose is found",
        ),
        (
            'return given[0] if len(given) == 1 else ""',
            'return given[0] if given else ""',
            "a peer with both selectors is one half of a trap",
        ),
        (
            "extra = relation.ports.difference(before.sure, after.possible)",
            "extra = before.sure",
            "a flow that one combined peer would allow too is called extra",
        ),
        (
            '    if absent:\n        return f"the input has no workloads in {absent[0]}"\n',
            "",
            "two peers are surely meant although the input lacks the workloads",
        ),
        (
            "*((peer, subject) if trap.direction is Direction.INGRESS else (subject, peer))",
            "*((subject, peer) if trap.direction is Direction.INGRESS else (peer, subject))",
            "the extra pairs are named the wrong way round",
        ),
        (
            "                    yield _Trap(written, direction, rule, at, combined)\n                    at += 1\n",
            "                    yield _Trap(written, direction, rule, at, combined)\n",
            "three selectors in a row are two traps",
        ),
    ),
    *rule(
        "np_012_rules_and_policy_types_differ",
        (
            "            if not governed and rules is not None:",
            "            if not governed and rules:",
            "an empty list that is ignored passes",
        ),
        (
            "        severity=Severity.MEDIUM,\n",
            "",
            "a direction that is closed by mistake is as bad as one that is open",
        ),
        (
            "    if situation.selecting(pod, direction).keys() - {written.compiled.index}:\n        return False\n",
            "",
            "a direction that others close too is found",
        ),
        (
            "return direction is Direction.EGRESS or bool(one.ports or situation.services_of(one))",
            "return True",
            "ingress of pods that serve nobody is found",
        ),
        (
            "elif governed and types == tuple(Direction) and rules is None and",
            "elif governed and types == tuple(Direction) and not rules and",
            "a deny that is written out is found",
        ),
        (
            "        if situation.isolated(pod, direction) is False:\n",
            "        if True:\n",
            "a pod that others close is asked for a witness",
        ),
    ),
    *rule(
        "np_013_policy_types_omitted",
        (
            "if written.types() is not None or written.rules(Direction.INGRESS) is not None:",
            "if written.types() is not None:",
            "a policy with ingress rules is found",
        ),
        (
            "        if egress:\n",
            "        if egress is not None:\n",
            "an empty list of egress rules is found here too",
        ),
        (
            "if written.types() is not None or written.rules(",
            "if written.rules(",
            "a policy that names its policyTypes is found",
        ),
    ),
)
"""NP-011 to NP-013."""

RULES = (*DEFAULTS, *ISOLATION, *SELECTORS, *EGRESS, *WRITTEN)
