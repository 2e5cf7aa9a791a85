"""Merges with our hooks, and what forges write when they squash: every line of the sources stays, once."""

import pytest

from support.hooked import NO_HOOKS, REPLY, Hooked, everywhere

QUIET = 'sed -i "/^AI-/d;/^  cache/d" "$1"'


def feature(repo: Hooked, branch: str = "feat", commits: int = 2) -> None:
    """A branch with some commits of one reply each; HEAD is back where it was."""
    before = repo.git("symbolic-ref", "--short", "HEAD")
    repo.switch("-c", branch)
    for number in range(commits):
        repo.work(f"{branch} {number}", f"{branch}-{number}")
    repo.switch(before)
    repo.now += 1


def merge(repo: Hooked, *args: str, **more: object) -> str:
    repo.now += 1
    return repo.run("merge", "-q", *args, **more)  # type: ignore[arg-type]


def test_a_fast_forward_makes_no_commit_and_no_line(repo: Hooked) -> None:
    feature(repo)
    repo.spend()
    merge(repo, "--ff-only", "feat")
    assert repo.replies() == {"total": 3, "carried": 2, "pending": 1}
    repo.work("More")
    assert repo.replies() == {"total": 4, "carried": 4}


@everywhere
def test_a_merge_commit_carries_what_was_spent_on_the_target(repo: Hooked) -> None:
    feature(repo)
    repo.spend()
    merge(repo, "--no-ff", "--no-edit", "feat")
    assert [line.tokens for line in repo.lines()] == [REPLY]
    assert repo.replies() == {"total": 3, "carried": 3}


@pytest.mark.parametrize("args", [("-m", "Merge it"), ("--edit", "--log", "--signoff")])
def test_a_merge_commit_with_any_message(repo: Hooked, args: tuple[str, ...]) -> None:
    feature(repo)
    repo.spend()
    merge(repo, "--no-ff", *args, "feat")
    assert len(repo.lines()) == 1
    assert repo.replies() == {"total": 3, "carried": 3}


def test_a_line_removed_from_a_merge_commit_stays_away(repo: Hooked) -> None:
    feature(repo)
    repo.spend()
    merge(repo, "--no-ff", "--edit", "feat", env=repo.editor(QUIET))
    assert repo.lines() == []
    assert repo.replies() == {"total": 3, "carried": 2, "withheld": 1}
    repo.work("More")
    assert repo.replies() == {"total": 4, "carried": 3, "withheld": 1}


def test_a_merge_whose_message_is_emptied_makes_no_commit(repo: Hooked) -> None:
    feature(repo)
    repo.spend()
    merge(repo, "--no-ff", "--edit", "feat", env=repo.editor(': > "$1"'), ok=False)
    assert repo.replies() == {"total": 3, "carried": 2, "pending": 1}
    repo.hooked("--no-edit")
    assert len(repo.lines()) == 1
    assert repo.replies() == {"total": 3, "carried": 3}


def test_a_merge_that_waits_for_its_commit(repo: Hooked) -> None:
    feature(repo)
    merge(repo, "--no-ff", "--no-commit", "feat")
    repo.spend()
    repo.hooked("--no-edit")
    assert len(repo.git("log", "-1", "--format=%P").split()) == 2
    assert repo.replies() == {"total": 3, "carried": 3}


def test_a_merge_with_a_conflict(repo: Hooked) -> None:
    feature(repo)
    repo.work("Clash", "feat-0")
    merge(repo, "feat", ok=False)
    repo.spend()
    repo.change("feat-0")
    repo.hooked("--no-edit")
    assert [line.tokens for line in repo.lines()] == [REPLY]
    assert repo.replies() == {"total": 4, "carried": 4}


def test_a_merge_that_is_given_up(repo: Hooked) -> None:
    feature(repo)
    repo.work("Clash", "feat-0")
    merge(repo, "feat", ok=False)
    repo.spend()
    repo.run("merge", "--abort")
    repo.work("More")
    assert repo.replies() == {"total": 5, "carried": 5}


