"""Grouped figures against someone who wants to know what one person spent, and knows everything but the amounts."""

import time
from collections.abc import Mapping
from datetime import date, timedelta
from fractions import Fraction
from itertools import combinations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokcost.history.privacy.contributors import NOBODY, count_heads
from tokcost.history.privacy.dominance import Exchange, Sums, standing_out
from tokcost.history.privacy.groups import shown_labels
from tokcost.history.privacy.lonely import lonely
from tokcost.history.privacy.safe_cells import Share, safe_cells
from tokcost.history.privacy.suppression import OTHER, Labels, Piece, allowed, is_safe, to_blame
from tokcost.model.changes import GROUPINGS, Grouping
from tokcost.model.periods import period_of

AREA, MONTH = "area", "month"


def piece(who: int, cost: int, number: int = 0, **names: str) -> Piece:
    every: dict[Grouping, str] = {name: names.get(name, "all") for name in GROUPINGS}
    return Piece(who, number, every, cost, cost * 10)


def team(people: int, cost: int = 100, **names: str) -> list[Piece]:
    return [piece(who, cost, 0, **names) for who in range(people)]


def of_people(pieces: list[Piece]) -> list[Piece]:
    """What is left of figures for an attacker, who knows what bots spent."""
    return [one for one in pieces if one.who != NOBODY]


def shown_sums(pieces: list[Piece], shown: Mapping[Grouping, Labels]) -> dict[tuple[str, str], list[Piece]]:
    """Every figure of a run, and what it is the sum of; the total among them."""
    figures: dict[tuple[str, str], list[Piece]] = {("total", ""): pieces}
    for grouping, labels in shown.items():
        for one in pieces:
            figures.setdefault((grouping, labels[one.names[grouping]]), []).append(one)
    return figures


def test_five_contributors_of_like_amounts_are_shown_and_four_are_not() -> None:
    assert allowed(team(5, area="api"), [AREA], 5) == {AREA: {"api": "api"}}
    assert allowed(team(4, area="api"), [AREA], 5) == {}


def test_a_repository_may_ask_for_three_and_never_for_two() -> None:
    assert allowed(team(3, area="api"), [AREA], 3) == {AREA: {"api": "api"}}
    assert allowed(team(2, area="api"), [AREA], 1) == {}


@pytest.mark.parametrize(("amounts", "safe"), [((100, 50, 5, 5, 5), True), ((100, 50, 5, 5, 4), False)])
def test_without_the_two_largest_there_must_be_15_percent_of_the_largest(amounts: tuple[int, ...], safe: bool) -> None:
    assert is_safe({who: (amount, amount) for who, amount in enumerate(amounts)}, 5) is safe


def test_tokens_tell_as_much_as_amounts() -> None:
    assert not is_safe({0: (10, 10_000), **dict.fromkeys(range(1, 6), (10, 10))}, 5)


def test_people_without_a_price_hide_nobody_who_has_one() -> None:
    assert not is_safe({0: (100, 100), **dict.fromkeys(range(1, 6), (0, 100))}, 5)


def alone(amount: int, *people: int) -> Sums:
    return dict.fromkeys(people, (amount, amount))


SQUARE = {(a, m): alone(10, 3 * i + j) for i, a in enumerate("abc") for j, m in enumerate(("May", "July", "August"))}
"""Nine people, each alone where one of three areas and one of three months meet. What two have there is a sum of
others' figures."""


def test_who_is_hidden_by_combinations_of_others_hides_nobody_else() -> None:
    assert lonely(SQUARE, 1) == set()
    assert lonely({**SQUARE, ("d", "June"): alone(10, 9)}, 1) == {"June"}


def test_of_what_one_person_did_only_the_cell_is_given_up_that_others_do_not_make_up_for() -> None:
    assert lonely({("d", "June"): alone(10, 0), **SQUARE}, 1) == {"June"}


def test_of_the_cells_that_leave_one_person_of_another_the_weakest_is_given_up() -> None:
    classes = {("api", "July"): alone(10, *range(6)), ("api", "June"): alone(10, *range(7))}
    classes |= {("api", "May"): alone(10, 1), ("web", "May"): alone(10, *range(6))}
    assert to_blame(classes, 1, 5) == {"July"}
    classes["api", "July"] = alone(10, *range(8))
    assert to_blame(classes, 1, 5) == {"June"}


