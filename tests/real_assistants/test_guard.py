"""Real assistants run into the guard and out of it again: over a budget they stop before a prompt or a tool, and their
settings are as they were once the guard is taken out."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from real_assistants.assistants import ASSISTANTS, Assistant, Run, stop_daemons
from real_assistants.mock_models import ModelServer

pytestmark = pytest.mark.assistants

GUARDED = [one for one in ASSISTANTS if one.name in {"claude-code", "codex", "gemini-cli", "copilot-cli", "opencode"}]
TOKCOST = Path(sys.executable).parent / "tokcost"


class Guarded:
    """A repository, a home folder, an assistant and its guard."""

    def __init__(self, folder: Path, assistant: Assistant) -> None:
        self.assistant = _trusting(assistant)
        self.home, self.repo, self.ledger = folder / "home", folder / "repo", folder / "ledger"
        self.home.mkdir()
        self.repo.mkdir()
        self.run("git", "init", "-q", "-b", "main")
        self.run("git", "-c", "user.name=dev", "-c", "user.email=dev@x", "commit", "-q", "--allow-empty", "-m", "Begin")

    def run(self, *words: str) -> str:
        """Run a program in the repository."""
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.home), "TOKCOST_HOME": str(self.ledger)}
        return subprocess.run(
            words, cwd=self.repo, env=environ, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL
        ).stdout

    def works(self, server: ModelServer, name: str, more: str = "") -> str:
        """Have the assistant make a file; everything that it printed."""
        run = Run(f"[[plan: sh true; sh touch {self.repo / name}; text]] Please do it. {more}")
        done = self.assistant.run(run, server.url, self.home, self.repo)
        return done.stdout + done.stderr


def _trusting(assistant: Assistant) -> Assistant:
    """Codex runs no hook that nobody reviewed; for automation it has a switch. The mock's address and the ledger are in
    variables of the run, so that settings stay alone with what the test writes."""
    words, environ = assistant.words, assistant.environ
    if assistant.name == "codex":
        assistant = assistant._replace(words=lambda run: ["exec", "--dangerously-bypass-hook-trust", *words(run)[1:]])
    return assistant._replace(
        environ=lambda server, home: _once(environ, server, home) | {"TOKCOST_HOME": str(home.parent / "ledger")}
    )


def _once(environ: Callable[[str, Path], dict[str, str]], server: str, home: Path) -> dict[str, str]:
    """Variables of an assistant; files that it needs are written the first time alone."""
    marker = home / "set-up"
    kept = {path: path.read_bytes() for path in home.rglob("settings.json")} if marker.exists() else {}
    found = environ(server, home)
    for path, data in kept.items():
        path.write_bytes(data)
    marker.touch()
    return found


@pytest.fixture(params=GUARDED, ids=lambda one: one.name)
def guarded(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Guarded]:
    assistant: Assistant = request.param
    if not assistant.is_installed:
        pytest.skip(f"{assistant.program} is not installed: make assistants installs it")
    yield Guarded(tmp_path, assistant)
    stop_daemons(tmp_path / "home")


def settings(home: Path) -> dict[str, bytes]:
    """Files in which an assistant could keep its hooks."""
    names = ("settings.json", "hooks.json", "tokcost-guard.json", "tokcost-guard.js")
    return {str(path): path.read_bytes() for path in home.rglob("*") if path.name in names}


def test_over_a_budget_no_prompt_is_sent_and_out_of_the_guard_all_is_as_before(guarded: Guarded) -> None:
    name = guarded.assistant.name
    with ModelServer(guarded.repo) as server:
        guarded.works(server, "first")
        assert (guarded.repo / "first").exists()
        before = settings(guarded.home)
        guarded.run(str(TOKCOST), "guard", "install", name, "--block", "--yes")
        guarded.run("git", "config", "tokcost.budgetBranch", "1000")
        guarded.works(server, "within")
        assert (guarded.repo / "within").exists()
        guarded.run("git", "config", "tokcost.budgetBranch", "0.01")
        billed = len(server.calls)
        said = guarded.works(server, "over", "x" * 100_000)
        assert len(server.calls) == billed
        assert not (guarded.repo / "over").exists()
        if name not in ("codex", "opencode"):  # these show the reason in a terminal alone
            assert "over the branch budget" in " ".join(said.split())
        guarded.run(str(TOKCOST), "guard", "uninstall", name)
        assert settings(guarded.home) == before
        guarded.works(server, "after")
        assert (guarded.repo / "after").exists()


def test_a_budget_that_is_crossed_while_the_agent_works_stops_its_next_tool(guarded: Guarded) -> None:
    """opencode writes what a reply cost when its tools have run, so that it is the tools of the next reply there."""
    with ModelServer(guarded.repo) as server:
        guarded.works(server, "first")
        guarded.run(str(TOKCOST), "guard", "install", guarded.assistant.name, "--block", "--yes")
        figures = json.loads(guarded.run(str(TOKCOST), "log", "--json"))["totals"]
        guarded.run("git", "config", "tokcost.budgetBranch", figures["list_cost"])  # not over before this prompt
        guarded.works(server, "second")
        assert not (guarded.repo / "second").exists()
