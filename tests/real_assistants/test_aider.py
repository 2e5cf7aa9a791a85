"""aider, whose history tells rounded counts, and its own guesses where a reply was streamed."""

import json
import subprocess
import time
from pathlib import Path

import pytest

from real_assistants.assistants import AIDER, Run
from real_assistants.lab import Lab
from real_assistants.mock_models import ModelServer

pytestmark = pytest.mark.assistants

ROUNDED = 500
"""A count from 10,000 on is told in thousands."""
WHOLE = ("--no-stream",)
"""Streamed replies have no counts of the provider's in aider."""
_SECOND = 1.1
"""aider tells the second in which a session began, a reflog that of a switch: within one, nothing tells their order."""
SAY = "[[plan: text]] Please do it."


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    if not AIDER.is_installed:
        pytest.skip("aider is not installed: make assistants installs it")
    return Lab(tmp_path, AIDER)


def prompts(lab: Lab, server: ModelServer) -> dict[str, tuple[int, int]]:
    """The prompts of each branch, and their number, as they were billed."""
    found: dict[str, tuple[int, int]] = {}
    for call in server.calls:
        sent, number = found.get(call.branch, (0, 0))
        told = call.reply.counts
        written = told.cache_write_5m + told.cache_write_1h
        found[call.branch] = (sent + told.input + told.cache_read + written, number + 1)
    return found


def check(lab: Lab, server: ModelServer) -> None:
    """Each branch has the prompts as near as they are written, and what was received to the token."""
    told = lab.told()
    billed = prompts(lab, server)
    assert told.keys() == billed.keys()
    for branch, (sent, number) in billed.items():
        counts = told[branch]
        assert abs(counts.total() - counts["output"] - sent) <= ROUNDED * number
        assert counts["output"] == lab.billed(server)[branch]["output"]


def test_sessions_on_two_branches_and_one_in_a_subfolder_are_on_the_branch_of_each(lab: Lab) -> None:
    (lab.repo / "src").mkdir()
    with ModelServer(lab.repo) as server:
        lab.git("switch", "-q", "feat/a")
        lab.says(server, Run(SAY, options=WHOLE))
        lab.git("switch", "-q", "feat/b")
        time.sleep(_SECOND)
        lab.says(server, Run(SAY, resume=True, options=WHOLE), lab.repo / "src")
    check(lab, server)
    assert set(lab.told()) == {"feat/a", "feat/b"}


def test_what_is_written_to_a_prompt_cache_counts_once(lab: Lab) -> None:
    """aider 0.86.2 tells it twice. The model's cache is read and written; each of its counts is rounded."""
    with ModelServer(lab.repo) as server:
        lab.says(server, Run(SAY, AIDER.other_model, options=(*WHOLE, "--cache-prompts")))
    (counts,) = lab.told().values()
    (call,) = server.calls
    assert abs(counts["input"] - call.reply.counts.input) <= 2 * ROUNDED
    assert abs(counts["cache_read"] - call.reply.counts.cache_read) <= ROUNDED
    assert counts["output"] == call.reply.counts.output


def test_a_worktree_that_tokcost_knows_has_its_own_history(lab: Lab) -> None:
    lab.git("worktree", "add", "-q", str(lab.other), "feat/b")
    with ModelServer(lab.repo, lab.other) as server:
        lab.says(server, Run("[[plan in other: text]] Please do it.", options=WHOLE), lab.other)
    lab.tokcost("log", folder=lab.other)
    check(lab, server)


def test_a_streamed_reply_is_marked_as_an_estimate(lab: Lab) -> None:
    with ModelServer(lab.repo) as server:
        lab.says(server, Run(SAY))
    assert set(lab.told()) == {"main"}
    assert "≈" in lab.tokcost("log")
    assert json.loads(lab.tokcost("log", "--json"))["skipped"]["records"] == 0
    history = lab.repo / ".aider.chat.history.md"
    assert "sent" in subprocess.run(["tail", "-n", "3", history], capture_output=True, text=True, check=True).stdout
