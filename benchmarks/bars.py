"""All bars of tokcost in one run: each benchmark in turn, peers beside it, and each figure beside its bar at the end.

    python benchmarks/bars.py            # some forty minutes, 3 GB on disk; nothing else should run
    python benchmarks/bars.py --quick    # small inputs, to see that everything runs: no figure of it says anything

The last part needs `make editors` and `pip install pre-commit`; a benchmark that fails is named at the end.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent


class Bar(NamedTuple):
    """A target, and the cell of a table that is compared with it."""

    what: str
    limit: float
    row: str
    """Beginning of the row's first cell."""
    column: str
    """Beginning of the column's head."""
    table: str = ""
    """Beginning of the line above the table, where a benchmark prints several."""
    mark: str = ""
    """What stands before the number in the cell, such as `p95`."""
    at_least: bool = False
    over: str = ""
    """Beginning of another row, by whose figure this one is divided."""
    less: str = ""
    """Beginning of the line above another table, whose figure in the same place is subtracted."""


class Part(NamedTuple):
    """A benchmark and its targets."""

    script: str
    arguments: str
    quick: str
    bars: tuple[Bar, ...]


ALONE, SERVED = "a small repository", "a small repository, `tokcost lsp` running"
MORE = "more than without"
PARTS = (
    Part(
        "run.py",
        "--size 1G --rounds 5",
        "--size 20M --rounds 1",
        (
            Bar("first import of 1 GB over ccusage's scan", 1.0, "tokcost, first import", "seconds", over="ccusage"),
            Bar("memory of the import, MB", 200, "tokcost, first import", "memory"),
            Bar("`tokcost log` with 1 GB, s", 0.080, "tokcost log", "seconds"),
        ),
    ),
    Part(
        "run.py",
        "--size 10G --kind recent --peers none",
        "--size 30M --kind recent --peers none --rounds 1",
        (Bar("`tokcost log` with 10 GB, s", 0.110, "tokcost log", "seconds"),),
    ),
    Part(
        "commit.py",
        "--size 1G --usage 1000000 --rounds 8",
        "--size 20M --usage 1000 --rounds 1 --files 100",
        (
            Bar("all hooks, no server, ms", 65, "tokcost", MORE, ALONE),
            Bar("all hooks, a server, ms", 30, "tokcost", MORE, SERVED),
            Bar("all hooks over pre-commit's idle hook", 0.45, "tokcost", MORE, ALONE, over="pre-commit"),
            Bar("with a warning budget, a server, ms", 30, "tokcost and a budget", MORE, SERVED),
            Bar("a held lock, ms more", 300, "tokcost", MORE, "the ledger locked", less=ALONE),
            Bar("`tokcost status`, a server, ms", 20, "`tokcost status`", "figure"),
        ),
    ),
    Part(
        "guard.py",
        "--size 1G --usage 1000000 --rounds 8",
        "--size 20M --usage 1000 --rounds 1",
        (
            Bar(
                "`tokcost guard check` with rules, a server, ms",
                25,
                "a budget and rules",
                "median",
                "`tokcost lsp` running",
            ),
            Bar("`tokcost guard check` with rules, alone, ms", 110, "a budget and rules", "median", "no server"),
        ),
    ),
    Part(
        "troubles.py",
        "--commits 200",
        "--commits 10 --busy 2",
        (
            Bar("commits with a line, busy, %", 99, "commits with their line, busy, no", "figure", at_least=True),
            Bar("the same, a server, %", 99, "commits with their line, busy, a", "figure", at_least=True),
            Bar("a stuck disk, ms more", 300, "a disk", "figure"),
            Bar("a dead server, ms more", 300, "a server", "figure"),
            Bar("hard end of a hook, all hooks and git, ms", 2100, "a hook without an end", "figure"),
        ),
    ),
    Part(
        "server.py",
        "--size 1G --minutes 10",
        "--size 20M --minutes 0.1 --appends 5 --switches 2",
        (
            Bar("a log line to its figure, p95, ms", 250, "log line to figure", "figure", mark="p95"),
            Bar("idle, % of a processor", 0.2, "processor while idle", "figure", mark=r"\("),
            Bar("idle memory, MB", 80, "memory at start", "figure"),
        ),
    ),
    Part(
        "server_life.py",
        "--lines 20000 --switches 500",
        "--lines 100 --switches 5 --renamed 0",
        (
            Bar("a switch after a long day, p95, ms", 300, "git switch to figure, last", "figure", mark="p95"),
            Bar("a line after a long day, p95, ms", 250, "log line to figure, last", "figure", mark="p95"),
        ),
    ),
    Part(
        "surfaces.py",
        "--seconds 300 --before 2000",
        "--seconds 5 --before 100",
        (Bar("a line to the status bar, p95, ms", 1000, "status bar", "figure", mark="p95"),),
    ),
    Part(
        "history.py",
        "--commits 1000000",
        "--commits 1000",
        (Bar("`tokcost report` on a million commits, s", 30, "first time", "seconds"),),
    ),
    Part("vscode.py", "", "", (Bar("a log line to VS Code, p95, ms", 250, "log line", "figure", mark="p95"),)),
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
    rows: list[str] = []
    for part in PARTS:
        if asked.only and part.script not in asked.only:
            continue
        arguments = part.quick if asked.quick else part.arguments
        print(f"\n## {part.script} {arguments}\n", flush=True)
        said, code = _run([sys.executable, str(HERE / part.script), *arguments.split()])
        failed += [f"{part.script} {arguments}".strip()] if code else []
        rows += [compared(bar, cells(said)) for bar in part.bars]
    print("\n## Bars\n\n| what | bar | figure | |\n|---|---|---|---|", *rows, sep="\n")
    if asked.quick:
        print("\nOf small inputs: no verdict says anything.")
    if failed:
        raise SystemExit(f"failed: {'; '.join(failed)}")


def _run(command: list[str]) -> tuple[str, int]:
    """Run a benchmark and show what it prints; that, and how it ended."""
    said: list[str] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            said.append(line)
    return "".join(said), process.returncode


class Cell(NamedTuple):
    """A cell of a table, or a line such as `name: figure`."""

    table: str
    row: str
    column: str
    text: str


def cells(said: str) -> list[Cell]:
    """All cells of the tables that a benchmark printed, and its lines with a colon."""
    found: list[Cell] = []
    title, head = "", list[str]()
    for line in said.splitlines():
        if line.startswith("|---"):
            continue
        if line.startswith("| "):
            row = [cell.strip() for cell in line.strip("| ").split(" | ")]
            found += [Cell(title, row[0], name, text) for name, text in zip(head[1:], row[1:], strict=False) if head]
            head = head or row
        elif line.strip():
            title, head = line.strip(), []
            name, _, text = line.partition(": ")
            found += [Cell("", name, "figure", text)] if text else []
    return found


def compared(bar: Bar, found: list[Cell]) -> str:
    """The row of a bar in the table of all: what, how much it may be, how much it is, and whether that is enough."""
    figure = _figure(bar, bar.row, found)
    if figure is not None and bar.over:
        other = _figure(bar, bar.over, found)
        figure = figure / other if other else None
    if figure is not None and bar.less:
        other = _figure(bar._replace(table=bar.less), bar.row, found)
        figure = None if other is None else figure - other
    if figure is None:
        return f"| {bar.what} | {bar.limit:g} | not measured | |"
    met = figure >= bar.limit if bar.at_least else figure <= bar.limit
    return f"| {bar.what} | {'at least ' * bar.at_least}{bar.limit:g} | {figure:.4g} | {'met' if met else 'missed'} |"


def _figure(bar: Bar, row: str, found: list[Cell]) -> float | None:
    """The first number behind the mark, in the first cell that fits; an exact name goes before its beginning."""
    fitting = [cell for cell in found if cell.row.startswith(row) and cell.column.startswith(bar.column)]
    fitting = [cell for cell in fitting if cell.table.startswith(bar.table)]
    fitting.sort(key=lambda cell: (bar.table not in ("", cell.table), cell.row != row))
    number = re.search(rf"{bar.mark}\s*(-?[\d.,]*\d)", fitting[0].text) if fitting else None
    return float(number[1].replace(",", "")) if number else None


if __name__ == "__main__":
    main()
