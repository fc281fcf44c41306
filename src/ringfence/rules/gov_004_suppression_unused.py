"""A suppression hides nothing.

## What is checked

Whether there is a finding for each suppression that holds. Suppressions of rules that do not run (`--only`,
`--skip`), or that could not be evaluated, are left alone.

## Why this is bad

What it was written for is mended, or its object was renamed. In the first case it will hide the next fault that
comes; in the second it already does not do what its author thinks.

## Example

```yaml
metadata:
  name: payments
  annotations:
    ringfence.dev/ignore-NP-001: "no default deny before the migration"
```

when `payments` has a default deny by now.

## How to fix it

Delete the suppression.

## Configuration

See [suppressions](index.md#suppressions). This rule cannot be suppressed; `--skip GOV-004` leaves it out.
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
    id="GOV-004",
    slug="suppression-unused",
    title="A suppression hides nothing",
    severity=Severity.LOW,
    precision=Precision.VERY_HIGH,
    needs=Needs.OBJECT,
)


def check(situation: Situation) -> Iterator[Result]:
    """Nothing: these findings come from where suppressions are applied (``ringfence.rules.suppression``)."""
    return iter(())
