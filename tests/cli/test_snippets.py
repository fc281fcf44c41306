from __future__ import annotations

from pathlib import Path

from ringfence.cli.snippets import snippet
from ringfence.model.provenance import Place


def test_the_line_of_a_place_but_never_one_of_a_secret(tmp_path: Path) -> None:
    file = tmp_path / "all.yaml"
    file.write_text("kind: NetworkPolicy\nspec: {}\n---\nkind: Secret\ndata: {password: aGk=}\n", encoding="utf-8")
    assert snippet(Place(str(file), 2, 1), {}) == "spec: {}"
    assert snippet(Place(str(file), 5, 1), {}) is None
    assert snippet(Place(str(file), 99, 1), {}) is None
    assert snippet(Place(str(file)), {}) is None
    assert snippet(Place("-", 1, 1), {}) is None
