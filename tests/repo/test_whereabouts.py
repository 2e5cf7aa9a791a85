"""Subjects, times and branches of commits, as real git tells them."""

from pathlib import Path

from support.git_sandbox import GitSandbox
from tokcost.repo.whereabouts import about_commits, branches_of

NONE = "1" * 40


def test_subjects_and_times_come_for_every_commit_that_exists(tmp_path: Path) -> None:
    repo = GitSandbox(tmp_path)
    commit = repo.commit("café")
    git_dir = str(tmp_path / ".git")
    assert about_commits(git_dir, [NONE, commit]) == {commit: ("change café", repo.now * 1000)}
    assert about_commits(git_dir, []) == {}
    assert about_commits(str(tmp_path / "nowhere"), [commit]) == {}


def test_a_commit_from_beyond_all_calendars_has_the_last_time_there_is(tmp_path: Path) -> None:
    repo = GitSandbox(tmp_path)
    raw = repo.git("cat-file", "commit", repo.commit("later"))
    for second in ("253402300800", "9" * 18, "9" * 5000):
        (tmp_path / "raw").write_text(f"{raw}\n".replace(f" {repo.now} ", f" {second} "))
        commit = repo.git("hash-object", "-t", "commit", "-w", "--literally", "raw")
        ((_, time_ms),) = about_commits(str(tmp_path / ".git"), [commit]).values()
        assert 0 <= time_ms < 1 << 43


def test_a_message_in_another_encoding_is_read(tmp_path: Path) -> None:
    repo = GitSandbox(tmp_path)
    repo.git("config", "i18n.commitEncoding", "latin1")
    (tmp_path / "message").write_bytes(b"caf\xe9\n")
    repo.git("commit", "-q", "--allow-empty", "-F", "message")
    commit = repo.git("rev-parse", "HEAD")
    assert about_commits(str(tmp_path / ".git"), [commit])[commit].subject == "café"


def test_the_default_branch_wins_over_nearer_ones(tmp_path: Path) -> None:
    repo = GitSandbox(tmp_path)
    shared = repo.commit()
    repo.switch("-c", "near")
    repo.switch("main")
    on_main = repo.commit()
    repo.switch("near")
    on_near = repo.commit("other")
    git_dir = str(tmp_path / ".git")
    assert branches_of(git_dir, [shared, on_main, on_near], "main") == {
        shared: "main",
        on_main: "main",
        on_near: "near",
    }
    assert branches_of(git_dir, [on_near], None) == {on_near: "near"}


def test_a_commit_on_the_remotes_default_branch_is_found_there(tmp_path: Path) -> None:
    repo = GitSandbox(tmp_path)
    repo.commit()
    repo.switch("-c", "ahead")
    commit = repo.commit()
    for ref in ("refs/remotes/origin/main", "refs/remotes/origin/ahead"):
        repo.git("update-ref", ref, commit)
    repo.switch("main")
    repo.git("branch", "-q", "-D", "ahead")
    assert branches_of(str(tmp_path / ".git"), [commit], "main") == {commit: "origin/main"}
    assert branches_of(str(tmp_path / ".git"), [commit], None)[commit] in ("origin/main", "origin/ahead")


def test_a_commit_on_no_branch_is_on_none_and_one_that_is_gone_spoils_nothing(tmp_path: Path) -> None:
    repo = GitSandbox(tmp_path)
    kept = repo.commit()
    repo.switch("--detach")
    loose = repo.commit()
    repo.git("tag", "kept")
    assert branches_of(str(tmp_path / ".git"), [NONE, loose, kept], "main") == {kept: "main"}
    assert branches_of(str(tmp_path / "nowhere"), [kept], "main") == {}


def test_a_branch_name_that_is_no_utf8_is_told_like_everywhere(tmp_path: Path) -> None:
    repo = GitSandbox(tmp_path)
    commit = repo.commit()
    repo.git("branch", "-m", "caf\udce9")
    assert branches_of(str(tmp_path / ".git"), [commit], None) == {commit: r"caf\xe9"}
