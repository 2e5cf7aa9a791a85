"""Clones that are set up in other ways than most: where objects are, what is remembered, how git talks."""

import subprocess
from pathlib import Path

import pytest

from support.hooked import NO_HOOKS, REPLY, Hooked, everywhere
from support.tables import few

CONFIG = {
    "color.ui": "always",
    "log.decorate": "full",
    "log.showSignature": "true",
    "log.date": "relative",
    "log.mailmap": "true",
    "format.pretty": "oneline",
    "grep.patternType": "perl",
    "i18n.logOutputEncoding": "latin1",
    "core.abbrev": "4",
    "core.quotePath": "true",
    "commit.verbose": "true",
    "merge.log": "true",
    "merge.ff": "false",
    "rebase.autoSquash": "true",
    "rebase.abbreviateCommands": "true",
    "rebase.missingCommitsCheck": "error",
    "trailer.separators": "=#:",
    "fetch.writeCommitGraph": "true",
}


def story(repo: Hooked) -> None:
    """Most of what claims live through: a raise, a loss, a squash, a rebase, a line that comes back."""
    repo.switch("-c", "feat")
    repo.work("One", "one")
    repo.spend()
    repo.change("one")
    repo.hooked("--amend", "--no-edit")
    repo.work("Two", "two")
    repo.rebase("-i", "HEAD~2", todo="2s/^p\\(ick\\)\\?/fixup/")
    repo.work("Three", "three")
    repo.git("reset", "-q", "--hard", "HEAD~1")
    repo.switch("main")
    repo.now += 1
    repo.run("merge", "-q", "--squash", "--ff", "feat")
    repo.now += 1
    repo.hooked("--no-edit")
    repo.git("branch", "-q", "-D", "feat")
    repo.switch("-c", "feat")
    repo.work("Four", "four")
    assert repo.replies() == {"total": 5, "carried": 5}


def test_git_that_talks_in_another_way(repo: Hooked) -> None:
    for key, value in CONFIG.items():
        repo.git("config", key, value)
    story(repo)


EXPLICIT = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.bareRepository", "GIT_CONFIG_VALUE_0": "explicit"}
"""The setting that many people have in their own configuration, which alone git heeds."""


@everywhere
def test_git_that_opens_no_bare_repository_unless_it_is_named(repo: Hooked) -> None:
    repo.more_environ |= EXPLICIT
    story(repo)
    repo.spend()
    repo.change()
    repo.hooked("-m", "Quiet", "-e", env=repo.editor('sed -i /^AI-/d "$1"'))
    repo.work("Next", "next")
    assert repo.replies() == {"total": 7, "carried": 6, "withheld": 1}
    for words in (["log"], ["doctor"], ["hooks", "status"], ["why"], ["preview"], ["report", "--all"]):
        done = repo.tokcost(*words)
        assert (done.returncode, "bare repository" in done.stdout + done.stderr) == (0, False), words


@pytest.mark.parametrize("cleanup", ["verbatim", "scissors"])
def test_messages_that_are_cleaned_in_another_way(repo: Hooked, cleanup: str) -> None:
    repo.git("config", "commit.cleanup", cleanup)
    story(repo)


def test_objects_with_longer_names(tmp_path: Path) -> None:
    repo = Hooked.__new__(Hooked)
    path = tmp_path / "repo"
    subprocess.run(["git", "init", "-q", "-b", "main", "--object-format=sha256", str(path)], check=True)
    Hooked.__init__(repo, tmp_path)
    repo.change("root")
    repo.hooked("-m", "root")
    assert len(repo.id()) == 64
    story(repo)


@pytest.mark.slow
def test_everything_packed_all_the_time(repo: Hooked) -> None:
    gc = repo.common_dir / "hooks/post-commit.before-tokcost"
    gc.write_text(
        "#!/bin/sh\ngit -c gc.reflogExpireUnreachable=never gc -q --prune=now\n"
        "git pack-refs --all\ngit commit-graph write --reachable\n"
    )
    gc.chmod(0o755)
    story(repo)


@pytest.mark.slow
def test_a_clone_without_the_beginning(repo: Hooked) -> None:
    for number in range(4):
        repo.change(f"old-{number}")
        repo.git(*NO_HOOKS, "commit", "-q", "-m", "Old")
    origin = repo.path
    repo.git("clone", "-q", "--depth", "2", f"file://{origin}", "../shallow")
    repo.path = origin.parent / "shallow"
    repo.enable()
    story(repo)


