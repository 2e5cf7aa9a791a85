"""A folder in the place of a known clone: the same one restored, one of the same project, or another project."""

import shutil
import sys
from pathlib import Path

import pytest

from support.folders import Folders
from support.hooked import REPLY
from tokcost.ledger.open import open_ledger
from tokcost.ledger.places import record_fingerprint, repositories
from tokcost.model.trailer import read_message


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
    folders.clone("repo", "app/.bare", bare=True)
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
    folders.init("unborn")
    folders.spend("unborn", 2)
    assert folders.shown("unborn") == {"unborn": 2}
    folders.restore("unborn")
    folders.commit("unborn")
    assert folders.shown("unborn") == {"unborn": 2}


def test_a_bare_clone_without_a_reflog_that_is_made_again_in_its_place_keeps_its_usage(folders: Folders) -> None:
    (folders.folder / "app").mkdir()
    (folders.folder / "app/.git").write_text("gitdir: ./.bare\n")
    for spent in (3, 6):
        folders.clone("repo", "app/.bare", bare=True)
        folders.git("app", "worktree", "add", "-q", "-b", "feat", "feat")
        folders.spend("app/feat", 3)
        assert folders.shown("app/feat") == {"app/feat": spent}
        for name in ("app/.bare", "app/feat"):
            shutil.rmtree(folders.folder / name)


@pytest.mark.parametrize("is_committed", [False, True])
def test_a_project_that_has_just_begun_takes_nothing_from_one_that_was_as_new(
    folders: Folders, is_committed: bool
) -> None:
    (folders.folder / "new").mkdir()
    folders.init("new")
    folders.spend("new", 2)
    assert folders.shown("new") == {"new": 2}
    folders.move("new", "older")
    (folders.folder / "new").mkdir()
    folders.init("new")
    folders.spend("new", 4)
    assert folders.shown("new") == {"new": 4}
    if is_committed:
        folders.commit("new")
    assert folders.shown("older", "new") == {"older": 2, "new": 4}


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


# --- both clones are still there ---


def part(folders: Folders) -> None:
    """Five replies in the clone that was made again at `work`; what was spent before was three, in `older`."""
    folders.spend("work", 5)
    assert folders.shown("work") == {"work": 8}


@pytest.mark.parametrize("order", [("older", "work"), ("work", "older")])
def test_each_of_two_clones_gets_what_was_spent_in_it_as_soon_as_the_older_one_is_found(
    folders: Folders, order: tuple[str, str]
) -> None:
    make_again(folders)
    part(folders)
    assert folders.shown("older") == {"older": 3}
    assert folders.shown(*order) == {"older": 3, "work": 5}
    folders.spend("work", 8)
    folders.spend("older", 16)
    folders.commit("work")
    assert folders.shown(*order) == {"older": 19, "work": 13}
    assert "every stored sum agrees with its rows" in folders.run("work", "doctor")
    folders.move("work", "aside")
    folders.move("older", "work")
    folders.move("aside", "older")
    assert folders.shown(*order) == {"work": 19, "older": 13}


@pytest.mark.parametrize("names", [("work", "older"), ("older", "work"), ("work", "older", "work")])
def test_each_gets_its_own_if_both_are_met_in_one_import(folders: Folders, names: tuple[str, ...]) -> None:
    make_again(folders)
    part(folders)
    for name in names:
        folders.spend(name)
    folders.shown("repo")
    assert folders.shown("work", "older") == {"older": 4, "work": 5 + names.count("work")}


@pytest.mark.parametrize("first", ["status", "enable --yes", "hooks install", "preview", "assign main --unplaced"])
@pytest.mark.parametrize("where", ["older", "work"])
def test_each_gets_its_own_whatever_is_run_first(folders: Folders, first: str, where: str) -> None:
    make_again(folders)
    part(folders)
    folders.first.tokcost(*first.split(), cwd=folders.folder / where)
    assert folders.shown("older", "work") == {"older": 3, "work": 5}


