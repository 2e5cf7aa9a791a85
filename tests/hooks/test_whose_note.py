"""A proposal belongs to one `git commit`: what somebody took out of its message stays out, and nothing else does."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from support.hooked import NO_HOOKS, Hooked
from tokcost.repo.version import git_version

CUT = 'sed -i -e "/^AI-/d" -e "/^  cache/d" "$1"'
AMEND = """[ -n "$IN_AMEND" ] && exit 0
export IN_AMEND=1
date +%N >stamp; git add stamp
git commit -q --amend --no-verify """


def hook(repo: Hooked, name: str, script: str) -> None:
    path = repo.common_dir / "hooks" / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def cut(repo: Hooked, title: str = "Quiet") -> None:
    repo.spend()
    repo.change()
    repo.hooked("-e", "-m", title, env=repo.editor(CUT))


# --- attempts that came to nothing ---


def given_up_in_the_editor(repo: Hooked) -> None:
    assert not repo.attempt("commit", "-q", env={"GIT_EDITOR": "true"})


def given_up_by_the_editor(repo: Hooked) -> None:
    assert not repo.attempt("commit", "-q", "-e", "-m", "Title", env={"GIT_EDITOR": "false"})


def emptied(repo: Hooked) -> None:
    assert not repo.attempt("commit", "-q", "-e", "-m", "Title", env=repo.editor('true >"$1"'))


def left_with_comments_alone(repo: Hooked) -> None:
    repo.git("config", "core.commentChar", ";")
    assert not repo.attempt("commit", "-q", "-e", "-m", "Title", env=repo.editor('sed -i "/^[^;]/d" "$1"'))
    repo.git("config", "--unset", "core.commentChar")


def an_amend_emptied(repo: Hooked) -> None:
    assert not repo.attempt("commit", "-q", "--amend", env=repo.editor('true >"$1"'))


def an_unchecked_amend_emptied(repo: Hooked) -> None:
    """No commit-msg hook follows, so nothing tells how far it got."""
    assert not repo.attempt("commit", "-q", "--amend", "-n", env=repo.editor('true >"$1"'))


def an_unchecked_amend_with_the_line_out_emptied(repo: Hooked) -> None:
    assert not repo.attempt("commit", "-q", "-a", "-n", "--amend", "-a", env=repo.editor(f'{CUT}; true >"$1"'))


def refused(repo: Hooked) -> None:
    hook(repo, "commit-msg.before-tokcost", "exit 1")
    assert not repo.attempt("commit", "-q", "-m", "Title")
    (repo.common_dir / "hooks/commit-msg.before-tokcost").unlink()


def refused_by_a_hook_in_place_of_ours(repo: Hooked) -> None:
    path = repo.common_dir / "hooks/commit-msg"
    ours = path.read_bytes()
    path.write_text("#!/bin/sh\nexit 1\n")
    assert not repo.attempt("commit", "-q", "-m", "Title")
    path.write_bytes(ours)


def refused_later(repo: Hooked) -> None:
    path = repo.common_dir / "hooks/commit-msg"
    ours = path.read_bytes()
    hook(repo, "commit-msg.ours", ours.decode().removeprefix("#!/bin/sh\n"))
    path.write_text('#!/bin/sh\n"$0.ours" "$@" && exit 1\n')
    assert not repo.attempt("commit", "-q", "-m", "Title")
    path.write_bytes(ours)


GIVEN_UP = [
    given_up_in_the_editor,
    given_up_by_the_editor,
    emptied,
    left_with_comments_alone,
    refused,
    refused_by_a_hook_in_place_of_ours,
    refused_later,
]
AMENDS_GIVEN_UP = [an_amend_emptied, an_unchecked_amend_emptied, an_unchecked_amend_with_the_line_out_emptied]
Attempt = Callable[[Hooked], None]


def without_hooks(repo: Hooked) -> None:
    repo.git(*NO_HOOKS, "commit", "-q", "-m", "Title")


def amended_without_hooks(repo: Hooked) -> None:
    repo.git(*NO_HOOKS, "commit", "-q", "--amend", "-m", "Title")


def by_gitpython(repo: Hooked) -> None:
    """pre-commit, commit-msg and post-commit run, prepare-commit-msg does not."""
    message = repo.git_dir / "COMMIT_EDITMSG"
    message.write_text("Title")
    hooks = repo.common_dir / "hooks"
    repo.attempt("-c", f"alias.x=!{hooks}/commit-msg {message}", "x")
    text = message.read_text()
    message.unlink()
    repo.plumb(text, "HEAD", tree="HEAD^{tree}")
    program(repo, f"{hooks}/post-commit")


def by_libgit2(repo: Hooked) -> None:
    """No hook runs, and the reflog says what git would say."""
    made = repo.git("commit-tree", "HEAD^{tree}", "-p", "HEAD", "-m", "Title")
    repo.git("update-ref", "-m", "commit: Title", "HEAD", made)


def by_a_program(repo: Hooked) -> None:
    """As GitPython does it, with no git above, and with the words of git in the reflog."""
    message, hooks = repo.git_dir / "COMMIT_EDITMSG", repo.common_dir / "hooks"
    message.write_text("Title")
    program(repo, f"{hooks}/commit-msg", str(message))
    by_libgit2(repo)
    program(repo, f"{hooks}/post-commit")


def program(repo: Hooked, *command: str) -> None:
    import subprocess

    subprocess.run(command, cwd=repo.path, env=repo.environ, check=True)


@pytest.mark.few
@pytest.mark.parametrize("commits", [without_hooks, by_gitpython, by_libgit2, by_a_program])
@pytest.mark.parametrize("attempt", [*GIVEN_UP, *AMENDS_GIVEN_UP])
def test_a_commit_that_never_saw_the_proposal_withholds_nothing(
    repo: Hooked, attempt: Attempt, commits: Attempt
) -> None:
    repo.work("Before")
    repo.spend()
    repo.change()
    attempt(repo)
    commits(repo)
    assert repo.replies() == {"total": 2, "carried": 1, "pending": 1}
    repo.work("After")
    assert repo.replies() == {"total": 3, "carried": 3}


UNCHECKED = {
    "amend": ["--amend", "-n"],
    "reuse": ["-n", "-c", "HEAD"],
    "file": ["-n", "-e", "-F", ".git/with-line"],
}
"""Ways to open a message with a line of ours in an editor, after which no commit-msg hook follows."""


@pytest.mark.few
@pytest.mark.parametrize("commits", [without_hooks, amended_without_hooks, by_libgit2])
@pytest.mark.parametrize("kind", UNCHECKED)
def test_a_later_commit_never_saw_the_proposal_of_an_unchecked_one(repo: Hooked, kind: str, commits: Attempt) -> None:
    """git chooses the time of a commit before it opens the editor."""
    repo.work("Before")
    repo.spend()
    repo.change()
    refused(repo)
    shutil.copy(repo.git_dir / "COMMIT_EDITMSG", repo.git_dir / "with-line")
    assert not repo.attempt("commit", "-q", *UNCHECKED[kind], env=repo.editor('true >"$1"'))
    repo.now += 1
    commits(repo)
    assert repo.replies()["total"] == 2
    repo.work("After")
    assert repo.replies() == {"total": 3, "carried": 3}


@pytest.mark.few
@pytest.mark.parametrize("kind", UNCHECKED)
@pytest.mark.parametrize("asked", [{}, {"GIT_REFLOG_ACTION": "commit: by hand"}, {"GIT_COMMITTER_DATE": ""}])
def test_what_is_taken_out_of_an_unchecked_commit_stays_out_although_post_commit_is_dead(
    repo: Hooked, kind: str, asked: dict[str, str]
) -> None:
    """Without a date from outside, the clock says it, and the editor stays open into another second."""
    repo.work("Before")
    repo.spend()
    repo.change()
    refused(repo)
    shutil.copy(repo.git_dir / "COMMIT_EDITMSG", repo.git_dir / "with-line")
    path = repo.common_dir / "hooks/post-commit"
    whole = path.read_bytes()
    path.write_text("#!/bin/sh\nexit 0\n")
    waits = "sleep 1.1; " if "GIT_COMMITTER_DATE" in asked else ""
    repo.hooked(*UNCHECKED[kind], env=repo.editor(waits + CUT) | asked)
    assert repo.lines() == []
    path.write_bytes(whole)
    repo.now += 1
    repo.work("After")
    found = repo.replies()
    assert found["withheld"] >= 1
    assert found["carried"] + found["withheld"] == found["total"] == 3


@pytest.mark.few
@pytest.mark.parametrize("attempt", GIVEN_UP)
def test_what_is_taken_out_in_git_gui_is_withheld_whatever_was_given_up_before(repo: Hooked, attempt: Attempt) -> None:
    repo.spend()
    repo.change()
    attempt(repo)
    message, hooks = repo.git_dir / "PREPARE_COMMIT_MSG", repo.common_dir / "hooks"
    message.write_text("")
    program(repo, f"{hooks}/prepare-commit-msg", str(message))
    assert "AI-Cost: " in message.read_text()
    message.unlink()
    (repo.git_dir / "GITGUI_EDITMSG").write_text("Title\n")
    program(repo, f"{hooks}/commit-msg", str(repo.git_dir / "GITGUI_EDITMSG"))
    repo.plumb("Title", "HEAD")
    program(repo, f"{hooks}/post-commit")
    assert repo.replies() == {"total": 1, "withheld": 1}
    repo.work("After")
    assert repo.replies() == {"total": 2, "withheld": 1, "carried": 1}


@pytest.mark.few
@pytest.mark.parametrize("attempt", GIVEN_UP)
def test_the_next_attempt_carries_the_line(repo: Hooked, attempt: Attempt) -> None:
    repo.spend()
    repo.change()
    attempt(repo)
    repo.hooked("-m", "Title")
    assert len(repo.lines()) == 1
    assert repo.replies() == {"total": 1, "carried": 1}


@pytest.mark.parametrize("option", [[], ["--allow-empty-message"]], ids=["git refuses it", "git accepts it"])
def test_an_empty_message_that_git_accepts_withholds_the_line(repo: Hooked, option: list[str]) -> None:
    repo.work("Before")
    repo.spend()
    repo.change()
    made = repo.attempt("commit", "-q", "-e", "-m", "Title", *option, env=repo.editor('true >"$1"'))
    assert made is bool(option)
    repo.work("After")
    found = {"carried": 2, "withheld": 1} if option else {"carried": 3}
    assert repo.replies() == {"total": 3} | found


def test_a_message_that_another_program_makes_meanwhile_does_not_count(repo: Hooked) -> None:
    repo.spend()
    repo.change()
    message, hooks = repo.git_dir / "OTHER", repo.common_dir / "hooks"
    message.write_text("Title")
    elsewhere = f"setsid --fork sh -c 'sleep 0.3; exec {hooks}/commit-msg {message}'; sleep 1.5; exit 1"
    assert not repo.attempt("commit", "-q", "-e", "-m", "Given up", env=repo.editor(elsewhere))
    by_libgit2(repo)
    repo.work("After")
    assert repo.replies() == {"total": 2, "carried": 2}


# --- hooks after the commit ---


@pytest.mark.few
@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.parametrize("message", ["--no-edit", '-m "stamped $(git log -1 --format=%s)"', "-aF .git/said"])
def test_an_amend_by_a_hook_carries_the_line_and_what_was_taken_out_stays_out(
    repo: Hooked, place: str, message: str
) -> None:
    path = repo.common_dir / "hooks/post-commit"
    (repo.git_dir / "said").write_text("Stamped\n")
    if place == "before":
        hook(repo, "post-commit.before-tokcost", AMEND + message)
    else:
        path.rename(path.with_name("ours"))
        hook(repo, "post-commit", f'"${{0%/*}}/ours" "$@"\n{AMEND}{message}')
    for number in range(2):
        repo.work(f"Commit {number}")
        assert len(repo.lines()) == 1
        assert repo.message().startswith(f"Commit {number}" if message == "--no-edit" else ("stamped", "Stamped"))
    cut(repo)
    assert repo.lines() == []
    assert repo.replies() == {"total": 3, "carried": 2, "withheld": 1}
    repo.work("After")
    assert repo.replies() == {"total": 4, "carried": 3, "withheld": 1}


def test_a_hook_that_commits_something_else_copies_no_line(repo: Hooked) -> None:
    hook(
        repo,
        "post-commit.before-tokcost",
        '[ -n "$IN_HOOK" ] && exit 0\nexport IN_HOOK=1\ndate +%N >made; git add made; git commit -q -m "Generated"',
    )
    repo.work("One")
    assert repo.message() == "Generated"
    assert len(repo.lines("HEAD~")) == 1
    assert repo.replies() == {"total": 1, "carried": 1}


def test_a_new_message_by_hand_leaves_the_line_to_the_next_commit(repo: Hooked) -> None:
    repo.work("One")
    repo.hooked("--amend", "-m", "New words")
    assert repo.lines() == []
    repo.change()
    repo.hooked("-m", "Next")
    assert len(repo.lines()) == 1
    assert repo.replies() == {"total": 1, "carried": 1}


@pytest.mark.few
@pytest.mark.parametrize("how", ["killed", "no mode", "another script"])
def test_what_was_taken_out_stays_out_although_post_commit_comes_to_nothing(repo: Hooked, how: str) -> None:
    path = repo.common_dir / "hooks/post-commit"
    whole = path.read_bytes()
    path.write_text("#!/bin/sh\n" + ("kill -9 $$\n" if how == "killed" else "exit 0\n"))
    path.chmod(0o644 if how == "no mode" else 0o755)
    cut(repo)
    path.write_bytes(whole)
    path.chmod(0o755)
    repo.work("After")
    assert repo.replies() == {"total": 2, "carried": 1, "withheld": 1}


def keep_no_reflog(repo: Hooked) -> None:
    repo.git("config", "core.logAllRefUpdates", "false")
    shutil.rmtree(repo.common_dir / "logs", ignore_errors=True)


def spend_before(repo: Hooked, keep: Attempt) -> None:
    """Spend, with a reflog that says on which branch, and lose it."""
    repo.spend()
    repo.log()
    keep(repo)
    repo.change()


def keep_an_empty_reflog(repo: Hooked) -> None:
    hook(repo, "reference-transaction", '[ "$1" = committed ] && exec git reflog expire --expire=now --all || :')


def other_commits_before(repo: Hooked) -> None:
    for _ in range(2):
        repo.change()
        repo.git(*NO_HOOKS, "commit", "-q", "-m", "No hook saw this")


def the_branch_moved(repo: Hooked) -> None:
    repo.git("branch", "-q", "-m", "renamed")


@pytest.mark.few
@pytest.mark.parametrize("keep", [keep_no_reflog, keep_an_empty_reflog])
@pytest.mark.parametrize("options", [["-m", "Quiet"], ["--amend"], ["--allow-empty", "-m", "Quiet"]])
@pytest.mark.parametrize("then", [None, other_commits_before, the_branch_moved])
def test_what_was_taken_out_stays_out_although_post_commit_is_dead_and_no_reflog_tells(
    repo: Hooked, keep: Attempt, options: list[str], then: Attempt | None
) -> None:
    repo.work("Before")
    path = repo.common_dir / "hooks/post-commit"
    whole = path.read_bytes()
    path.write_text("#!/bin/sh\nexit 0\n")
    spend_before(repo, keep)
    repo.hooked("-e", *options, env=repo.editor(CUT))
    path.write_bytes(whole)
    if then:
        then(repo)
    repo.change()
    repo.hooked("-m", "After")
    assert repo.replies() == {"total": 2} | ({"withheld": 2} if "--amend" in options else {"carried": 1, "withheld": 1})


@pytest.mark.few
@pytest.mark.parametrize("attempt", GIVEN_UP)
def test_without_a_reflog_too_an_attempt_that_came_to_nothing_withholds_nothing(repo: Hooked, attempt: Attempt) -> None:
    repo.work("Before")
    spend_before(repo, keep_no_reflog)
    attempt(repo)
    by_libgit2(repo)
    repo.change()
    repo.hooked("-m", "After")
    assert repo.replies() == {"total": 2, "carried": 2}


def test_the_first_commit_of_all_from_which_a_line_was_taken_out_where_no_reflog_tells(tmp_path: Path) -> None:
    repo = Hooked(tmp_path)
    path = repo.common_dir / "hooks/post-commit"
    path.rename(path.with_name("kept"))
    spend_before(repo, keep_no_reflog)
    repo.hooked("-e", "-m", "Quiet", env=repo.editor(CUT))
    path.with_name("kept").rename(path)
    repo.change()
    repo.hooked("-m", "After")
    assert repo.replies() == {"total": 1, "withheld": 1}


@pytest.mark.few
@pytest.mark.parametrize("seconds", ["0.02", "0.04", "0.06"])
def test_what_was_taken_out_stays_out_although_post_commit_is_killed_at_work(repo: Hooked, seconds: str) -> None:
    """Whoever does the work for it may live on, with no git above any more."""
    repo.work("Warm")
    path = repo.common_dir / "hooks/post-commit"
    whole = path.read_bytes()
    hook(repo, "whole", whole.decode().removeprefix("#!/bin/sh\n"))
    path.write_text(f'#!/bin/sh\ntimeout -s KILL {seconds} "${{0%/*}}/whole" "$@"\nexit 0\n')
    cut(repo)
    path.write_bytes(whole)
    repo.work("After")
    assert repo.replies() == {"total": 3, "carried": 2, "withheld": 1}


def test_what_was_taken_out_stays_out_although_post_commit_runs_without_a_git_above_it(repo: Hooked) -> None:
    """As where a hook and the program that started it are killed together, and its worker lives on."""
    repo.work("Warm")
    path = repo.common_dir / "hooks/post-commit"
    whole = path.read_bytes()
    hook(repo, "whole", f'while [ -e "/proc/$1" ]; do sleep 0.02; done\n{whole.decode().removeprefix("#!/bin/sh")}')
    path.write_text('#!/bin/sh\n("${0%/*}/whole" $$ &)\nexit 0\n')
    note = repo.git_dir / "TOKCOST_PROPOSAL"
    cut(repo)
    while note.exists() or (repo.git_dir / "TOKCOST_UNSETTLED").exists():
        time.sleep(0.02)
    path.write_bytes(whole)
    repo.work("After")
    assert repo.replies() == {"total": 3, "carried": 2, "withheld": 1}


@pytest.mark.parametrize("damage", ["s/ USD list; / dollars, /", "s/^AI-Cost: .* tokens/* AI-Cost: much/"])
def test_a_line_that_a_hook_damaged_is_not_taken_out(repo: Hooked, damage: str) -> None:
    hook(repo, "commit-msg.before-tokcost", f'sed -i "{damage}" "$1"')
    repo.work("One")
    assert repo.lines() == []
    assert repo.replies() == {"total": 1, "pending": 1}
    (repo.common_dir / "hooks/commit-msg.before-tokcost").unlink()
    repo.work("Two")
    assert repo.replies() == {"total": 2, "carried": 2}


def test_a_line_deleted_from_the_message_of_a_refused_commit_is_withheld(repo: Hooked) -> None:
    """The message that git kept of it has the line already."""
    repo.spend()
    repo.change()
    refused(repo)
    repo.hooked("-e", "-F", ".git/COMMIT_EDITMSG", env=repo.editor(CUT))
    assert repo.lines() == []
    assert repo.replies() == {"total": 1, "withheld": 1}
    repo.work("Two")
    assert repo.replies() == {"total": 2, "carried": 1, "withheld": 1}


REWRITES = {
    "undone and made again": "git reset -q --soft HEAD~1 && git commit -q -m Again",
    "undone and made again without asking": "git reset -q --soft HEAD~1 && git commit -q --no-verify -C ORIG_HEAD",
    "rebased by force": "git rebase -q --force-rebase HEAD~1",
    "rebased by force, one by one": "GIT_SEQUENCE_EDITOR=true git rebase -q -i --force-rebase HEAD~1",
    "undone": "git reset -q --soft HEAD~1",
}


@pytest.mark.few
@pytest.mark.parametrize("place", ["before", "after", "beside", "later"])
@pytest.mark.parametrize("rewrite", REWRITES)
def test_what_was_taken_out_stays_out_although_a_hook_makes_the_commit_again(
    repo: Hooked, place: str, rewrite: str
) -> None:
    """HEAD is then where it was before the commit, and says nothing of what became of it. `beside` and `later` run in
    the background, while our hook does or after it."""
    repo.work("One")
    path = repo.common_dir / "hooks/post-commit"
    script = f"export IN_HOOK=1; {REWRITES[rewrite]}"
    if place in ("beside", "later"):
        wait = "sleep 0.3; " if place == "later" else ""
        script = f"({wait}{script}; echo done >.git/done) >/dev/null 2>&1 &"
    script = f'[ -n "$IN_HOOK" ] && exit 0\n{script}\n'
    if place == "after":
        path.rename(path.with_name("ours"))
        hook(repo, "post-commit", f'"${{0%/*}}/ours" "$@"\n{script}')
    else:
        hook(repo, "post-commit.before-tokcost", script)
    cut(repo)
    if place in ("beside", "later"):
        deadline = time.monotonic() + 20
        while not (repo.path / ".git/done").exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
    for name in ("post-commit.before-tokcost", "ours"):
        if (repo.common_dir / "hooks" / name).exists():
            (repo.common_dir / "hooks" / name).replace(path) if name == "ours" else path.with_name(name).unlink()
    assert repo.lines() == ([] if rewrite != "undone" else repo.lines("HEAD"))
    repo.work("After")
    assert repo.replies() == {"total": 3, "carried": 2, "withheld": 1}


def test_a_commit_that_a_hook_undoes_keeps_nothing_back(repo: Hooked) -> None:
    """Its line was still there: it is written again."""
    repo.work("One")
    hook(repo, "post-commit.before-tokcost", "git reset -q --soft HEAD~1")
    repo.spend()
    repo.change()
    repo.hooked("-m", "Two")
    (repo.common_dir / "hooks/post-commit.before-tokcost").unlink()
    repo.hooked("-m", "Two, again")
    assert repo.replies() == {"total": 2, "carried": 2}


@pytest.mark.parametrize("kind", ["--object-format=sha256", "--ref-format=reftable"])
def test_the_first_commit_of_a_repository_made_again_by_a_hook(tmp_path: Path, kind: str) -> None:
    if kind == "--ref-format=reftable" and git_version(tmp_path) < (2, 45):
        pytest.skip("this git knows no reftables")
    repo = Hooked(tmp_path, enabled=False)
    shutil.rmtree(repo.path / ".git")
    repo.git("init", "-q", "-b", "main", kind)
    repo.enable()
    again = "git update-ref -d HEAD; git commit -q -m Again"
    hook(repo, "post-commit.before-tokcost", f'[ -n "$IN_HOOK" ] && exit 0\nexport IN_HOOK=1; {again}')
    cut(repo)
    (repo.common_dir / "hooks/post-commit.before-tokcost").unlink()
    if kind == "--object-format=sha256":  # only git reads reftables, and an entry has no place in them
        assert repo.lines() == []
        assert repo.replies() == {"total": 1, "withheld": 1}
    repo.work("After")
    assert repo.replies()["total"] == 2
