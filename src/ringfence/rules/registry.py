"""Which rules there are. A rule's module is imported when it is asked for."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from types import ModuleType

from ringfence.rules.rule import Check, Rule
from ringfence.values import Value

MODULES: Mapping[str, str] = {
    "NP-001": "np_001_default_deny_ingress_missing",
    "NP-002": "np_002_default_deny_egress_missing",
    "NP-003": "np_003_workload_ingress_not_isolated",
    "NP-004": "np_004_workload_egress_not_isolated",
    "NP-005": "np_005_policy_selects_nothing",
    "NP-006": "np_006_peer_matches_nothing",
    "NP-009": "np_009_unrestricted_egress",
    "NP-010": "np_010_allow_rule_without_ports",
    "NP-011": "np_011_and_or_trap",
    "NP-012": "np_012_rules_and_policy_types_differ",
    "NP-013": "np_013_policy_types_omitted",
    "NP-014": "np_014_redundant",
    "NP-015": "np_015_policy_changes_nothing",
    "NP-016": "np_016_named_port_unresolved",
    "NP-017": "np_017_ipblock_of_the_cluster",
    "NP-018": "np_018_except_reopened",
    "NP-019": "np_019_not_enforced",
    "NP-020": "np_020_one_side_only",
    "NP-025": "np_025_policy_faulty",
    "DNS-001": "dns_001_dns_not_reachable",
    "DNS-002": "dns_002_dns_without_tcp",
    "DNS-003": "dns_003_dns_rule_misses",
    "DNS-005": "dns_005_dns_peer_spoofable",
    "CNI-001": "cni_001_not_enforced_by_the_plugin",
    "EXP-005": "exp_005_route_dangling",
    "EXP-006": "exp_006_route_blocked",
    "EXP-007": "exp_007_route_shadowed",
    "MSH-001": "msh_001_plaintext_accepted",
    "MSH-002": "msh_002_port_level_mtls_weakens",
    "MSH-003": "msh_003_peer_authentication_shadowed",
    "MSH-004": "msh_004_policy_without_effect",
    "MSH-005": "msh_005_client_sends_plaintext_to_strict",
    "MSH-006": "msh_006_server_not_verified",
    "MSH-007": "msh_007_workload_without_proxy",
    "MSH-008": "msh_008_pod_opts_out",
    "MSH-009": "msh_009_traffic_past_the_proxy",
    "MSH-010": "msh_010_node_network_in_the_mesh",
    "MSH-011": "msh_011_strict_would_refuse",
    "MSH-012": "msh_012_needs_a_waypoint",
    "MSH-013": "msh_013_protocol_not_said",
    "MSH-014": "msh_014_sensitive_workload_calls_anywhere",
    "MSH-015": "msh_015_extension_in_the_proxy",
    "MSH-017": "msh_017_proxy_of_another_release",
    "MSH-018": "msh_018_no_limit_at_the_edge",
    "MSH-019": "msh_019_enrolment_contradicts_itself",
    "MSH-020": "msh_020_annotation_not_read",
    "MSH-021": "msh_021_sidecar_unclear",
    "MSH-022": "msh_022_destination_rule_for_nobody",
    "MSH-023": "msh_023_reference_to_nothing",
    "MSH-024": "msh_024_gateway_faulty",
    "MSH-025": "msh_025_service_entry_unclear",
    "MSH-026": "msh_026_service_port_of_nobody",
    "MSH-027": "msh_027_status_says_no",
    "MSH-028": "msh_028_runs_as_the_proxy",
    "MSH-029": "msh_029_injection_broken",
    "MSH-030": "msh_030_mutual_tls_to_plain_server",
    "MSH-031": "msh_031_keys_from_anywhere",
    "MSH-032": "msh_032_object_faulty",
    "AUZ-001": "auz_001_sensitive_workload_open",
    "AUZ-002": "auz_002_everybody_allowed",
    "AUZ-003": "auz_003_empty_policy",
    "AUZ-004": "auz_004_identity_without_strict",
    "AUZ-005": "auz_005_principal_of_nobody",
    "AUZ-006": "auz_006_http_rule_on_connections",
    "AUZ-007": "auz_007_allowed_by_who_it_is_not",
    "AUZ-008": "auz_008_rule_shadowed",
    "AUZ-009": "auz_009_tokens_not_asked_for",
    "AUZ-010": "auz_010_port_of_the_service",
    "AUZ-011": "auz_011_wildcard_wider",
    "AUZ-012": "auz_012_rule_dropped",
    "AUZ-013": "auz_013_dry_run_taken_for_a_policy",
    "AUZ-014": "auz_014_client_named_behind_a_waypoint",
    "AUZ-015": "auz_015_unknown_to_ztunnel",
    "AUZ-016": "auz_016_greeting_before_refusal",
    "AUZ-017": "auz_017_host_without_its_port",
    "AUZ-018": "auz_018_path_written_otherwise",
    "AUZ-019": "auz_019_nobody_to_ask",
    "AUZ-020": "auz_020_method_or_host_of_nobody",
    "IDN-001": "idn_001_default_service_account",
    "IDN-002": "idn_002_account_shared",
    "IDN-003": "idn_003_token_mounted",
    "IDN-004": "idn_004_service_account_missing",
    "IDN-005": "idn_005_principal_over_privileged",
    "LAY-001": "lay_001_network_allows_mesh_denies",
    "LAY-002": "lay_002_mesh_allows_network_denies",
    "LAY-003": "lay_003_sensitive_in_plaintext",
    "LAY-004": "lay_004_past_the_mesh",
    "LAY-005": "lay_005_network_alone",
    "LAY-006": "lay_006_tunnel_not_admitted",
    "LAY-007": "lay_007_hidden_dependency_blocked",
    "LAY-008": "lay_008_past_the_waypoint",
    "LAY-009": "lay_009_port_or_pods_of_the_service",
    "LAY-010": "lay_010_past_the_egress_gateway",
    "LAY-011": "lay_011_registry_taken_for_a_boundary",
    "GOV-002": "gov_002_suppression_invalid",
    "GOV-004": "gov_004_suppression_unused",
}
"""Rule → module, in the order of the documentation. The second half of a module's name is the rule's slug."""


class RuleError(ValueError):
    """There is no such rule. ``hint`` says which one may be meant."""

    def __init__(self, word: str, hint: str) -> None:
        super().__init__(f"there is no rule {word!a}")
        self.hint = hint


class Entry(Value):
    """A rule with its check and its page (Markdown): its name and the docstring of its module."""

    rule: Rule
    check: Check
    page: str


def slug(identifier: str) -> str:
    """The second name of a rule: ``default-deny-ingress-missing``. Imports nothing."""
    return MODULES[identifier].split("_", 2)[2].replace("_", "-")


def resolve(word: str) -> str:
    """The rule of an id or slug, in any case. Raises RuleError."""
    if word.upper() in MODULES:
        return word.upper()
    slugs = {slug(identifier): identifier for identifier in MODULES}
    if word.lower() in slugs:
        return slugs[word.lower()]
    close = get_close_matches(word.upper(), MODULES, n=1) or [
        slugs[near] for near in get_close_matches(word.lower(), slugs, n=1)
    ]
    raise RuleError(
        word, f"did you mean {close[0]} ({slug(close[0])})?" if close else "`ringfence rule` lists all rules"
    )


def named(word: str) -> tuple[str, ...]:
    """The rules of an id, a slug, or what another tool calls them: ``kiali:KIA0004``, or ``KIA0004`` alone. Raises
    RuleError. Only the last imports the rules."""
    try:
        return (resolve(word),)
    except RuleError:
        wanted = word.lower()
        found = tuple(
            one.rule.id
            for one in entries()
            if any(wanted in (alias.lower(), alias.lower().partition(":")[2]) for alias in one.rule.aliases)
        )
        if not found:
            raise
        return found


@cache
def entry(identifier: str) -> Entry:
    """One rule. Raises KeyError for an id that is none."""
    module: ModuleType = import_module(f"ringfence.rules.{MODULES[identifier]}")
    rule: Rule = module.RULE
    page = f"# {rule.id} {rule.slug}\n\n{inspect.cleandoc(module.__doc__ or '')}"
    return Entry(rule, module.check, page)


def entries(identifiers: Iterable[str] | None = None) -> list[Entry]:
    """These rules, or all, in the order of the table."""
    wanted = None if identifiers is None else set(identifiers)
    return [entry(identifier) for identifier in MODULES if wanted is None or identifier in wanted]
