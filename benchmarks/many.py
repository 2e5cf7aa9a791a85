"""A whole organisation of small and large repositories, collected by several jobs into one dataset.

    python benchmarks/many.py --repositories 5000 --jobs 8

makes that many repositories (a few of them large, most small, a tenth forks of others), written by 3,000 people in
teams, half of it in September. Then jobs, two at a time, collect them: through that month, again with nothing new, and
through October. The dataset is checked, compacted, checked again, and reported.
"""

import argparse
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "lsp_server"), str(HERE.parent / "hooks"), str(HERE.parent / "tests")]

from support.organisation import Work, claim_id, imported  # noqa: E402

_PEOPLE = 3_000
_MODELS = ("claude-opus-4-5", "claude-sonnet-4-5", "gpt-5.1-codex", "gemini-3-pro")


def main() -> None:
    """Make the repositories, run the jobs, print what they took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repositories", type=int, default=5_000)
    parser.add_argument("--jobs", type=int, default=8)
    parser.add_argument("--keep", type=Path, help="a folder for all of it")
    arguments = parser.parse_args()
    folder = arguments.keep or Path(tempfile.mkdtemp(prefix="tokcost-many-"))
    try:
        lists = make(folder, arguments.repositories, arguments.jobs)
        for through in ("2026-09", "2026-09", "2026-10"):
            collect(folder, lists, through)
        timed(folder, "dataset", "check", "costs")
        timed(folder, "dataset", "compact", "costs")
        timed(folder, "dataset", "check", "costs")
        timed(folder, "report", "--dataset", "costs", "--by", "area")
    finally:
        if arguments.keep is None:
            shutil.rmtree(folder)


def make(folder: Path, number: int, jobs: int) -> list[Path]:
    """Repositories that borrow their objects from one that has all of them; the lists of the jobs."""
    began = time.perf_counter()
    store = folder / "store.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "none", os.fspath(store)], check=True)
    draw, commits, lines = random.Random(1), 0, 0
    with subprocess.Popen(["git", "fast-import", "--quiet"], cwd=store, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        before: list[Work] = []
        for at in range(number):
            works = list(_works(draw, at, before))
            before = works
            commits, lines = commits + len(works), lines + sum(bool(one.id) for one in works)
            process.stdin.write(imported(works, f"r{at}"))
    subprocess.run(["git", "repack", "-adq"], cwd=store, check=True)
    lists: list[list[str]] = [[] for _ in range(jobs)]
    for at in range(number):
        repository = folder / f"repositories/r{at}.git"
        (repository / "objects/info").mkdir(parents=True)
        (repository / "refs/heads").mkdir(parents=True)
        (repository / "objects/info/alternates").write_text(f"{store / 'objects'}\n")
        (repository / "HEAD").write_text("ref: refs/heads/main\n")
        (repository / "refs/heads/main").write_bytes((store / f"refs/heads/r{at}").read_bytes())
        (repository / "config").write_text(
            "[core]\n\trepositoryformatversion = 0\n\tbare = true\n"
            f'[remote "origin"]\n\turl = https://git.example.com/acme/r{at}.git\n'
        )
        lists[at // 10 % jobs].append(os.fspath(repository))
    for job, names in enumerate(lists):
        (folder / f"job{job}").write_text("".join(f"{name}\n" for name in names))
    seconds = time.perf_counter() - began
    print(f"made: {number:,} repositories, {commits:,} commits, {lines:,} lines, in {seconds:.0f} s", flush=True)
    return [folder / f"job{job}" for job in range(jobs)]


def _works(draw: random.Random, at: int, before: Sequence[Work]) -> Iterator[Work]:
    """The commits of one repository: those of the one before it too, where it is a fork."""
    if at % 10 == 9:
        yield from before
    team = [f"p{(at * 7 + one) % _PEOPLE}" for one in range(draw.choice((1, 3, 6, 12, 40)))]
    for number in range(int(4 / (0.005 + draw.random()))):
        day = f"2026-{draw.choice((7, 8, 9, 9, 9, 10)):02d}-{1 + draw.randrange(28):02d}"
        who = team[int(len(team) * draw.random() ** 1.5)]
        id = claim_id(at, number) if draw.random() < 0.5 else ""
        area = f"area{int(8 * draw.random() ** 2)}"
        yield Work(who, day, area, draw.choice((1, 2, 5, 10)), id, draw.choice(_MODELS))


def collect(folder: Path, lists: Sequence[Path], through: str) -> None:
    """All jobs, two at a time."""
    began = time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(run, folder, "collect", "--from", job, "--into", "costs", "--through", through)
                for job in lists]  # fmt: skip
        usages = [job.result() for job in jobs]
    print(
        f"collected through {through}: {time.perf_counter() - began:.0f} s,"
        f" {sum(one.ru_utime + one.ru_stime for one in usages):.0f} s of processors, {len(lists)} jobs of"
        f" {max(one.ru_maxrss for one in usages) / 1000:.0f} MB at most",
        flush=True,
    )


def timed(folder: Path, *args: str) -> None:
    """Run one command, and print what it took and said."""
    began = time.perf_counter()
    usage = run(folder, *args)
    megabytes = sum(one.stat().st_size for one in (folder / "costs").rglob("*.parquet")) / 1e6
    files = len(list((folder / "costs").rglob("*.parquet")))
    print(f"{' '.join(args)}: {time.perf_counter() - began:.1f} s, {usage.ru_maxrss / 1000:.0f} MB of memory;"
          f" {files} files, {megabytes:.1f} MB")  # fmt: skip
    print((folder / "out").read_text(), flush=True)


def run(folder: Path, *args: object) -> "resource.struct_rusage":
    """Run a command, whose output goes to a file; what it took, git included."""
    environ = os.environ | {"TOKCOST_HOME": os.fspath(folder / "home"), "XDG_CACHE_HOME": os.fspath(folder / "cache")}
    with (folder / "out").open("ab" if args[0] == "collect" else "wb") as out:
        command = [Path(sys.executable).with_name("tokcost"), *map(str, args)]
        process = subprocess.Popen(command, cwd=folder, env=environ, stdout=out, stderr=out)
        _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status):
        print(f"{' '.join(map(str, args))}: exit {os.waitstatus_to_exitcode(status)}", flush=True)
    return usage


if __name__ == "__main__":
    main()