def test_a_commit_and_an_editor_give_each_its_own_as_well(folders: Folders) -> None:
    make_again(folders)
    part(folders)
    folders.run("older", "enable", "--yes", "--precision", "exact")
    with folders.first.serve():
        folders.first.work("Served", cwd=folders.folder / "older")
    message = folders.first.git("log", "-1", "--format=%B", cwd=folders.folder / "older")
    assert [line.tokens for line in read_message(message).lines] == [4 * REPLY]
    assert folders.shown("work", "older") == {"older": 4, "work": 5}


def make_bare_clone(folders: Folders, responses: int) -> None:
    """A bare clone in `app/.bare`, with a worktree in which so much is spent."""
    (folders.folder / "app").mkdir()
    (folders.folder / "app/.git").write_text("gitdir: ./.bare\n")
    folders.clone("repo", "app/.bare", bare=True)
    folders.git("app", "worktree", "add", "-q", "-b", "feat", "feat")
    folders.spend("app/feat", responses)


def test_the_worktrees_of_two_bare_clones_stay_theirs(folders: Folders) -> None:
    make_bare_clone(folders, 3)
    assert folders.shown("app/feat") == {"app/feat": 3}
    folders.move("app", "older")
    folders.git("older", "worktree", "repair", "feat")
    make_bare_clone(folders, 5)
    assert folders.shown("app/feat") == {"app/feat": 8}
    assert folders.shown("older/feat") == {"older/feat": 3}
    assert folders.shown("app/feat", "older/feat") == {"app/feat": 5, "older/feat": 3}
    folders.spend("app/feat")
    folders.spend("older/feat")
    assert folders.shown("older/feat", "app/feat") == {"app/feat": 6, "older/feat": 4}


def test_the_newer_clone_gets_its_own_when_it_has_made_room_for_the_older_one(folders: Folders) -> None:
    make_again(folders)
    part(folders)
    folders.move("work", "newer")
    folders.move("older", "work")
    assert folders.shown("work") == {"work": 8}
    assert folders.shown("newer", "work") == {"newer": 5, "work": 3}
    assert folders.shown("work", "newer") == {"newer": 5, "work": 3}


def test_the_newer_clone_gets_its_own_when_both_were_moved(folders: Folders) -> None:
    make_again(folders)
    part(folders)
    folders.move("work", "newer")
    assert folders.shown("newer") == {"newer": 8}
    assert folders.shown("older") == {"older": 3}
    assert folders.shown("newer", "older") == {"newer": 5, "older": 3}


def test_the_linked_worktrees_of_both_clones_stay_theirs(folders: Folders) -> None:
    folders.make_project("upstream")
    folders.clone("upstream", "work")
    folders.git("work", "worktree", "add", "-q", "-b", "first", "../first")
    folders.spend("first", 3)
    assert folders.shown("first") == {"first": 3}
    folders.move("work", "older")
    folders.clone("upstream", "work")
    folders.git("older", "worktree", "repair", "../first")
    folders.git("work", "worktree", "add", "-q", "-b", "second", "../second")
    folders.spend("second", 5)
    assert folders.shown("second") == {"second": 8}
    assert folders.shown("first", "second", "older", "work") == {"first": 3, "second": 5, "older": 3, "work": 5}
    folders.spend("second")
    folders.spend("first")
    assert folders.shown("second", "first") == {"first": 4, "second": 6}


def test_lines_that_were_published_in_both_clones_stay_with_them(folders: Folders) -> None:
    repo, older = folders.first, folders.folder / "older"
    repo.work()
    assert repo.replies() == {"total": 1, "carried": 1}
    repo.spend()
    repo.log()
    folders.move("repo", "older")
    folders.clone("older", "repo")
    repo.enable()
    repo.work("Again")
    # With what was pending in the older clone: what is published once stays with its line.
    assert [line.tokens for line in repo.lines()] == [2 * REPLY]
    repo.spend()
    assert folders.balance("repo") == {"total": 4, "carried": 3, "pending": 1}
    assert folders.balance("older") == {"total": 1, "carried": 1}
    assert folders.balance("repo") == {"total": 3, "carried": 2, "pending": 1}
    repo.change()
    repo.hooked("-m", "Newer")
    repo.work("Older", cwd=older)
    assert folders.balance("repo") == {"total": 3, "carried": 3}
    assert folders.balance("older") == {"total": 2, "carried": 2}
    assert "every stored sum agrees with its rows" in folders.run("repo", "doctor")


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
