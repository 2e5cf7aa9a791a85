"""Amending commits with our hooks: one line that is raised, and nothing lost by what is thrown away."""

from pathlib import Path

import pytest

from support.hooked import REPLY, Hooked, everywhere
from tokcost.model.trailer import Line, format_line

QUIET = 'sed -i "/^AI-/d;/^  cache/d" "$1"'
"""Takes our lines out, in an editor."""


def amend(repo: Hooked, *args: str, **more: object) -> None:
    repo.now += 1
    repo.hooked("--amend", *(args or ("--no-edit",)), **more)  # type: ignore[arg-type]


def test_an_amend_keeps_the_line(repo: Hooked) -> None:
    repo.work("One")
    before = repo.message()
    amend(repo)
    assert repo.message() == before
    assert repo.replies() == {"total": 1, "carried": 1}


def test_an_amend_without_new_spend_leaves_the_line_where_its_author_put_it(repo: Hooked) -> None:
    repo.work("One")
    text = f"{repo.message()}\n\nWhy it was done."
    for _ in range(2):
        amend(repo, "-m", text)
        assert repo.message() == text
    assert repo.replies() == {"total": 1, "carried": 1}


@pytest.mark.few
@everywhere
def test_an_amend_with_new_spend_raises_the_line(repo: Hooked) -> None:
    repo.work("One")
    (first,) = repo.lines()
    repo.spend()
    repo.change()
    amend(repo)
    (raised,) = repo.lines()
    assert (raised.id, raised.version, raised.tokens) == (first.id, 2, 2 * REPLY)
    assert repo.message() == f"One\n\n{format_line(raised)}"
    assert repo.replies() == {"total": 2, "carried": 2}


@pytest.mark.parametrize("how", [("-C", "HEAD"), ("--reset-author",), ("-a",)])
def test_an_amend_of_any_kind_raises_the_line(repo: Hooked, how: tuple[str, ...]) -> None:
    repo.work("One")
    repo.spend()
    repo.now += 1
    repo.hooked("--amend", *how, env=repo.editor('sed -i "1s/.*/& again/" "$1"'))
    (raised,) = repo.lines()
    assert (raised.version, raised.tokens) == (2, 2 * REPLY)
    assert repo.replies() == {"total": 2, "carried": 2}


@pytest.mark.slow
def test_ten_amends_in_a_row_leave_one_line(repo: Hooked) -> None:
    repo.work("One")
    for _ in range(10):
        repo.spend()
        amend(repo)
    (line,) = repo.lines()
    assert (line.version, line.tokens) == (11, 11 * REPLY)
    assert repo.replies() == {"total": 11, "carried": 11}


def test_coarse_amends_never_go_down(tmp_path: Path) -> None:
    repo = Hooked(tmp_path, precision="coarse", forks=True)
    repo.work("One")
    spent = REPLY + 3 * (REPLY - 1000 + 17)
    before: Line | None = None
    for _ in range(3):
        repo.spend(output=17)
        amend(repo)
        (line,) = repo.lines()
        assert line.cost is not None
        assert before is None or (line.cost, line.tokens) >= (before.cost, before.tokens)
        before = line
    assert repo.balance() == {"total": spent, "carried": spent}


@everywhere
def test_a_new_message_drops_the_line_and_the_next_commit_writes_it_again(repo: Hooked) -> None:
    repo.work("One")
    (lost,) = repo.lines()
    amend(repo, "-m", "Another")
    assert repo.message() == "Another"
    assert repo.replies() == {"total": 1, "pending": 1}
    repo.work("Two")
    assert [line.tokens for line in repo.lines()] == [REPLY, REPLY]
    assert lost in repo.lines()
    assert repo.replies() == {"total": 2, "carried": 2}


def test_a_new_message_and_new_spend_lose_nothing(repo: Hooked) -> None:
    repo.work("One")
    repo.spend()
    amend(repo, "-m", "Another")
    assert repo.replies() == {"total": 2, "carried": 1, "pending": 1}
    repo.work("Two")
    assert repo.replies() == {"total": 3, "carried": 3}


def test_a_line_that_was_lost_comes_back_on_an_amend(repo: Hooked) -> None:
    repo.work("One")
    amend(repo, "-m", "Another")
    amend(repo)
    assert len(repo.lines()) == 1
    assert repo.replies() == {"total": 1, "carried": 1}


def test_amending_a_pushed_commit_raises_what_others_have(repo: Hooked) -> None:
    repo.git("init", "-q", "--bare", "../remote.git")
    repo.git("remote", "add", "origin", "../remote.git")
    repo.work("One")
    repo.git("push", "-q", "origin", "main")
    repo.spend()
    amend(repo)
    assert [line.version for line in repo.lines("origin/main")] == [1]
    assert [line.version for line in repo.lines()] == [2]
    assert repo.replies() == {"total": 2, "carried": 2}


