"""Commands of git that few people use, and repositories of rare kinds: each ends with the equation."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.hooked import NO_HOOKS, REPLY, Hooked
from support.tables import few
from tokcost.repo.version import git_version


def two_branches(repo: Hooked) -> None:
    """Two branches with a commit each, and main checked out."""
    for name in ("one", "two"):
        repo.git("switch", "-q", "-c", name, "main")
        repo.work(f"Work on {name}", name)
    repo.git("switch", "-q", "main")


# --- squashes ---


def test_two_branches_squashed_at_once_into_one_commit(repo: Hooked) -> None:
    two_branches(repo)
    repo.run("merge", "-q", "--squash", "one", "two")
    repo.hooked("--no-edit")
    assert len(repo.lines()) == 2
    assert repo.replies() == {"total": 2, "carried": 2}


@pytest.mark.parametrize("message", ["--no-edit", "-CHEAD"])
def test_a_second_branch_squashed_into_the_commit_of_the_first(repo: Hooked, message: str) -> None:
    """git forgets the first squash's message at the second; the lines of both branches must be carried."""
    two_branches(repo)
    repo.run("merge", "-q", "--squash", "one")
    repo.hooked("-m", "Both")
    repo.run("merge", "-q", "--squash", "two")
    repo.hooked("--amend", message)
    repo.git("branch", "-q", "-D", "one", "two")
    repo.work("Next")
    assert repo.replies() == {"total": 3, "carried": 3}


@pytest.mark.parametrize("editor", ["true", 'sed -i "/^AI-/d" "$1"'], ids=["left", "cut"])
def test_a_squash_into_an_amended_commit_in_the_editor(repo: Hooked, editor: str) -> None:
    """What was taken out of the commit's own lines is withheld; a branch that has a line goes on carrying it."""
    two_branches(repo)
    repo.work("Own", "own")
    repo.run("merge", "-q", "--squash", "one")
    repo.hooked("--amend", env=repo.editor(editor))
    assert len(repo.lines()) == (2 if editor == "true" else 0)
    kept = {} if editor == "true" else {"withheld": 1}
    assert repo.replies() == {"total": 3, "carried": 3 - len(kept)} | kept


def test_a_squash_after_another_that_was_put_aside(repo: Hooked) -> None:
    """git forgets the first one's message: its lines stay with its branch, and pending once that is deleted."""
    two_branches(repo)
    repo.run("merge", "-q", "--squash", "one")
    repo.git("stash", "-q")
    repo.run("merge", "-q", "--squash", "two")
    repo.git("add", "-A")
    repo.hooked("--no-edit")
    assert repo.replies() == {"total": 2, "carried": 2}
    repo.git("branch", "-q", "-D", "one", "two")
    repo.git("stash", "clear")
    assert repo.replies() == {"total": 2, "carried": 1, "pending": 1}


def test_a_new_message_for_a_squash_whose_branch_is_gone_leaves_its_lines_pending(repo: Hooked) -> None:
    """docs/limits.md: nothing on its branch is committed any more; shown it is all the same."""
    two_branches(repo)
    repo.run("merge", "-q", "--squash", "one")
    repo.hooked("-m", "One")
    repo.git("branch", "-q", "-D", "one")
    repo.now += 1
    repo.hooked("--amend", "-m", "One, in other words")
    repo.work("Next")
    assert repo.replies() == {"total": 3, "carried": 2, "pending": 1}


# --- messages ---

ENCODINGS = {"ISO-8859-1": "Größe", "Shift_JIS": "大きさ", "UTF-16": "Size", "UTF-16LE": "Size", "nonsense": "Size"}


