"""Cells of one repository's month beside the cells of its own report: which of them give way, and how far."""

import pytest

from tokcost.history.privacy.contributors import NOBODY
from tokcost.history.privacy.safe_cells import Share, safe_cells
from tokcost.model.dataset import ALL

LEAST = 3


class Month:
    """The shares of a month, each of another person, and the area that each is in."""

    def __init__(self) -> None:
        self.shares: list[Share] = []
        self.areas: list[str] = []

    def add(self, area: str, people: int, report: str, known: str = "", *, family: str = "r", bots: int = 0) -> None:
        for number in range(people + bots):
            who = len(self.shares) if number < people else NOBODY
            one = Share(who, family, "2026-10", area, "m", 100, 100, LEAST, (report,), known)
            self.shares.append(one)
            self.areas.append(area)

    def cells(self) -> dict[str, set[tuple[str, str] | None]]:
        """By area the cells that its shares are in."""
        places, found = safe_cells(self.shares), dict[str, set[tuple[str, str] | None]]()
        for number, area in enumerate(self.areas):
            found.setdefault(area, set()).add(places.get(number))
        return found


@pytest.mark.parametrize(("left_over", "given_up"), [(4, set()), (14, {"g"}), (0, {"g"})])
def test_a_cell_by_which_one_person_could_be_told_is_joined_with_the_weakest_one_and_with_what_is_left_over(
    left_over: int, given_up: set[str]
) -> None:
    # `told` of the report is all of b, and one share more.
    month = Month()
    for area, people in (("g", 5), ("c", 8), ("f", 9)):
        month.add(area, people, "rest")
    month.add("b", 7, "told")
    if left_over:
        month.add("d", 1, "told")
        for number in range(left_over - 1):
            month.add(f"e{number // 2}", 1, "rest")
    else:
        month.add("g", 1, "told")
    found = month.cells()
    common = {"b", *given_up, *(area for area in found if area[0] in "de")}
    assert {area for area, places in found.items() if places == {(ALL, ALL)}} == common
    assert all(found[area] == {(area, "m")} for area in found.keys() - common)


@pytest.mark.parametrize("areas", [1, 5])
def test_where_what_was_published_before_tells_of_one_person_nothing_is_added_to_it(areas: int) -> None:
    month = Month()
    month.add("a", 1, "his", known="published")
    for area in "bcdef"[:areas]:
        month.add(area, 6, "theirs")
    assert month.cells() == {area: {None} for area in "abcdef"[: areas + 1]}


def test_another_repositorys_bot_does_not_publish_what_the_report_of_a_repository_keeps_back() -> None:
    month = Month()
    month.add("a", 1, "his", known="published")
    month.add("b", 6, "theirs")
    month.add("b", 0, "", family="s", bots=1)
    for family in "stuvw":
        month.add("c", 1, "", family=family)
    assert month.cells() == {"a": {None}, "b": {(ALL, ALL)}, "c": {(ALL, ALL)}}


def test_what_bots_of_several_repositories_did_is_a_cell_though_people_in_them_wait() -> None:
    month = Month()
    for family in "rs":
        month.add("deps", 0, "", family=family, bots=1)
    assert month.cells() == {"deps": {("deps", "m")}}
    month.add("api", 2, "")
    assert month.cells() == {"deps": {("deps", "m"), None}, "api": {None}}


def test_bots_in_the_cells_of_several_repositories_take_nothing_from_people_there() -> None:
    month = Month()
    for family in "rstuv":
        month.add("api", 1, "", family=family)
        month.add("deps", 0, "", family=family, bots=1)
    month.add("deps", 0, "", family="w", bots=1)
    assert month.cells() == {"api": {("api", "m")}, "deps": {("deps", "m")}}
