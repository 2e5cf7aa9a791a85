"""The rules that turn a reflog into a branch, on histories written by hand: what one file of git cannot easily be made
to say in a test (old spellings, odd dates, one second) and what must hold of any history."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokcost.model.history import NULL_ID, Creation, HeadHistory, ReflogEntry, Rename
from tokcost.model.place import UNKNOWN, BranchPlace, Observation
from tokcost.placement.branch import (
    observed_at,
    place,
    stretches_of_last_move,
)
from tokcost.placement.moves import steady_seconds
from tokcost.placement.reason import reason_at
from tokcost.placement.timeline import build_timeline, unsettled_since

ONE, TWO, THREE = "1" * 40, "2" * 40, "3" * 40


def history(*told: tuple[int, str], head: str | None = "main", **more: object) -> HeadHistory:
    """A reflog that begins with the first commit; checkouts leave HEAD's id alone, all else changes it."""
    entries = [ReflogEntry(0, NULL_ID, ONE, "commit (initial): first")]
    for second, message in told:
        new = entries[-1].new if message.startswith("checkout") else f"{len(entries):040x}"
        entries.append(ReflogEntry(second, entries[-1].new, new, message))
    empty = HeadHistory(entries, head, {}, [])
    return empty._replace(**more)  # pyright: ignore[reportArgumentType]


def moved(before: str, after: str) -> str:
    return f"checkout: moving from {before} to {after}"


def at(past: HeadHistory, seconds: float, hint: str = "", *, hint_stale: bool = False) -> BranchPlace:
    return place(build_timeline(past), int(seconds * 1000), hint, hint_stale=hint_stale)


def on(branch: str) -> BranchPlace:
    return BranchPlace(branch, "reflog")


def carried(branch: str) -> BranchPlace:
    return BranchPlace(branch, "carried")


def test_a_stale_hint_does_not_order_a_second_for_it_was_taken_before_all_that_happened_in_it() -> None:
    """Claude Code in print mode stamps a whole run with the branch it started on, feat/b; in the run the agent itself
    switches to main. Where HEAD came to rest is right there; the hint would be wrong."""
    past = history((37, moved("main", "feat/a")), (37, moved("feat/a", "feat/b")), (39, moved("feat/b", "main")))
    assert at(past, 39.1, "feat/b", hint_stale=True) == on("main")
    assert at(past, 37.7, "feat/a") == on("feat/a")
    assert at(past, 38.4, "feat/b") == on("feat/b")


def test_a_session_that_keeps_its_first_branch_for_ever_is_believed_only_in_its_first_second() -> None:
    """Codex writes the branch once, in second 38, and never again; later turns of that session say feat/a still."""
    past = history((38, moved("main", "feat/a")), (38, moved("feat/a", "feat/b")), (39, moved("feat/b", "main")))
    assert at(past, 38.5, "feat/a") == on("feat/a")
    assert at(past, 38.9, "feat/a", hint_stale=True) == on("feat/b")
    assert at(past, 39.2, "feat/a", hint_stale=True) == on("main")


def test_a_hint_outside_the_candidates_of_its_second_is_not_believed() -> None:
    assert at(history((10, moved("main", "x")), head="x"), 10.5, "y") == on("x")


def test_what_was_before_a_move_of_its_second_is_where_head_was_then() -> None:
    past = history((37, moved("main", "feat/a")), (39, moved("feat/a", "main")))
    before = place(build_timeline(past), 39_500, moves_head=True)
    assert [before, at(past, 39.5)] == [on("feat/a"), on("main")]
    assert place(build_timeline(past), 39_500, "main", moves_head=True) == on("feat/a")


def test_of_several_moves_in_a_second_a_fresh_hint_tells_which_came_after() -> None:
    past = history((39, moved("main", "feat/a")), (39, moved("feat/a", "feat/b")), head="feat/b")
    found = [place(build_timeline(past), 39_500, hint, moves_head=True) for hint in ("feat/a", "main", "", "feat/b")]
    assert found == [on("feat/a"), on("main"), on("main"), on("main")]


