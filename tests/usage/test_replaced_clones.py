"""A folder in the place of a known clone: the same one restored, one of the same project, or another project."""

import shutil
import sys
from pathlib import Path

import pytest

from support.folders import Folders
from tokcost.ledger.open import open_ledger
from tokcost.ledger.places import record_fingerprint, repositories


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path)


# --- nothing is known to compare ---


def test_a_clone_without_a_reflog_that_is_restored_in_its_place_keeps_its_usage(folders: Folders) -> None:
    folders.make_project("silent")
    folders.git("silent", "config", "core.logAllRefUpdates", "false")
    shutil.rmtree(folders.folder / "silent/.git/logs")
    folders.spend("silent", 3)
    assert folders.shown("silent") == {"silent": 3}
    for _ in range(2):
        folders.restore("silent")
        assert folders.shown("silent") == {"silent": 3}
    folders.spend("silent")
    folders.move("silent", "moved")
    assert folders.shown("moved") == {"moved": 4}


def test_a_bare_clone_with_worktrees_that_is_restored_in_its_place_keeps_its_usage(folders: Folders) -> None:
    (folders.folder / "app").mkdir()
    folders.git("repo", "clone", "-q", "--bare", ".", "../app/.bare")
    (folders.folder / "app/.git").write_text("gitdir: ./.bare\n")
    folders.git("app", "worktree", "add", "-q", "-b", "feat", "feat")
    folders.spend("app/feat", 3)
    assert folders.shown("app/feat") == {"app/feat": 3}
    folders.restore("app/.bare")
    assert folders.shown("app/feat") == {"app/feat": 3}
    folders.spend("app/feat")
    assert folders.shown("app/feat") == {"app/feat": 4}


def test_a_clone_without_a_commit_that_is_restored_in_its_place_keeps_its_usage(folders: Folders) -> None:
    (folders.folder / "unborn").mkdir()
    folders.git("unborn", "init", "-q", "-b", "main")
    folders.spend("unborn", 2)
    assert folders.shown("unborn") == {"unborn": 2}
    folders.restore("unborn")
    folders.commit("unborn")
    assert folders.shown("unborn") == {"unborn": 2}


@pytest.mark.parametrize("first", ["log", "enable", "commit", "editor"])
def test_a_clone_that_an_earlier_version_recorded_is_known_when_it_is_made_again(folders: Folders, first: str) -> None:
    folders.make_project("upstream")
    folders.clone("upstream", "work")
    folders.spend("work", 3)
    assert folders.shown("work") == {"work": 3}
    with open_ledger(folders.first.ledger_home) as ledger, ledger.transaction():
        for one in repositories(ledger):
            tokens = [token for token in one.fingerprint.split() if not token.startswith("commit:")]
            record_fingerprint(ledger, one.id, " ".join(tokens))
    shutil.rmtree(folders.folder / "work")
    folders.clone("upstream", "work")
    if first == "enable":
        folders.run("work", "enable", "--yes")
    elif first == "commit":
        folders.run("work", "enable", "--yes")
        folders.git("work", "-c", "user.name=A", "-c", "user.email=a@x.org", "commit", "-q", "--allow-empty", "-m", "W")
    elif first == "editor":
        with folders.first.serve():  # it has looked once by then
            pass
    assert folders.shown("work") == {"work": 3}


# --- a clone of the same project, made again at the same commit ---


def make_again(folders: Folders) -> None:
    """`work`, with three replies, is another clone of the same project by now, at the same commit."""
    folders.make_project("upstream")
    folders.clone("upstream", "work")
    folders.spend("work", 3)
    assert folders.shown("work") == {"work": 3}
    folders.move("work", "older")
    folders.clone("upstream", "work")


def test_a_clone_that_is_made_again_at_the_same_commit_is_known_when_it_is_moved(folders: Folders) -> None:
    make_again(folders)
    shutil.rmtree(folders.folder / "older")
    folders.spend("work")
    assert folders.shown("work") == {"work": 4}
    folders.move("work", "moved")
    assert folders.shown("moved") == {"moved": 4}
    folders.move("moved", "work")
    folders.spend("work")
    assert folders.shown("work") == {"work": 5}


