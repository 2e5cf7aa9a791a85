"""Opening the ledger."""

import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from support.make_schema import made
from tokcost.errors import LedgerDamaged, LedgerUnavailable
from tokcost.ledger import migrations
from tokcost.ledger.open import (
    FILE_NAME,
    SCHEMA_VERSION,
    open_for_reading,
    open_ledger,
)
from tokcost.ledger.snapshot import FILE

OLD = Path(__file__).parent / "old"


def schema(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    query = "SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE '%sqlite%' ORDER BY name"
    return connection.execute(query).fetchall()


def test_a_new_ledger_is_private(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with open_ledger(home) as ledger, ledger.transaction():
        ledger.db.execute("INSERT INTO setting VALUES ('a', 'b')")
        for name in (FILE_NAME, f"{FILE_NAME}-wal"):
            assert stat.S_IMODE((home / name).stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert [path.name for path in home.iterdir()] == [FILE_NAME]


def test_many_processes_may_open_a_new_ledger_at_once(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from tokcost.ledger.open import open_ledger;"
        "ledger = open_ledger(pathlib.Path(sys.argv[1]));"
        "ledger.transaction().__enter__(); print(ledger.db.execute('PRAGMA journal_mode').fetchone()[0])"
    )
    for round in range(4):
        home = str(tmp_path / str(round))
        running = [
            subprocess.Popen([sys.executable, "-P", "-c", code, home], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            for _ in range(6)
        ]
        for process in running:
            out, err = process.communicate(timeout=60)
            assert (process.returncode, out.strip()) == (0, b"wal"), err


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION + 1))
def test_every_earlier_version_is_upgraded_to_the_schema_of_a_new_ledger(tmp_path: Path, version: int) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    with sqlite3.connect(old / FILE_NAME) as connection:
        connection.executescript((OLD / f"{version}.sql").read_text())
    connection.close()
    with open_ledger(old) as upgraded, open_ledger(new) as fresh:
        assert schema(upgraded.db) == schema(fresh.db)
        assert upgraded.db.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        assert upgraded.db.execute("SELECT count(*) FROM usage").fetchone() == (1,)


def test_a_new_ledger_has_exactly_what_the_steps_make(tmp_path: Path) -> None:
    assert FILE.read_text() == made(), "run PYTHONPATH=tests python -m support.make_schema"
    with open_ledger(tmp_path) as ledger:
        before = ledger.db.execute("SELECT * FROM _sqlite_migrations").fetchall()
        migrations.apply(ledger.db)
        assert ledger.db.execute("SELECT * FROM _sqlite_migrations").fetchall() == before


def test_making_a_ledger_imports_nothing_heavy(tmp_path: Path) -> None:
    assert heavy_modules_after_opening(tmp_path) == b"[]"
    assert heavy_modules_after_opening(tmp_path) == b"[]"


def test_a_ledger_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        ledger.db.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
        ledger.db.execute("INSERT INTO _sqlite_migrations (migration_set, name) VALUES ('tokcost', 'm_to_come')")
    with pytest.raises(LedgerUnavailable, match="newer tokcost"):
        open_ledger(tmp_path)


@pytest.mark.parametrize("content", [b"", b"not a database" * 1000])
def test_a_damaged_file_is_named_and_left_where_it_is(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    for opened in (open_ledger, open_for_reading):
        with pytest.raises(LedgerDamaged, match=FILE_NAME):
            opened(tmp_path)
    assert (tmp_path / FILE_NAME).read_bytes() == content


def test_a_folder_that_is_a_file_is_told_in_a_sentence(tmp_path: Path) -> None:
    home = tmp_path / "file"
    home.write_text("")
    with pytest.raises(LedgerUnavailable) as caught:
        open_ledger(home / "ledger")
    assert "TOKCOST_HOME" in caught.value.hint


def test_a_locked_ledger_is_told_after_the_time_given(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as holder, open_ledger(tmp_path, busy_seconds=0.05) as waiting, holder.transaction():
        with pytest.raises(LedgerUnavailable, match="locked"), waiting.transaction():
            pass


def test_reading_makes_no_file(tmp_path: Path) -> None:
    assert open_for_reading(tmp_path / "nowhere") is None
    assert list(tmp_path.iterdir()) == []


def test_a_failed_transaction_leaves_nothing(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        with pytest.raises(KeyError), ledger.transaction():
            ledger.db.execute("INSERT INTO setting VALUES ('a', 'b')")
            raise KeyError
        assert ledger.db.execute("SELECT count(*) FROM setting").fetchone() == (0,)


def heavy_modules_after_opening(home: Path) -> bytes:
    code = (
        "import sys, pathlib; from tokcost.ledger.open import open_ledger; open_ledger(pathlib.Path(sys.argv[1]));"
        "print([m for m in ('sqlite_utils', 'genai_prices', 'rich', 'click') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-P", "-c", code, str(home)], capture_output=True, check=True, env=os.environ)
    return out.stdout.strip()