@pytest.mark.slow
@pytest.mark.parametrize("how", few(["--shared", "--filter=blob:none"], 1))
def test_a_clone_whose_objects_are_elsewhere(repo: Hooked, how: str) -> None:
    origin = repo.path
    repo.git("config", "uploadpack.allowFilter", "true")
    place = str(origin) if how == "--shared" else f"file://{origin}"
    repo.git("clone", "-q", how, place, "../other")
    repo.path = origin.parent / "other"
    repo.enable()
    story(repo)


@pytest.mark.slow
def test_a_git_folder_that_lies_elsewhere(repo: Hooked) -> None:
    origin = repo.path
    repo.git("clone", "-q", "--separate-git-dir", "../elsewhere.git", str(origin), "../other")
    repo.path = origin.parent / "other"
    repo.enable()
    story(repo)


@pytest.mark.slow
def test_a_bare_clone_with_worktrees(repo: Hooked) -> None:
    origin = repo.path
    repo.git("clone", "-q", "--bare", str(origin), "../bare.git")
    repo.git("worktree", "add", "-q", "../work", "main", cwd=origin.parent / "bare.git")
    repo.path = origin.parent / "work"
    repo.enable()
    story(repo)


@pytest.mark.slow
def test_a_clone_that_remembers_no_moves(repo: Hooked) -> None:
    """Without a reflog the branch is what the assistant wrote; here it wrote none, so nothing is claimed or lost."""
    repo.git("config", "core.logAllRefUpdates", "false")
    for path in (repo.common_dir / "logs").rglob("*"):
        if path.is_file():
            path.unlink()
    repo.spend()
    repo.change()
    repo.hooked("-m", "One")
    assert repo.replies() == {"total": 1, "unplaced": 1}
    repo.spend(gitBranch="main")
    repo.change()
    repo.hooked("-m", "Two")
    assert repo.lines() == [] or repo.lines()[0].tokens == REPLY
    repo.log()


@pytest.mark.slow
def test_two_commits_at_the_same_moment(repo: Hooked) -> None:
    """In two worktrees: one may find the ledger locked, and waits for its next commit."""
    other = repo.path.parent / "other"
    repo.git("worktree", "add", "-q", "-b", "side", str(other))
    repo.now += 1
    for _ in range(3):
        repo.spend()
        repo.spend(cwd=other)
        repo.change("here")
        repo.change("there", cwd=other)
        both = [
            subprocess.Popen(
                ["git", "commit", "-q", "-m", "At once"], cwd=cwd, env=repo.environ, stderr=subprocess.PIPE
            )
            for cwd in (repo.path, other)
        ]
        assert [one.wait() for one in both] == [0, 0]
        for one in both:
            assert one.stderr is not None
            one.stderr.close()
        repo.now += 1
        assert repo.replies()["total"] == len(repo.git("log", "--format=%h", "main", "side").split()) - 1
    repo.change("here")
    repo.hooked("-m", "Here")
    repo.change("there", cwd=other)
    repo.hooked("-m", "There", cwd=other)
    assert repo.replies() == {"total": 6, "carried": 6}


@pytest.mark.slow
@everywhere
def test_a_head_that_is_a_symbolic_link(repo: Hooked) -> None:
    """Refs as git's first versions wrote them, and still does where it is told to."""
    repo.git("config", "core.preferSymlinkRefs", "true")
    repo.switch("-c", "feat/x")
    assert (repo.git_dir / "HEAD").is_symlink()
    repo.work("One")
    repo.work("Two")
    repo.spend()
    repo.switch("-c", "feat/y")
    repo.work("Three")
    assert repo.replies() == {"total": 4, "carried": 4}
    assert {row.branch: row.current for row in repo.log().branches} == {"feat/x": False, "feat/y": True}
    repo.git("switch", "-q", "--detach")
    repo.work("Four")
    assert repo.replies() == {"total": 5, "carried": 4, "unplaced": 1}


@pytest.mark.slow
def test_a_branch_without_commits_that_a_symbolic_link_names(tmp_path: Path) -> None:
    repo = Hooked(tmp_path)
    repo.git("config", "core.preferSymlinkRefs", "true")
    repo.git("symbolic-ref", "HEAD", "refs/heads/first")
    assert (repo.git_dir / "HEAD").is_symlink()
    repo.work("First of all")
    assert repo.replies() == {"total": 1, "carried": 1}
