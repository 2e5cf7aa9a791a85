"""A team that works for a year in real clones with real hooks, and the truth in plain dictionaries beside it.

Nothing in here asks our code for anything: what a reply costs, which commit took what was spent before it, and what
became of the commit is kept by hand as the story goes on.
"""

import json
import os
import random
import subprocess
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

DAY, WEEK = 86_400, 7 * 86_400
START = 1_767_600_000  # Monday, 5 January 2026, 8:00 UTC
COST, TOKENS = "cost", "tokens"
Amount = Counter[str]
"""Nano-dollars and tokens."""
OPUS = {"input": 5_000, "read": 500, "w5m": 6_250, "w1h": 10_000, "output": 25_000}
CODEX = {"input": 1_250, "read": 125, "output": 10_000}
"""List price of a token in nano-dollars, typed in from the providers' pages. The counts below are chosen so that every
reply is a whole number of the 0.0001 USD that a line can say."""
QUIET = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_EDITOR": "true",
    "GIT_SEQUENCE_EDITOR": "true",
}


def together(amounts: Iterable[Amount]) -> Amount:
    """Their sum."""
    found: Amount = Counter()
    for amount in amounts:
        found.update(amount)
    return +found


class Entry:
    """A commit of a branch, and what each person's lines in it are worth."""

    def __init__(self, subject: str, is_merge: bool = False) -> None:
        self.subject, self.is_merge = subject, is_merge
        self.by: dict[str, Amount] = {}

    def add(self, who: str, amount: Amount) -> None:
        self.by.setdefault(who, Counter()).update(amount)

    @property
    def amount(self) -> Amount:
        return together(self.by.values())


class Change:
    """What a merge to main brought, as the report should tell it."""

    def __init__(self, commit: str, number: int | None, month: str, entries: list[Entry]) -> None:
        self.commit, self.number, self.month, self.entries = commit, number, month, entries
        self.state, self.reverted = "merged", 0
        self.commits: list[str] = []
        """The commits of a merge, for one of them to be reverted."""

    @property
    def amount(self) -> Amount:
        return together(entry.amount for entry in self.entries)


