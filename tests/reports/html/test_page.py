"""The page as a file: one, whole, and closed to everything else."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest

from ringfence.reports.context import Context
from ringfence.reports.html.page import SCRIPTS, html_page
from ringfence.verdict.matrix.values import Matrix
from tests.reports.html.reading import elements
from tests.reports.html.test_data import shop

CONTEXT = Context("generic", "the default")
FOLDER = Path(str(files("ringfence.reports.html")))
LOADING = {"src", "srcset", "data", "action", "formaction", "poster", "background", "ping", "manifest"}


@pytest.fixture(scope="module")
def matrix() -> Matrix:
    return shop().matrix()


@pytest.fixture(scope="module")
def page(matrix: Matrix) -> str:
    return html_page([("now", matrix)], CONTEXT)


def digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def policy_of(page: str) -> dict[str, str]:
    (content,) = (
        attributes["content"] or ""
        for tag, attributes in elements(page).tags
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    )
    return {words.partition(" ")[0]: words.partition(" ")[2] for words in content.split("; ")}


def test_the_policy_allows_the_one_script_and_the_one_style_of_the_page(page: str) -> None:
    found, policy = elements(page), policy_of(page)
    (script,), (style,) = found.texts["script module"], found.texts["style"]
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == digest(script)
    assert policy["style-src"] == digest(style)
    assert not re.search(r"unsafe|https?:|\*", " ".join(policy.values()))


def test_the_policy_stands_before_all_that_it_governs(page: str) -> None:
    tags = [tag for tag, _ in elements(page).tags]
    assert tags.index("meta") < min(tags.index("style"), tags.index("script"), tags.index("link"))
    assert page.index("Content-Security-Policy") < page.index("<style")


def test_nothing_is_loaded_and_no_attribute_is_code(page: str) -> None:
    for tag, attributes in elements(page).tags:
        assert tag not in ("iframe", "object", "embed", "base", "img", "audio", "video")
        assert not LOADING & set(attributes), tag
        assert not any(name.startswith("on") or name == "style" for name in attributes), tag
        assert str(attributes.get("href") or "#").startswith(("#", "data:,"))
    assert not re.search(r"https?://", page)


def test_equal_input_makes_equal_pages(page: str, matrix: Matrix) -> None:
    assert html_page([("now", matrix)], CONTEXT) == page


def test_scripts_make_no_markup_of_text_and_ask_nobody() -> None:
    text = "".join((FOLDER / "scripts" / name).read_text("utf-8") for name in SCRIPTS)
    for word in ("innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "new Function", "fetch(",
                 "XMLHttpRequest", "WebSocket", "import(", "localStorage", "setTimeout(\"", "srcdoc"):  # fmt: skip
        assert word not in text, word


def test_every_script_is_in_the_page() -> None:
    assert sorted(SCRIPTS) == sorted(path.name for path in (FOLDER / "scripts").iterdir())


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
@pytest.mark.parametrize("name", SCRIPTS)
def test_every_script_is_sound_by_itself(name: str, tmp_path: Path) -> None:
    copy = tmp_path / name.replace(".js", ".mjs")
    copy.write_text((FOLDER / "scripts" / name).read_text("utf-8"), encoding="utf-8")
    done = subprocess.run(["node", "--check", str(copy)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_are_small_and_typed_like_the_rest(name: str) -> None:
    lines = (FOLDER / "scripts" / name).read_text("utf-8").splitlines()
    assert len(lines) <= 640
    assert not any(line != line.rstrip() or "\t" in line for line in lines)
    assert lines[0].startswith("// ")


def test_fields_of_the_page_have_names(page: str) -> None:
    """What the scripts ask for by id is there, once."""
    ids = [attributes["id"] for _, attributes in elements(page).tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    text = "".join((FOLDER / "scripts" / name).read_text("utf-8") for name in SCRIPTS)
    asked = set(re.findall(r'(?:byId|click)\("([a-z-]+)"', text))
    assert asked <= set(ids), asked - set(ids)