def test_one_failing_cell_takes_another_with_it_so_that_the_total_does_not_give_it_away() -> None:
    pieces = [*team(6, area="api"), *team(6, area="web"), *team(6, 10, area="docs"), piece(0, 70, area="ops")]
    labels = allowed(pieces, [AREA], 5)[AREA]
    assert labels["ops"] == OTHER
    assert [name for name, label in labels.items() if label == OTHER] != ["ops"]
    assert labels["api"] == "api"


def test_two_cells_of_which_one_fails_are_not_shown_at_all() -> None:
    assert allowed([*team(6, area="api"), piece(0, 70, area="ops")], [AREA], 5) == {}


def test_a_month_minus_its_weeks_is_not_a_way_around() -> None:
    """Five whole weeks, and one person's day in a week that lies in two months."""
    pieces = [one for week in "abc" for one in team(6, month="1", week=week)]
    pieces += [one for week in "efg" for one in team(6, month="2", week=week)]
    pieces += [piece(0, 100, month="1", week="d"), *team(6, month="2", week="d")]
    shown = allowed(pieces, ["month", "week"], 5)
    assert set(shown["month"].values()) == {"1", "2"}
    figures = shown_sums(pieces, shown)
    inside = [found for key, found in figures.items() if key[0] == "week" and {p.names[MONTH] for p in found} == {"1"}]
    rest = [one for one in figures["month", "1"] if not any(one in found for found in inside)]
    assert len({one.who for one in rest}) >= 5


def weeks_of(*teams: list[int]) -> list[Piece]:
    """For each week those who spent something in it, all the same."""
    return [piece(who, 100, week=f"w{number:02d}") for number, team in enumerate(teams) for who in team]


def test_weeks_that_fail_alone_are_joined_with_their_neighbours_until_they_pass() -> None:
    eight = [[0, 1, 2], [3, 4, 5], [6, 7, 0], [1, 2, 3], [4, 5, 6, 7, 0], [1, 2, 3, 4]]
    labels = allowed(weeks_of(*eight), ["week"], 5)["week"]
    assert list(labels.items()) == [
        ("w00", "w00 to w01"), ("w01", "w00 to w01"), ("w02", "w02 to w03"), ("w03", "w02 to w03"),
        ("w04", "w04 to w05"), ("w05", "w04 to w05"),
    ]  # fmt: skip


def test_a_week_that_passes_alone_is_not_joined_and_a_last_one_that_fails_goes_to_those_before_it() -> None:
    labels = allowed(weeks_of([*range(8)], [*range(6)], [0]), ["week"], 5)["week"]
    assert labels == {"w00": "w00", "w01": "w01 to w02", "w02": "w01 to w02"}


def test_a_last_week_in_which_one_stands_out_takes_as_many_before_it_as_hide_that() -> None:
    pieces = [*weeks_of([*range(8)], [*range(8)], [*range(8)]), piece(0, 5000, week="w03")]
    labels = allowed(pieces, ["week"], 5)["week"]
    assert labels == {"w00": "w00", "w01": "w01 to w03", "w02": "w01 to w03", "w03": "w01 to w03"}
    for label in set(labels.values()):
        kept = [one for one in pieces if labels[one.names["week"]] == label]
        assert is_safe({who: _of(kept, who) for who in {one.who for one in kept}}, 5)


def _of(pieces: list[Piece], who: int) -> tuple[int, int]:
    mine = [one for one in pieces if one.who == who]
    return sum(one.list_cost for one in mine), sum(one.tokens for one in mine)


def test_weeks_that_would_all_be_one_are_not_shown_since_that_is_the_total() -> None:
    assert allowed(weeks_of([0, 1], [2, 3], [4, 5]), ["week"], 5) == {}
    assert allowed(weeks_of([0, 1]), ["week"], 5) == {}
    assert allowed(weeks_of([0, 1, 2, 3, 4]), ["week"], 5) == {"week": {"w00": "w00"}}


