"""What the ledger accepts, how it is asked, and what an upgrade keeps."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tokcost.ledger import claims, commits, places, query, record, sources, totals
from tokcost.ledger.open import FILE_NAME, Ledger, open_ledger
from tokcost.ledger.rollup import Rollup, disagreements
from tokcost.ledger.rows import Entry
from tokcost.model.place import BranchPlace
from tokcost.model.usage import Tokens, Usage

OLD = Path(__file__).parent / "old"


def usage(key: str = "a", **more: object) -> Usage:
    return Usage("claude-code", key, 1_760_000_000_000, "claude-opus-4-5", Tokens(1, 2, 3, 4, 5))._replace(**more)


def entry(one: Usage, repository: int | None = None, worktree: int | None = None, branch: str | None = None) -> Entry:
    place = BranchPlace(branch, "reflog" if branch else "none")
    return Entry(one, repository, worktree, place, 7, "priced", None)


def insert(ledger: Ledger, *entries: Entry) -> None:
    rollup = Rollup()
    record.insert_usage(ledger, entries, rollup)
    rollup.apply(ledger)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path) as opened:
        yield opened


@pytest.mark.parametrize(
    "change",
    [
        "input = -5",
        "output = -1",
        "web_searches = -1000000000",
        "list_cost = -1",
        "reported_cost = -1",
        "copy_rank = 3",
        "lower_bound = 2",
        "claim = 1",
        "claim_version = 1",
        "series = 99",
        "place = 99",
        "session = 99",
        "source = 99",
        "request_id = ''",
    ],
)
def test_a_row_that_no_reader_may_write_is_refused(ledger: Ledger, change: str) -> None:
    with ledger.transaction():
        insert(ledger, entry(usage()))
    with pytest.raises(sqlite3.IntegrityError):
        ledger.db.execute(f"UPDATE usage SET {change}")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE series SET kind = 'guess'",
        "UPDATE series SET price_state = 'cheap'",
        "UPDATE place SET evidence = 'hearsay'",
        "UPDATE place SET branch = ''",
        "UPDATE place SET repository = 99",
        "INSERT INTO claim (name, repository, version) VALUES ('x', 99, 1)",
        "DELETE FROM place",
    ],
)
def test_words_and_numbers_that_mean_nothing_are_refused(ledger: Ledger, statement: str) -> None:
    with ledger.transaction():
        insert(ledger, entry(usage()))
    with pytest.raises(sqlite3.IntegrityError):
        ledger.db.execute(statement)


def test_what_repeats_is_kept_once(ledger: Ledger) -> None:
    with ledger.transaction():
        insert(ledger, *(entry(usage(str(number), session="s", cwd="/w")) for number in range(50)))
    for table in ("assistant", "series", "place", "log_place", "session", "directory"):
        assert ledger.db.execute(f"SELECT count(*) FROM {table}").fetchone() == (1,), table


def test_a_usage_comes_back_as_it_was_recorded(ledger: Ledger) -> None:
    told = usage(
        session="s",
        cwd="/w",
        branch="feat/x",
        branch_stale=True,
        provider="anthropic",
        kind="partial",
        speed="fast",
        tier="batch",
        web_searches=2,
        lower_bound=True,
        copy_rank=1,
        weak_key=True,
        moves_head=True,
        estimated=True,
        request_id="req_1",
        reported_cost=12,
        geo="us",
        factor_percent=153,
    )
    with ledger.transaction():
        insert(ledger, entry(told))
    (stored,) = record.find_usage(ledger, "claude-code", ["a"]).values()
    assert stored.entry == entry(told)


def test_the_sum_of_the_classes_is_spelled_in_the_schema_alone() -> None:
    folder = Path(record.__file__).parent
    spelled = [path.name for path in folder.glob("*.py") if "cache_write_1h + output" in path.read_text()]
    assert spelled == ["migrations.py"]


def old_ledger(home: Path) -> None:
    """Schema 4 with rows of every kind, and some that only a mistake can have written."""
    home.mkdir(mode=0o700)
    with closing(sqlite3.connect(home / FILE_NAME)) as old:
        old.executescript((OLD / "4.sql").read_text())
        old.execute("DELETE FROM usage")
        old.execute("DELETE FROM rollup")
        old.execute("INSERT INTO repository VALUES (70, '/a/.git', '/a', 'f')")
        old.execute("INSERT INTO worktree (id, repository, path, git_dir) VALUES (71, 70, '/a', '/a/.git')")
        old.execute("INSERT INTO directory VALUES (72, '/a/b', 71)")
        old.execute("INSERT INTO session VALUES (73, 'claude-code', 's')")
        old.execute("INSERT INTO claim VALUES (74, '7k3qf9x2m4aa', 70, 2, '', 1, 2)")
        old.execute("INSERT INTO claim VALUES (75, '8k3qf9x2m4aa', 70, 1, 'withheld', 0, 0)")
        old.execute("INSERT INTO claim_version VALUES (74, 1, 5, 10, 'line')")
        old.execute("INSERT INTO carrier VALUES (74, 1, 'c0ffee')")
        old.execute(
            "INSERT INTO source VALUES (76, 'claude-code', '/l.jsonl', 9, 8, 1, 2, 7, ?, x'7b7d', '')", (b"t" * 16,)
        )
        old.execute("INSERT INTO session_total VALUES (73, 'm', 5, 1, 2, 3, 4, 5, 0, 0, 72, 'main', '[]')")
        insert_row = (
            "INSERT INTO usage (key, assistant, time_ms, model, provider, kind, speed, tier, input, cache_read,"
            " cache_write_5m, cache_write_1h, output, reasoning, web_searches, lower_bound, copy_rank, weak_key,"
            " session, directory, hint, hint_stale, repository, worktree, branch, evidence, list_cost,"
            " price_state, price, claim, claim_version)"
            " VALUES (?, 'claude-code', 5, 'm', '', ?, '', '', ?, 2, 3, 4, 5, 0, 0, 0, 0, 0, 73, 72,"
            " ?, 0, ?, ?, ?, ?, ?, 'priced', NULL, ?, ?)"
        )
        old.executemany(
            insert_row,
            [
                ("pending", "response", 1, "main", 70, 71, "main", "reflog", 11, 0, 0),
                ("carried", "response", 1, "main", 70, 71, "main", "carried", 12, 74, 1),
                ("withheld", "advisor", 1, "", 70, 71, "main", "assigned", 13, 75, 1),
                ("unplaced", "response", 1, "", None, None, None, "none", None, 0, 0),
                ("negative", "strange", -5, "", 70, 71, "", "hearsay", -4, 0, 0),
            ],
        )
        old.execute("INSERT INTO session_copy SELECT 73, id FROM usage WHERE key = 'pending'")
        old.commit()


def test_an_upgrade_keeps_every_usage_claim_and_cursor(tmp_path: Path) -> None:
    home = tmp_path / "home"
    old_ledger(home)
    with open_ledger(home) as ledger:
        rows = ledger.db.execute(
            "SELECT usage_row.key, kind, input, tokens, usage_row.repository, branch, evidence, list_cost, name,"
            " claim_version FROM usage_row LEFT JOIN claim ON claim.id = claim ORDER BY usage_row.id"
        ).fetchall()
        assert rows == [
            ("pending", "response", 1, 15, 70, "main", "reflog", 11, None, None),
            ("carried", "response", 1, 15, 70, "main", "carried", 12, "7k3qf9x2m4aa", 1),
            ("withheld", "advisor", 1, 15, 70, "main", "assigned", 13, "8k3qf9x2m4aa", 1),
            ("unplaced", "response", 1, 15, None, None, "none", None, None, None),
            ("negative", "response", 0, 14, 70, None, "none", None, None, None),
        ]
        assert disagreements(ledger) == []
        assert ledger.db.execute("PRAGMA foreign_key_check").fetchall() == []
        cursor = (7).to_bytes(8, "little") + bytes([16]) + b"t" * 16 + b"{}"
        assert sources.read_of(ledger, "claude-code", "/l.jsonl") == (9, 8, cursor, 7)
        (total,) = totals.totals_of_session(ledger, "claude-code", "s")
        assert (total.cwd, total.branch, total.tokens.total) == ("/a/b", "main", 15)
        assert commits.carriers(ledger, 70) == {74: [(1, "c0ffee")]}
        assert claims.worth_pending(ledger, 70, "main").tokens == 15
        assert claims.line_of(ledger, 75, 1) is None
        assert query.copies(ledger) == 0


def test_an_upgrade_stores_none_in_one_way(tmp_path: Path) -> None:
    home = tmp_path / "home"
    old_ledger(home)
    with closing(sqlite3.connect(home / FILE_NAME)) as old:
        old.execute("INSERT INTO observation VALUES ('/a/.git', 1, 2, ''), ('/a/.git', 3, 4, 'main')")
        old.execute("UPDATE repository SET fingerprint = '' WHERE id = 70")
        old.execute("UPDATE source SET offset = 0, tail = x'', problem = ''")
        old.commit()
    with open_ledger(home) as ledger:
        ask = ledger.db.execute
        none = (None, None, None, None, None)
        assert set(ask("SELECT provider, speed, tier, geo, factor_percent FROM series WHERE model = 'm'")) == {none}
        columns = "stamp, placed_second, origin_path, origin_branch"
        assert ask(f"SELECT {columns} FROM worktree WHERE id = 71").fetchone() == none[1:]
        assert ask("SELECT branch FROM observation WHERE git_dir = '/a/.git'").fetchall() == [(None,), ("main",)]
        assert ask("SELECT fingerprint FROM repository WHERE id = 70").fetchone() == (None,)
        assert ask("SELECT cursor, problem FROM source WHERE id = 76").fetchone() == (None, None)
        (found,) = record.find_usage(ledger, "claude-code", ["pending"]).values()
        assert found.entry.usage[9:13] == ("", "response", "", "")
        assert found.entry.usage.factor_percent == 0
        (known,) = (one for one in places.worktrees(ledger) if one.id == 71)
        assert known[4:] == ("", 0, "", "")
        insert(ledger, entry(usage(key="another", model="m"), 70, 71, "main"))
        assert ask("SELECT count(*) FROM series WHERE model = 'm' AND kind = 'response'").fetchone() == (1,)


@pytest.mark.parametrize(
    ("assistant", "model", "factor"),
    [
        ("copilot-chat-text", "claude-opus-4.7", 153),
        ("cursor-text", "claude-4.5-sonnet", 118),
        ("cursor-text", "gpt-5", 100),
        ("aider", "claude-opus-4.7", None),
        ("claude-code", "claude-opus-4.7", None),
    ],
)
def test_an_upgrade_notes_the_factor_that_was_applied_to_estimates(
    tmp_path: Path, assistant: str, model: str, factor: int | None
) -> None:
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as old:
        old.executescript((OLD / "7.sql").read_text())
        old.execute("INSERT OR IGNORE INTO assistant (name) VALUES (?)", (assistant,))
        old.execute(
            "INSERT INTO series (assistant, model, provider, kind, speed, tier, price_state)"
            " SELECT id, ?, '', 'response', '', '', 'unpriced' FROM assistant WHERE name = ?",
            (model, assistant),
        )
        old.commit()
    with open_ledger(tmp_path) as ledger:
        found = ledger.db.execute("SELECT factor_percent FROM series WHERE model = ?", (model,)).fetchall()
        assert found == [(factor,)]


def test_estimated_usage_is_found_without_a_look_at_any_other(ledger: Ledger) -> None:
    with ledger.transaction():
        repository = places.record_repository(ledger, "/r/.git", "/r", "")
        worktree = places.record_worktree(ledger, repository, "/r", "/r/.git")
        insert(ledger, entry(usage(), repository, worktree, "main"))
        insert(ledger, entry(usage("guess", estimated=True), repository, worktree, "main"))
    asked: list[str] = []
    ledger.db.set_trace_callback(asked.append)
    assert query.has_estimates(ledger, repository)
    assert [one.estimates.usage for one in query.sums(ledger, repository)] == [1]
    assert claims.has_pending(ledger, repository, "main", "reported")
    ledger.db.set_trace_callback(None)
    plans = [str(row[3]) for one in asked for row in ledger.db.execute(f"EXPLAIN QUERY PLAN {one}")]
    assert [step for step in plans if "usage_estimated (place=?" in step]
    assert [step for step in plans if "usage_pending (place=? AND estimated=?)" in step]
    assert claims.worth_pending(ledger, repository, "main", "reported").tokens == 15
    assert claims.worth_pending(ledger, repository, "main", "estimated").tokens == 15
    assert claims.worth_pending(ledger, repository, "main").tokens == 30
