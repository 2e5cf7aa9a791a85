"""Ways to find cost lines in a long history, timed side by side.

    python benchmarks/history.py --commits 1000000

makes a repository with `git fast-import` (a tenth of the commits carry a line, every fifth change is a merge; about
600 MB, deleted at the end unless `--keep`), asks it in each way, checks that all find the same lines, and times
`tokcost report` the first time, again, and after new commits.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "lsp_server"), str(HERE.parent / "hooks"), str(HERE.parent / "tests")]

from tokcost.model.trailer import ID_ALPHABET, Line, format_line, highest, read_message  # noqa: E402

START = 1_500_000_000
PEOPLE = 40
Seen = dict[str, int]
"""Version of each id that a way found."""


def main() -> None:
    """Make the repository, time the ways, print the table."""
    arguments = _arguments()
    folder = Path(tempfile.mkdtemp(prefix="tokcost-history-")) if arguments.repository is None else arguments.repository
    repo = folder / "repo.git"
    try:
        if not repo.exists():
            seconds = _timed(lambda: make(repo, arguments.commits))[0]
            print(f"{arguments.commits:,} commits made in {seconds:.0f} s\n")
        if arguments.commit_graph:
            subprocess.run(["git", "commit-graph", "write", "--reachable"], cwd=repo, check=True, capture_output=True)
        ways = {name: way for name, way in WAYS.items() if not arguments.only or name in arguments.only}
        _print_ways(repo, ways)
        if not arguments.only:
            _print_report(repo, folder / "home", arguments.tokcost)
    finally:
        if not arguments.keep:
            shutil.rmtree(folder)


def make(repo: Path, commits: int) -> None:
    """A bare repository of so many commits."""
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(repo)], check=True)
    feeder = subprocess.Popen(
        ["git", "fast-import", "--quiet", "--depth=10"], cwd=repo, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    assert feeder.stdin is not None
    for piece in _stream(commits):
        feeder.stdin.write(piece)
    feeder.stdin.close()
    if feeder.wait():
        raise SystemExit("git fast-import failed")


def _stream(commits: int) -> Iterator[bytes]:
    """Squash commits and merges of three commits, as a forge leaves them."""
    chance, number, pull = random.Random(1), 0, 0
    head = 0
    while number < commits:
        pull += 1
        if pull % 5 and number:
            number += 1
            yield _commit(number, head, (), f"Change {pull} (#{pull})", chance)
            head = number
        else:
            base, first = head, number + 1
            for part in range(3):
                number += 1
                yield _commit(number, number - 1 if part else base, (), f"Part {part} of {pull}", chance)
            number += 1
            merged = number - 1
            yield _commit(number, base or first, (merged,), f"Merge pull request #{pull} from them/feat-{pull}", chance)
            head = number


def _commit(number: int, parent: int, more: tuple[int, ...], subject: str, chance: random.Random) -> bytes:
    body = "\n\nWhat was wrong, and what is right now: one sentence of a common length.\n"
    if not more and chance.random() < 0.12:
        name = "".join(chance.choices(ID_ALPHABET, k=12))
        cost, tokens = chance.choice((1, 2, 5)) * 10**9, chance.choice((1, 2, 5)) * 10**6
        body += f"\n{format_line(Line(name, 1, cost, False, tokens, ('claude-opus-4-5',)))}\n"
    person = number * 7919 % PEOPLE
    message = f"{subject}{body}".encode()
    when = f"{START + number * 60} +0000"
    lines = [
        "commit refs/heads/main",
        f"mark :{number}",
        f"author P {person} <p{person}@example.com> {when}",
        f"committer P {person} <p{person}@example.com> {when}",
        f"data {len(message)}",
    ]
    tail = [f"from :{parent}"] if parent else []
    tail += [f"merge :{one}" for one in more]
    text = f"{number}\n"
    tail += [f"M 100644 inline d{number % 20}/f{number % 400}.txt", f"data {len(text)}", text]
    return "\n".join(lines).encode() + b"\n" + message + b"\n" + "\n".join(tail).encode() + b"\n"


def _git(repo: Path, *args: str, feed: bytes = b"") -> bytes:
    return subprocess.run(["git", *args], cwd=repo, input=feed, capture_output=True, check=True).stdout


def _seen(messages: Iterator[str]) -> Seen:
    lines = (line for message in messages for line in read_message(message).lines)
    return {name: line.version for name, line in highest(lines).items()}


def log_grep(repo: Path) -> Seen:
    """`git log --grep`: git drops what has no line before it prints."""
    text = _git(repo, "log", "--all", "-z", "-i", "-F", "--grep=AI-Cost", "--format=%H%n%B")
    return _seen(iter(text.decode("utf-8", "surrogateescape").split("\0")))


def log_everything(repo: Path) -> Seen:
    """`git log`, and Python looks."""
    text = _git(repo, "log", "--all", "-z", "--format=%H%n%B")
    return _seen(iter(text.decode("utf-8", "surrogateescape").split("\0")))


def log_trailers(repo: Path) -> Seen:
    """`%(trailers)`: wrong for every line that is not in the last paragraph; here for its time only."""
    text = _git(repo, "log", "--all", "-z", "--format=%(trailers:key=AI-Cost)")
    return _seen(iter(text.decode("utf-8", "surrogateescape").split("\0")))


def cat_file(repo: Path) -> Seen:
    """`git rev-list | git cat-file --batch`."""
    ids = _git(repo, "rev-list", "--all")
    data = _git(repo, "cat-file", "--batch", "--buffer", feed=ids)

    def messages() -> Iterator[str]:
        at = 0
        while at < len(data):
            end = data.index(b"\n", at)
            size = int(data[at:end].rsplit(b" ", 1)[1])
            body = data[end + 1 : end + 1 + size]
            if b"ai-cost" in body.lower():
                yield body.partition(b"\n\n")[2].decode("utf-8", "surrogateescape")
            at = end + size + 2

    return _seen(messages())


def gitpython(repo: Path) -> Seen:
    """GitPython's `iter_commits`."""
    import git

    return _seen(str(commit.message) for commit in git.Repo(repo).iter_commits("--all"))


