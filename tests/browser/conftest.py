"""A window for each module, and a page of it for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.driver import Browser, browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("browser")


@pytest.fixture(scope="module")
def window(folder: Path) -> Iterator[Browser]:
    with browser(folder) as found:
        yield found


@pytest.fixture
def page(window: Browser) -> Iterator[Browser]:
    """The window, which must have nothing to complain of afterwards, and have asked nobody for anything."""
    window.call("POST", "/url", {"url": "about:blank"})
    window.prefer("light")
    window.resize(1280, 800)
    window.complaints()
    window.requests()
    yield window
    assert window.complaints() == []
    assert window.requests() == []
