"""Rebases of every kind with our hooks: what is carried stays carried, and what is dropped can be written again."""

import pytest

from support.hooked import AT_ONCE, NO_HOOKS, REPLY, Hooked, everywhere

BACKENDS = pytest.mark.parametrize("backend", ["--merge", "--apply"])
QUIET = 'sed -i "/^AI-/d;/^  cache/d" "$1"'


def feature(repo: Hooked) -> None:
    """`feat` with the commits One, Two and Three, and `main` one commit ahead of where it began."""
    repo.switch("-c", "feat")
    for name in ("one", "two", "three"):
        repo.work(name.title(), name)
    repo.switch("main")
    repo.change("upstream")
    repo.git(*NO_HOOKS, "commit", "-q", "-m", "Upstream")
    repo.switch("feat")


def subjects(repo: Hooked) -> list[str]:
    return repo.git("log", "--reverse", "--format=%s", "main..").split("\n")


@pytest.mark.few
@everywhere
def test_a_rebase_keeps_every_line(repo: Hooked) -> None:
    feature(repo)
    repo.rebase("main")
    assert [len(repo.lines(f"HEAD~{n}")) for n in (0, 1, 2)] == [1, 1, 1]
    assert repo.replies() == {"total": 3, "carried": 3}


@BACKENDS
def test_what_is_pending_waits_until_the_rebase_is_over(repo: Hooked, backend: str) -> None:
    feature(repo)
    repo.spend()
    repo.rebase(backend, "main")
    assert repo.replies() == {"total": 4, "carried": 3, "pending": 1}
    repo.work("Four")
    assert repo.replies() == {"total": 5, "carried": 5}
    assert [line.tokens for line in repo.lines()] == [2 * REPLY]


@everywhere
def test_taking_commits_along_needs_no_time_for_their_lines(repo: Hooked) -> None:
    feature(repo)
    repo.spend()
    before = [repo.lines(f"HEAD~{back}") for back in range(3)]
    said = repo.grumble("rebase", "-q", "main", env={"TOKCOST_DEADLINE": AT_ONCE})
    assert "prepare-commit-msg" not in said
    assert [repo.lines(f"HEAD~{back}") for back in range(3)] == before
    assert repo.replies() == {"total": 4, "carried": 3, "pending": 1}


def test_fixups_that_a_rebase_has_no_time_for_leave_their_lines_to_the_next_commit(repo: Hooked) -> None:
    feature(repo)
    hurried = repo.editor("true") | {"TOKCOST_DEADLINE": AT_ONCE, "GIT_SEQUENCE_EDITOR": "sed -i -e 2,3s/pick/fixup/"}
    said = repo.grumble("rebase", "-q", "-i", "main", env=hurried)
    assert "the message keeps its cost line, and new usage stays pending" in said
    assert "without a cost line" not in said
    repo.work("After")
    assert repo.replies() == {"total": 4, "carried": 4}


def test_a_rebase_does_what_an_earlier_commit_left_to_the_next_hook(repo: Hooked) -> None:
    feature(repo)
    repo.spend()
    repo.change()
    repo.grumble("commit", "-q", "-m", "Kept", env={"TOKCOST": "off", "TOKCOST_DEADLINE": AT_ONCE})
    repo.rebase("main")
    assert repo.replies() == {"total": 4, "carried": 3, "withheld": 1}


def test_commits_in_another_order_keep_their_lines(repo: Hooked) -> None:
    feature(repo)
    repo.rebase("-i", "HEAD~3", todo="1{h;d};2G")
    assert subjects(repo) == ["Two", "One", "Three"]
    assert repo.replies() == {"total": 3, "carried": 3}


def test_a_reworded_commit_keeps_its_line(repo: Hooked) -> None:
    feature(repo)
    repo.rebase("-i", "HEAD~3", todo="2s/^pick/reword/", env=repo.editor('sed -i "1s/.*/Second/" "$1"'))
    assert subjects(repo) == ["One", "Second", "Three"]
    assert len(repo.lines("HEAD~1")) == 1
    assert repo.replies() == {"total": 3, "carried": 3}


