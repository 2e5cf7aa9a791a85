"""Days in the life of an assistant: test_scenarios.py compares what tokcost tells of them with what was billed, and
record.py keeps what they left for the fast suite.
"""

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from real_assistants.assistants import Run
from real_assistants.lab import Lab
from real_assistants.live import Live, can_stay
from real_assistants.mock_models import ModelServer

_NO_REBASE_EDITOR = "GIT_SEQUENCE_EDITOR='sed -i s/^pick/edit/' GIT_EDITOR=true"
_COMPACTS = {"claude-code": "/compact", "gemini-cli": "/compress", "qwen-code": "/compress"}
"""The command by which an assistant compacts a conversation without a terminal."""
_FULL = {"codex": 400_000, "opencode": 190_000, "gemini-cli": 900_000, "qwen-code": 900_000, "copilot-cli": 120_000}
"""The length of a prompt that leaves no room in the window of the assistant's model."""
_FULL_BY_DEFAULT = 180_000
_TO_THE_NEXT_SECOND = 1.1


class Scenario(NamedTuple):
    """One of them."""

    name: str
    play: Callable[[Lab, ModelServer], None]
    now_called: Mapping[str, str] = {}
    """Where what was billed on a branch belongs in the end, if not there; an empty name is a detached HEAD."""
    can: Callable[[Lab], bool] = lambda lab: True
    """Whether an assistant has what it takes."""
    leaves_hooks: bool = False
    is_recorded: bool = True
    """What it leaves can be moved to another folder (record.py), and differs from what others leave."""


def _fork(lab: Lab, server: ModelServer) -> None:
    lab.git("switch", "-q", "feat/a")
    lab.works(server, "sh true; text")
    lab.git("switch", "-q", "feat/b")
    lab.works(server, "sh true; text", fork=True)
    lab.git("switch", "-q", "main")
    lab.works(server, "text", fork=True)


def _parallel(lab: Lab, server: ModelServer) -> None:
    lab.git("switch", "-q", "feat/a")
    lab.works(server, "sh true + sh echo hi; sh git switch -q feat/b + sh true; sh true; text")


def _overloaded(lab: Lab, server: ModelServer) -> None:
    server.failing = [429, 529]
    lab.works(server, "sh true; text")


def _cut(lab: Lab, server: ModelServer) -> None:
    server.cutting = 1
    lab.works(server, "sh true; text")


def _renamed(lab: Lab, server: ModelServer) -> None:
    lab.git("switch", "-q", "feat/a")
    lab.works(server, "sh true; sh git branch -m feat/a feat/c; sh true; text")


def _stopped_rebase(lab: Lab, server: ModelServer) -> None:
    lab.git("switch", "-q", "feat/a")
    lab.git("commit", "-q", "--allow-empty", "-m", "Work")
    lab.git("switch", "-q", "main")
    lab.git("commit", "-q", "--allow-empty", "-m", "Other work")
    _switch_alone(lab, "feat/a")  # the rebase writes HEAD again, so that nothing tells when in its second this was
    rebase = f"{_NO_REBASE_EDITOR} git rebase"
    lab.works(server, f"sh true; sh {rebase} -i --keep-empty main; sh true; sh {rebase} --continue; sh true; text")


def _detached(lab: Lab, server: ModelServer) -> None:
    lab.git("switch", "-q", "feat/a")
    lab.git("switch", "-q", "--detach", "main")
    lab.works(server, "sh true; text")


def _other_worktree(lab: Lab, server: ModelServer) -> None:
    lab.git("switch", "-q", "feat/a")
    lab.git("worktree", "add", "-q", str(lab.other), "feat/b")
    lab.works(server, "sh true; text")
    lab.works(server, "sh true; text", lab.other, resume=lab.assistant.resumes)


def _link(lab: Lab, server: ModelServer) -> None:
    lab.other.symlink_to(lab.repo)
    lab.git("switch", "-q", "feat/a")
    lab.works(server, "sh true; text", lab.other)


def _full_window(lab: Lab, server: ModelServer) -> None:
    full = _FULL.get(lab.assistant.name, _FULL_BY_DEFAULT)
    lab.git("switch", "-q", "feat/a")
    # Codex looks before each turn, and forgets the results of tools in a summary: the plan must be over.
    lab.works(server, f"sh true; big {full} text" if lab.assistant.name == "codex" else f"big {full} sh true; text")
    lab.git("switch", "-q", "feat/b")
    lab.works(server, "sh true; text", resume=lab.assistant.resumes)


def _compacted(lab: Lab, server: ModelServer) -> None:
    lab.git("switch", "-q", "feat/a")
    lab.works(server, "sh true; sh true; text")
    lab.git("switch", "-q", "feat/b")
    lab.says(server, Run(_COMPACTS[lab.assistant.name], resume=True))
    lab.git("switch", "-q", "main")
    lab.works(server, "text", resume=True)


def _commits(lab: Lab, server: ModelServer) -> None:
    lab.tokcost("enable", "--yes")
    lab.git("worktree", "add", "-q", str(lab.other), "feat/b")
    lab.works(server, "sh true; sh git commit -q --allow-empty -m One; sh true; text", lab.other)


def _stays(lab: Lab, server: ModelServer) -> None:
    lab.git("switch", "-q", "feat/a")
    with Live(lab.assistant, server.url, lab.home, lab.repo) as live:
        live.says("[[plan: sh true; text]] Please do it.")
        _switch_alone(lab, "feat/b")
        live.says("[[plan: sh true; sh git switch -q main; sh true; text]] Please do it.")
        _switch_alone(lab, "feat/a")
        live.says("[[plan: text]] Please do it.")


def _switch_alone(lab: Lab, branch: str) -> None:
    """Switch in a second of its own: a reflog tells no more."""
    time.sleep(_TO_THE_NEXT_SECOND)
    lab.git("switch", "-q", branch)
    time.sleep(_TO_THE_NEXT_SECOND)


SCENARIOS = (
    Scenario("forks-on-other-branches", _fork, can=lambda lab: lab.assistant.forks),
    Scenario("calls-of-tools-at-once", _parallel),
    # Codex gives up.
    Scenario(
        "overloaded-and-tried-again", _overloaded, can=lambda lab: lab.assistant.name != "codex", is_recorded=False
    ),
    Scenario("reply-that-breaks-off", _cut),
    Scenario("branch-renamed-by-the-agent", _renamed, {"feat/a": "feat/c"}),
    Scenario("rebase-that-stops", _stopped_rebase, {"": "feat/a"}),
    Scenario("detached-head", _detached),
    Scenario("resumed-in-another-worktree", _other_worktree),
    Scenario("repository-behind-a-link", _link, is_recorded=False),
    Scenario("window-that-is-full", _full_window),
    Scenario("compacted-by-command", _compacted, can=lambda lab: lab.assistant.name in _COMPACTS),
    Scenario("commits-of-the-agent-with-hooks", _commits, leaves_hooks=True, is_recorded=False),
    # Cline wants an account of its own for this.
    Scenario("process-that-stays", _stays, can=lambda lab: can_stay(lab.assistant) and lab.assistant.name != "cline"),
)
