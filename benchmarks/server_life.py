"""The language server after a long day without a commit: switches and log lines stay as quick as in the morning.

    python benchmarks/server_life.py --lines 20000 --switches 500

One server follows one real repository. Between two timed switches of branch the assistant writes its share of the
lines, of which the last one is timed; memory is read all along. Then the day's spend is multiplied (`--renamed`
responses) and its branch renamed. What a look costs is counted as well, since a busy machine makes any time longer:
Python calls, rows of usage read, reflog entries parsed and git processes of one look behind a switch and behind a line.
Linux.
"""

import argparse
import cProfile
import os
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "lsp_server"), str(HERE.parent / "hooks"), str(HERE.parent / "tests")]

from support.claude_lines import append, assistant  # noqa: E402
from support.editor import Editor  # noqa: E402
from support.git_sandbox import GitSandbox  # noqa: E402
from tokcost.services.find_largest_drivers import LargestDrivers  # noqa: E402
from tokcost.services.follow_folders import Round, refresh_folders, statuses, worktrees_around  # noqa: E402

BRANCHES = ("main", "other", "third")
QUARTERS = 4
RENAMES = 10
TOKENS = 11_404
"""In each line that `support.claude_lines` makes."""
COUNTED = {"rows of usage": "from_row", "reflog entries": "parse_entries", "git processes": "run_git"}
"""What is counted, and the function that is called once for each."""


Row = tuple[str, str]


class Life:
    """A repository, a log that grows, and the server that follows both."""

    def __init__(self, scratch: Path) -> None:
        own = {
            "HOME": str(scratch),
            "TOKCOST_HOME": str(scratch / "ledger"),
            "CLAUDE_CONFIG_DIR": str(scratch / ".claude"),
        }
        self.environ = {k: v for k, v in os.environ.items() if not k.startswith(("CODEX", "XDG", "TOKCOST"))} | own
        self.home = scratch / "ledger"
        self.log = scratch / ".claude/projects/x/session-1.jsonl"
        self.log.parent.mkdir(parents=True)
        self.log.touch()
        self.repo = GitSandbox(scratch / "repo")
        self.repo.now = int(time.time()) - 60  # a branch that is made as HEAD moves to it takes usage along
        self.repo.commit()
        for name in BRANCHES[1:]:
            self.repo.git("branch", name)
        self.spent = self.switched = 0
        self.tokens: dict[str, int] = dict.fromkeys(BRANCHES, 0)
        """Tokens on each branch."""

    @property
    def branch(self) -> str:
        """The branch that is checked out."""
        return BRANCHES[self.switched % len(BRANCHES)]

    def spend(self, responses: int) -> None:
        """The assistant writes so many lines at once."""
        now = int(time.time() * 1000)
        numbers = range(self.spent, self.spent + responses)
        self.spent += responses
        self.tokens[self.branch] += responses * TOKENS
        more = {"cwd": str(self.repo.path), "gitBranch": self.branch}
        append(self.log, *(assistant(f"msg_{n}", f"req_{n}", now) | more for n in numbers))

    def switch(self) -> str:
        """Switch to the next branch; its name."""
        self.switched += 1
        self.repo.now = int(time.time())
        self.repo.switch(self.branch)
        return self.branch


def main() -> None:
    """Measure and print a table."""
    arguments = _arguments()
    print(f"{arguments.lines} lines, {arguments.switches} switches, no commit\n\n| what | figure |\n|---|---|")
    with tempfile.TemporaryDirectory(dir=arguments.scratch) as scratch:
        life = Life(Path(scratch))
        for name, figure in chain(_lived(life, arguments), _counted(life)):
            print(f"| {name} | {figure} |", flush=True)


def _lived(life: Life, arguments: argparse.Namespace) -> Iterator[Row]:
    with Editor(life.environ, life.repo.path) as editor:
        editor.open()
        editor.status(life.repo.path, state="ready")
        switches, lines = list[float](), list[float]()
        share, quarter = arguments.lines // arguments.switches, max(1, arguments.switches // QUARTERS)
        for number in range(arguments.switches):
            if number % quarter == 0:
                yield f"memory after {life.spent} lines", _memory(editor)
            life.spend(share - 1)
            editor.status(life.repo.path, tokens=life.tokens[life.branch])
            time.sleep(random.uniform(0.2, 0.5))  # the assistant has a rhythm of its own
            life.spend(1)
            lines.append(_until(editor, life, tokens=life.tokens[life.branch]))
            time.sleep(random.uniform(0.2, 0.5))
            switches.append(_until(editor, life, branch=life.switch()))
        yield f"memory after {life.spent} lines", _memory(editor)
        for name, seconds in (("git switch to figure", switches), ("log line to figure", lines)):
            yield f"{name}, first quarter", _told(seconds[:quarter])
            yield f"{name}, last quarter", _told(seconds[-quarter:])
        if arguments.renamed > life.spent:
            yield _renamed(editor, life, arguments.renamed)


def _renamed(editor: Editor, life: Life, responses: int) -> Row:
    while life.spent < responses:
        life.spend(min(5_000, responses - life.spent))
        editor.status(life.repo.path, tokens=life.tokens[life.branch])
    seconds: list[float] = []
    for number in range(RENAMES):
        time.sleep(2)
        life.repo.now = int(time.time())
        life.repo.git("branch", "-m", name := f"renamed-{number}")
        seconds.append(_until(editor, life, branch=name, tokens=life.tokens[life.branch]))
    return f"git branch -m to figure, {responses} responses", _told(seconds)


def _until(editor: Editor, life: Life, **wanted: object) -> float:
    """Seconds from now to the figures that are wanted."""
    began = time.perf_counter()
    editor.status(life.repo.path, **wanted)
    return time.perf_counter() - began


def _counted(life: Life) -> Iterator[Row]:
    """What one look costs after all that, in this process."""
    folders = [str(life.repo.path)]
    this, drivers = Round(life.home, life.environ, 0), LargestDrivers()

    def look() -> None:
        statuses(life.home, folders, refresh_folders(this, worktrees_around(folders)), drivers)

    actions: list[tuple[str, Callable[[], object]]] = [("a switch", life.switch), ("a line", lambda: life.spend(1))]
    for name, action in [*actions, ("nothing", lambda: None)]:
        look()
        action()
        profile = cProfile.Profile()
        began = time.process_time()
        profile.runcall(look)
        used = time.process_time() - began
        calls = Counter[str]()
        for entry in profile.getstats():
            calls[entry.code if isinstance(entry.code, str) else entry.code.co_name] += entry.callcount
        told = ", ".join(f"{calls[function]} {what}" for what, function in COUNTED.items())
        yield f"work of a look behind {name}", f"{calls.total()} calls ({used * 1000:.0f} ms), {told}"


def _told(seconds: list[float]) -> str:
    ordered = sorted(seconds)
    p95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    return f"p50 {statistics.median(ordered) * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms, worst {ordered[-1] * 1000:.0f} ms"


def _memory(editor: Editor) -> str:
    text = Path(f"/proc/{editor.process.pid}/status").read_text()
    kilobytes = next(line.split()[1] for line in text.splitlines() if line.startswith("VmRSS"))
    return f"{int(kilobytes) / 1024:.0f} MB"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=20_000)
    parser.add_argument("--switches", type=int, default=500)
    parser.add_argument("--renamed", type=int, default=180_000, help="responses before the branch is renamed (0: none)")
    parser.add_argument("--scratch", type=Path, help="folder for the repository and the ledger")
    return parser.parse_args()


if __name__ == "__main__":
    main()
