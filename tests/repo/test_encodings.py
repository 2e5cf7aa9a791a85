"""Messages in any encoding: a line is read as it is stored, whoever reads it."""

from pathlib import Path

import pytest

from support.git_sandbox import GitSandbox
from tokcost.model.trailer import read_message
from tokcost.repo.history import Range, find_repository, read_messages
from tokcost.repo.messages import messages_with_lines, read_commit
from tokcost.repo.objects import read_loose_commit

LINE = "AI-Cost: ~2 USD list + unpriced; ~1M tokens; claude-opus-4-5; 7k3qf9x2m4tc"
TITLES = {
    "": "Größe".encode(),
    "ISO-8859-1": "Größe".encode("latin-1"),
    "Shift_JIS": "大きさ\\".encode("shift_jis"),
    "SJIS": "ソ".encode("shift_jis"),
    "ISO646-JP": b"Size",
    "ISO-2022-JP": "大きさ".encode("iso2022_jp"),
    "UTF-7": b"Size",
    "UTF-16": b"Size",
    "UTF-16LE": b"Sizes",
    "UCS-2": b"Size",
    "UTF-32": b"Size",
    "IBM037": b"Size",
    "nonsense": b"Size",
}


@pytest.fixture
def repo(tmp_path: Path) -> GitSandbox:
    return GitSandbox(tmp_path / "repo")


def commit(repo: GitSandbox, encoding: str, title: bytes, body: str) -> str:
    (repo.path.parent / "message").write_bytes(title + b"\n\n" + body.encode() + b"\n")
    named = ("-c", f"i18n.commitEncoding={encoding}") if encoding else ()
    repo.git(*named, "commit", "-q", "--allow-empty", "-F", "../message")
    return repo.git("rev-parse", "HEAD")


@pytest.mark.parametrize("encoding", TITLES)
@pytest.mark.parametrize("more", [b"", b"s"], ids=["", "one byte more"])
def test_a_line_is_read_as_it_is_stored_whatever_the_encoding(repo: GitSandbox, encoding: str, more: bytes) -> None:
    """In UTF-16, two bytes are one character: of an odd number of them, git converts nothing."""
    name = commit(repo, encoding, TITLES[encoding] + more, LINE)
    common, found = str(repo.path / ".git"), [read_message(LINE).lines[0]]
    loose = read_loose_commit(common, name)
    assert loose is not None
    assert read_message(loose.message).lines == found
    repo.git("gc", "-q")
    assert [(one, read_message(text).lines) for one, text in messages_with_lines(common, [name])] == [(name, found)]
    assert read_message(read_commit(common, name).message).lines == found
    (told,) = read_messages(find_repository(str(repo.path)), Range("HEAD", (name,)))
    assert read_message(told.message).lines == found


def test_a_revert_is_recognised_whatever_the_encoding(repo: GitSandbox) -> None:
    name = commit(repo, "UTF-16", b"Title", f"This reverts commit {'1' * 40}.")
    (told,) = read_messages(find_repository(str(repo.path)), Range("HEAD", (name,)))
    assert "1" * 40 in told.message


def test_a_message_keeps_its_lines_and_their_indentation(repo: GitSandbox) -> None:
    repo.git("config", "log.abbrevCommit", "true")
    repo.git("commit", "-q", "--allow-empty", "--cleanup=verbatim", "-m", f"\n  Title\n\n\n    {LINE}\n\n- x\n    y")
    name, common = repo.git("rev-parse", "HEAD"), str(repo.path / ".git")
    text = f"  Title\n\n\n    {LINE}\n\n- x\n    y\n"
    assert list(messages_with_lines(common, [name])) == [(name, text)]
    assert read_commit(common, name).message == text
    repo.git("commit", "-q", "--amend", "--allow-empty", "--allow-empty-message", "-m", "")
    name = repo.git("rev-parse", "HEAD")
    assert (read_commit(common, name).id, read_commit(common, name).message) == (name, "")


def test_the_parents_of_a_commit_are_those_that_its_clone_has(repo: GitSandbox, tmp_path: Path) -> None:
    first = commit(repo, "", b"One", LINE)
    repo.git("switch", "-q", "-c", "other")
    other = commit(repo, "", b"Two", LINE)
    repo.git("switch", "-q", "-c", "third", first)
    commit(repo, "", b"Three", LINE)
    repo.git("merge", "-q", "--no-ff", "-m", f"Merge\n\n{LINE}", "other")
    merge, common = repo.git("rev-parse", "HEAD"), str(repo.path / ".git")
    assert read_commit(common, merge).parents == (repo.git("rev-parse", "HEAD^1"), other)
    assert read_commit(common, first).parents == ()
    repo.git("clone", "-q", "--depth=1", f"file://{repo.path}", "../shallow")
    (told,) = read_messages(find_repository(str(tmp_path / "shallow")), Range("HEAD", (merge,)))
    assert (told.id, told.parents) == (merge, ())