def test_with_a_stale_hint_only_the_last_move_of_a_second_came_after() -> None:
    """The user switched to feat/a and asked; the assistant then switched to feat/b, all within one second."""
    past = history((39, moved("main", "feat/a")), (39, moved("feat/a", "feat/b")), head="feat/b")
    assert place(build_timeline(past), 39_500, "main", hint_stale=True, moves_head=True) == on("feat/a")


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("rebase (start): checkout main", "rebase (finish): returning to refs/heads/x"),
        ("rebase (start): checkout main", "rebase (abort): returning to refs/heads/x"),
        ("rebase -i (start): checkout main", "rebase -i (finish): returning to refs/heads/x"),
        ("rebase: checkout main", "rebase finished: returning to refs/heads/x"),
        (f"pull --rebase (start): checkout {TWO}", "pull --rebase (finish): returning to refs/heads/x"),
        (f"pull -r ../up a:b (start): checkout {TWO}", "pull -r ../up a:b (finish): returning to refs/heads/x"),
    ],
)
def test_every_spelling_of_a_rebase_is_work_on_the_branch_being_rebased(start: str, end: str) -> None:
    past = history((10, moved("main", "x")), (20, start), (25, "rebase (pick): two"), (30, end), head="x")
    assert [at(past, s) for s in (5, 15, 22, 27, 35)] == [on("main"), *[on("x")] * 4]


def test_an_abort_of_an_old_git_says_nothing_of_the_branch_but_the_next_move_does() -> None:
    told = ((10, moved("main", "x")), (20, "rebase (start): checkout main"), (30, "rebase (abort): updating HEAD"))
    past = history(*told, (40, moved("x", "main")))
    assert [at(past, s) for s in (15, 25, 35, 45)] == [on("x"), on("x"), on("x"), on("main")]


def test_a_rebase_that_was_quit_leaves_head_on_no_branch() -> None:
    past = history((10, moved("main", "x")), (20, "rebase (start): checkout main"), (40, moved(TWO, "x")))
    past = past._replace(head="x")
    assert [at(past, s) for s in (15, 25, 45)] == [on("x"), UNKNOWN, on("x")]


def test_a_rebase_of_no_branch_is_on_no_branch() -> None:
    told = ((10, moved("main", "HEAD")), (20, "rebase (start): checkout HEAD~2"), (25, "rebase (pick): two"))
    past = history(*told, (40, moved(TWO, "main")))
    assert [at(past, s) for s in (5, 15, 22, 30, 45)] == [on("main"), UNKNOWN, UNKNOWN, UNKNOWN, on("main")]


def test_a_commit_whose_subject_speaks_like_a_reflog_moves_nothing() -> None:
    subjects = ("returning to refs/heads/z", "rebase (finish): returning to refs/heads/z", moved("y", "z"))
    past = history((10, moved("main", "x")), *((20, f"commit: {subject}") for subject in subjects), head="x")
    assert [at(past, s) for s in (5, 15, 25)] == [on("main"), on("x"), on("x")]


def test_a_bisect_belongs_to_its_branch_while_it_runs_and_afterwards() -> None:
    running = ((10, moved("main", ONE)), (20, moved(ONE, TWO)), (30, moved(TWO, THREE)))
    assert [at(history(*running), s) for s in (5, 15, 25, 35)] == [on("main")] * 4
    ended = history(*running, (40, moved(THREE, "main")))
    assert [at(ended, s) for s in (5, 15, 25, 35, 45)] == [on("main")] * 5


def test_hops_between_commits_that_end_on_another_branch_are_no_bisect() -> None:
    past = history((10, moved("main", ONE)), (20, moved(ONE, TWO)), (40, moved(TWO, "x")), head="x")
    assert [at(past, s) for s in (15, 25)] == [UNKNOWN, UNKNOWN]


def test_a_look_at_one_old_commit_is_no_bisect_for_both_read_alike_and_we_do_not_guess() -> None:
    past = history((10, moved("main", ONE)), (40, moved(ONE, "main")))
    assert [at(past, s) for s in (5, 15, 45)] == [on("main"), UNKNOWN, on("main")]


def created(source: str, second: int = 100, name: str = "new") -> dict[str, Creation]:
    return {name: Creation(second, source)}