def test_an_amend_that_is_undone_leaves_the_rest_to_the_next_commit(repo: Hooked) -> None:
    repo.work("One")
    repo.spend()
    amend(repo)
    (raised,) = repo.lines()
    repo.git("reset", "-q", "--hard", "HEAD@{1}")
    assert repo.replies() == {"total": 2, "carried": 1, "pending": 1}
    repo.work("Two")
    assert raised in repo.lines()
    assert repo.replies() == {"total": 3, "carried": 3}


def test_an_amend_that_is_undone_and_done_again(repo: Hooked) -> None:
    repo.work("One")
    repo.spend()
    amend(repo)
    (raised,) = repo.lines()
    repo.git("reset", "-q", "--hard", "HEAD@{1}")
    amend(repo)
    assert repo.lines() == [raised]
    repo.spend()
    amend(repo)
    (third,) = repo.lines()
    assert (third.id, third.version, third.tokens) == (raised.id, 3, 3 * REPLY)
    assert repo.replies() == {"total": 3, "carried": 3}


def test_the_old_commit_on_a_backup_branch_changes_nothing(repo: Hooked) -> None:
    repo.work("One")
    repo.git("branch", "backup")
    repo.spend()
    amend(repo)
    assert repo.replies() == {"total": 2, "carried": 2}
    repo.git("switch", "-q", "backup")
    repo.work("Two")
    assert repo.replies() == {"total": 3, "carried": 3}


def test_two_amends_of_one_commit_on_two_branches(repo: Hooked) -> None:
    """Both raise the same claim; the version on either branch stays below the other's or contains it."""
    repo.work("One")
    repo.git("branch", "other")
    repo.spend()
    amend(repo)
    repo.git("switch", "-q", "other")
    repo.spend()
    amend(repo)
    assert repo.replies() == {"total": 3, "carried": 3}
    repo.git("branch", "-q", "-D", "main")
    assert repo.replies() == {"total": 3, "carried": 3}


def test_somebody_elses_commit_gets_a_line_of_its_own(repo: Hooked) -> None:
    theirs = Line("9x9x9x9x9x9x", 1, 30_000_000, False, 5000, ("claude-opus-4-5",), 0, True, None)
    repo.others.add(theirs.id)
    repo.plumb(f"Theirs\n\n{format_line(theirs)}\n", "HEAD")
    repo.spend()
    repo.change()
    amend(repo)
    old, new = repo.lines()
    assert old == theirs
    assert (new.version, new.tokens) == (1, REPLY)
    assert repo.replies() == {"total": 1, "carried": 1}


def test_a_line_removed_while_amending_is_not_written_again(repo: Hooked) -> None:
    repo.work("One")
    repo.spend()
    repo.now += 1
    repo.hooked("--amend", env=repo.editor(QUIET))
    assert repo.message() == "One"
    assert repo.replies() == {"total": 2, "withheld": 2}
    repo.work("Two")
    assert repo.replies() == {"total": 3, "withheld": 2, "carried": 1}


def test_a_line_removed_without_new_spend_stays_away(repo: Hooked) -> None:
    """Whoever takes a line out of a commit that has it means it."""
    repo.work("One")
    repo.now += 1
    repo.hooked("--amend", env=repo.editor(QUIET))
    assert repo.replies() == {"total": 1, "withheld": 1}
    repo.work("Two")
    assert repo.replies() == {"total": 2, "withheld": 1, "carried": 1}


def test_switching_off_for_one_amend_publishes_no_more(repo: Hooked) -> None:
    repo.work("One")
    before = repo.lines()
    repo.spend()
    amend(repo, "--no-edit", env={"TOKCOST": "off"})
    assert repo.lines() == before
    assert repo.replies() == {"total": 2, "carried": 1, "withheld": 1}
    repo.work("Two")
    assert repo.replies() == {"total": 3, "carried": 2, "withheld": 1}


def test_an_amend_that_another_hook_refuses_loses_nothing(repo: Hooked) -> None:
    repo.work("One")
    repo.spend()
    refusing = repo.common_dir / "hooks/commit-msg.before-tokcost"
    refusing.write_text("#!/bin/sh\nexit 1\n")
    refusing.chmod(0o755)
    repo.now += 1
    repo.hooked("--amend", "--no-edit", ok=False)
    assert repo.replies() == {"total": 2, "carried": 1, "pending": 1}
    refusing.unlink()
    repo.spend()
    amend(repo)
    (line,) = repo.lines()
    assert (line.version, line.tokens) == (3, 3 * REPLY)
    assert repo.replies() == {"total": 3, "carried": 3}


