"""Prints what the engine answers to every published expectation: ``python -m tests.truth.report``.

Leaves with 1 when an answer differs, else 0.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from tests.truth import conformance, cyclonus, diff_lists, exposure_lists, istio_authorization, three_tier
from tests.truth import connection_lists as lists
from tests.truth.deviations import DEVIATIONS
from tests.truth.judging import (
    Tally,
    judge_conformance,
    judge_cyclonus,
    judge_list,
    load_objects,
    three_tier_probes,
)
from tests.truth.location import truth_folder
from tests.truth.probing import run


def tallies() -> Iterator[Tally]:
    """Every set that is present."""
    world, cases = conformance.load()
    tally = Tally("ClusterNetworkPolicy conformance (generic)")
    for case in cases:
        asked, wrong = judge_conformance(world, case)
        tally.add(asked, map(str, wrong))
    yield tally

    tally = Tally("NetworkPolicy generator tables (calico)")
    for case in cyclonus.load():
        asked, wrong = judge_cyclonus(case)
        tally.add(asked, map(str, wrong))
    yield tally

    tally = Tally("netpol-analyzer lists (netpol-analyzer)")
    for folder in lists.folders():
        if folder.beyond:
            tally.skipped.append((folder.name, folder.beyond))
        elif folder.name in DEVIATIONS:
            tally.deviations.append((folder.name, DEVIATIONS[folder.name].clause))
        else:
            asked, wrong_pairs = judge_list(folder)
            tally.add(asked, (f"{folder.name}: {line}" for line in wrong_pairs))
    yield tally

    tally = Tally("netpol-analyzer exposure (netpol-analyzer)")
    for folder in exposure_lists.folders():
        if folder.beyond:
            tally.skipped.append((folder.name, folder.beyond))
        else:
            asked, different = exposure_lists.judge(folder)
            tally.add(asked, (f"{folder.name}: {line}" for line in different))
    yield tally

    tally = Tally("netpol-analyzer differences (netpol-analyzer)")
    for pair in diff_lists.pairs():
        if pair.beyond:
            tally.skipped.append((pair.name, pair.beyond))
        else:
            asked, different = diff_lists.judge(pair)
            tally.add(asked, (f"{pair.name}: {line}" for line in different))
    yield tally

    tally = Tally("Istio authorization (sidecar)")
    for golden in istio_authorization.cases():
        for variant in golden.variants:
            asked, different = istio_authorization.judge(golden, variant)
            tally.add(asked, different)
    yield tally

    tally = Tally("three-tier lab (generic)")
    objects = three_tier.objects()
    loaded = load_objects(objects, "generic") if objects else None
    for name, probe in three_tier_probes():
        if loaded is not None:
            tally.add(1, map(str, run(loaded, [probe], name)))
    yield tally


def main() -> int:
    """Print the tallies."""
    print(f"expectations in {truth_folder()}")
    failed = False
    for tally in tallies():
        if not tally.cases:
            print(f"{tally.name}: absent")
            continue
        print(f"{tally.name}: {tally.cases} cases, {tally.checks} checks, {len(tally.wrong)} wrong")
        for line in tally.wrong[:20]:
            print(f"  WRONG {line}")
        if len(tally.wrong) > 20:
            print(f"  … {len(tally.wrong) - 20} more")
        for name, clause in tally.deviations:
            print(f"  deviates on purpose: {name}: {clause}")
        for name, reason in tally.skipped:
            print(f"  not in this layer: {name}: {reason}")
        failed = failed or bool(tally.wrong)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
