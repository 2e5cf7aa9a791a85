"""Real assistants work in a real repository, with a model server on loopback that knows what it billed and on which
branch; `tokcost log` must say the same, to the token.

`make assistants` installs them from the npm registry, in the versions of npm/package.json.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from real_assistants.assistants import ASSISTANTS, Assistant, Run, stop_daemons
from real_assistants.mock_models import Call, ModelServer
from tokcost.readers.registry import readers

pytestmark = pytest.mark.assistants

CLASSES = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output")
PROGRAM = "from tokcost.cli.start import main; main()"
UNLOGGED_HELPERS = {"opencode"}
"""Assistants that write nothing of the calls for titles (docs/assistants.md)."""
Spent = dict[str, Counter[str]]
"""Tokens by branch and class."""


class Lab:
    """A home folder, a repository with the branches main, feat/a and feat/b, and an assistant."""

    def __init__(self, folder: Path, assistant: Assistant) -> None:
        self.assistant = assistant
        self.home, self.repo, self.ledger = folder / "home", folder / "repo", folder / "ledger"
        self.home.mkdir()
        self.repo.mkdir()
        self.git("init", "-q", "-b", "main")
        self.git("commit", "-q", "--allow-empty", "-m", "Begin")
        self.git("branch", "feat/a")
        self.git("branch", "feat/b")

    def git(self, *words: str) -> None:
        """Run git in the repository."""
        who = {f"GIT_{role}_{what}": "dev" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.home), **who}
        subprocess.run(["git", *words], cwd=self.repo, env=environ, check=True, capture_output=True)

    def works(
        self, server: ModelServer, plan: str, folder: Path | None = None, *, resume: bool = False, model: str = ""
    ) -> None:
        """Have the assistant work by a plan (mock_models.py)."""
        folder = folder or self.repo
        place = f" in {folder.name}" if folder.name == "other" else ""
        run = Run(f"[[plan{place}: {plan}]] Please do it.", model, resume)
        done = self.assistant.run(run, server.url, self.home, folder)
        assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}"

    def models(self) -> Counter[str]:
        """Responses by model, as `tokcost log` tells."""
        count: Counter[str] = Counter()
        for row in self._log()["branches"]:
            count.update({model: figures["usage"] for model, figures in row["models"].items()})
        return count

    def told(self) -> Spent:
        """Tokens by branch, as `tokcost log` tells."""
        document = self._log()
        assert document["unplaced"]["usage"] == 0
        assert document["skipped"]["records"] == 0
        rows = [row for row in document["branches"] if row["usage"]]
        assert {name for row in rows for name in row["assistants"]} <= {self.assistant.name}
        return {row["branch"]: +Counter({one: row["tokens"][one] for one in CLASSES}) for row in rows}

    def _log(self) -> dict[str, Any]:
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.home), "TOKCOST_HOME": str(self.ledger)}
        command = [sys.executable, "-P", "-c", PROGRAM, "log", "--json"]
        done = subprocess.run(command, cwd=self.repo, env=environ, capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    def billed(self, server: ModelServer) -> Spent:
        """The truth: what was billed on each branch, without helpers that this assistant does not log."""
        spent: Spent = {}
        assert not server.unknown
        for call in server.calls:
            if call.planned or self.assistant.name not in UNLOGGED_HELPERS:
                spent.setdefault(call.branch, Counter()).update(_counts(call))
        return {branch: +counts for branch, counts in spent.items()}


def _counts(call: Call) -> dict[str, int]:
    return {one: getattr(call.reply.counts, one) for one in CLASSES}


@pytest.fixture(params=ASSISTANTS, ids=lambda one: one.name)
def lab(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Lab]:
    assistant: Assistant = request.param
    if not assistant.is_installed:
        pytest.skip(f"{assistant.program} is not installed: make assistants installs it")
    if assistant.name not in [reader.name for reader in readers()]:
        pytest.skip(f"{assistant.name} has no reader")
    yield Lab(tmp_path, assistant)
    stop_daemons(tmp_path / "home")


def test_tool_calls_count_on_the_branch_where_each_was_asked_also_when_the_agent_switches(lab: Lab) -> None:
    lab.git("switch", "-q", "feat/a")
    with ModelServer(lab.repo) as server:
        lab.works(server, "sh true; sh git switch -q feat/b; sh true; text")
    assert lab.told() == lab.billed(server)
    assert set(lab.told()) == {"feat/a", "feat/b"}


def test_a_session_that_goes_on_on_another_branch_belongs_to_both(lab: Lab) -> None:
    with ModelServer(lab.repo) as server:
        lab.git("switch", "-q", "feat/a")
        lab.works(server, "sh true; text")
        lab.git("switch", "-q", "feat/b")
        lab.works(server, "sh true; text", resume=lab.assistant.resumes)
    assert lab.told() == lab.billed(server)


def test_a_second_look_finds_only_what_is_new(lab: Lab) -> None:
    with ModelServer(lab.repo) as server:
        lab.works(server, "text")
        assert lab.told() == lab.billed(server)
        lab.works(server, "sh true; text", resume=lab.assistant.resumes)
        assert lab.told() == lab.billed(server)


def test_calls_that_failed_and_were_tried_again_count_once(lab: Lab) -> None:
    with ModelServer(lab.repo) as server:
        server.failing = [503, 500]
        lab.works(server, "sh true; text")
    assert lab.told() == lab.billed(server)


def test_two_sessions_at_once_in_two_worktrees_do_not_mix(lab: Lab, tmp_path: Path) -> None:
    lab.git("switch", "-q", "feat/a")
    lab.git("worktree", "add", "-q", str(tmp_path / "other"), "feat/b")
    with ModelServer(lab.repo, tmp_path / "other") as server, ThreadPoolExecutor() as at_once:
        first = at_once.submit(lab.works, server, "sh true; sh true; text")
        second = at_once.submit(lab.works, server, "sh true; text", tmp_path / "other")
        first.result()
        second.result()
    assert lab.told() == lab.billed(server)


def test_what_a_sub_agent_spent_counts_on_the_branch_of_its_session(lab: Lab) -> None:
    lab.git("switch", "-q", "feat/a")
    with ModelServer(lab.repo) as server:
        lab.works(server, "agent; sh true; text")
    if len(server.calls) < 5:
        pytest.skip(f"{lab.assistant.name} offered no sub-agent")
    assert lab.told() == lab.billed(server)


def test_each_response_has_the_model_that_answered_it(lab: Lab) -> None:
    with ModelServer(lab.repo) as server:
        lab.works(server, "text")
        lab.works(server, "text", resume=lab.assistant.resumes, model=lab.assistant.other_model)
    assert lab.told() == lab.billed(server)
    assert lab.models() == Counter(call.model for call in server.calls if call.planned)


def test_work_in_a_subfolder_belongs_to_the_branch_of_its_worktree(lab: Lab) -> None:
    (lab.repo / "src" / "deep").mkdir(parents=True)
    lab.git("switch", "-q", "feat/a")
    with ModelServer(lab.repo) as server:
        lab.works(server, "sh true; text", lab.repo / "src" / "deep")
    assert lab.told() == lab.billed(server)
