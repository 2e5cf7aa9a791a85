"""opencode's SQLite store: tables `session` and `message`, and `session_v2` and `session_message` beside them.

A session begun with version 1 and continued with version 2 has messages in both. A row is rewritten while its response
streams, so what changed is found by `time_updated`; a row of which the response still runs a tool may change once more,
and then replaces what was told of it before.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from tokcost.model.logs import Batch, Source
from tokcost.model.usage import Usage, merge
from tokcost.readers.opencode.messages import (
    Message,
    Session,
    is_finished,
    is_response,
    read_message,
    session_of_row,
    usage_of,
)
from tokcost.readers.sources.sqlite_store import MOST_ROWS, Store, open_store

_SESSIONS = ("session", "session_v2")
_MESSAGES = ("message", "session_message")
_NEEDED = ("id", "session_id", "time_updated", "data")
_LATE_MS = 10_000
"""Several processes write to one store. One that waits for another (up to 5 seconds) writes the time from before it
waited, so rows that are a little older than the newest one are looked at again."""


class _Cursor(msgspec.Struct, gc=False):
    """How far a store was read."""

    updated: dict[str, int] = msgspec.field(default_factory=dict[str, int])
    """For each table of messages the newest `time_updated` that was read, in milliseconds."""
    unfinished: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    """Messages that were told before they were completed, with the keys that they had."""
    going_on: bool = False
    """The last call stopped in the middle."""


class _Row(NamedTuple):
    id: str
    session: str
    updated: int
    data: str | bytes
    type: str


_cursor = msgspec.json.Decoder(_Cursor)


def read_store(source: Source, cursor: bytes | None) -> Batch:
    """New responses of a store. Raises `OSError` when it cannot be read, or is of a version that is not known."""
    with open_store(source.path) as store:
        tables = [one for one in _MESSAGES if store.has({one: _NEEDED})]
        if not tables:
            raise OSError("the store has no table of messages that this reader knows")
        found = _Found(_known(cursor), _sessions(store))
        more = False
        for table in tables:
            more = found.take(table, _rows(store, table, found.since(table))) or more
    return found.batch(more=more, position=0 if more else source.size)


def _known(cursor: bytes | None) -> _Cursor:
    try:
        return _cursor.decode(cursor) if cursor else _Cursor()
    except msgspec.DecodeError:
        return _Cursor()


class _Found:
    """What the rows of a store tell."""

    def __init__(self, cursor: _Cursor, sessions: dict[str, Session]) -> None:
        self._cursor = cursor
        self._sessions = sessions
        self._usage: dict[str, Usage] = {}
        self._retracted: list[str] = []
        self._skipped: dict[str, int] = {}
        self._copied = 0
        self._before, self._goes_on = dict(cursor.updated), cursor.going_on

    def since(self, table: str) -> int:
        """From which `time_updated` on the rows of a table are looked at."""
        return self._before.get(table, 0) - (0 if self._goes_on else _LATE_MS)

    def take(self, table: str, rows: Iterator[_Row]) -> bool:
        """Read rows in the order of their changes; whether some are left for another call."""
        for number, row in enumerate(rows):
            if number >= MOST_ROWS and row.updated != self._cursor.updated.get(table):
                return True
            self._cursor.updated[table] = max(row.updated, self._cursor.updated.get(table, 0))
            self._row(row, is_new=row.updated > self._before.get(table, -1))
        return False

    def batch(self, *, more: bool, position: int) -> Batch:
        """What was found."""
        self._cursor.going_on = more
        copied = {"message that a fork copied": self._copied} if self._copied else {}
        return Batch(
            msgspec.json.encode(self._cursor),
            list(self._usage.values()),
            skipped={reason: count for reason, count in self._skipped.items() if count},
            duplicates=copied,
            retracted=[key for key in self._retracted if key not in self._usage],
            more=more,
            position=position,
        )

    def _row(self, row: _Row, *, is_new: bool) -> None:
        """`is_new` is false for a row that may have been read before, and was counted then if it is damaged."""
        message = read_message(row.data)
        if message is None:
            self._skip("damaged record", is_new)
            return
        message.type = message.type or row.type
        if not is_response(message):
            return
        usage = usage_of(message, self._sessions.get(row.session) or Session(row.session))
        if usage is None:
            self._skip("usage record with impossible or missing values", is_new)
            return
        self._note(row.id, message, usage.key)
        before = self._usage.get(usage.key)
        if before is None:
            self._usage[usage.key] = usage
            return
        self._copied += is_new and before.session != usage.session
        self._usage[usage.key] = merge(before, usage)

    def _note(self, name: str, message: Message, key: str) -> None:
        before = self._cursor.unfinished.pop(name, key)
        if before != key:
            self._retracted.append(before)
        if not is_finished(message):
            self._cursor.unfinished[name] = key

    def _skip(self, reason: str, is_new: bool) -> None:
        self._skipped[reason] = self._skipped.get(reason, 0) + is_new


def _rows(store: Store, table: str, since: int) -> Iterator[_Row]:
    kind = "type" if "type" in store.columns(table) else "''"
    order = "time_created, id" if "time_created" in store.columns(table) else "id"
    for name, session, updated, data, said in store.rows(
        f"SELECT id, session_id, time_updated, data, {kind} FROM {table}"
        f" WHERE time_updated >= ? AND typeof(time_updated) = 'integer' ORDER BY time_updated, {order}",
        (since,),
    ):
        yield _Row(str(name), str(session), int(updated), data, str(said))


def _sessions(store: Store) -> dict[str, Session]:
    found: dict[str, Session] = {}
    for table in _SESSIONS:
        if not store.has({table: ("id", "directory")}):
            continue
        version = "version" if "version" in store.columns(table) else "''"
        began = "time_created" if "time_created" in store.columns(table) else "0"
        rows: Iterator[tuple[Any, ...]] = store.rows(f"SELECT id, directory, {version}, {began} FROM {table}")
        for name, directory, said, created in rows:
            found[str(name)] = session_of_row(str(name), str(directory or ""), str(said or ""), created)
    return found