class Person:
    """Somebody with a HOME, two assistants and a ledger; the clone may be shared."""

    def __init__(self, year: "Year", name: str, clone: Path, precision: str) -> None:
        self.year, self.name, self.clone, self.precision = year, name, clone, precision
        self.author = name
        """Whose commits these are; a forge makes them in the name of others."""
        self.home = year.folder / "people" / name
        self.home.mkdir(parents=True)
        self.spent: Amount = Counter()
        self.pending: dict[str, Amount] = {}
        """By branch: what no commit has taken."""
        self.replies = 0
        self.has_missed = False
        """Whether our hook gave up, as it must on a machine that stands still: the next commit takes it all."""

    @property
    def environ(self) -> dict[str, str]:
        now = f"{self.year.now} +0000"
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("GIT_", "TOKCOST_", "XDG_", "CODEX_", "CLAUDE_"))
        }
        person: dict[str, str] = {}
        for role, name in (("AUTHOR", self.author), ("COMMITTER", self.name)):
            who = {"NAME": name, "EMAIL": f"{name}@example.com", "DATE": now}
            person |= {f"GIT_{role}_{key}": value for key, value in who.items()}
        own = {"HOME": str(self.home), "TOKCOST_HOME": str(self.home / "tokcost"), "TOKCOST_DEADLINE": "60"}
        return kept | QUIET | person | own | {"TOKCOST_NOW": str(self.year.now)}

    def git(self, *args: str, cwd: Path | None = None) -> str:
        self.year.now += 1
        out, said = run(["git", *args], cwd or self.clone, self.environ)
        self.has_missed |= "the usage stays pending" in said
        assert "tokcost: " not in said or self.has_missed, said
        return out

    def branch(self) -> str:
        return self.git("symbolic-ref", "--short", "HEAD")

    def spend(self, replies: int, on: str) -> None:
        """So many replies of one of the assistants, counted for the branch `on`."""
        for _ in range(replies):
            self.year.now += 20
            amount = self._claude() if self.year.chance.random() < 0.7 else self._codex()
            self.spent.update(amount)
            self.pending.setdefault(on, Counter()).update(amount)
        self.year.now += 5

    def take(self, branch: str) -> Amount:
        """What a commit takes."""
        if self.has_missed:
            self.has_missed = False
            return Counter()
        return self.pending.pop(branch, Counter())

    def _claude(self) -> Amount:
        some = self.year.chance.randint
        counts = {"input": 20 * some(1, 50), "read": 200 * some(0, 2000), "w5m": 16 * some(0, 500),
                  "w1h": 10 * some(0, 300), "output": 4 * some(1, 3000)}  # fmt: skip
        self.replies += 1
        name = f"{self.name}_{self.replies}"
        usage = {
            "input_tokens": counts["input"],
            "cache_read_input_tokens": counts["read"],
            "cache_creation_input_tokens": counts["w5m"] + counts["w1h"],
            "output_tokens": counts["output"],
            "cache_creation": {"ephemeral_5m_input_tokens": counts["w5m"], "ephemeral_1h_input_tokens": counts["w1h"]},
        }
        message = {"id": f"msg_{name}", "type": "message", "role": "assistant", "model": "claude-opus-4-5",
                   "content": [{"type": "text", "text": "words"}], "stop_reason": "end_turn",
                   "usage": usage}  # fmt: skip
        line = {"type": "assistant", "uuid": name, "requestId": f"req_{name}", "timestamp": iso(self.year.now),
                "cwd": str(self.clone), "sessionId": f"s-{self.name}", "version": "2.1.330",
                "gitBranch": self.branch(), "message": message}  # fmt: skip
        self._append(self.home / f".claude/projects/repo/s-{self.name}.jsonl", line)
        return worth(counts, OPUS)

    def _codex(self) -> Amount:
        some = self.year.chance.randint
        counts = {"input": 80 * some(1, 900), "read": 800 * some(0, 400), "output": 10 * some(1, 900)}
        moment = datetime.fromtimestamp(self.year.now, UTC)
        day = moment.strftime("%Y/%m/%d")
        thread = f"019a0000-0000-7000-8000-{int(moment.strftime('%y%m%d')):06d}{self.year.people.index(self):06x}"
        path = self.home / f".codex/sessions/{day}/rollout-{thread}.jsonl"
        usage = {"input_tokens": counts["input"] + counts["read"], "cached_input_tokens": counts["read"],
                 "output_tokens": counts["output"], "reasoning_output_tokens": 0}  # fmt: skip
        usage["total_tokens"] = usage["input_tokens"] + usage["output_tokens"]
        before: dict[str, int] = {}
        if path.exists():
            before = json.loads(path.read_text().splitlines()[-1])["payload"]["info"]["total_token_usage"]
        else:
            meta = {"id": thread, "timestamp": iso(self.year.now), "cwd": str(self.clone),
                    "git": {"branch": self.branch()}, "model_provider": "openai"}  # fmt: skip
            self._append(path, {"timestamp": iso(self.year.now), "type": "session_meta", "payload": meta})
        turn = {"turn_id": f"{self.year.now}", "model": "gpt-5.1-codex", "cwd": str(self.clone)}
        total = {key: value + before.get(key, 0) for key, value in usage.items()}
        told = {
            "type": "token_count",
            "info": {"total_token_usage": total, "last_token_usage": usage},
            "rate_limits": {},
        }
        self._append(path, {"timestamp": iso(self.year.now), "type": "turn_context", "payload": turn})
        self._append(path, {"timestamp": iso(self.year.now), "type": "event_msg", "payload": told})
        return worth(counts, CODEX)

    @staticmethod
    def _append(path: Path, line: Mapping[str, Any]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as stream:
            stream.write(json.dumps(line, separators=(",", ":")) + "\n")


class Year:
    """The origin, the clones, the clock, and what is true."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self.folder, self.chance, self.now = folder, chance, START
        self.origin = folder / "origin.git"
        self.changes: list[Change] = []
        self.commits, self.with_line = 1, 0
        """On main, merges left out; the first is the root."""
        self.releases: dict[str, list[Change]] = {}
        self.open: dict[str, list[Entry]] = {}
        """Branches on the origin that are not merged."""
        self.people: list[Person] = []
        self.entries: list[Entry] = []
        """Every commit there ever was."""
        self.numbers = 0

    @property
    def month(self) -> str:
        return datetime.fromtimestamp(self.now, UTC).strftime("%Y-%m")

    def landed(self, change: Change, commits: list[Entry]) -> None:
        """A change is on main, with so many commits that are no merges."""
        self.commits += len(commits)
        self.with_line += sum(bool(entry.amount) for entry in commits)
        self.changes.append(change)


def worth(counts: Mapping[str, int], prices: Mapping[str, int]) -> Amount:
    cost = sum(count * prices[name] for name, count in counts.items())
    assert cost % 100_000 == 0
    return Counter({COST: cost, TOKENS: sum(counts.values())})


def iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.500Z")


def run(words: list[str], cwd: Path, environ: Mapping[str, str]) -> tuple[str, str]:
    """What a program prints, and what it says on standard error."""
    done = subprocess.run(words, cwd=cwd, env=dict(environ), capture_output=True, text=True, check=False)
    assert done.returncode == 0, (words, done.stderr, done.stdout)
    return done.stdout.strip(), done.stderr
