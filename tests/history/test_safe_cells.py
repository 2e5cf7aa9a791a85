"""Cells of one repository's month beside the cells of its own report: which of them give way, and how far."""

import pytest

from tokcost.history.privacy.safe_cells import Share, safe_cells
from tokcost.model.dataset import ALL

LEAST = 3


class Month:
    """The shares of a month, each of another person, and the area that each is in."""

    def __init__(self) -> None:
        self.shares: list[Share] = []
        self.areas: list[str] = []

    def add(self, area: str, people: int, report: str, known: str = "") -> None:
        for _ in range(people):
            one = Share(len(self.shares), "r", "2026-10", area, "m", 100, 100, LEAST, (report,), known)
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
