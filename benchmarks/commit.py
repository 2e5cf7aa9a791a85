"""What our hooks add to `git commit`, beside no hooks and beside the pre-commit framework with one idle hook.

    python benchmarks/commit.py --size 1G --usage 1000000

The commits are made in turn in clones of one repository, so that a slow moment meets all of them; each is preceded by a
reply of the assistant, so that there is something to import, to claim and to write. Wall time of whole `git commit`
processes; medians, and what is more than without hooks. A second table has a repository of many files, a third an
editor that is open, whose server does the work of the hooks, a fourth a ledger that another process keeps locked.
"""

import argparse
import json
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "lsp_server"), str(HERE.parent / "hooks"), str(HERE.parent / "tests")]

from support.claude_lines import append, assistant, counts  # noqa: E402
from support.editor import Editor  # noqa: E402
from tokcost.ledger.open import open_ledger  # noqa: E402
from tokcost.ledger.record import insert_usage  # noqa: E402
from tokcost.ledger.rollup import Rollup  # noqa: E402
from tokcost.ledger.rows import Entry  # noqa: E402
from tokcost.local_server import reach  # noqa: E402
from tokcost.model.place import BranchPlace  # noqa: E402
from tokcost.model.usage import Tokens, Usage  # noqa: E402


class Clone(NamedTuple):
    """A repository whose commits are timed."""

    name: str
    path: Path


def main() -> None:
    """Measure and print the tables."""
    arguments = _arguments()
    corpus = arguments.corpus or Path(tempfile.gettempdir()) / f"tokcost-corpus-{arguments.size}"
    if not (corpus / "truth.json").exists():
        subprocess.run([sys.executable, HERE / "corpus.py", "--size", arguments.size, corpus], check=True)
    with tempfile.TemporaryDirectory() as scratch:
        world = World(Path(scratch), corpus, arguments)
        world.fill_ledger(arguments.usage)
        small, large = world.clones(10), world.clones(arguments.files)
        time.sleep(11)  # logs that have only just been laid are not remembered as known yet
        _print("a small repository", world.measure(small, arguments.rounds))
        _print(f"a repository of {arguments.files:,} files", world.measure(large, arguments.rounds))
        with world.server(small):
            _print("a small repository, `tokcost lsp` running", world.measure(small, arguments.rounds))
            print(f"\n`tokcost status`: {world.status(small[1], arguments.rounds):.0f} ms, `tokcost lsp` running")
        print(f"`tokcost status`: {world.status(small[1], arguments.rounds):.0f} ms, alone")
        with world.locked_ledger():
            _print("the ledger locked by another process", world.measure(small[:2], 5))


