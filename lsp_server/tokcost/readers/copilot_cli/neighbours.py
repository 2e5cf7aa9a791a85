"""The events of a session and the store, seen from each other: the same request may stand in both."""

import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

import msgspec

from tokcost.model.bounds import is_path
from tokcost.readers.copilot_cli.place import Context, Place
from tokcost.readers.sources.jsonl import NewLines, lines_with, source_at
from tokcost.readers.sources.records import decoded, milliseconds
from tokcost.readers.sources.sqlite_store import open_store

TABLE = "assistant_usage_events"
_FIRST = f"SELECT min(created_at) FROM {TABLE} WHERE session_id = ?"
_EVENTS = "events.jsonl"
_PLACES = (b'"session.start"', b'"session.resume"')
_RECORD = b'"session.usage_record"'
_NEVER = 1 << 62


class _Data(msgspec.Struct, gc=False):
    context: Context | None = None


class _Event(msgspec.Struct, gc=False):
    type: str | None = None
    timestamp: datetime | None = None
    data: _Data | None = None


_event = msgspec.json.Decoder(_Event)


class History(NamedTuple):
    """The facts that the events of a session tell about its rows in the store."""

    places: list[Place]
    first_record_ms: int = _NEVER
    """From this moment on the events have a record of each request themselves."""

    def place_at(self, time_ms: int) -> Place | None:
        """The place of the session at a moment; `None` where the events do not say."""
        return next((one for one in reversed(self.places) if one.told_ms <= time_ms), None)


def session_of(path: str) -> str:
    """The session whose events a file has: the name of its folder, in older versions its own."""
    folder, name = os.path.split(path)
    return os.path.basename(folder) if name == _EVENTS else name.partition(".jsonl")[0]


def first_row_ms(path: str, session: str) -> int:
    """The time of the first request of a session that stands in the store, in milliseconds; 0 where none does, or the
    store is damaged. Raises `OSError` while it cannot be read."""
    folder = os.path.dirname(os.path.dirname(path) if os.path.basename(path) == _EVENTS else path)
    name = os.path.join(os.path.dirname(folder), "session-store.db")
    if source_at(name) is None:
        return 0
    try:
        with open_store(name) as store:
            row = store.row(_FIRST, session) if store.has({TABLE: ("session_id", "created_at")}) else None
            return milliseconds(datetime.fromisoformat(row[0])) if row and isinstance(row[0], str) else 0
    except ValueError:
        return 0
    except OSError as error:
        if error.errno:  # it may pass, and the requests would count twice
            raise
        return 0


def read_history(store: str, session: str) -> History:
    """The history of a session whose rows are in a store; empty where its events are gone or cannot be read."""
    history = History([])
    if not session or os.path.basename(session) != session or not is_path(session):
        return history
    folder = os.path.join(os.path.dirname(os.path.realpath(store)), "session-state")
    for name in (os.path.join(folder, session, _EVENTS), os.path.join(folder, f"{session}.jsonl")):
        source = source_at(name)
        if source is not None:
            with suppress(OSError):
                return _history(NewLines(source, None))
    return history


def _history(lines: NewLines) -> History:
    places: list[Place] = []
    for block in lines:
        for raw in _lines(block):
            event = decoded(_event, raw)
            if event is None:
                continue
            time_ms = milliseconds(event.timestamp)
            if event.type == "session.usage_record":
                return History(places, time_ms)
            if event.data is not None and event.data.context is not None and time_ms:
                place = Place()
                place.change(event.data.context, time_ms)
                places.append(place)
    return History(places)


def _lines(block: bytes) -> Iterator[bytes]:
    spans = {span for word in (*_PLACES, _RECORD) for span in lines_with(block, word)}
    return (block[begin:end] for begin, end in sorted(spans))
