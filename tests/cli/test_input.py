"""Input of every shape: what is read, what is open or not modelled, and what must be rendered first."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.conftest import Done, Run
from tests.cli.manifests import SHOP, policy, workload


@pytest.mark.parametrize("arguments, verdict, code", [((), "unknown", 5), (("--assume-no-labels",), "denied", 1)])
def test_labels_of_a_namespace_that_is_not_there(
    ringfence: Run, shop: Path, arguments: tuple[str, ...], verdict: str, code: int
) -> None:
    (shop / "far.yaml").write_text(
        workload("far", namespace="other")
        + policy("by-label", "api", "ingress: [{from: [{namespaceSelector: {matchLabels: {team: x}}}]}]")
    )
    done = ringfence("can", "other/far", "shop/api", "80", *arguments)
    assert (done.code, done.out) == (code, f"{verdict}\n"), done.err
    if verdict == "unknown":
        assert "--assume-no-labels" in done.err
    peer = "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: other}}}"
    (shop / "named.yaml").write_text(policy("by-name", "api", f"ingress: [{{from: [{peer}]}}]"))
    assert ringfence("can", "other/far", "shop/api", "80", *arguments).out == "allowed\n"


def test_ranges_decide_addresses_that_are_open(ringfence: Run, shop: Path) -> None:
    (shop / "net.yaml").write_text(policy("net", "api", "ingress: [{from: [{ipBlock: {cidr: 10.7.0.0/16}}]}]"))
    question = ("can", "shop/db", "shop/api", "80", "--cni", "calico")
    assert ringfence(*question).out == "unknown\n"
    assert ringfence(*question, "--pod-cidr", "10.7.0.0/16,10.7.0.0/17").out == "allowed\n"
    assert ringfence(*question, "--pod-cidr", "10.8.0.0/16").out == "denied\n"
    (shop / ".ringfence.yaml").write_text("cni: calico\npodCIDRs: [10.8.0.0/16]\n")
    done = ringfence(*question[:4])
    assert done.out == "denied\n"
    assert "profile calico (chosen by .ringfence.yaml:1:6)" in done.err
    assert ringfence(*question, "--pod-cidr", "10.7.0.0/16").out == "allowed\n"


def chart(folder: Path) -> str:
    (folder / "chart/templates").mkdir(parents=True)
    (folder / "chart/Chart.yaml").write_text("apiVersion: v2\nname: chart\nversion: 1.0.0\n")
    (folder / "chart/values.yaml").write_text("replicas: 1\n")
    (folder / "chart/templates/pod.yaml").write_text("{{- if .Values.x }}\nkind: Pod\n{{- end }}\n")
    return "--helm ./chart,"


def overlay(folder: Path) -> str:
    (folder / "overlay").mkdir()
    (folder / "overlay/kustomization.yaml").write_text("resources: [../shop.yaml]\npatches: [{path: patch.yaml}]\n")
    (folder / "overlay/patch.yaml").write_text(workload("api", labels="app: patched"))
    return "-k ./overlay "


@pytest.mark.parametrize("make", [chart, overlay])
def test_what_must_be_rendered_first(ringfence: Run, shop: Path, make: Any) -> None:
    how = make(shop)
    done = ringfence("can", "shop/api", "shop/db", "5432")
    assert (done.code, done.out) == (3, "allowed\n"), done.err
    assert how in done.err


INSIDE = ("unknown", "allowed")
EVERYWHERE = ("unknown", "unknown")
NOWHERE = ("allowed", "allowed")


@pytest.mark.parametrize(
    "version, kind, namespaced, verdicts",
    [
        ("projectcalico.org/v3", "NetworkPolicy", True, INSIDE),
        ("crd.projectcalico.org/v1", "NetworkPolicy", True, INSIDE),
        ("cilium.io/v2", "CiliumNetworkPolicy", True, INSIDE),
        ("crd.antrea.io/v1beta1", "NetworkPolicy", True, INSIDE),
        ("cilium.io/v2", "CiliumClusterwideNetworkPolicy", False, EVERYWHERE),
        ("projectcalico.org/v3", "GlobalNetworkPolicy", False, EVERYWHERE),
        ("crd.antrea.io/v1beta1", "ClusterNetworkPolicy", False, EVERYWHERE),
        ("networking.k8s.aws/v1alpha1", "ClusterNetworkPolicy", False, EVERYWHERE),
        ("k8s.ovn.org/v1", "EgressFirewall", True, INSIDE),
        ("example.com/v1", "NetworkPolicy", True, NOWHERE),
        ("kuma.io/v1alpha1", "MeshTrafficPermission", True, NOWHERE),
    ],
)
def test_objects_that_are_not_modelled(
    ringfence: Run, shop: Path, version: str, kind: str, namespaced: bool, verdicts: tuple[str, str]
) -> None:
    namespace = ", namespace: shop" if namespaced else ""
    (shop / "foreign.yaml").write_text(f"{{apiVersion: {version}, kind: {kind}, metadata: {{name: p{namespace}}}}}")
    (shop / "far.yaml").write_text(workload("far", namespace="other") + workload("further", namespace="other"))
    for question, verdict in zip((("shop/db", "shop/api"), ("other/far", "other/further")), verdicts, strict=True):
        done = ringfence("can", *question, "80", "-v")
        assert done.out == f"{verdict}\n", done.err
        assert kind in done.err
    assert done.code == (5 if verdicts[1] == "unknown" else 0)


def test_mesh_objects_are_noticed(ringfence: Run, shop: Path) -> None:
    (shop / "mesh.yaml").write_text(
        "{apiVersion: kuma.io/v1alpha1, kind: MeshTrafficPermission, metadata: {name: p, namespace: shop}}"
    )
    done = ringfence("can", "shop/api", "shop/db", "5432")
    assert "network layer only" in done.err
    assert done.code == 0


def test_a_document_that_is_no_object_is_noticed(ringfence: Run, shop: Path) -> None:
    (shop / "values.yaml").write_text("replicas: 3\n")
    done = ringfence("can", "shop/api", "shop/db", "5432")
    assert done.code == 0
    assert "values.yaml:1:1: notice" in done.err


@pytest.mark.parametrize("form", ["yaml", "json", "list", "typed list", "stream"])
def test_every_shape_of_manifests_on_stdin(ringfence: Run, folder: Path, form: str) -> None:
    objects = list(yaml.safe_load_all(SHOP))
    objects = [one for one in objects if one]
    items = {"apiVersion": "v1", "kind": "List", "items": objects}
    texts = {
        "yaml": SHOP,
        "json": "".join(json.dumps(one) + "\n" for one in objects),
        "list": json.dumps(items, indent=1),
        "typed list": yaml.safe_dump_all(
            [
                {"apiVersion": "apps/v1", "kind": f"{kind}List", "items": [
                    {key: value for key, value in one.items() if key not in ("apiVersion", "kind")}
                    for one in objects if one["kind"] == kind
                ]}
                for kind in ("Deployment", "StatefulSet")
            ] + [one for one in objects if one["kind"] not in ("Deployment", "StatefulSet")]
        ),
        "stream": yaml.safe_dump(items),
    }  # fmt: skip
    done = ringfence("can", "shop/api", "shop/db", "5432", "-f", "-", stdin=texts[form].encode())
    assert (done.code, done.out) == (0, "allowed\n"), done.err
    done = ringfence("can", "shop/api", "shop/cut", "5432", "-f", "-", stdin=texts[form].encode())
    assert (done.code, done.out) == (1, "denied\n"), done.err


def test_hidden_folders_and_links_that_leave(
    ringfence: Run, shop: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "evil.yaml").write_text(policy("evil", "api"))
    (shop / ".hidden").mkdir()
    (shop / ".hidden/evil.yaml").write_text(policy("evil", "api"))
    (shop / ".git/evil.yaml").write_text(policy("evil", "api"))
    (shop / "deep/er").mkdir(parents=True)
    (shop / "deep/er/policy.yaml").write_text(policy("deep", "db", "ingress: [{ports: [{port: 1}]}]"))
    (shop / "link.yaml").symlink_to(outside / "evil.yaml")
    (shop / "linked").symlink_to(outside)
    (shop / "around").symlink_to(shop)
    assert ringfence("can", "shop/db", "shop/api", "80").out == "allowed\n"
    assert ringfence("can", "shop/cut", "shop/db", "1").out == "allowed\n"
    done: Done = ringfence("can", "shop/cut", "shop/db", "1", "-R", "-f", ".")
    assert done.out == "allowed\n"
    assert "link.yaml" in done.err
