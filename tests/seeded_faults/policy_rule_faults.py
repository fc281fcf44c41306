"""Faults in the rules about policies of the mesh, identities and layers."""

from __future__ import annotations

from tests.seeded_faults.fault import in_file
from tests.seeded_faults.rule_faults import rule

POLICIES_OF_MESH = (
    *rule(
        "auz_003_empty_policy",
        (
            "    if policy.action in NOTHING:\n",
            '    if policy.action == "DENY":\n',
            "a CUSTOM policy without rules passes for one that asks",
        ),
        (
            "        and other.clauses\n        and not other.dry_run\n",
            "        and not other.dry_run\n",
            "another empty policy counts as one that allows",
        ),
        ("severity=None if spelled else Severity.LOW", "severity=None", "what may be meant is as bad"),
    ),
    *rule(
        "auz_008_rule_shadowed",
        (
            "elif dead and len(dead) == len(states) and not _left_out(clause, dead):",
            "elif dead and not _left_out(clause, dead):",
            "a rule that changes nothing at one workload changes nothing",
        ),
        (
            "    for key, rule in reversed(mine):\n",
            "    for key, rule in mine:\n",
            "of two rules that say the same the first is found",
        ),
        (
            "            alive = others\n",
            "            pass\n",
            "two rules that say the same are both found",
        ),
        (
            "    return first is None or second is None or not first.isdisjoint(second)",
            "    return first is not None and second is not None and not first.isdisjoint(second)",
            "rules that name no identities cover nothing",
        ),
        ("enforced = [one for one in rules.policies if not one.shadow]", "enforced = list(rules.policies)", "dry runs"),
    ),
    *rule(
        "auz_011_wildcard_wider",
        (
            "                    rest = [other for other in terms if other is not term]\n",
            "                    rest = []\n",
            "what else a source asks does not count",
        ),
        (
            "        if namespace not in enforcement.situation.cluster.namespaces:\n",
            "        if True:\n",
            "a namespace that there is counts as one that there is not",
        ),
        ('                if "*" in value and value.strip("*"):\n', '                if "*" in value:\n', "everybody"),
    ),
    *rule(
        "auz_015_unknown_to_ztunnel",
        ("        if more is None:\n            return\n", "", "rules that both proxies read alike"),
        ("    if read is None or read == NEVER:\n", "    if read is None:\n", "a rule that matches nothing is wider"),
        (
            "    if any(map(http_only, (*operations, *sources, *conditions))):\n        return []\n",
            "",
            "rules about requests are found twice",
        ),
    ),
    *rule(
        "auz_016_greeting_before_refusal",
        (
            "witness = None if speech is Speech.HTTP else _refused",
            "witness = _refused",
            "a port of HTTP has a greeting",
        ),
        (
            "    return None if refused_before else found\n",
            "    return found\n",
            "who is refused before the proxy connects sees the greeting",
        ),
        (" or enforcement.proxy(index) is not Proxy.SIDECAR:", ":", "ztunnel connects before it judges"),
    ),
    *rule(
        "auz_017_host_without_its_port",
        (
            "                if words is term.others and not bypass:\n                    continue\n",
            "",
            "hosts that a rule which denies leaves out are found",
        ),
        ('if ":" not in plain and', "if", "a host with a port is found"),
    ),
    *in_file(
        "rules/points.py",
        (
            "tests/rules/test_auz_017_host_without_its_port.py",
            "tests/rules/test_auz_018_path_written_otherwise.py",
        ),
        (
            "        if enforcement.situation.says(replace(found, request=other)) is then:\n",
            "        if True:\n",
            "the witness gets through whatever it writes",
        ),
        (
            "        exempt.append(found.source)\n",
            "        return None\n",
            "a client that the rule exempts is the end of the search",
        ),
    ),
    *rule(
        "auz_019_nobody_to_ask",
        ("    elif others and not config.several_providers:\n", "    elif False:\n", "two providers for one workload"),
        ("enforcement.speech(pod, port) is Speech.TCP", "enforcement.speech(pod, port) is Speech.HTTP", "asked or not"),
    ),
    *rule(
        "auz_020_method_or_host_of_nobody",
        ("    return word in METHODS\n", "    return word.upper() in METHODS\n", "methods in lower case"),
        (
            "                    if there is None:\n",
            "                    if not there:\n",
            "a host of nobody is not known",
        ),
    ),
    *rule(
        "auz_006_http_rule_on_connections",
        (
            'policy.action == "ALLOW" and not detected',
            'policy.action == "ALLOW"',
            "a rule that allows HTTP, at a port that may speak it, allows nothing",
        ),
        ("Severity.LOW if effect == NO_HTTP else None", "None", "what is no HTTP is as bad"),
    ),
    *rule(
        "auz_009_tokens_not_asked_for",
        (
            '            if gateway == "mesh":\n                continue\n',
            "",
            "routes of the mesh need a gateway",
        ),
        (
            '            elif not known:\n                message = f"{one.subject} chooses',
            '            elif known:\n                message = f"{one.subject} chooses',
            "routes by claims that are validated are found",
        ),
    ),
)