def pygit2_walk(repo: Path) -> Seen:
    """libgit2's walk."""
    import pygit2

    library = pygit2.Repository(str(repo))
    tips = [library.references[name].peel(pygit2.Commit).id for name in library.references]
    walk = library.walk(tips[0], pygit2.enums.SortMode.NONE)
    for tip in tips[1:]:
        walk.push(tip)
    return _seen(commit.message for commit in walk)


WAYS: dict[str, Callable[[Path], Seen]] = {
    "git log --grep": log_grep,
    "git log, all messages": log_everything,
    "git log %(trailers)": log_trailers,
    "git cat-file --batch": cat_file,
    "pygit2": pygit2_walk,
    "GitPython": gitpython,
}


def _timed(action: Callable[[], object]) -> tuple[float, object]:
    start = time.perf_counter()
    answer = action()
    return time.perf_counter() - start, answer


def _print_ways(repo: Path, ways: dict[str, Callable[[Path], Seen]]) -> None:
    print("| way | seconds | lines |\n|---|---|---|")
    for name, way in ways.items():
        try:
            seconds, seen = _timed(lambda way=way: way(repo))
        except ImportError:
            print(f"| {name} | not installed | |")
            continue
        assert isinstance(seen, dict)
        print(f"| {name} | {seconds:.1f} | {len(seen):,} |", flush=True)


def _print_report(repo: Path, home: Path, tokcost: str) -> None:
    environ = {**os.environ, "TOKCOST_HOME": str(home)}

    def report() -> None:
        subprocess.run([tokcost, "report", "--json"], cwd=repo, env=environ, check=True, stdout=subprocess.DEVNULL)

    print("\n| `tokcost report` | seconds |\n|---|---|")
    print(f"| first time | {_timed(report)[0]:.1f} |")
    print(f"| again | {_timed(report)[0]:.1f} |")
    for number in range(100):
        tree = _git(repo, "rev-parse", "main^{tree}").decode().strip()
        person = ["-c", "user.name=P", "-c", "user.email=p@example.com"]
        new = _git(repo, *person, "commit-tree", "-p", "main", "-m", f"New {number}", tree).decode().strip()
        _git(repo, "update-ref", "refs/heads/main", new)
    print(f"| after 100 new commits | {_timed(report)[0]:.1f} |")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--commits", type=int, default=1_000_000)
    parser.add_argument("--repository", type=Path, help="a folder to make the repository in, or where it was made")
    parser.add_argument("--keep", action="store_true", help="do not delete it")
    parser.add_argument("--commit-graph", action="store_true", help="with git's commit-graph file")
    parser.add_argument("--only", action="append", help="only this way", choices=list(WAYS))
    parser.add_argument("--tokcost", default=str(HERE.parent / ".venv/bin/tokcost"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
