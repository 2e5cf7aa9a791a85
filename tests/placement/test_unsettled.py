"""What a move of HEAD can change of what was placed before, on any history that people make."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tokcost.model.history import NULL_ID, Creation, HeadHistory, ReflogEntry, Rename
from tokcost.model.place import Observation
from tokcost.placement.branch import place
from tokcost.placement.timeline import build_timeline
from tokcost.placement.unsettled import changed_since, renamed_since, stretch_at

STEPS = ["switch", "switch", "create", "commit", "detach", "rebase", "rename", "reset"]
HINTS = ["", "main", "b1", "b3"]
SEEN = [Observation(first * 1000, first * 1000 + 999, "main") for first in range(0, 40, 3)]


def pasts(steps: list[tuple[str, int, int]]) -> list[HeadHistory]:
    """The history after each step, as git would tell it then. Each step has a choice and the seconds before it."""
    past = HeadHistory([ReflogEntry(5, NULL_ID, f"{1:040x}", "commit (initial): first")], "main", {}, [])
    branches, told = ["main"], [past]
    for number, (step, choice, pause) in enumerate(steps, start=1):
        last = past.entries[-1]
        here, second, chosen = past.head or last.new, last.second + pause, branches[choice % len(branches)]

        def moved(message: str, id: str = "", last: ReflogEntry = last, second: int = second) -> list[ReflogEntry]:
            return [*past.entries, ReflogEntry(second, last.new, id or last.new, message)]  # noqa: B023

        match step:
            case "switch":
                past = past._replace(entries=moved(f"checkout: moving from {here} to {chosen}"), head=chosen)
            case "create":
                branches.append(f"b{number}")
                born = past.creations | {f"b{number}": Creation(second, past.head or "HEAD")}
                entries = moved(f"checkout: moving from {here} to b{number}")
                past = past._replace(entries=entries, head=f"b{number}", creations=born)
            case "detach":
                past = past._replace(entries=moved(f"checkout: moving from {here} to {last.new}"), head=None)
            case "rebase" if past.head:
                past = past._replace(entries=moved(f"rebase (start): checkout {chosen}", f"{number + 1:040x}"))
                past = past._replace(entries=moved(f"rebase (finish): returning to refs/heads/{past.head}"))
            case "rename" if past.head:
                new = f"b{number}"
                message = f"Branch: renamed refs/heads/{here} to refs/heads/{new}"
                branches[branches.index(here)] = new
                born = {new if name == here else name: one for name, one in past.creations.items()}
                renames = [*past.renames, Rename(second, here, new)]
                past = HeadHistory(moved(message), new, born, renames)
            case _:
                message = "commit: x" if step == "commit" else "reset: x"
                past = past._replace(entries=moved(message, f"{number + 1:040x}"))
        told.append(past)
    return told


@given(
    st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 4), st.integers(0, 3)), max_size=12), st.integers(1, 5)
)
@settings(max_examples=25, deadline=None)
def test_before_the_second_from_which_something_may_have_changed_nothing_has(
    steps: list[tuple[str, int, int]], back: int
) -> None:
    told = pasts(steps)
    old, new = told[max(0, len(told) - 1 - back)], told[-1]
    now = build_timeline(new)
    added = len(new.entries) - len(old.entries)
    known = build_timeline(new._replace(entries=new.entries[: len(new.entries) - added]))
    since = changed_since(known, now)
    renamed = {rename.before for rename in renamed_since(now, old.entries[-1].second)}
    before = build_timeline(old)
    for second in range(max(0, min(since, 45))):
        for hint in HINTS:
            was, is_ = place(before, second * 1000 + 500, hint), place(now, second * 1000 + 500, hint)
            assert was == is_ or was.branch in renamed, (second, since, old, new)


@given(st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 4), st.integers(0, 3)), max_size=12))
@settings(max_examples=25, deadline=None)
def test_in_a_stretch_all_usage_has_one_place_whatever_its_log_says(steps: list[tuple[str, int, int]]) -> None:
    now = build_timeline(pasts(steps)[-1])
    for second in range(45):
        until, there = stretch_at(now, second)
        assert until > second
        for other in range(second, min(until, 45)) if there is not None else ():
            for hint in HINTS:
                assert place(now, other * 1000 + 500, hint, observed=SEEN) == there
