"""The folders of an editor: which worktrees belong to them, and whether their figures are current."""

import time
from pathlib import Path

import pytest

from support.claude_lines import append, assistant, write
from support.git_sandbox import T0, GitSandbox
from support.meanwhile import meanwhile
from tokcost.ledger.observations import observations
from tokcost.ledger.open import open_ledger
from tokcost.readers import registry
from tokcost.services.follow_folders import Round, refresh_folders, worktree_at, worktrees_around


@pytest.fixture
def repo(tmp_path: Path) -> GitSandbox:
    sandbox = GitSandbox(tmp_path / "repo")
    sandbox.commit()
    return sandbox


def test_a_folder_brings_its_linked_worktrees_and_submodules(repo: GitSandbox, tmp_path: Path) -> None:
    source = GitSandbox(tmp_path / "source")
    source.commit()
    repo.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(source.path), "sub")
    repo.git("worktree", "add", "-q", str(tmp_path / "linked"))
    (tmp_path / "plain").mkdir()
    expected = {str(repo.path), str(tmp_path / "linked"), str(repo.path / "sub")}
    for folder in (repo.path, tmp_path / "linked"):
        found = worktrees_around([str(folder), str(tmp_path / "plain"), str(tmp_path / "gone")])
        assert {one.path for one in found} == expected
    assert {one.path for one in worktrees_around([str(repo.path / "sub")])} == {str(repo.path / "sub")}


def test_a_file_of_gits_own_belongs_to_the_worktree_it_is_of(repo: GitSandbox, tmp_path: Path) -> None:
    repo.git("worktree", "add", "-q", str(tmp_path / "linked"))
    for folder, path in [
        (repo.path, repo.path),
        (repo.path / ".git", repo.path),
        (repo.path / ".git/logs", repo.path),
        (repo.path / ".git/worktrees/linked", tmp_path / "linked"),
    ]:
        found = worktree_at(str(folder))
        assert found is not None
        assert found.path == str(path)
    assert worktree_at(str(tmp_path)) is None
    assert worktree_at("/") is None


@pytest.mark.slow
def test_what_another_process_kept_from_the_ledger_is_tried_again(tmp_path: Path) -> None:
    this = Round(tmp_path / "ledger", {"HOME": str(tmp_path)}, 0)
    log = write(tmp_path / ".claude/projects/p/a.jsonl", assistant("m1", "r1", T0 * 1000, cwd=str(tmp_path)))
    assert refresh_folders(this, []).current
    append(log, assistant("m2", "r2", T0 * 1000, cwd=str(tmp_path)))
    with open_ledger(this.home) as holder, holder.transaction():
        held = refresh_folders(this, [])
    assert not held.current
    assert "locked" in held.notes[0]
    assert held.places == ()
    assert refresh_folders(this, []).current


def test_a_reader_that_fails_is_told_and_leaves_the_figures_current(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would fail again two seconds later, and budgets would never be told of."""
    package = tmp_path / "site-packages/other-1.0.dist-info"
    package.mkdir(parents=True)
    (package / "entry_points.txt").write_text("[tokcost.readers]\nother = no:Reader\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site-packages"))
    registry.forget()
    try:
        found = refresh_folders(Round(tmp_path / "ledger", {"HOME": str(tmp_path)}, 0), [])
    finally:
        registry.forget()
    assert found.current
    assert "no:Reader" in found.notes[0]
    assert found.places == ()


def test_head_is_seen_on_a_branch_no_longer_than_it_was_there(repo: GitSandbox, tmp_path: Path) -> None:
    this, moment = Round(tmp_path / "ledger", {"HOME": str(tmp_path)}, 0), 0
    with open_ledger(this.home):
        pass
    repo.git("branch", "main-or-other")
    worktrees = worktrees_around([str(repo.path)])
    switched = list[tuple[str, int]]()

    def switch() -> None:
        left = repo.git("branch", "--show-current").strip()
        repo.git("switch", "-q", "main-or-other" if left == "main" else "main")
        switched.append((left, time.time_ns() // 1_000_000))
        time.sleep(0.01)  # as long as a busy machine may leave a process waiting

    has_acted = True
    while has_acted:
        refresh_folders(this, worktrees)
        with meanwhile(repo.path / ".git", moment, switch) as one:
            refresh_folders(this, worktrees)
        has_acted, moment = one.has_acted, moment + 1
    assert moment > 2  # between two looks at HEAD as well
    with open_ledger(this.home) as ledger:
        seen = observations(ledger, worktrees[0].git_dir)
    for left, at_ms in switched:
        assert [one for one in seen if one.branch == left and one.first_ms <= at_ms < one.last_ms] == []
