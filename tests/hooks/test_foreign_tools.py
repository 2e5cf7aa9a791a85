"""Tools that know no hooks, or rewrite history in bulk, between commits with ours."""

import subprocess
from pathlib import Path

import pytest

from support.hooked import NO_HOOKS, REPLY, Hooked


@pytest.mark.parametrize("amend", [False, True])
def test_a_library_that_knows_no_hooks(repo: Hooked, amend: bool) -> None:
    repo.work("One")
    repo.spend()
    if amend:
        repo.plumb("One, by a library", *repo.git("log", "-1", "--format=%P").split())
    else:
        repo.plumb("By a library", "HEAD")
    assert repo.replies() == ({"total": 2, "pending": 2} if amend else {"total": 2, "carried": 1, "pending": 1})
    repo.work("Hooked")
    assert sum(line.tokens for line in repo.lines()) == (3 if amend else 2) * REPLY
    assert repo.replies() == {"total": 3, "carried": 3}


def test_a_library_that_copies_our_message(repo: Hooked) -> None:
    repo.work("One")
    repo.plumb(repo.message(), "HEAD")
    repo.spend()
    repo.hooked("--amend", "--no-edit", "--allow-empty")
    assert [line.version for line in repo.lines()] == [2]
    assert repo.replies() == {"total": 2, "carried": 2}


def test_patches_by_mail_carry_lines(repo: Hooked) -> None:
    repo.work("One", "one")
    repo.work("Two", "two")
    repo.git("format-patch", "-q", "-o", "../patches", "HEAD~2")
    repo.git("reset", "-q", "--hard", "HEAD~2")
    repo.git("reflog", "expire", "--expire=never", "--expire-unreachable=now", "--all")
    repo.spend()
    repo.now += 1
    repo.run("am", "-q", *sorted(str(path) for path in (repo.path.parent / "patches").iterdir()))
    assert [len(repo.lines(one)) for one in ("HEAD", "HEAD~1")] == [1, 1]
    assert repo.replies() == {"total": 3, "carried": 2, "pending": 1}
    repo.work("Three")
    assert repo.replies() == {"total": 4, "carried": 4}


def test_a_patch_that_does_not_apply_at_once(repo: Hooked) -> None:
    repo.work("One")
    repo.git("format-patch", "-q", "-o", "../patches", "HEAD~1")
    repo.git("reset", "-q", "--hard", "HEAD~1")
    repo.work("Clash")
    (patch,) = (repo.path.parent / "patches").iterdir()
    repo.now += 1
    repo.run("am", "-q", "-3", str(patch), ok=False)
    repo.spend()
    repo.change()
    repo.run("am", "--continue")
    assert len(repo.lines()) == 1
    assert repo.replies() == {"total": 3, "carried": 2, "pending": 1}


def test_history_that_is_filtered_keeps_its_lines(repo: Hooked) -> None:
    repo.work("One", "one")
    repo.work("Two", "two")
    env = {"FILTER_BRANCH_SQUELCH_WARNING": "1"}
    repo.run("filter-branch", "-f", "--index-filter", "git rm -q --cached --ignore-unmatch one", "HEAD", env=env)
    assert repo.replies() == {"total": 2, "carried": 2}
    repo.git("update-ref", "-d", "refs/original/refs/heads/main")
    assert repo.replies() == {"total": 2, "carried": 2}
    repo.work("Three")
    assert repo.replies() == {"total": 3, "carried": 3}


def test_messages_that_are_filtered_lose_their_lines_until_the_next_commit(repo: Hooked) -> None:
    repo.work("One", "one")
    repo.work("Two", "two")
    env = {"FILTER_BRANCH_SQUELCH_WARNING": "1"}
    repo.run("filter-branch", "-f", "--msg-filter", "head -n 1", "HEAD", env=env)
    repo.git("update-ref", "-d", "refs/original/refs/heads/main")
    assert repo.replies() == {"total": 2, "pending": 2}
    repo.work("Three")
    assert repo.replies() == {"total": 3, "carried": 3}


