"""A hook that is forked (`support.hook_door`) does what a hook does that Python is started for: otherwise tests would
prove less."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support import warm
from support.hooked import REPLY, Hooked
from tokcost_hooks.installation.scripts import interpreter_of, owner, run_file_of

HOOK = ".git/hooks/prepare-commit-msg"


@pytest.fixture(autouse=True)
def _usual_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test before may have left a folder on the search path: the scripts of hooks name it then, and Python is
    started."""
    monkeypatch.setattr(sys, "path", list(warm.PATHS))


def pair(path: Path) -> tuple[Hooked, Hooked]:
    """Two clones that are equal but for how their hooks begin: by a start of Python, and forked."""
    return Hooked(path / "started", rooted=True), Hooked(path / "forked", rooted=True, forks=True)


def anonymous(text: str, repo: Hooked) -> str:
    """A text without what differs anyway: the path, and ids of claims and commits."""
    return re.sub(r"[0-9a-z]{12}\b|\b[0-9a-f]{7,40}\b", "ID", text.replace(str(repo.path.parent), "HERE"))


def test_the_two_kinds_of_clones_begin_hooks_in_two_ways_and_both_are_ours(tmp_path: Path) -> None:
    started, forked = (repo.path / HOOK for repo in pair(tmp_path))
    assert {owner(str(started)), owner(str(forked))} == {"ours"}
    assert interpreter_of(str(started)) == interpreter_of(str(forked))
    assert run_file_of(str(started)).endswith("tokcost_hooks/run.py")
    assert run_file_of(str(forked)) != run_file_of(str(started))


def test_a_forked_hook_starts_nothing(tmp_path: Path) -> None:
    repo, program = same_door(tmp_path, real="/nowhere")
    assert repo.work()
    assert [line.tokens for line in repo.lines()] == [REPLY]
    assert program.exists()


@pytest.mark.parametrize("other", [{"LC_ALL": "POSIX"}, {"LD_LIBRARY_PATH": "/nowhere"}])
def test_in_other_circumstances_python_is_started(tmp_path: Path, other: dict[str, str]) -> None:
    marks = tmp_path / "started"
    real = tmp_path / "real.py"
    real.write_text(f"open({str(marks)!r}, 'w').close()\n")
    repo, _ = same_door(tmp_path, real=str(real))
    repo.more_environ = other
    repo.work()
    assert marks.exists()


def same_door(path: Path, real: str) -> tuple[Hooked, Path]:
    """A clone whose hooks are forked by the usual process; another program is started where that cannot be."""
    repo = Hooked(path, rooted=True, forks=True)
    usual = Path(run_file_of(str(repo.path / HOOK)))
    program = path / "door" / "run.py"
    program.parent.mkdir()
    shutil.copyfile(usual, program)
    (program.parent / "door").symlink_to(usual.parent / "door")
    _, _, state = (usual.parent / "state").read_bytes().partition(b"\n")
    (program.parent / "state").write_bytes(os.fsencode(real) + b"\n" + state)
    script = repo.path / HOOK
    script.write_text(script.read_text().replace(str(usual), str(program)))
    return repo, program


def test_commits_amends_and_merges_say_and_carry_the_same(tmp_path: Path) -> None:
    seen = list[list[object]]()
    for repo in pair(tmp_path):
        repo.work("One")
        repo.switch("-c", "feat")
        repo.work("Two", "two")
        repo.spend()
        repo.hooked("--amend", "-m", "Two again")
        repo.switch("main")
        repo.run("merge", "-q", "--no-ff", "-m", "Merged", "feat")
        repo.rebase("--force-rebase", "HEAD~1")
        log = anonymous(repo.git("log", "--format=%an %s%n%B"), repo)
        left = sorted(path.name for path in repo.git_dir.iterdir() if "TOKCOST" in path.name)
        kept = sorted((one.name, oct(one.stat().st_mode)) for one in repo.ledger_home.iterdir() if one.is_file())
        seen.append([log, left, kept, repo.replies()])
    assert seen[0] == seen[1]


def test_what_they_say_on_a_pipe_is_the_same(tmp_path: Path) -> None:
    seen = list[tuple[str, str]]()
    for repo in pair(tmp_path):
        repo.spend()
        repo.change()
        (repo.ledger_home / "ledger.db").mkdir()
        refused = repo.grumble("commit", "-q", "-m", "No ledger")
        (repo.ledger_home / "ledger.db").rmdir()
        seen.append((anonymous(refused, repo), repo.message().splitlines()[0]))
    assert "left this commit without a cost line" in seen[0][0]
    assert seen[0] == seen[1]


def test_the_git_above_a_hook_is_found(tmp_path: Path) -> None:
    """A message that is cleaned up verbatim has no comments: only the command line of git says that."""
    seen = list[str]()
    for repo in pair(tmp_path):
        repo.spend()
        repo.change()
        repo.hooked("--cleanup=verbatim", "--no-verify", "-m", "Work\n\n# no comment")
        seen.append(anonymous(repo.message(), repo))
    assert "# no comment" in seen[0]
    assert seen[0] == seen[1]


def test_a_budget_warns_and_stops_in_the_same_words(tmp_path: Path) -> None:
    seen = list[list[object]]()
    for repo in pair(tmp_path):
        said: list[object] = []
        for more in ((), ("--block",)):
            assert repo.tokcost("budget", "set", "0.01", "--branch", *more).returncode == 0
            repo.fork_again()
            repo.spend()
            repo.change()
            commit = ["git", "commit", "-q", "-m", "Over"]
            done = subprocess.run(commit, cwd=repo.path, env=repo.environ, capture_output=True, text=True, check=False)
            said += [done.returncode, anonymous(done.stderr, repo)]
        seen.append([*said, repo.replies()])
    assert (seen[0][0], seen[0][2]) == (0, 1)
    assert seen[0] == seen[1]
