"""Clones beside each other, which are moved, restored, made again and replaced."""

import os
import shutil
from pathlib import Path

from support.hooked import REPLY, Hooked
from tokcost.services.look_at_clone import state_here
from tokcost.services.refresh import refresh
from tokcost.services.summarise import LogOptions, summarise


class Folders:
    """Clones beside each other, of one person, which the disk dates by the test's clock; `repo` is one with cost lines
    switched on."""

    def __init__(self, folder: Path) -> None:
        self.first = Hooked(folder, rooted=True)
        self.folder = folder
        self._made_now("repo/.git")

    def git(self, name: str, *words: str) -> None:
        self.first.now += 1
        self.first.git(*words, cwd=self.folder / name)

    def commit(self, name: str) -> None:
        who = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "core.hooksPath=/dev/null")
        self.git(name, *who, "commit", "-q", "--allow-empty", "-m", f"In {name}")

    def make_project(self, name: str) -> None:
        (self.folder / name).mkdir(parents=True)
        self.init(name)
        self.commit(name)

    def init(self, name: str) -> None:
        self.git(name, "init", "-q", "-b", "main")
        self._made_now(f"{name}/.git")

    def clone(self, name: str, new: str, *, bare: bool = False) -> None:
        self.git(name, "clone", "-q", *(["--bare"] if bare else []), ".", str(self.folder / new))
        self._made_now(new if bare else f"{new}/.git")

    def _made_now(self, git_dir: str) -> None:
        os.utime(self.folder / git_dir / "description", (self.first.now, self.first.now))

    def restore(self, name: str) -> None:
        """As from a backup: the same files in another folder."""
        copy = self.folder / "restored"
        shutil.copytree(self.folder / name, copy, symlinks=True)
        shutil.rmtree(self.folder / name)
        copy.rename(self.folder / name)

    def replace(self, name: str) -> None:
        """Another project instead, of which nobody has seen anything."""
        shutil.rmtree(self.folder / name)
        self.make_project(name)

    def move(self, old: str, new: str) -> None:
        (self.folder / old).rename(self.folder / new)

    def spend(self, name: str, replies: int = 1, session: str = "session-1") -> None:
        for _ in range(replies):
            self.first.spend(cwd=self.folder / name, sessionId=session)

    def shown(self, *names: str) -> dict[str, int]:
        """The replies that `tokcost log` shows in each, asked in this order."""
        return {name: self._shown(name) for name in names}

    def _shown(self, name: str) -> int:
        return self.balance(name).get("total", 0)

    def balance(self, name: str) -> dict[str, int]:
        """The replies of one clone by what became of them."""
        refresh(self.first.ledger_home, self.first.environ, here=state_here(self.folder / name))
        (summary,) = summarise(self.first.ledger_home, self.folder / name, LogOptions())
        found = summary.conservation
        assert found.closes
        parts = ("total", "carried", "withheld", "bound", "pending", "unplaced")
        return {part: getattr(found, part)[0] // REPLY for part in parts if getattr(found, part)[0]}

    def run(self, name: str, *words: str, code: int = 0, **environ: str) -> str:
        done = self.first.tokcost(*words, cwd=self.folder / name, **environ)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def holds(self, words: str) -> bool:
        """Whether the ledger has these bytes."""
        return any(words.encode() in path.read_bytes() for path in self.first.ledger_home.glob("ledger.db*"))