def test_a_clone_that_is_made_again_is_known_when_it_is_moved_into_another_clones_place(folders: Folders) -> None:
    make_again(folders)
    shutil.rmtree(folders.folder / "older")
    folders.clone("upstream", "other")
    folders.spend("other", 8)
    assert folders.shown("work", "other") == {"work": 3, "other": 8}
    shutil.rmtree(folders.folder / "other")
    folders.move("work", "other")
    assert folders.shown("other") == {"other": 3}


def test_a_worktree_of_a_clone_that_was_made_again_is_known_when_the_clone_is_moved(folders: Folders) -> None:
    make_again(folders)
    shutil.rmtree(folders.folder / "older")
    folders.git("work", "worktree", "add", "-q", "-b", "linked", "../linked")
    folders.spend("linked", 4)
    assert folders.shown("linked") == {"linked": 7}
    folders.move("work", "moved")
    folders.git("moved", "worktree", "repair", "../linked")
    assert folders.shown("linked", "moved") == {"linked": 7, "moved": 7}


# --- git is asked before the ledger is locked, and not for long ---


def other_git(folders: Folders, script: str) -> str:
    """A PATH with a git that does something else first when it is asked which commits there are."""
    git, real = folders.folder / "bin/git", shutil.which("git")
    git.parent.mkdir()
    git.write_text(f'#!/bin/sh\ncase "$*" in *cat-file*) {script} ;; esac\nexec {real} "$@"\n')
    git.chmod(0o755)
    return f"{git.parent}:{folders.first.environ['PATH']}"


def for_hooks(folders: Folders, path: str) -> dict[str, str]:
    """The environment in which git has its hooks find that git first: it puts its own programs before all others."""
    ours, theirs = Path(path.partition(":")[0]), Path(folders.first.git("--exec-path"))
    for program in theirs.iterdir():
        if program.name != "git":
            (ours / program.name).symlink_to(program)
    return {"PATH": path, "GIT_EXEC_PATH": str(ours)}


def answers(folders: Folders) -> list[str]:
    asked = folders.folder / "asked"
    return asked.read_text().split() if asked.exists() else []


def test_a_git_that_does_not_answer_is_asked_once_by_the_hooks_and_once_by_a_command(folders: Folders) -> None:
    folders.spend("repo")
    folders.first.log()
    folders.move("repo", "old")
    folders.clone("old", "repo")
    folders.first.enable()
    with open_ledger(folders.first.ledger_home) as ledger, ledger.transaction():
        (one,) = repositories(ledger)
        tokens = [token for token in one.fingerprint.split() if not token.startswith("commit:")]
        record_fingerprint(ledger, one.id, " ".join([*tokens, f"commit:{'1' * 40}"]))
    folders.spend("repo")
    folders.first.change()
    path = other_git(folders, f"echo x >> {folders.folder}/asked; exec sleep 60")
    folders.first.more_environ = for_hooks(folders, path)
    folders.first.hooked("-m", "Work")
    assert len(folders.first.lines()) == 1
    assert len(answers(folders)) == 1
    for _ in range(2):
        folders.run("repo", "log")
    assert len(answers(folders)) == 2


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("proj", "log"),
        ("proj", "status"),
        ("proj", "enable --yes"),
        ("proj", "hooks install"),
        ("proj", "assign main --from main"),
        ("repo", "log"),
        ("repo", "export usage --repository ../proj --output -"),
    ],
)
def test_the_ledger_can_be_written_while_git_is_asked(folders: Folders, where: str, words: str) -> None:
    folders.make_project("proj")
    folders.spend("proj")
    assert folders.shown("proj") == {"proj": 1}
    folders.replace("proj")
    folders.spend("proj", 2)
    ledger = folders.first.ledger_home / "ledger.db"
    write = f"import sqlite3; sqlite3.connect('{ledger}', timeout=0).execute('BEGIN IMMEDIATE')"
    free = f'{sys.executable} -c "{write}" && echo free >> {folders.folder}/asked'
    path = other_git(folders, f"{{ {free}; }} || echo locked >> {folders.folder}/asked")
    folders.first.tokcost(*words.split(), cwd=folders.folder / where, PATH=path)
    assert answers(folders) == ["free"]
    assert folders.shown("proj") == {"proj": 2}