@pytest.mark.few
@pytest.mark.parametrize("how", [("--fixup=HEAD~1",), ("--squash=HEAD~1", "-m", "More"), ("--fixup=amend:HEAD~1",)])
def test_a_fixup_is_melted_with_its_line(repo: Hooked, how: tuple[str, ...]) -> None:
    repo.work("One", "one")
    repo.work("Two", "two")
    repo.spend()
    repo.change("one")
    env = repo.editor('sed -i "s/^One$/First/" "$1"')
    repo.hooked(*how, env=env)
    assert repo.replies() == {"total": 3, "carried": 3}
    repo.rebase("-i", "--autosquash", "HEAD~3", env=env)
    assert [len(repo.lines(one)) for one in ("HEAD", "HEAD~1")] == [1, 2]
    assert repo.replies() == {"total": 3, "carried": 3}


def test_a_fixup_that_only_rewords_is_melted_with_its_line(repo: Hooked) -> None:
    repo.work("One", "one")
    repo.spend()
    env = repo.editor('sed -i "s/^One$/First/" "$1"')
    repo.hooked("--fixup=reword:HEAD", env=env)
    repo.rebase("-i", "--autosquash", "HEAD~2", env=env)
    assert repo.message().startswith("First\n")
    assert len(repo.lines()) == 2
    assert repo.replies() == {"total": 2, "carried": 2}


def test_several_fixups_of_one_commit(repo: Hooked) -> None:
    repo.work("One", "one")
    for _ in range(2):
        repo.spend()
        repo.change("one")
        repo.hooked("--fixup=HEAD")
    repo.rebase("-i", "--autosquash", "HEAD~3")
    assert len(repo.lines()) == 3
    assert repo.message().count("AI-Cost: ") == 3
    assert repo.replies() == {"total": 3, "carried": 3}


def test_coarse_lines_stay_true_over_rewrites(tmp_path: Path) -> None:
    """What rounding leaves over goes into later lines, also when earlier ones were dropped, melted and raised."""
    repo = Hooked(tmp_path, precision="coarse", forks=True)
    repo.work("Root", "root")
    for number in range(4):
        repo.work(f"Work {number}", f"file-{number}")
    repo.rebase("-i", "HEAD~4", todo="2s/^pick/fixup/;3d")
    repo.spend()
    repo.change("file-3")
    amend(repo)
    repo.work("Last")
    found = repo.balance()
    assert found == {"total": 7 * REPLY, "carried": 7 * REPLY}
    lines = repo.published().values()
    assert all(int(str(line.tokens).rstrip("0")) in (1, 2, 5) for line in lines)
    assert abs(sum(line.tokens for line in lines) - 7 * REPLY) <= 5_000


@pytest.mark.parametrize("precision", ["coarse", "exact"])
def test_an_amend_in_another_precision_adds_a_line(repo: Hooked, precision: str) -> None:
    """What was exact stays exact, and a coarse amount that must not be less than an exact one could be too high."""
    repo.git("config", "tokcost.precision", "coarse" if precision == "exact" else "exact")
    repo.work("One")
    (first,) = repo.lines()
    repo.git("config", "tokcost.precision", precision)
    repo.spend()
    amend(repo)
    before, line = repo.lines()
    assert before == first
    assert (line.exact, line.version, line.tokens) == (
        (True, 1, REPLY) if precision == "exact" else (False, 1, pytest.approx(REPLY, rel=0.5))
    )
    repo.spend()
    amend(repo)
    before, line = repo.lines()
    assert before == first
    assert (line.exact, line.version) == (precision == "exact", 2)
    assert repo.balance() == {"total": 3 * REPLY, "carried": 3 * REPLY}
    repo.git("config", "tokcost.precision", "coarse" if precision == "exact" else "exact")
    repo.spend()
    amend(repo)
    assert sorted(line.version for line in repo.lines()) == [2, 2]
    assert repo.balance() == {"total": 4 * REPLY, "carried": 4 * REPLY}


@pytest.mark.parametrize("spends", [True, False])
def test_an_exact_line_of_a_commit_that_was_refused_is_published_coarse_where_that_is_asked_for(
    repo: Hooked, spends: bool
) -> None:
    """Nobody has seen it: what the developer, or the project, wants now holds."""
    repo.spend()
    repo.change()
    refusing = repo.common_dir / "hooks/commit-msg.before-tokcost"
    refusing.write_text("#!/bin/sh\nexit 1\n")
    refusing.chmod(0o755)
    assert not repo.attempt("commit", "-q", "-m", "Refused")
    refusing.unlink()
    repo.git("config", "tokcost.precision", "coarse")
    if spends:
        repo.spend()
    repo.change()
    repo.hooked("-m", "One")
    (line,) = repo.lines()
    assert (line.exact, line.version) == (False, 2)
    spent = (1 + spends) * REPLY
    assert repo.balance() == {"total": spent, "carried": spent}