def test_weeks_give_way_to_months_where_a_month_minus_its_weeks_would_tell_of_one_person() -> None:
    """The week in which one person alone worked on the last of the month lies in two months."""
    pieces = [one for week in "abc" for one in team(6, month="1", week=week)]
    pieces += [one for week in "efg" for one in team(6, month="2", week=week)]
    pieces += [piece(0, 100, month="1", week="d"), *team(6, month="2", week="d")]
    shown = allowed(pieces, ["month", "week"], 5)
    labels = shown["week"]
    assert labels["d"] != "d"
    assert OTHER not in labels.values()


def test_who_has_an_address_or_a_name_in_common_is_one_contributor() -> None:
    heads = count_heads([("a@x", "Ann"), ("A@X", "ann b"), ("home@y", "Ann B"), ("c@x", "Cem"), ("d@x", "Dee")])
    assert len(set(heads.values())) == 3


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("a@x", "Jos\u00e9"), ("b@x", "Jose\u0301")),
        (("a@x", "Stra\u00dfe"), ("b@x", "STRASSE")),
        (("a@x", "Ann  Lee"), ("b@x", " Ann\u00a0Lee")),
        (("12345+ann@users.noreply.github.com", "ann"), ("Ann@users.noreply.github.com", "Ann Lee")),
        (("12345-ann@users.noreply.gitlab.com", "ann"), ("ann@users.noreply.gitlab.com", "Ann Lee")),
    ],
)
def test_a_name_that_is_written_another_way_is_the_same_contributor(
    one: tuple[str, str], other: tuple[str, str]
) -> None:
    heads = count_heads([one, other, ("12+ann@elsewhere", "Ann 2")])
    assert (heads[one] == heads[other], len(set(heads.values()))) == (True, 2)


@pytest.mark.parametrize(
    ("mail", "name"),
    [
        ("49699333+dependabot[bot]@users.noreply.github.com", "dependabot[bot]"),
        ("198982749+Copilot@users.noreply.github.com", "copilot-swe-agent[bot]"),
        ("198982749+Copilot@users.noreply.github.com", "Copilot"),
        ("209825114+claude[bot]@users.noreply.github.com", "Claude"),
        ("noreply@anthropic.com", "Claude"),
        ("cursoragent@cursor.com", "Cursor Agent"),
        ("release@x.org", "Release [Bot]"),
        ("project_42_bot_5c8f1d@noreply.gitlab.example.org", "ci"),
        ("group_7_bot_0a1b2c@noreply.gitlab.com", "Deploy"),
        ("project42_bot@noreply.gitlab.example.org", "ci"),
        ("project42_bot3@noreply.gitlab.example.org", "ci"),
        ("service_account_group_345_c468757e6df2fc10@noreply.gitlab.com", "Service account user"),
        ("service_account_c468757e6df2fc10@noreply.gitlab.com", "Service account user"),
        ("l9waxxfgue3c3ce6g36@bots.bitbucket.org", "pipeline"),
    ],
)
def test_an_account_of_a_program_is_nobody(mail: str, name: str) -> None:
    assert count_heads([(mail, name), ("ann@x", "Ann")]) == {(mail, name): NOBODY, ("ann@x", "Ann"): 0}


@pytest.mark.parametrize(
    ("mail", "name"),
    [
        ("abbot@x.org", "Ann Abbot"),
        ("bot@x.org", "Bot"),
        ("12345+botanist@users.noreply.github.com", "[bot]anist"),
        ("group.bot@x.org", "Eve"),
        ("eve@bots.example.org", "Eve"),
        ("service_account@x.org", "Eve"),
        ("[bot]", "Eve"),
        ("", ""),
    ],
)
def test_who_only_sounds_like_a_bot_is_a_person(mail: str, name: str) -> None:
    assert count_heads([(mail, name)]) == {(mail, name): 0}


