"""Everything on a person's way, on a busy machine: what goes wrong, and how long it takes.

    python benchmarks/loaded.py --busy 8 --commits 200

`--busy` processes do nothing but count meanwhile. The limits are those of users. Before each commit, check and question
the assistant has replied once more. Wrong is a commit without a line, a check of a guard that lets an assistant go on
beyond a budget that blocks, a `tokcost status` that says another figure than what was spent (or none), and a commit of
a rebase that has lost its line or has another one. Doubled is what messages say together beyond what was spent.
`--only` takes one part alone, and may be said several times.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from decimal import Decimal
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "lsp_server"), str(HERE.parent / "hooks"), str(HERE.parent / "tests")]

from support.claude_lines import append, assistant, counts  # noqa: E402
from support.editor import Editor  # noqa: E402
from support.hooked import REPLY, Hooked  # noqa: E402
from tokcost.model.trailer import read_message  # noqa: E402

BUSY = """
import os
parent = os.getppid()
while os.getppid() == parent:
    for _ in range(1_000_000): pass
"""
HEAD = """| what | number | median s | 95 % within, s | longest, s | wrong | doubled | pending at the end |
|---|---|---|---|---|---|---|---|"""
COMMAND = [sys.executable, "-P", "-c", "from tokcost.cli.start import main; main()"]
CHAIN = 50
"""Commits that each rebase takes along."""
SERVER = {"PYTHONPATH": os.pathsep.join(sys.path[:3])}
USERS = {"TOKCOST_DEADLINE": ""}
"""The limits that hold for users; the sandbox of the tests has more patience."""
PATIENT = {"TOKCOST_DEADLINE": "60"}
"""For what is not measured."""


def main() -> None:
    """Measure and print the table."""
    wanted = _arguments()
    busy = [subprocess.Popen([sys.executable, "-I", "-S", "-c", BUSY]) for _ in range(wanted.busy)]
    try:
        print(f"{wanted.busy} busy processes, {os.cpu_count()} processors\n")
        print(HEAD, flush=True)
        for name, play in PARTS.items():
            if not wanted.only or name in wanted.only:
                with tempfile.TemporaryDirectory() as folder:
                    _print(name, play(Story(Path(folder), wanted)), os.getloadavg()[0])
    finally:
        for process in busy:
            process.kill()
            process.wait()


class Story:
    """A repository, and what happens at each commit in it."""

    def __init__(self, folder: Path, wanted: argparse.Namespace) -> None:
        self.repo = Hooked(folder, rooted=True)
        self.wanted = wanted
        self.repo.more_environ |= USERS
        self.seconds: list[float] = []
        self.said: list[str] = []
        self.wrong = self.stopped = 0
        self.before = 0
        """Replies that were pending before what is measured, and must be so afterwards."""

    @contextmanager
    def served(self) -> Iterator[Editor]:
        """An editor that has the repository open."""
        with Editor(self.repo.environ | SERVER, self.repo.path) as editor:
            editor.open()
            editor.wait(self.repo.is_served)
            yield editor

    def timed(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """A program, to its end; how long it takes is kept, and so is what it says on standard error."""
        begun = time.perf_counter()
        done = subprocess.run(
            words,
            cwd=self.repo.path,
            env=self.repo.environ | SERVER,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        self.seconds.append(time.perf_counter() - begun)
        self.said += [line for line in done.stderr.splitlines() if line]
        return done

    def commits(self, number: int, before: Callable[[int], None] = lambda _: None, *how: str) -> "Story":
        """That many commits, with something that happens before each."""
        for count in range(number):
            self.repo.spend()
            self.repo.change()
            before(count)
            done = self.timed("git", "commit", "-q", *(how or ("-m", f"Change {count}")))
            self.stopped += done.returncode != 0
            self.wrong += done.returncode == 0 and "AI-Cost: " not in self.repo.message()
        return self


def alone(story: Story) -> Story:
    """No server runs."""
    return story.commits(story.wanted.commits)


def served(story: Story) -> Story:
    """A server has looked once."""
    with story.served():
        return story.commits(story.wanted.commits)


def amended(story: Story) -> Story:
    """Each commit amends the one before."""
    story.commits(1)
    with story.served():
        return story.commits(story.wanted.commits // 4, lambda _: None, "--amend", "--no-edit")


def limited(story: Story) -> Story:
    """A budget that blocks and is used up: no commit may pass, unless nobody could check."""
    return _limited(story, "block")


def limited_open(story: Story) -> Story:
    """The same, and a commit whose budget nobody could check may pass."""
    return _limited(story, "pass")


def _limited(story: Story, unchecked: str) -> Story:
    story.commits(1)
    story.repo.git("config", "tokcost.budgetUnchecked", unchecked)
    assert story.repo.tokcost("budget", "set", "0.0001", "--branch", "--block").returncode == 0
    with story.served() if unchecked == "block" else nullcontext():
        return story.commits(story.wanted.commits // 4)


def killed(story: Story) -> Story:
    """The server is killed amid every second commit, and started again."""
    for _ in range(story.wanted.commits // 10):
        with story.served() as editor:
            story.commits(1, lambda _, one=editor: _soon(one))
        story.commits(1)
    return story


def _soon(editor: Editor) -> None:
    """Kill a server within the next tenths of a second, at another moment each time."""
    delay = int.from_bytes(os.urandom(1), "big") / 255 * 0.4
    subprocess.Popen(["sh", "-c", f"sleep {delay:.3f}; kill -9 {editor.process.pid}"])


def stopped(story: Story) -> Story:
    """The server is stopped (SIGSTOP), and answers nobody."""
    with story.served() as editor:
        os.kill(editor.process.pid, signal.SIGSTOP)
        story.commits(story.wanted.commits // 4)
        os.kill(editor.process.pid, signal.SIGCONT)
    return story


def importing(story: Story) -> Story:
    """The server, and each commit, finds logs that nobody has read yet."""
    folder = story.repo.home / ".claude/projects/before"
    folder.mkdir(parents=True)
    for number in range(story.wanted.before):
        line = assistant(f"old_{number}", f"old_{number}", 1_600_000_000_000 + number * 1000, usage=counts())
        append(folder / f"session-{number // 1000}.jsonl", line | {"cwd": "/elsewhere", "gitBranch": ""})
    with Editor(story.repo.environ | SERVER, story.repo.path) as editor:
        editor.open()
        return story.commits(story.wanted.commits // 4)


def guarded(story: Story) -> Story:
    """An assistant asks before each prompt, beyond a budget that blocks."""
    _over_budget(story)
    for _ in range(story.wanted.commits // 4):
        story.repo.spend()
        done = story.timed(*COMMAND, "guard", "check", "claude-code", "prompt", "--block")
        answer = json.loads(done.stdout)
        story.wrong += answer.get("continue") is not False
        story.said += [f"guard: {answer.get('systemMessage', 'nothing')}"] * ("continue" not in answer)
    return story


def guarded_by_server(story: Story) -> Story:
    """The same, with an editor open."""
    with story.served():
        return guarded(story)


def _over_budget(story: Story) -> None:
    story.commits(1)
    story.seconds.clear()
    assert story.repo.tokcost("budget", "set", "0.0001", "--branch", "--block").returncode == 0


def asked(story: Story) -> Story:
    """A prompt asks for the figure, each time after a reply."""
    story.commits(1)
    story.seconds.clear()
    reply = json.loads(story.repo.tokcost("status", "--json").stdout)["list_cost"]
    for number in range(2, 2 + story.wanted.commits // 4):
        story.repo.spend()
        said = story.timed(*COMMAND, "status").stdout
        is_right = f" ${Decimal(reply) * number:.2f} " in said.replace("\n", " ")
        story.wrong += not is_right
        story.said += [] if is_right else [f"status: {said.strip()}"]
    return story


def asked_of_server(story: Story) -> Story:
    """The same, with an editor open."""
    with story.served():
        return asked(story)


def rebased(story: Story) -> Story:
    """Commits with a line each are put on another base, while two replies are pending."""
    repo = story.repo
    repo.git("branch", "base")
    for number in range(CHAIN):
        repo.spend()
        repo.change(f"file{number}")
        repo.hooked("-m", f"Change {number}", env=PATIENT)
    story.before = 2
    for _ in range(story.before):
        repo.spend()
    lines = _tokens_by_subject(story)
    assert all(lines.values()), lines
    for number in range(max(1, story.wanted.commits // 50)):
        base = repo.plumb(f"Base {number}", "base", tree="base^{tree}", ref="refs/heads/base")
        done = story.timed("git", "rebase", "-q", "--onto", base, f"HEAD~{CHAIN}")
        story.stopped += done.returncode != 0
        after = _tokens_by_subject(story)
        story.wrong += sum(after.get(subject) != said for subject, said in lines.items())
    return story


def rebased_by_server(story: Story) -> Story:
    """The same, with an editor open."""
    with story.served():
        return rebased(story)


def _tokens_by_subject(story: Story) -> dict[str, list[str]]:
    """What the lines of each commit that is rebased say."""
    commits = story.repo.git("rev-list", f"-{CHAIN}", "HEAD").split()
    messages = [story.repo.message(commit) for commit in commits]
    return {one.partition("\n")[0]: [line.token for line in read_message(one).lines] for one in messages}


PARTS: dict[str, Callable[[Story], Story]] = {
    "alone": alone,
    "served": served,
    "amends, served": amended,
    "a used-up budget that blocks, served": limited,
    "the same, alone, unchecked may pass": limited_open,
    "the server is killed amid every second": killed,
    "the server is stopped": stopped,
    "the server is in its first import": importing,
    "guard check, beyond a budget that blocks": guarded,
    "guard check, served": guarded_by_server,
    "status": asked,
    "status, served": asked_of_server,
    f"rebase of {CHAIN} commits": rebased,
    f"rebase of {CHAIN} commits, served": rebased_by_server,
}


def _print(name: str, story: Story, load: float) -> None:
    seconds = sorted(story.seconds)
    published = sum(line.tokens for line in story.repo.published().values())
    kept = story.repo.log().conservation  # closes, or this raises
    carried = kept.carried[0]
    doubled = (published - carried) // REPLY
    cells = (
        name,
        f"{len(seconds)}",
        f"{statistics.median(seconds):.2f}",
        f"{seconds[int(len(seconds) * 0.95)]:.2f}",
        f"{seconds[-1]:.2f}",
        f"{story.wrong}" + (f", {story.stopped} stopped" if story.stopped else ""),
        f"{doubled}",
        f"{kept.pending[0] // REPLY}" + (f" ({story.before} before)" if story.before else ""),
    )
    print(f"| {' | '.join(cells)} |", flush=True)
    left = [one.name for one in (story.repo.ledger_home / "server").glob("*.*")]
    notes = [f"load {load:.0f}", *(f"{len(left)} pipes left" for _ in left[:1])]
    notes += [f"{story.said.count(one)} times: {one}" for one in dict.fromkeys(story.said)]
    print("\n".join(f"  {note}" for note in notes), file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--commits", type=int, default=200, help="with and without a server; elsewhere fewer")
    parser.add_argument("--busy", type=int, default=8, help="processes that do nothing but count")
    parser.add_argument("--before", type=int, default=50_000, help="replies in logs that nobody has read yet")
    parser.add_argument("--only", choices=PARTS, action="append", help="one part alone")
    return parser.parse_args()


if __name__ == "__main__":
    main()
