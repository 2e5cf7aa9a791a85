"""The rules of claims, as laws."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokcost.claims.commit_notes import Noted
from tokcost.claims.rules import (
    SMALLEST_COST,
    ProposalOutcome,
    Situation,
    coarse,
    decide,
    outcome_of,
    publish,
    replaced_commit,
)
from tokcost.model.claims import Claim, Terms, Worth
from tokcost.model.trailer import Line, format_line, read_message

NAME, OTHER = "7k3qf9x2m4tc", "5d0wz8n1r6vb"
NOTHING = Worth(0, 0, 0, ())
costs = st.integers(0, 10**13)


def is_on_grid(amount: int, smallest: int) -> bool:
    steps = amount // smallest
    return amount % smallest == 0 and str(steps).rstrip("0") in ("", "1", "2", "5")


def worth(cost: int, tokens: int, unpriced: int = 0) -> Worth:
    return Worth(cost, tokens, unpriced, ("claude-opus-4-5",), (tokens, 0, 0, 0, 0, 0))


def grid_within_twice(own: int, smallest: int) -> list[int]:
    """All points of the grid that a line may say of an amount."""
    points = (step * 10**power * smallest for power in range(20) for step in (1, 2, 5))
    return [point for point in points if own <= 2 * point <= 4 * own]


@given(st.integers(1, 10**13), st.integers(-(10**15), 10**15), st.sampled_from((1, SMALLEST_COST)))
def test_a_coarse_amount_lies_on_the_grid_and_within_twice_its_own_whatever_is_carried(
    own: int, rest: int, smallest: int
) -> None:
    published = coarse(own, rest, smallest)
    assert is_on_grid(published, smallest)
    if 2 * own >= smallest:
        assert own <= 2 * published <= 4 * own
    else:
        assert published == smallest
    assert coarse(0, rest, smallest) == 0


@given(st.integers(1, 10**13), st.integers(-(10**15), 10**15), st.sampled_from((1, SMALLEST_COST)))
def test_no_other_point_within_twice_the_amount_leaves_less_unsaid(own: int, rest: int, smallest: int) -> None:
    allowed = grid_within_twice(own, smallest)
    left = abs(own + rest - coarse(own, rest, smallest))
    assert left == min((abs(own + rest - point) for point in allowed), default=left)


@given(st.integers(1, 10**13), st.integers(-(10**15), 10**15), st.sampled_from((1, SMALLEST_COST)))
def test_a_line_that_can_round_both_ways_leaves_less_unsaid_than_there_was_or_than_its_own_amount(
    own: int, rest: int, smallest: int
) -> None:
    allowed = grid_within_twice(own, smallest)
    if allowed and min(allowed) <= own <= max(allowed):
        assert abs(own + rest - coarse(own, rest, smallest)) <= max(abs(rest), own)


spend = st.tuples(st.integers(0, 2**32), st.floats(0.3, 1.5), st.integers(3, 6))
"""Seed, spread and size of what the commits of a repository cost: log-normal, as measured."""


@given(spend)
def test_the_rounding_rest_is_carried_so_that_sums_stay_unbiased(spend: tuple[int, float, int]) -> None:
    seed, spread, size = spend
    chance = Random(seed)
    rest_cost = rest_tokens = 0
    costs, tokens = ([int(base**size * chance.lognormvariate(0, spread)) + 1 for _ in range(150)] for base in (100, 10))
    for cost, count in zip(costs, tokens, strict=True):
        line = publish(NAME, 1, worth(cost, count), Worth(rest_cost, rest_tokens, 0, ()), None, Terms())
        assert line.cost is not None
        assert cost < SMALLEST_COST or (is_on_grid(line.cost, SMALLEST_COST) and cost <= 2 * line.cost <= 4 * cost)
        assert is_on_grid(line.tokens, 1)
        assert count <= 2 * line.tokens <= 4 * count
        rest_cost += cost - line.cost
        rest_tokens += count - line.tokens
    assert abs(rest_tokens) <= max(tokens)
    assert abs(rest_cost) <= max(max(costs), 150 * SMALLEST_COST)


@given(st.lists(st.tuples(st.integers(0, 10**11), st.integers(1, 10**9)), max_size=40), st.data())
def test_amends_of_coarse_lines_stay_within_twice_their_own_amount(
    commits: list[tuple[int, int]], data: st.DataObject
) -> None:
    rest = data.draw(st.integers(-(10**12), 10**12))
    own_cost = own_tokens = 0
    before: Line | None = None
    for version, (cost, tokens) in enumerate(commits, 1):
        own_cost, own_tokens = own_cost + cost, own_tokens + tokens
        line = publish(NAME, version, worth(own_cost, own_tokens), Worth(rest, rest, 0, ()), before, Terms())
        assert own_tokens <= 2 * line.tokens <= 4 * own_tokens
        assert 2 * own_cost < SMALLEST_COST or own_cost <= 2 * (line.cost or 0) <= 4 * own_cost
        before = line


@given(costs, st.integers(1, 10**9), costs, st.integers(0, 10**9), costs, st.booleans(), st.booleans())
def test_a_raise_never_goes_below_what_it_raises(
    cost: int, tokens: int, more: int, more_tokens: int, rest: int, exact: bool, exact_before: bool
) -> None:
    before = publish(NAME, 1, worth(cost, tokens), NOTHING, None, Terms("exact" if exact_before else "coarse"))
    terms = Terms("exact" if exact else "coarse")
    after = publish(NAME, 2, worth(cost + more, tokens + more_tokens), Worth(-rest, -rest, 0, ()), before, terms)
    if exact == exact_before:  # a version of another precision was carried by no commit
        assert (after.cost or 0) >= (before.cost or 0)
        assert after.tokens >= before.tokens
    if not exact:
        assert is_on_grid(after.cost or 0, SMALLEST_COST)
        assert is_on_grid(after.tokens, 1)


@given(costs, st.integers(0, 10**12), st.integers(0, 10**12), costs, st.booleans(), st.booleans())
def test_whatever_is_published_is_read_back(
    cost: int, tokens: int, unpriced: int, rest: int, exact: bool, models: bool
) -> None:
    terms = Terms("exact" if exact else "coarse", models)
    line = publish(NAME, 3, worth(cost, tokens + unpriced, unpriced), Worth(rest, rest, 0, ()), None, terms)
    assert read_message(format_line(line)).lines == [line]


@given(st.lists(st.integers(0, 10**6), min_size=5, max_size=5), st.integers(-(10**7), 10**7))
def test_the_classes_of_an_exact_line_add_up_to_its_tokens(classes: list[int], rest: int) -> None:
    usage = Worth(1, sum(classes), 0, (), (*classes, 0))  # type: ignore[arg-type]
    line = publish(NAME, 1, usage, Worth(0, rest, 0, ()), None, Terms("exact"))
    assert line.classes is not None
    assert min(line.classes) >= 0
    assert line.classes.total == line.tokens == (max(sum(classes) + rest, 0) if sum(classes) else 0)


STORIES = st.lists(
    st.tuples(st.sampled_from(("commit", "amend")), st.booleans(), st.integers(0, 10**11), st.integers(1, 10**9)),
    min_size=1,
    max_size=30,
)


@given(STORIES, st.integers(-(10**12), 10**12))
def test_no_order_of_commits_amends_and_precisions_publishes_more_than_twice_or_less_than_half(
    story: list[tuple[str, bool, int, int]], rest: int
) -> None:
    """Each step spends, and commits or amends as exact or coarse. The claims of the newest commit are what a message
    holds; a line never goes below the version before it."""
    held: dict[str, tuple[Claim, Line, int, int]] = {}
    for number, (operation, exact, cost, tokens) in enumerate(story):
        terms = Terms("exact" if exact else "coarse")
        if operation == "commit":
            held = {}
        carried = tuple(claim for claim, *_ in held.values())
        message = {claim.name: claim.version for claim in carried}
        otherwise = frozenset(name for name, (_, line, *_) in held.items() if line.exact != exact)
        grow = decide(Situation(operation, (), message, carried, True, otherwise)).grow  # type: ignore[arg-type]
        if grow is None:
            claim, before, own_cost, own = Claim(number, f"{number:012}", 0), None, 0, 0
        else:
            claim, before, own_cost, own = held[grow.name]
        own_cost, own, version = own_cost + cost, own + tokens, claim.version + 1
        unsaid = NOTHING if exact else Worth(rest, rest, 0, ())
        line = publish(claim.name, version, worth(own_cost, own), unsaid, before, terms)
        held[claim.name] = (Claim(claim.id, claim.name, version, "", version, version), line, own_cost, own)
        assert own <= 2 * line.tokens <= 4 * own
        assert 2 * own_cost < SMALLEST_COST or own_cost <= 2 * (line.cost or 0) <= 4 * own_cost
        if not exact:
            assert is_on_grid(line.tokens, 1)
            assert is_on_grid(line.cost or 0, SMALLEST_COST)
        assert before is None or (line.tokens >= before.tokens and (line.cost or 0) >= (before.cost or 0))


def test_an_amend_in_another_precision_gets_a_claim_of_its_own() -> None:
    said = situation("amend", OLD, message={OLD.name: 1})
    assert decide(said._replace(otherwise=frozenset({OLD.name}))).grow is None


def test_a_line_in_another_precision_that_no_commit_carried_is_written_anew_also_without_new_usage() -> None:
    for pending in (True, False):
        said = situation("commit", FRESH, pending=pending)._replace(otherwise=frozenset({FRESH.name}))
        decision = decide(said)
        assert (decision.grow, decision.claim_pending, decision.again) == (FRESH, True, ())


def test_a_lost_line_in_another_precision_is_written_again_as_it_was_published() -> None:
    said = situation("commit", LOST, pending=False)._replace(otherwise=frozenset({LOST.name}))
    decision = decide(said)
    assert (decision.grow, decision.claim_pending, decision.again) == (None, False, (LOST,))


def test_usage_without_a_price_is_published_as_unpriced() -> None:
    line = publish(NAME, 1, worth(0, 500, 500), NOTHING, None, Terms())
    assert (line.cost, line.unpriced, line.tokens) == (None, True, 500)


def test_free_usage_is_zero_and_not_unpriced() -> None:
    line = publish(NAME, 1, worth(0, 500), NOTHING, None, Terms())
    assert (line.cost, line.unpriced) == (0, False)


def test_something_is_never_published_as_nothing_even_when_the_rest_is_negative() -> None:
    line = publish(NAME, 1, worth(2, 100), Worth(-(10**9), -(10**6), 0, ()), None, Terms())
    assert (line.cost, line.tokens) == (SMALLEST_COST, 50)


def test_a_line_of_many_tokens_never_says_that_there_was_one() -> None:
    line = publish(NAME, 1, worth(420_000_000, 123_000), Worth(-(10**12), -(10**9), 0, ()), None, Terms())
    assert format_line(line).startswith("AI-Cost: ~0.5 USD list; ~100k tokens;")


def situation(operation: str, *of_branch: Claim, message: dict[str, int] | None = None, pending: bool = True):
    message = message or {}
    mine = tuple(claim for claim in of_branch if claim.name in message)
    return Situation(operation, of_branch, message, mine, pending)  # type: ignore[arg-type]


OLD = Claim(1, "old000000000", 1, "", 1, 1)
LOST = Claim(2, "xst000000000", 2, "", 1, 2)
FRESH = Claim(3, "fresh0000000", 1, "", 0, 0)
WITHHELD = Claim(4, "withhe0d0000", 1, "withheld", 0, 0)


def test_pending_usage_goes_into_a_new_claim() -> None:
    decision = decide(situation("commit", OLD))
    assert (decision.grow, decision.claim_pending, decision.again) == (None, True, ())


def test_a_claim_no_commit_ever_carried_is_continued() -> None:
    assert decide(situation("commit", OLD, FRESH)).grow == FRESH


def test_of_several_claims_that_no_commit_ever_carried_the_newest_goes_on_and_the_others_are_written_as_they_were() -> (
    None
):
    newer = FRESH._replace(id=5, name="newer0000000")
    for order in ((FRESH, newer), (newer, FRESH)):
        decision = decide(situation("commit", *order))
        assert (decision.grow, decision.again) == (newer, (FRESH,))


def test_an_amend_of_a_commit_with_several_claims_raises_the_newest() -> None:
    newer = OLD._replace(id=6, name="newer0000000")
    for order in ((OLD, newer), (newer, OLD)):
        decision = decide(situation("amend", *order, message={OLD.name: 1, newer.name: 1}))
        assert (decision.grow, decision.again) == (newer, ())


def test_a_claim_no_commit_ever_carried_is_written_again_without_new_usage() -> None:
    decision = decide(situation("commit", FRESH, pending=False))
    assert (decision.grow, decision.again) == (None, (FRESH,))


def test_a_lost_line_is_written_again_beside_the_new_one() -> None:
    decision = decide(situation("commit", OLD, LOST))
    assert (decision.grow, decision.again) == (None, (LOST,))


def test_a_lost_line_that_the_message_has_is_not_written_twice() -> None:
    assert decide(situation("join", LOST, message={LOST.name: 2}, pending=False)).again == ()


def test_a_withheld_claim_is_never_touched_again() -> None:
    decision = decide(situation("commit", WITHHELD))
    assert (decision.grow, decision.again) == (None, ())


def test_an_amend_raises_the_commits_own_claim() -> None:
    assert decide(situation("amend", OLD, message={OLD.name: 1})).grow == OLD


def test_an_amend_of_somebody_elses_commit_gets_a_claim_of_its_own() -> None:
    assert decide(situation("amend", message={"theirs000000": 1})).grow is None


def test_an_amend_without_new_usage_changes_nothing() -> None:
    decision = decide(situation("amend", OLD, message={OLD.name: 1}, pending=False))
    assert (decision.grow, decision.claim_pending, decision.again) == (None, False, ())


def test_a_copy_claims_nothing() -> None:
    decision = decide(situation("copy", FRESH, LOST))
    assert (decision.grow, decision.claim_pending, decision.again) == (None, False, ())


def test_the_line_of_the_design_is_what_its_usage_publishes() -> None:
    usage = Worth(1_843_200_000, 1_043_210, 0, ("claude-opus-4-5", "gpt-5.1-codex"))
    line: Line = publish(NAME, 1, usage, NOTHING, None, Terms())
    assert format_line(line) == "AI-Cost: ~2 USD list; ~1M tokens; claude-opus-4-5, gpt-5.1-codex; 7k3qf9x2m4tc"


PROPOSED = Noted("a" * 40, (NAME, f"{OTHER}.2"))
BY_HOOK = {
    "before ours": PROPOSED._replace(was_stripped=True),
    "after ours": PROPOSED._replace(was_whole=True),
    "of a message that no person saw": PROPOSED._replace(is_given=True),
}


def test_a_missing_line_is_withheld_unless_a_part_of_it_is_left() -> None:
    assert outcome_of(PROPOSED, [], []) == ProposalOutcome()
    assert outcome_of(PROPOSED, PROPOSED.tokens, []) == ProposalOutcome((NAME, OTHER))
    assert outcome_of(PROPOSED, PROPOSED.tokens, [OTHER]) == ProposalOutcome((NAME,), is_damaged=True)
    assert outcome_of(PROPOSED, [NAME], [NAME]) == ProposalOutcome(is_damaged=True)


@pytest.mark.parametrize("noted", BY_HOOK.values(), ids=BY_HOOK)
def test_a_line_that_a_hook_removed_is_pending_again_and_the_hook_is_named(noted: Noted) -> None:
    found = outcome_of(noted, [NAME], [])
    assert found.stripped_by
    assert found == ProposalOutcome(stripped_by=found.stripped_by)
    assert outcome_of(noted, [NAME], [NAME]) == outcome_of(noted, [], []) == ProposalOutcome()


def test_a_commit_that_is_not_on_top_of_where_head_was_can_only_be_an_amend() -> None:
    assert replaced_commit(PROPOSED, ("b" * 40, PROPOSED.head)) == ""
    assert replaced_commit(PROPOSED, ("b" * 40,)) == replaced_commit(PROPOSED, ()) == PROPOSED.head
    assert replaced_commit(PROPOSED._replace(head=""), ()) == ""