def test_a_name_or_an_address_in_common_with_a_bot_makes_nobody_a_bot_and_joins_no_two_people() -> None:
    bots = [("ann@x", "Helper[bot]"), ("cem@x", "Helper[bot]"), ("helper[bot]@x", "Ann"), ("helper[bot]@x", "Cem")]
    heads = count_heads([("ann@x", "Ann"), ("cem@x", "Cem"), *bots])
    assert {heads[one] for one in bots} == {NOBODY}
    assert heads["ann@x", "Ann"] != heads["cem@x", "Cem"]
    assert NOBODY not in (heads["ann@x", "Ann"], heads["cem@x", "Cem"])


def test_a_bot_does_not_make_up_for_a_missing_contributor() -> None:
    bots = [piece(NOBODY, 100, number, area="api") for number in range(3)]
    assert allowed([*team(4, area="api"), *bots], [AREA], 5) == {}
    assert allowed([*team(5, area="api"), *bots], [AREA], 5) == {AREA: {"api": "api"}}


def test_a_bot_hides_nobody_who_dominates() -> None:
    pieces = [piece(0, 10_000, area="api"), *team(6, 10, area="api"), piece(NOBODY, 5_000, area="api")]
    assert allowed(pieces, [AREA], 5) == {}


def test_what_a_bot_alone_did_is_shown_and_hides_nobody_beside_it() -> None:
    deps = piece(NOBODY, 900, area="deps")
    assert allowed([*team(6, area="api"), deps], [AREA], 5) == {AREA: {"api": "api", "deps": "deps"}}
    assert allowed([*team(6, area="api"), deps, piece(0, 70, area="ops")], [AREA], 5) == {
        AREA: {"api": OTHER, "ops": OTHER, "deps": "deps"}
    }
    assert allowed([*team(2, area="api"), deps], [AREA], 3) == {}
    assert allowed([deps, piece(NOBODY, 5, area="ci")], [AREA], 5) == {AREA: {"deps": "deps", "ci": "ci"}}


def test_a_month_of_a_bot_stands_alone_and_is_no_neighbour_that_hides_anyone() -> None:
    may = [piece(NOBODY, 100, month="5")]
    assert allowed([*may, *team(6, month="6"), *team(6, month="7")], [MONTH], 5)[MONTH] == {
        "5": "5",
        "6": "6",
        "7": "7",
    }
    assert allowed([*may, *team(2, month="6"), *may], [MONTH], 3) == {}
    apart = [*team(2, month="4"), *may, *(piece(who, 100, month="6") for who in range(2, 8))]
    assert allowed([*apart, *team(6, month="7")], [MONTH], 3)[MONTH] == dict.fromkeys("456", "4 to 6") | {"7": "7"}


def test_a_bot_whose_part_lies_elsewhere_does_not_make_a_cell_look_less_contained_in_another() -> None:
    """All that people did in June is in api, and a bot did something in deps: api minus June, of which the bot's part
    is known, is about four people."""
    classes = {("api", "June"): alone(10, *range(8)), ("api", "May"): alone(10, *range(4))}
    classes |= {("web", "May"): alone(10, *range(4, 10)), ("deps", "June"): alone(10)}
    assert to_blame(classes, 1, 5) == {"June"}


amounts = st.integers(0, 6).map(lambda power: 2**power)
pieces_of_a_team = st.lists(
    st.builds(
        lambda who, cost, area, month, week, model, size: piece(
            who,
            cost,
            area=area,
            month=month,
            week=f"{month}{week}",
            model=model,
            size=size,
            tag=month if week < "z" else "z",
            type=size + model if week < "y" else "fix",
            issue=f"#{who // 3}" if area > "a" else "(no issue)",
        ),
        st.integers(NOBODY, 8),
        amounts,
        st.sampled_from("abc"),
        st.sampled_from("12"),
        st.sampled_from("xyz"),
        st.sampled_from("pq"),
        st.sampled_from("sl"),
    ),
    min_size=1,
    max_size=120,
)


