"""Commits in trouble: on a busy machine, and with a disk that does not answer, a dead server and a hook without an end.

    python benchmarks/troubles.py --busy 8 --commits 200

The first rows are those of `loaded.py`, with `--busy` processes that do nothing but count. The others are measured
without them, as what a commit takes more than in the same repository without the trouble (medians). A reader that waits
for a pipe stands for a disk that does not answer, one with a loop for a hook that would never end.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from loaded import BUSY, Story, alone, served, stopped

from support.trouble import make_packages

PIPE = "os.path.exists('{0}') or os.mkfifo('{0}'); open('{0}')"
LOOP = "while True: pass"


def main() -> None:
    """Measure and print a table."""
    wanted = _arguments()
    print(f"{wanted.busy} busy processes where it is said, {os.cpu_count()} processors\n\n| what | figure |\n|---|---|")
    processes = [subprocess.Popen([sys.executable, "-I", "-S", "-c", BUSY]) for _ in range(wanted.busy)]
    try:
        _tell("commits with their line, busy, no server", _with_line(alone, wanted))
        _tell("commits with their line, busy, a server", _with_line(served, wanted))
    finally:
        for process in processes:
            process.kill()
            process.wait()
    few = argparse.Namespace(**vars(wanted) | {"commits": max(2, wanted.commits // 10)})
    usual, by_server = _seconds(alone, few), _seconds(served, few)
    dead = argparse.Namespace(**vars(few) | {"commits": 4 * few.commits})  # it takes a fourth
    stuck, endless = _seconds(_stuck, few), _seconds(_endless, few)
    _tell("a disk that does not answer", _more(stuck, usual))
    _tell("a server that does not answer", _more(_seconds(stopped, dead), by_server))
    _tell("a hook without an end", f"{max(endless) * 1000:.0f} ms at most, all hooks and git")


def _with_line(play: Callable[[Story], Story], wanted: argparse.Namespace) -> str:
    with tempfile.TemporaryDirectory() as folder:
        story = play(Story(Path(folder), wanted))
    made = len(story.seconds)
    return f"{100 * (made - story.wrong - story.stopped) / made:.1f} % of {made}"


def _seconds(play: Callable[[Story], Story], wanted: argparse.Namespace) -> list[float]:
    with tempfile.TemporaryDirectory() as folder:
        return play(Story(Path(folder), wanted)).seconds


def _stuck(story: Story) -> Story:
    return _in_trouble(story, PIPE.format(story.repo.home.parent / "pipe"))


def _endless(story: Story) -> Story:
    return _in_trouble(story, LOOP)


def _in_trouble(story: Story, trouble: str) -> Story:
    """Commits whose hooks know a reader of somebody else that does this."""
    packages = make_packages(story.repo.home.parent / "more-packages")
    path = story.repo.common_dir / "hooks/prepare-commit-msg"
    path.write_text(path.read_text().replace("TOKCOST_PATH=", f"TOKCOST_PATH={packages}:"))
    story.repo.more_environ["TROUBLE"] = trouble
    return alone(story)


def _more(troubled: list[float], usual: list[float]) -> str:
    return f"{(statistics.median(troubled) - statistics.median(usual)) * 1000:.0f} ms more"


def _tell(name: str, figure: str) -> None:
    print(f"| {name} | {figure} |", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--commits", type=int, default=200, help="on a busy machine, in each way; elsewhere a tenth")
    parser.add_argument("--busy", type=int, default=4 * (os.cpu_count() or 1), help="busy processes")
    return parser.parse_args()


if __name__ == "__main__":
    main()
