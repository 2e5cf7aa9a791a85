"""What `tokcost report --rework` takes on long histories of several shapes, in seconds of processors.

    python benchmarks/rework.py --commits 10000 100000 --shapes squashed merged renamed

makes each history with `git fast-import` (files of some hundred lines, each commit rewrites parts of three of them, a
tenth carry a line), and runs `tokcost report --rework --json` once with an empty cache. Processor time is that of the
command and of git together (`os.wait4`), so that it says the same on a busy machine. Not linear is what takes much more
for each commit where there are more of them.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "lsp_server"), str(HERE.parent / "hooks"), str(HERE.parent / "tests")]

from tokcost.model.trailer import ID_ALPHABET, Line, format_line  # noqa: E402

START = 1_500_000_000
FILES, LINES, EDITED, SECONDS = 2_000, 300, 3, 3_600
SHAPES = ("squashed", "merged", "renamed")


class Tree:
    """The files of a repository; each line is a number."""

    def __init__(self) -> None:
        self.chance = random.Random(1)
        self.files = {f"src/{number % 50}/{number}.py": self._text(LINES) for number in range(FILES)}
        self.names = list(self.files)

    def _text(self, lines: int) -> list[int]:
        return [self.chance.randrange(1 << 30) for _ in range(lines)]

    def edit(self) -> Iterator[bytes]:
        """Rewrite a part of some files."""
        for at in self.chance.sample(range(FILES), EDITED):
            name = self.names[at]
            lines = self.files[name]
            start = self.chance.randrange(len(lines))
            lines[start : start + self.chance.randrange(1, 20)] = self._text(self.chance.randrange(1, 20))
            yield self._put(name)

    def rename(self) -> Iterator[bytes]:
        """Give a file, and one time in a hundred a whole folder, another name."""
        moved = [self.chance.randrange(FILES)]
        if self.chance.random() < 0.01:
            folder = self.names[moved[0]].rpartition("/")[0]
            moved = [at for at, name in enumerate(self.names) if name.startswith(f"{folder}/")]
        for at in moved:
            old = self.names[at]
            new = f"src/{self.chance.randrange(50)}/{at}-{self.chance.randrange(1 << 30)}.py"
            self.files[new] = self.files.pop(old)
            self.names[at] = new
            yield f"R {old} {new}\n".encode()

    def whole(self) -> Iterator[bytes]:
        """All files."""
        return map(self._put, self.names)

    def _put(self, name: str) -> bytes:
        text = "".join(f"{line}\n" for line in self.files[name]).encode()
        return b"M 100644 inline %s\ndata %d\n%s\n" % (name.encode(), len(text), text)


def main() -> None:
    """Make the histories, run the command, print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--commits", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, default=SHAPES)
    parser.add_argument("--scratch")
    wanted = parser.parse_args()
    print("| history | commits | report | with --rework | for each 1,000 commits |\n|---|---|---|---|---|")
    for shape in wanted.shapes:
        for commits in wanted.commits:
            folder = Path(tempfile.mkdtemp(prefix="tokcost-rework-", dir=wanted.scratch))
            try:
                make(folder / "repo.git", shape, commits)
                plain, rework = (_seconds(folder, name, more) for name, more in (("a", []), ("b", ["--rework"])))
                per = (rework - plain) * 1000 / commits
                print(f"| {shape} | {commits:,} | {plain:.1f} s | {rework:.1f} s | {per:.2f} s |", flush=True)
            finally:
                shutil.rmtree(folder)


def make(repo: Path, shape: str, commits: int) -> None:
    """A bare repository of that shape."""
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(repo)], check=True)
    words = ["git", "fast-import", "--quiet", "--depth=50"]
    feeder = subprocess.Popen(words, cwd=repo, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    assert feeder.stdin is not None
    for piece in _stream(shape, commits):
        feeder.stdin.write(piece)
    feeder.stdin.close()
    if feeder.wait():
        raise SystemExit("git fast-import failed")


def _stream(shape: str, commits: int) -> Iterator[bytes]:
    tree = Tree()
    yield _head(1, 0, 0, "Begin", tree.chance)
    yield from tree.whole()
    number = head = 1
    while number < commits:
        if shape == "merged" and number % 3 == 0 and number + 2 < commits:
            for part in range(2):
                number += 1
                yield _head(number, head if not part else number - 1, 0, f"Part {part}", tree.chance)
                yield from tree.edit()
            number += 1
            yield _head(number, head, number - 1, f"Merge pull request #{number} from them/x", tree.chance)
            yield from (piece for piece in tree.edit())
        else:
            number += 1
            yield _head(number, head, 0, f"Change (#{number})", tree.chance)
            if shape == "renamed" and number % 3 == 0:
                yield from tree.rename()
            yield from tree.edit()
        head = number


def _head(number: int, parent: int, merged: int, subject: str, chance: random.Random) -> bytes:
    body = ""
    if chance.random() < 0.1:
        name = "".join(chance.choices(ID_ALPHABET, k=12))
        body = f"\n\n{format_line(Line(name, 1, 2_000_000_000, False, 1_000_000, ('claude-opus-4-5',), 0, False))}\n"
    message = f"{subject}{body}".encode()
    when = START + number * SECONDS
    parents = f"from :{parent}\n" if parent else ""
    parents += f"merge :{merged}\n" if merged else ""
    person = f"{number % 40} <{number % 40}@example.org> {when} +0000"
    head = f"commit refs/heads/main\nmark :{number}\nauthor {person}\ncommitter {person}\ndata {len(message)}\n"
    return head.encode() + message + b"\n" + parents.encode()


def _seconds(folder: Path, home: str, more: list[str]) -> float:
    """Seconds of processors of a report, git's included."""
    environ = os.environ | {
        "HOME": str(folder / home),
        "XDG_CACHE_HOME": str(folder / home),
        "TOKCOST_HOME": str(folder / home),
    }
    words = [str(Path(sys.executable).parent / "tokcost"), "report", "--json", *more]
    with open(folder / "out", "wb") as out:
        process = subprocess.Popen(words, cwd=folder / "repo.git", env=environ, stdout=out)
        _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{words} failed")
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