@pytest.mark.few
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_message_in_another_encoding_carries_its_line(repo: Hooked, encoding: str) -> None:
    """git notes the encoding in the commit and takes the bytes as they come; it shows them in UTF-8 where it can."""
    repo.git("config", "i18n.commitEncoding", encoding)
    plain = encoding.startswith("UTF-16") or encoding == "nonsense"
    repo.spend()
    repo.change()
    (repo.path.parent / "message").write_bytes(ENCODINGS[encoding].encode("ascii" if plain else encoding) + b"\n")
    repo.hooked("-F", "../message")
    assert b"AI-Cost: " in repo_bytes(repo, "cat-file", "commit", "HEAD")
    assert repo.balance() == {"total": REPLY, "carried": REPLY}
    repo.spend()
    repo.now += 1
    repo.hooked("--amend", "-F", "../message", env={"TOKCOST": "off"})
    assert repo.balance()["total"] == 2 * REPLY


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("more", [b"", b"s"], ids=["", "one byte more"])
def test_a_line_in_packed_history_is_seen_in_any_encoding(repo: Hooked, encoding: str, more: bytes) -> None:
    """Otherwise its claim is lost after a new start of the ledger, and the next commit writes the line again."""
    repo.git("config", "tokcost.precision", "coarse")
    repo.git("config", "i18n.commitEncoding", encoding)
    repo.spend()
    repo.change()
    (repo.path.parent / "message").write_bytes(b"Size" + more + b"\n")
    repo.hooked("-F", "../message")
    repo.git("gc", "-q")
    shutil.rmtree(repo.ledger_home)
    repo.agree("coarse")
    assert repo.balance() == {"total": REPLY, "carried": REPLY}
    repo.work("Next")
    assert repo_bytes(repo, "cat-file", "commit", "HEAD").count(b"AI-Cost: ") == 1
    assert repo.balance() == {"total": 2 * REPLY, "carried": 2 * REPLY}


def repo_bytes(repo: Hooked, *words: str) -> bytes:
    """Standard output of git as it is."""
    return subprocess.run(["git", *words], cwd=repo.path, env=repo.environ, capture_output=True, check=True).stdout


@pytest.mark.few
@pytest.mark.parametrize("title", ["Add login", "#12 login", "Add login\r", "\ufeffAdd login", "Add login\n\n---\nWhy"])
def test_a_message_from_a_file_keeps_its_words(repo: Hooked, title: str) -> None:
    repo.spend()
    repo.change()
    (repo.path.parent / "message").write_text(f"{title}\n", newline="")
    repo.hooked("-F", "../message")
    assert len(repo.lines()) == 1
    assert repo.message().startswith(title.rstrip("\r"))
    assert repo.replies() == {"total": 1, "carried": 1}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["amend", "reword"])
def test_a_fixup_that_brings_a_new_message(repo: Hooked, kind: str) -> None:
    """It holds the message that the commit shall have; git asks for that in an editor."""
    first = repo.work("One", "one")
    repo.work("Two", "two")
    repo.spend()
    if kind == "amend":
        repo.change("one")
    repo.now += 1
    repo.hooked(f"--fixup={kind}:{first}", env=repo.editor('sed -i "s/^One$/One, better/" "$1"'))
    repo.rebase("-i", "--autosquash", "--root", env={"GIT_EDITOR": "true", "GIT_SEQUENCE_EDITOR": "true"})
    assert "One, better" in repo.git("log", "--format=%s")
    repo.work("Next")
    assert repo.replies() == {"total": 4, "carried": 4}


@pytest.mark.slow
@pytest.mark.parametrize("option", ["-c", "-C"])
def test_a_message_taken_from_another_commit_counts_once(repo: Hooked, option: str) -> None:
    first = repo.work("One", "one")
    repo.spend()
    repo.change("two")
    repo.hooked(option, first, env={"GIT_EDITOR": "true"})
    assert repo.replies() == {"total": 2, "carried": 2}


@pytest.mark.few
@pytest.mark.parametrize("options", few(["-C HEAD", "-c HEAD", "--reuse-message=HEAD", "-C @", "--no-amend -CHEAD"]))
def test_the_newest_commits_message_used_again_is_no_amend(repo: Hooked, options: str) -> None:
    """To hooks git passes the same for `-C HEAD` as for `--amend`."""
    repo.work("One", "one")
    (first,) = repo.lines()
    repo.spend()
    repo.change("two")
    repo.hooked(*options.split(), env={"GIT_EDITOR": "true"})
    assert {line.id: line.version for line in repo.lines("HEAD^")} == {first.id: 1}
    copied, new = sorted(repo.lines(), key=lambda line: line.id != first.id)
    assert (copied.id, copied.version, new.version, new.tokens) == (first.id, 1, 1, REPLY)
    assert repo.replies() == {"total": 2, "carried": 2}


def test_a_copied_line_that_is_deleted_in_the_editor_decides_nothing(repo: Hooked) -> None:
    repo.work("One", "one")
    repo.spend()
    repo.change("two")
    repo.hooked("-c", "HEAD", env=repo.editor(f'sed -i "/{repo.lines()[0].id}/d" "$1"'))
    assert repo.replies() == {"total": 2, "carried": 2}
    repo.work("Next", "one")
    assert repo.replies() == {"total": 3, "carried": 3}


