"""Faults in the rules about the plugin and routes, and in what all rules share: suppressions, baselines, indexes."""

from __future__ import annotations

from tests.seeded_faults.fault import in_file
from tests.seeded_faults.rule_faults import ON_NODES, rule

PLUGIN_AND_ROUTES = (
    *rule(
        "cni_001_not_enforced_by_the_plugin",
        (
            "all(profile.nodes.get(name, profile.elsewhere) is False for name in nodes)",
            "any(profile.nodes.get(name, profile.elsewhere) is False for name in nodes)",
            "one node without the agent is all of them",
        ),
        (
            "all(profile.nodes.get(name, profile.elsewhere) is False for name in nodes)",
            "all(profile.nodes.get(name, profile.elsewhere) is not True for name in nodes)",
            "nodes of which it is open whether the agent runs there surely lack it",
        ),
        (
            "((stranger, text) if direction is Direction.INGRESS else (text, stranger) for text in texts)",
            "((text, stranger) if direction is Direction.INGRESS else (stranger, text) for text in texts)",
            "the witness goes the other way",
        ),
        also=ON_NODES,
    ),
    *rule(
        "exp_005_route_dangling",
        (
            '    if dead.code == "no-gateway" and not situation.cluster.entries.gateways:',
            "    if False:",
            "a Gateway is missed although the input has none at all",
        ),
        (
            '    if dead.code in ("no-service", "no-endpoint") and not situation.has_workloads(dead.namespace):',
            "    if False:",
            "a Service is missed although the input lacks the workloads",
        ),
        (
            '"no-service", "no-port", "no-endpoint", "no-grant"',
            '"no-service", "no-port", "no-grant"',
            "no endpoint passes",
        ),
        (
            "        if dead.code not in ABSENT or (dead.code",
            "        if (dead.code",
            "a route that policies close dangles",
        ),
    ),
    *rule(
        "exp_006_route_blocked",
        ('        if dead.code != "blocked":\n            continue\n', "", "a dangling route is blocked"),
        (
            "        told.add((subject, dead.message))\n",
            "        told.add((subject, dead.message))\n        return\n",
            "only the first blocked route is told",
        ),
    ),
)
"""CNI-001, EXP-005, EXP-006."""


SUPPRESSION_TESTS = (
    "tests/rules/test_suppression.py",
    "tests/sources/test_suppressions.py",
    "tests/cli/test_check.py",
)
BASELINE_TESTS = ("tests/rules/test_baseline.py", "tests/sources/test_baselines.py", "tests/cli/test_check.py")
SITUATION_TESTS = ("tests/rules",)

