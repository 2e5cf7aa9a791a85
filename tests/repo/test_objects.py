"""Commits read from their own files say what git says of them."""

import subprocess
from pathlib import Path

import pytest

from support.git_sandbox import GitSandbox
from tokcost.repo.messages import read_commit
from tokcost.repo.objects import MOST_WALKED, read_loose_commit, walk


@pytest.fixture
def repo(tmp_path: Path) -> GitSandbox:
    sandbox = GitSandbox(tmp_path / "repo")
    sandbox.commit()
    sandbox.git("switch", "-q", "-c", "feat/x")
    sandbox.commit("x")
    sandbox.switch("main")
    sandbox.commit("y")
    sandbox.git("merge", "-q", "--no-ff", "-m", "Merge\n\nBödy\n\nAI-Cost: x", "feat/x")
    return sandbox


def test_a_loose_commit_is_what_git_reads(repo: GitSandbox) -> None:
    common = str(repo.path / ".git")
    for name in repo.git("rev-list", "--all").split():
        loose, asked = read_loose_commit(common, name), read_commit(common, name)
        assert loose is not None
        assert (loose.id, loose.parents, loose.message.rstrip()) == (asked.id, asked.parents, asked.message.rstrip())


def test_a_walk_finds_what_rev_list_finds_and_where_it_ends(repo: GitSandbox) -> None:
    common, first = str(repo.path / ".git"), repo.git("rev-parse", "main~1")
    head = repo.git("rev-parse", "HEAD")
    found = walk(common, [head], {first})
    assert found is not None
    assert {commit.id for commit in found.commits} >= set(repo.git("rev-list", head, f"^{first}").split())
    assert found.reached == {first}


def test_what_is_packed_a_tag_or_far_away_is_left_to_git(repo: GitSandbox) -> None:
    common = str(repo.path / ".git")
    repo.git("tag", "-a", "-m", "tag", "v1")
    assert walk(common, [repo.git("rev-parse", "v1")], ()) is None
    tree = repo.git("rev-parse", "HEAD^{tree}")
    tip = repo.git("rev-parse", "HEAD")
    for number in range(MOST_WALKED):
        tip = repo.git("commit-tree", tree, "-p", tip, "-m", str(number))
    assert walk(common, [tip], ()) is None
    repo.git("gc", "-q")
    assert read_loose_commit(common, repo.git("rev-parse", "HEAD")) is None
    assert read_loose_commit(common, "") is None


def stored(repo: GitSandbox, data: bytes) -> str:
    """A commit as somebody else's git may have made it; its id."""
    (repo.path / "commit").write_bytes(data)
    return repo.git("hash-object", "-t", "commit", "-w", "--literally", str(repo.path / "commit"))


def test_a_small_file_that_holds_a_large_commit_is_left_to_git(repo: GitSandbox) -> None:
    head = f"tree {repo.git('rev-parse', 'HEAD^{tree}')}\nauthor x <x> 1 +0000\ncommitter x <x> 1 +0000\n\n"
    for size, is_read in ((1000, True), (3_000_000, False)):
        name = stored(repo, f"{head}{'a' * size}\n".encode())
        assert (read_loose_commit(str(repo.path / ".git"), name) is not None) is is_read


def test_a_commit_with_parents_that_are_no_ids_is_left_to_git(repo: GitSandbox) -> None:
    name = stored(repo, b"tree x\nparent \xff\n\nmessage")
    assert read_loose_commit(str(repo.path / ".git"), name) is None


def test_a_message_ends_at_a_nul_whoever_reads_it(repo: GitSandbox) -> None:
    """Nobody sees what is behind it, and a report counts no line there."""
    body = f"tree {repo.git('rev-parse', 'HEAD^{tree}')}\nauthor A <a@x> 1 +0000\ncommitter A <a@x> 1 +0000\n\nx\n\0\n"
    asked = ["git", "hash-object", "-w", "--literally", "-t", "commit", "--stdin"]
    made = subprocess.run(
        asked, input=f"{body}AI-Cost: x\n".encode(), cwd=repo.path, stdout=subprocess.PIPE, check=True
    )
    name, common = made.stdout.decode().strip(), str(repo.path / ".git")
    loose = read_loose_commit(common, name)
    assert loose is not None
    assert loose.message.rstrip() == read_commit(common, name).message.rstrip() == "x"