@pytest.mark.slow
@pytest.mark.parametrize(
    "options", [("--trailer", "Reviewed-by: A <a@b.c>"), ("--signoff",), ("--only", "file"), ("--include", "file")]
)
def test_options_that_change_a_message_or_what_is_committed(repo: Hooked, options: tuple[str, ...]) -> None:
    repo.work("One")
    repo.spend()
    repo.change()
    repo.hooked("-m", "Two", *options)
    assert len(repo.lines()) == 1
    assert repo.replies() == {"total": 2, "carried": 2}


# --- merges ---


def foreign(repo: Hooked) -> None:
    """A branch `library` with a history of its own, as another project has it."""
    repo.git("switch", "-q", "--orphan", "library")
    repo.work("Library", "code")
    repo.git("switch", "-q", "main")


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["subtree", "by hand"])
def test_another_history_merged_into_a_folder(repo: Hooked, strategy: str) -> None:
    foreign(repo)
    repo.spend()
    repo.now += 1
    repo.run("merge", "-q", "-s", "ours", "--no-commit", "--allow-unrelated-histories", "library")
    repo.git("read-tree", "--prefix=lib/", "-u", "library")
    repo.hooked("-m", "Add the library")
    assert repo.replies() == {"total": 2, "carried": 2}
    repo.switch("library")
    repo.work("Better", "code")
    repo.switch("main")
    repo.spend()
    repo.now += 1
    options = ("-s", "subtree") if strategy == "subtree" else ("-X", "subtree=lib")
    repo.run("merge", "-q", "--no-edit", *options, "library")
    assert repo.replies() == {"total": 4, "carried": 4}


@pytest.mark.slow
@pytest.mark.skipif(not (Path(shutil.which("git") or "/").resolve().parent / "git").exists(), reason="needs git")
@pytest.mark.parametrize("squash", [(), ("--squash",)])
def test_git_subtree_keeps_what_it_joins(repo: Hooked, squash: tuple[str, ...]) -> None:
    if not repo.attempt("subtree", "-h") and "usage" not in repo.said:
        pytest.skip("git subtree is not installed")
    foreign(repo)
    repo.spend()
    repo.now += 1
    repo.run("subtree", "-q", "add", "--prefix=lib", *squash, "library")
    assert repo.balance()["total"] == 2 * REPLY
    repo.git("branch", "-q", "-D", "library")
    repo.work("Next")
    assert repo.balance()["total"] == 3 * REPLY
    assert repo.published()
    assert sum(line.tokens for line in repo.published().values()) == repo.balance()["carried"]


@pytest.mark.slow
def test_a_merge_of_many_branches_each_with_lines(repo: Hooked) -> None:
    for number in range(4):
        repo.git("switch", "-q", "-c", f"side-{number}", "main")
        repo.work(f"Work {number}", f"file-{number}")
    repo.git("switch", "-q", "main")
    repo.spend()
    repo.now += 1
    repo.run("merge", "-q", "--no-edit", *(f"side-{number}" for number in range(4)))
    assert len(repo.lines()) == 1
    assert repo.replies() == {"total": 5, "carried": 5}


@pytest.mark.slow
def test_a_merge_with_a_log_of_what_it_brings(repo: Hooked) -> None:
    two_branches(repo)
    repo.spend()
    repo.now += 1
    repo.run("merge", "-q", "--no-edit", "--no-ff", "--log", "--signoff", "one")
    assert repo.replies() == {"total": 3, "carried": 3}


# --- rewrites ---


@pytest.mark.slow
def test_refs_in_the_middle_of_a_rebased_branch_move_along(repo: Hooked) -> None:
    for number in range(3):
        repo.git("switch", "-q", "-c", f"part-{number}")
        repo.work(f"Part {number}", f"file-{number}")
    repo.git("switch", "-q", "main")
    repo.work("Upstream", "up")
    repo.git("switch", "-q", "part-2")
    repo.rebase("--update-refs", "main")
    assert repo.git("rev-parse", "part-1") == repo.git("rev-parse", "part-2~1")
    assert repo.replies() == {"total": 4, "carried": 4}
    repo.work("Next")
    assert repo.replies() == {"total": 5, "carried": 5}


