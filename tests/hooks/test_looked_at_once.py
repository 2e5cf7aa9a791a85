"""What git says of a clone is read once at the start of a hook, and handed down; and the ledger is opened once."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import FrameType

import pytest

import tokcost
import tokcost_hooks.run
from support.hooked import Hooked, everywhere
from tokcost.repo.worktree import find_worktree
from tokcost.services.look_at_clone import state_of_hook
from tokcost_hooks.work import Call, work

WATCHED = """
import os, runpy, sys
def watch(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, bytes)):
        os.write(2, b"OPENED " + os.fsencode(arguments[0]) + b"\\n")
    if event == "sqlite3.connect":
        os.write(2, b"OPENED ledger\\n")
sys.addaudithook(watch)
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def opened(repo: Hooked, hook: str, *words: str) -> Counter[str]:
    """How often each file of git that says something of the clone is opened in one hook."""
    folders = [str(Path(module.__file__ or "").parent.parent) for module in (tokcost, tokcost_hooks.run)]
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, str(tokcost_hooks.run.__file__), hook, *words],
        cwd=repo.path,
        env=repo.environ | {"TOKCOST_PATH": os.pathsep.join(folders), "GIT_DIR": str(repo.git_dir)},
        capture_output=True,
        text=True,
        check=True,
    )
    paths = [line.removeprefix("OPENED ") for line in done.stderr.splitlines() if line.startswith("OPENED ")]
    assert "tokcost: " not in done.stderr
    return Counter(path for path in paths if path == "ledger" or path.startswith(str(repo.common_dir)))


def counted(repo: Hooked, found: Counter[str]) -> dict[str, int]:
    files = {"HEAD": repo.git_dir / "HEAD", "config": repo.common_dir / "config"}
    return {name: found[str(path)] for name, path in files.items()}


@everywhere
@pytest.mark.parametrize("editor", ["true", ":"])
def test_prepare_commit_msg_opens_head_and_config_once(repo: Hooked, editor: str) -> None:
    repo.work("One")
    repo.spend()
    repo.change()
    repo.more_environ["GIT_EDITOR"] = editor
    message = repo.git_dir / "COMMIT_EDITMSG"
    message.write_text("Two\n")
    assert counted(repo, opened(repo, "prepare-commit-msg", str(message), "message")) == {"HEAD": 1, "config": 1}
    assert "AI-Cost: " in message.read_text()


@pytest.mark.few
@pytest.mark.parametrize("operation", ["amend", "detached", "rebase"])
def test_it_does_in_the_middle_of_other_things_too(repo: Hooked, operation: str) -> None:
    repo.work("One")
    repo.spend()
    words = ["commit", "HEAD"] if operation == "amend" else ["message"]
    if operation == "detached":
        repo.git("checkout", "-q", "--detach")
    if operation == "rebase":
        (repo.git_dir / "rebase-merge").mkdir()
    message = repo.git_dir / "COMMIT_EDITMSG"
    message.write_text("Two\n")
    assert counted(repo, opened(repo, "prepare-commit-msg", str(message), *words)) == {"HEAD": 1, "config": 1}


def test_a_budget_is_no_reason_to_look_again(repo: Hooked) -> None:
    repo.work("One")
    repo.git("config", "tokcost.budgetBranch", "1000")
    repo.spend()
    message = repo.git_dir / "COMMIT_EDITMSG"
    message.write_text("Two\n")
    assert counted(repo, opened(repo, "prepare-commit-msg", str(message), "message")) == {"HEAD": 1, "config": 1}
    repo.git("config", "tokcost.budgetBranchBlock", "true")
    assert counted(repo, opened(repo, "pre-commit")) == {"HEAD": 1, "config": 1}


def test_a_budget_opens_the_ledger_once_more(repo: Hooked) -> None:
    """Whoever closes a ledger last waits for the disk, so the figures come from the one that was brought up to date."""
    repo.work("One")
    message = repo.git_dir / "COMMIT_EDITMSG"
    for budget, times in (("", 1), ("1000", 2)):
        if budget:
            repo.git("config", "tokcost.budgetBranch", budget)
        repo.spend()
        message.write_text("Two\n")
        assert opened(repo, "prepare-commit-msg", str(message), "message")["ledger"] == times


def test_post_commit_looks_once(repo: Hooked) -> None:
    repo.disable()
    repo.spend()
    message = repo.git_dir / "COMMIT_EDITMSG"
    message.write_text("Two\n")
    opened(repo, "prepare-commit-msg", str(message), "message")
    repo.change()
    repo.git("-c", "core.hooksPath=/dev/null", "commit", "-q", "-m", "Two")
    assert counted(repo, opened(repo, "post-commit")) == {"HEAD": 1, "config": 1}
    assert repo.replies() == {"total": 1, "bound": 1}


MOST_STOPS = 30


def stops(repo: Hooked, *words: str) -> list[str]:
    """Functions of ours that are handed the state of the clone, or the worktree in it, alone or within another value,
    on the way of prepare-commit-msg. Methods of an object that keeps it are handed nothing."""
    found: list[str] = []
    handed: list[object] = []

    def watch(frame: FrameType, event: str, result: object) -> None:
        code = frame.f_code
        if not (code.co_filename.startswith(_OURS) and code.co_flags & _IS_FUNCTION):
            return
        if event == "return" and code in (find_worktree.__code__, state_of_hook.__code__) and len(handed) < 2:
            handed.append(result)
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        values = [frame.f_locals[name] for name in names if name in frame.f_locals and name != "self"]
        values += [part for value in values if isinstance(value, tuple) for part in value]
        if event == "call" and any(value is one for value in values for one in handed):
            found.append(f"{Path(code.co_filename).stem}.{code.co_qualname}")

    call = Call(
        "prepare-commit-msg",
        list(words),
        str(repo.path),
        {**repo.environ, "GIT_DIR": str(repo.git_dir)},
        repo.ledger_home,
        b"",
        lambda sentence, hint: pytest.fail(f"{sentence} {hint}"),
        lambda: True,
        lambda code: None,
    )
    sys.setprofile(watch)
    try:
        work(call)
    finally:
        sys.setprofile(None)
    return list(dict.fromkeys(found))


_OURS = str(Path(tokcost.__file__).parent), str(Path(tokcost_hooks.run.__file__).parent)
_IS_FUNCTION = 0x02
"""`CO_NEWLOCALS` (inspect): code of functions has it, and modules and class bodies do not."""


@pytest.mark.parametrize("editor", ["true", ":"])
def test_the_state_of_the_clone_comes_by_few_functions(repo: Hooked, editor: str) -> None:
    """A newcomer must be able to follow it."""
    repo.work("One")
    repo.spend()
    repo.change()
    repo.more_environ["GIT_EDITOR"] = editor
    message = repo.git_dir / "COMMIT_EDITMSG"
    message.write_text("Two\n")
    found = stops(repo, str(message), "message")
    assert "AI-Cost: " in message.read_text()
    assert len(found) <= MOST_STOPS, "\n".join(found)
