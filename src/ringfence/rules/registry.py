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
    "MSH-008": "msh_008_pod_opts_out",
    "AUZ-001": "auz_001_sensitive_workload_open",
    "AUZ-002": "auz_002_everybody_allowed",
    "AUZ-004": "auz_004_identity_without_strict",
    "AUZ-005": "auz_005_principal_of_nobody",
    "AUZ-006": "auz_006_http_rule_on_connections",
    "AUZ-007": "auz_007_allowed_by_who_it_is_not",
    "AUZ-009": "auz_009_tokens_not_asked_for",
    "AUZ-010": "auz_010_port_of_the_service",
    "AUZ-012": "auz_012_rule_dropped",
    "AUZ-013": "auz_013_dry_run_taken_for_a_policy",
    "AUZ-014": "auz_014_client_named_behind_a_waypoint",
    "IDN-001": "idn_001_default_service_account",
    "IDN-004": "idn_004_service_account_missing",
    "LAY-001": "lay_001_network_allows_mesh_denies",
    "LAY-002": "lay_002_mesh_allows_network_denies",
    "LAY-004": "lay_004_past_the_mesh",
    "LAY-006": "lay_006_tunnel_not_admitted",
    "LAY-008": "lay_008_past_the_waypoint",
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
