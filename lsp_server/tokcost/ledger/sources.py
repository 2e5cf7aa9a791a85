"""Sources: the position up to which each was read, and its damaged records."""

from collections.abc import Mapping
from typing import NamedTuple

from tokcost.ledger.open import Ledger
from tokcost.ledger.paths import from_stored, to_stored
from tokcost.model.logs import UNFINISHED, Batch, Source

_UPSERT = """
INSERT INTO source (assistant, path, size, mtime_ns, cursor, consumed) VALUES (?, ?, ?, ?, ?, ?)
  ON CONFLICT (path, assistant) DO UPDATE SET size = excluded.size, mtime_ns = excluded.mtime_ns,
  cursor = excluded.cursor, consumed = excluded.consumed, problem = NULL
RETURNING id
"""


def sizes_read(ledger: Ledger, assistant: str) -> dict[str, tuple[int, int]]:
    """Size and mtime of every file of an assistant when it was last read, by path."""
    query = "SELECT path, size, mtime_ns FROM source WHERE assistant = ?"
    rows = ledger.db.execute(query, (assistant,))
    return {from_stored(path): (size, mtime_ns) for path, size, mtime_ns in rows}


class Read(NamedTuple):
    """The state of a source when it was last read, and the position reached."""

    size: int
    mtime_ns: int
    """`UNFINISHED` if it is to be read again, although it may not have changed."""
    cursor: bytes
    """Empty for the beginning."""
    position: int
    """Bytes read so far."""

    def is_all_of(self, source: Source) -> bool:
        """Whether a source has nothing new."""
        return (self.size, self.mtime_ns) == (source.size, source.mtime_ns)


def read_of(ledger: Ledger, assistant: str, path: str) -> Read | None:
    """The state in which an assistant's reader last left a source; `None` if it was never read."""
    query = "SELECT size, mtime_ns, cursor, consumed FROM source WHERE path = ? AND assistant = ?"
    row = ledger.db.execute(query, (to_stored(path), assistant)).fetchone()
    return None if row is None else Read(row[0], row[1], row[2] or b"", row[3])


def cursor_of(ledger: Ledger, assistant: str, path: str) -> bytes | None:
    """The cursor from which a source is to be read; `None` for its beginning."""
    found = read_of(ledger, assistant, path)
    return (found.cursor or None) if found is not None else None


def record_read(ledger: Ledger, assistant: str, source: Source, batch: Batch) -> int:
    """Record the position up to which a source was read and its skipped records; returns the source's row id.

    Runs in the transaction that records its usage. A source with more to read is not recorded as completely read: this
    process may be killed before that.
    """
    mtime_ns = UNFINISHED if batch.more else source.mtime_ns
    values = (assistant, to_stored(source.path), source.size, mtime_ns, batch.cursor or None, batch.position)
    (number,) = ledger.db.execute(_UPSERT, values).fetchone()
    if batch.restarted:
        ledger.db.execute("DELETE FROM tally WHERE source = ?", (number,))
    for kind, counts in (("skipped", batch.skipped), ("duplicate", batch.duplicates)):
        if counts:
            _count(ledger, number, kind, counts)
    return number


def record_problem(ledger: Ledger, assistant: str, source: Source, problem: str, *, passing: bool) -> None:
    """Record that a source could not be read. It is tried again at the next import if the problem is temporary, else
    once it has changed."""
    ledger.db.execute(
        "INSERT INTO source (assistant, path, size, mtime_ns, consumed, problem)"
        " VALUES (?, ?, ?, ?, 0, ?) ON CONFLICT (path, assistant) DO UPDATE SET problem = excluded.problem,"
        " size = excluded.size, mtime_ns = excluded.mtime_ns",
        # The column refuses an empty text, and a reader of another package may give no reason.
        (
            assistant,
            to_stored(source.path),
            source.size,
            UNFINISHED if passing else source.mtime_ns,
            problem or "unknown",
        ),
    )


