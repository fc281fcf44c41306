"""What policies mean to a sidecar, as istiod's own goldens have it."""

from __future__ import annotations

import pytest

from tests.truth.istio_authorization import cases, judge

CASES = [(case, variant) for case in cases() for variant in case.variants]


@pytest.mark.skipif(not CASES, reason="the goldens are absent")
@pytest.mark.parametrize("case, variant", CASES, ids=[f"{variant}{case.name}-{case.http}" for case, variant in CASES])
def test_every_request_is_decided_as_by_the_golden(case, variant):
    compared, wrong = judge(case, variant)
    assert compared
    assert not wrong, f"{len(wrong)} of {compared}:\n" + "\n".join(wrong[:10])
