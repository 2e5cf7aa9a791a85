"""The branch at a moment, read from real repositories: worktree, HEAD, reflog and the rules of attribution together."""

import os
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.git_sandbox import T0, GitSandbox
from support.long_reflog import write_long_reflog
from tokcost.model.place import UNKNOWN, BranchPlace
from tokcost.placement.branch import place
from tokcost.placement.timeline import build_timeline, unsettled_since
from tokcost.repo.reflog import read_head_history
from tokcost.repo.worktree import find_worktree


@pytest.fixture
def repo(tmp_path: Path) -> GitSandbox:
    sandbox = GitSandbox(tmp_path / "repo")
    sandbox.commit()
    return sandbox


def at(path: Path, seconds: float, hint: str = "", *, hint_stale: bool = False) -> BranchPlace:
    worktree = find_worktree(str(path))
    assert worktree is not None
    return place(build_timeline(read_head_history(worktree)), int((T0 + seconds) * 1000), hint, hint_stale=hint_stale)


def on(branch: str) -> BranchPlace:
    return BranchPlace(branch, "reflog")


def test_the_branch_is_the_one_checked_out_then_whatever_the_transcript_says(repo: GitSandbox) -> None:
    repo.git("branch", "feat/a")
    repo.git("branch", "feat/b")
    repo.at(10).switch("feat/a")
    repo.at(20).switch("feat/b")
    found = [at(repo.path, seconds, "feat/b") for seconds in (5, 15, 25)]
    assert found == [on("main"), on("feat/a"), on("feat/b")]


def test_before_any_switch_and_any_commit_it_is_the_first_branch(tmp_path: Path) -> None:
    repo = GitSandbox(tmp_path / "repo")
    assert at(repo.path, 5) == on("main")
    repo.at(10).commit()
    assert [at(repo.path, seconds) for seconds in (5, 15)] == [on("main"), on("main")]


def test_when_all_entries_have_expired_head_has_not_moved_since(repo: GitSandbox) -> None:
    repo.git("reflog", "expire", "--expire=now", "--all")
    now = int((repo.path / ".git/logs/HEAD").stat().st_mtime) - T0
    assert at(repo.path, now - 100) == UNKNOWN
    assert at(repo.path, now + 100) == on("main")


def test_each_worktree_has_its_own_history(repo: GitSandbox, tmp_path: Path) -> None:
    repo.at(10).git("worktree", "add", "-q", "-b", "feat/b", str(tmp_path / "wt"))
    repo.git("branch", "feat/a")
    repo.at(20).switch("feat/a")
    assert at(tmp_path / "wt", 25, "feat/a") == on("feat/b")
    assert at(repo.path, 25, "feat/b") == on("feat/a")


def test_within_the_second_of_a_switch_the_assistants_own_field_decides(repo: GitSandbox) -> None:
    repo.git("branch", "feat/a")
    repo.at(10).switch("feat/a")
    assert at(repo.path, 10.4, "main") == on("main")
    assert at(repo.path, 10.4, "feat/a") == on("feat/a")
    assert at(repo.path, 10.4, "elsewhere") == on("feat/a")
    assert at(repo.path, 10.4, "main", hint_stale=True) == on("feat/a")


def test_a_phantom_head_in_the_transcript_is_no_branch(repo: GitSandbox) -> None:
    repo.git("config", "core.logAllRefUpdates", "false")
    (repo.path / ".git/logs/HEAD").unlink()
    assert at(repo.path, 5, "HEAD") == UNKNOWN


def test_without_a_reflog_the_transcript_is_all_there_is(repo: GitSandbox) -> None:
    (repo.path / ".git/logs/HEAD").unlink()
    assert at(repo.path, 5, "feat/x") == BranchPlace("feat/x", "transcript")


def test_what_is_older_than_an_expired_reflog_is_not_guessed(repo: GitSandbox) -> None:
    repo.git("branch", "feat/a")
    repo.at(100).switch("feat/a")
    log = repo.path / ".git/logs/HEAD"
    log.write_bytes(log.read_bytes().splitlines(keepends=True)[-1])
    assert at(repo.path, 50) == UNKNOWN
    assert at(repo.path, 50, "feat/z") == BranchPlace("feat/z", "transcript")
    assert at(repo.path, 150) == on("feat/a")


def test_a_clone_knows_nothing_of_the_time_before_it(repo: GitSandbox, tmp_path: Path) -> None:
    repo.at(100).git("clone", "-q", str(repo.path), str(tmp_path / "clone"))
    assert at(tmp_path / "clone", 50) == UNKNOWN
    assert at(tmp_path / "clone", 150) == on("main")


