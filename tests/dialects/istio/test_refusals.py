"""The words that proxies log of a refusal."""

from __future__ import annotations

import pytest

from ringfence.dialects.istio.refusals import logged
from ringfence.model.mesh import PointSort, Source
from ringfence.model.provenance import Place

RULE = Source("AuthorizationPolicy", "shop", "deny", Place("x"), 2)


@pytest.mark.parametrize(
    "sort, rule, http, words",
    [
        (PointSort.SIDECAR, RULE, True, "rbac_access_denied_matched_policy[ns[shop]-policy[deny]-rule[2]]"),
        (PointSort.WAYPOINT, None, True, "rbac_access_denied_matched_policy[none]"),
        (PointSort.SIDECAR, None, False, "CONNECTION_TERMINATION_DETAILS=rbac_access_denied_matched_policy[none]"),
        (PointSort.NODE, RULE, False, "explicitly denied by: shop/deny"),
        (PointSort.NODE, None, False, "allow policies exist, but none allowed"),
    ],
)
def test_words(sort: PointSort, rule: Source | None, http: bool, words: str) -> None:
    assert words in logged(sort, rule, http=http)
