"""What tokcost tells of each scenario of each real assistant is what was billed, to the token, on its branch."""

import subprocess

import pytest

from real_assistants.lab import CLASSES, Lab
from real_assistants.mock_models import ModelServer
from real_assistants.scenarios import SCENARIOS, Scenario

pytestmark = pytest.mark.assistants

_WITHOUT_HOOKS = {"gemini-cli"}
"""Assistants that turn git's hooks off in their own commands (docs/assistants.md)."""
_LATE = {"copilot-cli"}
"""Assistants that may write what a reply cost only after its tools ran: its own commit may come before that, and the
next commit carries it."""


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.name)
def test_each_token_counts_once_and_on_the_branch_where_it_was_asked_for(lab: Lab, scenario: Scenario) -> None:
    if not scenario.can(lab):
        pytest.skip(f"{lab.assistant.name} cannot do that")
    with ModelServer(lab.repo, lab.other) as server:
        scenario.play(lab, server)
    told = lab.told()
    least = lab.billed(server, scenario.now_called, cut=False)
    most = lab.billed(server, scenario.now_called)
    if least == most:
        assert told == most
    for branch, counts in most.items():  # what a vendor bills of a reply that broke off is not known
        assert all(least[branch][one] <= told[branch][one] <= counts[one] for one in CLASSES)
    if scenario.leaves_hooks:
        told_in_messages(lab)


def told_in_messages(lab: Lab) -> None:
    """The commit that the agent made carries what was spent before it, if git ran the hooks."""
    words = ["git", "log", "-1", "--format=%(trailers:key=AI-Cost)", "feat/b"]
    lines = subprocess.run(words, cwd=lab.repo, capture_output=True, text=True, check=True).stdout.split("\n")
    rows = lab.log()["conservation"]
    assert any(lines) == (rows["carried"]["tokens"] > 0)
    if lab.assistant.name not in _LATE:
        assert any(lines) == (lab.assistant.name not in _WITHOUT_HOOKS)
    parts = ("carried", "withheld", "bound", "pending", "unplaced")
    assert rows["total"]["tokens"] == sum(rows[part]["tokens"] for part in parts)
