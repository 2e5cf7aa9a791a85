"""Two real assistants work in one worktree at once; one of them switches the branch under the other."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from real_assistants.assistants import ASSISTANTS, Assistant, stop_daemons
from real_assistants.lab import Lab
from real_assistants.mock_models import ModelServer

pytestmark = pytest.mark.assistants

PAIRS = (
    ("claude-code", "codex"),
    ("codex", "claude-code"),
    ("gemini-cli", "opencode"),
    ("opencode", "qwen-code"),
    ("qwen-code", "copilot-cli"),
    ("copilot-cli", "gemini-cli"),
    ("claude-code", "cline"),
)
"""The one that switches, and the one that works on; their models differ, so that each bill is known apart."""
_SWITCHES = (
    "sh true; sh touch first; sh sh until.sh second; sh sh pause.sh; sh git switch -q feat/b; sh sh pause.sh;"
    " sh touch moved; text"
)
_WORKS_ON = "sh true; sh sh until.sh first; sh touch second; sh sh until.sh moved; sh true; text"


class Pair(NamedTuple):
    """The labs of two assistants that share home, repository and worktree."""

    one: Lab
    other: Lab


def named(name: str) -> Assistant:
    return next(one for one in ASSISTANTS if one.name == name)


@pytest.fixture(params=PAIRS, ids="-".join)
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pair]:
    assistants = [named(name) for name in request.param]
    for assistant in assistants:
        if not assistant.is_installed:
            pytest.skip(f"{assistant.program} is not installed: make assistants installs it")
    one = Lab(tmp_path, assistants[0])
    yield Pair(one, one.shared_with(assistants[1]))
    stop_daemons(one.home)


def test_each_reply_counts_once_on_the_branch_that_was_there_when_it_was_asked_for(pair: Pair) -> None:
    one, other = pair
    one.git("switch", "-q", "feat/a")
    (one.repo / "until.sh").write_text('while [ ! -e "$1" ]; do sleep 0.1; done\n')
    (one.repo / "pause.sh").write_text("sleep 2\n")  # some assistants refuse to sleep at a model's word
    with ModelServer(one.repo) as server, ThreadPoolExecutor() as at_once:
        first = at_once.submit(one.works, server, _SWITCHES)
        other.works(server, _WORKS_ON)
        first.result()
    told, billed = one.told(), one.billed(server)
    assert told == billed
    assert set(told) == {"feat/a", "feat/b"}
    assert one.names() == {one.assistant.name, other.assistant.name}
