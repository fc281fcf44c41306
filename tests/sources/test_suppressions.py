from __future__ import annotations

from pathlib import Path

import pytest

from ringfence.rules.finding import Subject
from ringfence.rules.suppression import Origin, Suppression
from ringfence.sources.reading import read
from ringfence.sources.suppressions import suppressions_of

DB = Subject("NetworkPolicy", "shop", "db")
POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: db
  namespace: shop
spec:
  podSelector: {}
  ingress:
  - {}
"""


def found(folder: Path, text: str, name: str = "a.yaml") -> list[Suppression]:
    (folder / name).write_text(text, encoding="utf-8")
    return suppressions_of(read([str(folder / name)]).manifests)


def test_an_annotation_covers_its_object(tmp_path: Path) -> None:
    note = 'metadata:\n  annotations:\n    ringfence.dev/ignore-NP-007: "an edge; until=2027-01-31; by=web"'
    (one,) = found(tmp_path, POLICY.replace("metadata:", note))
    assert (one.rule, one.reason, one.until, one.owner) == ("NP-007", "an edge", "2027-01-31", "web")
    assert (one.origin, one.subject, one.place.line) == (Origin.ANNOTATION, DB, 5)


def test_an_annotation_may_list_rules(tmp_path: Path) -> None:
    note = 'metadata:\n  annotations:\n    ringfence.dev/ignore: "NP-007, NP-010; an edge"'
    rules = [(one.rule, one.reason) for one in found(tmp_path, POLICY.replace("metadata:", note))]
    assert rules == [("NP-007", "an edge"), ("NP-010", "an edge")]


@pytest.mark.parametrize("note", ["ringfence.dev/ignoreNP-007: x", "ringfence.dev/ignore: ''"])
def test_an_annotation_that_is_not_understood_is_said(tmp_path: Path, note: str) -> None:
    (one,) = found(tmp_path, POLICY.replace("metadata:", f"metadata:\n  annotations:\n    {note}"))
    assert one.unreadable


@pytest.mark.parametrize("above", ["{}", "---\n{}", "{}---\n", "# Said before.\n{}# Said after.\n\n"])
def test_a_comment_above_an_object_covers_all_of_it(tmp_path: Path, above: str) -> None:
    comment = "# ringfence: ignore[NP-001, NP-007] an edge until=2027-01-31 by=web\n"
    covers = found(tmp_path, above.format(comment) + POLICY)
    assert [(one.rule, one.subject) for one in covers] == [("NP-001", DB), ("NP-007", DB)]
    assert covers[0].reason == "an edge"


def test_a_comment_on_a_line_covers_the_line(tmp_path: Path) -> None:
    (one,) = found(tmp_path, POLICY.replace("- {}", "- {}  # ringfence: ignore[NP-007] an edge"))
    assert (one.subject, one.line, one.holder) == (None, 9, DB)


def test_a_comment_above_a_line_covers_that_line(tmp_path: Path) -> None:
    (one,) = found(tmp_path, POLICY.replace("  - {}", "  # ringfence: ignore[NP-007] an edge\n  - {}"))
    assert (one.subject, one.line, one.place.line) == (None, 10, 9)


@pytest.mark.parametrize("text", ["ringfence: ingore[NP-007] x", "ringfence: ignore NP-007", "ringfence: ignore[]"])
def test_a_comment_that_is_not_understood_is_said(tmp_path: Path, text: str) -> None:
    (one,) = found(tmp_path, f"# {text}\n{POLICY}")
    assert one.unreadable


def test_texts_hold_no_comments(tmp_path: Path) -> None:
    settings = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: shop}\ndata:\n  note: |\n"
        "    # ringfence: ignore[NP-007] only a text\n  other: 'see # ringfence: ignore[NP-007] a text'\n"
        "  more: 'a\n    # ringfence: ignore[NP-007] text of lines'\n"
    )
    assert found(tmp_path, f"{settings}---\n{POLICY}") == []
    after = settings + "  # ringfence: ignore[NP-007] no text\n  last: x\n"
    assert len(found(tmp_path, after)) == 1


def test_other_comments_mean_nothing(tmp_path: Path) -> None:
    assert found(tmp_path, f"# see ringfence.dev, or ask\n# kube-linter: ignore\n{POLICY}") == []


def test_objects_without_a_namespace_are_where_the_api_server_puts_them(tmp_path: Path) -> None:
    comment = "# ringfence: ignore[NP-001] x\n"
    (one,) = found(tmp_path, comment + POLICY.replace("  namespace: shop\n", ""))
    assert one.subject == Subject("NetworkPolicy", "default", "db")
    (one,) = found(tmp_path, comment + "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n")
    assert one.subject == Subject("Namespace", "", "shop")
