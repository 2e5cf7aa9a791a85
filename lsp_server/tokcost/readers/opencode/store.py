"""opencode's SQLite store: tables `session` and `message`, and `session_v2` and `session_message` beside them. A
session begun with version 1 and continued with version 2 has messages in both.

A row is rewritten while its response streams, so changes are found by `time_updated`. A row whose response still runs a
tool may change once more, and then replaces the usage reported before.
"""

import time
from collections.abc import Iterator
from typing import NamedTuple, TypeGuard

import msgspec

from tokcost.model.bounds import MAX_PATH
from tokcost.model.logs import Batch, Source
from tokcost.model.usage import EARLIEST_MS, Usage, merge
from tokcost.readers.opencode.head_moves import HeadMoves
from tokcost.readers.opencode.messages import (
    Message,
    Session,
    completed_ms,
    is_finished,
    is_name,
    is_response,
    read_message,
    session_of_row,
    usage_of,
)
from tokcost.readers.sources.sqlite_store import FUTURE_SECONDS, MOST_ROWS, Store, open_store

_SESSIONS = ("session", "session_v2")
_MESSAGES = ("message", "session_message")
_NEEDED = ("id", "session_id", "time_updated", "data")
_LATE_MS = 10_000
"""Several processes write to one store. One that waits for another (up to 5 seconds) writes the time from before the
wait, so rows that are slightly older than the newest one are read again."""
_MOST_UNFINISHED = 4000
"""The number of messages that are remembered because they were read before they were complete, the newest ones: an
aborted message is never completed, and the remembered state must stay bounded."""


class _Cursor(msgspec.Struct, gc=False):
    """The position up to which a store was read."""

    updated: dict[str, int] = msgspec.field(default_factory=dict[str, int])
    """For each table of messages, the newest `time_updated` that was read, in milliseconds."""
    unfinished: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    """Messages that were reported before they were complete, with their keys at that time."""
    misplaced: dict[str, int] = msgspec.field(default_factory=dict[str, int])
    """For each table, the number of counted rows with an impossible `time_updated`."""
    rows: dict[str, int] = msgspec.field(default_factory=dict[str, int])
    """For each table, the highest existing row: after a clock is set back, later rows have earlier times."""
    going_on: bool = False
    """Whether the last call stopped before the end."""


_GREATEST_ROW = (1 << 63) - 1


class _Place(NamedTuple):
    """The position of a row."""

    row: int
    updated: int | None
    """Milliseconds; `None` for an impossible time."""


_cursor = msgspec.json.Decoder(_Cursor)


def read_store(source: Source, cursor: bytes | None) -> Batch:
    """New responses of a store. Raises `OSError` if it cannot be read, or has an unknown version."""
    with open_store(source.path) as store:
        tables = [one for one in _MESSAGES if store.has({one: _NEEDED})]
        if not tables:
            raise OSError("the store lacks the tables of messages that this reader knows")
        found = _Found(store, cursor)
        more = False
        for table in tables:
            more = found.take(table) or more
    return found.batch(more=more, position=0 if more else source.size)


def _known(cursor: bytes | None) -> _Cursor:
    try:
        return _cursor.decode(cursor) if cursor else _Cursor()
    except msgspec.DecodeError:
        return _Cursor()


