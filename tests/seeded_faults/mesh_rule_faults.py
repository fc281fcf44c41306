"""Faults in the rules of the mesh (MSH-006 and later), for the tests of each."""

from __future__ import annotations

from tests.seeded_faults.fault import in_file
from tests.seeded_faults.rule_faults import rule

PROXIES = (
    *rule(
        "msh_005_client_sends_plaintext_to_strict",
        (" or not enforcement.mesh.config.auto_mtls else None", " else None", "nobody agrees, and nobody says so"),
        (
            "acceptance not in (Acceptance.STRICT, None)",
            "acceptance is not Acceptance.STRICT",
            "an open mode is silent",
        ),
    ),
    *rule(
        "msh_006_server_not_verified",
        ("SINCE = (1, 21)", "SINCE = (1, 22)", "1.21 is taken for older"),
        ('tls.get("insecureSkipVerify") is True', "False", "insecureSkipVerify is nothing"),
        ("if verified is None:", "if False:", "an unknown release is as bad as an old one"),
        ('not tls.get("credentialName")', "True", "credentialName names no certificate"),
    ),
    *rule(
        "msh_007_workload_without_proxy",
        ("return None if len(proxies) == 1 else", "return", "who would have none either is open"),
        ("if {INJECTION, REVISION, DATAPLANE} & set(space.labels):", "if False:", "a label that says no says nothing"),
        ("        if space.open_labels:\n", "        if False:\n", "a namespace that is not known says nothing"),
    ),
    *rule(
        "msh_009_traffic_past_the_proxy",
        ("    elif ports:\n", "    elif False:\n", "an excluded port is missed"),
        ("if proxy is Proxy.NODE:\n        return", "if False:\n        return", "ztunnel reads what is for sidecars"),
        ("severity=None if whole else Severity.MEDIUM", "severity=None", "one port is as bad as all"),
    ),
    *rule(
        "msh_010_node_network_in_the_mesh",
        ("if not pod.host_network or", "if", "every pod is in the network of its node"),
        (
            '"false" in (pod.labels.get(INJECT)',
            '"never" in (pod.labels.get(INJECT)',
            "who stays out is asked to stay out",
        ),
    ),
    *rule(
        "msh_011_strict_would_refuse",
        ("        if not isolated:\n            continue\n", "", "everybody is on the list where nobody is kept out"),
        ("if source.workload == pod.workload:", "if source.workload != pod.workload:", "others are nobody"),
        ("option.value.sending is Sending.PLAIN", "False", "clients with a proxy are never on the list"),
    ),
    *rule(
        "msh_012_needs_a_waypoint",
        ("if proxies == {Proxy.NODE}:", "if Proxy.NODE in proxies:", "an object that a sidecar reads is found"),
        ("            if waypoint is False:\n", "            if False:\n", "routes without a waypoint are missed"),
        ("elif found[0].ready is False:", "elif False:", "a waypoint that is not ready is"),
        ('if one.spec.get("targetRefs")', 'if one.spec.get("targets")', "an object with targets has none"),
    ),
    *rule(
        "msh_013_protocol_not_said",
        ("severity = None if cost else Severity.LOW", "severity = None", "it is always as bad"),
        ("if said[0] != said[1]:", "if False:", "Services that disagree agree"),
        ("if proxy is Proxy.NODE and id(service) not in waypoints:", "if False:", "ztunnel reads HTTP"),
    ),
    *rule(
        "msh_014_sensitive_workload_calls_anywhere",
        ("elif verdict is Verdict.ALLOWED:", "else:", "REGISTRY_ONLY limits nothing"),
        ('if word == "none" or', "if", "every workload is sensitive"),
    ),
    *rule(
        "msh_015_extension_in_the_proxy",
        ("elif operation in RELATIVE and not priority:", "elif operation in RELATIVE:", "a priority changes nothing"),
        ("if proxy is Proxy.SIDECAR]", "if proxy is not None]", "a filter is put into who has no proxy"),
    ),
    *rule(
        "msh_017_proxy_of_another_release",
        ("if one.revision == revision] or planes", "if True] or planes", "the revision of the pod is ignored"),
    ),
    *rule(
        "msh_018_no_limit_at_the_edge",
        ('"connectionPool" in policy or "outlierDetection" in policy', "False", "limits limit nothing"),
        ('any(word != "mesh" for word in', "any(word for word in", "a route of the mesh is one from outside"),
    ),
)

