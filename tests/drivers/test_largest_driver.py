"""The driver that an editor's tooltip names."""

from support.worked import Worked
from tokcost.ledger.open import open_ledger
from tokcost.policy.clone_state import read_state
from tokcost.reports.drivers import largest_text
from tokcost.services.find_largest_drivers import MOST_AT_ONCE, LargestDrivers
from tokcost.services.read_status import status_of


class Clock:
    """Every answer takes a second of it."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


def named(worked: Worked, drivers: LargestDrivers) -> str:
    worked.explain()
    status = status_of(worked.repo.ledger_home, read_state(worked.repo.worktree))
    with open_ledger(worked.repo.ledger_home) as ledger:
        found = drivers.of(ledger, worked.repo.ledger_home, worked.repo.worktree, status)
    return largest_text(found) if found else ""


def test_it_is_named_with_its_figure_when_it_is_above_a_third(worked: Worked) -> None:
    worked.request(output=100)
    worked.request(write=100)
    assert named(worked, LargestDrivers()) == "visible output, 80% ($0.0015)"


def test_nothing_is_named_where_no_driver_is_above_a_third(worked: Worked) -> None:
    worked.request(output=100, input=250, counts={"output_tokens_details": {"thinking_tokens": 50}})
    worked.request(write=200)
    assert named(worked, LargestDrivers()) == ""


def test_nothing_is_named_where_nothing_was_spent(worked: Worked) -> None:
    assert named(worked, LargestDrivers()) == ""


def test_what_took_long_to_say_holds_for_a_hundred_times_as_long(worked: Worked) -> None:
    clock = Clock()
    drivers = LargestDrivers(clock)
    worked.request(output=100)
    assert named(worked, drivers).startswith("visible output")
    worked.request(write=100_000)
    assert named(worked, drivers).startswith("visible output")
    clock.now += 100
    assert named(worked, drivers).startswith("cache written")


def test_of_a_branch_with_much_usage_the_figures_do_not_wait_for_it(worked: Worked) -> None:
    drivers = LargestDrivers()
    for _ in range(MOST_AT_ONCE + 1):
        worked.request(output=100)
    assert named(worked, drivers) == ""
    assert drivers.is_waiting
    drivers.explain()
    assert not drivers.is_waiting
    assert named(worked, drivers).startswith("visible output")
