"""Write a Claude Code corpus of a given size, with the repositories it happened in and the truth beside it.

    python benchmarks/corpus.py --size 1G DIR         DIR/.claude/projects, DIR/src (repositories), DIR/truth.json
    python benchmarks/corpus.py --kind older DIR      as versions of Claude Code before 2.1.59 wrote it
    python benchmarks/corpus.py --append 100k DIR     more lines at the end of the newest transcript

The same seed, size, kind and DIR give the same bytes. Paths of the repositories are in the logs, so a corpus cannot be
moved.
"""

import argparse
import json
import os
import random
import re
import subprocess
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from claude_lines import Identifiers, Texts
from sessions import CLASSES, VERSIONS, Session, Tokens, no_tokens

BEGIN = datetime(2026, 9, 1, tzinfo=UTC)
DAY_MS = 86_400_000
BEGIN_MS = int(BEGIN.timestamp() * 1000)
DAYS = 60
REPOSITORIES = ("atlas", "borealis", "cobalt", "dune", "ember", "fjord")
BRANCHES = ("main", "feat/x")
UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9}
WRITE_BLOCK = 1 << 20


@dataclass
class Truth:
    """What the transcripts say was billed, counted while they were written."""

    kind: str = "recent"
    """Whose versions' lines they are, a key of `VERSIONS`."""
    size: int = 0
    files: int = 0
    usage_lines: int = 0
    responses: int = 0
    tokens: Tokens = field(default_factory=no_tokens)
    models: dict[str, Tokens] = field(default_factory=lambda: defaultdict(no_tokens))
    repositories: dict[str, dict[str, Tokens]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(no_tokens))
    )
    """By the repository's root and the branch that was checked out."""

    def count(self, root: str, branch: str, model: str, tokens: Tokens) -> None:
        """Add one billed response."""
        self.responses += 1
        for sums in (self.tokens, self.models[model], self.repositories[root][branch]):
            for name in CLASSES:
                sums[name] += tokens[name]

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        path.write_text(json.dumps(vars(self), indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> "Truth":
        """Read it back, to count on."""
        truth = cls()
        known: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        truth.kind, truth.size, truth.files = known.get("kind", "recent"), known["size"], known["files"]
        truth.usage_lines, truth.responses = known["usage_lines"], known["responses"]
        truth.tokens = known["tokens"]
        truth.models.update(known["models"])
        for root, branches in known["repositories"].items():
            truth.repositories[root].update(branches)
        return truth


def branch_at(time_ms: int) -> str:
    """The branch checked out at a moment: the two take turns, a day each."""
    return BRANCHES[(time_ms - BEGIN_MS) // DAY_MS % 2]


def make_repository(root: Path) -> None:
    """A real repository whose reflog shows the daily switches of `branch_at`, with a sub-folder to work in."""
    (root / "src").mkdir(parents=True)

    def git(seconds: int, *arguments: str) -> None:
        date = f"{BEGIN_MS // 1000 + seconds} +0000"
        names = {f"GIT_{who}_{what}": "bench" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        dates = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date, "GIT_CONFIG_GLOBAL": os.devnull}
        subprocess.run(["git", "-C", root, *arguments], env=os.environ | names | dates, check=True)

    git(-7200, "init", "--quiet", "--initial-branch", BRANCHES[0])
    git(-7200, "commit", "--quiet", "--allow-empty", "-m", "Begin")
    git(-3600, "switch", "--quiet", "-c", BRANCHES[1])
    git(-1800, "switch", "--quiet", BRANCHES[0])
    for day in range(1, DAYS + 2):
        git(day * 86_400, "switch", "--quiet", BRANCHES[day % 2])


class Writer:
    """Writes transcripts below a folder and counts what they hold."""

    def __init__(self, folder: Path, truth: Truth, seed: int) -> None:
        self._projects = folder / ".claude" / "projects"
        self._roots = [str(folder / "src" / name) for name in REPOSITORIES]
        self._truth = truth
        self._versions = VERSIONS[truth.kind]
        self._rng = random.Random(seed)
        self._ids = Identifiers(self._rng)
        self._texts = Texts(self._rng)

    def session(self) -> None:
        """One session of about a megabyte, with a sub-agent's file in one session of five."""
        rng = self._rng
        started = BEGIN_MS + rng.randrange(DAYS * DAY_MS)
        root = rng.choice(self._roots)
        cwd = f"{root}/src" if rng.random() < 0.1 else root
        main = self._start(root, cwd, self._ids.uuid(), rng.choice(self._versions), started)
        path = self._projects / re.sub(r"[^A-Za-z0-9]", "-", cwd) / f"{main.session.decode()}.jsonl"
        exchanges = 1 + int(rng.lognormvariate(3.25, 0.9))
        self._write(path, self._lines(main, exchanges, path.with_suffix("")))

    def more(self, path: Path, size: int) -> None:
        """At least `size` more bytes at the end of a transcript, continuing its session."""
        with path.open("rb") as file:
            line = next(line for line in file if b'"cwd":"' in line)
        cwd = json.loads(line)["cwd"]
        root = cwd.removesuffix("/src")
        after = BEGIN_MS + (DAYS + 1) * DAY_MS + path.stat().st_size
        session = self._start(root, cwd, path.stem.encode(), self._versions[0], after)
        before = self._truth.size
        while self._truth.size - before < size:
            self._write(path, session.exchange())

    def _start(self, root: str, cwd: str, session: bytes, version: str, time_ms: int) -> Session:
        def bill(billed_ms: int, model: str, tokens: Tokens) -> None:
            self._truth.count(root, branch_at(billed_ms), model, tokens)

        return Session(self._rng, self._ids, self._texts, cwd, branch_at, bill, session, version, time_ms)

    def _lines(self, main: Session, exchanges: int, folder: Path) -> Iterator[bytes]:
        started = main.time_ms
        helped_after = exchanges // 2 if self._rng.random() < 0.2 else None
        for number in range(exchanges):
            yield from main.exchange()
            if number == helped_after:
                yield self._agent(main, folder / "subagents")
        yield main.closing(started)

    def _agent(self, main: Session, folder: Path) -> bytes:
        root = main.cwd.removesuffix("/src")
        agent = self._start(root, main.cwd, main.session, main.version, main.time_ms)
        agent.agent_id = self._ids.uuid().replace(b"-", b"")[:17]
        agent.totals = main.totals
        exchanges = self._rng.randint(4, 30)
        path = folder / f"agent-{agent.agent_id.decode()}.jsonl"
        self._write(path, (line for _ in range(exchanges) for line in agent.exchange()))
        return main.agent_result(agent, dict.fromkeys(CLASSES, 999))

    def _write(self, path: Path, lines: Iterator[bytes]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._truth.files += not path.exists()
        with path.open("ab", buffering=WRITE_BLOCK) as file:
            for line in lines:
                self._truth.size += file.write(line)
                self._truth.usage_lines += b'"type":"assistant"' in line[-400:]


def create(folder: Path, kind: str, size: int, seed: int, progress: Callable[[int], None]) -> Truth:
    """A new corpus of at least `size` bytes of transcripts of a kind of versions."""
    for name in REPOSITORIES:
        make_repository(folder / "src" / name)
    truth = Truth(kind)
    writer = Writer(folder, truth, seed)
    while truth.size < size:
        writer.session()
        progress(truth.size)
    truth.save(folder / "truth.json")
    return truth


def append(folder: Path, size: int) -> Truth:
    """At least `size` more bytes at the end of the newest transcript."""
    truth = Truth.load(folder / "truth.json")
    newest = max((folder / ".claude" / "projects").glob("*/*.jsonl"), key=lambda path: path.stat().st_mtime_ns)
    Writer(folder, truth, seed=truth.size).more(newest, size)
    truth.save(folder / "truth.json")
    return truth


def bytes_of(text: str) -> int:
    """A size in bytes from `100k`, `1.5G` and the like (powers of ten)."""
    match = re.fullmatch(r"([0-9.]+)([kMG]?)B?", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size; write 1G, 250M or 100k")
    return int(float(match[1]) * UNITS[match[2]])


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--size", type=bytes_of, default=bytes_of("1G"), help="bytes of transcripts (default 1G)")
    parser.add_argument(
        "--kind", choices=list(VERSIONS), default="recent", help="versions of Claude Code that wrote it"
    )
    parser.add_argument("--append", type=bytes_of, metavar="N", help="add N bytes to the newest transcript instead")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    folder: Path = arguments.folder.resolve()
    if arguments.append:
        truth = append(folder, arguments.append)
    elif folder.exists() and any(folder.iterdir()):
        parser.error(f"{folder} is not empty; name a new folder, or add to this one with --append")
    else:
        progress = lambda done: print(f"\r{done / 1e6:,.0f} MB", end="")  # noqa: E731
        truth = create(folder, arguments.kind, arguments.size, arguments.seed, progress)
    print(f"\r{truth.size:,} bytes, {truth.files} files, {truth.responses:,} responses on {truth.usage_lines:,} lines")


if __name__ == "__main__":
    main()
