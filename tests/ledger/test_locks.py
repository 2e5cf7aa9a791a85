"""What a process holds of a ledger stays held while it opens the same ledger again."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tokcost.ledger.open import Ledger, open_for_reading, open_ledger
from tokcost.ledger.settings import record_setting

INDEX_IN_USE = 128
"""The byte of `-shm` that every connection keeps a shared lock of: whoever can lock it alone truncates that file under
those who have mapped it (SQLite's os_unix.c)."""
LOCKS = """
import fcntl, sys
with open(sys.argv[1], "r+b") as index:
    try:
        fcntl.lockf(index, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, int(sys.argv[2]))
    except OSError:
        sys.exit("held")
"""


def is_held(home: Path) -> bool:
    """Whether another process sees that the index of the write-ahead log is in use."""
    words = [sys.executable, "-c", LOCKS, str(home / "ledger.db-shm"), str(INDEX_IN_USE)]
    return subprocess.run(words, capture_output=True, check=False).returncode != 0


@pytest.mark.skipif(sys.platform == "win32", reason="there a lock belongs to an open file")
@pytest.mark.parametrize("again", [open_ledger, open_for_reading])
def test_a_second_connection_leaves_the_locks_of_the_first(
    tmp_path: Path, again: Callable[[Path], Ledger | None]
) -> None:
    home = tmp_path / "ledger"
    with open_ledger(home) as first:
        with first.transaction():
            record_setting(first, "a", "b")
        assert is_held(home)
        for _ in range(2):
            second = again(home)
            assert second is not None
            second.close()
            assert is_held(home)
    with open_ledger(home) as third:
        with third.transaction():
            record_setting(third, "a", "c")
        assert is_held(home)
