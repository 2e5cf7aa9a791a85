"""Side by side in one run: tokcost's first import and its repeated log, and other tools' scan of the same files.

    python benchmarks/run.py --size 1G
    python benchmarks/run.py --size 1G --kind older

Without `--kind` or `--corpus` there is a table for each kind of corpus that `corpus.py` makes.

Whole processes, wall time and largest resident memory, the commands in turn so that a slow moment meets all of
them; medians, and ratios to the first import. Totals are compared with the truth of the corpus.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import peers
from sessions import VERSIONS

HERE = Path(__file__).parent


class Run(NamedTuple):
    """One process with those it started and waited for: seconds, seconds of processors, largest resident memory in
    megabytes, what it printed."""

    seconds: float
    processor: float
    megabytes: float
    output: str


class Contender(NamedTuple):
    """A command to be timed, and what must be done before each run."""

    name: str
    command: list[str]
    environ: dict[str, str]
    fresh: Path | None = None
    """A folder to be removed before each run."""


def main() -> None:
    """Measure and print a table for each corpus."""
    arguments = _arguments()
    for kind in arguments.kind or (["recent"] if arguments.corpus else VERSIONS):
        corpus = arguments.corpus or _folder(arguments.size, kind)
        if not (corpus / "truth.json").exists():
            command = [sys.executable, HERE / "corpus.py", "--kind", kind, "--size", arguments.size, corpus]
            subprocess.run(command, check=True)
        _compare(arguments, corpus)


def _folder(size: str, kind: str) -> Path:
    name = f"tokcost-corpus-{size}" + ("" if kind == "recent" else f"-{kind}")
    return Path(tempfile.gettempdir()) / name


def _compare(arguments: argparse.Namespace, corpus: Path) -> None:
    truth = json.loads((corpus / "truth.json").read_text())
    with tempfile.TemporaryDirectory() as scratch:
        contenders = _contenders(arguments, corpus, Path(scratch))
        runs = _measure(contenders, arguments.rounds, Path(next(iter(truth["repositories"]))))
    _print(runs, _true_total(truth), corpus)


def _contenders(arguments: argparse.Namespace, corpus: Path, scratch: Path) -> list[Contender]:
    environ = peers.environment(corpus, scratch)
    ledger = scratch / "ledger"
    log = [arguments.tokcost, "log", "--all-repos", "--json"]
    found = [
        Contender("tokcost, first import", log, environ | {"TOKCOST_HOME": str(ledger)}, ledger),
        Contender("tokcost log, again", [arguments.tokcost, "log"], environ | {"TOKCOST_HOME": str(ledger)}),
    ]
    others = [] if arguments.peers == "none" else peers.install()
    return [*found, *(Contender(peer.name, peer.command, environ) for peer in others)]


def _measure(contenders: list[Contender], rounds: int, cwd: Path) -> dict[str, list[Run]]:
    runs: dict[str, list[Run]] = {contender.name: [] for contender in contenders}
    for number in range(rounds + 1):
        for contender in contenders:
            if contender.fresh is not None:
                shutil.rmtree(contender.fresh, ignore_errors=True)
            run = _run(contender, cwd)
            if number:  # the first round warms caches
                runs[contender.name].append(run)
    return runs


def _run(contender: Contender, cwd: Path) -> Run:
    with tempfile.TemporaryFile() as output:
        start = time.perf_counter()
        process = subprocess.Popen(
            contender.command, cwd=cwd, env=contender.environ, stdout=output, stderr=subprocess.DEVNULL
        )
        _, _, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        output.seek(0)
        processor = usage.ru_utime + usage.ru_stime
        return Run(seconds, processor, usage.ru_maxrss / 1024, output.read().decode("utf-8", "replace"))


def _print(runs: dict[str, list[Run]], truth: int, corpus: Path) -> None:
    reference = statistics.median(run.seconds for run in next(iter(runs.values())))
    print(
        f"corpus {corpus}, {truth:,} tokens; medians of {len(next(iter(runs.values())))} rounds; "
        f"load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors\n"
    )
    print("| command | seconds | ratio to our first import | of processors | memory, MB | total of tokens |")
    print("|---|---|---|---|---|---|")
    for name, many in runs.items():
        seconds = statistics.median(run.seconds for run in many)
        processor = statistics.median(run.processor for run in many)
        memory = max(run.megabytes for run in many)
        total = _total(name, many[-1].output)
        verdict = "" if total is None else "exact" if total == truth else f"{total - truth:+,}"
        print(f"| {name} | {seconds:.3f} | {seconds / reference:.2f} | {processor:.3f} | {memory:.0f} | {verdict} |")
    print()


def _total(name: str, output: str) -> int | None:
    if "again" in name:
        return None
    if "tokcost" not in name:
        return peers.answer(output)
    return sum(one["conservation"]["total"]["tokens"] for one in json.loads(output))


def _true_total(truth: dict[str, object]) -> int:
    counts = truth["tokens"]
    assert isinstance(counts, dict)
    return sum(count for name, count in counts.items() if name != "reasoning")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="1G", help="size of the corpus (default 1G)")
    parser.add_argument("--kind", action="append", choices=list(VERSIONS), help="kind of corpus (default: each)")
    parser.add_argument("--corpus", type=Path, help="an existing corpus, or where to make it")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", choices=["all", "none"], default="all")
    parser.add_argument("--tokcost", default=shutil.which("tokcost") or str(HERE.parent / ".venv/bin/tokcost"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
