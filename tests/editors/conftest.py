"""One browser for all tests; windows and editors as they ask for them."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from editors.vscode import CODE_SERVER, PATIENCE, VSIX, Live, Window

CHROMIUM = shutil.which("chromium")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"]
QUIET += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="needs what `make editors` installs")
    if not (CHROMIUM and CODE_SERVER.exists() and VSIX.exists()):
        pytest.skip("needs what `make editors` installs, and Chromium: apt install chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def window(browser: Any) -> Iterator[Callable[[], Window]]:
    """Opens windows, each of a browser of its own."""
    contexts: list[Any] = []

    def opened(**wishes: Any) -> Window:
        context = browser.new_context(viewport={"width": 1200, "height": 760}, **wishes)
        context.set_default_timeout(PATIENCE * 1000)
        contexts.append(context)
        return Window(context.new_page())

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def live(tmp_path: Path) -> Live:
    """A repository with a first commit, nothing agreed to."""
    live = Live(tmp_path)
    live.change("root")
    live.git("commit", "-q", "-m", "root")
    return live