def test_a_merge_of_three_branches(repo: Hooked) -> None:
    feature(repo, "a", 1)
    feature(repo, "b", 1)
    repo.spend()
    merge(repo, "--no-edit", "a", "b")
    assert len(repo.lines()) == 1
    assert repo.replies() == {"total": 3, "carried": 3}


def test_a_merge_commit_that_is_amended(repo: Hooked) -> None:
    feature(repo)
    repo.spend()
    merge(repo, "--no-ff", "--no-edit", "feat")
    repo.spend()
    repo.hooked("--amend", "--no-edit")
    assert [(line.version, line.tokens) for line in repo.lines()] == [(2, 2 * REPLY)]
    assert repo.replies() == {"total": 4, "carried": 4}


@everywhere
def test_a_squash_lifts_every_line(repo: Hooked) -> None:
    feature(repo)
    merge(repo, "--squash", "feat")
    repo.spend()
    repo.hooked("--no-edit")
    assert len(repo.lines()) == 3
    assert "    AI-Cost" not in repo.message()
    assert repo.message().rpartition("\n\n")[2].count("AI-Cost: ") == 3
    assert repo.replies() == {"total": 3, "carried": 3}
    repo.git("branch", "-q", "-D", "feat")
    assert repo.replies() == {"total": 3, "carried": 3}


def test_a_squash_in_the_editor(repo: Hooked) -> None:
    feature(repo)
    merge(repo, "--squash", "feat")
    repo.hooked(env=repo.editor('sed -i "1s/.*/All of it/" "$1"'))
    repo.git("branch", "-q", "-D", "feat")
    assert len(repo.lines()) == 2
    assert repo.replies() == {"total": 2, "carried": 2}


def test_a_squash_with_a_message_of_its_own(repo: Hooked) -> None:
    feature(repo)
    merge(repo, "--squash", "feat")
    repo.spend()
    repo.hooked("-m", "All of it")
    repo.git("branch", "-q", "-D", "feat")
    assert len(repo.lines()) == 3
    assert repo.replies() == {"total": 3, "carried": 3}


def test_a_squash_that_is_amended_into_the_commit_before_keeps_every_line(repo: Hooked) -> None:
    feature(repo)
    repo.work("On main", "main")
    merge(repo, "--squash", "feat")
    repo.hooked("--amend", "--no-edit")
    assert len(repo.lines()) == 3
    repo.git("branch", "-q", "-D", "feat")
    assert repo.replies() == {"total": 3, "carried": 3}


def test_a_squash_that_is_never_committed(repo: Hooked) -> None:
    feature(repo)
    merge(repo, "--squash", "feat")
    repo.git("reset", "-q", "--hard")
    repo.work("Something else")
    assert len(repo.lines()) == 1
    assert repo.replies() == {"total": 3, "carried": 3}


def test_a_branch_that_is_squashed_twice_counts_once(repo: Hooked) -> None:
    feature(repo)
    merge(repo, "--squash", "feat")
    repo.hooked("--no-edit")
    repo.switch("feat")
    repo.work("More", "feat-2")
    repo.switch("main")
    merge(repo, "--squash", "feat", ok=True)
    repo.hooked("--no-edit")
    assert len(repo.lines()) == 3
    repo.git("branch", "-q", "-D", "feat")
    assert repo.replies() == {"total": 3, "carried": 3}


def test_a_squash_of_a_branch_that_was_amended_takes_the_highest_version(repo: Hooked) -> None:
    feature(repo, commits=1)
    merge(repo, "--squash", "feat")
    repo.hooked("--no-edit")
    repo.switch("feat")
    repo.spend()
    repo.change("feat-0")
    repo.hooked("--amend", "--no-edit")
    repo.switch("main")
    merge(repo, "--squash", "feat", ok=False)
    repo.git("checkout", "-q", "--theirs", ".")
    repo.change("feat-0")
    repo.hooked("--no-edit")
    repo.git("branch", "-q", "-D", "feat")
    assert [line.version for line in repo.lines()] == [2]
    assert repo.replies() == {"total": 2, "carried": 2}


