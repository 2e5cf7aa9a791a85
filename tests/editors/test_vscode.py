"""What a person sees and does in a real VS Code with our packaged extension."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from editors.colours import contrasts
from editors.vscode import Installed, Live, Window, waited

pytestmark = pytest.mark.editor


def config(live: Live) -> str:
    """What the clone's git knows of us."""
    return live.git("config", "--local", "--get-regexp", "^tokcost", ok=False)


def unticked(shown: Window, live: Live) -> bool:
    """Click the box of the next commit's line, and see whether that took it out. A click that meets the row just as it
    is drawn anew is lost: a person clicks again."""
    shown.next_line("0.02").locator(".monaco-custom-toggle, [role=checkbox]").first.click()
    for _ in range(100):
        if (live.common_dir / "TOKCOST_OMIT").exists():
            return True
        shown.page.wait_for_timeout(100)
    return False


def hooks(live: Live) -> list[str]:
    """The clone's hooks."""
    return sorted(path.name for path in (live.common_dir / "hooks").iterdir() if path.suffix != ".sample")


def test_the_figure_follows_the_log_and_the_branch(live: Live, window: Callable[[], Window]) -> None:
    live.git("branch", "feat/x")
    live.spend()
    with Installed(live.home).with_tokcost().serve() as editor:
        shown = window().open(editor, live.path)
        shown.figure("$0.02")
        live.spend()
        shown.figure("$0.05")
        told = shown.tooltip()
        for label, value in {"Branch": "main", "List cost": "$0.05", "Pending": "$0.05", "Tokens": "24.4k"}.items():
            assert re.search(rf"^{label}\s+{re.escape(value)}", told, re.MULTILINE), told
        assert "sonnet-4-5" in told
        assert "main" in (shown.item.locator("a").get_attribute("aria-label") or "")
        live.next_second()
        live.switch("feat/x")
        shown.figure("$0.00")
        live.next_second()
        live.spend()
        shown.figure("$0.02")
        live.next_second()
        live.switch("main")
        shown.figure("$0.05")
    assert live.replies() == {"total": 3, "pending": 3}


def test_an_answer_that_streams_across_a_switch_counts_once_where_it_began(
    live: Live, window: Callable[[], Window]
) -> None:
    live.git("branch", "feat/x")
    with Installed(live.home).with_tokcost().serve() as editor:
        shown = window().open(editor, live.path)
        shown.figure("no logs")
        at = live.now * 1000
        live.spend(output=1, number=1, timestamp=_iso(at))
        shown.figure("$0.0091")
        live.next_second()
        live.switch("feat/x")
        shown.figure("$0.00")
        live.spend(number=1, timestamp=_iso(at))
        live.next_second()
        live.spend(number=2)
        shown.figure("$0.02")
        live.next_second()
        live.switch("main")
        shown.figure("$0.02")
    assert live.replies() == {"total": 2, "pending": 2}


def test_nothing_is_written_before_it_was_agreed_to_and_then_commits_carry_the_line(
    live: Live, window: Callable[[], Window]
) -> None:
    live.spend()
    with Installed(live.home).with_tokcost().serve() as editor:
        shown = window().open(editor, live.path)
        shown.figure("$0.02")
        before = hooks(live)
        shown.click_item()
        shown.pick("Preview Next Line")
        assert "AI-Cost: ~0.02 USD list; ~10k tokens; claude-sonnet-4-5;" in shown.said("would carry").inner_text()
        shown.press("Cancel")
        shown.click_item()
        shown.pick("Put Cost Lines into Commits")
        shown.pick("Rounded, with models")
        asked = shown.said("Put a cost line into the commits of this clone?").inner_text()
        assert "AI-Cost: ~0.02 USD list" in asked
        assert "anyone with this repository can add up" in asked.lower()
        shown.press("Cancel")
        assert (config(live), hooks(live), live.published()) == ("", before, {})

        shown.click_item()
        shown.pick("Put Cost Lines into Commits")
        shown.pick("Exact, with models")
        shown.press("Put Cost Lines into Commits")
        waited(lambda: "tokcost.enabled true" in config(live))
        waited(lambda: "prepare-commit-msg" in hooks(live))
        shown.page.locator(".pane-header[aria-expanded=true]", has_text="AI-Cost Line").wait_for()

        live.change()
        shown.source_control()
        shown.next_line("0.02")
        shown.commit("With the line")
        waited(lambda: live.message().startswith("With the line"))
        assert [line.tokens for line in live.lines()] == [12_204]

        live.spend()
        shown.figure("$0.05")
        live.change()
        waited(lambda: unticked(shown, live))
        assert "left out" in shown.next_line("left out").inner_text()
        shown.commit("Without it")
        waited(lambda: live.message().startswith("Without it"))
        assert live.lines() == []

        live.spend()
        live.change()
        shown.figure("$0.07")
        shown.next_line("0.02")
        shown.commit("With one again")
        waited(lambda: live.message().startswith("With one again"))
        assert [line.tokens for line in live.lines()] == [12_204]
    assert live.replies() == {"total": 3, "carried": 2, "withheld": 1}


