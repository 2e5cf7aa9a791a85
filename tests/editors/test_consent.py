"""What one agreed to in one repository, and the line in a commit message, in a real VS Code."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from editors.vscode import Installed, Live, Window, waited

pytestmark = pytest.mark.editor


def neighbour(live: Live, folder: Path) -> Live:
    """Another repository of the same person."""
    other = Live(folder)
    other.home, other.ledger_home = live.home, live.ledger_home
    other.change("root")
    other.git("commit", "-q", "-m", "root")
    return other


def menu(shown: Window) -> str:
    """The rows of the menu behind the status bar."""
    shown.click_item()
    rows = "\n".join(shown.rows())
    shown.page.keyboard.press("Escape")
    return rows


def lines_are_on(shown: Window) -> bool:
    """Whether the window says that commits carry a line."""
    return re.search(r"^Cost lines\s+on", shown.tooltip(), re.MULTILINE) is not None


def row(shown: Window) -> Any:
    """The line of the next commit, where there is one."""
    return shown.page.locator(".pane .monaco-list-row", has_text="USD list")


def test_two_windows_show_and_do_what_was_agreed_to_in_their_own_repository(
    live: Live, window: Callable[[], Window], tmp_path: Path
) -> None:
    other = neighbour(live, tmp_path / "other")
    live.enable(precision="exact")
    live.spend()
    other.spend(number=501)
    other.spend(number=502)
    with Installed(live.home).with_tokcost().serve() as editor:
        one, two = window().open(editor, live.path), window().open(editor, other.path)
        one.figure("$0.02")
        two.figure("$0.05")
        assert (lines_are_on(one), lines_are_on(two)) == (True, False)
        assert "Stop Cost Lines" in menu(one)
        assert "Stop Cost Lines" not in menu(two)
        assert "Put Cost Lines into Commits" in menu(two)
        for shown, repo in ((one, live), (two, other)):
            repo.change()
            shown.source_control()
            shown.commit("Made there")
            waited(lambda repo=repo: repo.message().startswith("Made there"))
        assert ([line.tokens for line in live.lines()], other.lines()) == ([12_204], [])
        live.spend()
        other.spend(number=503)
        one.next_line("USD list")
        assert row(two).count() == 0
        other.enable(precision="exact")  # in a terminal
        two.next_line("USD list")
        live.disable()
        row(one).first.wait_for(state="detached")
        assert (lines_are_on(one), lines_are_on(two)) == (False, True)


def test_ctrl_dot_on_a_damaged_line_in_the_commit_message_puts_it_back(
    live: Live, window: Callable[[], Window]
) -> None:
    live.enable(precision="exact")
    live.spend()
    live.change()
    with Installed(live.home).with_tokcost().serve() as editor:
        shown = window().open(editor, live.path)
        shown.figure("$0.02")
        shown.source_control()
        view = shown.page.locator(".scm-view")
        view.locator(".monaco-list-row", has_text="Staged Changes").wait_for()
        view.locator(".monaco-button:not(.disabled)", has_text="Commit").first.click()  # without a message
        text = shown.page.locator(".editor-instance .view-lines")
        line = text.locator(".view-line", has_text="AI-Cost")
        line.wait_for()
        whole = line.inner_text()
        line.click()
        shown.page.keyboard.press("End")
        for _ in range(3):
            shown.page.keyboard.press("Backspace")
        shown.page.locator(".editor-instance .squiggly-warning").first.wait_for()
        shown.page.keyboard.press("Control+.")
        fix = shown.page.locator(".action-widget .monaco-list-row", has_text="Put the damaged AI-Cost line back")
        fix.wait_for()
        fix.click()
        waited(lambda: line.inner_text() == whole)
        shown.page.locator(".editor-instance .squiggly-warning").first.wait_for(state="detached")
        shown.page.keyboard.press("Control+Home")
        shown.page.keyboard.type("Mended")
        shown.page.keyboard.press("Control+s")
        shown.run("View: Close Editor")
        waited(lambda: live.message().startswith("Mended"))
        assert [one.tokens for one in live.lines()] == [12_204]
    assert live.replies() == {"total": 1, "carried": 1}
