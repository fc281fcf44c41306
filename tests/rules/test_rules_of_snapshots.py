"""What rules need of objects that decide no verdict is in a snapshot too."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringfence import load
from tests.rules.checking import namespace, world_of
from tests.rules.meshed import mtls, sidecars
from tests.rules.test_idn_003_token_mounted import KUBERNETES, READ
from tests.rules.test_idn_003_token_mounted import pod as with_token
from tests.rules.test_lay_007_hidden_dependency_blocked import HERE, METRICS, probed

TEXTS = {
    "IDN-003": namespace("shop")
    + with_token()
    + READ
    + KUBERNETES
    + '---\n{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "web"}, '
    '"roleRef": {"kind": "ClusterRole", "name": "reader"}, '
    '"subjects": [{"kind": "ServiceAccount", "name": "web", "namespace": "shop"}]}\n',
    "LAY-007": sidecars() + probed(annotations={**HERE, **METRICS}) + mtls("STRICT"),
}


@pytest.mark.parametrize("rule", TEXTS)
def test_a_snapshot_is_found_wanting_as_its_cluster_is(rule: str, tmp_path: Path) -> None:
    world = world_of(TEXTS[rule])
    file = tmp_path / "kept.snapshot"
    file.write_bytes(world.snapshot())
    found, kept = (one.check(only=[rule]).findings for one in (world, load(str(file))))
    assert [one.message for one in kept] == [one.message for one in found]
    assert found


def test_an_account_whose_pods_get_no_token(tmp_path: Path) -> None:
    off = '---\n{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "web", "namespace": "shop"}, '
    world = world_of(TEXTS["IDN-003"] + off + '"automountServiceAccountToken": false}\n')
    file = tmp_path / "kept.snapshot"
    file.write_bytes(world.snapshot())
    assert not load(str(file)).check(only=["IDN-003"]).findings
