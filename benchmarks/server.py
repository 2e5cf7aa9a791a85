"""The language server as an editor meets it: how soon a figure follows the log, and what the server costs meanwhile.

    python benchmarks/server.py --size 1G --minutes 10

A server is started on a ledger that has everything; then an assistant's log grows line by line, each line is timed from
its write to the `tokcost/status` that has it, and each switch of branch from git's end to the new figure. Afterwards
nothing happens for some minutes, and what the server used of a processor meanwhile is read from the system. Linux.
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "lsp_server"), str(HERE.parent / "hooks"), str(HERE.parent / "tests")]

from support.claude_lines import append, assistant  # noqa: E402
from support.editor import Editor  # noqa: E402
from support.git_sandbox import GitSandbox  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measure and print a table."""
    arguments = _arguments()
    corpus = arguments.corpus or Path(tempfile.gettempdir()) / f"tokcost-corpus-{arguments.size}"
    if not (corpus / "truth.json").exists():
        subprocess.run([sys.executable, HERE / "corpus.py", "--size", arguments.size, corpus], check=True)
    with tempfile.TemporaryDirectory() as scratch:
        rows = _measure(corpus, Path(scratch), arguments)
    told = f"{arguments.appends} lines, {arguments.switches} switches, {arguments.minutes:g} idle minutes"
    print(f"corpus {corpus}, {told}\n")
    print("| what | figure |")
    print("|---|---|")
    for name, figure in rows:
        print(f"| {name} | {figure} |")


def _measure(corpus: Path, scratch: Path, arguments: argparse.Namespace) -> list[tuple[str, str]]:
    logs = f"{corpus / '.claude'},{scratch / '.claude'}"
    own = {"HOME": str(scratch), "TOKCOST_HOME": str(scratch / "ledger"), "CLAUDE_CONFIG_DIR": logs}
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("CODEX", "XDG"))} | own
    repo = GitSandbox(scratch / "repo")
    repo.commit()
    repo.git("branch", "other")
    log = scratch / ".claude/projects/x/session-1.jsonl"
    log.parent.mkdir(parents=True)
    log.touch()
    rows: list[tuple[str, str]] = []
    for name in ("start until first figure, no ledger", "start until first figure, all imported"):
        began = time.perf_counter()
        editor = Editor(environ, repo.path)
        with editor:
            editor.open()
            editor.status(repo.path)
            shown = time.perf_counter() - began
            editor.status(repo.path, state="ready", stale=False)
            rows.append((name, f"{shown:.2f} s; everything in it after {time.perf_counter() - began:.2f} s"))
            if "no ledger" in name:
                rows.append(("memory after a first import", _memory(editor)))
                continue
            rows += _while_it_lives(editor, repo, log, arguments)
    return rows


def _while_it_lives(
    editor: Editor, repo: GitSandbox, log: Path, arguments: argparse.Namespace
) -> list[tuple[str, str]]:
    rows = [("memory at start", _memory(editor))]
    appends = [_appended(editor, repo, log, number) for number in range(arguments.appends)]
    rows.append(("log line to figure", _told(appends)))
    switches = [_switched(editor, repo, ("other", "main")[number % 2]) for number in range(arguments.switches)]
    rows.append(("git switch to figure", _told(switches)))
    time.sleep(65)  # what has just happened keeps the watchers quick for a minute
    before, began = _processor(editor), time.monotonic()
    time.sleep(arguments.minutes * 60)
    used, passed = _processor(editor) - before, time.monotonic() - began
    rows.append(("processor while idle", f"{used:.2f} s in {passed:.0f} s ({100 * used / passed:.2f} %)"))
    rows.append(("memory at the end", _memory(editor)))
    return rows


def _appended(editor: Editor, repo: GitSandbox, log: Path, number: int) -> float:
    time.sleep(random.uniform(0.2, 0.5))  # the assistant has a rhythm of its own
    seen = len(editor.told("tokcost/status"))
    line = assistant(f"msg_{number}", f"req_{number}", repo.now * 1000 + number) | {"cwd": str(repo.path)}
    began = time.perf_counter()
    append(log, line)
    editor.wait(lambda: len(editor.told("tokcost/status")) > seen)
    return time.perf_counter() - began


def _switched(editor: Editor, repo: GitSandbox, branch: str) -> float:
    time.sleep(random.uniform(0.2, 0.5))
    repo.now += 60
    repo.switch(branch)
    began = time.perf_counter()
    editor.status(repo.path, branch=branch)
    return time.perf_counter() - began


def _told(seconds: list[float]) -> str:
    ordered = sorted(seconds)
    at: Callable[[float], float] = lambda share: ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000  # noqa: E731
    return f"p50 {statistics.median(ordered) * 1000:.0f} ms, p95 {at(0.95):.0f} ms, worst {ordered[-1] * 1000:.0f} ms"


def _memory(editor: Editor) -> str:
    text = Path(f"/proc/{editor.process.pid}/status").read_text()
    kilobytes = next(line.split()[1] for line in text.splitlines() if line.startswith("VmRSS"))
    return f"{int(kilobytes) / 1024:.0f} MB"


def _processor(editor: Editor) -> float:
    fields = Path(f"/proc/{editor.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="1G", help="size of the corpus (default 1G)")
    parser.add_argument("--corpus", type=Path, help="an existing corpus, or where to make it")
    parser.add_argument("--appends", type=int, default=100)
    parser.add_argument("--switches", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=0.5, help="how long nothing happens (default 0.5)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
