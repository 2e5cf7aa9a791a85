"""A clock that jumps: the machine slept, a battery was empty, somebody set it by hand and back."""

import os
from pathlib import Path
from random import Random

import pytest

from faults.test_commands import tokcost
from faults.world import published_once, run
from support.boundaries import CAN_FAIL, SEED, Boundaries, record_figures
from support.claude_lines import assistant, write
from support.git_sandbox import T0
from support.hooked import Hooked

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not CAN_FAIL, reason="the clock is set on Linux, with cc")]
DAY, YEAR = 86_400, 31_557_600
JUMPS = (0, 1, -1, 3600, -3600, 2 * DAY, -2 * DAY, 9 * YEAR, -30 * YEAR, 70 * YEAR)


@pytest.fixture
def shifted(tmp_path: Path) -> tuple[Hooked, Boundaries]:
    """A repository, and the clock of our processes."""
    (tmp_path / "control").mkdir()
    world = tmp_path / "world"
    world.mkdir()
    return Hooked(world, rooted=True), Boundaries(tmp_path / "control", world)


def test_usage_is_published_once_while_the_clock_jumps(shifted: tuple[Hooked, Boundaries]) -> None:
    """Logs, commits and our own clock disagree; also about what is newer than what was read."""
    repo, clock = shifted
    chance, commits = Random(SEED), 12
    for number in range(commits):
        clock.set_clock(chance.choice(JUMPS))
        repo.spend()
        log = repo.home / ".claude/projects/repo/session-1.jsonl"
        at = os.stat(log).st_mtime + chance.choice(JUMPS[:-1])
        os.utime(log, (max(at, 0), max(at, 0)))
        repo.change()
        run(["git", "commit", "-q", "-m", f"Work {number}"], repo, repo.environ | clock.environ)
        assert tokcost(repo, repo.environ | clock.environ, "log").returncode == 0
        if chance.random() < 0.3:
            repo.switch("-c", f"feat/{number}")
    repo.work("After")
    assert repo.replies() == {"total": commits + 1, "carried": commits + 1}
    published_once(repo)
    record_figures("clock", "jumps", met=commits)


def test_a_branch_that_moved_is_seen_after_a_clock_was_ahead(shifted: tuple[Hooked, Boundaries]) -> None:
    """What we noted while it was ahead seems to be younger than all that comes afterwards."""
    repo, clock = shifted
    repo.work("One")
    clock.set_clock(3600)
    for name in (path for path in (repo.common_dir / "refs").rglob("*") if path.is_dir()):
        assert name.exists()
    assert tokcost(repo, repo.environ | clock.environ, "log").returncode == 0
    assert tokcost(repo, repo.environ | clock.environ, "log").returncode == 0
    clock.set_clock(0)
    repo.spend()
    repo.change()
    repo.hooked("-m", "Two")
    tip = repo.id()
    repo.git("reset", "-q", "--hard", "HEAD~1")
    repo.git("branch", "kept", tip)
    assert repo.replies() == {"total": 2, "carried": 2}
    repo.git("branch", "-D", "kept")
    repo.git("reflog", "expire", "--expire=now", "--all")
    assert repo.balance()["total"] == 2 * repo.balance()["carried"]


def test_logs_and_replies_from_the_future_and_from_1970_are_counted_once(tmp_path: Path) -> None:
    repo = Hooked(tmp_path, rooted=True)
    folder = repo.home / ".claude/projects/repo"
    for number, seconds in enumerate((1, T0, T0 + YEAR, T0 + 60 * YEAR)):
        path = folder / f"session-{number}.jsonl"
        write(path, assistant(f"msg_{number}", f"req_{number}", T0 * 1000) | {"cwd": str(repo.path)})
        os.utime(path, (seconds, seconds))
    first = repo.log().conservation.total
    for path in folder.iterdir():
        os.utime(path, (T0, T0))
    assert repo.log().conservation.total == first
    with (folder / "session-3.jsonl").open("ab") as stream:
        more = (folder / "session-3.jsonl").read_bytes().replace(b"msg_3", b"msg_9").replace(b"req_3", b"req_9")
        stream.write(more)
    os.utime(folder / "session-3.jsonl", (5, 5))
    assert repo.log().conservation.total[0] == first[0] * 5 // 4