def test_a_plainly_detached_head_is_no_branch(repo: GitSandbox) -> None:
    repo.at(10).git("checkout", "-q", "--detach")
    assert at(repo.path, 15) == UNKNOWN
    repo.at(20).switch("main")
    assert [at(repo.path, s) for s in (5, 15, 25)] == [on("main"), UNKNOWN, on("main")]


def test_a_tag_that_was_checked_out_is_not_taken_for_a_branch(repo: GitSandbox) -> None:
    repo.git("tag", "v1.0")
    repo.at(10).git("checkout", "-q", "v1.0")
    repo.at(20).switch("main")
    assert at(repo.path, 15) == UNKNOWN


def diverge(repo: GitSandbox) -> None:
    repo.at(10).switch("-c", "feat/a")
    repo.at(11).commit("one", "feature\n")
    repo.at(12).commit("two", "feature\n")
    repo.at(20).switch("main")
    repo.at(21).commit("one", "main\n")
    repo.at(30).switch("feat/a")


@pytest.mark.parametrize("backend", ["--merge", "--apply"])
def test_a_rebase_that_stopped_is_work_on_the_branch_being_rebased(repo: GitSandbox, backend: str) -> None:
    diverge(repo)
    repo.at(40).git("rebase", backend, "main", ok=False)
    assert at(repo.path, 45) == on("feat/a")
    (repo.path / "one").write_text("both\n")
    repo.at(50).git("add", "-A")
    repo.git("rebase", "--continue")
    assert [at(repo.path, s) for s in (25, 35, 45, 55)] == [on("main"), on("feat/a"), on("feat/a"), on("feat/a")]


@pytest.mark.parametrize("backend", ["--merge", "--apply"])
def test_a_rebase_that_was_aborted_was_work_on_its_branch(repo: GitSandbox, backend: str) -> None:
    diverge(repo)
    repo.at(40).git("rebase", backend, "main", ok=False)
    repo.at(50).git("rebase", "--abort")
    assert [at(repo.path, s) for s in (35, 45, 55)] == [on("feat/a")] * 3


def test_a_rebase_that_names_its_branch_begins_on_another(repo: GitSandbox) -> None:
    diverge(repo)
    repo.at(35).switch("main")
    repo.at(40).git("rebase", "--merge", "main", "feat/a", ok=False)
    assert at(repo.path, 45) == on("feat/a")
    (repo.path / "one").write_text("both\n")
    repo.at(50).git("add", "-A")
    repo.git("rebase", "--continue")
    assert [at(repo.path, s) for s in (37, 45, 55)] == [on("main"), on("feat/a"), on("feat/a")]


def test_a_bisect_is_work_on_the_branch_it_began_on(repo: GitSandbox) -> None:
    first = repo.git("rev-parse", "HEAD")
    for second in range(1, 9):
        repo.at(second).commit()
    repo.at(20).git("bisect", "start", "HEAD", first)
    assert at(repo.path, 25) == on("main")
    repo.at(30).git("bisect", "good")
    repo.at(40).git("bisect", "reset")
    assert [at(repo.path, s) for s in (15, 25, 35, 45)] == [on("main")] * 4


def test_a_renamed_branch_takes_its_past_along(repo: GitSandbox) -> None:
    repo.git("branch", "feat/a")
    repo.at(10).switch("feat/a")
    repo.at(11).commit()
    repo.at(20).git("branch", "-m", "feat/better")
    repo.at(30).switch("main")
    assert [at(repo.path, s) for s in (15, 25, 35)] == [on("feat/better"), on("feat/better"), on("main")]


def test_a_branch_renamed_while_it_was_not_checked_out_takes_its_past_along(repo: GitSandbox) -> None:
    repo.git("branch", "feat/a")
    repo.at(10).switch("feat/a")
    repo.at(11).commit()
    repo.at(20).switch("main")
    repo.at(30).git("branch", "-m", "feat/a", "feat/better")
    assert at(repo.path, 15) == on("feat/better")


def test_a_name_taken_again_after_a_rename_is_the_new_branch(repo: GitSandbox) -> None:
    repo.git("branch", "feat/a")
    repo.at(10).switch("feat/a")
    repo.at(11).commit()
    repo.at(20).git("branch", "-m", "feat/old")
    repo.at(30).git("branch", "feat/a", "main")
    repo.at(40).switch("feat/a")
    assert [at(repo.path, s) for s in (15, 35, 45)] == [on("feat/old"), on("feat/old"), on("feat/a")]


def test_work_begun_on_main_follows_to_the_branch_created_from_it(repo: GitSandbox) -> None:
    repo.at(100).switch("-c", "feat/new")
    assert at(repo.path, 50) == BranchPlace("feat/new", "carried")
    assert at(repo.path, 150) == on("feat/new")


def test_what_was_committed_on_main_before_does_not_follow(repo: GitSandbox) -> None:
    repo.at(50).commit()
    repo.at(100).switch("-c", "feat/new")
    assert at(repo.path, 40) == on("main")
    assert at(repo.path, 60) == BranchPlace("feat/new", "carried")


