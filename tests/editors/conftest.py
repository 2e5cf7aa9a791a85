"""One browser for all tests; windows and editors as they ask for them."""

import os
import shutil
from collections.abc import Callable, Generator, Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from editors.vscode import CODE_SERVER, PATIENCE, VSIX, Live, Window

CHROMIUM = shutil.which("chromium")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"]
QUIET += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
# A page that a test has changed counts as one from elsewhere, which must not ask anything of this machine.
QUIET += ["--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets"]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A browser without an editor. There can be one only in a process."""
    if not (CHROMIUM and find_spec("playwright")):
        _lacks()
    with import_module("playwright.sync_api").sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield found
        found.close()


@pytest.fixture(scope="session")
def browser(chromium: Any) -> Any:
    """The same, where there is an editor to open in it."""
    if not (CODE_SERVER.exists() and VSIX.exists()):
        _lacks()
    return chromium


def _lacks() -> None:
    missing = "needs what `make editors` installs, and Chromium: apt install chromium"
    pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)


FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember that a test failed, for the picture that its windows leave."""
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


@pytest.fixture
def window(browser: Any, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Window]]:
    """Opens windows, each of a browser of its own. Those of a test that fails leave a picture in its scratch folder."""
    contexts: list[Any] = []

    def opened(**wishes: Any) -> Window:
        context = browser.new_context(viewport={"width": 1200, "height": 760}, **wishes)
        context.set_default_timeout(PATIENCE * 1000)
        contexts.append(context)
        return Window(context.new_page())

    yield opened
    for number, context in enumerate(contexts):
        if request.node.stash.get(FAILED, False) and context.pages:
            context.pages[0].screenshot(path=str(tmp_path / f"window-{number}.png"))
        context.close()


@pytest.fixture
def live(tmp_path: Path) -> Live:
    """A repository with a first commit, nothing agreed to."""
    live = Live(tmp_path)
    live.change("root")
    live.git("commit", "-q", "-m", "root")
    return live