def test_a_commit_in_the_very_second_of_the_switch_is_the_new_branchs_and_holds_nothing_back() -> None:
    """`git switch -c new && git commit` in one tool call is how agents do it."""
    past = history((100, moved("main", "new")), (100, "commit: work"), head="new", creations=created("HEAD"))
    assert at(past, 50) == carried("new")


def test_only_the_stay_that_ended_with_the_new_branch_follows() -> None:
    told = ((10, moved("main", "x")), (20, moved("x", "main")), (100, moved("main", "new")))
    past = history(*told, head="new", creations=created("main"))
    assert [at(past, s) for s in (5, 15, 25)] == [on("main"), on("x"), carried("new")]


def test_a_fast_forward_is_no_commit_so_what_went_before_still_follows() -> None:
    told = ((20, "merge x: Fast-forward"), (30, "pull: Fast-forward"), (100, moved("main", "new")))
    assert at(history(*told, head="new", creations=created("HEAD")), 15) == carried("new")


@pytest.mark.parametrize("message", ["commit: a", "commit (amend): a", "merge x: Merge made by the 'ort' strategy."])
def test_what_was_before_a_commit_stays_where_it_was(message: str) -> None:
    past = history((20, message), (100, moved("main", "new")), head="new", creations=created("HEAD"))
    assert [at(past, s) for s in (15, 20.5, 25)] == [on("main"), on("main"), carried("new")]


def test_a_branch_that_starts_at_another_commit_takes_nothing_along() -> None:
    past = history((100, moved("main", "new")), head="new", creations=created("HEAD"))
    last = past.entries[-1]._replace(new=TWO)
    assert at(past._replace(entries=[*past.entries[:-1], last]), 50) == on("main")


def test_carrying_ends_where_the_chain_met_a_commit() -> None:
    told = ((100, moved("main", "b")), (150, "commit: b"), (200, moved("b", "c")))
    past = history(*told, head="c", creations=created("HEAD", 100, "b") | created("HEAD", 200, "c"))
    assert [at(past, s) for s in (50, 120, 160)] == [carried("b"), on("b"), carried("c")]


def test_what_the_first_commit_took_in_is_not_carried_to_a_branch_created_behind_it() -> None:
    past = history((60, moved("main", "feat")), head="feat", creations={"feat": Creation(60, "HEAD")})
    past = past._replace(entries=[past.entries[0]._replace(second=50), *past.entries[1:]])
    assert [at(past, second) for second in (40, 50, 55, 70)] == [on("main"), on("main"), carried("feat"), on("feat")]


def test_branches_that_replace_each_other_within_a_second_are_walked_once() -> None:
    told = ((100, moved("main", "b")), (100, moved("b", "main")), (100, moved("main", "b")))
    past = history(*told, head="b", creations=created("HEAD", 100, "b") | created("HEAD", 100, "main"))
    assert at(past, 50) == carried("b")


def test_work_follows_through_a_rename_to_the_branch_created_afterwards() -> None:
    told = ((50, "Branch: renamed refs/heads/main to refs/heads/trunk"), (100, moved("trunk", "new")))
    past = history(*told, head="new", creations=created("HEAD"), renames=[Rename(50, "main", "trunk")])
    assert at(past, 20) == carried("new")
    assert at(past._replace(creations={}), 20) == on("trunk")


def test_two_branches_that_swapped_their_names_keep_their_own_past() -> None:
    renames = [Rename(50, "main", "tmp"), Rename(51, "dev", "main"), Rename(52, "tmp", "dev")]
    past = history((10, moved("main", "dev")), (20, moved("dev", "main")), head="dev", renames=renames)
    assert [at(past, s) for s in (5, 15, 25)] == [on("dev"), on("main"), on("dev")]


_names = st.sampled_from(["a", "b", "c", "d"])


@given(st.lists(st.tuples(st.integers(1, 9), _names, _names), max_size=12), _names, st.integers(0, 10))
def test_a_name_goes_through_all_renames_from_a_moment_on(
    done: list[tuple[int, str, str]], name: str, second: int
) -> None:
    timeline = build_timeline(history(renames=[Rename(*one) for one in done]))
    present = name
    for when, before, after in sorted(done, key=lambda one: one[0]):
        present = after if when >= second and before == present else present
    assert timeline.present_name(name, second) == present