@settings(max_examples=150, deadline=None)
@given(pieces_of_a_team, st.sampled_from([3, 5]))
def test_no_combination_of_all_figures_tells_what_one_contributor_spent(pieces: list[Piece], least: int) -> None:
    """Linear algebra over everything that one run shows: is what someone spent, in all or in any part, a combination of
    the figures, for an outsider or for a colleague who knows his own amounts?"""
    shown = allowed(pieces, GROUPINGS, least)
    pieces = of_people(pieces)
    figures = [*shown_sums(pieces, shown).values()]
    if len(figures) == 1:
        return  # the total alone, which is always shown
    people = sorted({one.who for one in pieces})
    for target in people:
        for colleague in (None, *people):
            if colleague == target:
                continue
            unknown = [one for one in pieces if one.who not in (target, colleague)]
            theirs = [one for one in pieces if one.who == target]
            rows = [[int(one in found) for one in theirs] for found in map(_ids, figures)]
            others = [[int(one in found) for one in unknown] for found in map(_ids, figures)]
            assert not _isolates(others, rows), (target, colleague, shown)


def busy(seed: int) -> list[Piece]:
    """A team with enough to show, and an area of which one person knows all."""
    chance = Random(seed)
    people = chance.randrange(5, 10)
    found: list[Piece] = []
    for number in range(chance.randrange(30, 120)):
        who = chance.randrange(people)
        area = "ops" if who == 0 and chance.random() < 0.3 else chance.choice("abc")
        names = {"area": area, "month": chance.choice("12"), "model": chance.choice("pq")}
        names |= {"type": chance.choice(("feat", "fix")), "issue": chance.choice(("#1", f"#{who}"))}
        author = NOBODY if chance.random() < 0.2 else who
        found.append(piece(author, 2 ** chance.randrange(4), number, **names))
    return found


busy_teams = st.integers(0, 10**6).map(busy)


def test_most_busy_teams_have_something_to_attack() -> None:
    assert sum(bool(allowed(busy(seed), GROUPINGS, 5)) for seed in range(40)) > 20


@settings(max_examples=2, deadline=None)
@given(st.lists(busy_teams, min_size=2, max_size=3), st.sampled_from([3, 5]))
def test_ranges_that_follow_each_other_tell_no_more_together_than_each_alone(
    ranges: list[list[Piece]], least: int
) -> None:
    """`--against`, and a chain of such runs: the same people, every figure of every run in one system of equations."""
    runs = [shown_sums(of_people(pieces), allowed(pieces, GROUPINGS, least)) for pieces in ranges]
    figures = [found for run in runs if len(run) > 1 for found in run.values()]
    pieces = [one for run in runs if len(run) > 1 for one in run["total", ""]]
    people = sorted({one.who for one in pieces})
    for target, neighbour in zip(people, [*people[1:], *people[:1]], strict=True):
        for colleague in (None, neighbour):
            unknown = [one for one in pieces if one.who not in (target, colleague)]
            theirs = [one for one in pieces if one.who == target]
            rows = [[int(one in found) for one in theirs] for found in map(_ids, figures)]
            others = [[int(one in found) for one in unknown] for found in map(_ids, figures)]
            assert not _isolates(others, rows), (target, colleague)


@settings(max_examples=60, deadline=None)
@given(busy_teams, st.lists(st.integers(1, 120), min_size=1, max_size=3, unique=True))
def test_in_a_chain_of_growing_ranges_a_cell_grows_by_whole_changes_and_by_nothing_that_was_there(
    pieces: list[Piece], ends: list[int]
) -> None:
    """No run can know of another one. What subtracting leaves is the changes between, each of which stands in the
    history with its amount; never a part of what both ranges have."""
    chain = [pieces[:end] for end in sorted({*(min(end, len(pieces)) for end in ends), len(pieces)})]
    runs = [shown_sums(some, allowed(some, GROUPINGS, 5)) for some in chain]
    for number, (shorter, longer) in enumerate(combinations(runs, 2)):
        known, more = (run["total", ""] for run in (shorter, longer))
        for name in (shorter.keys() & longer.keys()) - {(grouping, OTHER) for grouping in GROUPINGS}:
            grown = sum(one.list_cost for one in longer[name]) - sum(one.list_cost for one in shorter[name])
            # Periods that are joined in both runs are the same ones: their first and their last stand in the name.
            parts = {one.names[name[0]] for one in longer[name]} if name[1] else set[str]()  # type: ignore[index]
            between = [one for one in more[len(known) :] if not name[1] or one.names[name[0]] in parts]  # type: ignore[index]
            assert grown == sum(one.list_cost for one in between), (number, name)


