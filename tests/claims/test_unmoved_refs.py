"""Many refs are not read again while none has moved, and whatever moves one is seen."""

import time
from pathlib import Path

import pytest

from support.hooked import NO_HOOKS, Hooked
from tokcost.ledger.claims import known_state, known_tips
from tokcost.ledger.open import open_ledger
from tokcost.repo import refs_state
from tokcost.repo.refs import PUBLISHED, all_tips, detached_heads, local_branches, tips_of_branches

MANY = 1_100
CHANGES = {
    "a new branch": ("branch", "new"),
    "a new folder of branches": ("branch", "more/new"),
    "a branch that moves": ("update-ref", "refs/heads/b/7", "HEAD~1"),
    "a branch that goes": ("branch", "-D", "b/8"),
    "a packed branch that goes": ("branch", "-D", "packed/8"),
    "a packed branch that moves": ("update-ref", "refs/heads/packed/7", "HEAD~1"),
    "a renamed branch": ("branch", "-m", "b/9", "b/renamed"),
    "the first tag": ("tag", "v1"),
    "the first remote branch": ("update-ref", "refs/remotes/origin/main", "HEAD"),
    "a commit": (*NO_HOOKS, "commit", "-q", "--allow-empty", "-m", "x"),
    "a detached HEAD": ("switch", "-q", "--detach", "HEAD~1"),
    "packing": ("pack-refs", "--all"),
}


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hooked:
    """A clone with many branches, half of them packed, and with claims."""
    monkeypatch.setattr(refs_state, "_SURE_NS", 20_000_000)  # a test has no two seconds
    repo = Hooked(tmp_path, rooted=True, forks=True)
    repo.work("One")
    head = repo.id()
    for name in ("packed", "b"):
        folder = repo.common_dir / "refs/heads" / name
        folder.mkdir()
        for number in range(MANY // 2):
            (folder / str(number)).write_text(f"{head}\n")
        if name == "packed":
            repo.git("pack-refs", "--all")
    repo.git("config", "maintenance.auto", "false")  # a git of today packs so many refs after a commit by itself
    return repo


def look(repo: Hooked) -> str:
    """The state that the ledger remembers after a look, once what it knows agrees with git."""
    time.sleep(0.03)
    repo.log()
    said = repo.git("for-each-ref", "--format=%(refname) %(objectname)", *PUBLISHED)
    with open_ledger(repo.ledger_home) as ledger:
        tips = known_tips(ledger, 1)
        refs = {ref: tip for ref, tip in tips.items() if ref.startswith("refs/")}
        assert refs == dict(line.split() for line in said.splitlines())
        return known_state(ledger, 1, only_local=False)


def test_whatever_moves_a_ref_changes_the_state(clone: Hooked) -> None:
    folder = str(clone.common_dir)
    for what, command in CHANGES.items():
        time.sleep(0.03)
        before = refs_state.refs_state(folder)
        assert refs_state.is_still(folder, before)
        clone.git(*command)
        heads = what == "a detached HEAD"  # of which the ledger remembers more
        assert refs_state.is_still(folder, before) is heads, what


def test_what_moved_is_read_again(clone: Hooked) -> None:
    look(clone)
    for command in CHANGES.values():
        clone.git(*command)
        look(clone)
    assert look(clone) == look(clone)


def test_what_moved_is_read_as_if_all_was_read(clone: Hooked) -> None:
    folder = str(clone.common_dir)
    for what, command in CHANGES.items():
        time.sleep(0.03)
        before, state = all_tips(folder), refs_state.refs_state(folder)
        clone.git(*command)
        found = refs_state.read_changed(folder, state, before)
        heads = detached_heads(folder)
        assert found is None or found | heads == all_tips(folder), what
        assert found is not None or "goes" in what or "renamed" in what or "packing" in what, what


@pytest.mark.slow
@pytest.mark.parametrize("hours", [1, 24, -1, 0])
def test_what_moved_is_read_again_although_our_clock_was_wrong(
    clone: Hooked, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    folder = str(clone.common_dir)
    time.sleep(0.03)
    with monkeypatch.context() as patch:
        wrong = time.time_ns() + hours * 3_600_000_000_000
        patch.setattr(time, "time_ns", lambda: wrong)
        before, state = all_tips(folder), refs_state.refs_state(folder)
    clone.git(*CHANGES["a branch that moves"])
    found = refs_state.read_changed(folder, state, before)
    assert found is None or found | detached_heads(folder) == all_tips(folder)


@pytest.mark.slow
def test_refs_that_moved_just_now_are_read_again(clone: Hooked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refs_state, "_SURE_NS", 3_600_000_000_000)
    state = refs_state.refs_state(str(clone.common_dir))
    assert not refs_state.is_still(str(clone.common_dir), state)


@pytest.mark.slow
def test_some_branches_are_those_of_all(clone: Hooked) -> None:
    clone.git("update-ref", "refs/heads/packed/7", "HEAD~1")
    known = local_branches(str(clone.common_dir))
    assert known is not None
    names = ("main", "b/7", "packed/7", "packed/8", "missing", "B/7", "b", "")
    wanted = {name: known[name] for name in names if name in known}
    assert len(wanted) == 4
    assert tips_of_branches(str(clone.common_dir), names) == wanted
    assert tips_of_branches(str(clone.common_dir / "missing"), names) is None
