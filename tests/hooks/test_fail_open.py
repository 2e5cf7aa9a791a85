"""Whatever is broken on our side, the commit is made, and one line says what was wrong."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.hooked import Hooked, alone
from tokcost_hooks import HOOKS
from tokcost_hooks.installation.hooks import needed_hooks

pytestmark = pytest.mark.own_start

RUN = Path(__file__).parent.parent.parent / "hooks/tokcost_hooks/run.py"


def commit(repo: Hooked, **env: str) -> str:
    repo.spend()
    repo.change()
    done = subprocess.run(
        ["git", "commit", "-q", "-m", "One"],
        cwd=repo.path,
        env=repo.environ | env,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_a_home_that_cannot_be_used(repo: Hooked, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = commit(repo, TOKCOST_HOME=str(tmp_path / "file" / "home"))
    assert said.startswith("tokcost: prepare-commit-msg left this commit without a cost line (")
    assert said.splitlines()[1:] == ["hint: Run `tokcost enable` to agree, or `tokcost disable` to end this message."]
    assert repo.replies() == {"total": 1, "pending": 1}


@alone
def test_a_disk_that_is_full(repo: Hooked) -> None:
    """No file may grow beyond a few kilobytes: the ledger cannot be written."""
    repo.spend()
    repo.change()
    done = subprocess.run(
        ["sh", "-c", "ulimit -f 8; trap '' XFSZ; exec git commit -q -m One"],
        cwd=repo.path,
        env=repo.environ,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert repo.git("log", "-1", "--format=%s") == "One"
    assert "tokcost: prepare-commit-msg left this commit" in done.stderr
    assert repo.replies() == {"total": 1, "pending": 1}


@pytest.mark.parametrize("damage", ["missing", "syntax", "exit"])
def test_a_package_that_is_broken(repo: Hooked, tmp_path: Path, damage: str) -> None:
    broken = tmp_path / "packages" / "tokcost"
    broken.mkdir(parents=True)
    if damage == "missing":
        shutil.rmtree(broken)
    else:
        (broken / "__init__.py").write_text("(" if damage == "syntax" else "raise SystemExit(5)")
    shutil.copytree(RUN.parent, tmp_path / "hooks" / "tokcost_hooks", ignore=shutil.ignore_patterns("__pycache__"))
    for hook in needed_hooks(repo.worktree):
        path = repo.path / ".git/hooks" / hook
        text = path.read_text().replace(str(RUN), str(tmp_path / "hooks" / "tokcost_hooks" / "run.py"))
        at = text.index("TOKCOST_PATH=")
        path.write_text(text[:at] + f"TOKCOST_PATH={tmp_path}/packages" + text[text.index(' "$python"', at) :])
    assert commit(repo).startswith("tokcost: prepare-commit-msg left this commit without a cost line (")
    assert repo.git("log", "-1", "--format=%s") == "One"


@pytest.mark.parametrize("hook", [*HOOKS, "no-such-hook", ""])
def test_the_start_of_a_hook_never_fails(tmp_path: Path, hook: str) -> None:
    """Outside a repository, without arguments, with standard error closed."""
    words = [hook] if hook else []
    for more in ({}, {"TOKCOST_PATH": os.pathsep.join(sys.path)}):
        done = subprocess.run(
            ["sh", "-c", 'exec 2>&-; exec "$@"', "sh", sys.executable, "-I", "-S", str(RUN), *words],
            cwd=tmp_path,
            env={"HOME": str(tmp_path), **more},
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == 0


def test_nothing_of_the_users_repository_is_imported(repo: Hooked) -> None:
    """`python -m` would take `sqlite3.py` from the folder it was started in."""
    for name in ("sqlite3", "tokcost", "msgspec", "signal"):
        (repo.path / f"{name}.py").write_text("open('imported', 'w')\nraise SystemExit(9)\n")
    assert commit(repo) == ""
    script = Path(sys.executable).parent / "tokcost-hook"
    message = repo.path / ".git/MESSAGE"
    message.write_text("One\n")
    subprocess.run([script, "prepare-commit-msg", message, "message"], cwd=repo.path, env=repo.environ, check=True)
    assert not (repo.path / "imported").exists()
    assert repo.replies() == {"total": 1, "carried": 1}


def test_the_console_script_takes_what_the_framework_says_in_the_environment(repo: Hooked) -> None:
    """It passes the file alone; without the source an amend would propose instead of raising."""
    repo.work("One")
    repo.spend()
    script = Path(sys.executable).parent / "tokcost-hook"
    message = repo.path / ".git/MESSAGE"
    message.write_text(repo.message() + "\n")
    env = {"PRE_COMMIT_COMMIT_MSG_SOURCE": "commit", "PRE_COMMIT_COMMIT_OBJECT_NAME": "HEAD"}
    subprocess.run([script, "prepare-commit-msg", message], cwd=repo.path, env=repo.environ | env, check=True)
    assert message.read_text().count("AI-Cost: ") == 1
    assert ".2\n" in message.read_text()
