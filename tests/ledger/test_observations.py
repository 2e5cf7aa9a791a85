"""Where HEAD was seen."""

from pathlib import Path

from tokcost.ledger.observations import observations, record_observation
from tokcost.ledger.open import open_ledger
from tokcost.model.place import Observation


def test_a_stretch_goes_on_while_somebody_watches_and_ends_with_the_branch(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger, ledger.transaction():
        for branch, now_ms in (("main", 100), ("main", 150), ("feat/x", 200), ("", 250), ("main", 300), ("main", 350)):
            record_observation(ledger, "/repo/.git", branch, now_ms, 100)
        record_observation(ledger, "/else/.git", "main", 400, 100)
        assert observations(ledger, "/repo/.git") == [
            Observation(100, 150, "main"),
            Observation(200, 200, "feat/x"),
            Observation(250, 250, ""),
            Observation(300, 350, "main"),
        ]


def test_what_nobody_watched_is_not_filled_in(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger, ledger.transaction():
        record_observation(ledger, "/repo/.git", "main", 100, 100)
        record_observation(ledger, "/repo/.git", "main", 900, 800)
        assert observations(ledger, "/repo/.git") == [Observation(100, 100, "main"), Observation(900, 900, "main")]


def test_a_folder_of_any_bytes_is_remembered(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger, ledger.transaction():
        record_observation(ledger, "/r\udcffpo/.git", "main", 100, 100)
        assert observations(ledger, "/r\udcffpo/.git") == [Observation(100, 100, "main")]
