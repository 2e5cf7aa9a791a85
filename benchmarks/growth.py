"""Growth of what a person waits for, with usage in the ledger, commits in the history and branches in the clone.

    python benchmarks/growth.py --usage 100000 1000000 10000000 --commits 1000 100000 1000000 --refs 10 1000 100000

Milliseconds of processors of whole process trees, which a busy machine changes less than the clock: medians of so many
rounds, each after a reply of the assistant. Nothing else is running that answers for the commands.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE)]

from commit import Clone, World  # noqa: E402

from history import make  # noqa: E402

COMMANDS = ("log", "status", "commit", "report")


def main() -> None:
    """Measure and print a table for each kind of growth."""
    arguments = _arguments()
    kinds: dict[str, tuple[list[int], Callable[[World, int], Clone]]] = {
        "usage in the ledger": (arguments.usage, _with_usage),
        "commits": (arguments.commits, _with_commits),
        "branches": (arguments.refs, _with_branches),
    }
    for kind, (sizes, grown) in kinds.items():
        if sizes:
            print(
                f"\n| {kind} | {' | '.join(COMMANDS)} | git commit without hooks |\n|---|{'---|' * (len(COMMANDS) + 1)}"
            )
        for size in sizes:
            with tempfile.TemporaryDirectory() as scratch:
                world = World(Path(scratch), _corpus(arguments.size), arguments)
                world.fill_ledger(0)
                clone = grown(world, size)
                world.run(clone.path, arguments.tokcost, "enable", "--yes")
                print(f"| {size:,} | {' | '.join(_measured(world, clone, arguments))} |", flush=True)


def _with_usage(world: World, size: int) -> Clone:
    world.fill_ledger(size)
    return _clone(world, 10)


def _with_commits(world: World, size: int) -> Clone:
    clone = Clone("history", world.folder / "history")
    make(world.folder / "history.git", size)
    world.run(world.folder, "git", "clone", "-q", str(world.folder / "history.git"), str(clone.path))
    return clone


def _with_branches(world: World, size: int) -> Clone:
    clone = _clone(world, 1000)
    names = "".join(f"create refs/heads/feat/{number} HEAD~{number % 500}\n" for number in range(size))
    subprocess.run(["git", "update-ref", "--stdin"], cwd=clone.path, input=names.encode(), check=True)
    world.run(clone.path, "git", "pack-refs", "--all")
    return clone


def _clone(world: World, commits: int) -> Clone:
    return _with_commits(world, commits)


def _measured(world: World, clone: Clone, arguments: argparse.Namespace) -> list[str]:
    spent: dict[str, list[float]] = {name: [] for name in (*COMMANDS, "plain")}
    for number in range(arguments.rounds + 1):
        for name in spent:
            world.spend(clone)
            before = _processors()
            _do(world, clone, name, number)
            spent[name].append(_processors() - before)
    return [f"{statistics.median(many[1:]) * 1000:.0f}" for many in spent.values()]


def _do(world: World, clone: Clone, name: str, number: int) -> None:
    if name in ("commit", "plain"):
        without = ("-c", f"core.hooksPath={os.devnull}") if name == "plain" else ()
        world.run(clone.path, "git", *without, "commit", "-q", "--allow-empty", "-m", f"Change {number} {name}")
    else:
        world.run(clone.path, world.tokcost, name)


def _processors() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _corpus(size: str) -> Path:
    folder = Path(tempfile.gettempdir()) / f"tokcost-corpus-{size}"
    if not (folder / "truth.json").exists():
        subprocess.run([sys.executable, HERE / "corpus.py", "--size", size, folder], check=True)
    time.sleep(11)  # logs that have only just been laid are not remembered as known yet
    return folder


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--usage", type=int, nargs="*", default=[100_000, 1_000_000, 10_000_000])
    parser.add_argument("--commits", type=int, nargs="*", default=[1_000, 100_000, 1_000_000])
    parser.add_argument("--refs", type=int, nargs="*", default=[10, 1_000, 100_000])
    parser.add_argument("--size", default="20M", help="size of the logs on disk (default 20M)")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--tokcost", default=str(HERE.parent / ".venv/bin/tokcost"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