def test_a_fast_import_of_the_same_history(repo: Hooked) -> None:
    repo.work("One")
    stream = repo.git("fast-export", "main").replace("refs/heads/main", "refs/heads/copy")
    (repo.path.parent / "stream").write_text(stream + "\n")
    repo.git("-c", "core.hooksPath=/dev/null", "branch", "-q", "keep")
    repo.run("-c", "alias.load=!git fast-import --quiet < ../stream", "load")
    assert repo.replies() == {"total": 1, "carried": 1}


def test_a_replayed_branch_keeps_its_lines(repo: Hooked) -> None:
    """What `git replay` does, with plumbing that older gits have too: the same messages on another base."""
    repo.switch("-c", "feat")
    repo.work("One", "one")
    repo.work("Two", "two")
    repo.switch("main")
    repo.change("upstream")
    repo.hooked("-m", "Upstream")
    for commit in repo.git("rev-list", "--reverse", "main..feat").split():
        tree = repo.git("merge-tree", "--write-tree", f"--merge-base={commit}~1", "HEAD", commit, ok=False)
        tree = tree.split("\n")[0] or f"{commit}^{{tree}}"
        repo.plumb(repo.message(commit), "main", tree=tree, ref="refs/heads/main")
    repo.git("reset", "-q", "--hard")
    repo.git("branch", "-q", "-D", "feat")
    assert [len(repo.lines(one)) for one in ("HEAD", "HEAD~1")] == [1, 1]
    assert repo.replies() == {"total": 2, "carried": 2}


def test_notes_and_replacements_change_nothing(repo: Hooked) -> None:
    one = repo.work("One")
    repo.git("notes", "add", "-m", repo.message(), one)
    repo.now += 1
    two = repo.git("commit-tree", f"{one}^{{tree}}", "-m", "No parent, no line")
    repo.git("replace", one, two)
    assert repo.balance() == {"total": REPLY, "carried": REPLY}
    repo.git("replace", "-d", one)
    assert repo.replies() == {"total": 1, "carried": 1}


