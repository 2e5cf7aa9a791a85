"""A git that refuses is told with its reason, and with what to do about that."""

import errno
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from support.git_sandbox import GitSandbox
from support.hooked import Hooked
from tokcost.repo.git_failures import hint_for, of_clone, reason_in
from tokcost.repo.run import GitFailed, run_git

NOBODY = 65534
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to be two users")


@needs_root
@pytest.mark.parametrize(
    "words", [("enable", "--yes"), ("disable",), ("hooks", "install"), ("hooks", "status"), ("report",), ("doctor",)]
)
def test_a_clone_of_another_user_is_named_as_one_with_the_command_that_trusts_it(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    repo = Hooked(tmp_path, rooted=True)
    for path in (repo.path, *repo.path.rglob("*")):
        os.lchown(path, NOBODY, NOBODY)
    done = repo.tokcost(*words)
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode in (1, 3)
    assert f"detected dubious ownership in repository at '{repo.path}'" in said
    assert f"`git config --global --add safe.directory {repo.path}`" in said
    assert "git fsck" not in said


def test_a_lock_that_was_left_behind_is_told_with_what_to_do(tmp_path: Path) -> None:
    repo = Hooked(tmp_path)
    (repo.common_dir / "config.lock").touch()
    done = repo.tokcost("disable")
    assert done.returncode == 3
    assert "could not lock config file .git/config: File exists" in done.stderr
    assert "delete the lock file" in done.stderr


def test_of_all_that_git_says_the_line_with_the_reason_is_told_and_not_the_advice(tmp_path: Path) -> None:
    repo = GitSandbox(tmp_path)
    repo.commit()
    with pytest.raises(GitFailed) as failure:
        run_git(["log", "none-such"], repo.path)
    assert "Use '--'" in failure.value.err  # git's last line
    assert str(failure.value).endswith(
        "ambiguous argument 'none-such': unknown revision or path not in the working tree."
    )


@pytest.mark.parametrize(
    ("said", "reason", "hint"),
    [
        ("error: could not lock config file .git/config: Permission denied", "could not lock", "`ls -l`"),
        ("error: could not lock config file .git/config: Read-only file system", "could not lock", "can only be read"),
        ("fatal: could not write 'x': No space left on device", "could not write 'x'", "Make room"),
        ("warning: slow\nfatal: unknown repository extension found:\n\treftable", "unknown repos", "newer git"),
        ("error: object file a is empty\nfatal: loose object a is corrupt", "object file a is empty (l", "`git fsck`"),
        ("fatal: unsafe repository ('/x' is owned by someone else)", "unsafe repository", "safe.directory"),
        ("", "it does not say why", "by hand"),
        ("what it says here", "what it says here", "by hand"),
    ],
)
def test_each_reason_of_git_has_its_hint(said: str, reason: str, hint: str) -> None:
    assert reason_in(said).startswith(reason)
    assert hint in hint_for(said)


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EROFS])
def test_a_clone_that_cannot_be_written_is_told_without_naming_another_place(number: int) -> None:
    problem = of_clone("/clone/.git/hooks", "cannot be written", OSError(number, os.strerror(number)))
    assert str(problem) == f"/clone/.git/hooks cannot be written: {os.strerror(number)}"
    assert "place" not in problem.hint
    assert "path" not in problem.hint


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("chattr"), reason="needs a folder that root cannot write")
def test_hooks_that_cannot_be_installed_say_who_may_write_there(tmp_path: Path) -> None:
    repo = Hooked(tmp_path, enabled=False)
    hooks = repo.common_dir / "hooks"
    hooks.mkdir(exist_ok=True)
    if subprocess.run(["chattr", "+i", str(hooks)], capture_output=True, check=False).returncode:
        pytest.skip("this file system has no such attribute")
    try:
        done = repo.tokcost("hooks", "install")
    finally:
        subprocess.run(["chattr", "-i", str(hooks)], check=True)
    assert done.returncode == 3
    assert "cannot be written: Operation not permitted" in done.stderr
    assert "`ls -l`" in done.stderr
