"""What must catch a fault: ``python -m tests.seeded_faults.detector``, run with the faulty package first on the path.

Prints the first thing that is wrong and exits 1; exits 0 where nothing is.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from typing import Any

FLOWS_A_CLUSTER = 25


def published(steps: Iterator[Any], profile: str) -> Iterator[str]:
    """Truth data that the engine answers otherwise."""
    from ringfence import loading
    from tests.truth import probing

    for step in steps:
        engine = loading.load_objects(step.objects, cni=profile)
        yield from (str(mismatch) for mismatch in probing.run(engine, step.probes, profile))


def conformance_probes() -> Iterator[str]:
    """The probes of the ClusterNetworkPolicy conformance suite."""
    from tests.truth import conformance

    places, cases = conformance.load()
    yield from published((step for case in cases for step in conformance.steps(places, case)), "generic")


def cyclonus_probes() -> Iterator[str]:
    """Every eighth NetworkPolicy case: the oracle covers the rest."""
    from tests.truth import cyclonus

    yield from published((step for case in cyclonus.load()[::8] for step in cyclonus.steps(case)), "calico")


def examples() -> Iterator[str]:
    """The examples of every specification of a dialect."""
    from tests.dialects import test_specs

    for spec in test_specs.SPECS:
        for example in test_specs.examples(spec):
            try:
                test_specs.test_example(example)
            except AssertionError:
                yield f"{spec.parent.name}/spec.md: {example.clause}"


def transcriptions() -> Iterator[str]:
    """Profiles that the oracle has written down otherwise."""
    from tests.oracle import test_profiles

    for text in test_profiles.PROFILES:
        try:
            test_profiles.test_both_transcriptions_agree(text)
        except AssertionError:
            yield f"profile {text} is not what the oracle has"


def oracle_flows(seed: int, clusters: int) -> Iterator[str]:
    """Random clusters on which the engine and the oracle differ: every second one under any profile."""
    from tests.oracle.profiles import PROFILES
    from tests.properties.comparison import differences

    for number in range(seed, seed + clusters):
        for found in differences(number, FLOWS_A_CLUSTER, tuple(PROFILES) if number % 2 else ()):
            if found is not None:
                yield f"oracle, seed {number}: {found.question}: engine {found.engine}, oracle {found.oracle}"


def small_cases() -> Iterator[str]:
    """Cases that chance rarely makes."""
    from tests.properties import corner_cases, profile_cases, service_cases
    from tests.properties.comparison import compare

    for case in (*corner_cases.CASES, *service_cases.CASES, *profile_cases.CASES):
        for found in compare(list(case.objects), case.given, case.questions):
            if found is not None:
                yield f"{case.why}: {found.question}: engine {found.engine}, oracle {found.oracle}"


def main() -> int:
    """Look everywhere, cheapest first; stop at the first thing that is wrong."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--clusters", type=int, default=200)
    given = parser.parse_args()
    looks: tuple[Callable[[], Iterator[str]], ...] = (
        conformance_probes,
        transcriptions,
        examples,
        small_cases,
        lambda: oracle_flows(given.seed, given.clusters),
        cyclonus_probes,
    )
    for look in looks:
        for wrong in look():
            print(wrong)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
