"""A line that was damaged by hand is not withheld: whoever does not want it published deletes it."""

import pytest

from support.hooked import Hooked
from support.tables import few

DAMAGE = {
    "an amount that is none": "s/ USD list; / dollars, /",
    "all before the id": "s/^AI-Cost: .*; /AI-Cost: /",
    "its id": "s/^\\(AI-Cost: .*\\); [0-9a-z]*$/\\1/",
    "half of its id": "s/^\\(AI-Cost: .*; [0-9a-z]\\{6\\}\\)[0-9a-z]*$/\\1/",
    "half of the line": "s/^\\(AI-Cost: .* USD list\\).*$/\\1/",
    "its key": "s/^AI-Cost:/AI-Cst:/",
    "its key and its id": "s/^AI-Cost: \\(.*\\); [0-9a-z]*$/\\1/",
    "its beginning": "s/^AI-Cost: .* USD list; //",
}
SILENT = {"an amount that is none"}
"""The script of the hook finds the id where it was, and has no need of more."""
REMOVAL = {
    "all of it": "/^AI-/d",
    "the line alone": "/^AI-Cost/d",
    "its value": "s/^AI-Cost: .*/AI-Cost:/;/^AI-Tokens/d",
    "as a comment": "s/^AI-/# AI-/",
    "for somebody's own line": "s/^AI-Cost: .*/AI-Cost: $7; my own count/;/^AI-Tokens/d",
}


def commit(repo: Hooked, title: str, script: str, *more: str) -> str:
    """A commit whose message somebody edits; what our hooks say of it."""
    repo.spend()
    repo.change()
    return repo.grumble("commit", "-q", "-e", "-m", title, *more, env=repo.editor(f"sed -i -e '{script}' \"$1\""))


@pytest.mark.few
@pytest.mark.parametrize("damage", few(DAMAGE, 4))
def test_the_next_commit_offers_a_damaged_line_again(repo: Hooked, damage: str) -> None:
    said = commit(repo, "One", DAMAGE[damage])
    assert said.count("delete the whole line") == (damage not in SILENT)
    assert repo.replies() == {"total": 1, "pending": 1}
    repo.work("Two")
    assert repo.replies() == {"total": 2, "carried": 2}


@pytest.mark.few
@pytest.mark.parametrize("removal", REMOVAL)
def test_a_line_of_which_nothing_is_left_is_withheld(repo: Hooked, removal: str) -> None:
    assert commit(repo, "One", REMOVAL[removal]) == ""
    assert repo.replies() == {"total": 1, "withheld": 1}
    repo.work("Two")
    assert repo.replies() == {"total": 2, "carried": 1, "withheld": 1}


def test_a_damaged_line_is_offered_again_although_no_hook_ran_after_the_commit(repo: Hooked) -> None:
    path = repo.common_dir / "hooks/post-commit"
    path.chmod(0o644)
    commit(repo, "One", DAMAGE["its id"])
    path.chmod(0o755)
    repo.work("Two")
    assert repo.replies() == {"total": 2, "carried": 2}
    assert not [note for note in repo.common_dir.glob("TOKCOST_*") if note.stat().st_size]  # all is dealt with


def test_a_damaged_amend_leaves_what_was_carried_and_is_offered_again(repo: Hooked) -> None:
    repo.work("One")
    commit(repo, "One", DAMAGE["its key"], "--amend")
    assert repo.replies() == {"total": 2, "pending": 2}
    repo.work("Two")
    assert repo.replies() == {"total": 3, "carried": 3}
