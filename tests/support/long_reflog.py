"""The reflog of years of work, written as git writes it, without the years."""

import random
from pathlib import Path

from support.git_sandbox import T0


def write_long_reflog(repository: Path, seed: int, entries: int) -> None:
    """Give a repository a reflog of commits, switches, new branches, rebases, detours and renames."""
    work = _Work(repository / ".git", random.Random(seed))
    work.entry("commit (initial): root", work.some_commit())
    while len(work.lines) < entries:
        work.second += work.rng.choice((0, 1, 7, 300))
        (action,) = work.rng.choices(_ACTIONS, [60, 20, 5, 5, 3, 7])
        action(work)
    (work.git_dir / "logs/HEAD").write_text("".join(work.lines))
    (work.git_dir / "HEAD").write_text(f"ref: refs/heads/{work.here}\n")


class _Work:
    def __init__(self, git_dir: Path, rng: random.Random) -> None:
        self.git_dir, self.rng = git_dir, rng
        self.branches, self.here, self.second, self.head = ["main"], "main", T0, "1" * 40
        self.lines: list[str] = []

    def some_commit(self) -> str:
        return f"{self.rng.getrandbits(160):040x}"

    def entry(self, message: str, new: str = "") -> None:
        self.lines.append(f"{self.head} {new or self.head} Ada <a@b.c> {self.second} +0000\t{message}\n")
        self.head = new or self.head

    def commit(self) -> None:
        self.entry("commit: work", self.some_commit())

    def switch(self) -> None:
        there = self.rng.choice(self.branches)
        if there != self.here:
            self.entry(f"checkout: moving from {self.here} to {there}", self.some_commit())
            self.here = there

    def create(self) -> None:
        there = f"b{len(self.lines)}"
        born = f"{'0' * 40} {self.head} Ada <a@b.c> {self.second} +0000\tbranch: Created from HEAD\n"
        (self.git_dir / "logs/refs/heads" / there).write_text(born)
        self.entry(f"checkout: moving from {self.here} to {there}")
        self.branches.append(there)
        self.here = there

    def rebase(self) -> None:
        self.entry(f"rebase (start): checkout {self.rng.choice(self.branches)}", self.some_commit())
        self.second += self.rng.choice((0, 30))
        self.entry("rebase (pick): work", self.some_commit())
        self.entry(f"rebase (finish): returning to refs/heads/{self.here}")

    def detach(self) -> None:
        self.entry(f"checkout: moving from {self.here} to {self.head}")
        self.second += 5
        self.entry(f"checkout: moving from {self.head} to {self.here}")

    def rename(self) -> None:
        if self.here == "main":
            return
        there, logs = f"r{len(self.lines)}", self.git_dir / "logs/refs/heads"
        for _ in range(2):
            self.entry(f"Branch: renamed refs/heads/{self.here} to refs/heads/{there}")
        if (logs / self.here).exists():
            (logs / self.here).rename(logs / there)
        self.branches[self.branches.index(self.here)] = there
        self.here = there


_ACTIONS = (_Work.commit, _Work.switch, _Work.create, _Work.rebase, _Work.detach, _Work.rename)
