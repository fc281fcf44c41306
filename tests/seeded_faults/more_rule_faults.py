"""Faults in the rules about what repeats, what is not enforced, and DNS."""

from __future__ import annotations

from tests.seeded_faults.fault import in_file
from tests.seeded_faults.rule_faults import ON_NODES, rule

REDUNDANT_TESTS = (
    "tests/rules/test_np_014_redundant.py",
    "tests/rules/test_np_015_policy_changes_nothing.py",
    "tests/rules/test_coverage.py",
)
DNS_TESTS = (
    "tests/rules/test_dns_001_dns_not_reachable.py",
    "tests/rules/test_dns_002_dns_without_tcp.py",
    "tests/rules/test_dns_003_dns_rule_misses.py",
    "tests/rules/test_dns_005_dns_peer_spoofable.py",
)

REDUNDANT = (
    *rule(
        "np_014_redundant",
        (
            "alive = [one for one in policies if not one.policy.broken and one.index not in idle]",
            "alive = [one for one in policies if not one.policy.broken]",
            "a policy without effect is found here too",
        ),
        (
            "            if owner[0] in self._gone or owner in self._gone_rules:\n                return False\n",
            "",
            "of two that say the same both are found",
        ),
        (
            "return owner != own if own is not None else owner[0] != compiled.index",
            "return True",
            "a rule makes itself redundant",
        ),
        (
            "next((one for one in closers if not default or _is_default_deny(one.policy)), None)",
            "next(iter(closers), None)",
            "a default deny is redundant beside a policy with rules",
        ),
        (
            "            if closer is None:\n                return None\n",
            "            if closer is None:\n                continue\n",
            "what closes pods alone is redundant",
        ),
        (
            "                if compiled.policy.rules(direction) is None:\n                    continue\n",
            "",
            "a policy closes a direction that it does not govern",
        ),
        (
            "        if not found or unchanged(self.situation, everything):\n",
            "        if True:\n",
            "the engine is not asked whether all can go at once",
        ),
        ("severity=Severity.MEDIUM if differs else None", "severity=None", "an exception that never gets its turn"),
        (
            "if not unchanged(situation, {compiled.index: _without(policy, {(direction, rule.index)})}):",
            "if False:",
            "a shadowed rule is told without the engine",
        ),
        (
            "earlier = [one for one in rules if one.index < rule.index]",
            "earlier = [one for one in rules if one.index != rule.index]",
            "a later rule shadows an earlier one",
        ),
        (
            "    if policy.broken or selects_nothing(situation, compiled):\n        return\n",
            "",
            "an admin policy that selects nothing is found here too",
        ),
    ),
    *rule(
        "np_015_policy_changes_nothing",
        (
            "        if selects_nothing(situation, compiled):\n            continue\n",
            "",
            "a policy that selects nothing is found here too",
        ),
        (
            "((other, own) if ingress else (own, other) for other in others)",
            "((own, other) if ingress else (other, own) for other in others)",
            "the witness goes the other way",
        ),
    ),
    *in_file(
        "rules/vacuity.py",
        REDUNDANT_TESTS,
        (
            "                and not (not other.policy.broken and _is_open(other.policy, direction))\n",
            "",
            "of two policies that open everything neither is seen",
        ),
        (
            "                and selectors.meet(other.policy.subject.pods, policy.subject.pods)\n",
            "",
            "a policy for other pods hides one without effect",
        ),
        (
            "        if any(one.policy.tier is Tier.BASELINE and one.governs(direction) for one in "
            "_cluster_wide(situation)):\n            return False\n",
            "",
            "an exception to a Baseline changes nothing",
        ),
        (
            "    return unchanged(situation, {compiled.index: None})\n",
            "    return True\n",
            "the engine is not asked whether a policy changes anything",
        ),
        ("alone = len(tier) == 1 and actions", "alone = actions", "an Allow of Baseline before a Deny changes nothing"),
        (
            "if last and actions == {Action.PASS}",
            "if actions == {Action.PASS}",
            "a Pass before other policies changes nothing",
        ),
        (
            "return bool(whole) and canonical(span for rule in whole for span in fixed_ports(rule)) == EVERYTHING",
            "return bool(whole)",
            "a rule for everybody on one port lets everything pass",
        ),
    ),
    *in_file(
        "rules/coverage.py",
        REDUNDANT_TESTS,
        (
            "label in within and within[label].intersection(allowed.complement()).empty()",
            "label in within and not within[label].intersection(allowed).empty()",
            "a selector that overlaps another one covers it",
        ),
        (
            "                label in within and ",
            "                label not in within or ",
            "a selector that names fewer keys is narrower",
        ),
        (
            "return narrow.namespace is not None and self.surely(wide.namespaces, narrow.namespace)",
            "return True",
            "a peer in some namespaces covers one in any other",
        ),
        ("        return wide.namespace == narrow.namespace", "        return True", "namespaces are not told apart"),
        (
            "                if inside and (still := subtract(ports, other.fixed)):",
            "                if False:",
            "addresses are covered on ports that are not",
        ),
        (
            "                if outside:\n                    rest.append((outside, ports))\n",
            "",
            "a part of the addresses is all of them",
        ),
        (
            "for name, protocol in self.named - other.named if not self._whole(protocol))",
            "for name, protocol in () if not self._whole(protocol))",
            "any named port covers another one",
        ),
        (
            "        fixed = subtract(self.fixed, other.fixed)\n",
            "        fixed: Intervals = ()\n",
            "any port covers all of them",
        ),
        (
            "isinstance(narrow, DomainPeer) and set(narrow.names) <= set(wide.names)",
            "isinstance(narrow, DomainPeer)",
            "any domain names cover others",
        ),
    ),
)
"""NP-014 and NP-015."""

