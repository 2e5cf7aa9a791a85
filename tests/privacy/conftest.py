"""A developer who has used everything once, in a repository whose every text is marked."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from privacy.tainting import CANARY
from support.hooked import Hooked

SESSION = "5e551000-0000-4000-8000-00000000f3a9"
ACCOUNT = "acc0f3a9-0000-4000-8000-000000000001"
AUTHOR = "A U Thor"
EMAIL = "author@example.com"

WATCHED = """
import os, sys
FORBIDDEN = {"socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"}
def watch(event, args):
    if event in FORBIDDEN:
        os.write(2, b"NETWORK " + event.encode() + b" " + repr(args).encode() + b"\\n")
        os._exit(99)
    if event == "subprocess.Popen" or event == "os.posix_spawn":
        os.write(2, b"PROGRAM " + os.fsencode(args[0]) + b"\\n")
sys.addaudithook(watch)
from tokcost.cli.start import main
main()
"""
"""tokcost, which says what it starts, and ends with 99 where it would open a connection."""

COMMANDS: dict[str, list[list[str]]] = {
    "log": [["log"], ["log", "--json"], ["log", "--csv"], ["log", "--by", "session"], ["log", "main"],
            ["log", "--all-repos"]],
    "status": [["status"], ["status", "--json"]],
    "preview": [["preview"]],
    "why": [["why"], ["why", "--json"]],
    "doctor": [["doctor"], ["doctor", "--json"], ["doctor", "--forge"]],
    "check": [["check"]],
    "budget": [["budget", "set", "1000", "--branch"], ["budget"], ["budget", "check"]],
    "hooks": [["hooks", "status"]],
    "plan": [["plan", "set", "claude", "max_20x", "200", "--since", "2020-10-01"], ["plan"]],
    "prices": [["prices", "explain", "claude-opus-4-5"], ["prices", "list"]],
    "assign": [["assign", "feat/other", "--from", "main", "--dry-run"]],
    "report": [["report"], ["report", "--json"], ["report", "--csv"], ["report", "--markdown"],
               ["report", "--by", "month"], ["report", "--html", "{out}/report.html"]],
    "export": [["export", "usage", "-o", "{out}/usage.csv"], ["export", "focus", "-o", "{out}/focus.csv"],
               ["export", "focus", "--profile", "history", "-o", "{out}/history.csv"],
               ["export", "metrics", "-o", "{out}/metrics.prom"]],
    "collect": [["collect", ".", "--into", "{out}/costs"]],
    "dataset": [["dataset", "check", "{out}/costs"], ["dataset", "compact", "{out}/costs"]],
    "otel": [["otel", "check"]],
    "guard": [["guard", "install", "claude-code", "--yes"], ["guard", "status"], ["guard", "uninstall", "claude-code"]],
    "enable": [["enable", "--yes"]],
    "disable": [["disable"]],
    "purge": [["purge", "--session", SESSION, "--dry-run"]],
    "demo": [["demo"]],
    "uninstall": [["uninstall", "--yes"]],
}  # fmt: skip
"""Every command but `lsp`, which all tests of tests/lsp watch in the same way, and those that use the network."""
NETWORK = {"reconcile"}
"""Also `otel serve`, which listens on loopback, and `collect` with an address."""


class Developer(Hooked):
    """A repository with marked logs and two commits that carry lines, one amended."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, rooted=True)
        self.out = folder / "out"
        self.out.mkdir()
        self.say()
        self.git("branch", "feat/other")
        self.work("First")
        self.work("Second")
        self.change()
        self.hooked("--amend", "--no-edit")
        self.say()

    def say(self) -> None:
        """Write what an assistant's log holds beside counts: words of people and models, names, arguments, results."""
        words = {"content": CANARY, "toolUseResult": {"stdout": CANARY, "file": {"content": CANARY}}}
        self.spend(text=CANARY, sessionId=SESSION, **words, slug=CANARY, userType=CANARY, accountUuid=ACCOUNT,
                   emailAddress=EMAIL, thinkingMetadata={"triggers": [CANARY]})  # fmt: skip
        folder = self.home / ".claude/projects/repo"
        tool = {
            "type": "tool_use",
            "id": "t1",
            "name": "Bash",
            "input": {"command": f"git switch {CANARY}; echo {CANARY}"},
        }
        prompt = {"type": "user", "message": {"role": "user", "content": [{"type": "text", "text": CANARY}, tool]}}
        for line in (prompt, {"type": "summary", "summary": CANARY, "leafUuid": CANARY}):
            with (folder / "session-1.jsonl").open("a", encoding="utf-8") as log:
                log.write(json.dumps(line | {"sessionId": SESSION, "cwd": str(self.path)}) + "\n")
        (self.home / ".claude.json").write_text(
            json.dumps({"oauthAccount": {"emailAddress": EMAIL, "accountUuid": ACCOUNT}})
        )

    def watched(self, *words: str, before: tuple[str, ...] = (), **more: str) -> "subprocess.CompletedProcess[str]":
        """A command of ours as a process of its own, watched."""
        program = [*before, sys.executable, "-P", "-c", WATCHED, *(word.format(out=self.out) for word in words)]
        return subprocess.run(
            program, cwd=self.path, env=self.watched_environ | more, capture_output=True, text=True, check=False
        )

    @property
    def watched_environ(self) -> dict[str, str]:
        """The environment, with a cache of its own."""
        return self.environ | {"XDG_CACHE_HOME": str(self.home / "cache"), "PATH": os.environ["PATH"]}

    def everything(self) -> dict[str, "subprocess.CompletedProcess[str]"]:
        """Every command once, in this order; its words and how it ended."""
        return {" ".join(words): self.watched(*words) for many in COMMANDS.values() for words in many}

    def kept(self) -> list[Path]:
        """Every file that tokcost may have written."""
        git = [path for name in ("tokcost*", "TOKCOST*", "hooks/*") for path in self.common_dir.glob(name)]
        roots = [self.ledger_home, self.home / "cache", self.home / ".cache", self.home / ".local", self.out, *git]
        return [path for root in roots for path in ([root] if root.is_file() else root.rglob("*")) if path.is_file()]

    def holding(self, word: str) -> list[str]:
        """Those of them in which these bytes are."""
        return [path.name for path in self.kept() if word.encode() in path.read_bytes()]


class Used(NamedTuple):
    """A developer, and how every command of theirs ended, by its words."""

    developer: Developer
    ended: dict[str, "subprocess.CompletedProcess[str]"]


@pytest.fixture
def developer(tmp_path: Path) -> Developer:
    return Developer(tmp_path)


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Used:
    """A developer who has run every command; only to be looked at."""
    developer = Developer(tmp_path_factory.mktemp("used"))
    return Used(developer, developer.everything())