def test_a_line_removed_while_rewording_an_older_commit_comes_back(repo: Hooked) -> None:
    feature(repo)
    repo.rebase("-i", "HEAD~3", todo="2s/^pick/reword/", env=repo.editor(QUIET))
    assert repo.replies() == {"total": 3, "carried": 2, "pending": 1}
    repo.work("Four")
    assert repo.replies() == {"total": 4, "carried": 4}


@pytest.mark.few
@pytest.mark.parametrize("word", ["squash", "fixup", "fixup -C"])
def test_melted_commits_carry_each_line_once(repo: Hooked, word: str) -> None:
    feature(repo)
    repo.rebase("-i", "HEAD~3", todo=f"2,3s/^pick/{word}/")
    assert len(repo.lines()) == 3
    assert repo.message().count("AI-Cost: ") == 3
    assert repo.replies() == {"total": 3, "carried": 3}


def test_a_chain_of_fixups_and_squashes_with_an_editor(repo: Hooked) -> None:
    feature(repo)
    env = repo.editor('sed -i "1,/^One/{/^#/d}" "$1"')
    repo.rebase("-i", "HEAD~3", todo="2s/^pick/fixup/;3s/^pick/squash/", env=env)
    assert repo.message().count("AI-Cost: ") == 3
    assert repo.replies() == {"total": 3, "carried": 3}


def test_a_squash_whose_message_is_written_anew(repo: Hooked) -> None:
    """All lines are removed in the editor of a squash: they are lost, not withheld, and come back."""
    feature(repo)
    repo.rebase("-i", "HEAD~3", todo="2,3s/^pick/squash/", env=repo.editor('echo All > "$1"'))
    assert repo.message() == "All"
    assert repo.replies() == {"total": 3, "pending": 3}
    repo.work("Four")
    assert repo.replies() == {"total": 4, "carried": 4}


def test_melting_across_a_conflict(repo: Hooked) -> None:
    repo.work("One")
    repo.work("Two")
    repo.work("Three")
    repo.rebase("-i", "HEAD~3", todo="2d;3s/^pick/fixup/", ok=False)
    repo.change()
    repo.run("rebase", "--continue")
    assert repo.git("log", "-1", "--format=%s") == "One"
    assert repo.replies() == {"total": 3, "carried": 2, "pending": 1}
    repo.work("Four")
    assert repo.replies() == {"total": 4, "carried": 4}


def test_a_dropped_commit_leaves_its_line_to_the_next_one(repo: Hooked) -> None:
    feature(repo)
    repo.rebase("-i", "HEAD~3", todo="2d")
    assert repo.replies() == {"total": 3, "carried": 2, "pending": 1}
    repo.work("Four")
    assert [line.tokens for line in repo.lines()] == [REPLY, REPLY]
    assert repo.replies() == {"total": 4, "carried": 4}


def test_a_dropped_commit_on_a_backup_branch_is_not_lost(repo: Hooked) -> None:
    feature(repo)
    repo.git("branch", "backup")
    repo.rebase("-i", "HEAD~3", todo="2d")
    assert repo.replies() == {"total": 3, "carried": 3}
    repo.work("Four")
    assert [line.tokens for line in repo.lines()] == [REPLY]
    repo.git("branch", "-q", "-D", "backup")
    assert repo.replies() == {"total": 4, "carried": 3, "pending": 1}


def test_an_edit_stop_with_spend_and_an_amend(repo: Hooked) -> None:
    feature(repo)
    repo.rebase("-i", "HEAD~3", todo="2s/^pick/edit/")
    repo.spend()
    repo.change("two")
    repo.hooked("--amend", "--no-edit")
    repo.run("rebase", "--continue")
    assert repo.replies() == {"total": 4, "carried": 3, "pending": 1}
    repo.work("Four")
    assert repo.replies() == {"total": 5, "carried": 5}


def test_a_commit_made_at_an_edit_stop_proposes_nothing(repo: Hooked) -> None:
    feature(repo)
    repo.rebase("-i", "HEAD~3", todo="2s/^pick/edit/")
    repo.work("Between", "between")
    assert repo.lines() == []
    repo.run("rebase", "--continue")
    assert repo.replies() == {"total": 4, "carried": 3, "pending": 1}
    repo.work("Four")
    assert repo.replies() == {"total": 5, "carried": 5}


