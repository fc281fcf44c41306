"""A few words of the WebDriver protocol: enough to open a page from a file, press keys, and read what it shows."""

from __future__ import annotations

import base64
import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""The key under which the protocol (W3C WebDriver, section 12) names an element."""
KEYS = {
    "Enter": "\ue007", "Escape": "\ue00c", "Space": " ", "ArrowUp": "\ue013", "ArrowDown": "\ue015",
    "ArrowLeft": "\ue012", "ArrowRight": "\ue014", "Home": "\ue011", "End": "\ue010", "Tab": "\ue004",
    "Control": "\ue009", "PageDown": "\ue00f",
}  # fmt: skip
START_SECONDS = 30.0


def programs() -> tuple[str, str] | None:
    """The browser and its driver; None where one of the two is not installed."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    return (browser, driver) if browser and driver else None


class Browser:
    """One window."""

    def __init__(self, address: str, session: str) -> None:
        self._address, self._session = address, session

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """One command of the protocol. Raises AssertionError with the driver's words where it fails."""
        return _call(f"{self._address}/session/{self._session}{path}", method, body)

    def open(self, page: Path, hash_: str = "") -> None:
        """Opens a page from its file, and waits until it is ready."""
        self.call("POST", "/url", {"url": "about:blank"})
        self.call("POST", "/url", {"url": page.as_uri() + (f"#{hash_}" if hash_ else "")})
        self.wait("return document.documentElement.dataset.ready")

    def run(self, script: str, *values: Any) -> Any:
        """What a script returns, run through the driver and not by the page."""
        return self.call("POST", "/execute/sync", {"script": script, "args": list(values)})

    def wait(self, script: str, seconds: float = 20.0) -> Any:
        """Runs a script until it returns something true."""
        end = time.monotonic() + seconds
        while True:
            found = self.run(script)
            if found:
                return found
            assert time.monotonic() < end, f"in vain: {script}"
            time.sleep(0.03)

    def element(self, selector: str) -> str:
        """The first element of a CSS selector."""
        found: str = self.call("POST", "/element", {"using": "css selector", "value": selector})[ELEMENT]
        return found

    def click(self, selector: str) -> None:
        """As a person does: what is hidden or covered cannot be clicked."""
        self.call("POST", f"/element/{self.element(selector)}/click", {})

    def type(self, selector: str, text: str) -> None:
        """Types into a field that is emptied first."""
        self.call("POST", f"/element/{self.element(selector)}/clear", {})
        self.call("POST", f"/element/{self.element(selector)}/value", {"text": text})

    def press(self, *names: str) -> None:
        """Keys one after the other, to whatever has the focus; ``Control+Home`` is held together."""
        for name in names:
            held = [KEYS.get(word, word) for word in name.split("+")] if name != "+" else ["+"]
            actions = [{"type": "keyDown", "value": key} for key in held]
            actions += [{"type": "keyUp", "value": key} for key in reversed(held)]
            self.call("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def click_at(self, x: float, y: float) -> None:
        """Clicks a point of the window."""
        move = {"type": "pointerMove", "x": round(x), "y": round(y), "origin": "viewport"}
        actions = [move, {"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}]
        self.call(
            "POST",
            "/actions",
            {
                "actions": [
                    {"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": actions}
                ]
            },
        )

    def text(self, selector: str) -> str:
        """The text of an element as it is shown."""
        found: str = self.call("GET", f"/element/{self.element(selector)}/text")
        return found

    def active(self) -> str:
        """The id of the element that has the focus."""
        found: str = self.run("return document.activeElement.id")
        return found

    def resize(self, width: int, height: int) -> None:
        """The size of the window."""
        self.call("POST", "/window/rect", {"width": width, "height": height})

    def prefer(self, theme: str) -> None:
        """What the system prefers: ``light`` or ``dark``."""
        media = [{"name": "prefers-color-scheme", "value": theme}]
        self.call("POST", "/goog/cdp/execute", {"cmd": "Emulation.setEmulatedMedia", "params": {"features": media}})

    def screenshot(self, path: Path) -> None:
        """What the window shows."""
        path.write_bytes(base64.b64decode(self.call("GET", "/screenshot")))

    def complaints(self) -> list[str]:
        """What the page wrote to its console since the last call: errors, warnings, and what the policy stopped."""
        return [entry["message"] for entry in self.call("POST", "/se/log", {"type": "browser"})]

    def requests(self) -> list[str]:
        """Addresses that were asked for since the last call, but for files, data and what has no address."""
        found = []
        for entry in self.call("POST", "/se/log", {"type": "performance"}):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                found.append(message["params"]["request"]["url"])
        return [url for url in found if not url.startswith(("file:", "data:", "about:", "blob:"))]


def _call(url: str, method: str, body: Mapping[str, Any] | None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=120) as reply:
            return json.load(reply)["value"]
    except urllib.error.HTTPError as error:
        with error:
            raise AssertionError(json.load(error)["value"]["message"]) from None


@contextmanager
def browser(folder: Path, width: int = 1280, height: int = 800) -> Iterator[Browser]:
    """A browser of its own, with nothing that it does by itself. ``folder`` is its scratch."""
    found = programs()
    assert found is not None
    program, driver = found
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    with (folder / "driver.log").open("wb") as log:
        process = subprocess.Popen([driver, f"--port={port}"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        _wait_for(address)
        arguments = [
            "--headless=new", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
            "--no-first-run", "--disable-default-apps", "--disable-sync", "--disable-dev-shm-usage",
            f"--user-data-dir={folder / 'profile'}", f"--window-size={width},{height}", "--force-device-scale-factor=1",
        ]  # fmt: skip
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            # Chromium refuses to sandbox the superuser; the page is ours.
            arguments.append("--no-sandbox")
        options = {"binary": program, "args": arguments, "perfLoggingPrefs": {"enableNetwork": True}}
        wanted = {
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        }
        session = _call(f"{address}/session", "POST", {"capabilities": {"alwaysMatch": wanted}})["sessionId"]
        try:
            yield Browser(address, session)
        finally:
            _call(f"{address}/session/{session}", "DELETE", None)
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_for(address: str) -> None:
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            if _call(f"{address}/status", "GET", None)["ready"]:
                return
        except OSError:
            assert time.monotonic() < end, "the driver does not answer"
        time.sleep(0.05)
