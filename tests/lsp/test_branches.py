"""The page of all branches: rows, what is on none of them and why, and what can be done about it there."""

from pathlib import Path
from typing import Any

import pytest

from support.editor import Editor, Refused
from support.hooked import REPLY, Hooked


def table(editor: Editor, path: Path, is_it: Any = bool) -> dict[str, Any]:
    """All branches as the newest state has them, once they are as expected."""

    def found() -> dict[str, Any] | None:
        told = [one["branches"] for one in editor.told("tokcost/status") if one["uri"] == path.as_uri()]
        return told[-1] if told and told[-1] is not None and is_it(told[-1]) else None

    return editor.wait(found)


def test_all_branches_come_with_the_figures_and_close_with_what_is_on_none(agreed: Hooked) -> None:
    agreed.work("One")
    agreed.git("switch", "-q", "-c", "feat/x")
    agreed.spend()
    agreed.git("switch", "-q", "--detach")
    agreed.now += 1
    agreed.spend()
    with Editor(agreed.environ, agreed.path) as editor:
        editor.open()
        told = editor.status(agreed.path, state="ready")
        assert told["branches"] is None
        editor.notify("tokcost/follow", {"next": False, "page": None, "branches": agreed.path.as_uri()})
        found = table(editor, agreed.path)
        rows = {row["branch"]: (row["tokens"], row["amount"], row["pending_amount"]) for row in found["rows"]}
        assert rows == {"main": (REPLY, "$0.02", ""), "feat/x": (REPLY, "$0.02", "$0.02")}
        (unplaced,) = found["unplaced"]
        assert (unplaced["tokens"], unplaced["amount"]) == (REPLY, "$0.02")
        assert unplaced["reasons"] == ["HEAD was on no branch then (detached)."]
        assert unplaced["directories"] == [str(agreed.path)]
        parts = found["conservation"]
        assert parts["total"]["tokens"] == 3 * REPLY == found["total"]["tokens"]
        assert (parts["carried"]["tokens"], parts["pending"]["tokens"], parts["unplaced"]["tokens"]) == (REPLY,) * 3

        names = editor.command("branches", uri=agreed.path.as_uri())["branches"]
        assert names == ["feat/x", "main"]
        moved = {"branch": "feat/x", "unplaced": True, "session": unplaced["session"]}
        editor.command("assign", uri=agreed.path.as_uri(), **moved)
        after = table(editor, agreed.path, lambda now: not now["unplaced"])
        assert {row["branch"]: row["tokens"] for row in after["rows"]} == {"main": REPLY, "feat/x": 2 * REPLY}
    assert agreed.balance() == {"total": 3 * REPLY, "carried": REPLY, "pending": 2 * REPLY}


def test_usage_before_the_reflog_says_so(agreed: Hooked) -> None:
    agreed.link()
    agreed.now -= 1000
    agreed.spend()
    with Editor(agreed.environ, agreed.path) as editor:
        editor.open()
        editor.notify("tokcost/follow", {"next": False, "page": None, "branches": agreed.path.as_uri()})
        (unplaced,) = table(editor, agreed.path, lambda now: now["unplaced"])["unplaced"]
        assert unplaced["reasons"] == ["It happened before git's record of HEAD begins."]


def test_a_commit_is_shown_and_nothing_that_its_repository_names_is_run(agreed: Hooked, tmp_path: Path) -> None:
    commit = agreed.work("Let customers log in", name="file.odd")
    (tmp_path / "ran.sh").write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\ncat $1\n")
    (tmp_path / "ran.sh").chmod(0o755)
    (agreed.path / ".git/info/attributes").write_text("*.odd diff=odd\n")
    for name in ("diff.odd.textconv", "diff.odd.command", "diff.external", "core.pager"):
        agreed.git("config", name, str(tmp_path / "ran.sh"))
    with Editor(agreed.environ, agreed.path) as editor:
        editor.open()
        shown = editor.command("commit", uri=agreed.path.as_uri(), commit=commit)["text"]
        assert "Let customers log in" in shown
        assert "+++ b/file.odd" in shown
        assert not (tmp_path / "ran").exists()
        for wrong in ("main", "--output=/tmp/x", "", "0" * 40):
            with pytest.raises(Refused, match=r"no commit is named|bad object"):
                editor.command("commit", uri=agreed.path.as_uri(), commit=wrong)


@pytest.mark.parametrize("branches", [7, {"uri": 1}])
def test_nonsense_to_follow_leaves_the_server_alive(repo: Hooked, branches: Any) -> None:
    with Editor(repo.environ, repo.path) as editor:
        editor.open()
        editor.notify("tokcost/follow", {"next": False, "page": None, "branches": branches})
        repo.spend()
        editor.status(repo.path, state="ready", tokens=REPLY)
