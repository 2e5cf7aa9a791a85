"""A home folder and a repository where an assistant works, and what tokcost and the server say of it."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from real_assistants.assistants import Assistant, Run
from real_assistants.mock_models import Call, ModelServer

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
        self, server: ModelServer, plan: str, folder: Path | None = None, *, resume: bool = False, model: str = "",
        fork: bool = False, options: Sequence[str] = (),
    ) -> None:
        """Have the assistant work by a plan (mock_models.py)."""
        folder = folder or self.repo
        place = f" in {folder.name}" if folder.name == "other" else ""
        self.says(server, Run(f"[[plan{place}: {plan}]] Please do it.", model, resume, fork, options), folder)

    def says(self, server: ModelServer, run: Run, folder: Path | None = None) -> None:
        """Run the assistant once."""
        done = self.assistant.run(run, server.url, self.home, folder or self.repo)
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
