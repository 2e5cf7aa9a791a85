"""The pages in a real browser, in four themes and from 260 px to 4K: nothing is cut off, and all of it can be read."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from editors.themes import THEMES, style_of
from editors.vscode import CLIENT

pytestmark = pytest.mark.editor

WIDTHS = {"260 px": (260, 1.0), "900 px": (900, 1.0), "900 px at 200 %": (450, 2.0), "4K": (3840, 1.0)}
"""The width of the view in CSS pixels, and how many pixels of the screen one has."""

CUT_OFF = """() => {
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  const found = wide > 0 ? [`the page is ${wide} px too wide`] : [];
  for (const svg of document.querySelectorAll("svg.days")) {
    const box = svg.getBoundingClientRect();
    for (const text of svg.querySelectorAll("text")) {
      const of = text.getBoundingClientRect();
      const out = Math.max(box.left - of.left, of.right - box.right, box.top - of.top, of.bottom - box.bottom);
      if (out > 0.5) found.push(`${text.textContent}: ${out} px outside of its chart`);
    }
  }
  for (const one of document.querySelectorAll("th, td, dd, dt, button, p, select, h1")) {
    if (one.closest(".hidden")) continue;
    if (one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 0 && getComputedStyle(one).display !== "inline")
      found.push(`${one.tagName} ${one.textContent.trim().slice(0, 30)}: ${one.scrollWidth} in ${one.clientWidth} px`);
  }
  return found;
}"""


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    """The documents by name."""
    if shutil.which("node") is None or not (CLIENT / "node_modules").exists():
        pytest.skip("needs node and the packages of vscode-client (npm ci)")
    subprocess.run(["node", "scripts/build.mjs", "--looks"], cwd=CLIENT, check=True)
    told = subprocess.run(["node", "dist/looks.js"], cwd=CLIENT, check=True, capture_output=True)
    return json.loads(told.stdout)


def served(page: Any, document: str, theme: str) -> None:
    """Answer what the page asks for: its own files and the colours of a theme."""
    answers = {
        "page.js": ("text/javascript", (CLIENT / "dist/page.js").read_text("utf-8")),
        "summary.css": ("text/css", (CLIENT / "media/summary.css").read_text("utf-8")),
        "theme.css": ("text/css", style_of(theme)),
        "": ("text/html", document.replace("<body ", f'<body class="{theme}" ')),
    }

    def answer(route: Any) -> None:
        kind, body = answers[route.request.url.rsplit("/", 1)[1]]
        route.fulfill(content_type=f"{kind}; charset=utf-8", body=body)

    page.route("http://looks.test/**", answer)


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_cut_off_in_any_theme_and_state(
    chromium: Any, pages: dict[str, str], width: str, tmp_path: Path
) -> None:
    pixels, zoom = WIDTHS[width]
    wrong: dict[tuple[str, str], list[str]] = {}
    for theme in THEMES:
        for name, document in pages.items():
            if theme != "vscode-dark" and name not in ("full", "all branches"):
                continue  # a state looks the same in another theme, but for colours
            page = chromium.new_page(viewport={"width": pixels, "height": 900}, device_scale_factor=zoom)
            refused: list[str] = []
            page.on("console", lambda said, into=refused: into.append(said.text))
            page.on("pageerror", lambda error, into=refused: into.append(str(error)))
            served(page, document, theme)
            page.goto("http://looks.test/")
            page.locator("main section:visible, #problem:visible").first.wait_for()
            found = [*page.evaluate(CUT_OFF), *refused]
            if found:
                wrong[theme, name] = found
            page.screenshot(path=str(tmp_path / f"{name} {theme} {width}.png"), full_page=True)
            page.close()
    assert wrong == {}, "\n".join(f"{key}: {said}" for key, said in wrong.items())
