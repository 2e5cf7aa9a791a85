"""A hook ends, whatever happens in it; being slow is not being stuck."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support.hooked import Hooked
from support.tables import few
from support.trouble import make_packages

pytestmark = pytest.mark.own_start

BUSY = {
    "a loop": "while True: pass",
    "an expression that holds Python's lock": "re.match('(a+)+$', 'a' * 60 + 'b')",
}
STUCK = {
    "a pipe that nobody writes to": "os.mkfifo('fifo'); open('fifo')",
    "a process that is stopped": "os.kill(os.getpid(), signal.SIGSTOP)",
    "another program that never ends": "subprocess.run(['sleep', '60'])",
    "a sleep": "time.sleep(60)",
}
CRASHES = {
    "kill -9": "os.kill(os.getpid(), signal.SIGKILL)",
    "a segmentation fault": "os.kill(os.getpid(), signal.SIGSEGV)",
    "abort": "os.abort()",
}
NO_DEADLINE = {"TOKCOST_DEADLINE": ""}
"""The limits that hold for users: the sandbox asks for more patience."""
OUT_OF_TIME = "(it took longer than 2000 ms)"
LONG = 20.0
"""Far beyond the limits, since the machine may be busy; what is stuck would be so for a minute, or for ever."""


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """A folder of packages with a reader of somebody else, which runs what `TROUBLE` says."""
    return make_packages(tmp_path / "more-packages")


@pytest.fixture
def troubled(repo: Hooked, packages: Path) -> Hooked:
    """A repository whose hooks know that reader."""
    repo.work("Before")
    extend(repo, packages)
    repo.spend()
    repo.change()
    return repo


def extend(repo: Hooked, packages: Path) -> None:
    for hook in ("pre-commit", "prepare-commit-msg"):
        path = repo.common_dir / "hooks" / hook
        if path.exists():
            path.write_text(path.read_text().replace("TOKCOST_PATH=", f"TOKCOST_PATH={packages}:"))


def commit(repo: Hooked, trouble: str, ok: bool = True, **env: str) -> tuple[str, float]:
    """What is said at a commit, and the seconds that it took."""
    start = time.monotonic()
    done = subprocess.run(
        ["git", "commit", "-q", "-m", "Troubled"],
        cwd=repo.path,
        env=repo.environ | NO_DEADLINE | {"TROUBLE": trouble} | env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode == 0) is ok, done.stderr
    return done.stderr, time.monotonic() - start


def commit_in_trouble(repo: Hooked, trouble: str, ok: bool = True, **env: str) -> tuple[str, float]:
    """The same for the first commit whose hook came as far as its trouble: on a very busy machine two seconds can be
    over before."""
    said, seconds = commit(repo, trouble, ok, **env)
    for _ in range(20):
        if OUT_OF_TIME not in said:
            break
        repo.spend()
        repo.change()
        said, seconds = commit(repo, trouble, ok, **env)
    return said, seconds


def is_all_but_one_pending(repo: Hooked) -> bool:
    """Whether nothing was carried after the first commit."""
    found = repo.replies()
    return found == {"total": found["total"], "carried": 1, "pending": found["total"] - 1}


@pytest.mark.parametrize("trouble", few(BUSY.values(), 1), ids=BUSY)
def test_what_is_busy_for_ever_is_ended_after_two_seconds(troubled: Hooked, trouble: str) -> None:
    said, seconds = commit(troubled, trouble)
    assert said == (
        "tokcost: prepare-commit-msg left this commit without a cost line (it took longer than 2000 ms); the usage"
        " stays pending.\n"
    )
    assert 2 <= seconds < LONG
    assert troubled.replies() == {"total": 2, "carried": 1, "pending": 1}


@pytest.mark.few
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what a process waits in")
@pytest.mark.parametrize("trouble", STUCK.values(), ids=STUCK)
def test_what_is_stuck_is_not_waited_for_as_long_as_what_is_slow(troubled: Hooked, trouble: str) -> None:
    said, seconds = commit_in_trouble(troubled, trouble)
    assert "(for 200 ms it waited for the disk or for another process)" in said
    assert said.count("\n") == 1
    assert seconds < LONG
    assert is_all_but_one_pending(troubled)


@pytest.mark.few
@pytest.mark.parametrize("trouble", CRASHES.values(), ids=CRASHES)
def test_a_crash_is_one_line(troubled: Hooked, trouble: str) -> None:
    said, _ = commit_in_trouble(troubled, trouble)
    assert "(its process was ended by signal " in said
    assert said.startswith("tokcost: prepare-commit-msg left this commit without a cost line")
    assert said.count("\n") == 1


SLOW = {
    "busy": "end = time.process_time() + 0.5\nwhile time.process_time() < end: pass",
    "waiting for a busy program": (
        "subprocess.run([sys.executable, '-I', '-c', 'import time\\nwhile time.process_time() < 0.5: pass'])"
    ),
    "many short waits": "for _ in range(10): time.sleep(0.05)",
    "a program that stays behind": "subprocess.Popen(['sleep', '60'])",
    "streams that were closed": "[os.close(n) for n in range(3)]; time.sleep(0.05)",
}


WATCHED = """
import os, subprocess, sys, time
from tokcost_hooks.watch import Limits, run_watched
def work(promise):
    exec(os.environ["TROUBLE"])
    return 7
