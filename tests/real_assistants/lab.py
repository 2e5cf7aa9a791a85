"""A home folder and a repository where an assistant works, and what tokcost and the server say of it."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import Any

from real_assistants.assistants import Assistant, Run
from real_assistants.dialects.common import Kind
from real_assistants.mock_models import Call, ModelServer

CLASSES = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output")
PROGRAM = "from tokcost.cli.start import main; main()"
UNLOGGED: dict[str, set[Kind]] = {
    "opencode": {"title"},
    "gemini-cli": {"summary"},
    "qwen-code": {"suggestion"},
    "claude-code": {"trial"},
}
"""Requests of which an assistant writes nothing (docs/assistants.md)."""
Spent = dict[str, Counter[str]]
"""Tokens by branch and class."""


class Lab:
    """A home folder, a repository with the branches main, feat/a and feat/b, and an assistant."""

    def __init__(self, folder: Path, assistant: Assistant) -> None:
        self.assistant = assistant
        self.folder, self.home, self.repo = folder, folder / "home", folder / "repo"
        self.other = folder / "other"
        """The place of a second worktree, or of a link."""
        self.neighbours: tuple[str, ...] = ()
        """Other assistants that work here."""
        self.home.mkdir()
        self.repo.mkdir()
        self.git("init", "-q", "-b", "main")
        for name in ("user.name", "user.email"):
            self.git("config", name, "dev")  # of commits that the agent makes
        self.git("commit", "-q", "--allow-empty", "-m", "Begin")
        self.git("branch", "feat/a")
        self.git("branch", "feat/b")

    def shared_with(self, assistant: Assistant) -> "Lab":
        """The same home and repository, for another assistant."""
        shared = copy(self)
        shared.assistant, shared.neighbours = assistant, (self.assistant.name,)
        self.neighbours = (assistant.name,)
        return shared

    def git(self, *words: str) -> None:
        """Run git in the repository."""
        who = {f"GIT_{role}_{what}": "dev" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.home), **who}
        subprocess.run(["git", *words], cwd=self.repo, env=environ, check=True, capture_output=True)

    def works(
        self,
        server: ModelServer,
        plan: str,
        folder: Path | None = None,
        *,
        resume: bool = False,
        model: str = "",
        fork: bool = False,
        options: Sequence[str] = (),
    ) -> None:
        """Have the assistant work by a plan (mock_models.py)."""
        folder = folder or self.repo
        place = " in other" if folder == self.other and not folder.is_symlink() else ""
        self.says(server, Run(f"[[plan{place}: {plan}]] Please do it.", model, resume, fork, options), folder)

    def says(self, server: ModelServer, run: Run, folder: Path | None = None) -> None:
        """Run the assistant once."""
        done = self.assistant.run(run, server.url, self.home, folder or self.repo)
        assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}"

    def models(self) -> Counter[str]:
        """Responses by model, as `tokcost log` tells."""
        count: Counter[str] = Counter()
        for row in self.log()["branches"]:
            count.update({model: figures["usage"] for model, figures in row["models"].items()})
        return count

    def told(self) -> Spent:
        """Tokens by branch, as `tokcost log` tells; those of no branch under an empty name."""
        document = self.log()
        assert document["skipped"]["records"] == 0
        rows = [row for row in document["branches"] if row["usage"]]
        assert {name for row in rows for name in row["assistants"]} <= {self.assistant.name, *self.neighbours}
        told = {row["branch"]: +Counter({one: row["tokens"][one] for one in CLASSES}) for row in rows}
        if document["unplaced"]["usage"]:
            told[""] = +Counter({one: document["unplaced"]["tokens"][one] for one in CLASSES})
        return told

    def names(self) -> set[str]:
        """The assistants that `tokcost log` names."""
        return {name for row in self.log()["branches"] for name in row["assistants"]}

    def log(self) -> dict[str, Any]:
        """What `tokcost log --json` tells."""
        return json.loads(self.tokcost("log", "--json"))

    def tokcost(self, *words: str, folder: Path | None = None) -> str:
        """Run tokcost in the repository, or in a folder; what it prints."""
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.home)}
        command = [sys.executable, "-P", "-c", PROGRAM, *words]
        return subprocess.run(
            command, cwd=folder or self.repo, env=environ, capture_output=True, text=True, check=True
        ).stdout

    def logged(self, server: ModelServer) -> list[Call]:
        """The calls that were billed, without those that this assistant does not log."""
        assert not server.unknown
        unlogged = set[Kind]().union(*(UNLOGGED.get(name, ()) for name in (self.assistant.name, *self.neighbours)))
        return [call for call in server.calls if call.kind not in unlogged]

    def billed(self, server: ModelServer, now_called: Mapping[str, str] | None = None, *, cut: bool = True) -> Spent:
        """The truth: what was billed on each branch, under the name that it has now. Without `cut` replies that broke
        off are left out."""
        spent: Spent = {}
        for call in self.logged(server):
            if cut or not call.is_cut:
                branch = (now_called or {}).get(call.branch, call.branch)
                spent.setdefault(branch, Counter()).update({one: getattr(call.reply.counts, one) for one in CLASSES})
        return {branch: +counts for branch, counts in spent.items()}