def test_the_summary_says_what_tokcost_log_says(live: Live, window: Callable[[], Window]) -> None:
    live.enable()
    live.work("One")
    live.spend()
    with Installed(live.home).with_tokcost().serve() as editor:
        shown = window().open(editor, live.path)
        shown.figure("$0.05")
        shown.click_item()
        assert any("Branch Summary" in row for row in shown.rows())
        shown.pick("Branch Summary")
        page = shown.webview("Where it is")
        text = page.locator("body").inner_text()
        for said in (
            "$0.05 list",
            "Pending",
            "24,408 tokens",
            "The sum closes to the last token.",
            "sonnet-4-5",
            "One",
        ):
            assert said in text, text
        assert page.locator("select#branch").input_value() == "main"
        live.spend()
        waited(lambda: "$0.07 list" in page.locator("body").inner_text())
        assert shown.refused == []


THEMES = {  # as the list has them; how the editor's page says that it is shown, and a webview's; whether it is light
    "Light Modern": ("vs", "vscode-light", True),
    "Dark Modern": ("vs-dark", "vscode-dark", False),
    "Dark High Contrast": ("hc-black", "vscode-high-contrast", False),
    "Light High Contrast": ("hc-light", "vscode-high-contrast-light", True),
}


def test_all_that_is_shown_follows_the_theme_and_can_be_read_in_each(
    live: Live, window: Callable[[], Window], tmp_path: Path
) -> None:
    live.enable()
    live.git("config", "tokcost.budgetBranch", "0.06")
    live.work("One")
    live.spend()
    with Installed(live.home).with_tokcost().serve() as editor:
        shown = window().open(editor, live.path)
        shown.figure("$0.05")
        shown.click_item()
        shown.pick("Branch Summary")
        page = shown.webview("Where it is")
        for theme, (editors, webviews, is_light) in THEMES.items():
            shown.run("Preferences: Color Theme")
            shown.page.locator(".quick-input-widget input[placeholder*='Color Theme']").fill(theme)
            shown.pick(re.compile(f"^{theme}"))
            shown.page.locator(f".monaco-workbench.{editors}").wait_for()
            page.locator(f"body[data-vscode-theme-kind={webviews}]").wait_for()
            assert "near the limit" in shown.tooltip()
            shown.page.screenshot(path=str(tmp_path / f"{theme}.png"))
            hover = shown.page.locator(".monaco-hover:visible")
            for place, texts in {
                "status bar": contrasts(shown.item),
                "tooltip": contrasts(hover),
                "summary": contrasts(page.locator("body")),
            }.items():
                assert texts, (theme, place)
                assert [one for one in texts if one.ratio < 4.5] == [], (theme, place)
                assert {one.is_on_light for one in texts} == {is_light}, (theme, place)
            said = {one.text for one in contrasts(page.locator("body"))}
            assert {"near the limit", "Where it is", "Pending", "in lines of commits"} <= said
            shown.page.mouse.move(600, 300)
            hover.wait_for(state="hidden")


