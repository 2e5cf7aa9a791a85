"""Names and values in git's own files that git would never write."""

import time
from pathlib import Path

import pytest

from support.git_sandbox import GitSandbox
from tokcost.model.worktree import Worktree
from tokcost.repo.config import read_config, read_section
from tokcost.repo.head import head_commit, read_head
from tokcost.repo.history import (
    Range,
    find_repository,
    newest_steps,
    read_authors,
    read_files,
    read_messages_of,
    some_authors,
    trees,
)
from tokcost.repo.objects import read_loose_commit
from tokcost.repo.refs import all_tips, local_branches
from tokcost.repo.worktree import find_worktree, submodules


@pytest.fixture
def clone(tmp_path: Path) -> Worktree:
    sandbox = GitSandbox(tmp_path / "repo")
    sandbox.commit()
    found = find_worktree(str(sandbox.path))
    assert found is not None
    return found


@pytest.mark.parametrize("name", ["a\0b", "../../../../etc/passwd", "a\nb", "\x1b[31m", "x" * 60_000])
def test_a_head_that_names_no_possible_branch_is_detached(clone: Worktree, name: str) -> None:
    Path(clone.git_dir, "HEAD").write_text(f"ref: refs/heads/{name}\n")
    assert read_head(clone).branch is None
    assert head_commit(clone) == ""


def test_names_of_branches_may_be_in_any_script(clone: Worktree) -> None:
    name = "feat/\N{WOMAN}\N{ZERO WIDTH JOINER}\N{PERSONAL COMPUTER}-ü"
    Path(clone.git_dir, "HEAD").write_text(f"ref: refs/heads/{name}\n", encoding="utf-8")
    assert read_head(clone).branch == name


def test_what_a_ref_names_is_an_id_or_nothing(clone: Worktree) -> None:
    for text in ("--upload-pack=touch x", "/etc/passwd", "a" * 39, "ref: /etc/passwd", "ref: refs/heads/evil"):
        Path(clone.git_dir, "refs/heads/evil").write_text(f"{text}\n")
        assert "refs/heads/evil" not in all_tips(clone.common_dir)
        Path(clone.git_dir, "HEAD").write_text("ref: refs/heads/evil\n")
        assert head_commit(clone) == ""
        Path(clone.git_dir, "HEAD").write_text("/etc/passwd\n")
        assert head_commit(clone) == ""


def test_refs_that_git_could_not_have_are_passed_over(clone: Worktree) -> None:
    tip = "a" * 40
    Path(clone.git_dir, "refs/heads/x\n--all").write_text(f"{tip}\n")
    Path(clone.git_dir, "packed-refs").write_bytes(f"{tip} refs/heads/good\n{tip} refs/heads/b\0d\n".encode())
    names = local_branches(clone.common_dir)
    assert names is not None
    assert sorted(names) == ["good", "main"]


@pytest.mark.parametrize("text", ["gitdir: a\0b", "gitdir: " + "x/" * 40_000, "gitdir: .", "\0" * 100])
def test_a_pointer_to_nowhere_is_no_worktree(tmp_path: Path, text: str) -> None:
    (tmp_path / ".git").write_text(text)
    assert find_worktree(str(tmp_path)) is None


def test_submodules_that_lead_in_a_circle_are_not_walked(clone: Worktree) -> None:
    Path(clone.git_dir, "modules").symlink_to(".")
    assert list(submodules(clone.common_dir)) == []


@pytest.mark.parametrize(
    "line",
    ["[" + "a" * 300_000, "[ " * 150_000, '[a "' + "\\x" * 150_000, "a = b" + " " * 300_000 + "c", "a " * 150_000],
)
def test_a_line_of_the_configuration_takes_no_more_time_than_its_length(tmp_path: Path, line: str) -> None:
    (tmp_path / "config").write_text(f"[tokcost]\n{line}\n")
    began = time.process_time()
    read_section(str(tmp_path), "tokcost")
    read_config(str(tmp_path)).has_setting(("budget",))
    assert time.process_time() - began < 1


def test_a_configuration_with_a_nul_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[core]\nworktree = a\0b\n")
    assert read_section(str(tmp_path), "core") == {}


def test_a_commit_of_a_few_bytes_that_stand_for_gigabytes_is_left_alone(clone: Worktree) -> None:
    import zlib

    packer = zlib.compressobj(9)
    parts = [packer.compress(b"commit 1\0tree x\n\n")]
    parts += [packer.compress(b"a" * (1 << 20)) for _ in range(80)]
    folder = Path(clone.git_dir, "objects/ab")
    folder.mkdir(exist_ok=True)
    (folder / ("c" * 38)).write_bytes(b"".join([*parts, packer.flush()]))
    assert read_loose_commit(clone.common_dir, "ab" + "c" * 38) is None


@pytest.mark.few
@pytest.mark.parametrize("mark", ["\x01", "\n", "\x01\n", "", "\t"])
def test_a_files_name_does_not_speak_for_another_commit(tmp_path: Path, mark: str) -> None:
    sandbox = GitSandbox(tmp_path / "repo")
    commits: list[str] = []
    for name in ("mine", "other", "last"):
        (sandbox.path / name).write_text("1\n2\n")
        sandbox.git("add", "-A")
        commits.append(sandbox.commit())
    forged = sandbox.path / f"evil/y{mark}{commits[0]}"
    forged.parent.mkdir()
    forged.write_text("1\n")
    sandbox.git("add", "-A")
    commits.append(sandbox.commit())
    repository = find_repository(str(sandbox.path))
    for order in (commits, commits[::-1]):
        files = read_files(repository, order)
        assert list(files) == order
        assert files[commits[0]].paths.get("mine") == 2
        assert not any("evil" in path or path.startswith("\n") for path in files[commits[0]].paths)
        assert files[commits[3]].paths.get(f"evil/y{mark}{commits[0]}") == 1


def test_an_authors_name_or_a_subject_does_not_speak_for_another_field(tmp_path: Path) -> None:
    sandbox = GitSandbox(tmp_path / "repo")
    text = b"author a\x01b <c\x01d> 1790000000 +0000\ncommitter e <f> 1790000000 +0000\n\ng\x01h\n\ni\x01j\n"
    tree = sandbox.git("rev-parse", f"{sandbox.commit()}^{{tree}}")
    raw = tmp_path / "commit"
    raw.write_bytes(f"tree {tree}\n".encode() + text)
    commit = sandbox.git("hash-object", "-t", "commit", "-w", str(raw))
    repository = find_repository(str(sandbox.path))
    assert read_authors(repository, [commit]) == {commit: ("c\x01d", "a\x01b")}
    assert some_authors(repository, Range("x", (commit,)), 9) == {("c\x01d", "a\x01b")}
    assert list(read_messages_of(repository, [commit])) == [(commit, 1790000000, "g\x01h\n\ni\x01j\n")]
    assert newest_steps(repository, Range("x", (commit,)), 9) == [(commit, tree, "g\x01h")]
    assert trees(repository, [commit]) == {commit: tree}