OBJECTS = (
    *rule(
        "msh_019_enrolment_contradicts_itself",
        ("    if INJECTION in labels and REVISION in labels:\n", "    if False:\n", "two labels are one"),
        ('and labels.get(DATAPLANE) != "none"', "", "who stays out of ambient is in it"),
    ),
    *rule(
        "msh_020_annotation_not_read",
        ("if enforcement.proxy(index) is Proxy.NONE and not", "if not", "who has a sidecar has none"),
        ("severity=None if near else Severity.LOW", "severity=None", "a key that may be new is a fault"),
        ("if key in RANGES and any(", "if False and any(", "every text is a list of CIDRs"),
    ),
    *rule(
        "msh_021_sidecar_unclear",
        (
            "            yield from _conflict(taking, enforcement.end(index))\n",
            "            pass\n",
            "two for a workload are one",
        ),
        ('if not slash or "*" in name or', "if not slash or", "a wildcard is looked for"),
        ('(namespace != "*" and namespace not in owners)', "False", "the namespace before the host is ignored"),
    ),
    *rule(
        "msh_022_destination_rule_for_nobody",
        ("severity = Severity.HIGH if tls is not None else None", "severity = None", "TLS for nobody is no worse"),
        ("        if any(matches):\n            continue\n", "        continue\n", "a subset of nobody is missed"),
        (
            "if same == host and other.named.namespace == one.named.namespace",
            "if same == host",
            "rules of two namespaces conflict",
        ),
    ),
    *rule(
        "msh_023_reference_to_nothing",
        ('if name not in ("*", ".", "~"):', 'if name not in ("*", "."):', "~ is a namespace"),
        (
            "    if all(space.open_labels for space in spaces.values()):",
            "    if False:",
            "a part of the cluster is all of it",
        ),
    ),
    *rule(
        "msh_024_gateway_faulty",
        ('return host if space == "*" else f"{space}/{host}"', "return host", "hosts of two namespaces are one"),
        ("listener.port not in led", "True", "every port is led to by nobody"),
        ("if not any(written.has(", "if False and not any(written.has(", "Secrets that are not given do not exist"),
    ),
    *rule(
        "msh_025_service_entry_unclear",
        ("or one.addresses or", "or", "addresses change nothing"),
        ("if not same or not _both_seen(one, other):", "if not same:", "entries that nobody sees together conflict"),
    ),
    *rule(
        "msh_026_service_port_of_nobody",
        (
            "elif declared and port.target not in declared",
            "elif port.target not in declared",
            "who declares nothing has no port",
        ),
    ),
    *rule(
        "msh_027_status_says_no",
        (
            'condition.get("status") != "False"',
            'condition.get("status") == "Unknown"',
            "a condition that is true is false",
        ),
        ("or sort.startswith(OF_SERVICES)", "or True", "conditions of others are Istio's"),
    ),
    *rule(
        "msh_028_runs_as_the_proxy",
        ("own.get(key, whole.get(key))", "own.get(key)", "the user of the whole pod is ignored"),
        ("            if name == PROXY:\n                continue\n", "", "the proxy runs as the proxy"),
    ),
    *rule(
        "msh_029_injection_broken",
        ('hook.get("failurePolicy") == "Ignore"', "False", "a webhook that may fail is in order"),
        ("        if revision is not None:\n            continue\n", "", "who is injected is not"),
    ),
    *rule(
        "msh_030_mutual_tls_to_plain_server",
        ("is not Acceptance.PLAIN:", "is not None:", "plaintext only is looked over"),
    ),
    *rule(
        "msh_031_keys_from_anywhere",
        ("plane.flags.get(FLAG)", "FLAG in plane.flags", "an empty list limits something"),
    ),
    *rule(
        "msh_032_object_faulty",
        (" or problem.code in ELSEWHERE", "", "a fault is told twice"),
    ),
)

SHARED = in_file(
    "rules/mesh_objects.py",
    (
        "tests/rules/test_msh_021_sidecar_unclear.py",
        "tests/rules/test_msh_022_destination_rule_for_nobody.py",
        "tests/rules/test_msh_024_gateway_faulty.py",
    ),
    ("return False if there else None", "return False", "what another repository may have does not exist"),
    ("covers(left, right) or covers(right, left)", "left == right", "a wildcard knows no host"),
)

SNAPSHOTS = in_file(
    "sources/mesh_kept.py",
    ("tests/sources/test_snapshots_of_meshes.py",),
    ("        return _selecting(spec)\n", "        return {}\n", "a snapshot loses a selector"),
    (
        'for key in ("name", "failurePolicy")',
        'for key in ("name",)',
        "a snapshot loses what a webhook does where it fails",
    ),
)

MESH_RULES = (*PROXIES, *OBJECTS, *SHARED, *SNAPSHOTS)
