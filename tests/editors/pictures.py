"""Takes the pictures of the README: a real VS Code with our packaged extension, on a branch of a week's work.

make pictures
"""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from editors.conftest import CHROMIUM, QUIET
from editors.vscode import ROOT, Installed, Window
from support.claude_lines import append, assistant, counts
from support.hooked import Hooked

PICTURES = ROOT / "docs/pictures"
MEDIA = ROOT / "vscode-client/media"
"""What the extension shows of itself where it is listed: it carries these, for there they cannot be linked to."""
PACKED = ("figure-dark.png", "summary-dark.png")
THEMES = {
    "light": "Light Modern",
    "dark": "Dark Modern",
    "contrast": "Default High Contrast",
    "contrast-light": "Default High Contrast Light",
}
SIZE = {"width": 1180, "height": 800}
LOW = 560
FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include>/etc/fonts/fonts.conf</include>
  <match><test name="family"><string>system-ui</string></test>
    <edit name="family" mode="assign" binding="strong"><string>Liberation Sans</string></edit></match>
  <match><test name="family"><string>sans-serif</string></test>
    <edit name="family" mode="prepend" binding="strong"><string>Liberation Sans</string></edit></match>
  <match><test name="family"><string>monospace</string></test>
    <edit name="family" mode="prepend" binding="strong"><string>Liberation Mono</string></edit></match>
</fontconfig>
"""
STORY = (
    # days ago, model, thousands of tokens from the cache, of output; the commit that follows
    (6, "claude-sonnet-4-5", 900, 14, "Sketch the login page"),
    (5, "claude-opus-4-5", 1400, 22, "Check passwords in constant time"),
    (5, "claude-haiku-4-5", 500, 6, None),
    (3, "claude-opus-4-5", 2100, 31, "Lock accounts after ten attempts"),
    (2, "claude-sonnet-4-5", 1700, 25, "Remember devices for a month"),
    (0, "claude-opus-4-5", 800, 12, None),
    (0, "claude-sonnet-4-5", 600, 9, None),
)


def main() -> None:
    """All pictures; with the name of a folder, all themes of each into that, to be looked at."""
    folder = Path(sys.argv[1]) if sys.argv[1:] else PICTURES
    folder.mkdir(parents=True, exist_ok=True)
    for theme in THEMES if sys.argv[1:] else ("light", "dark"):
        with tempfile.TemporaryDirectory() as scratch, _window(Path(scratch), theme) as shown:
            if theme != "light" or sys.argv[1:]:
                _figure(shown, folder / f"figure-{theme}.png")
                _commit(shown, folder / f"commit-{theme}.png")
            _summary(shown, folder / f"summary-{theme}.png")
    for name in () if sys.argv[1:] else PACKED:
        shutil.copyfile(PICTURES / name, MEDIA / name)


def _figure(shown: Window, path: Path) -> None:
    shown.tooltip()
    hover = shown.page.locator(".monaco-hover:visible").bounding_box()
    bottom, left = SIZE["height"], max(0, hover["x"] - 150)
    shown.shot(path, x=left, y=hover["y"] - 14, width=hover["width"] + 300, height=bottom - hover["y"] + 14)
    shown.page.mouse.move(600, 300)
    hover = shown.page.locator(".monaco-hover:visible")
    hover.wait_for(state="hidden")


def _commit(shown: Window, path: Path) -> None:
    shown.page.set_viewport_size({**SIZE, "height": LOW})
    shown.source_control()
    shown.next_line("USD list")
    shown.page.locator(".scm-editor .view-lines").click()
    shown.page.keyboard.type("Ask for a second factor")
    shown.page.locator(".scm-editor .view-lines", has_text="factor").wait_for()
    bar = shown.page.locator(".part.sidebar").bounding_box()
    shown.shot(path, x=0, y=bar["y"], width=bar["x"] + bar["width"], height=LOW - bar["y"])
    shown.page.set_viewport_size(SIZE)


def _summary(shown: Window, path: Path) -> None:
    shown.click_item()
    shown.pick("Branch Summary")
    shown.webview("Where it is")
    shown.page.keyboard.press("Control+B")
    shown.page.locator(".part.sidebar").wait_for(state="hidden")
    area = shown.page.locator(".part.editor").bounding_box()
    shown.shot(path, **area)


@contextmanager
def _window(scratch: Path, theme: str) -> Iterator[Window]:
    sync_playwright = import_module("playwright.sync_api").sync_playwright
    repo = _week(scratch)
    (scratch / "fonts.conf").write_text(FONTS)
    settings: dict[str, Any] = {
        "workbench_colorTheme": THEMES[theme],
        "workbench_startupEditor": "none",
        "workbench_secondarySideBar_defaultVisibility": "hidden",
        "remote_autoForwardPorts": False,
        "chat_disableAIFeatures": True,
        "window_commandCenter": False,
    }
    editor = Installed(repo.home).with_tokcost()
    editor.settings(**settings)
    with editor.serve(), sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=CHROMIUM, args=QUIET, env={**os.environ, "FONTCONFIG_FILE": str(scratch / "fonts.conf")}
        )
        page = browser.new_context(viewport=SIZE, device_scale_factor=1.5).new_page()
        shown = Window(page).open(editor, repo.path)
        shown.figure()
        shown.press("Not Again Today", "near the branch budget")  # said once, in front of everything
        shown.page.locator(".notification-toast").wait_for(state="hidden")
        shown.run("View: Close All Editors")  # the walkthrough of a first start
        yield shown
        browser.close()


def _week(scratch: Path) -> Hooked:
    """A branch of six days with four commits, and something pending."""
    repo = Hooked(scratch / "shop", precision="coarse")
    repo.ledger_home = repo.home / ".local/share/tokcost"
    repo.agree("coarse")  # in the ledger's own place
    repo.git("config", "user.name", "A U Thor")
    repo.git("config", "user.email", "author@example.com")
    repo.git("config", "tokcost.budgetBranch", "10")
    repo.now = int(time.time()) - 6 * 86_400 - 7200
    repo.change("README.md")
    repo.git("commit", "-q", "-m", "Begin the shop")
    repo.switch("-c", "feat/login")
    for number, (ago, model, cached, output, commit) in enumerate(STORY):
        repo.now = int(time.time()) - ago * 86_400 - 300 + number
        usage = counts(input=300, cache_read=cached * 1000, write_5m=40_000, write_1h=0, output=output * 1000)
        line = assistant(f"msg_{number}", f"req_{number}", repo.now * 1000, usage=usage, model=model)
        log = repo.home / f".claude/projects/shop/session-{ago}.jsonl"
        log.parent.mkdir(parents=True, exist_ok=True)
        append(log, line | {"cwd": str(repo.path), "gitBranch": "", "sessionId": f"session-{ago}"})
        if commit:
            repo.change("login.py")
            repo.hooked("-m", commit)
    repo.change("second_factor.py")
    return repo


if __name__ == "__main__":
    main()
