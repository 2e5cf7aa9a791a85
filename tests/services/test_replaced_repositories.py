"""What commands say and do about a repository whose folder another one has taken."""

import json
import shutil
from pathlib import Path

import pytest

from support.folders import Folders
from tokcost.ledger.open import open_ledger
from tokcost.ledger.places import repositories
from tokcost.ledger.settings import record_setting, setting


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path)


@pytest.fixture
def replaced(folders: Folders) -> Folders:
    """`proj`, with three replies on the branch `canary-branch`, is another project by now, with one reply."""
    folders.make_project("proj")
    folders.git("proj", "switch", "-q", "-c", "canary-branch")
    folders.spend("proj", 3)
    assert folders.shown("proj") == {"proj": 3}
    folders.replace("proj")
    folders.spend("proj")
    assert folders.shown("proj") == {"proj": 1}
    return folders


@pytest.mark.parametrize("where", ["proj", "repo"])
def test_a_purge_by_path_reaches_the_repository_that_was_there_before(replaced: Folders, where: str) -> None:
    path = str(replaced.folder / "proj")
    said = replaced.run(where, "purge", "--repository", path, "--branch", "canary-branch", "--yes")
    assert "3 responses" in said
    assert f"usage of the repository that was in {path} before another one took its place" in said
    assert not replaced.holds("canary-branch")
    assert replaced.shown("proj") == {"proj": 1}


def test_a_purge_by_path_purges_both_and_says_so_in_json(replaced: Folders) -> None:
    path = str(replaced.folder / "proj")
    found = json.loads(replaced.run("proj", "purge", "--repository", path, "--dry-run", "--json"))
    assert (found["usage"], found["replaced"], found["beside"]) == (4, [path], [])
    done = json.loads(replaced.run("proj", "purge", "--repository", path, "--yes", "--json"))
    assert (done["usage"], done["replaced"], done["purged"]) == (4, [path], True)
    assert not replaced.holds("canary-branch")
    assert not replaced.holds("moved away")


def test_a_purge_by_path_reaches_it_after_the_other_project_is_gone_too(replaced: Folders) -> None:
    shutil.rmtree(replaced.folder / "proj")
    said = replaced.run("repo", "purge", "--repository", str(replaced.folder / "proj"), "--yes")
    assert "4 responses" in said
    assert not replaced.holds("canary-branch")


def test_a_purge_by_branch_names_the_repository_that_was_there_before(replaced: Folders) -> None:
    said = replaced.run("proj", "purge", "--branch", "canary-branch", "--dry-run")
    assert "0 responses" in said
    assert f"Not included: usage on this branch of the repository that was in {replaced.folder}/proj before" in said
    assert f"--repository {replaced.folder}/proj" in said
    assert "Not included" not in replaced.run("proj", "purge", "--branch", "main", "--dry-run")


def test_a_purge_by_path_leaves_what_was_moved_away_and_found_again(folders: Folders) -> None:
    folders.make_project("proj")
    folders.spend("proj", 3)
    assert folders.shown("proj") == {"proj": 3}
    folders.move("proj", "old")
    folders.make_project("proj")
    assert folders.shown("proj", "old") == {"proj": 0, "old": 3}
    said = folders.run("proj", "purge", "--repository", str(folders.folder / "proj"), "--yes")
    assert "0 responses" in said
    assert folders.shown("old") == {"old": 3}


def test_nobody_is_shown_the_path_under_which_the_ledger_has_it(replaced: Folders) -> None:
    proj = f"{replaced.folder}/proj"
    everything = replaced.run("proj", "log", "--all-repos")
    listed = replaced.run("proj", "uninstall", "--dry-run")
    for said in (everything, listed):
        assert f"{proj} (replaced by another repository)" in said.replace("\n", " ")
    exported = replaced.run("proj", "export", "usage", "--all-repos", "--format", "csv", "-o", "-")
    assert {name for name in ("proj,", "proj (2),") if name in exported} == {"proj,", "proj (2),"}
    for said in (everything, listed, exported, replaced.run("proj", "doctor"), replaced.run("proj", "log")):
        assert "moved away" not in said


def test_a_purge_names_the_clone_whose_journal_it_cannot_find_by_its_path(folders: Folders) -> None:
    folders.first.work()
    assert folders.shown("repo") == {"repo": 1}
    folders.replace("repo")
    assert folders.shown("repo") == {"repo": 0}
    said = folders.run("repo", "purge", "--all", "--yes")
    assert f"Not found: {folders.folder}/repo (replaced by another repository)." in said


def test_what_the_ledger_noted_of_a_purged_repository_is_not_taken_for_the_next_ones(replaced: Folders) -> None:
    with open_ledger(replaced.first.ledger_home) as ledger, ledger.transaction():
        old, new = (one.id for one in repositories(ledger))
        for number in (old, new):
            for name in ("refs given up {}", "claims read {}", "git did not answer in {}"):
                record_setting(ledger, name.format(number), "1")
    path = str(replaced.folder / "proj")
    replaced.run("proj", "purge", "--repository", path, "--branch", "canary-branch", "--yes")
    with open_ledger(replaced.first.ledger_home) as ledger:
        assert [one.id for one in repositories(ledger)] == [new]
        assert setting(ledger, f"refs given up {old}") is None
        assert setting(ledger, f"git did not answer in {old}") is None
        assert setting(ledger, f"refs given up {new}") == "1"
