"""Salvaging a damaged ledger that an older tokcost wrote."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from support import damages
from support.damages import PAGE
from support.tables import few
from tokcost.ledger.open import FILE_NAME, open_ledger
from tokcost.ledger.rescue_record import read_rescues
from tokcost.ledger.rollup import disagreements
from tokcost.services.rescue import rescue

OLD = Path(__file__).parent / "old"
COUNT = 400


def old_ledger(home: Path, version: int) -> dict[tuple[str, str], int]:
    """A ledger of that schema with usage on a branch; its pages by name and kind."""
    home.mkdir(mode=0o700)
    with closing(sqlite3.connect(home / FILE_NAME)) as old:
        old.execute(f"PRAGMA page_size = {PAGE}")
        old.executescript((OLD / f"{version}.sql").read_text())
        old.execute("DELETE FROM usage")
        old.execute("INSERT INTO repository VALUES (70, '/a/.git', '/a', 'f')")
        old.execute("INSERT INTO worktree (id, repository, path, git_dir) VALUES (71, 70, '/a', '/a/.git')")
        old.execute("INSERT INTO directory VALUES (72, '/a/b', 71)")
        old.execute("INSERT INTO session VALUES (73, 'claude-code', 's')")
        old.executemany(
            "INSERT INTO usage (key, assistant, time_ms, model, provider, kind, speed, tier, input, cache_read,"
            " cache_write_5m, cache_write_1h, output, reasoning, web_searches, lower_bound, copy_rank, weak_key,"
            " session, directory, hint, hint_stale, repository, worktree, branch, evidence, list_cost, price_state,"
            " price) VALUES (?, 'claude-code', ?, 'm', '', 'response', '', '', 1, 2, 3, 4, 5, 0, 0, 0, 0, 0, 73, 72,"
            " 'main', 0, 70, 71, 'main', 'reflog', 11, 'priced', NULL)",
            ((f"key{number}", 1_760_000_000_000 + number) for number in range(COUNT)),
        )
        old.commit()
        found = old.execute("SELECT name, pagetype, pageno FROM dbstat ORDER BY pageno DESC")
        return {(name, kind): page for name, kind, page in found}


@pytest.mark.few
@pytest.mark.parametrize("version", few([1, 2, 3, 4], 2))
@pytest.mark.parametrize(
    "what", ["usage_session", "usage", "session", "directory", "worktree", "repository", "header", "schema"]
)
def test_all_that_other_pages_hold_is_saved_and_upgraded(tmp_path: Path, version: int, what: str) -> None:
    home = tmp_path / "home"
    pages = old_ledger(home, version)
    harm = {
        "usage": damages.fill(pages.get(("usage", "internal"), 0), 0),
        "header": damages.header(60, b"\x00\x00\x00\x05"),
        "schema": damages.fill(1, 0),
    }
    damage = harm.get(what) or damages.fill(pages[what, "leaf"], 0xFF)
    data = bytearray((home / FILE_NAME).read_bytes())
    damage.do(data)
    (home / FILE_NAME).write_bytes(data)
    rescue(home, "damaged")
    assert len(read_rescues(home)) == 1
    with open_ledger(home) as ledger:
        query = "SELECT count(*), sum(tokens), count(DISTINCT key), sum(list_cost) FROM usage_row"
        assert ledger.db.execute(query).fetchone() == (COUNT, 15 * COUNT, COUNT, 11 * COUNT)
        places = ledger.db.execute("SELECT DISTINCT branch, evidence, assistant FROM usage_row").fetchall()
        assert places == [("main", "reflog", "claude-code")]
        assert disagreements(ledger) == []
        assert ledger.db.execute("PRAGMA foreign_key_check").fetchall() == []
        assert ledger.db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.parametrize("version", [5, 9])
@pytest.mark.parametrize("damage", [damages.fill(1, 0), damages.header(60, b"\x00\x00\x00\x63")])
def test_what_was_none_in_an_older_schema_is_none_after_a_rescue(
    tmp_path: Path, version: int, damage: damages.Damage
) -> None:
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as old:
        old.execute(f"PRAGMA page_size = {PAGE}")
        old.executescript((OLD / f"{version}.sql").read_text())
        old.execute("UPDATE source SET cursor = x''")
        old.execute("INSERT OR IGNORE INTO observation VALUES ('/a/.git', 1, 2, '')")
        old.execute("INSERT INTO price VALUES ('stand-in', 'anthropic', 'm', '', '', 0, 0)")
        old.commit()
    data = bytearray((tmp_path / FILE_NAME).read_bytes())
    damage.do(data)
    (tmp_path / FILE_NAME).write_bytes(data)
    rescue(tmp_path, "damaged")
    with open_ledger(tmp_path) as ledger:
        ask = ledger.db.execute
        assert ask("SELECT model, provider, speed, factor_percent FROM usage_row").fetchall() == [
            ("claude-sonnet-4-5", None, None, None)
        ]
        assert ask("SELECT DISTINCT cursor FROM source").fetchall() == [(None,)]
        assert ask("SELECT branch FROM observation WHERE git_dir = '/a/.git'").fetchall() == [(None,)]
        assert ask("SELECT count(*) FROM price WHERE provider IS NULL").fetchone() == (1,)
        assert ask("SELECT basis, body FROM price WHERE id = 'stand-in'").fetchall() == [(None, None)]


def test_a_sound_ledger_of_an_older_schema_is_no_damaged_one(tmp_path: Path) -> None:
    home = tmp_path / "home"
    old_ledger(home, 3)
    rescue(home, "nothing")
    assert read_rescues(home) == []