def test_without_a_server_one_click_makes_one_after_asking(live: Live, window: Callable[[], Window]) -> None:
    live.spend()
    with Installed(live.home).with_python().serve() as editor:
        shown = window().open(editor, live.path)
        shown.figure("set up")
        made = editor.home / ".local/share/code-server/User/globalStorage/tokcost.tokcost"
        shown.click_item()
        shown.pick("Set Up the Server")
        asked = shown.said("Set up the tokcost server?").inner_text()
        assert "virtual environment" in asked
        assert str(made) in asked
        shown.press("Cancel")
        assert not list(made.rglob("pyvenv.cfg"))
        shown.click_item()
        shown.pick("Set Up the Server")
        shown.press("Set Up", "Set up the tokcost server?")
        shown.figure("$0.02")
        assert list(made.rglob("pyvenv.cfg"))
        shown.close()
        again = window().open(editor, live.path)
        again.figure("$0.02")


def test_two_windows_and_a_folder_that_is_no_repository(
    live: Live, window: Callable[[], Window], tmp_path: Path
) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()
    (plain / "notes.txt").write_text("nothing\n")
    workspace = tmp_path / "both.code-workspace"
    workspace.write_text(json.dumps({"folders": [{"path": "plain"}, {"path": "repo"}]}))
    live.spend()
    with Installed(live.home).with_tokcost().serve() as editor:
        one, both, none = (window().open(editor, folder) for folder in (live.path, workspace, plain))
        for shown in (one, both):
            shown.figure("$0.02")
        live.spend()
        for shown in (one, both):
            shown.figure("$0.05")
        assert none.item.count() == 0
    assert live.replies() == {"total": 2, "pending": 2}


def test_nothing_runs_in_a_folder_that_is_not_trusted(live: Live, window: Callable[[], Window]) -> None:
    live.spend()
    with Installed(live.home).with_tokcost().serve(trust=False) as editor:
        shown = window().open(editor, live.path)
        shown.page.locator(".statusbar-item", has_text="Restricted Mode").click()
        trust = shown.page.locator(".workspace-trust-editor .monaco-button", has_text="Trust").first
        trust.wait_for()
        assert shown.item.count() == 0
        assert not live.ledger_home.exists()
        trust.click()
        shown.figure("$0.02")


def test_a_budget_that_is_near_is_said_and_one_that_is_exceeded_is_a_warning(
    live: Live, window: Callable[[], Window]
) -> None:
    live.spend()
    with Installed(live.home).with_tokcost().serve() as editor:
        shown = window().open(editor, live.path)
        shown.figure("$0.02")
        live.git("config", "tokcost.budgetBranch", "0.03")
        shown.page.locator('[id^="tokcost.tokcost"] a[aria-label*="near the limit"]').wait_for()
        assert "warning" not in (shown.item.get_attribute("class") or "")
        assert shown.item.locator(".codicon-warning").count() == 0
        assert "near the limit" in shown.tooltip()
        live.git("config", "tokcost.budgetBranch", "0.01")
        shown.page.locator(".statusbar-item.warning-kind .codicon-warning").wait_for()
        assert "of $0.01, over the limit" in shown.tooltip()


def test_a_budget_speaks_once_a_day_and_a_commit_that_it_stopped_names_the_way_past(
    live: Live, window: Callable[[], Window]
) -> None:
    live.spend()
    with Installed(live.home).with_tokcost().serve() as editor:
        shown = window().open(editor, live.path)
        shown.figure("$0.02")
        live.tokcost("budget", "set", "0.01", "--branch", "--block")
        news = shown.page.locator(
            ".notification-toast", has_text="over the branch budget; the next commit will be stopped"
        )
        news.locator(".monaco-button", has_text="Open Summary").wait_for()
        news.locator(".monaco-button", has_text="Change Budget").wait_for()
        news.locator(".monaco-button", has_text="Not Again Today").click()
        news.wait_for(state="hidden")
        live.spend()
        shown.figure("$0.05")
        live.change()
        shown.source_control()
        shown.commit("Stopped")
        told = shown.page.locator(".notification-toast", has_text="git commit --no-verify in a terminal")
        told.wait_for()
        assert "the commit was stopped" in told.inner_text()
        assert news.count() == 0
    assert live.message() == "root"


def test_a_server_that_dies_is_started_again(live: Live, window: Callable[[], Window]) -> None:
    live.spend()
    with Installed(live.home).with_tokcost().serve() as editor:
        shown = window().open(editor, live.path)
        shown.figure("$0.02")
        editor.kill_servers()
        live.spend()
        shown.figure("$0.05")
    assert editor.processes() == []


def _iso(time_ms: int) -> str:
    from support.claude_lines import iso

    return iso(time_ms)