@pytest.fixture
def sub(repo: Hooked) -> Path:
    """A submodule at `sub`, with cost lines of its own."""
    library = repo.path.parent / "library"
    library.mkdir()
    repo.git("init", "-q", "-b", "main", cwd=library)
    (library / "code").write_text("1\n")
    repo.git("add", "-A", cwd=library)
    repo.git("commit", "-q", "-m", "library", cwd=library)
    repo.run("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library), "sub")
    repo.hooked("-m", "Add the library")
    return repo.path / "sub"


def test_a_submodule_without_consent_carries_nothing(repo: Hooked, sub: Path) -> None:
    repo.spend(cwd=sub)
    repo.change("code", cwd=sub)
    repo.hooked("-m", "Inside", cwd=sub)
    assert "AI-Cost" not in repo.git("log", "--format=%B", cwd=sub)
    repo.change("use")
    repo.hooked("-m", "Use it")
    assert repo.lines() == []
    assert repo.balance() == {}


def test_a_submodule_and_what_is_around_it_carry_their_own(repo: Hooked, sub: Path) -> None:
    inside = Hooked.__new__(Hooked)
    inside.__dict__.update(repo.__dict__)
    inside.path = sub
    inside.enable()
    repo.spend(cwd=sub)
    repo.spend()
    repo.change("code", cwd=sub)
    repo.hooked("-m", "Inside", cwd=sub)
    assert [line.tokens for line in inside.lines()] == [REPLY]
    repo.change("use")
    repo.hooked("-m", "Use it")
    assert [line.tokens for line in repo.lines()] == [REPLY]
    assert inside.replies() == repo.replies() == {"total": 1, "carried": 1}


@pytest.mark.slow
def test_a_merge_without_hooks(repo: Hooked) -> None:
    repo.switch("-c", "feat")
    repo.work("One", "one")
    repo.switch("main")
    repo.spend()
    repo.now += 1
    repo.run(*NO_HOOKS, "merge", "-q", "--no-ff", "--no-edit", "feat")
    assert repo.replies() == {"total": 2, "carried": 1, "pending": 1}
    repo.work("Two")
    assert repo.replies() == {"total": 3, "carried": 3}


STRIPS = '#!/bin/sh\nsed -i -E "/^[A-Z][A-Za-z-]+: /d" "$1"\n'
"""A hook that takes all trailers out of a message."""


def strip_in(repo: Hooked, name: str) -> None:
    path = repo.common_dir / "hooks" / name
    path.write_text(STRIPS)
    path.chmod(0o755)


def heard(said: str) -> list[str]:
    return [line for line in said.splitlines() if line.startswith("tokcost: ")]


@pytest.mark.slow
@pytest.mark.parametrize("how", ["given", "edited"])
def test_what_a_hook_takes_out_stays_pending_and_is_said_once(repo: Hooked, how: str) -> None:
    strip_in(repo, "commit-msg.before-tokcost")
    options = ("-m", "Work") if how == "given" else ("-e", "-m", "Work")
    told = []
    for name in ("one", "two"):
        repo.spend()
        repo.change(name)
        told.append(heard(repo.grumble("commit", "-q", *options, env={"GIT_EDITOR": "true"})))
    assert [len(one) for one in told] == [1, 0]
    assert "commit-msg.before-tokcost" in told[0][0]
    assert repo.lines() == []
    assert repo.replies() == {"total": 2, "pending": 2}
    (repo.common_dir / "hooks/commit-msg.before-tokcost").unlink()
    repo.work("With it")
    assert repo.replies() == {"total": 3, "carried": 3}


@pytest.mark.slow
def test_a_line_that_somebody_takes_out_is_withheld_also_before_a_hook_that_takes_out_others(repo: Hooked) -> None:
    strip_in(repo, "commit-msg.before-tokcost")
    repo.spend()
    repo.change()
    repo.hooked("-e", "-m", "Work", env=repo.editor('sed -i "/^AI-/d" "$1"'))
    assert repo.replies() == {"total": 1, "withheld": 1}


@pytest.mark.slow
def test_what_a_hook_takes_out_of_an_amended_commit_is_written_again(repo: Hooked) -> None:
    repo.work("Work")
    strip_in(repo, "commit-msg.before-tokcost")
    repo.spend()
    repo.change()
    assert len(heard(repo.grumble("commit", "-q", "--amend", "--no-edit"))) == 1
    assert repo.replies() == {"total": 2, "pending": 2}
    (repo.common_dir / "hooks/commit-msg.before-tokcost").unlink()
    repo.change("more")
    repo.hooked("-m", "More")
    assert repo.replies() == {"total": 2, "carried": 2}


@pytest.mark.slow
def test_what_is_switched_off_is_withheld_whatever_hooks_take_out(repo: Hooked) -> None:
    strip_in(repo, "commit-msg.before-tokcost")
    repo.spend()
    repo.hooked("--allow-empty", "-m", "Work", env={"TOKCOST": "off"})
    assert repo.replies() == {"total": 1, "withheld": 1}


def strip_behind(repo: Hooked) -> None:
    """Have another manager run our commit-msg hook first, as the pre-commit framework does, then a stripping one."""
    path = repo.common_dir / "hooks/commit-msg"
    path.rename(path.with_name("commit-msg.legacy"))
    path.write_text('#!/bin/sh\n"$0.legacy" "$@" || exit 1\n' + STRIPS.removeprefix("#!/bin/sh\n"))
    path.chmod(0o755)


def runs(repo: Hooked, *command: str) -> None:
    """A program runs a hook, as git would."""
    subprocess.run(command, cwd=repo.path, env=repo.environ, check=True)


EDITORS = {
    "left alone": "true",
    "written": 'sed -i "1s/^/Words of /" "$1"',
    "below a title": 'sed -i "1s/$/\\n\\nWhy./" "$1"',
}


@pytest.mark.slow
@pytest.mark.parametrize("editor", EDITORS)
def test_what_a_hook_behind_ours_takes_out_of_an_edited_message_stays_pending(repo: Hooked, editor: str) -> None:
    """It passed our commit-msg hook whole, and nobody gets to see it behind that."""
    strip_behind(repo)
    told = []
    for name in ("one", "two"):
        repo.spend()
        repo.change(name)
        said = repo.grumble("commit", "-q", "-e", "-m", "Work", env=repo.editor(EDITORS[editor]))
        told.append(heard(said))
    assert [len(one) for one in told] == [1, 0]
    assert "runs after tokcost's commit-msg" in told[0][0]
    assert repo.replies() == {"total": 2, "pending": 2}


def test_a_line_that_somebody_takes_out_is_withheld_also_with_a_hook_behind_ours(repo: Hooked) -> None:
    strip_behind(repo)
    repo.spend()
    repo.change()
    repo.hooked("-e", "-m", "Work", env=repo.editor('sed -i "/^AI-/d" "$1"'))
    assert repo.replies() == {"total": 1, "withheld": 1}


@pytest.mark.slow
def test_one_of_two_lines_that_somebody_takes_out_decides(repo: Hooked) -> None:
    """Which of the others a hook took out then cannot be told: nothing is published that might have been kept."""
    repo.work("Lost")
    repo.git(*NO_HOOKS, "commit", "-q", "--amend", "-m", "Lost")
    strip_behind(repo)
    repo.spend()
    repo.change("more")
    repo.hooked("-e", "-m", "Work", env=repo.editor('sed -i "0,/^AI-Cost/{/^AI-Cost/d}" "$1"'))
    assert repo.replies() == {"total": 2, "withheld": 2}


@pytest.mark.slow
def test_a_message_that_is_looked_at_twice_counts_as_it_was_last(repo: Hooked) -> None:
    """git gui runs commit-msg at each attempt, and prepare-commit-msg once: the line went between two attempts."""
    hooks, message = repo.common_dir / "hooks", repo.git_dir / "GITGUI_EDITMSG"
    repo.spend()
    repo.change()
    prepared = repo.git_dir / "PREPARE_COMMIT_MSG"
    prepared.write_text("Work\n")
    runs(repo, f"{hooks}/prepare-commit-msg", str(prepared))
    for text in (prepared.read_text(), "Work\n"):
        message.write_text(text)
        runs(repo, f"{hooks}/commit-msg", str(message))
    repo.plumb("Work", "HEAD")
    runs(repo, f"{hooks}/post-commit")
    assert repo.replies() == {"total": 1, "withheld": 1}


@pytest.mark.slow
@pytest.mark.parametrize("stops", ["post-commit", "python"])
def test_a_line_that_went_behind_our_hook_waits_also_where_post_commit_came_to_nothing(
    repo: Hooked, stops: str
) -> None:
    strip_behind(repo)
    path = repo.common_dir / "hooks/post-commit"
    whole = path.read_bytes()
    stopped = whole.replace(b"\npython=", b"\npython=/bin/false #", 1) if stops == "python" else b"#!/bin/sh\n"
    path.write_bytes(stopped)
    repo.spend()
    repo.change()
    repo.hooked("-e", "-m", "Work", env={"GIT_EDITOR": "true"})
    path.write_bytes(whole)
    (repo.common_dir / "hooks/commit-msg.legacy").replace(repo.common_dir / "hooks/commit-msg")
    repo.work("After")
    assert repo.replies() == {"total": 2, "carried": 2}
