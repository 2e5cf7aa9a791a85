"""All bars of tokcost in one run: each benchmark in turn, peers beside it, with the bars to read its figures against.

    python benchmarks/bars.py            # some forty minutes, 3 GB on disk; nothing else should run
    python benchmarks/bars.py --quick    # small inputs, to see that everything runs: no figure of it says anything

The last part needs `make editors` and `pip install pre-commit`; a benchmark that fails is named at the end.
"""

import argparse
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent


class Part(NamedTuple):
    """A benchmark and the bars that it shows."""

    script: str
    bars: str
    arguments: str
    quick: str


PARTS = (
    Part(
        "run.py",
        "first import at most 1.0 x ccusage's scan, memory at most 200 MB; `tokcost log` at most 80 ms",
        "--size 1G --rounds 5",
        "--size 20M --rounds 1",
    ),
    Part(
        "run.py",
        "`tokcost log` with 10 GB of logs at most 110 ms",
        "--size 10G --kind recent --peers none",
        "--size 30M --kind recent --peers none --rounds 1",
    ),
    Part(
        "commit.py",
        "all hooks at most 30 ms with a server, 65 ms alone, 0.45 x pre-commit's idle hook; a warning budget the same;"
        " `tokcost status` at most 20 ms with a server; a held lock at most 300 ms",
        "--size 1G --usage 1000000 --rounds 8",
        "--size 20M --usage 1000 --rounds 1 --files 100",
    ),
    Part(
        "guard.py",
        "`tokcost guard check` at most 25 ms with a server, 110 ms alone",
        "--size 1G --usage 1000000 --rounds 8",
        "--size 20M --usage 1000 --rounds 1",
    ),
    Part(
        "server.py",
        "a log line to its figure at most 250 ms (p95); idle at most 0.2 % of a processor and 80 MB",
        "--size 1G --minutes 10",
        "--size 20M --minutes 0.1 --appends 5 --switches 2",
    ),
    Part(
        "server_life.py",
        "after 20,000 lines and 500 switches: a switch at most 300 ms, a line at most 250 ms (p95); memory flat",
        "--lines 20000 --switches 500",
        "--lines 100 --switches 5 --renamed 0",
    ),
    Part(
        "surfaces.py",
        "every surface within 1 s while a line comes each 100 ms; none disagrees",
        "--seconds 300 --before 2000",
        "--seconds 5 --before 100",
    ),
    Part(
        "history.py",
        "`tokcost report` on a million commits at most 30 s the first time",
        "--commits 1000000",
        "--commits 1000",
    ),
    Part("vscode.py", "a log line to VS Code's status bar at most 250 ms (p95)", "", ""),
)


def main() -> None:
    """Run everything; exits with 1 when a benchmark failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small inputs")
    parser.add_argument(
        "--only", action="append", help="only this script", choices=sorted({one.script for one in PARTS})
    )
    asked = parser.parse_args()
    failed: list[str] = []
    for part in PARTS:
        if asked.only and part.script not in asked.only:
            continue
        arguments = part.quick if asked.quick else part.arguments
        print(f"\n## {part.script} {arguments}\n\nBars: {part.bars}.\n", flush=True)
        if subprocess.run([sys.executable, HERE / part.script, *arguments.split()], check=False).returncode:
            failed.append(f"{part.script} {arguments}".strip())
    if failed:
        raise SystemExit(f"failed: {'; '.join(failed)}")


if __name__ == "__main__":
    main()
