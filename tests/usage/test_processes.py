"""Work shared among processes: all of it, in order, whatever happens to one of them."""

import os
import signal
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from tokcost.usage.processes import CAN_FORK, forked

pytestmark = pytest.mark.skipif(not CAN_FORK, reason="this system does not fork")
OURS = os.getpid()


@pytest.mark.slow
def test_results_come_in_order_however_large_and_uneven() -> None:
    sizes = [1, 5_000_000, 1, 1, 2_000_000, 0, 3] * 30
    with forked(lambda number: [bytes([number]) * sizes[number]], len(sizes), 3) as results:
        assert list(results) == [bytes([number]) * size for number, size in enumerate(sizes)]


def test_the_work_is_done_by_other_processes_side_by_side() -> None:
    def work(_: int) -> list[bytes]:
        time.sleep(0.02)
        return [b"%d" % os.getpid()]

    with forked(work, 60, 2) as results:
        ids = {int(result) for result in results}
    assert len(ids) == 2
    assert OURS not in ids


def test_many_results_of_one_piece_come_in_its_place_and_take_no_memory_while_they_wait() -> None:
    def work(number: int) -> Iterator[bytes]:
        time.sleep(0.3 if number == 0 else 0)
        for part in range(100):
            yield bytes([number, part]) * 500_000

    tracemalloc.start()
    with forked(work, 4, 2) as results:
        taken = [result[:2] for result in results]
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken == [bytes([number, part]) for number in range(4) for part in range(100)]
    assert most < 50_000_000


def test_a_process_killed_between_the_results_of_a_piece_repeats_and_loses_none() -> None:
    def work(number: int) -> Iterator[bytes]:
        for part in range(20):
            if (number, part) == (3, 10) and os.getpid() != OURS:
                os.kill(os.getpid(), signal.SIGKILL)
            yield bytes([number, part])

    with forked(work, 8, 2) as results:
        assert list(results) == [bytes([number, part]) for number in range(8) for part in range(20)]


def test_what_a_killed_process_leaves_undone_is_done_here() -> None:
    def work(number: int) -> list[bytes]:
        if number == 70 and os.getpid() != OURS:
            os.kill(os.getpid(), signal.SIGKILL)
        return [b"%d" % number]

    with forked(work, 200, 2) as results:
        assert [int(result) for result in results] == list(range(200))


def test_an_error_of_the_work_itself_is_raised_where_the_result_is_taken() -> None:
    def work(number: int) -> list[bytes]:
        return [b"%d" % (1 // (number - 2))]

    with forked(work, 4, 2) as results:
        assert [next(results), next(results)] == [b"-1", b"-1"]
        with pytest.raises(ZeroDivisionError):
            next(results)


def test_no_process_is_left_when_nobody_wants_the_rest(tmp_path: Path) -> None:
    def work(number: int) -> list[bytes]:
        (tmp_path / str(os.getpid())).touch()
        return [bytes(3_000_000)]

    with forked(work, 200, 2) as results:
        next(results)
    ids = [int(path.name) for path in tmp_path.iterdir()]
    assert ids
    assert not [one for one in ids if Path(f"/proc/{one}").exists()]
