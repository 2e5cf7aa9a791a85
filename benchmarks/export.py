"""Exports of a large ledger, timed as whole processes.

    python benchmarks/export.py --usage 1000000

fills a ledger with made-up usage of twenty repositories, and measures time and memory of each kind of
`tokcost export --all-repos`.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "lsp_server"), str(HERE.parent / "hooks"), str(HERE.parent / "tests")]

from tokcost.ledger.open import open_ledger  # noqa: E402
from tokcost.ledger.places import record_repository  # noqa: E402
from tokcost.ledger.record import insert_usage  # noqa: E402
from tokcost.ledger.rollup import Rollup  # noqa: E402
from tokcost.ledger.rows import Entry  # noqa: E402
from tokcost.model.place import BranchPlace  # noqa: E402
from tokcost.model.usage import Tokens, Usage  # noqa: E402

_MODELS = ("claude-opus-4-5", "claude-sonnet-4-5", "gpt-5.1-codex", "gemini-3-pro")
_PORTION = 50_000


def main() -> None:
    """Fill the ledger, time the exports, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--usage", type=int, default=1_000_000)
    parser.add_argument("--keep", type=Path, help="a folder for the ledger and the files")
    arguments = parser.parse_args()
    folder = arguments.keep or Path(tempfile.mkdtemp(prefix="tokcost-export-"))
    try:
        if not (folder / "ledger").exists():
            fill(folder / "ledger", arguments.usage)
        for kind, name in (
            ("usage", "usage.csv"),
            ("usage", "usage.jsonl"),
            ("usage", "usage.parquet"),
            ("focus", "focus.csv"),
            ("metrics", "metrics.prom"),
        ):
            timed(folder, kind, name)
    finally:
        if arguments.keep is None:
            shutil.rmtree(folder)


def fill(home: Path, usage: int) -> None:
    """Make up usage of some weeks."""
    with open_ledger(home) as ledger:
        with ledger.transaction():
            ids = [record_repository(ledger, f"/made/up/{n}/.git", f"/made/up/{n}", "") for n in range(20)]
        for start in range(0, usage, _PORTION):
            rollup = Rollup()
            with ledger.transaction():
                numbers = range(start, min(start + _PORTION, usage))
                insert_usage(ledger, [_entry(number, ids[number % len(ids)]) for number in numbers], rollup)
                rollup.apply(ledger)


def _entry(number: int, repository: int) -> Entry:
    tokens = Tokens(3 + number % 977, 50_000 + number % 7919, 1_000, 0, 300 + number % 613, 0)
    moment = 1_700_000_000_000 + number * 1000 + number % 1000
    usage = Usage("claude-code", f"made-up-{number}", moment, _MODELS[number % len(_MODELS)], tokens)
    usage = usage._replace(session=f"session-{number // 200}", cwd=f"/made/up/{repository}")
    place = BranchPlace(f"feat/{number // 1000}", "reflog")
    return Entry(usage, repository, None, place, 12_345_678 + number % 104_729, "priced", None)


def timed(folder: Path, kind: str, name: str) -> None:
    """Run one export, and print what it took."""
    program = Path(sys.executable).with_name("tokcost")
    environ = os.environ | {"TOKCOST_HOME": os.fspath(folder / "ledger"), "HOME": os.fspath(folder)}
    command = [program, "export", kind, "--all-repos", "--no-refresh", "-o", name]
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, env=environ, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds, code = time.perf_counter() - began, os.waitstatus_to_exitcode(status)
    size = (folder / name).stat().st_size / 1e6
    print(
        f"{name:16s} {seconds:8.1f} s {usage.ru_utime + usage.ru_stime:8.1f} s of processors"
        f" {usage.ru_maxrss / 1000:8.0f} MB of memory {size:8.1f} MB written, exit {code}",
        flush=True,
    )


if __name__ == "__main__":
    main()
