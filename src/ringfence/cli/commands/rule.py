"""``ringfence rule``."""

from __future__ import annotations

import click

from ringfence.cli.rule_ids import complete_rule


@click.command(short_help="Print the page of a rule of check, or list all.")
@click.argument("rule", metavar="[ID]", required=False, shell_complete=complete_rule)
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def rule(rule: str | None, output: str) -> int:
    """Print the page of one rule of "ringfence check": what it checks, why, and how to mend it. ID is its number or its
    name (NP-001, default-deny-ingress-missing), or what istioctl or Kiali call it (IST0127). Without ID: all rules, one
    a line."""
    from ringfence.cli.loading import write_lines
    from ringfence.cli.rule_ids import rule_ids
    from ringfence.rules.registry import entries

    chosen = entries(rule_ids([rule])) if rule is not None else entries()
    if output == "json":
        from ringfence.reports.findings.document import rule_document
        from ringfence.reports.structured import json_text

        write_lines([json_text([rule_document(entry) for entry in chosen])])
    elif rule is not None:
        write_lines(["\n\n".join(entry.page for entry in chosen)])
    else:
        width = max(len(entry.rule.slug) for entry in chosen)
        write_lines(
            f"{entry.rule.id:8}{entry.rule.severity:10}{entry.rule.slug:{width + 2}}{entry.rule.title}"
            for entry in chosen
        )
    return 0