SHARED = (
    *in_file(
        "rules/suppression.py",
        SUPPRESSION_TESTS,
        ("        if last < today:", "        if last <= today:", "a suppression does not hold on its last day"),
        ("        if last < today:", "        if False:", "a suppression never expires"),
        ("    if not suppression.reason:", "    if False:", "a suppression needs no reason"),
        (
            "    if resolve(suppression.rule) in (INVALID, UNUSED):",
            "    if False:",
            "findings about suppressions can be suppressed",
        ),
        (
            "        if self.subject is not None and subject == self.subject:",
            "        if self.subject is not None and subject.name == self.subject.name:",
            "a suppression covers objects of the same name",
        ),
        (
            "(place.file, place.line) == (self.place.file, self.line)",
            "place.line == self.line",
            "a comment covers the same line of other files",
        ),
        (
            "for one in valid.get(finding.rule, ())",
            "for members in valid.values() for one in members",
            "a suppression of one rule hides findings of others",
        ),
        (
            "        used.update(map(id, covering))\n",
            "",
            "a suppression that hides something is called unused",
        ),
        (
            "if rule in asked and id(suppression) not in used and not open_:",
            "if id(suppression) not in used and not open_:",
            "a suppression of a rule that did not run is called unused",
        ),
        (
            "if rule in asked and id(suppression) not in used and not open_:",
            "if rule in asked and id(suppression) not in used:",
            "a suppression of what could not be evaluated is called unused",
        ),
        (
            "            return (not self.resource or any(",
            "            return (True or any(",
            "a suppression in the configuration covers every object",
        ),
        (
            "not self.namespace or fnmatchcase(subject.home, self.namespace)",
            "True",
            "a suppression in the configuration covers every namespace",
        ),
        (
            "        elif INVALID in asked:\n            about.append(_about(INVALID, suppression, word, what, how))\n",
            "",
            "a suppression that does not hold is not told",
        ),
    ),
    *in_file(
        "sources/suppressions.py",
        SUPPRESSION_TESTS,
        (
            "if comment is None or any(first <= comment.start() < last for first, last in texts.get(number, ())):",
            "if comment is None:",
            "a text that looks like a comment suppresses",
        ),
        (
            "        target = _next_line(lines, number) if alone else number",
            "        target = number",
            "a comment on a line of its own means no line",
        ),
        (
            'namespace = "" if namespaced is False else manifest.namespace or ("default" if namespaced else "")',
            'namespace = manifest.namespace or ""',
            "an object without namespace is not the one in default",
        ),
    ),
    *in_file(
        "rules/baseline.py",
        BASELINE_TESTS,
        (
            "*([str(number)] if number > 1 else [])",
            "",
            "two findings of one identity are one",
        ),
        (
            "rule, subject.kind, subject.namespace, subject.name, *evidence",
            "rule, subject.kind, subject.name, *evidence",
            "findings in two namespaces are one",
        ),
        (
            "rule, subject.kind, subject.namespace, subject.name, *evidence",
            "rule, subject.kind, subject.namespace, subject.name",
            "findings of different evidence are one",
        ),
        ('"".join(f"{len(word)}:{word}" for word in words)', '"".join(words)', "words of an identity run together"),
        (
            "            and entry.rule in asked\n",
            "",
            "what a rule found that did not run is gone",
        ),
        (
            "            and (entry.rule, entry.subject.home) not in doubts\n",
            "",
            "what could not be evaluated is gone",
        ),
        (
            'and (entry.rule, "") not in doubts',
            "",
            "what could not be evaluated for the whole cluster is gone",
        ),
    ),
    *in_file(
        "rules/assessment.py",
        BASELINE_TESTS,
        (
            "found=tuple(one for one in self.found if one.fingerprint not in prints),",
            "found=tuple(one for one in self.found if one.finding.rule not in {e.rule for e in remembered}),",
            "a baseline hides new findings of a rule that it knows",
        ),
        (
            "hidden=self.hidden + len(self.found) - len(found)",
            "hidden=self.hidden",
            "how many findings a filter leaves out is not told",
        ),
    ),
    *in_file(
        "sources/baselines.py",
        BASELINE_TESTS,
        ("        if head.version > VERSION:", "        if False:", "a newer baseline is read"),
        ("        if head.kind != KIND:", "        if False:", "any file is a baseline"),
    ),
    *in_file(
        "rules/running.py",
        SITUATION_TESTS,
        ("        severity_of(finding).rank,\n", "", "findings are not in order of their severity"),
        ("    return finding.severity or entry(", "    return entry(", "the severity of a finding of its own is lost"),
    ),
    *in_file(
        "rules/situation.py",
        SITUATION_TESTS,
        (
            "        return namespace in self.pods_by_namespace",
            "        return True",
            "the input has the workloads of every namespace",
        ),
        (
            "            found[index] = found.get(index, False) or condition == ALWAYS",
            "            found[index] = True",
            "what perhaps selects a pod surely does",
        ),
        (
            "            if surely and direction not in self.relation.policies[index].policy.broken:",
            "            if surely:",
            "a rejected policy isolates",
        ),
        (
            "                        found[pod] = found.get(pod, False) or condition == ALWAYS",
            "                        found[pod] = True",
            "pods that are perhaps selected surely are",
        ),
        (
            "            if service.namespace in DNS_NAMESPACES\n            and ",
            "            if ",
            "a Service called kube-dns anywhere is the cluster's DNS",
        ),
        (
            "            if all(pod.labels.get(key) == value for key, value in (service.selector or {}).items())",
            "            if any(pod.labels.get(key) == value for key, value in (service.selector or {}).items())",
            "a Service selects pods with one of its labels",
        ),
    ),
)
"""Suppressions, baselines, and what a rule may ask."""

CHECKS = (*PLUGIN_AND_ROUTES, *SHARED)
