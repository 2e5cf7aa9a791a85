"""Work that is given up after its time: whatever it was given is put away by whoever uses it last."""

import threading

import pytest

from tokcost.reconciliation.deadline import Late, within


def test_work_that_comes_back_late_puts_away_what_it_was_given() -> None:
    goes_on, is_over, put_away = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        goes_on.wait()
        assert not put_away.is_set()  # it is still in use
        is_over.set()

    with pytest.raises(Late):
        within(0.01, work, late=put_away.set)
    goes_on.set()
    assert put_away.wait(60)
    assert is_over.is_set()


def test_work_that_fails_late_puts_away_what_it_was_given() -> None:
    goes_on, put_away = threading.Event(), threading.Event()

    def work() -> None:
        goes_on.wait()
        raise ValueError("nobody hears this")

    with pytest.raises(Late):
        within(0.01, work, late=put_away.set)
    goes_on.set()
    assert put_away.wait(60)


def test_work_that_comes_back_in_time_leaves_that_to_its_caller() -> None:
    put_away: list[str] = []
    assert within(60, lambda: "answer", late=lambda: put_away.append("late")) == "answer"
    with pytest.raises(ValueError, match="fails"):
        within(60, lambda: _fail(), late=lambda: put_away.append("late"))
    assert put_away == []


def test_work_that_ends_at_the_very_end_of_its_time_is_either_taken_or_put_away() -> None:
    taken, put_away = 0, threading.Semaphore(0)
    for _ in range(300):
        try:
            taken += within(0, lambda: 1, late=put_away.release)
        except Late:
            assert put_away.acquire(timeout=60), "neither taken nor put away"
    assert not put_away.acquire(blocking=False), f"{taken} were taken, and one of them put away as well"


def _fail() -> None:
    raise ValueError("this fails")
