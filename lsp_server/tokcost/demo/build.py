"""A scratch repository with branches, a merge and a squash, and logs that real assistants wrote while working in it.

The logs are bundled (`data/`); their times are shifted so that the story ends today, and git's clock is set to match.
Cost lines are enabled, so our own hooks add them to the commits.
"""

import json
import os
import re
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from tokcost.errors import EnvironmentProblem
from tokcost.model.claims import Terms
from tokcost.repo.run import run_git
from tokcost.services.enable import enable
from tokcost.services.look_at_clone import worktree_here

DATA = Path(__file__).parent / "data"
_TIME = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
_DAY = 86_400


_HERMETIC = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_COUNT": "0",
    "TOKCOST": "",
}
"""Excludes the user's configuration of git, and of our hooks for one commit."""
COMMITS = ("git", "log", "--format=%h %s%n%w(0,4,4)%b", "main")
"""The command with which the demo shows commits, each with its lines."""


class Demo(NamedTuple):
    """The folders of a demo that was built."""

    repository: Path
    environ: dict[str, str]
    """An environment in which only the demo's logs and ledger are found."""


def build(folder: Path, now: datetime) -> Demo:
    """Build the demo in an empty folder. Raises `EnvironmentProblem` if git is missing, or if the folder is one that no
    log can name."""
    _require_utf8(folder)
    demo = Demo(folder / "shop", _environ(folder))
    demo.repository.mkdir(parents=True)
    with _only_our_settings():
        _play(_Story(demo, int(now.timestamp())))
    return demo


def _require_utf8(folder: Path) -> None:
    """Raises `EnvironmentProblem` for a path that is not UTF-8: no log, which is JSON, can contain it."""
    try:
        str(folder).encode()
    except UnicodeEncodeError as error:
        hint = "Build the demo elsewhere: tokcost demo --keep DIR"
        raise EnvironmentProblem(f"the path {folder} is not UTF-8, so no log can contain it", hint) from error


def _play(story: "_Story") -> None:
    story.git(9 * _DAY, "init", "-q", "-b", "main")
    story.commit(9 * _DAY, "Begin the shop")
    story.switch_lines_on()
    story.git(9 * _DAY - 60, "switch", "-q", "-c", "feat/login")
    story.scene("1-codex-login", 9 * _DAY - 3600)
    story.commit(9 * _DAY - 7200, "Add a login form")
    story.scene("2-claude-subagent", 5 * _DAY)
    story.commit(5 * _DAY - 3600, "Remember who is logged in")
    story.git(5 * _DAY - 3660, "switch", "-q", "-c", "fix/timeout", "main")
    story.scene("3-codex-timeout", 3 * _DAY)
    story.commit(3 * _DAY - 3600, "Wait longer for the bank")
    story.git(2 * _DAY, "switch", "-q", "main")
    story.git(2 * _DAY - 60, "merge", "-q", "--no-ff", "-m", "Merge branch 'fix/timeout'", "fix/timeout")
    story.git(2 * _DAY - 3600, "merge", "-q", "--squash", "feat/login")
    story.git(2 * _DAY - 3660, "commit", "-q", "-m", "Let customers log in")
    story.scene("4-claude-readme", _DAY)
    story.git(_DAY - 600, "switch", "-q", "-c", "docs/readme")
    story.commit(_DAY - 900, "Explain the shop")
    story.git(_DAY - 1000, "switch", "-q", "main")
    story.scene("5-claude-main", 1200)


def commits_of_main(demo: Demo) -> str:
    """The output of `COMMITS` in the demo's repository."""
    return run_git(COMMITS[1:], demo.repository, more=_HERMETIC)


def _environ(folder: Path) -> dict[str, str]:
    """Sets all variables that locate logs: the user's own values must not lead to their logs."""
    home = folder / "home"
    told = {"CLAUDE_CONFIG_DIR": home / ".claude", "CODEX_HOME": home / ".codex", "TOKCOST_HOME": folder / "ledger"}
    patience = {"TOKCOST_DEADLINE": "30"}  # hooks give up after a moment; nobody waits for these commits
    return {"HOME": str(home), **{name: str(path) for name, path in told.items()}, **patience}


@contextmanager
def _only_our_settings() -> Generator[None]:
    """Apply to all git processes meanwhile: the user's global hooks folder must not be used."""
    before = {name: os.environ.get(name) for name in _HERMETIC}
    os.environ.update(_HERMETIC)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


class _Story:
    """Makes events happen at times counted back from now, in seconds."""

    def __init__(self, demo: Demo, now: int) -> None:
        self._demo = demo
        self._now = now

    def git(self, ago: int, *args: str) -> None:
        """Run git with its clock set."""
        date = f"{self._now - ago} +0000"
        person = {"NAME": "Demo", "EMAIL": "demo@example.com", "DATE": date}
        more = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in person.items()}
        plain = ["-c", "init.defaultRefFormat=files"]
        run_git([*plain, *args], self._demo.repository, more={**more, **self._demo.environ}, hooks="run")

    def switch_lines_on(self) -> None:
        """Enable cost lines as `tokcost enable` does. The hooks folder is set explicitly, so that the user's own
        hooks do not run."""
        self.git(9 * _DAY, "config", "core.hooksPath", str(self._demo.repository / ".git" / "hooks"))
        enable(Path(self._demo.environ["TOKCOST_HOME"]), worktree_here(self._demo.repository), Terms(), from_now=False)

    def commit(self, ago: int, subject: str) -> None:
        """Commit a line in a new file."""
        (self._demo.repository / f"{subject.split()[-1]}.txt").write_text(f"{subject}\n")
        self.git(ago, "add", "-A")
        self.git(ago, "commit", "-q", "-m", subject)

    def scene(self, name: str, ago: int) -> None:
        """Put the logs of one run into the scratch home directory, as if it had started at that time."""
        source, home = DATA / name, Path(self._demo.environ["HOME"])
        texts = {path: path.read_text(encoding="utf-8") for path in sorted(source.rglob("*.jsonl"))}
        start = min(_moment(time) for text in texts.values() for time in _TIME.findall(text))
        shift = timedelta(seconds=self._now - ago) - (start.replace(microsecond=0) - _EPOCH)
        repository = str(self._demo.repository)
        # Claude Code names a project's folder like this.
        slug = re.sub(r"[^A-Za-z0-9]", "-", repository)
        for path, text in texts.items():
            target = home / str(path.relative_to(source)).replace("{slug}", slug)
            target.parent.mkdir(parents=True, exist_ok=True)
            moved = _TIME.sub(lambda time: _text(_moment(time[0]) + shift), text)
            # As JSON writes it, for a path may have quotes and line breaks.
            target.write_text(moved.replace("{repo}", json.dumps(repository)[1:-1]), encoding="utf-8")


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def remove(folder: Path) -> None:
    """Remove the demo."""
    shutil.rmtree(folder, ignore_errors=True)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