class _ids(list[Piece]):
    def __init__(self, found: list[Piece]) -> None:
        super().__init__(found)
        self._ids = {id(one) for one in found}

    def __contains__(self, one: object) -> bool:
        return id(one) in self._ids


def _isolates(others: list[list[int]], theirs: list[list[int]]) -> bool:
    """Whether a combination of figures is nothing of the others' amounts, and something of theirs."""
    return _rank([[*a, *b] for a, b in zip(others, theirs, strict=True)]) > _rank(others)


def _rank(rows: list[list[int]]) -> int:
    columns = {tuple(row[at] for row in rows) for at in range(len(rows[0]))} if rows and rows[0] else set()
    basis: list[list[Fraction]] = []
    for column in columns:
        vector = [Fraction(value) for value in column]
        for one in basis:
            pivot = next(at for at, value in enumerate(one) if value)
            if vector[pivot]:
                factor = vector[pivot] / one[pivot]
                vector = [a - factor * b for a, b in zip(vector, one, strict=True)]
        if any(vector):
            basis.append(vector)
    return len(basis)


@settings(max_examples=150, deadline=None)
@given(pieces_of_a_team)
def test_sums_and_differences_within_a_grouping_are_about_five_or_more_of_whom_none_stands_out(
    pieces: list[Piece],
) -> None:
    for grouping, labels in allowed(pieces, GROUPINGS, 5).items():
        names = sorted(set(labels.values()))
        for count in range(1, len(names) + 1):
            for some in combinations(names, count):
                kept = [one for one in of_people(pieces) if labels[one.names[grouping]] in some]
                if not kept:
                    continue  # of bots alone
                spent: dict[int, int] = {}
                for one in kept:
                    spent[one.who] = spent.get(one.who, 0) + one.list_cost
                order = sorted(spent.values(), reverse=True)
                assert len(order) >= 5
                assert 100 * sum(order[2:]) >= 15 * order[0]


@settings(max_examples=100, deadline=None)
@given(pieces_of_a_team)
def test_everyones_total_could_be_15_percent_higher_with_the_same_figures(pieces: list[Piece]) -> None:
    """Not even a colleague's knowledge of his own part helps: the proof is another history, which is built here."""
    shown = allowed(pieces, GROUPINGS, 5)
    if not shown:
        return
    pieces = of_people(pieces)
    people = sorted({one.who for one in pieces})
    for target in people:
        for colleague in people:
            if colleague != target:
                assert _is_proved(pieces, shown, target, colleague)


def _is_proved(pieces: list[Piece], shown: Mapping[Grouping, Labels], target: int, colleague: int) -> bool:
    """Builds the other history, and looks at it as the colleague would: same figures, same own amounts, none below
    nothing."""
    total = sum(one.list_cost for one in pieces if one.who == target)
    other = _shifted(pieces, shown, target, colleague)
    assert _figures(other, shown) == _figures(pieces, shown)
    if 100 * sum(one.list_cost for one in other if one.who == target) >= 115 * total:
        return True
    classes: dict[tuple[str, ...], dict[int, tuple[int, int]]] = {}
    for one in pieces:
        sums = classes.setdefault(_key(one, shown), {})
        cost, tokens = sums.get(one.who, (0, 0))
        sums[one.who] = cost + one.list_cost, tokens + one.tokens
    found = Exchange(classes, 0).raised(target)
    assert found is not None
    where, rise, parts = found
    change: dict[tuple[int, str], Fraction] = {}
    for key, fall in [(where, -rise), *parts.items()]:
        for place in enumerate(key):
            change[place] = change.get(place, Fraction(0)) - fall
    assert not any(change.values())
    for key, fall in parts.items():
        third = [amounts[0] for who, amounts in classes[key].items() if who not in (target, colleague)]
        assert third
        assert sum(third) >= fall
    return rise * 100 >= 15 * total