INVENTORY = (
    *rule(
        "np_016_named_port_unresolved",
        (
            "if port.name == match.name and match.protocol in (None, port.protocol)]",
            "if port.name == match.name]",
            "a port of another protocol is meant by the name",
        ),
        (
            "    pods = [index for index in pods if not situation.cluster.pods[index].host_network]\n",
            "",
            "hostNetwork pods have to declare the port",
        ),
        (
            "    elif not singled_out:\n        return\n",
            "",
            "a rule for all pods is found where some lack the name",
        ),
        (
            'message, severity = f"no {whom} declares a {port_name}: the rule lets nothing through there", '
            "Severity.MEDIUM",
            'message = f"no {whom} declares a {port_name}: the rule lets nothing through there"',
            "a rule that lets nothing through is as bad as one that misses some",
        ),
        (
            "    elif len(numbers) > 1:",
            "    elif False:",
            "a name that means two ports passes",
        ),
        (
            "    if missing or not situation.cluster.pods:",
            "    if not situation.cluster.pods:",
            "a port is called undeclared although the input lacks the workloads",
        ),
        (
            "pods = [index for index, surely in situation.subjects(compiled).items() if surely]",
            "pods = list(situation.subjects(compiled))",
            "pods that are perhaps selected have to declare the port",
        ),
    ),
    *rule(
        "np_017_ipblock_of_the_cluster",
        (
            "    if _for_everybody(peer) or not ip.intersect(peer.addresses, inside.all):",
            "    if not ip.intersect(peer.addresses, inside.all):",
            "0.0.0.0/0 is found",
        ),
        (
            "if services and profile.answer(Fact.SERVICES_SEEN_AS_PODS) is not False:",
            "if services:",
            "the address of a Service is found where the plugin sees it",
        ),
        ("    if not nodes or value is True:", "    if not nodes:", "nodes are found where the plugin matches them"),
        (
            'network plugins differ in whether it matches", Severity.LOW',
            'network plugins differ in whether it matches", Severity.MEDIUM',
            "what hangs on the plugin is as bad as what never works",
        ),
        (
            'return "pod", f"{what}: it matches pods too", Severity.LOW',
            'return "pod", f"{what}: it matches pods too", Severity.MEDIUM',
            "what works, though not as meant, is as bad as what does not",
        ),
        (
            "    return unknown and not _for_everybody(peer) and bool(ip.intersect(peer.addresses, ip.PRIVATE))",
            "    return False",
            "private addresses pass although no range is known",
        ),
        (
            "_single(a for pod in cluster.pods if not pod.host_network for a in pod.addresses)",
            "_single(a for pod in cluster.pods for a in pod.addresses)",
            "the address of a node is that of its hostNetwork pod",
        ),
        (
            "        if wanted in pod.addresses and not pod.host_network:",
            "        if pod.addresses and not pod.host_network:",
            "another pod is named as the owner of an address",
        ),
    ),
    *rule(
        "np_018_except_reopened",
        (
            "if opening.peer is not one.peer and port_sets.intersect(opening.ports, ports)",
            "if opening.peer is not one.peer",
            "a rule on other ports opens an except",
        ),
        (
            "    if verdict is Verdict.DENIED:\n        return None\n",
            "",
            "an except is called open that the engine denies",
        ),
        ("        None if whole else Severity.LOW,", "        None,", "a part that is open again is as bad as all"),
        (
            "fitting = [opening for opening in near if opening.compiled.subjects(one.direction).get(ALWAYS, 0) >> "
            "column & 1]",
            "fitting = list(near)",
            "a policy for other pods opens an except",
        ),
        (
            "                severity=Severity.LOW,\n",
            "",
            "an except within an except is as bad as one that is open again",
        ),
        (
            "and (wider.length < network.length or (wider.length == network.length and other < number))",
            "and wider.length < network.length",
            "an except that is written twice passes",
        ),
        (
            "    return [] if left else chosen",
            "    return chosen",
            "a part of the addresses is all of them",
        ),
        (
            "        source, destination = (address, pod) if one.direction is Direction.INGRESS else (pod, address)",
            "        source, destination = (pod, address) if one.direction is Direction.INGRESS else (address, pod)",
            "the witness goes the other way",
        ),
    ),
    *rule(
        "np_019_not_enforced",
        (
            "    if host is True and alone.value and not profile.partial_nodes:\n        return\n",
            "    if host is True:\n        return\n",
            "pods on nodes without the agent pass",
        ),
        (
            "        covered = True if node is None else profile.nodes.get(node, profile.elsewhere)",
            "        covered = True if node is None else profile.nodes.get(node, True)",
            "a node that is not named is covered",
        ),
        (
            "            if value is False:\n                yield found\n",
            "            if value is not True:\n                yield found\n",
            "a pod on a node of which it is open whether the agent runs there is found",
        ),
        (
            "                if alone.value is False:\n                    yield found\n",
            "                if True:\n                    yield found\n",
            "a pod without controller is found where it is open",
        ),
        (
            "        None if meant else Severity.MEDIUM,",
            "        None,",
            "a policy for all pods is as bad as one for this workload",
        ),
        (
            "        if compiled.policy.tier is Tier.NETWORK_POLICY and compiled.policy.subject.pods.matches(labels)",
            "        if compiled.policy.tier is Tier.NETWORK_POLICY",
            "a policy for other pods is told as not enforced",
        ),
        (
            "        if told.value is None:\n",
            "        if False:\n",
            "a word is called not supported where that is open",
        ),
        (
            '_block(lambda cidr: cidr == "::/0")',
            '_block(lambda cidr: ":" in cidr)',
            "any IPv6 block is one of everything",
        ),
        (
            "        for at, block in blocks if len(blocks) > 1 else ():",
            "        for at, block in blocks:",
            "an except alone in its rule is found",
        ),
        also=ON_NODES,
    ),
    *rule(
        "np_020_one_side_only",
        (
            "    for number in sorted(closed - passing):",
            "    for number in sorted(closed):",
            "a workload is found of which one pod gets through",
        ),
        (
            "        if verdict_of(situation, source, destination, number, protocol) is not Verdict.DENIED:\n"
            "            return None\n",
            "",
            "a connection is called denied that the engine allows",
        ),
        (
            "        source, destination = (peer, text) if ingress else (text, peer)\n",
            "        source, destination = (text, peer) if ingress else (peer, text)\n",
            "the witness goes the other way",
        ),
        (
            "        if len(frozenset().union(*at.values())) > FEW:",
            "        if False:",
            "a peer of many workloads means each of them",
        ),
        (
            '    return any(requirement.operator == "In" for requirement in peer.selection.pods.requirements)',
            "    return True",
            "all pods of a namespace are each meant",
        ),
    ),
    *rule(
        "np_025_policy_faulty",
        (
            "severity = Severity.LOW if problem.code in SPELLING else None",
            "severity = None",
            "a fault that changes nothing yet is as bad as others",
        ),
        (
            "        and all(_singled_out(peer) for peer in first.peers)\n",
            "",
            "two rules side by side that are meant are found",
        ),
        (
            "        first.ports is None\n        and second.ports",
            "        second.ports",
            "a rule with ports before one without peers is found",
        ),
        (
            "        and all(isinstance(peer, AnyPeer) for peer in second.peers)\n",
            "",
            "two rules with peers are one with a dash too many",
        ),
        ("        Severity.MEDIUM,\n", "", "a dash too many is as bad as a rejected policy"),
        (
            "if not ((manifest.api_version, manifest.kind) in policies or _would_be(manifest, problem)):",
            "if False:",
            "faults of other objects are found",
        ),
        (
            "for ends in [(stranger, pod) if direction is Direction.INGRESS else (pod, stranger)]",
            "for ends in [(pod, stranger) if direction is Direction.INGRESS else (stranger, pod)]",
            "the witness goes the other way",
        ),
    ),
    *in_file(
        "rules/faulty_objects.py",
        ("tests/rules/test_np_025_policy_faulty.py",),
        (
            "one.severity is not Weight.NOTICE and one.code not in NOT_FAULTS]",
            "one.severity is Weight.ERROR and one.code not in NOT_FAULTS]",
            "a field that is dropped passes",
        ),
    ),
)
"""NP-016 to NP-025."""

