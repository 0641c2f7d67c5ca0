"""Debian's Chromium with axe-core, for the tests that look at pages as browsers show them."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders

from .pages import FOLDER

CHROMIUM = shutil.which("chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
SITE = "http://testserver"
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
AXE = Path(__file__).parent / "vendor/axe-core/axe.min.js"
# Every rule that axe-core has, and the one of WCAG 2.2 AA that it leaves off by default.
RUN_AXE = "axe.run({rules: {'target-size': {enabled: true}}, resultTypes: ['violations']})"
SCHEMES = ("light", "dark")
WIDTHS = (360, 1280)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Where Chromium or playwright is absent a skip, in CI a failure."""
    if not (CHROMIUM and find_spec("playwright")):
        absent = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        absent("There is no chromium, or no playwright (dependency group: browser).")
    sync_api = import_module("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        running.close()


def documented_policy() -> str:
    """The Content-Security-Policy that the frame of the pages promises to work under."""
    frame = (FOLDER / "base.html").read_text()
    found = re.search(r'Policy of\s+"(default-src.*?)"', frame, re.DOTALL)
    assert found
    return " ".join(found[1].split())


def show(page: Any, html: str) -> list[str]:
    """Open ``html`` under the documented policy; the list gets what Chromium complains of."""
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.route("**/*", lambda route: _answer(route, html))
    page.goto(f"{SITE}/page")
    return complaints


def _answer(route: Any, html: str) -> None:
    path = route.request.url.removeprefix(SITE).partition("?")[0]
    if path.startswith("/static/"):
        file = Path(str(finders.find(path.removeprefix("/static/"))))
        route.fulfill(path=file, content_type=TYPES[file.suffix])
    elif route.request.resource_type == "fetch":
        route.fulfill(json={"status": ""})  # the poll: nothing new
    else:
        policy = {"Content-Security-Policy": documented_policy()}
        route.fulfill(body=html, content_type="text/html; charset=utf-8", headers=policy)


def violations(page: Any) -> list[str]:
    """What axe-core finds in the page as it stands: rule, element, and why."""
    page.evaluate(AXE.read_text())
    return [
        f"{rule['id']}: {node['target']}: {node['failureSummary']}"
        for rule in page.evaluate(RUN_AXE)["violations"]
        for node in rule["nodes"]
    ]


def violations_everywhere(page: Any) -> list[str]:
    """The same, light and dark, narrow and wide."""
    found = []
    for scheme in SCHEMES:
        for width in WIDTHS:
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": width, "height": 720})
            found += [f"{scheme}, {width} px: {each}" for each in violations(page)]
    return found