os._exit(run_watched(work, Limits(60, 0.2), lambda reason, code: print(reason, flush=True) or 0))
"""


@pytest.mark.parametrize("trouble", few(SLOW.values(), 2), ids=SLOW)
def test_what_is_only_slow_is_not_taken_for_stuck(trouble: str) -> None:
    """With more time than a hook has, since the machine may be busy."""
    environ = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "TROUBLE": trouble}
    done = subprocess.run([sys.executable, "-c", WATCHED], env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (7, "", "")


def test_a_reader_that_takes_its_time_is_not_taken_for_stuck(troubled: Hooked) -> None:
    said = commit(troubled, "for _ in range(10): time.sleep(0.03)")[0]
    assert said == "" or OUT_OF_TIME in said
    assert troubled.replies() == ({"total": 2, "carried": 1, "pending": 1} if said else {"total": 2, "carried": 2})


@pytest.mark.parametrize("trouble", few([STUCK["a sleep"], BUSY["a loop"], CRASHES["kill -9"]], 1))
def test_a_manager_that_runs_the_hook_itself_is_not_stopped_either(repo: Hooked, packages: Path, trouble: str) -> None:
    """No shell is in between then that could forgive an exit code, and the manager reads until nobody can say more."""
    message = repo.path / ".git/MESSAGE"
    message.write_text("One\n")
    done = subprocess.run(
        [Path(sys.executable).parent / "tokcost-hook", "prepare-commit-msg", message, "message"],
        cwd=repo.path,
        env=repo.environ | NO_DEADLINE | {"PYTHONPATH": str(packages), "TROUBLE": trouble},
        capture_output=True,
        text=True,
        timeout=LONG,
        check=True,
    )
    assert done.stderr.startswith("tokcost: prepare-commit-msg left this commit without a cost line")
    assert (done.stderr.count("\n"), message.read_text()) == (1, "One\n")


def test_nothing_of_a_hook_that_was_ended_goes_on(troubled: Hooked) -> None:
    commit_in_trouble(
        troubled, "import subprocess as s; p = s.Popen(['sleep', '61']); open('id', 'w').write(str(p.pid)); p.wait()"
    )
    process = int((troubled.path / "id").read_text())
    end = time.monotonic() + LONG
    while is_alive(process):
        assert time.monotonic() < end
        time.sleep(0.01)


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return "Z (zombie)" not in Path(f"/proc/{process}/status").read_text() if sys.platform == "linux" else True


@pytest.fixture
def limited(troubled: Hooked, packages: Path) -> Hooked:
    """The same with a budget that stops commits, and is not used up."""
    assert troubled.tokcost("budget", "set", "1000", "--branch", "--block").returncode == 0
    extend(troubled, packages)
    return troubled


UNCHECKED = {
    STUCK["a sleep"]: "tokcost: the budget was not checked (",
    CRASHES["kill -9"]: "tokcost: the budget was not checked (",
    "raise OSError('no luck')": "tokcost: the budget was not checked in full: The reader trouble failed",
}


@pytest.mark.few
@pytest.mark.parametrize("trouble", UNCHECKED)
def test_a_budget_that_cannot_be_checked_stops_nothing(limited: Hooked, trouble: str) -> None:
    said, _ = commit_in_trouble(limited, trouble)
    assert said.startswith(UNCHECKED[trouble])
    assert limited.message().startswith("Troubled")


@pytest.mark.few
@pytest.mark.parametrize("trouble", UNCHECKED)
def test_a_budget_that_cannot_be_checked_stops_the_commit_of_who_wants_it(limited: Hooked, trouble: str) -> None:
    limited.git("config", "tokcost.budgetUnchecked", "block")
    said, _ = commit_in_trouble(limited, trouble, ok=False)
    assert said.startswith(UNCHECKED[trouble].replace("checked (", "checked to the end ("))
    assert "; the commit was stopped" in said
    assert "tokcost.budgetUnchecked" in said
    assert limited.message().startswith("Before")
    limited.git("config", "tokcost.budgetUnchecked", "pass")
    commit(limited, trouble)
    assert limited.message().startswith("Troubled")


def test_a_blocking_budget_stops_a_commit_also_when_nobody_can_be_told(limited: Hooked) -> None:
    limited.tokcost("budget", "set", "0.0001", "--branch", "--block")
    closed = ["sh", "-c", 'exec 2>&-; exec git commit -q -m "Too much"']
    done = subprocess.run(closed, cwd=limited.path, env=limited.environ, check=False)
    assert done.returncode != 0
    assert limited.message().startswith("Before")
