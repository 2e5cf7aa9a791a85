"""One state of a repository feeds whatever an editor shows of it."""

import threading
import time
from pathlib import Path
from typing import Any

from support.editor import Editor
from support.hooked import REPLY, Hooked


def follow(editor: Editor, page: Path | None = None, branch: str | None = None) -> None:
    """Show the page of a branch, if any, and the lines of the next commit."""
    shown = {"uri": page.as_uri(), "branch": branch} if page else None
    editor.notify("tokcost/follow", {"next": True, "page": shown})


def agrees(told: dict[str, Any]) -> bool:
    """Whether page, next commit and figures of one notification are of the same moment."""
    page, tokens = told["page"]["branch"], told["tokens"]
    in_page = page["tokens"]["total"] if page else 0
    in_line = [line.split("input=")[1].split()[0] for line in told["next"]["lines"] if "input=" in line]
    rows = {row["label"]: row["value"] for row in told["tooltip"]}
    amounts = {told["text"], rows["List cost"], *([page["amount"]] if page else [])}
    return in_page == tokens and len(in_line) == (tokens > 0) and len(amounts) == 1


def test_page_and_next_line_come_with_the_figures_they_belong_to(agreed: Hooked) -> None:
    agreed.spend()
    with Editor(agreed.environ, agreed.path) as editor:
        editor.open()
        editor.status(agreed.path, state="ready", page=None, next=None)
        follow(editor, agreed.path)
        editor.wait(lambda: [one for one in editor.told("tokcost/status") if one["page"] and one["next"]])
        stop = threading.Event()

        def writes() -> None:
            while not stop.wait(0.1):
                agreed.spend()

        writer = threading.Thread(target=writes)
        writer.start()
        time.sleep(2)
        stop.set()
        writer.join()
        replies = agreed.log().totals.total.usage
        last = editor.status(agreed.path, tokens=replies * REPLY)
        told = [one for one in editor.told("tokcost/status") if one["page"] and one["next"]]
        assert len(told) > 4
        assert [one["tokens"] for one in told if not agrees(one)] == []
        versions = [one["version"] for one in editor.told("tokcost/status")]
        assert versions == sorted(set(versions))
        assert last["page"]["why"]["list_cost"] == last["list_cost"]


def test_a_page_shows_the_branch_that_was_chosen_and_says_what_drove_it(agreed: Hooked) -> None:
    agreed.spend()
    agreed.git("branch", "feat/x")
    with Editor(agreed.environ, agreed.path) as editor:
        editor.open()
        editor.status(agreed.path, state="ready", tokens=REPLY)
        follow(editor, agreed.path, "main")
        page = editor.wait(lambda: [one["page"] for one in editor.told("tokcost/status") if one["page"]])[0]
        assert (page["name"], page["names"], page["branch"]["pending_amount"]) == ("main", ["main"], "$0.02")
        assert page["branch"]["parts"]["pending"]["amount"] == "$0.02"
        assert page["branch"]["models"]["claude-sonnet-4-5"]["name"] == "sonnet-4-5"
        follow(editor, agreed.path, "feat/x")
        other = editor.wait(lambda: [one["page"] for one in editor.told("tokcost/status") if one["page"]][1:])[0]
        assert (other["name"], other["branch"]) == ("feat/x", None)


def test_what_one_window_leaves_out_the_other_one_shows(agreed: Hooked) -> None:
    agreed.spend()
    with Editor(agreed.environ, agreed.path) as one, Editor(agreed.environ, agreed.path) as other:
        for editor in (one, other):
            editor.open()
            editor.status(agreed.path, state="ready", tokens=REPLY)
        on = {"enabled": True, "problem": "", "omitted": False}
        for omitted in (True, False):
            one.command("omit", uri=agreed.path.as_uri(), omit=omitted)
            for editor in (one, other):
                told = editor.status(agreed.path, cost_lines={**on, "omitted": omitted})
                (row,) = [row["value"] for row in told["tooltip"] if row["label"] == "Cost lines"]
                assert row == ("on, left out of the next commit" if omitted else "on")


def test_without_any_logs_no_figure_is_shown_but_where_they_were_sought(repo: Hooked) -> None:
    with Editor(repo.environ, repo.path) as editor:
        editor.open()
        told = editor.status(repo.path, state="ready", no_logs=True)
        assert told["text"] == "no logs"
        rows = {row["label"]: row["value"] for row in told["tooltip"]}
        assert "claude-code" in rows["Logs"]
        assert ".claude" in rows["Looked in"]
        assert "$" not in told["text"] + told["line"] + told["accessible"] + "".join(rows.values())
        repo.spend()
        assert editor.status(repo.path, tokens=REPLY)["text"] == "$0.02"


def test_a_rule_that_is_near_is_told_before_it_is_over(repo: Hooked) -> None:
    repo.spend()
    with Editor(repo.environ, repo.path) as editor:
        editor.open()
        editor.status(repo.path, state="ready", tokens=REPLY, rule_state="none")
        (repo.path / ".tokcost.toml").write_text('[[rules]]\nname = "small"\nover = "0.03"\n')
        near = editor.status(repo.path, rule_state="near")
        assert "small: 1 response, $0.02 list on this branch, near $0.03" in near["accessible"]
        repo.spend()
        editor.status(repo.path, rule_state="over")