def has_usage(ledger: Ledger, number: int) -> bool:
    """Whether there is usage that was read from a source."""
    # A scan of all usage if there is none: sources have no index there (docs/decisions.md says what one costs).
    return ledger.db.execute("SELECT 1 FROM usage WHERE source = ? LIMIT 1", (number,)).fetchone() is not None


def delete_source(ledger: Ledger, number: int) -> None:
    """Forget a source without usage, in the caller's transaction."""
    ledger.db.execute("DELETE FROM tally WHERE source = ?", (number,))
    ledger.db.execute("DELETE FROM source WHERE id = ?", (number,))


def forget_cursor(ledger: Ledger, number: int) -> None:
    """Have a source read from its beginning once it changes, by forgetting its cursor. Runs in the caller's
    transaction."""
    ledger.db.execute("DELETE FROM tally WHERE source = ?", (number,))  # these records are met again
    ledger.db.execute("UPDATE source SET cursor = NULL, consumed = 0 WHERE id = ?", (number,))


def try_again(ledger: Ledger) -> None:
    """Have all files that could not be read tried again, although they have not changed."""
    if ledger.db.execute("UPDATE source SET mtime_ns = ? WHERE problem IS NOT NULL", (UNFINISHED,)).rowcount:
        # A listing says that its unchanged files need no reading.
        ledger.db.execute("DELETE FROM listing")


def listing_of(ledger: Ledger, reader: str, root: str) -> bytes | None:
    """The remembered listing of the folders and files below a root, in the form in which it was recorded."""
    row = ledger.db.execute(
        "SELECT data FROM listing WHERE reader = ? AND root = ?", (reader, to_stored(root))
    ).fetchone()
    return row[0] if row else None


def record_listing(ledger: Ledger, reader: str, root: str, data: bytes) -> None:
    """Record a listing, in the caller's transaction."""
    ledger.db.execute("INSERT OR REPLACE INTO listing VALUES (?, ?, ?)", (reader, to_stored(root), data))


def problems(ledger: Ledger) -> list[tuple[str, str]]:
    """Files that could not be read, with the reasons."""
    return [(path, problem) for path, problem, _ in unreadable(ledger)]


def unreadable(ledger: Ledger) -> list[tuple[str, str, str]]:
    """Files that could not be read, each with the reason and the assistant."""
    # ORDER BY would make SQLite fetch every row by way of the index of paths.
    rows = ledger.db.execute("SELECT path, problem, assistant FROM source WHERE problem IS NOT NULL")
    return sorted((from_stored(path), problem, assistant) for path, problem, assistant in rows)


def tallies(ledger: Ledger, kind: str) -> dict[tuple[str, str], int]:
    """Skipped records (`skipped`) or repeated ones (`duplicate`): (assistant, reason) and count."""
    rows = ledger.db.execute(
        "SELECT assistant, reason, sum(count) FROM tally JOIN source ON source.id = tally.source"
        " WHERE kind = ? GROUP BY 1, 2",
        (kind,),
    )
    return {(assistant, reason): count for assistant, reason, count in rows}


def skipped_in(ledger: Ledger) -> dict[tuple[str, str], list[str]]:
    """The files with skipped records, by (assistant, reason); those with most of them first."""
    rows = ledger.db.execute(
        "SELECT assistant, reason, path FROM tally JOIN source ON source.id = tally.source"
        " WHERE kind = 'skipped' AND count > 0 ORDER BY count DESC, path"
    )
    found: dict[tuple[str, str], list[str]] = {}
    for assistant, reason, path in rows:
        found.setdefault((assistant, reason), []).append(from_stored(path))
    return found


def files_read(ledger: Ledger) -> dict[str, tuple[int, int]]:
    """For each assistant, the number of log files and the bytes read."""
    rows = ledger.db.execute("SELECT assistant, count(*), sum(consumed) FROM source GROUP BY 1")
    return {assistant: (count, size) for assistant, count, size in rows}


def _count(ledger: Ledger, source: int, kind: str, counts: Mapping[str, int]) -> None:
    ledger.db.executemany(
        "INSERT INTO tally VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count",
        [(source, kind, reason, count) for reason, count in counts.items()],
    )
