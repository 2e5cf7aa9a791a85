"""Copilot CLI's store (`session-store.db`): a row for each request to a model, in versions since about 1.0.69.

Versions with a record for each request in the events of the session write the same request here. The record counts,
unless the process was killed before it was written.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from tokcost.model.bounds import MAX_NAME
from tokcost.model.logs import Batch, Source
from tokcost.model.usage import Usage
from tokcost.readers.copilot_cli.counts import HOSTED, NAME, Counts, key_of, reported_cost
from tokcost.readers.copilot_cli.neighbours import TABLE, History, read_history
from tokcost.readers.copilot_cli.place import Place
from tokcost.readers.sources.records import milliseconds
from tokcost.readers.sources.sqlite_store import SqliteStoreReader, open_store

_REQUIRED = {
    TABLE: ("id", "session_id", "model", "input_tokens", "output_tokens", "cache_read_tokens", "created_at"),
    "sessions": ("id", "cwd", "branch"),
}
_LATER = ("reasoning_tokens", "duration_ms", "time_to_first_token_ms", "total_nano_aiu")
"""Columns that some versions lack."""


def read_store(source: Source, cursor: bytes | None) -> Iterator[Batch]:
    """New requests in a store. Raises `OSError` if it cannot be read, or has an unknown version."""
    return _Rows(source.path).read(source, cursor)


class _Rows(SqliteStoreReader):
    """The rows of one store, in one read."""

    name = NAME
    required = _REQUIRED
    identity = 3  # the row's id, its session and its time

    def __init__(self, path: str) -> None:
        self._path = path
        self._histories: dict[str, History] = {}
        with open_store(path) as store:
            columns = store.columns(TABLE)
        later = (f"{TABLE}.{one}" if one in columns else "NULL" for one in ("cache_write_tokens", *_LATER))
        self.query = f"""
            SELECT {TABLE}.id, session_id, {TABLE}.created_at, cwd, branch, model, input_tokens, output_tokens,
                cache_read_tokens, {", ".join(later)}
            FROM {TABLE} LEFT JOIN sessions ON sessions.id = session_id
            WHERE {TABLE}.id >= ? ORDER BY {TABLE}.id
        """

    def usage(self, row: tuple[Any, ...]) -> Usage | None:
        """One request; `None` for one that the events of its session have."""
        _, session, created, cwd, branch, model, read, said, cached, written, thought, duration, first, credits = row
        if read is said is None and not (cached or written):
            return None  # broke off before the provider reported counts
        counts = Counts(*(int(one or 0) for one in (read, said, cached, written, thought)))
        tokens, time_ms = counts.tokens(), milliseconds(datetime.fromisoformat(created))
        if tokens is None or max(len(session), len(model)) > MAX_NAME:
            raise ValueError("impossible values")
        history = self._history(session)
        if history.tells(counts, time_ms):
            return None
        place = history.place_at(time_ms) or Place(cwd or "", branch or "")
        usage = Usage(
            NAME,
            key_of(session, model, counts, duration, first, time_ms),
            time_ms,
            model,
            tokens,
            session,
            provider="" if credits is None else HOSTED,
            reported_cost=reported_cost(credits),
        )
        return place.of(usage)

    def _history(self, session: str) -> History:
        if session not in self._histories:
            self._histories[session] = read_history(self._path, session)
        return self._histories[session]
