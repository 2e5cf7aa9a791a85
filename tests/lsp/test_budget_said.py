"""What a budget says at a commit that was made outside of a terminal, for an editor to show."""

import os
import pty
import subprocess
from typing import IO, Any

import pytest

from support.editor import Editor
from support.hooked import REPLY, Hooked


def commit(repo: Hooked, stderr: int | IO[bytes] = subprocess.DEVNULL) -> int:
    """A commit with standard error elsewhere; its exit code."""
    repo.change()
    words = ["git", "commit", "-q", "-m", "One"]
    return subprocess.run(words, cwd=repo.path, env=repo.environ, stderr=stderr, check=False).returncode


def said(editor: Editor) -> dict[str, Any]:
    """What the editor is told of the newest commit, once it is."""
    return editor.wait(lambda: editor.told("tokcost/status")[-1].get("commit_said"))


@pytest.mark.parametrize("stops", [True, False])
def test_a_commit_that_a_budget_stopped_or_warned_of_is_told(repo: Hooked, *, stops: bool) -> None:
    with Editor(repo.environ, repo.path) as editor:
        editor.open()
        repo.spend()
        editor.status(repo.path, state="ready", tokens=REPLY, commit_said=None)
        editor.command("budget", uri=repo.path.as_uri(), scope="branch", amount="0.01", block=stops)
        assert commit(repo) == stops
        told = said(editor)
        assert told["stopped"] is stops
        assert "over the branch budget" in told["text"]
        assert ("the commit was stopped" in told["text"]) is stops


def test_hooks_alone_leave_it_for_an_editor_and_a_terminal_has_shown_it(repo: Hooked) -> None:
    with Editor(repo.environ, repo.path) as editor:
        editor.open()
        repo.spend()
        editor.command("budget", uri=repo.path.as_uri(), scope="branch", amount="0.01")
    ours, theirs = pty.openpty()
    commit(repo, theirs)
    assert b"over the branch budget" in os.read(ours, 4096)
    note = repo.git_dir / "TOKCOST_SAID"
    assert not note.exists()
    commit(repo)
    assert " warned " in note.read_text()
    os.close(ours)
    os.close(theirs)
