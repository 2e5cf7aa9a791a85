"""A real VS Code with our packaged extension: how soon its status bar follows the assistant's log, and what the
extension takes to start.

    make editors                               # once: installs VS Code below .venv
    .venv/bin/python benchmarks/vscode.py

A line is timed from its write to the moment when the text in the window has changed, as the page itself sees it. What
activating takes is what VS Code says under *Developer: Show Running Extensions*, in several fresh windows.
"""

import argparse
import random
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "lsp_server"), str(HERE.parent / "hooks"), str(HERE.parent / "tests")]

from playwright.sync_api import Browser, sync_playwright  # noqa: E402

from editors.conftest import CHROMIUM, QUIET  # noqa: E402
from editors.vscode import VSIX, Installed, Live, Window  # noqa: E402

WATCH = """() => {
  const item = document.querySelector('.statusbar-item[id^="tokcost.tokcost"]');
  window.changes = [];
  new MutationObserver(() => window.changes.push([Date.now(), item.innerText]))
    .observe(item, { subtree: true, childList: true, characterData: true });
}"""


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--appends", type=int, default=60)
    parser.add_argument("--windows", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as driver:
        live = Live(Path(scratch))
        live.change("root")
        live.git("commit", "-q", "-m", "root")
        live.spend()
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        with Installed(live.home).with_tokcost().serve() as editor:
            activations = [_activation(_window(browser, editor, live)) for _ in range(arguments.windows)]
            shown = _window(browser, editor, live)
            shown.page.evaluate(WATCH)
            appends = sorted(_appended(shown, live) for _ in range(arguments.appends))
        browser.close()
    at95 = appends[int(len(appends) * 0.95)]
    print(f"{arguments.appends} lines, {arguments.windows} windows\n")
    print("| what | figure |")
    print("|---|---|")
    print(f"| log line to status bar | p50 {statistics.median(appends):.0f} ms, p95 {at95:.0f} ms |")
    print(f"| activation | median {statistics.median(activations):.0f} ms, worst {max(activations)} ms |")
    print(f"| size of the .vsix | {VSIX.stat().st_size / 1000:.0f} kB |")


def _window(browser: Browser, editor: Installed, live: Live) -> Window:
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    context.set_default_timeout(60_000)
    shown = Window(context.new_page()).open(editor, live.path)
    shown.figure()
    return shown


def _activation(shown: Window) -> int:
    shown.run("Developer: Show Running Extensions")
    row = shown.page.locator(".runtime-extensions-editor .monaco-list-row", has_text="tokcost").first
    row.wait_for()
    found = re.search(r"Activation: (\d+)ms", row.inner_text())
    assert found, row.inner_text()
    shown.page.context.close()
    return int(found[1])


def _appended(shown: Window, live: Live) -> float:
    time.sleep(random.uniform(0.3, 0.7))  # the assistant has a rhythm of its own
    known = shown.page.evaluate("window.changes.length")
    began = time.time() * 1000
    live.spend(output=2000)
    shown.page.wait_for_function(f"window.changes.length > {known}")
    return shown.page.evaluate(f"window.changes[{known}][0]") - began


if __name__ == "__main__":
    main()
