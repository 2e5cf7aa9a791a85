"""Every surface of an editor while an assistant writes a log line every 100 ms for minutes, on a busy machine.

    python benchmarks/surfaces.py --seconds 300 --before 20000 --busy 2

A real server is read by an LSP client that shows the page of the branch, the lines of the next commit and a commit
message: status bar, page and next lines come in one notification, the lens is asked for again and again. Printed
are the delays from a written line to each surface, and what must never happen: a version that goes backwards, a
notification whose surfaces disagree, a lens that is older than the notification before it. Linux.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "lsp_server"), str(HERE.parent / "hooks"), str(HERE.parent / "tests")]

from support.editor import Editor  # noqa: E402
from support.hooked import REPLY, Hooked  # noqa: E402

BEAT_SECONDS = 0.1
ASK_SECONDS = 0.4
BUSY = "while True: pass"
_CENT = 0.01
"""What rounding may take away."""


class Written:
    """The times at which replies were in the log."""

    def __init__(self, repo: Hooked) -> None:
        self.repo = repo
        self.times: list[float] = []
        self.stop = threading.Event()

    def run(self) -> None:
        """Write a line a beat until somebody says stop."""
        while not self.stop.wait(BEAT_SECONDS):
            self.repo.spend()
            self.times.append(time.monotonic())


class Arrivals(list[dict[str, Any]]):
    """Messages, with the time at which each came."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[float] = []

    def append(self, message: dict[str, Any]) -> None:
        """Keep a message and its time."""
        self.times.append(time.monotonic())
        super().append(message)


class Watched(Editor):
    """An editor that knows when each notification came."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.messages = self.arrivals = Arrivals()  # nothing comes before the first request

    def came(self, first: int = 0) -> list[tuple[float, dict[str, Any]]]:
        """The figures that came, from this message on."""
        pairs = zip(self.arrivals.times[first:], self.arrivals[first:], strict=False)
        return [(when, one["params"]) for when, one in pairs if one.get("method") == "tokcost/status"]


def tokens_of(told: dict[str, Any]) -> dict[str, int | None]:
    """The tokens on each surface of a notification."""
    page = (told["page"] or {}).get("branch")
    said = re.search(r"; (\d+) tokens; ", "\n".join((told["next"] or {}).get("lines", [])))
    return {
        "status bar": told["tokens"],
        "page": page["tokens"]["total"] if page else None,
        "next commit": int(said[1]) if said else None,
    }


def lens_of(editor: Editor, uri: str) -> str:
    """The text of the lens above a commit message."""
    found = editor.request("textDocument/codeLens", {"textDocument": {"uri": uri}})
    return found[0]["command"]["title"] if found else ""


def processor_seconds(editor: Editor) -> float:
    """The seconds of processors that a server took so far."""
    fields = Path(f"/proc/{editor.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--before", type=int, default=20_000, help="replies that are there already")
    parser.add_argument("--busy", type=int, default=2, help="processes that do nothing but count")
    parser.add_argument("--scratch")
    wanted = parser.parse_args()
    busy = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(wanted.busy)]
    try:
        with tempfile.TemporaryDirectory(dir=wanted.scratch) as scratch:
            _measure(Path(scratch), wanted)
    finally:
        for process in busy:
            process.kill()
            process.wait()


def _measure(scratch: Path, wanted: argparse.Namespace) -> None:
    repo = Hooked(scratch, rooted=True)
    for _ in range(wanted.before):
        repo.spend()
    message = repo.path / ".git/COMMIT_EDITMSG"
    written = Written(repo)
    editor = Watched(repo.environ, repo.path)
    with editor:
        editor.open()
        editor.status(repo.path, state="ready", tokens=wanted.before * REPLY)
        editor.notify("tokcost/follow", {"next": True, "page": {"uri": repo.path.as_uri(), "branch": None}})
        editor.wait(lambda: [one for one in editor.told("tokcost/status") if one["page"] and one["next"]])
        uri = editor.document(message, "\n# say something\n")
        first, spent = len(editor.messages), processor_seconds(editor)
        writer = threading.Thread(target=written.run)
        writer.start()
        end, asked = time.monotonic() + wanted.seconds, list[tuple[float, float, str]]()
        while time.monotonic() < end:
            began = time.monotonic()
            asked.append((began, began, lens_of(editor, uri)))
            asked[-1] = (began, time.monotonic(), asked[-1][2])
            time.sleep(ASK_SECONDS)
        written.stop.set()
        writer.join()
        spent = processor_seconds(editor) - spent
        editor.status(repo.path, tokens=(wanted.before + len(written.times)) * REPLY)
        rss = Path(f"/proc/{editor.process.pid}/status").read_text().split("VmRSS:")[1].split()[0]
        load = os.getloadavg()[0]
        print(
            f"{len(written.times)} lines in {wanted.seconds:.0f} s, load {load:.1f}; {wanted.before} replies were there"
        )
        print(f"server: {spent:.1f} s of processors, memory {int(rss) // 1024} MB")
        _print_delays(editor.came(first), written.times, wanted.before)
        _print_faults(editor.came(first), asked)


def _print_delays(came: list[tuple[float, dict[str, Any]]], times: list[float], before: int) -> None:
    for surface in ("status bar", "page", "next commit"):
        delays, at = list[float](), 0
        for when, told in came:
            replies = ((tokens_of(told)[surface] or 0) // REPLY) - before
            while at < min(replies, len(times)):
                delays.append(max(0.0, when - times[at]))
                at += 1
        missing = len(times) - at
        if len(delays) < 2:
            print(f"{surface}: shown {len(delays)} times")
            continue
        p95 = statistics.quantiles(delays, n=20)[-1]
        print(
            f"{surface}: median {statistics.median(delays) * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms,"
            f" worst {max(delays) * 1000:.0f} ms; {missing} lines never shown"
        )


def _print_faults(came: list[tuple[float, dict[str, Any]]], asked: list[tuple[float, float, str]]) -> None:
    versions = [told["version"] for _, told in came]
    split = [told["version"] for _, told in came if len(set(tokens_of(told).values())) != 1]
    print(
        f"{len(came)} notifications; versions in order: {versions == sorted(set(versions))}; disagreeing: {len(split)}"
    )
    strange = 0
    for began, ended, text in asked:
        shown = re.search(r"pending on [^:]+: \$([0-9.,]+)", text)
        low = [float(told["pending"]) for when, told in came if when <= began][-1:] or [0.0]
        high = [float(told["pending"]) for when, told in came if when > ended][:3] or [float("inf")]
        amount = float(shown[1].replace(",", "")) if shown else -1.0
        strange += not low[0] - _CENT <= amount <= high[-1] + _CENT
    worst = max(ended - began for began, ended, _ in asked)
    print(
        f"{len(asked)} lenses, worst answer {worst * 1000:.0f} ms; not between the notifications around it: {strange}"
    )


if __name__ == "__main__":
    main()