def test_a_replayed_branch_keeps_its_lines(repo: Hooked, tmp_path: Path) -> None:
    if git_version(tmp_path) < (2, 44):
        pytest.skip("this git has no replay")
    two_branches(repo)
    repo.work("Upstream", "up")
    before = repo.git("rev-parse", "one")
    if updates := repo.git("replay", "--onto", "main", "main..one"):  # git 2.53 and later move the branch themselves
        (tmp_path / "updates").write_text(updates + "\n")
        repo.git("-c", f"alias.move=!git update-ref --stdin <{tmp_path}/updates", "move")
    assert repo.git("rev-parse", "one") != before
    assert repo.replies() == {"total": 3, "carried": 3}


@pytest.mark.parametrize("cut", ["kept", "cut"])
def test_a_commit_that_git_history_words_anew_keeps_its_line(repo: Hooked, tmp_path: Path, cut: str) -> None:
    """No hook runs for it. A line that was taken out of an older commit is lost, and written again by the next one."""
    if git_version(tmp_path) < (2, 54):
        pytest.skip("this git has no history command")
    repo.work("One", "one")
    repo.work("Two", "two")
    script = "sed -i s/^One$/First/" if cut == "kept" else "sed -i /^AI-/d"
    repo.git("-c", f"core.editor={script}", "history", "reword", "HEAD~1")
    assert repo.replies() == {"total": 2, "carried": 2} if cut == "kept" else {"total": 2, "carried": 1, "pending": 1}
    repo.work("Three", "three")
    assert repo.replies() == {"total": 3, "carried": 3}


def test_a_repository_that_moves_to_reftables_and_back(repo: Hooked, tmp_path: Path) -> None:
    if git_version(tmp_path) < (2, 46):
        pytest.skip("this git cannot migrate refs")
    repo.work("One", "one")
    for number, kind in enumerate(("reftable", "files")):
        repo.git("refs", "migrate", f"--ref-format={kind}")
        repo.work(f"Again {number}", kind)
    assert repo.replies() == {"total": 3, "carried": 3}


@pytest.mark.slow
@pytest.mark.parametrize("how", ["whole", "words changed", "lines cut"])
def test_a_history_written_anew_by_fast_import(repo: Hooked, how: str) -> None:
    for number in range(2):
        repo.work(f"Work {number}", f"file-{number}")
    edit = {"whole": "cat", "words changed": "sed 's/^Work /Job  /'", "lines cut": "grep -av '^AI-'"}[how]
    rewrite = f"git fast-export --signed-tags=strip --all | {edit} | git fast-import --quiet --force"
    if how == "lines cut":  # the length of each message is in the stream
        rewrite = "git filter-branch -f --msg-filter 'grep -v ^AI-' -- --all"
    repo.run("-c", f"alias.rewrite=!{rewrite}", "rewrite", env={"FILTER_BRANCH_SQUELCH_WARNING": "1"})
    repo.git("for-each-ref", "--format=delete %(refname)", "refs/original")
    repo.git("update-ref", "-d", "refs/original/refs/heads/main")
    repo.git("reset", "-q", "--hard")
    assert repo.replies() == {"total": 2, "pending" if how == "lines cut" else "carried": 2}
    repo.work("Next")
    assert repo.replies() == {"total": 3, "carried": 3}


FILTER_REPO = (
    shutil.which("git-filter-repo", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}") or ""
)


@pytest.mark.slow
@pytest.mark.skipif(not FILTER_REPO, reason="git-filter-repo is not installed")
@pytest.mark.parametrize(
    "how", [("--path", "one"), ("--to-subdirectory-filter", "below"), ("--path-rename", "one:two")]
)
def test_git_filter_repo_keeps_lines(repo: Hooked, how: tuple[str, ...]) -> None:
    repo.work("One", "one")
    repo.work("Other", "other")
    subprocess.run([FILTER_REPO, "--force", "--quiet", *how], cwd=repo.path, env=repo.environ, check=True)
    repo.now += 1
    kept = 1 if how[0] == "--path" else 2
    assert repo.replies() == {"total": 2, "carried": kept} | ({"pending": 1} if kept == 1 else {})
    repo.work("Next", "one")  # the reflog is gone too, and this log names no branch
    assert repo.replies() == {"total": 3, "carried": 2, "unplaced": 1}


# --- mail ---


