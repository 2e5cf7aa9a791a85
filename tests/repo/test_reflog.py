"""Reading HEAD and reflogs of real repositories: odd names, git's other storage format, and git's absence."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.git_sandbox import T0, GitSandbox
from tokcost.errors import EnvironmentProblem
from tokcost.model.history import Creation, Rename
from tokcost.model.worktree import Head, Worktree
from tokcost.repo.head import head_written_ms, read_head, reflog_stamp
from tokcost.repo.reflog import parse_entries, read_head_history, read_reflog
from tokcost.repo.run import GitFailed, run_git
from tokcost.repo.worktree import find_worktree


@pytest.fixture
def repo(tmp_path: Path) -> GitSandbox:
    sandbox = GitSandbox(tmp_path / "repo")
    sandbox.commit()
    return sandbox


def worktree(path: Path) -> Worktree:
    found = find_worktree(str(path))
    assert found is not None
    return found


@pytest.mark.parametrize("name", ["Tab\tBetween", "Jean-François", "caf\udce9", "12345 +0000", "x"])
def test_an_entry_is_read_whoever_made_it(repo: GitSandbox, name: str) -> None:
    repo.at(10).git("switch", "-q", "-c", "x", GIT_COMMITTER_NAME=name)
    last = read_reflog(worktree(repo.path)).entries[-1]
    assert (last.second, last.message) == (T0 + 10, "checkout: moving from main to x")


def test_damaged_lines_are_passed_over_as_git_does(repo: GitSandbox) -> None:
    log = repo.path / ".git/logs/HEAD"
    good = log.read_bytes()
    log.write_bytes(b"\n" + good + b"\x00\xff rubbish\n" + good[:60] + b"\n" + good + good[:30])
    assert len(read_reflog(worktree(repo.path)).entries) == len(repo.git("reflog").split("\n")) == 2


@pytest.mark.parametrize("second", ["9" * 5000, "9" * 19, "99999999999"])
def test_a_moment_that_no_clock_reaches_is_the_last_one_there_is(repo: GitSandbox, second: str) -> None:
    log = repo.path / ".git/logs/HEAD"
    good = log.read_text()
    log.write_text(good.replace(f" {T0} ", f" {second} ", 1) + good)
    assert [entry.second for entry in read_reflog(worktree(repo.path)).entries] == [(1 << 32) - 1, T0]


@given(st.binary())
def test_whatever_bytes_a_reflog_holds_it_is_read_without_an_error(data: bytes) -> None:
    line = b"%s %s n <m> 7 +0000\tcommit: x\n" % (b"1" * 40, b"2" * 40)
    assert [entry.second for entry in parse_entries(data + b"\n" + line)][-1] == 7


def test_each_change_of_head_shows_in_the_stamp_and_nothing_else_does(repo: GitSandbox) -> None:
    here = worktree(repo.path)
    before = reflog_stamp(here)
    repo.git("status")
    assert reflog_stamp(here) == before != ""
    repo.switch("-c", "x")
    assert reflog_stamp(here) != before


def test_creations_and_renames_are_found_under_the_present_name_in_their_order(repo: GitSandbox) -> None:
    repo.at(10).git("branch", "z", "main")
    repo.at(20).git("branch", "-m", "z", "m")
    repo.git("branch", "-m", "m", "a")
    history = read_head_history(worktree(repo.path))
    assert history.creations == {"a": Creation(T0 + 10, "main")}
    assert history.renames == [Rename(T0 + 20, "z", "m"), Rename(T0 + 20, "m", "a")]


def test_a_rename_done_in_another_worktree_is_known_in_all(repo: GitSandbox, tmp_path: Path) -> None:
    repo.git("worktree", "add", "-q", "-b", "x", str(tmp_path / "linked"))
    repo.at(20).git("branch", "-m", "x", "y")
    assert read_head(worktree(tmp_path / "linked")).branch == "y"
    for path in (repo.path, tmp_path / "linked"):
        assert read_head_history(worktree(path)).renames == [Rename(T0 + 20, "x", "y")]


def test_without_a_reflog_a_sentence_says_why(repo: GitSandbox) -> None:
    (repo.path / ".git/logs/HEAD").unlink()
    reflog = read_reflog(worktree(repo.path))
    assert reflog.entries == []
    assert "core.logAllRefUpdates" in reflog.problem


def busy(repo: GitSandbox) -> Worktree:
    repo.at(10).switch("-c", "x")
    repo.at(20).commit("one")
    repo.at(30).git("commit", "--allow-empty", "-qm", "line\x0bfeed \x85 and \u2028 inside")
    repo.at(30).switch("main")
    return worktree(repo.path)


def test_git_tells_the_same_reflog_as_its_file(repo: GitSandbox) -> None:
    """Reftables, which this git may not know, are read by asking git; asked about files, it must say what they say."""
    here = busy(repo)
    written = read_reflog(here)
    os.mkdir(os.path.join(here.common_dir, "reftable"))
    assert read_reflog(here) == written
    assert len(written.entries) == 5


def lay_tables(worktree: Worktree, *names: str) -> None:
    """Write git's list of reftables anew, as each of its transactions does (reftable.txt): the folder of a linked
    worktree has one for HEAD, beside the shared one for branches."""
    folder = Path(worktree.git_dir, "reftable")
    folder.mkdir(exist_ok=True)
    (folder / "tables.list.lock").write_text("".join(f"{name}\n" for name in names))
    (folder / "tables.list.lock").rename(folder / "tables.list")


def test_a_stamp_of_reftables_changes_with_those_of_the_worktree_and_of_the_clone(
    repo: GitSandbox, tmp_path: Path
) -> None:
    repo.git("worktree", "add", "-q", "-b", "x", str(tmp_path / "linked"))
    main, linked = worktree(repo.path), worktree(tmp_path / "linked")
    one, two = "0x000000000001-0x000000000001-aaaaaaaa.ref", "0x000000000002-0x000000000002-bbbbbbbb.ref"
    lay_tables(main, one)
    assert reflog_stamp(linked)
    lay_tables(linked, one)
    before = [reflog_stamp(here) for here in (main, linked)]
    lay_tables(linked, one, two)
    switched = [reflog_stamp(here) for here in (main, linked)]
    assert (switched[0] == before[0], switched[1] == before[1]) == (True, False)
    lay_tables(main, one, two)
    committed = [reflog_stamp(here) for here in (main, linked)]
    assert (committed[0] == before[0], committed[1] == switched[1]) == (False, False)
    assert [reflog_stamp(here) for here in (main, linked)] == committed


def test_with_reftables_no_file_tells_when_head_was_written(repo: GitSandbox) -> None:
    here = worktree(repo.path)
    os.utime(Path(here.git_dir, "HEAD"), ns=(1_790_000_000_500_000_000, 1_790_000_000_500_000_000))
    assert head_written_ms(here) == 1_790_000_000_500
    lay_tables(here)
    assert head_written_ms(here) == 0


def test_a_reftable_repository_that_this_git_cannot_read_says_so_and_has_no_branch(repo: GitSandbox) -> None:
    here = worktree(repo.path)
    os.mkdir(os.path.join(here.common_dir, "reftable"))
    (repo.path / ".git/HEAD").write_text("ref: refs/heads/.invalid\n")
    repo.git("config", "core.repositoryFormatVersion", "1")
    config = repo.path / ".git/config"
    config.write_text(config.read_text() + "[extensions]\n\trefStorage = something-newer\n")
    assert read_head(here).branch is None
    assert read_reflog(here).problem.startswith("its reflog cannot be read: git ")


@pytest.mark.parametrize("name", ["main", "feat/x", "#1", "caf\u00e9"])
def test_head_is_the_branch_that_is_checked_out_born_or_unborn(tmp_path: Path, name: str) -> None:
    repo = GitSandbox(tmp_path / "repo")
    repo.git("symbolic-ref", "HEAD", f"refs/heads/{name}")
    assert read_head(worktree(repo.path)) == Head(name, False, ref=f"refs/heads/{name}")
    repo.commit()
    assert read_head(worktree(repo.path)) == Head(name, False, ref=f"refs/heads/{name}")


def test_head_of_a_detached_worktree_is_its_commit(repo: GitSandbox) -> None:
    repo.git("checkout", "-q", "--detach")
    assert read_head(worktree(repo.path)) == Head(None, True, repo.git("rev-parse", "HEAD"))


def test_a_bisect_that_began_on_no_branch_is_on_no_branch(repo: GitSandbox) -> None:
    for second in range(1, 5):
        repo.at(second).commit()
    repo.git("checkout", "-q", "--detach")
    repo.git("bisect", "start", "HEAD", "HEAD~4")
    assert read_head(worktree(repo.path)).branch is None


def test_git_is_asked_about_the_folder_given_not_the_one_a_hook_runs_in(
    repo: GitSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    assert run_git(["rev-parse", "--git-dir"], repo.path) == ".git\n"


def test_what_git_refuses_is_told_in_its_own_words(repo: GitSandbox) -> None:
    with pytest.raises(GitFailed, match=r"^git rev-parse --verify nothing failed with code 128: Needed a single"):
        run_git(["rev-parse", "--verify", "nothing"], repo.path)


def test_without_git_one_sentence_says_so(repo: GitSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repo.path))
    with pytest.raises(EnvironmentProblem, match=r"^git was not found$"):
        run_git(["version"], repo.path)
