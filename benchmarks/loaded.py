"""Commits on a busy machine, each after a reply of the assistant: how many carry their line, and how long they take.

    python benchmarks/loaded.py --busy 8 --commits 200

`--busy` processes do nothing but count meanwhile. The limits are those of users. A line is missing where a commit has
none, and doubled where what the messages say together is more than what was spent. `--only` takes one part alone.
"""

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "lsp_server"), str(HERE.parent / "hooks"), str(HERE.parent / "tests")]

from support.claude_lines import append, assistant, counts  # noqa: E402
from support.editor import Editor  # noqa: E402
from support.hooked import REPLY, Hooked  # noqa: E402

BUSY = """
import os
parent = os.getppid()
while os.getppid() == parent:
    for _ in range(1_000_000): pass
"""
HEAD = """| commits | number | median s | 95 % within, s | longest, s | without a line | doubled | pending at the end |
|---|---|---|---|---|---|---|---|"""
SERVER = {"PYTHONPATH": os.pathsep.join(sys.path[:3])}
USERS = {"TOKCOST_DEADLINE": ""}
"""The limits that hold for users; the sandbox of the tests has more patience."""


def main() -> None:
    """Measure and print the table."""
    wanted = _arguments()
    busy = [subprocess.Popen([sys.executable, "-I", "-S", "-c", BUSY]) for _ in range(wanted.busy)]
    try:
        print(f"{wanted.busy} busy processes, {os.cpu_count()} processors\n")
        print(HEAD, flush=True)
        for name, play in PARTS.items():
            if wanted.only in (None, name):
                with tempfile.TemporaryDirectory() as folder:
                    _print(name, play(Story(Path(folder), wanted)), os.getloadavg()[0])
    finally:
        for process in busy:
            process.kill()
            process.wait()


class Story:
    """A repository, and what happens at each commit in it."""

    def __init__(self, folder: Path, wanted: argparse.Namespace) -> None:
        self.repo = Hooked(folder, rooted=True)
        self.wanted = wanted
        self.repo.more_environ |= USERS
        self.seconds: list[float] = []
        self.said: list[str] = []
        self.missing = self.stopped = 0

    @contextmanager
    def served(self) -> Iterator[Editor]:
        """An editor that has the repository open."""
        with Editor(self.repo.environ | SERVER, self.repo.path) as editor:
            editor.open()
            editor.wait(self.repo.is_served)
            yield editor

    def commits(self, number: int, before: Callable[[int], None] = lambda _: None, *how: str) -> "Story":
        """That many commits, with something that happens before each."""
        for count in range(number):
            self.repo.spend()
            self.repo.change()
            before(count)
            begun = time.perf_counter()
            command = ["git", "commit", "-q", *(how or ("-m", f"Change {count}"))]
            done = subprocess.run(
                command, cwd=self.repo.path, env=self.repo.environ, capture_output=True, text=True, check=False
            )
            self.seconds.append(time.perf_counter() - begun)
            self.said += [line for line in done.stderr.splitlines() if line]
            self.stopped += done.returncode != 0
            self.missing += done.returncode == 0 and "AI-Cost: " not in self.repo.message()
        return self


def alone(story: Story) -> Story:
    """No server runs."""
    return story.commits(story.wanted.commits)


def served(story: Story) -> Story:
    """A server has looked once."""
    with story.served():
        return story.commits(story.wanted.commits)


def amended(story: Story) -> Story:
    """Each commit amends the one before."""
    story.commits(1)
    with story.served():
        return story.commits(story.wanted.commits // 4, lambda _: None, "--amend", "--no-edit")


def limited(story: Story) -> Story:
    """A budget that blocks and is used up: no commit may pass, unless nobody could check."""
    return _limited(story, "block")


def limited_open(story: Story) -> Story:
    """The same, and a commit whose budget nobody could check may pass."""
    return _limited(story, "pass")


def _limited(story: Story, unchecked: str) -> Story:
    story.commits(1)
    story.repo.git("config", "tokcost.budgetUnchecked", unchecked)
    assert story.repo.tokcost("budget", "set", "0.0001", "--branch", "--block").returncode == 0
    with story.served() if unchecked == "block" else nullcontext():
        return story.commits(story.wanted.commits // 4)


def killed(story: Story) -> Story:
    """The server is killed amid every second commit, and started again."""
    for _ in range(story.wanted.commits // 10):
        with story.served() as editor:
            story.commits(1, lambda _, one=editor: _soon(one))
        story.commits(1)
    return story


def _soon(editor: Editor) -> None:
    """Kill a server within the next tenths of a second, at another moment each time."""
    delay = int.from_bytes(os.urandom(1), "big") / 255 * 0.4
    subprocess.Popen(["sh", "-c", f"sleep {delay:.3f}; kill -9 {editor.process.pid}"])


def stopped(story: Story) -> Story:
    """The server is stopped (SIGSTOP), and answers nobody."""
    with story.served() as editor:
        os.kill(editor.process.pid, signal.SIGSTOP)
        story.commits(story.wanted.commits // 4)
        os.kill(editor.process.pid, signal.SIGCONT)
    return story


def importing(story: Story) -> Story:
    """The server, and each commit, finds logs that nobody has read yet."""
    folder = story.repo.home / ".claude/projects/before"
    folder.mkdir(parents=True)
    for number in range(story.wanted.before):
        line = assistant(f"old_{number}", f"old_{number}", 1_600_000_000_000 + number * 1000, usage=counts())
        append(folder / f"session-{number // 1000}.jsonl", line | {"cwd": "/elsewhere", "gitBranch": ""})
    with Editor(story.repo.environ | SERVER, story.repo.path) as editor:
        editor.open()
        return story.commits(story.wanted.commits // 4)


PARTS: dict[str, Callable[[Story], Story]] = {
    "alone": alone,
    "served": served,
    "amends, served": amended,
    "a used-up budget that blocks, served": limited,
    "the same, alone, unchecked may pass": limited_open,
    "the server is killed amid every second": killed,
    "the server is stopped": stopped,
    "the server is in its first import": importing,
}


def _print(name: str, story: Story, load: float) -> None:
    seconds = sorted(story.seconds)
    published = sum(line.tokens for line in story.repo.published().values())
    kept = story.repo.log().conservation  # closes, or this raises
    carried = kept.carried[0]
    doubled = (published - carried) // REPLY
    cells = (
        name,
        f"{len(seconds)}",
        f"{statistics.median(seconds):.2f}",
        f"{seconds[int(len(seconds) * 0.95)]:.2f}",
        f"{seconds[-1]:.2f}",
        f"{story.missing}" + (f", {story.stopped} stopped" if story.stopped else ""),
        f"{doubled}",
        f"{kept.pending[0] // REPLY}",
    )
    print(f"| {' | '.join(cells)} |", flush=True)
    left = [one.name for one in (story.repo.ledger_home / "server").glob("*.*")]
    notes = [f"load {load:.0f}", *(f"{len(left)} pipes left" for _ in left[:1])]
    notes += [f"{story.said.count(one)} times: {one}" for one in dict.fromkeys(story.said)]
    print("\n".join(f"  {note}" for note in notes), file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--commits", type=int, default=200, help="with and without a server; elsewhere fewer")
    parser.add_argument("--busy", type=int, default=8, help="processes that do nothing but count")
    parser.add_argument("--before", type=int, default=50_000, help="replies in logs that nobody has read yet")
    parser.add_argument("--only", choices=PARTS, help="one part alone")
    return parser.parse_args()


if __name__ == "__main__":
    main()
