"""A purge in the ledger, beside what `tests/hooks/test_purge.py` sees of it."""

import sqlite3
from pathlib import Path

import pytest

from tokcost.errors import LedgerDamaged
from tokcost.ledger.open import Ledger, open_ledger
from tokcost.ledger.purging import purging
from tokcost.ledger.settings import record_setting, setting


class InterruptedHere(Exception):
    """Stops a purge."""


def name_nothing(ledger: Ledger) -> None:
    """A row that names a source which is not there."""
    with ledger.transaction():
        ledger.db.execute("INSERT INTO tally (source, kind, reason, count) VALUES (7, 'skipped', 'damaged record', 1)")


def test_after_a_purge_rows_must_name_what_is_there_again(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        with pytest.raises(sqlite3.IntegrityError):
            name_nothing(ledger)
        with purging(ledger):
            pass
        with pytest.raises(sqlite3.IntegrityError):
            name_nothing(ledger)


def test_a_purge_that_leaves_a_reference_to_nothing_deletes_nothing(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        with ledger.transaction():
            record_setting(ledger, "kept", "yes")
        with pytest.raises(LedgerDamaged, match="a row of tally refers to a missing row of source"), purging(ledger):
            ledger.db.execute("DELETE FROM setting WHERE name = 'kept'")
            ledger.db.execute("INSERT INTO tally (source, kind, reason, count) VALUES (7, 'skipped', 'damaged', 1)")
        assert setting(ledger, "kept") == "yes"


def test_after_a_purge_that_failed_they_must_as_well(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        with pytest.raises(InterruptedHere), purging(ledger):
            raise InterruptedHere
        with pytest.raises(sqlite3.IntegrityError):
            name_nothing(ledger)