class World:
    """A machine with logs, a ledger and repositories."""

    def __init__(self, folder: Path, corpus: Path, arguments: argparse.Namespace) -> None:
        self.folder = folder
        self.tokcost = arguments.tokcost
        self._reply = 0
        home = folder / "home"
        shutil.copytree(corpus, home, copy_function=os.link)
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        person = {
            f"GIT_{role}_{key}": f"{key.lower()}@example.com"
            for role in ("AUTHOR", "COMMITTER")
            for key in ("NAME", "EMAIL")
        }
        self.environ = (
            kept
            | person
            | {
                "HOME": str(home),
                "TOKCOST_HOME": str(folder / "ledger"),
                "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_CONFIG_GLOBAL": os.devnull,
                "PRE_COMMIT_HOME": str(folder / "pre-commit"),
            }
        )
        self.log = home / ".claude/projects/benchmark/session.jsonl"
        self.log.parent.mkdir(parents=True)

    def fill_ledger(self, usage: int) -> None:
        """Import the corpus, and make up as much usage of other repositories as is missing, spread over five years."""
        self.run(self.folder, self.tokcost, "log", "--all-repos", "--json")
        with open_ledger(self.folder / "ledger") as ledger:
            (known,) = ledger.db.execute("SELECT count(*) FROM usage").fetchone()
            repositories = [row[0] for row in ledger.db.execute("SELECT id FROM repository")]
            for start in range(known, usage, 50_000):
                rollup = Rollup()
                with ledger.transaction():
                    numbers = range(start, min(start + 50_000, usage))
                    insert_usage(
                        ledger, [_made_up(n, usage, repositories[n % len(repositories)]) for n in numbers], rollup
                    )
                    rollup.apply(ledger)

    def clones(self, files: int) -> list[Clone]:
        """Clones of one repository: without hooks, with ours, with ours and a budget that warns or blocks, with the
        pre-commit framework."""
        origin = self.folder / f"origin-{files}"
        (origin / "files").mkdir(parents=True)
        for number in range(files):
            folder = origin / "files" / str(number // 500)
            folder.mkdir(exist_ok=True)
            (folder / f"{number}.txt").write_text(f"{number}\n")
        nothing = {"id": "nothing", "name": "nothing", "entry": "true", "language": "system", "always_run": True}
        config = {"repos": [{"repo": "local", "hooks": [nothing | {"pass_filenames": False}]}]}
        (origin / ".pre-commit-config.yaml").write_text(json.dumps(config))
        commands = (
            ("init", "-q", "-b", "main"),
            ("config", "gc.auto", "0"),
            ("config", "maintenance.auto", "false"),
            ("add", "-A"),
            ("commit", "-q", "-m", "root"),
        )
        for command in commands:
            self.run(origin, "git", *command)
        names = ("no hooks", "tokcost", "tokcost and a budget", "tokcost and one that blocks", "pre-commit")
        found = [Clone(name, self.folder / f"{name}-{files}") for name in names]
        for clone in found:
            shutil.copytree(origin, clone.path)
            self.run(clone.path, "git", "update-index", "-q", "--refresh")
        for clone in found[1:4]:
            self.run(clone.path, self.tokcost, "enable", "--yes")
        for clone, more in ((found[2], ()), (found[3], ("--block",))):
            self.run(clone.path, self.tokcost, "budget", "set", "1000000", "--branch", *more)
        self.run(found[4].path, sys.executable, "-m", "pre_commit", "install")
        return found

    def measure(self, clones: list[Clone], rounds: int) -> dict[str, list[float]]:
        """Seconds of each commit, by name of the clone."""
        seconds: dict[str, list[float]] = {clone.name: [] for clone in clones}
        for number in range(rounds + 2):
            for clone in clones:
                self.spend(clone)
                (clone.path / "changed.txt").write_text(f"{number} {clone.name}\n")
                self.run(clone.path, "git", "add", "changed.txt")
                start = time.perf_counter()
                self.run(clone.path, "git", "commit", "-q", "-m", f"Change {number}")
                if number > 1:  # the first rounds warm caches
                    seconds[clone.name].append(time.perf_counter() - start)
        return seconds

    @contextmanager
    def server(self, clones: list[Clone]) -> Iterator[None]:
        """An editor that has one of the clones open."""
        with Editor(self.environ | {"PYTHONPATH": os.pathsep.join(sys.path[:3])}, clones[1].path) as editor:
            editor.open()
            while reach(str(self.folder / "ledger"), self.environ) is None:
                time.sleep(0.1)
            yield
            editor.quit()

    def status(self, clone: Clone, rounds: int) -> float:
        """Milliseconds of `tokcost status`, the median."""
        seconds: list[float] = []
        for _ in range(rounds):
            start = time.perf_counter()
            self.run(clone.path, self.tokcost, "status")
            seconds.append(time.perf_counter() - start)
        return statistics.median(seconds) * 1000

    @contextmanager
    def locked_ledger(self) -> Iterator[None]:
        """A process that keeps the ledger's write lock."""
        connection = sqlite3.connect(self.folder / "ledger" / "ledger.db", isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            connection.close()

    def run(self, cwd: Path, *command: str) -> None:
        """Run a program; it must succeed."""
        subprocess.run(command, cwd=cwd, env=self.environ, check=True, capture_output=True)

    def spend(self, clone: Clone) -> None:
        """Have the assistant log a reply in a clone."""
        self._reply += 1
        line = assistant(f"msg_{self._reply}", f"req_{self._reply}", time.time_ns() // 1_000_000, usage=counts())
        append(self.log, line | {"cwd": str(clone.path), "gitBranch": "main"})


_LAST_MS = 1_790_000_000_000
_FIVE_YEARS_MS = 5 * 365 * 86_400_000


def _made_up(number: int, of: int, repository: int) -> Entry:
    tokens = Tokens(3, 50_000, 1_000, 0, 300, 0)
    time_ms = _LAST_MS - _FIVE_YEARS_MS + number * _FIVE_YEARS_MS // of
    usage = Usage("claude-code", f"made-up-{number}", time_ms, "claude-sonnet-4-5", tokens)
    usage = usage._replace(session=f"session-{number // 200}", cwd=f"/made/up/{repository}")
    return Entry(usage, repository, None, BranchPlace(f"feat/{number // 1000}", "reflog"), 12_345_678, "priced", None)


def _print(title: str, seconds: dict[str, list[float]]) -> None:
    plain = statistics.median(seconds["no hooks"])
    print(f"\n{title}\n\n| `git commit` with | median ms | more than without, ms | 95 % within, ms |")
    print("|---|---|---|---|")
    for name, many in seconds.items():
        median, most = statistics.median(many), sorted(many)[int(len(many) * 0.95)]
        print(f"| {name} | {median * 1000:.0f} | {(median - plain) * 1000:.0f} | {most * 1000:.0f} |")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="1G", help="size of the logs on disk (default 1G)")
    parser.add_argument("--corpus", type=Path, help="an existing corpus, or where to make it")
    parser.add_argument("--usage", type=int, default=1_000_000, help="usage in the ledger (default 1000000)")
    parser.add_argument("--files", type=int, default=50_000, help="files of the large repository")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--tokcost", default=str(HERE.parent / ".venv/bin/tokcost"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