@pytest.mark.parametrize("seed", [0, 3, 5])
def test_joined_weeks_beside_months_do_not_tell_what_one_person_spent(seed: int) -> None:
    """Eight people, weeks that lie in two months, and every figure of the run in one system of equations."""
    pieces = calendar_of_eight(seed)
    shown = allowed(pieces, GROUPINGS, 5)
    assert any(" to " in label for label in shown["week"].values())
    figures = [*shown_sums(pieces, shown).values()]
    for target in range(8):
        colleague = (target + 1) % 8
        assert _is_proved(pieces, shown, target, colleague)
        theirs = [one for one in pieces if one.who == target]
        unknown = [one for one in pieces if one.who not in (target, colleague)]
        rows = [[int(one in found) for one in theirs] for found in map(_ids, figures)]
        others = [[int(one in found) for one in unknown] for found in map(_ids, figures)]
        assert not _isolates(others, rows), target


def calendar_of_eight(seed: int) -> list[Piece]:
    """Four changes a week for ten weeks: no week alone has five contributors."""
    chance, start, found = Random(seed), date(2026, 1, 5), list[Piece]()
    for number in range(40):
        day = start + timedelta(days=number // 4 * 7 + chance.randrange(5))
        names = {"week": period_of(day.isoformat(), "week"), "month": day.isoformat()[:7]}
        found.append(piece(number % 8, chance.choice([100, 200, 500]), number, area=chance.choice("ab"), **names))
    return found


@pytest.mark.parametrize("seed", [1, 3, 4, 6, 10])
def test_eight_people_who_spend_unevenly_see_a_course_of_weeks_beside_all_else(seed: int) -> None:
    """Joining weak weeks with their neighbours ends in one run for some of them; other cuts hold beside the months."""
    pieces = uneven_calendar_of_eight(seed)
    shown = allowed(pieces, GROUPINGS, 5)
    assert {"month", "area", "week"} <= shown.keys()
    assert len(set(shown["week"].values())) >= 2
    for label in set(shown["week"].values()):
        kept = [one for one in pieces if shown["week"][one.names["week"]] == label]
        assert is_safe({who: _of(kept, who) for who in {one.who for one in kept}}, 5)


@pytest.mark.parametrize("seed", [3, 6])
def test_weeks_of_uneven_spend_do_not_tell_what_one_person_spent(seed: int) -> None:
    pieces = uneven_calendar_of_eight(seed)
    shown = allowed(pieces, GROUPINGS, 5)
    figures = [*shown_sums(pieces, shown).values()]
    for target in range(8):
        colleague = (target + 1) % 8
        assert _is_proved(pieces, shown, target, colleague)
        theirs = [one for one in pieces if one.who == target]
        unknown = [one for one in pieces if one.who not in (target, colleague)]
        rows = [[int(one in found) for one in theirs] for found in map(_ids, figures)]
        others = [[int(one in found) for one in unknown] for found in map(_ids, figures)]
        assert not _isolates(others, rows), target


def uneven_calendar_of_eight(seed: int) -> list[Piece]:
    """Two to eight changes a week for twelve weeks, of which some people make many and some few."""
    chance, start, found = Random(seed), date(2026, 1, 5), list[Piece]()
    rates = [chance.lognormvariate(0, 0.5) for _ in range(8)]
    for week in range(12):
        for _ in range(chance.randrange(2, 9)):
            (who,) = chance.choices(range(8), rates)
            day = start + timedelta(days=week * 7 + chance.randrange(5))
            names = {"week": period_of(day.isoformat(), "week"), "month": day.isoformat()[:7]}
            names |= {"area": chance.choice("abc"), "model": chance.choice("xyz"), "size": chance.choice("sml")}
            found.append(piece(who, round(100 * chance.lognormvariate(1, 1)), len(found), **names))
    return found


def _figures(pieces: list[Piece], shown: Mapping[Grouping, Labels]) -> dict[tuple[str, str], int]:
    return {key: sum(one.list_cost for one in found) for key, found in shown_sums(pieces, shown).items()}


def _shifted(pieces: list[Piece], shown: Mapping[Grouping, Labels], target: int, colleague: int) -> list[Piece]:
    """All that third people have in cells where the target has something becomes the target's."""
    where = {_key(one, shown) for one in pieces if one.who == target}
    return [one._replace(who=target) if one.who != colleague and _key(one, shown) in where else one for one in pieces]


def _key(one: Piece, shown: Mapping[Grouping, Labels]) -> tuple[str, ...]:
    return tuple(labels[one.names[name]] for name, labels in shown.items())


def test_a_cell_of_several_repositories_has_the_contributors_that_the_strictest_of_them_wants() -> None:
    def cells(strictest: int) -> dict[int, tuple[str, str]]:
        wanted = {"a": 3, "b": 3, "c": 3, "d": strictest}
        return safe_cells(
            [
                Share(2 * at + person, family, "2026-10", "src", "m", 100, 100, least)
                for at, (family, least) in enumerate(wanted.items())
                for person in range(2)
            ]
        )

    assert cells(3) == dict.fromkeys(range(8), ("src", "m"))
    assert cells(9) == {}


@pytest.mark.slow
def test_a_team_of_thirty_with_four_hundred_changes_does_not_wait_for_its_report() -> None:
    """Nearly every change is in a combination of cells of its own, and each pair of people is looked at."""
    numbers = Random(1)
    several: dict[Grouping, int] = {"area": 12, "model": 5, "type": 6, "issue": 50, "size": 5, "tag": 20, "month": 12}
    pieces = [
        piece(
            numbers.randrange(30),
            numbers.randrange(1, 10**9),
            number=0,
            **{str(name): f"{numbers.randrange(count):02}" for name, count in several.items()},
        )
        for _ in range(400)
    ]
    begun = time.process_time()
    assert allowed(pieces, [*several], 5).keys() >= {"area", "month"}
    assert time.process_time() - begun < 30


def test_a_large_team_gets_every_grouping() -> None:
    """The rules are no reason to show nothing: 12 people, a year, four areas, three models."""
    chance = Random(1)
    pieces = [
        piece(chance.randrange(12), 100 + chance.randrange(5) * 50, number, area=chance.choice("abcd"),
              month=f"{number // 50:02d}", week=f"w{number // 12:02d}", model=chance.choice("xyz"),
              size=chance.choice("sml"))
        for number in range(600)
    ]  # fmt: skip
    shown = allowed(pieces, GROUPINGS, 5)
    assert {"area", "month", "model", "size"} <= shown.keys()
    for name, labels in shown.items():
        assert sum(label != OTHER for label in labels.values()) >= min(3, len(labels)), name


def many_uneven(seed: int) -> list[Piece]:
    """Sixty people over thirty months, of whom few make most of the changes and each spends at another rate."""
    chance = Random(seed)
    rates = [10 ** chance.uniform(0, 2) for _ in range(60)]
    found: list[Piece] = []
    for number in range(700):
        who = min(int(chance.expovariate(1 / 12)), 59)
        names = {
            "month": f"2026-{chance.randrange(30):02}",
            "area": chance.choice("abcd"),
            "model": chance.choice("pq"),
        }
        names |= {"type": chance.choice(("feat", "fix", "docs")), "issue": chance.choice(("(no issue)", f"#{number}"))}
        found.append(piece(who, int(100 * rates[who] * 10 ** chance.gauss(0, 0.4)), number, **names))
    return found


def test_few_who_stand_out_in_some_months_do_not_take_all_other_groupings_from_many() -> None:
    shown = shown_labels(many_uneven(1), 5)
    assert {"area", "model", "type"} <= shown.keys()
    assert len(set(shown["month"].values())) >= 10


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_whoever_stands_out_among_many_is_hidden_by_what_is_shown(seed: int) -> None:
    pieces = many_uneven(seed)
    shown = shown_labels(pieces, 5)
    classes: dict[tuple[str, ...], dict[int, tuple[int, int]]] = {}
    for one in pieces:
        sums = classes.setdefault(_key(one, shown), {})
        cost, tokens = sums.get(one.who, (0, 0))
        sums[one.who] = cost + one.list_cost, tokens + one.tokens
    assert standing_out(classes) == set()
