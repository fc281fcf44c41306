"""A suppression does not hold.

## What is checked

Whether each suppression (an annotation, a comment or an entry of `.ringfence.yaml`) gives a reason, names a rule
that there is, and has not expired. One that does not hold hides nothing: the findings that it was meant for are
shown too.

## Why this is bad

An exception that nobody can explain, or that outlived its reason, is a hole that looks like a decision.

## Example

```yaml
metadata:
  annotations:
    ringfence.dev/ignore-NP-001: "until=2026-01-31"
```

Use instead:

```yaml
metadata:
  annotations:
    ringfence.dev/ignore-NP-001: "moves behind the gateway with release 12; until=2027-01-31; by=platform"
```

## How to fix it

Mend what the suppression hides and delete it, or decide anew: give the reason and a new date.

## Configuration

See [suppressions](index.md#suppressions) for the three forms. `until` is the last day that a suppression holds;
without it, it holds for good. This rule cannot be suppressed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.rules.finding import Severity
from ringfence.rules.rule import Needs, Precision, Rule

if TYPE_CHECKING:
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="GOV-002",
    slug="suppression-invalid",
    title="A suppression does not hold",
    severity=Severity.MEDIUM,
    precision=Precision.VERY_HIGH,
    needs=Needs.OBJECT,
)


def check(situation: Situation) -> Iterator[Result]:
    """Nothing: these findings come from where suppressions are applied (``ringfence.rules.suppression``)."""
    return iter(())