class _Found:
    """The usage in the rows of a store."""

    def __init__(self, store: Store, cursor: bytes | None) -> None:
        self._store = store
        self._cursor = _known(cursor)
        self._sessions: dict[str, Session] = {}
        self._moves = HeadMoves(store)
        self._usage: dict[str, Usage] = {}
        self._retracted: list[str] = []
        self._skipped: dict[str, int] = {}
        self._copied = 0
        self._now = round(time.time() * 1000)
        self._latest = self._now + FUTURE_SECONDS * 1000
        self._cursor.updated = {table: ms for table, ms in self._cursor.updated.items() if 0 <= ms <= self._latest}
        self._before, self._goes_on = dict(self._cursor.updated), self._cursor.going_on
        self._rows = {table: row for table, row in self._cursor.rows.items() if 0 <= row <= _GREATEST_ROW}

    def take(self, table: str) -> bool:
        """Read the rows of a table in the order of their changes; returns whether some are left for another call."""
        taken = misplaced = 0
        query = _row_query(self._store, table)
        more = False
        for place in self._places(table):
            if place.updated is None:
                misplaced += 1
                continue
            # Rows of one time stay together: the next call begins with that time again, and might never get beyond it.
            if taken >= MOST_ROWS and place.updated != self._cursor.updated.get(table):
                more = True
                break
            taken += 1
            self._cursor.updated[table] = max(place.updated, self._cursor.updated.get(table, 0))
            # A row from a clock that is ahead is read again, and counted when its time has come.
            is_behind = place.row > self._rows.get(table, place.row)
            is_new = (is_behind or self._before.get(table, -1) < place.updated) and place.updated <= self._now
            # One by one, so that a row that is too large for memory loses no other.
            self._row(self._store.row(query, place.row), is_new=is_new)
        self._skip("record with an impossible time", max(0, misplaced - self._cursor.misplaced.get(table, 0)))
        self._cursor.misplaced[table] = misplaced
        if not more:
            self._cursor.rows[table] = self._greatest_row(table)
        return more

    def _greatest_row(self, table: str) -> int:
        return max((row for (row,) in self._store.numbers(f"SELECT MAX(rowid) FROM {table}", ()) if row), default=0)

    def _places(self, table: str) -> Iterator[_Place]:
        """The positions of rows; impossible times come first."""
        # Only at the beginning of a look: if each portion began with late rows, some would never end.
        since = self._before.get(table, 0) - (0 if self._goes_on else _LATE_MS)
        if not self._goes_on and (earliest := self._earliest_behind(table, since)) is not None:
            since = self._cursor.updated[table] = earliest
        began = "time_created" if "time_created" in self._store.columns(table) else "0"
        query = (
            f"SELECT rowid, CASE WHEN typeof(time_updated) = 'integer' AND time_updated BETWEEN ? AND ?"
            f" THEN time_updated END AS updated FROM {table} WHERE updated IS NULL OR updated >= ?"
            f" ORDER BY updated, CASE WHEN typeof({began}) = 'integer' THEN {began} END, rowid"
        )
        for row, updated in self._store.numbers(query, (EARLIEST_MS, self._latest, since)):
            yield _Place(row, updated)

    def _earliest_behind(self, table: str, since: int) -> int | None:
        """The earliest time before `since` of a row that did not exist when the table was read, if there is one."""
        query = (
            f"SELECT MIN(time_updated) FROM {table} WHERE rowid > ? AND typeof(time_updated) = 'integer'"
            f" AND time_updated BETWEEN ? AND ?"
        )
        found = self._store.numbers(query, (self._rows.get(table, 0), EARLIEST_MS, since - 1))
        return next((earliest for (earliest,) in found), None)

    def batch(self, *, more: bool, position: int) -> Batch:
        """The batch of everything found."""
        if not more:  # rows from a clock that is ahead must not hide those of others until then
            self._cursor.updated = {table: min(ms, self._now) for table, ms in self._cursor.updated.items()}
        self._cursor.going_on = more
        copied = {"message that a fork copied": self._copied} if self._copied else {}
        return Batch(
            msgspec.json.encode(self._cursor),
            [self._moves.placed(one) for one in self._usage.values()],
            skipped={reason: count for reason, count in self._skipped.items() if count},
            duplicates=copied,
            retracted=[key for key in self._retracted if key not in self._usage],
            more=more,
            position=position,
        )

    def _row(self, row: tuple[object, ...] | None, *, is_new: bool) -> None:
        """Process a row. `is_new` is false if it may have been read before, and was counted then if it is damaged."""
        if row is None:
            self._skip("record too long to read", is_new)
            return
        if not row:  # it is in an index, and missing in the table
            self._skip("damaged record", is_new)
            return
        name, session, data, kind = (str(one) if isinstance(one, int) else one for one in row)
        message = read_message(data) if isinstance(data, str | bytes) else None
        if message is None or not (_is_id(name) and _is_id(session)):
            self._skip("damaged record", is_new)
            return
        message.type = message.type or (kind if isinstance(kind, str) else "")
        if not is_response(message):
            return
        usage = usage_of(message, self._session(session))
        if usage is None:
            self._skip("usage record with impossible or missing values", is_new)
            return
        self._note(name, message, usage.key)
        self._moves.heed(name, usage, completed_ms(message))
        before = self._usage.get(usage.key)
        if before is None:
            self._usage[usage.key] = usage
            return
        self._copied += is_new and before.session != usage.session
        self._usage[usage.key] = merge(before, usage)

    def _session(self, name: str) -> Session:
        if name not in self._sessions:
            self._sessions[name] = _session(self._store, name)
        return self._sessions[name]

    def _note(self, name: str, message: Message, key: str) -> None:
        before = self._cursor.unfinished.pop(name, key)
        if before != key:
            self._retracted.append(before)
        if not is_finished(message):
            self._cursor.unfinished[name] = key
            if len(self._cursor.unfinished) > _MOST_UNFINISHED:
                del self._cursor.unfinished[next(iter(self._cursor.unfinished))]

    def _skip(self, reason: str, count: int) -> None:
        self._skipped[reason] = self._skipped.get(reason, 0) + count


def _is_id(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and is_name(value)


def _row_query(store: Store, table: str) -> str:
    kind = "type" if "type" in store.columns(table) else "''"
    return f"SELECT id, session_id, data, {kind} FROM {table} WHERE rowid = ?"


def _parent(store: Store, table: str) -> str:
    """The expression for the session whose tool began another one; a fork made by a person is none."""
    columns = store.columns(table)
    if "parent_id" not in columns:
        return "''"
    return "iif(fork_session_id IS NULL, parent_id, '')" if "fork_session_id" in columns else "parent_id"


def _session(store: Store, name: str) -> Session:
    """The facts about a session from the newest table that has it; if it is gone, or a value is implausibly long,
    only its name is known."""
    for table in reversed(_SESSIONS):
        if not store.has({table: ("id", "directory")}):
            continue
        version = "version" if "version" in store.columns(table) else "''"
        began = "time_created" if "time_created" in store.columns(table) else "0"
        parent = _parent(store, table)
        row = store.row(f"SELECT directory, {version}, {began}, {parent} FROM {table} WHERE id = ?", name)
        if row == ():
            continue
        directory, said, created, parent = row or ("", "", 0, "")
        if all(len(one) <= MAX_PATH for one in (directory, said, parent) if isinstance(one, str | bytes)):
            return session_of_row(name, str(directory or ""), str(said or ""), created, parent)
        break
    return Session(name)