def test_squashed_lines_that_are_removed_come_back_on_their_branch(repo: Hooked) -> None:
    """They were never proposed for the squash: nobody said that they are to be kept back."""
    feature(repo)
    merge(repo, "--squash", "feat")
    repo.hooked(env=repo.editor('echo All > "$1"'))
    assert repo.replies() == {"total": 2, "carried": 2}
    repo.git("branch", "-q", "-D", "feat")
    assert repo.replies() == {"total": 2, "pending": 2}


@pytest.mark.parametrize("moved", ["committed", "switched"])
def test_a_commit_that_never_happened_is_not_settled_by_a_squash(repo: Hooked, moved: str) -> None:
    """`git merge --squash` runs post-merge and makes no commit: HEAD is somebody else's work."""
    feature(repo, commits=1)
    repo.git("branch", "other", "feat~1")
    repo.plumb("By a tool", "main", ref="refs/heads/other")
    repo.spend()
    repo.change()
    repo.hooked(ok=False, env=repo.editor(': > "$1"'))
    if moved == "committed":
        repo.git(*NO_HOOKS, "commit", "-q", "-m", "By a tool")
    else:
        repo.git("reset", "-q", "--hard")
        repo.switch("other")
    merge(repo, "--squash", "feat")
    assert repo.replies() == {"total": 2, "carried": 1, "pending": 1}


def bullets(messages: list[str]) -> str:
    return "Add it (#7)\n\n" + "\n\n".join(f"* {message}" for message in messages)


def bulleted_and_indented(messages: list[str]) -> str:
    return "Add it\n\n" + "\n\n".join("- " + message.replace("\n", "\n  ") for message in messages)


def indented(messages: list[str]) -> str:
    return "Squashed commit of the following:\n\n    " + "\n\n".join(messages).replace("\n", "\n    ")


def quoted(messages: list[str]) -> str:
    return "Add it\n\n> " + "\n\n".join(messages).replace("\n", "\n> ")


def in_the_middle(messages: list[str]) -> str:
    return "Add it\n\n" + "\n\n".join(messages) + "\n\nAnd a last word.\n\nSee merge request group/project!7\n"


def wrapped(messages: list[str]) -> str:
    return "Add it\n\n" + "\n\n".join(messages).replace("; claude", ";\n claude") + "\n"


def with_other_line_ends(messages: list[str]) -> str:
    return "Add it\r\n\r\n" + "\n\n".join(messages).replace("\n", "\r\n") + "\r\n"


FORGES = [bullets, bulleted_and_indented, indented, quoted, in_the_middle, wrapped, with_other_line_ends]


def test_what_a_forge_makes_of_messages_still_carries(repo: Hooked) -> None:
    feature(repo)
    messages = [repo.message("feat~1"), repo.message("feat")]
    begin, tree = repo.id("main"), repo.id("feat^{tree}")
    repo.git("branch", "-q", "-D", "feat")
    for form in FORGES:
        repo.plumb(form(messages), begin, tree=tree, ref="refs/heads/main")
        assert [line.tokens for line in repo.lines()] == [REPLY, REPLY], form
        assert repo.replies() == {"total": 2, "carried": 2}, form
        repo.git("update-ref", "refs/heads/main", begin)
        assert repo.replies() == {"total": 2, "pending": 2}, form


def test_a_forge_that_keeps_only_the_title_leaves_the_lines_to_the_branch(repo: Hooked) -> None:
    feature(repo)
    repo.plumb("Add it (#7)", "main", tree="feat^{tree}", ref="refs/heads/main")
    assert repo.replies() == {"total": 2, "carried": 2}
    repo.git("branch", "-q", "-D", "feat")
    assert repo.replies() == {"total": 2, "pending": 2}


def test_an_amend_of_a_squash_by_a_forge_raises_one_claim(repo: Hooked) -> None:
    feature(repo)
    message = bullets([repo.message("feat~1"), repo.message("feat")])
    repo.plumb(message, "main", tree="feat^{tree}", ref="refs/heads/main")
    repo.git("reset", "-q", "--hard")
    repo.git("branch", "-q", "-D", "feat")
    repo.spend()
    repo.hooked("--amend", "--no-edit")
    assert repo.message().count("AI-Cost: ") in (2, 3)
    assert repo.replies() == {"total": 3, "carried": 3}