IDENTITIES = (
    *rule(
        "idn_002_account_shared",
        ("        if len(said) > 1:\n", "        if False:\n", "workloads of unlike sensitivity may share"),
        (
            "                        allowed[column] = result.allowed\n",
            "                        allowed[column] = 1\n",
            "workloads of unlike reach may share",
        ),
        (
            'if pod.service_account not in ("", "default") and not outside:',
            'if pod.service_account not in ("",) and not outside:',
            "the default account is found here too",
        ),
    ),
    *rule(
        "idn_003_token_mounted",
        ("    if isinstance(said, bool):\n        return said\n", "", "what a pod says of its token"),
        ("        if reached is False:\n            continue\n", "", "a workload that does not reach the API server"),
        (
            "(False if closed and not situation.cluster.nodes else None), None",
            "(None), None",
            "a closed workload may reach the API server",
        ),
    ),
    *rule(
        "idn_005_principal_over_privileged",
        (
            'for clause in policy.clauses if policy.action == "ALLOW" and not policy.dry_run else ():',
            "for clause in policy.clauses:",
            "who is denied is let in",
        ),
    ),
    *in_file(
        "rules/rights.py",
        ("tests/rules/test_idn_003_token_mounted.py", "tests/rules/test_idn_005_principal_over_privileged.py"),
        ("                if which in FOR_EVERYBODY:\n                    continue\n", "", "what every account may do"),
        (" and self.all_names\n", "\n", "rights on one object are rights on all"),
        ('            f"system:serviceaccounts:{namespace}",\n', "", "the group of a namespace's accounts"),
        ('if right.may(READ, "secrets"):', 'if right.may(WRITE, "secrets"):', "secrets are only written"),
    ),
)

LAYERS_AGREE = (
    *rule(
        "lay_003_sensitive_in_plaintext",
        ('one.layered.encryption != "none" or', "", "what is encrypted is found"),
    ),
    *in_file(
        "rules/arrivals.py",
        ("tests/rules/test_lay_003_sensitive_in_plaintext.py", "tests/rules/test_lay_005_network_alone.py"),
        (
            "        for mask in plain:\n            found =",
            "        for mask in plain[:1]:\n            found =",
            "one client stands for all ways to send",
        ),
    ),
    *rule(
        "lay_005_network_alone",
        ("if one.layered.identity is None), None)", "if True), None)", "clients with an identity are nobody"),
        (
            "        if proxy is not Proxy.NONE and not acting:\n            continue\n",
            "",
            "what AUZ-001 finds is found here too",
        ),
        ("        if isolated is False:\n            continue\n", "", "what no NetworkPolicy isolates"),
    ),
    *rule(
        "lay_007_hidden_dependency_blocked",
        (
            'if proxy is Proxy.SIDECAR and annotations.get(REWRITE) == "false":',
            "if proxy is Proxy.SIDECAR:",
            "probes that are rewritten are refused",
        ),
        (
            " or situation.profile.name not in BY_ADDRESS:",
            ":",
            "every plugin takes the kubelet for an address like others",
        ),
        ("    if acceptance is Acceptance.STRICT:\n        return True\n", "", "STRICT answers who has no identity"),
        ("port = MERGED if merged else", "port =", "metrics are scraped past the sidecar's own port"),
        (
            "if path else False\n        if refused",
            "if True else False\n        if refused",
            "a probe that only connects",
        ),
    ),
    *rule(
        "lay_009_port_or_pods_of_the_service",
        (
            " or any(_listens(situation, index, protocol, number) for index in servers):",
            ":",
            "a number on which the pods listen",
        ),
        (
            "servers, clients = (subjects, peers) if direction is Direction.INGRESS else (peers, subjects)",
            "servers, clients = (subjects, peers)",
            "egress is read as ingress",
        ),
        ("        elif shut and free:\n", "        elif free:\n", "a Service of which no pod is isolated"),
        ("Severity.LOW if works else None", "None", "what works is as bad"),
    ),
    *rule(
        "lay_010_past_the_egress_gateway",
        ('        if "mesh" not in (', '        if "none" not in (', "calls that are sent to the gateway"),
    ),
    *in_file(
        "rules/outwards.py",
        (
            "tests/rules/test_lay_010_past_the_egress_gateway.py",
            "tests/rules/test_lay_011_registry_taken_for_a_boundary.py",
        ),
        (
            "    for namespace, pods in found.items():\n        if kept_in:\n",
            "    for namespace, pods in found.items():\n        if False:\n",
            "workloads that nobody keeps in",
        ),
    ),
    *in_file(
        "rules/enforcement.py",
        (
            "tests/rules/test_lay_011_registry_taken_for_a_boundary.py",
            "tests/rules/test_lay_003_sensitive_in_plaintext.py",
            "tests/rules/test_idn_002_account_shared.py",
        ),
        ("return replace(one, unbound=True) if unbound else None", "return None", "who controls a pod is bound"),
        ("| set(self._declared(index))", "", "ports without a Service are not reached"),
    ),
)

POLICY_RULES = (*POLICIES_OF_MESH, *IDENTITIES, *LAYERS_AGREE)
