"""``ringfence check``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ringfence.cli import exits
from ringfence.cli.options import Shared, shared_options
from ringfence.cli.rule_ids import complete_rule
from ringfence.values import replace

if TYPE_CHECKING:
    from ringfence.cli.loading import Opened
    from ringfence.rules.assessment import Assessment

SEVERITIES = ("critical", "high", "medium", "low", "info")
OUTPUTS = ("table", "concise", "json", "sarif", "junit", "github", "gitlab", "md")


@click.command(short_help="Say what is wrong, unasked: rules with a page each.")
@click.argument("paths", nargs=-1, type=click.Path(allow_dash=True))
@click.option(
    "--min-severity",
    type=click.Choice(SEVERITIES),
    default="info",
    help="Show only findings that are at least so bad.",
)
@click.option(
    "--only", multiple=True, metavar="RULE", shell_complete=complete_rule, help="Only these rules (NP-001,NP-005)."
)
@click.option("--skip", multiple=True, metavar="RULE", shell_complete=complete_rule, help="All rules but these.")
@click.option("--explain", is_flag=True, help="Add to each finding why it is bad and how its witness is decided.")
@click.option("--baseline", metavar="FILE", type=click.Path(dir_okay=False), help="Leave out what FILE knows.")
@click.option(
    "--write-baseline",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="Write what is found to FILE, for --baseline of later runs, and succeed.",
)
@click.option("-o", "--output", type=click.Choice(OUTPUTS), default="table", show_default=True)
@shared_options()
def check(
    shared: Shared,
    paths: tuple[str, ...],
    min_severity: str,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    explain: bool,
    baseline: str | None,
    write_baseline: str | None,
    output: str,
) -> int:
    """Check the policies and workloads of PATHS (or -f) with every rule.

    Each finding names the line it stands on, a flow that shows it, and how to mend it; "ringfence rule ID" prints the
    page of a rule. What cannot be decided from the input is listed as not evaluable: neither passed nor failed.
    -n shows the findings of one namespace; everything is analysed nevertheless.

    \b
    Suppress a finding, with a reason, and until when:
      annotation  ringfence.dev/ignore-NP-001: "reason; until=2027-01-31; by=team"
      comment     # ringfence: ignore[NP-001] reason until=2027-01-31
      .ringfence.yaml  ignore: [{id: NP-001, namespace: lab-*, reason: ..., expires: ...}]

    \b
    Exit codes: 1 if any finding is shown, else 3 if the input was partial, else 0; 2 usage or no object.
    """  # noqa: D301 - click's mark for lines to keep as they are
    from ringfence.cli.rule_ids import rule_ids
    from ringfence.reports.findings.formats import EXPLAINING

    if explain and output not in EXPLAINING:
        raise click.UsageError(f"--explain has no room in -o {output}: use {', '.join(EXPLAINING)}")
    limited = [("-n", shared.namespace), ("--only", only), ("--skip", skip), ("--min-severity", min_severity != "info")]
    if write_baseline is not None and any(value for _, value in limited):
        words = " and ".join(name for name, value in limited if value)
        raise click.UsageError(f"--write-baseline remembers everything: leave {words} away")
    chosen, left_out = rule_ids(only), rule_ids(skip)
    from ringfence.cli.checking import read_baseline_file, today, write_baseline_file

    known = read_baseline_file(baseline) if baseline is not None else None
    day = today()
    from ringfence.cli.loading import namespace_of_input, open_world

    opened = open_world(replace(shared, filenames=(*paths, *shared.filenames)))
    namespace = namespace_of_input(opened, shared)
    assessment = opened.world.check(chosen, left_out, day, opened.settings.ignore, opened.context.chosen_by)
    if write_baseline is not None:
        count = write_baseline_file(write_baseline, assessment)
        noun = "finding" if count == 1 else "findings"
        opened.say([f"{count} {noun} written to {write_baseline!a}"])
        return exits.PARTIAL if opened.context.partial else exits.OK
    if known is not None:
        assessment = assessment.against(known)
    assessment = _shown(assessment, min_severity, namespace)
    _write(opened, assessment, output, explain)
    codes = [exits.FOUND] if assessment.found else []
    return exits.strongest([*codes, *([exits.PARTIAL] if opened.context.partial else [])])


def _shown(assessment: Assessment, least: str, namespace: str | None) -> Assessment:
    rank = SEVERITIES.index(least)
    return assessment.shown(
        lambda one: one.severity.rank <= rank and (namespace is None or one.finding.subject.home == namespace),
        lambda one: namespace is None or one.scope.home == namespace,
    )


def _write(opened: Opened, assessment: Assessment, output: str, explain: bool) -> None:
    from pathlib import Path

    from ringfence import __version__
    from ringfence.cli.checking import append_summary, explanations, locator
    from ringfence.cli.loading import write_lines
    from ringfence.reports.findings.formats import FORMATS, text_beside
    from ringfence.reports.findings.report import Report
    from ringfence.rules.registry import entries

    report = Report(
        assessment,
        {entry.rule.id: entry for entry in entries(assessment.rules)},
        opened.context,
        locator(Path.cwd()),
        explanations(opened.world, assessment) if explain else {},
        explain,
        __version__,
    )
    write_lines(FORMATS[output](report, opened.out))
    opened.say(text_beside(output, report, opened.err))
    if output == "github":
        append_summary(FORMATS["md"](report, opened.out))
