"""Faults in the detection of network plugins: which one, which version, which settings, on which nodes."""

from __future__ import annotations

from tests.seeded_faults.fault import Fault, in_file

TESTS = ("tests/sources/plugins", "tests/layers/profiles")


def detection(file: str, *changes: tuple[str, str, str]) -> tuple[Fault, ...]:
    """Faults of one file, for the tests of detection."""
    return in_file(file, TESTS, *changes)


PLUGINS = (
    *detection(
        "sources/plugins/agents.py",
        (">= 2:", ">= 1:", "one sign of an agent is enough"),
        (
            'said = tag(text(container, "image")) if is_image and agent.versioned else ""',
            'said = tag(text(container, "image")) if agent.versioned else ""',
            "the tag of any image is a version",
        ),
        (
            "        if stronger in found:\n            found.pop(weaker, None)\n",
            "        if False:\n            found.pop(weaker, None)\n",
            "Canal is Calico and Flannel",
        ),
        (
            '    if "calico-enterprise" in found and not _is_image(',
            '    if "calico-enterprise" in found and _is_image(',
            "Calico is Calico Enterprise",
        ),
        (
            "found = _RELEASE.fullmatch(said)",
            "found = _RELEASE.match(said)",
            "a build of one's own is a release",
        ),
        (
            'return head + slash + tail.partition(":")[0]',
            "return without",
            "an image with a tag is not recognised",
        ),
        (
            'return any(name.endswith(f"/{end}") for end in ends)',
            "return any(end in name for end in ends)",
            "an image whose name begins like an agent's is one",
        ),
    ),
    *detection(
        "sources/plugins/settings.py",
        (
            '        yield from _all(BOTH, False, "the pods have no container aws-eks-nodeagent", agent.seen)',
            '        yield from _all(BOTH, True, "the pods have no container aws-eks-nodeagent", agent.seen)',
            "AWS enforces without its node agent",
        ),
        (
            '        value = False if said is None else answer(said)\n        why = f"--enable-network-policy',
            '        value = True if said is None else answer(said)\n        why = f"--enable-network-policy',
            "AWS enforces without the flag",
        ),
        (
            '        if value and controller not in (None, "true"):',
            "        if False:",
            "AWS enforces although the controller is off",
        ),
        (
            'if main is not None and environment(main, "ENABLE_IPv6") == "false":',
            "if main is not None:",
            "AWS never filters IPv6",
        ),
        (
            '    value = True if said is None else answer(said)\n    yield from _all(BOTH, value, f"--run-firewall',
            '    value = True\n    yield from _all(BOTH, value, f"--run-firewall',
            "kube-router enforces with its firewall off",
        ),
        (
            "    if _is_script(container):\n        return\n",
            "",
            "the flags of a script are those of the program",
        ),
        (
            '    if nftables in (None, "false"):',
            "    if True:",
            "kube-router with nftables has ipsets",
        ),
        (
            '    if _container(agent, "weave-npc") is None:',
            "    if False:",
            "Weave enforces without weave-npc",
        ),
        (
            '(("enable-policy", "never"), ("enable-k8s-networkpolicy", "false"))',
            '(("enable-policy", "never"),)',
            "Cilium enforces although it does not watch NetworkPolicies",
        ),
        (
            '"policy-audit-mode: true" if values.get("policy-audit-mode") == "true" else ""',
            '""',
            "Cilium enforces in audit mode",
        ),
        ('        value = mode == "nodes"', "        value = True", "Cilium's ipBlocks always match nodes"),
        (
            '    if localhost in ("always", "auto"):',
            "    if True:",
            "Cilium lets a node in to its pods where it is told not to",
        ),
        (
            '            value = False if said is None else answer(said)\n            why = f"feature gate',
            '            value = True if said is None else answer(said)\n            why = f"feature gate',
            "gates of Antrea are on by default",
        ),
        (
            '    if "true" in said:\n',
            "    if said:\n",
            "OVN-Kubernetes has admin policies without the flag",
        ),
        (
            "    elif int(date[1]) < _KIND_0_24:",
            "    elif False:",
            "kindnet enforces before kind 0.24",
        ),
        (
            "        old = int(date[1]) <= _KIND_0_23",
            "        old = True",
            "kindnet between kind 0.23 and 0.24 surely does not enforce",
        ),
        (
            'found[1] == "npa-v1alpha1", f"variant',
            'found[1] is not None, f"variant',
            "any variant of kube-network-policies has both generations of admin policies",
        ),
        (
            'return values.get("enable-policy") in ("always", UNCLEAR)',
            'return values.get("enable-policy") == "always"',
            "an unclear enable-policy denies nothing by default",
        ),
    ),
    *detection(
        "sources/plugins/detecting.py",
        (
            'if owner and text(mapping(manifest.data, "status"), "phase") not in _FINISHED:',
            "if owner:",
            "an agent's pod that has ended runs",
        ),
        (
            "found = agents_of(manifest.name, spec) if manifest.api_version in DAEMON_SETS else []",
            "found = agents_of(manifest.name, spec)",
            "any group's DaemonSet is one",
        ),
        (
            'if manifest.api_version != "operator.tigera.io/v1" or manifest.name != "default":',
            'if manifest.api_version != "operator.tigera.io/v1":',
            "any Installation is the cluster's",
        ),
        (
            'name = "calico" if variant == "Calico" else "calico-enterprise"',
            'name = "calico"',
            "Calico Enterprise is Calico",
        ),
        (
            'said = text(status, "networkType") or text(spec, "networkType")',
            'said = text(spec, "networkType") or text(status, "networkType")',
            "what OpenShift is to become is what it is",
        ),
        (
            'if plugin == "cilium" and manifest.namespace in homes and denies_by_default(values):',
            'if plugin == "cilium" and denies_by_default(values):',
            "a ConfigMap without the agent beside it counts",
        ),
        (
            "config = self._settings.get((one.agent.name, manifest.namespace))",
            "config = next((c for (name, _), c in self._settings.items() if name == one.agent.name), None)",
            "a ConfigMap of another namespace counts",
        ),
        (
            "        if len({one.value for one in group}) == 1:",
            "        if True:",
            "of two objects that differ the first is right",
        ),
        (
            "            elif plugin and plugin not in found:",
            "            elif False:",
            "the labels of AKS tell nothing",
        ),
        (
            "        if node in bare and not candidate.workloads and value:",
            "        if False:",
            "nodes of AKS without policy enforce it",
        ),
        (
            '    if text(owner, "kind") != "DaemonSet":\n        return ""\n',
            "",
            "any pod called like an agent is one",
        ),
        ("                candidate.versions[release(one.tag)] = None", "                pass", "no version is seen"),
    ),
    *detection(
        "sources/plugins/coverage.py",
        (
            "        if verdict is True:\n            return True, why\n",
            "        if verdict is not None:\n            return verdict, why\n",
            "the first of several DaemonSets decides",
        ),
        (
            "        if verdict is None:\n            return None, why\n",
            "        if verdict is None:\n            return False, why\n",
            "a node of which it is not known is one without the agent",
        ),
        (
            '    if labels.get("eks.amazonaws.com/compute-type") == "fargate":',
            "    if False:",
            "agents run on Fargate",
        ),
        (
            "            return (False, why) if fits is False else (None,",
            "            return (False, why) if True else (None,",
            "a pod that is not in the input does not run",
        ),
        (
            "        if all(one.ready is False for one in there):",
            "        if False:",
            "an agent that is not ready enforces",
        ),
        (
            "    elif fits and workload.missing:",
            "    elif False:",
            "agents that are not ready enforce",
        ),
        (
            "            met = None if None in values else False",
            "            met = False",
            "an affinity that cannot be judged leaves the node out",
        ),
        (
            '            if text(taint, "effect") == "NoExecute":\n                return False, said\n',
            "",
            "an agent that is thrown out perhaps runs",
        ),
        (
            '    if effect == "PreferNoSchedule" or key.startswith(_TOLERATED_ANYWAY):',
            '    if effect == "PreferNoSchedule":',
            "a node that is not ready has no agent",
        ),
        (
            "        return False if node.known else None",
            "        return False",
            "a node without its object lacks every label",
        ),
        (
            '(exists or text(one, "value") == text(taint, "value"))',
            "True",
            "a toleration of another value tolerates",
        ),
        (
            '        return value is None if operator == "DoesNotExist" else value not in values',
            '        return value is None if operator == "DoesNotExist" else value in values',
            "NotIn is In",
        ),
        (
            "    if fits and node.labels.get(OS_LABEL,",
            "    if False and node.labels.get(OS_LABEL,",
            "profiles hold on Windows too",
        ),
    ),
    *detection(
        "sources/plugins/node_signs.py",
        ('if not words or words[0] != "server":', "if not words:", "an agent of K3s decides for the cluster"),
        (
            "        value = None if disabled is None else not disabled",
            "        value = not disabled",
            "an unclear flag of K3s switches policy on",
        ),
        ('and said in ("", "cilium"):', "and True:", "Cilium of AKS hides another policy engine"),
    ),
    *detection(
        "layers/profiles/detection.py",
        (
            "    if len(engines) > 1:\n        return Choice(GENERIC, BY_DEFAULT, (_conflict(engines),), plugins)\n",
            "",
            "of two plugins the first is chosen",
        ),
        (
            "engines = [one for one in plugins if one.enforces is not False]",
            "engines = list(plugins)",
            "a plugin that enforces nothing is in conflict with one that does",
        ),
        (
            "        return True if True in values else None if None in values else False",
            "        return True if True in values else False",
            "a plugin of which it is open whether it enforces does not",
        ),
        (
            "    if len(minors) > 1:\n        return profile,",
            "    if False:\n        return profile,",
            "of two versions one is chosen",
        ),
        (
            '    if "" in minors:\n',
            "    if False:\n",
            "a build of one's own has some version",
        ),
        (
            "        if setting.value is None and old.value is False:\n            continue\n",
            "",
            "an unclear setting opens what the plugin never does",
        ),
        (
            "        if setting.covered and profile.newest and not profile.version:\n            continue\n",
            "",
            "a default of the newest release is one of any",
        ),
        (
            "        if old.value is False and setting.value is True and profile.version:\n",
            "        if False:\n",
            "a setting switches on what the release lacks",
        ),
        (
            "    if candidate.nodes:\n        profile = profile.with_nodes",
            "    if False:\n        profile = profile.with_nodes",
            "nodes without the agent are covered",
        ),
        (
            "    if others and named.name not in _NO_PLUGINS:",
            "    if False:",
            "it is not told that the input shows another plugin than the one that is named",
        ),
        (
            "        pinned = _pinned(named, same.candidate)\n",
            "        pinned = named\n",
            "settings are ignored where the plugin is named",
        ),
    ),
)
"""Everything between the objects of the input and the profile that is chosen."""
