"""Rules as words of the command line: checked, with a hint, and completed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ringfence.cli.errors import CommandError

if TYPE_CHECKING:
    import click


def rule_ids(words: Iterable[str]) -> tuple[str, ...]:
    """The ids that the words name (also by what other tools call them), commas accepted. Raises CommandError for one
    that is no rule."""
    from ringfence.rules.registry import RuleError, named

    found: list[str] = []
    for word in ",".join(words).split(","):
        if not word.strip():
            continue
        try:
            found += named(word.strip())
        except RuleError as error:
            raise CommandError(str(error), error.hint) from error
    return tuple(dict.fromkeys(found))


def complete_rule(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Ids, and slugs for who types one."""
    from ringfence.rules.registry import MODULES, slug

    before, comma, last = incomplete.rpartition(",")
    ids = [identifier for identifier in MODULES if identifier.startswith(last.upper())]
    slugs = [name for name in map(slug, MODULES) if last and name.startswith(last.lower())]
    return [f"{before}{comma}{word}" for word in (*ids, *slugs)]