def test_twenty_thousand_renames_are_gone_through_once() -> None:
    """A clone that somebody packed brings its reflogs along."""
    many = range(20_000)
    past = history(
        *((number, f"Branch: renamed refs/heads/b{number} to refs/heads/b{number + 1}") for number in many),
        head="b20000",
        renames=[Rename(number, f"b{number}", f"b{number + 1}") for number in many],
    )
    begun = time.process_time()
    timeline = build_timeline(past)
    assert [timeline.present_name("b7", number) for number in (7, 8)] == ["b20000", "b7"]
    assert time.process_time() - begun < 2


def test_a_hint_means_the_branch_that_had_that_name_then() -> None:
    past = history((40, moved("main", "a")), head="a", renames=[Rename(20, "a", "old")])
    assert at(past, 40.5, "a") == on("a")
    nothing = HeadHistory([], None, {}, past.renames, problem="no reflog")
    assert [at(nothing, s, "a").branch for s in (10, 30)] == ["old", "a"]


def test_entries_dated_by_hand_do_not_shift_those_around_them() -> None:
    """`GIT_COMMITTER_DATE` ends up in the reflog: one commit dated last year, one switch dated next century."""
    told = ((60, "commit: b"), (100, moved("main", "a")), (3, "commit: backdated"), (200, moved("a", "main")))
    later = ((9_000_000, moved("main", "b")), (300, moved("b", "main")))
    past = history(*told, *later)
    assert [at(past, s) for s in (50, 150, 250, 350)] == [on("main"), on("a"), on("b"), on("main")]


def test_an_empty_reflog_says_nothing_not_even_that_head_was_always_here() -> None:
    assert at(HeadHistory([], "main", {}, []), 5) == UNKNOWN
    assert at(HeadHistory([], "main", {}, []), 5, "x") == BranchPlace("x", "transcript")


def test_a_worktree_may_be_in_use_a_moment_before_its_first_entry_and_no_longer() -> None:
    past = HeadHistory([ReflogEntry(100, NULL_ID, ONE, "")], "wt", {}, [])
    assert [at(past, s) for s in (50, 97, 100.5)] == [UNKNOWN, on("wt"), on("wt")]


def test_after_a_commit_nothing_older_can_still_move_unless_a_branch_is_renamed() -> None:
    past = history((20, "commit: a"), (40, "commit: b"), (60, "reset: moving to HEAD"))
    assert unsettled_since(build_timeline(past), 60) == 40
    assert unsettled_since(build_timeline(past._replace(renames=[Rename(70, "x", "y")])), 60) == 0


@given(st.lists(st.integers(0, 50), min_size=1))
def test_steady_seconds_never_fall_and_leave_a_rising_clock_alone(seconds: list[int]) -> None:
    def steady(given_seconds: list[int]) -> list[int]:
        return steady_seconds([ReflogEntry(second, ONE, ONE, "") for second in given_seconds])

    found = steady(seconds)
    assert found == sorted(found)
    assert steady(sorted(seconds)) == sorted(seconds)
    assert set(found) <= set(seconds)


MESSAGES = st.one_of(
    st.builds(moved, *[st.sampled_from(["main", "a", "b", ONE, TWO, "HEAD", "v1.0"])] * 2),
    st.builds("rebase ({}): returning to refs/heads/{}".format, st.sampled_from(["finish", "abort"]), st.just("a")),
    st.sampled_from(["rebase (start): checkout main", "commit: x", "reset: moving to HEAD", "checkout: moving from "]),
    st.text(),
)


@given(st.lists(st.tuples(st.integers(0, 30), MESSAGES)), st.sampled_from(["main", "a", None]), st.integers(-5, 40))
def test_whatever_a_reflog_says_the_answer_is_a_branch_that_it_names(
    told: list[tuple[int, str]], head: str | None, second: int
) -> None:
    creations = created("HEAD", 10, "a") | created("HEAD", 10, "b")
    found = at(history(*told, head=head, creations=creations), second)
    named = {head, *(word for _, text in told for word in re.split(r" |refs/heads/", text))}
    assert found.branch in named | {None}
    assert (found.branch is None) == (found.evidence == "none")


def seen(*stretches: tuple[int, int, str]) -> list[Observation]:
    return [Observation(*one) for one in stretches]