def test_a_commit_that_is_split_leaves_its_line_to_the_next_one(repo: Hooked) -> None:
    feature(repo)
    repo.rebase("-i", "HEAD~3", todo="2s/^pick/edit/")
    repo.git("reset", "-q", "HEAD~1")
    repo.change("half")
    repo.hooked("-m", "First half")
    repo.run("rebase", "--continue")
    assert repo.replies() == {"total": 3, "carried": 2, "pending": 1}
    repo.work("Four")
    assert repo.replies() == {"total": 4, "carried": 4}


def test_a_rebase_onto_another_base(repo: Hooked) -> None:
    feature(repo)
    repo.rebase("--onto", "main", "HEAD~2")
    assert subjects(repo) == ["Two", "Three"]
    assert repo.replies() == {"total": 3, "carried": 2, "pending": 1}
    repo.work("Four")
    assert repo.replies() == {"total": 4, "carried": 4}


def test_a_rebase_that_runs_commands(repo: Hooked) -> None:
    feature(repo)
    repo.rebase("--exec", "true", "main")
    assert repo.replies() == {"total": 3, "carried": 3}


def test_a_rebase_whose_commands_commit(repo: Hooked) -> None:
    feature(repo)
    repo.spend()
    repo.rebase("--exec", "git commit -q --allow-empty -m Built", "main")
    assert repo.replies() == {"total": 4, "carried": 3, "pending": 1}
    repo.work("Four")
    assert repo.replies() == {"total": 5, "carried": 5}


@BACKENDS
def test_a_conflict_that_is_resolved(repo: Hooked, backend: str) -> None:
    feature(repo)
    repo.switch("main")
    repo.work("Clash", "two")
    repo.switch("feat")
    repo.rebase(backend, "main", ok=False)
    repo.spend()
    repo.change("two")
    repo.run("rebase", "--continue")
    assert subjects(repo) == ["One", "Two", "Three"]
    assert repo.replies() == {"total": 5, "carried": 4, "pending": 1}
    repo.work("Four")
    assert repo.replies() == {"total": 6, "carried": 6}


@BACKENDS
def test_a_conflict_that_is_committed_by_hand(repo: Hooked, backend: str) -> None:
    feature(repo)
    repo.switch("main")
    repo.work("Clash", "two")
    repo.switch("feat")
    repo.rebase(backend, "main", ok=False)
    repo.change("two")
    repo.hooked(*(() if backend == "--merge" else ("-m", "Two, resolved")))
    repo.run("rebase", "--continue" if backend == "--merge" else "--skip")
    assert len(subjects(repo)) == 3
    repo.work("Four")
    assert repo.replies() == {"total": 5, "carried": 5}


@BACKENDS
def test_a_conflict_that_is_skipped(repo: Hooked, backend: str) -> None:
    feature(repo)
    repo.switch("main")
    repo.work("Clash", "two")
    repo.switch("feat")
    repo.rebase(backend, "main", ok=False)
    repo.run("rebase", "--skip")
    assert repo.replies() == {"total": 4, "carried": 3, "pending": 1}
    repo.work("Four")
    assert repo.replies() == {"total": 5, "carried": 5}


@BACKENDS
def test_a_conflict_that_is_given_up(repo: Hooked, backend: str) -> None:
    feature(repo)
    repo.switch("main")
    repo.work("Clash", "two")
    repo.switch("feat")
    before = repo.id()
    repo.rebase(backend, "main", ok=False)
    repo.spend()
    assert repo.replies() == {"total": 5, "carried": 4, "pending": 1}
    repo.run("rebase", "--abort")
    assert repo.id() == before
    assert repo.replies() == {"total": 5, "carried": 4, "pending": 1}
    repo.work("Four")
    assert repo.replies() == {"total": 6, "carried": 6}


