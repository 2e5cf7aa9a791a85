"""What `tokcost guard check` takes, after each new reply, beside a big ledger.

    python benchmarks/guard.py --size 1G --usage 1000000 --rounds 40

The clones are asked in turn, each after a reply of the assistant: one without a budget, one with a budget, one with a
budget and rules. Wall time and time of processors (of the whole process, the server's apart) of the command as an
assistant runs it, through `sh`; medians and the best tenth, since a busy machine only ever adds.
"""

import argparse
import os
import resource
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from commit import HERE, Clone, World

RULES = """\
[[rules]]
name = "experiments"
branch = "exp/*"
over = "20"
[[rules]]
name = "opus"
model = "claude-opus-*"
over = "5000"
[[rules]]
name = "agents"
subagent = true
over = "5000"
per = "day"
"""


def main() -> None:
    """Measure and print the tables."""
    arguments = _arguments()
    corpus = arguments.corpus or Path(tempfile.gettempdir()) / f"tokcost-corpus-{arguments.size}"
    with tempfile.TemporaryDirectory() as scratch:
        world = World(Path(scratch), corpus, arguments)
        world.fill_ledger(arguments.usage)
        clones = world.clones(10)[:3]
        plain, budget, _ = clones
        world.run(budget.path, "git", "checkout", "-q", "-b", "work")
        ruled = Clone("a budget and rules", clones[2].path)
        (ruled.path / ".tokcost.toml").write_text(RULES)
        world.run(budget.path, arguments.tokcost, "budget", "set", "1000000", "--branch")
        asked = [Clone("no budget", plain.path), Clone("a budget", budget.path), ruled]
        time.sleep(11)  # logs that have only just been laid are not remembered as known yet
        _print("no server", measure(world, asked, arguments))
        with world.server(asked):
            _print("`tokcost lsp` running", measure(world, asked, arguments))


def measure(world: World, clones: list[Clone], arguments: argparse.Namespace) -> dict[str, list[tuple[float, float]]]:
    """Milliseconds by the clock and of processors, by name of the clone."""
    found: dict[str, list[tuple[float, float]]] = {clone.name: [] for clone in clones}
    command = f"{arguments.tokcost} guard check claude-code tool --block </dev/null"
    for number in range(arguments.rounds + 3):
        for clone in clones:
            world.spend(clone)
            time.sleep(arguments.pause)
            before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
            subprocess.run(["/bin/sh", "-c", command], cwd=clone.path, env=world.environ, check=True, stdout=-3)
            wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
            used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            if number > 2:  # the first rounds warm caches
                found[clone.name].append((wall * 1000, used * 1000))
    return found


def _print(title: str, milliseconds: dict[str, list[tuple[float, float]]]) -> None:
    print(f"\n{title} (load {os.getloadavg()[0]:.1f})\n")
    print("| a clone with | median ms | best tenth, ms | of processors, ms |")
    print("|---|---|---|---|")
    for name, many in milliseconds.items():
        wall = sorted(one[0] for one in many)
        used = statistics.median(one[1] for one in many)
        print(f"| {name} | {statistics.median(wall):.0f} | {wall[len(wall) // 10]:.0f} | {used:.0f} |", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="1G", help="size of the logs on disk (default 1G)")
    parser.add_argument("--corpus", type=Path, help="an existing corpus")
    parser.add_argument("--usage", type=int, default=1_000_000, help="usage in the ledger (default 1000000)")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--pause", type=float, default=0.3, help="seconds between a reply and the question")
    parser.add_argument("--tokcost", default=str(HERE.parent / ".venv/bin/tokcost"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