@pytest.mark.slow
@pytest.mark.parametrize("options", few([[], ["--signoff"], ["-3"], ["--scissors"], ["--keep-cr"], ["--message-id"]]))
def test_mails_that_are_applied_carry_their_lines(repo: Hooked, options: list[str]) -> None:
    repo.work("One", "one")
    repo.spend()
    repo.change("two")
    repo.hooked("-m", "Two", "-m", "Größe: a word\n-- >8 --\nthat looks like scissors")
    repo.git("format-patch", "-q", "-o", "../mails", "--attach" if "-3" in options else "--signoff", "HEAD~2")
    repo.git("reset", "-q", "--hard", "HEAD~2")
    repo.git("reflog", "expire", "--expire=never", "--expire-unreachable=now", "--all")
    repo.now += 1
    repo.run("am", "-q", *options, *sorted(str(path) for path in (repo.path.parent / "mails").iterdir()))
    assert repo.replies() == {"total": 2, "carried": 2}
    repo.work("Three")
    assert repo.replies() == {"total": 3, "carried": 3}


def test_a_mail_of_somebody_else_carries_their_line(repo: Hooked) -> None:
    repo.work("One", "one")
    repo.git("format-patch", "-q", "-1", "-o", "../mails")
    (mail,) = (repo.path.parent / "mails").iterdir()
    (theirs,) = repo.lines()
    mail.write_text(mail.read_text().replace(theirs.id, "thers0000000").replace("+++ b/one", "+++ b/other"))
    mail.write_text(mail.read_text().replace("a/one b/one", "a/other b/other"))
    repo.others.add("thers0000000")
    repo.run("am", "-q", str(mail))
    assert [line.id for line in repo.lines()] == ["thers0000000"]
    assert repo.replies() == {"total": 1, "carried": 1}


# --- places ---


@pytest.mark.slow
def test_a_linked_worktree_that_is_moved(repo: Hooked) -> None:
    repo.git("worktree", "add", "-q", "../linked", "-b", "side")
    linked = repo.path.parent / "linked"
    repo.work("One", cwd=linked)
    repo.spend(cwd=linked)
    repo.balance()
    repo.git("worktree", "move", "../linked", "../elsewhere")
    moved = repo.path.parent / "elsewhere"
    repo.spend(cwd=moved)
    assert repo.replies() == {"total": 3, "carried": 1, "pending": 2}
    repo.change(cwd=moved)
    repo.hooked("-m", "Two", cwd=moved)
    assert repo.replies() == {"total": 3, "carried": 3}


@pytest.mark.slow
def test_a_linked_worktree_that_is_moved_before_anything_was_read(repo: Hooked) -> None:
    repo.git("worktree", "add", "-q", "../linked", "-b", "side")
    linked, moved = repo.path.parent / "linked", repo.path.parent / "elsewhere"
    repo.work("Known", cwd=linked)
    repo.spend(cwd=linked)
    repo.git("worktree", "move", "../linked", "../elsewhere")
    repo.change(cwd=moved)
    repo.hooked("-m", "Two", cwd=moved)
    assert repo.replies() == {"total": 2, "carried": 2}


KINDS = ["--object-format=sha256", "--ref-format=reftable"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_repository_of_a_rare_kind(tmp_path: Path, kind: str, way: str) -> None:
    if kind == "--ref-format=reftable" and git_version(tmp_path) < (2, 45):
        pytest.skip("this git knows no reftables")
    repo = Hooked(tmp_path / "rare", enabled=False)
    shutil.rmtree(repo.path / ".git")
    repo.git("init", "-q", "-b", "main", kind)
    repo.enable()
    repo.change("root")
    repo.git(*NO_HOOKS, "commit", "-q", "-m", "root")
    repo.work("One")
    repo.git("switch", "-q", "-c", "side")
    repo.work("Two", "two")
    repo.spend()
    repo.change("two")
    repo.hooked("--amend", "--no-edit")
    assert [line.version for line in repo.lines()] == [2]
    repo.git("switch", "-q", "main")
    repo.work("Three", "three")
    repo.run("merge", "-q", "--no-edit", "side")
    repo.git("switch", "-q", "-c", "again", "HEAD~1")
    repo.run("merge", "-q", "--squash", "side")
    repo.hooked("--no-edit")
    repo.git("gc", "-q")
    repo.now += 1
    repo.git("worktree", "add", "-q", "../linked", "-b", "beside")
    repo.work("Four", "four", cwd=repo.path.parent / "linked")
    assert repo.replies() == {"total": 5, "carried": 5}
