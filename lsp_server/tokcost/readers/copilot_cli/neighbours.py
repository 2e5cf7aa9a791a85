"""The events of a session and the store, each seen from the other: both may have the same request."""

import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

import msgspec

from tokcost.model.bounds import is_path
from tokcost.readers.copilot_cli.counts import COUNTS, Counts, Request
from tokcost.readers.copilot_cli.place import Context, Place
from tokcost.readers.sources.files import source_at
from tokcost.readers.sources.new_lines import NewLines, lines_with
from tokcost.readers.sources.odd_fields import as_told
from tokcost.readers.sources.records import milliseconds
from tokcost.readers.sources.sqlite_store import open_store

TABLE = "assistant_usage_events"
_FIRST = f"SELECT min(created_at) FROM {TABLE} WHERE session_id = ?"
_EVENTS = "events.jsonl"
_WORDS = (b'"session.start"', b'"session.resume"', b'"session.context_changed"', b'"session.usage_record"')
_BESIDE_MS = 10_000
"""The maximum time between a request's record and its row, which are written one right after the other with times in
milliseconds."""


class _Data(Context, gc=False):
    context: Context | None = None
    usage: Request | None = None


class _Event(msgspec.Struct, gc=False):
    type: str | None = None
    timestamp: datetime | None = None
    data: _Data | None = None


_event = msgspec.json.Decoder(_Event)


class History(NamedTuple):
    """The facts in the events of a session about its rows in the store."""

    places: list[Place]
    records: dict[Counts, list[int]]
    """The times of the requests with a record in the events, by their counts."""

    def tells(self, counts: Counts, time_ms: int) -> bool:
        """Whether the events have a record of the request of a row."""
        return any(abs(time_ms - one) <= _BESIDE_MS for one in self.records.get(counts, ()))

    def place_at(self, time_ms: int) -> Place | None:
        """The place of the session at a moment; `None` if the events do not show it."""
        return next((one for one in reversed(self.places) if one.told_ms <= time_ms), None)


def session_of(path: str) -> str:
    """The session of an events file: the name of its folder, in older versions its own."""
    folder, name = os.path.split(path)
    return os.path.basename(folder) if name == _EVENTS else name.partition(".jsonl")[0]


def first_row_ms(path: str, session: str) -> int:
    """The time of the first request of a session in the store, in milliseconds; 0 if there is none, or the store is
    damaged. Raises `OSError` while it cannot be read."""
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
        if error.errno:  # the problem may pass, and the requests would count twice
            raise
        return 0


def read_history(store: str, session: str) -> History:
    """The history of a session with rows in a store; empty if its events are gone or cannot be read."""
    history = History([], {})
    # The id comes from a row, and becomes part of a path.
    if not session or os.path.basename(session) != session or not is_path(session):
        return history
    # If the store is a link, the events of its sessions are beside its target.
    folder = os.path.join(os.path.dirname(os.path.realpath(store)), "session-state")
    for name in (os.path.join(folder, session, _EVENTS), os.path.join(folder, f"{session}.jsonl")):
        source = source_at(name)
        if source is not None:
            with suppress(OSError):
                return _history(NewLines(source, None))
    return history


def _history(lines: NewLines) -> History:
    place, history = Place(), History([], {})
    for block in lines:
        for raw in _lines(block):
            event = as_told(_event, _Event, raw, COUNTS)
            time_ms = 0 if event is None else milliseconds(event.timestamp)
            if event is None or event.data is None or not time_ms:
                continue
            if event.type == "session.usage_record":
                with suppress(ValueError):
                    history.records.setdefault((event.data.usage or Request()).counts(), []).append(time_ms)
            elif event.type == "session.context_changed" or event.data.context is not None:
                place = Place(place.cwd, place.branch)
                place.change(event.data.context or event.data, time_ms)
                history.places.append(place)
    return history


def _lines(block: bytes) -> Iterator[bytes]:
    spans = {span for word in _WORDS for span in lines_with(block, word)}
    return (block[begin:end] for begin, end in sorted(spans))
