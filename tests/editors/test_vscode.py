"""What a person sees and does in a real VS Code with our packaged extension."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from editors.vscode import Installed, Live, Window, waited

pytestmark = pytest.mark.editor


def config(live: Live) -> str:
    """What the clone's git knows of us."""
    return live.git("config", "--local", "--get-regexp", "^tokcost", ok=False)


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
        shown.figure("$0.00")
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

        live.change()
        shown.source_control()
        shown.next_line("AI-Cost: 0.02")
        shown.commit("With the line")
        waited(lambda: live.message().startswith("With the line"))
        assert [line.tokens for line in live.lines()] == [12_204]

        live.spend()
        shown.figure("$0.05")
        live.change()
        shown.next_line("AI-Cost: 0.02").locator(".monaco-custom-toggle, [role=checkbox]").first.click()
        shown.page.locator(".statusbar-item", has_text="tokcost: ").wait_for()
        shown.commit("Without it")
        waited(lambda: live.message().startswith("Without it"))
        assert live.lines() == []

        live.spend()
        live.change()
        shown.figure("$0.07")
        shown.next_line("AI-Cost: 0.02")
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


def test_without_a_server_one_click_makes_one_after_asking(live: Live, window: Callable[[], Window]) -> None:
    live.spend()
    with Installed(live.home).with_python().serve() as editor:
        shown = window().open(editor, live.path)
        shown.figure("set up")
        made = editor.home / ".local/share/code-server/User/globalStorage/tokcost.tokcost"
        shown.click_item()
        shown.pick("Set Up the Server")
        asked = shown.said("Set up the server of tokcost?").inner_text()
        assert "virtual environment" in asked
        assert str(made) in asked
        shown.press("Cancel")
        assert not list(made.rglob("pyvenv.cfg"))
        shown.click_item()
        shown.pick("Set Up the Server")
        shown.press("Set Up", "Set up the server of tokcost?")
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


def test_a_budget_that_is_exceeded_is_a_warning(live: Live, window: Callable[[], Window]) -> None:
    live.spend()
    with Installed(live.home).with_tokcost().serve() as editor:
        shown = window().open(editor, live.path)
        shown.figure("$0.02")
        assert "warning" not in (shown.item.get_attribute("class") or "")
        live.git("config", "tokcost.budgetBranch", "0.01")
        shown.page.locator(".statusbar-item.warning-kind", has_text="$0.02").wait_for()
        assert "0.01" in shown.tooltip()


def test_a_server_that_dies_is_started_again(live: Live, window: Callable[[], Window]) -> None:
    live.spend()
    with Installed(live.home).with_tokcost().serve() as editor:
        shown = window().open(editor, live.path)
        shown.figure("$0.02")
        for process in editor.servers():
            process.kill()
        live.spend()
        shown.figure("$0.05")
    waited(lambda: not editor.servers())


def _iso(time_ms: int) -> str:
    from support.claude_lines import iso

    return iso(time_ms)