def test_a_squash_that_is_given_up_after_it_was_made(repo: Hooked) -> None:
    feature(repo)
    repo.rebase("-i", "HEAD~3", todo="2s/^pick/fixup/;3s/.*/break/")
    assert len(repo.lines()) == 2
    assert repo.replies() == {"total": 3, "carried": 3}
    repo.run("rebase", "--abort")
    assert repo.replies() == {"total": 3, "carried": 3}


@pytest.mark.slow
@BACKENDS
def test_a_rebase_that_is_killed_and_goes_on(repo: Hooked, backend: str) -> None:
    feature(repo)
    stop = repo.common_dir / "hooks/post-commit.before-tokcost"
    if backend == "--merge":
        repo.rebase("--exec", "kill -9 $PPID; sleep 1", "main", ok=False)
    else:
        stop = repo.common_dir / "hooks/applypatch-msg"
        stop.write_text('#!/bin/sh\nif grep -q ^Two "$1"; then kill -9 $PPID; sleep 1; fi\n')
        stop.chmod(0o755)
        repo.rebase(backend, "main", ok=False)
        stop.unlink()
    for lock in repo.git_dir.glob("*.lock"):
        lock.unlink()
    repo.log()
    if backend == "--merge":
        repo.git("rebase", "--edit-todo", GIT_SEQUENCE_EDITOR="sed -i /^exec/d")
        repo.run("rebase", "--continue")
    else:
        repo.run("rebase", "--abort")
    assert subjects(repo) == ["One", "Two", "Three"]
    assert repo.replies() == {"total": 3, "carried": 3}


def test_a_rebase_that_keeps_merges(repo: Hooked) -> None:
    feature(repo)
    repo.switch("-c", "side", "HEAD~1")
    repo.work("Side", "side")
    repo.switch("feat")
    repo.spend()
    repo.now += 1
    repo.run("merge", "-q", "--no-ff", "--no-edit", "side")
    assert repo.replies() == {"total": 5, "carried": 5}
    repo.rebase("--rebase-merges", "main")
    assert len(repo.git("log", "--merges", "--format=%h").split()) == 1
    assert repo.replies() == {"total": 5, "carried": 5}


def test_a_rebase_of_everything(repo: Hooked) -> None:
    feature(repo)
    repo.rebase("-i", "--root", todo="2s/^pick/fixup/")
    repo.git("branch", "-q", "-D", "main")
    assert repo.replies() == {"total": 3, "carried": 3}


def test_a_rebase_with_changes_put_aside(repo: Hooked) -> None:
    feature(repo)
    repo.spend()
    repo.change("one")
    repo.rebase("--autostash", "main")
    repo.hooked("-a", "-m", "Four")
    assert repo.replies() == {"total": 4, "carried": 4}


def test_a_branch_is_rebased_from_another_one(repo: Hooked) -> None:
    feature(repo)
    repo.switch("main")
    repo.spend()
    repo.rebase("main", "feat")
    repo.spend()
    repo.change()
    repo.hooked("-m", "Four")
    assert [line.tokens for line in repo.lines()] == [REPLY]
    assert repo.replies() == {"total": 5, "carried": 4, "pending": 1}


def test_stacked_branches_rebased_together(repo: Hooked) -> None:
    feature(repo)
    repo.git("branch", "lower", "HEAD~1")
    repo.rebase("--update-refs", "main")
    assert repo.replies() == {"total": 3, "carried": 3}
    assert len(repo.lines("lower")) == 1


@pytest.mark.few
@pytest.mark.parametrize("cleanup", ["verbatim", "whitespace", "scissors", "default"])
def test_a_squash_of_a_message_with_a_cut_line_in_it_has_each_line_once(repo: Hooked, cleanup: str) -> None:
    repo.git("config", "commit.cleanup", cleanup)
    repo.git("config", "commit.status", "false")
    repo.spend()
    repo.change("one")
    repo.hooked("-m", "One\n\nBody\n# ------------------------ >8 ------------------------\nMore")
    repo.work("Two", "two")
    repo.rebase("-i", "HEAD~2", todo="2s/^pick/squash/", env={"GIT_EDITOR": "true"})
    assert repo.message().count("AI-Cost: ") == 2
    assert repo.replies() == {"total": 2, "carried": 2}