def test_carrying_goes_on_through_a_chain_of_new_branches(repo: GitSandbox) -> None:
    repo.at(100).switch("-c", "feat/one")
    repo.at(200).switch("-c", "feat/two")
    assert at(repo.path, 50) == BranchPlace("feat/two", "carried")
    assert at(repo.path, 150) == BranchPlace("feat/two", "carried")


def test_a_branch_created_earlier_and_visited_later_takes_nothing_along(repo: GitSandbox) -> None:
    repo.at(50).git("branch", "feat/new")
    repo.at(100).switch("feat/new")
    assert at(repo.path, 60) == on("main")


def test_a_branch_created_from_another_one_takes_nothing_from_here(repo: GitSandbox) -> None:
    repo.at(10).switch("-c", "other")
    repo.at(20).commit()
    repo.at(30).switch("main")
    repo.at(100).switch("-c", "feat/new", "other")
    assert at(repo.path, 50) == on("main")


@pytest.mark.parametrize(
    "name",
    ["ü/ß", 'quo"te', "a'b", "emoji-🦀", "#1", "%(x)", "HEAD-x", "deep/er/still"],
)
def test_any_legal_branch_name_is_found(repo: GitSandbox, name: str) -> None:
    repo.git("branch", name)
    repo.at(10).switch(name)
    repo.at(20).switch("main")
    assert at(repo.path, 15) == on(name)


def test_a_branch_name_that_is_not_utf8_is_escaped(repo: GitSandbox) -> None:
    name = os.fsdecode(b"caf\xe9")
    repo.git("branch", name)
    repo.at(10).switch(name)
    assert at(repo.path, 15) == on("caf\\xe9")


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["switch", "create", "commit", "detach", "reset"]), st.integers(0, 3)), max_size=12
    )
)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_is_done_each_moment_is_placed_on_the_branch_that_was_checked_out(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    repo = GitSandbox(tmp_path_factory.mktemp("any") / "repo")
    repo.commit()
    truth: list[tuple[int, str]] = []
    branches = ["main"]
    for number, (step, choice) in enumerate(steps, start=1):
        repo.at(number * 10)
        match step:
            case "switch":
                repo.switch(branches[choice % len(branches)])
            case "create":
                branches.append(f"b{number}")
                repo.switch("-c", f"b{number}")
            case "commit":
                repo.commit()
            case "detach":
                repo.git("checkout", "-q", "--detach")
            case _:
                repo.git("reset", "-q", "--soft", "HEAD")
        truth.append((number * 10 + 5, repo.git("symbolic-ref", "-q", "--short", "HEAD", ok=False)))
    for seconds, branch in truth:
        found = at(repo.path, seconds)
        if found.evidence != "carried":
            assert found.branch == (branch or None)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> pytest.TempPathFactory:
    """Where each example makes its own repository."""
    return tmp_path_factory


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**6))
def test_the_newest_part_of_a_long_reflog_says_what_all_of_it_says(folders: pytest.TempPathFactory, seed: int) -> None:
    repo = GitSandbox(folders.mktemp("long") / "repo")
    repo.commit()
    write_long_reflog(repo.path, seed, 2500)
    worktree = find_worktree(str(repo.path))
    assert worktree is not None
    whole, part = (read_head_history(worktree, recent=recent) for recent in (False, True))
    assert whole.told_from == 0
    assert len(part.entries) < len(whole.entries) / 2
    assert part.entries[0].second < part.told_from < part.entries[-1].second
    told, short = build_timeline(whole), build_timeline(part)
    seconds = {entry.second + more for entry in part.entries for more in (-1, 0, 1)}
    for second in sorted(one for one in seconds if one >= part.told_from):
        for hint in ("", "main"):
            assert place(short, second * 1000, hint) == place(told, second * 1000, hint)
        assert unsettled_since(short, second) == unsettled_since(told, second)


@pytest.mark.parametrize("change", ["short", "dated oddly", "without a commit"])
def test_all_of_a_reflog_is_read_where_its_end_does_not_say_enough(repo: GitSandbox, change: str) -> None:
    write_long_reflog(repo.path, 7, 600 if change == "short" else 2500)
    log = repo.path / ".git/logs/HEAD"
    text = log.read_text()
    if change == "dated oddly":
        lines = text.splitlines(keepends=True)
        text = "".join([*lines[:-20], re.sub(r"> \d+", "> 99", lines[-20]), *lines[-19:]])
    elif change == "without a commit":
        text = text.replace("\tcommit: ", "\treset: ")
    log.write_text(text)
    worktree = find_worktree(str(repo.path))
    assert worktree is not None
    assert read_head_history(worktree, recent=True) == read_head_history(worktree)