DNS = (
    *rule(
        "dns_001_dns_not_reachable",
        (
            "        if _cut_off(situation, pod) or cluster_dns.asks_others(situation, workload):",
            "        if cluster_dns.asks_others(situation, workload):",
            "a workload that may connect to nothing is found",
        ),
        (
            "        if _cut_off(situation, pod) or cluster_dns.asks_others(situation, workload):",
            "        if _cut_off(situation, pod):",
            "a workload that asks other servers is found",
        ),
        (
            "        if answer.verdict is Verdict.ALLOWED:\n            return\n",
            "        if answer.verdict is Verdict.ALLOWED:\n            continue\n",
            "one of two ways to DNS is not enough",
        ),
        (
            "        if answer.verdict is Verdict.UNKNOWN:\n            why = str(answer.reason)\n        else:\n",
            "        if answer.verdict is not Verdict.UNKNOWN:\n",
            "what cannot be decided passes silently",
        ),
        (
            'if rule.ports is None or any(match.protocol in ("UDP", None) for match in rule.ports):',
            "if rule.ports is None:",
            "a rule for UDP lets no UDP out",
        ),
        (
            "        ways = (*ways, cache)\n",
            "        pass\n",
            "the cache on the node is no way to DNS",
        ),
    ),
    *rule(
        "dns_002_dns_without_tcp",
        (
            'return cluster_dns.covers(rule.ports, "TCP") or cluster_dns.is_for_dns(rule, "TCP")',
            "return False",
            "a rule with both protocols is looked at",
        ),
        (
            '            if verdict_of(situation, source, end, PORT, "TCP") is Verdict.DENIED:',
            "            if True:",
            "TCP that another rule allows is found",
        ),
        (
            '            if verdict_of(situation, source, end, PORT, "UDP") is not Verdict.ALLOWED:\n'
            "                continue\n",
            "",
            "a rule with which nothing is reached is found",
        ),
        (
            'return Witness(source, end, PORT, "TCP", Verdict.DENIED)',
            'return Witness(source, end, PORT, "UDP", Verdict.DENIED)',
            "the witness speaks UDP",
        ),
    ),
    *rule(
        "dns_003_dns_rule_misses",
        (
            '            if verdict_of(situation, source, way.text, port, "UDP") is Verdict.DENIED:',
            "            if True:",
            "a rule is found although another one reaches DNS",
        ),
        (
            "            if not _means_the_cluster(situation, rule):\n                continue\n",
            "",
            "rules for other servers are found",
        ),
        (
            "            if not situation.dns_pods:\n",
            "            if False:\n",
            "without DNS pods nothing is said",
        ),
        ("    if exempt:\n        return\n", "", "the cache is missed where the own node is exempt"),
        (
            '    if ports and not reached and cluster_dns.is_for_dns(rule, "UDP"):',
            "    if False:",
            "a rule for 53 is right where the DNS pods are asked on 5353",
        ),
    ),
    *rule(
        "dns_005_dns_peer_spoofable",
        (
            "bool(selection.pods.requirements) and any_namespace(selection.namespaces)",
            "bool(selection.pods.requirements)",
            "a peer of a named namespace is found",
        ),
        (
            "selection.namespaces is not None and bool(selection.pods.requirements) and any_namespace(",
            "selection.namespaces is not None and any_namespace(",
            "a peer of all pods is found",
        ),
        (
            'protocol = "UDP" if cluster_dns.is_for_dns(rule, "UDP") else "TCP"',
            'protocol = "UDP"',
            "the witness speaks UDP where the rule is for TCP",
        ),
    ),
    *in_file(
        "rules/cluster_dns.py",
        DNS_TESTS,
        (
            "match.name in PORT_NAMES if match.name is not None else match.first == match.last == PORT",
            "match.name in PORT_NAMES if match.name is not None else match.first <= PORT <= match.last",
            "a range with port 53 in it is for DNS",
        ),
        ('return policy in ("None", "Default") or', "return", "dnsPolicy is ignored"),
        (
            "target if isinstance(target, int) else declared.get(target, 0)",
            "target if isinstance(target, int) else PORT",
            "a named target is port 53",
        ),
        (
            "        if behind or service.backends:",
            "        if True:",
            "a Service without the pods behind it is a way to DNS",
        ),
        (
            "                if ip.contains(LINK_LOCAL, number):\n",
            "                if True:\n",
            "the cache listens on the Service's address",
        ),
        (
            "if port.name in PORT_NAMES}\n",
            "if False}\n",
            "DNS pods without a Service are always asked on 53",
        ),
    ),
)
"""DNS-001 to DNS-005."""

MORE_RULES = (*REDUNDANT, *INVENTORY, *DNS)