def always(branch: str) -> list[Observation]:
    return seen((0, 10**12, branch))


def test_head_is_known_between_two_looks_that_agree_and_not_outside() -> None:
    watched = seen((100, 200, "a"), (300, 400, "b"), (500, 500, ""))
    found = {time: observed_at(watched, time) for time in (99, 100, 150, 200, 250, 350, 401, 500)}
    assert found == {99: None, 100: "a", 150: "a", 200: "a", 250: None, 350: "b", 401: None, 500: None}


@pytest.mark.parametrize(
    "rewrites",
    [
        ((100, "Branch: renamed refs/heads/a to refs/heads/b"),),
        ((100, moved("b", "b")),),
        ((100, "rebase (start): checkout main"), (100, "rebase (finish): returning to refs/heads/b")),
    ],
)
def test_the_time_of_head_is_not_that_of_a_move_where_git_wrote_it_again_within_the_second(
    rewrites: tuple[tuple[int, str], ...],
) -> None:
    """HEAD was written at 100.9; what was spent at 100.5 came after the move nevertheless."""
    renames = [Rename(100, "a", "b")] if "renamed" in rewrites[0][1] else []
    past = history((100, moved("main", renames[0].before if renames else "b")), *rewrites, head="b", renames=renames)
    assert stretches_of_last_move(build_timeline(past), 100_900) == []
    assert place(build_timeline(past), 100_500, "a" if renames else "b") == on("b")


def test_the_time_of_head_orders_the_second_of_a_move_that_it_belongs_to() -> None:
    told = ((50, "Branch: renamed refs/heads/x to refs/heads/main"), (100, moved("main", "b")))
    past = build_timeline(history(*told, head="b", renames=[Rename(50, "x", "main")]))
    assert stretches_of_last_move(past, 100_900) == seen((100_000, 100_899, "main"), (100_900, 100_999, "b"))


def test_two_servers_that_disagree_have_seen_nothing() -> None:
    assert observed_at(seen((100, 200, "a"), (150, 250, "b")), 160) is None
    assert observed_at(seen((100, 200, "a"), (150, 250, "a")), 160) == "a"


def test_what_was_observed_counts_where_git_remembers_nothing() -> None:
    nothing = build_timeline(HeadHistory([], "main", {}, [], problem="no reflog"))
    assert place(nothing, 150_000, "hint", observed=always("feat/x")) == BranchPlace("feat/x", "observed")
    assert place(nothing, 150_000, "hint") == BranchPlace("hint", "transcript")


def test_what_was_observed_orders_a_second_and_overrules_no_reflog() -> None:
    past = build_timeline(history((100, moved("main", "feat/x")), head="feat/x"))
    assert place(past, 100_500, "feat/x", observed=always("main")) == on("main")
    assert place(past, 100_500, "", observed=always("elsewhere")) == on("feat/x")
    assert place(past, 150_000, "", observed=always("main")) == on("feat/x")


def test_what_was_observed_is_still_carried_to_a_branch_created_from_there() -> None:
    past = build_timeline(history((100, moved("main", "new")), head="new", creations=created("main")))
    assert place(past, 50_000, observed=always("main")) == carried("new")


def test_a_branch_that_was_observed_is_called_what_it_is_called_now() -> None:
    past = build_timeline(HeadHistory([], "now", {}, [Rename(200, "then", "now")], problem="no reflog"))
    assert place(past, 150_000, observed=always("then")) == BranchPlace("now", "observed")


def test_the_reason_of_a_usage_on_no_branch_is_what_git_knew_then() -> None:
    """A clone's reflog reaches back a few seconds before its first entry, and no further."""
    cloned = [ReflogEntry(100, NULL_ID, ONE, "clone: from elsewhere"), ReflogEntry(200, ONE, TWO, moved("main", TWO))]
    timeline = build_timeline(HeadHistory(cloned, None, {}, []))
    told = [reason_at(timeline, second) for second in (0, timeline.begins - 1, timeline.begins, 199, 200, 300)]
    assert told == ["before_reflog", "before_reflog", "folder_gone", "folder_gone", "detached", "detached"]
    assert reason_at(timeline._replace(problem="no reflog"), 300) == "no_reflog"
