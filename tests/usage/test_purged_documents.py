"""What was purged of a file that its assistant writes anew as a whole does not come back, and costs nothing else of
it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from readers import test_amp as amp
from readers import test_cline as cline
from readers import test_cline_tasks as tasks
from readers import test_gemini as gemini
from tokcost.ledger.open import open_ledger
from tokcost.ledger.sources import problems
from tokcost.services.purge import PurgeConditions, purge
from tokcost.services.refresh import refresh

DAY = 86_400_000
T0 = cline.T0


def sessions_of_cline(home: Path, *days: int) -> object:
    return cline.session(home, *(cline.reply(f"msg_{day}", T0 + day * DAY) for day in days))


def tasks_of_cline(home: Path, *days: int) -> object:
    return tasks.task(home, "cline", *(tasks.request(day * DAY) for day in days))


def documents_of_gemini(home: Path, *days: int) -> object:
    return gemini.document(home, *(gemini.message(f"m{day}", T0 + day * DAY) for day in days))


def threads_of_amp(home: Path, *days: int) -> object:
    return amp.thread(home, *(amp.message(day, amp.usage(T0 + day * DAY)) for day in days))


class Ledger:
    """The ledger of somebody with one assistant."""

    def __init__(self, home: Path) -> None:
        self._home, self.path = home, home / "ledger"

    def look(self) -> list[int]:
        """Import; the days of all usage."""
        refresh(self.path, {"HOME": str(self._home), "TOKCOST_HOME": str(self.path)})
        with open_ledger(self.path) as ledger:
            assert problems(ledger) == []
            return [(ms - T0) // DAY for (ms,) in ledger.db.execute("SELECT time_ms FROM usage ORDER BY 1")]

    def purge(self, **asked: Any) -> None:
        """Delete usage for good."""
        purge(self.path, self._home, PurgeConditions(**asked))


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path)


@pytest.mark.few
@pytest.mark.parametrize("write", [sessions_of_cline, tasks_of_cline, documents_of_gemini, threads_of_amp])
def test_what_is_left_of_a_document_that_was_rewound_to_what_was_purged_stays(
    write: Callable[..., object], tmp_path: Path, ledger: Ledger
) -> None:
    write(tmp_path, 1, 5)
    assert ledger.look() == [1, 5]
    ledger.purge(before_ms=T0 + 3 * DAY)
    write(tmp_path, 1, 5, 6)
    assert ledger.look() == [5, 6]
    write(tmp_path, 1)
    assert ledger.look() == [5, 6]
    write(tmp_path, 1, 9)
    assert ledger.look() == [5, 6, 9]


@pytest.mark.parametrize("everything", [True, False])
def test_the_sum_of_deleted_requests_does_not_bring_back_what_was_purged(
    everything: bool, tmp_path: Path, ledger: Ledger
) -> None:
    tasks.task(tmp_path, "cline", tasks.request(DAY), tasks.request(5 * DAY))
    assert ledger.look() == [1, 5]
    deleted = tasks.request(6 * DAY, say="deleted_api_reqs")
    tasks.task(tmp_path, "cline", tasks.request(DAY), deleted)
    assert ledger.look() == [1, 5]
    ledger.purge(**({"all": True} if everything else {"before_ms": T0 + 3 * DAY}))
    tasks.task(tmp_path, "cline", tasks.request(DAY), deleted, tasks.request(9 * DAY))
    assert ledger.look() == ([9] if everything else [5, 9])
