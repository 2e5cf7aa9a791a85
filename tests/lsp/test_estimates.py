"""What an editor is told of usage whose counts no provider told."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.editor import Editor
from support.guesser import TOKENS, Guesser, installed
from support.hooked import Hooked


@pytest.fixture
def guesser(agreed: Hooked, tmp_path: Path) -> Iterator[Guesser]:
    """One reply that was told, and one that was estimated."""
    with installed(tmp_path, agreed) as found:
        found.reply()
        found.guess()
        yield found


def editor_in(repo: Hooked) -> Editor:
    return Editor(repo.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}, repo.path)


def test_the_figure_is_marked_and_pending_is_what_a_commit_would_carry(agreed: Hooked, guesser: Guesser) -> None:
    with editor_in(agreed) as editor:
        editor.open()
        found = editor.status(agreed.path, state="ready", tokens=2 * TOKENS)
        assert (found["text"], found["pending"], found["estimated_counts"]) == ("≈$10.00", "5.000000000", 1)
        rows = {row["label"]: row["value"] for row in found["tooltip"]}
        assert (rows["Pending"], rows["Tokens"]) == ("$5.00", "≈2.0M")
        assert rows["Estimated"] == "≈$5.00 of it, not in cost lines and budgets"
        assert "estimated: about $5.00 of it" in found["accessible"]
        summary = editor.request("tokcost/summary", {"uri": agreed.path.as_uri()})
        assert (summary["branches"][0]["estimated_counts"], summary["takes_estimates"]) == (1, False)
        shown = editor.command("preview")
        assert shown["pending"]["tokens"] == shown["estimated"]["tokens"] == TOKENS
        assert "estimated: ≈$5.00 list, ≈1.0M tokens pending, in no cost line" in shown["text"]
        editor.quit()


@pytest.mark.parametrize("is_asked", [False, True])
def test_a_commit_message_tells_what_is_exact_and_what_is_not(agreed: Hooked, guesser: Guesser, is_asked: bool) -> None:
    agreed.git("config", "tokcost.estimates", str(is_asked).lower())
    agreed.change()
    agreed.hooked("-m", "Work")
    with editor_in(agreed) as editor:
        editor.open()
        editor.status(agreed.path, state="ready", tokens=2 * TOKENS)
        uri = editor.document(agreed.git_dir / "COMMIT_EDITMSG", agreed.message() + "\n")
        (lens,) = editor.request("textDocument/codeLens", {"textDocument": {"uri": uri}})
        where = {"line": 2, "character": 1}
        hover = editor.request("textDocument/hover", {"textDocument": {"uri": uri}, "position": where})
        title, said = lens["command"]["title"], str(hover["contents"])
        if is_asked:
            assert "carries ≈$10.00 list, ≈2.0M tokens (in part estimated, stays here)" in title
            assert "Yours, in part estimated: ≈$10.00" in said
        else:
            assert "carries $5.00 list, 1.0M tokens (exact, stays here); pending on main: ≈$5.00 list" in title
            assert "estimated, in no cost line" in title
            assert "Yours, exactly: $5.00" in said
        editor.quit()
