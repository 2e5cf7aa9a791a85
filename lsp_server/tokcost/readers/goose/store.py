"""Sessions of Goose.

Since 2026 its store has a row for each call to a provider (`usage_ledger`, including compactions): the prompt includes
cache reads and writes. Before, a session has only a running total (`accumulated_*`), which counts as one usage that
grows, in the place of its beginning. A session with calls is never counted by its total. Still older are files of JSON
lines, whose first line has the same total; a session keeps its name when the store takes it over, so it counts once.
"""

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from tokcost.model.logs import Batch, Source
from tokcost.model.usage import Usage
from tokcost.readers.sources.files import open_log
from tokcost.readers.sources.numbers import disjoint, nano_dollars
from tokcost.readers.sources.records import MAX_RECORD, KeptFolder, KeptName, decoded, milliseconds
from tokcost.readers.sources.sqlite_store import SqliteStoreReader, open_store

NAME = "goose"

_SESSIONS = {"sessions": ("id", "working_dir", "updated_at", "accumulated_total_tokens")}
_CALLS = {"usage_ledger": ("id", "session_id", "created_timestamp", "input_tokens", "output_tokens")}
_MILLISECONDS = 10**11
"""A time with a number this large is in milliseconds, not seconds."""
_STEM = re.compile(r"(\d{8}_\d{6})(?:\D|$)")
"""The local start time of an older session, in the name of its file."""


class _Model(msgspec.Struct, gc=False):
    name: KeptName | None = msgspec.field(default=None, name="model_name")


class _Head(msgspec.Struct, gc=False):
    """The first line of an older session's file."""

    folder: KeptFolder | None = msgspec.field(default=None, name="working_dir")
    total: int | None = msgspec.field(default=None, name="accumulated_total_tokens")
    input: int | None = msgspec.field(default=None, name="accumulated_input_tokens")
    output: int | None = msgspec.field(default=None, name="accumulated_output_tokens")


_model = msgspec.json.Decoder(_Model)
_head = msgspec.json.Decoder(_Head)


def read_store(source: Source, cursor: bytes | None) -> Iterator[Batch]:
    """New usage in a store. The cursor has the positions in both tables, which are read from their beginnings together.
    Raises `OSError` if it cannot be read."""
    calls, _, sessions = (cursor or b"").partition(b"\n")
    with open_store(source.path) as store:
        columns = {table: store.columns(table) for table in ("sessions", "usage_ledger")}
        has_calls = store.has(_CALLS)
    if has_calls:
        for batch in _Calls(columns).read(source, calls or None):
            calls, sessions = batch.cursor, b"" if batch.restarted else sessions
            # There is always more: the sessions follow.
            yield batch._replace(cursor=calls + b"\n" + sessions, more=True)
    for batch in _Sessions(columns, has_calls=has_calls).read(source, sessions or None):
        yield batch._replace(cursor=calls + b"\n" + batch.cursor)


def read_file(source: Source) -> Batch:
    """The total of an older session. Raises `OSError` if its file cannot be read."""
    with open_log(source.path) as stream:
        first = (stream.read(MAX_RECORD) or b"").partition(b"\n")[0]
    head = decoded(_head, first)
    name = os.path.basename(source.path).removesuffix(".jsonl")
    began = _STEM.match(name)
    if head is None:
        return Batch(b"", skipped={"damaged record": 1}, restarted=True, position=source.size)
    usage = _total(name, head.folder, _local(began[1]) if began else 0, (head.input, head.output, head.total))
    return Batch(b"", [usage] if usage else [], restarted=True, position=source.size)


class _Calls(SqliteStoreReader):
    """The calls to providers."""

    name = NAME
    required = _CALLS
    identity = 3  # the row's id, its session and its time

    def __init__(self, columns: dict[str, frozenset[str]]) -> None:
        calls, sessions = columns["usage_ledger"], columns["sessions"]
        told = ("model", "cache_read_tokens", "cache_write_tokens", "cost")
        known = ("working_dir", "provider_name", "model_config_json")
        more = [f"usage_ledger.{one}" if one in calls else "NULL" for one in told]
        more += [f"sessions.{one}" if one in sessions else "NULL" for one in known]
        join = "LEFT JOIN sessions ON sessions.id = session_id" if "id" in sessions else ""
        self.query = (
            "SELECT usage_ledger.id, session_id, created_timestamp, usage_ledger.input_tokens,"
            f" usage_ledger.output_tokens, {', '.join(more)} FROM usage_ledger {join}"
            " WHERE usage_ledger.id >= ? ORDER BY usage_ledger.id"
        )

    def usage(self, row: tuple[Any, ...]) -> Usage | None:
        """One call."""
        number, session, created, read, said, model, cached, written, cost, folder, provider, config = row
        tokens = disjoint(read, cached, written, said, has_cache=True)
        if tokens is None:
            raise ValueError
        if not tokens.total:
            return None
        return Usage(
            NAME,
            # The number of a deleted row is given again, so it is no key without the time.
            f"{NAME}:{session}:{created}:{number}",
            created if created >= _MILLISECONDS else created * 1000,
            model or _model_of(config),
            tokens,
            session,
            folder or "",
            provider=provider or "",
            reported_cost=nano_dollars(cost),
        )


class _Sessions(SqliteStoreReader):
    """The totals of sessions without calls."""

    name = NAME
    required = _SESSIONS
    ticks = 1

    def __init__(self, columns: dict[str, frozenset[str]], *, has_calls: bool) -> None:
        told = ("accumulated_input_tokens", "accumulated_output_tokens", "created_at", "provider_name")
        more = [one if one in columns["sessions"] else "NULL" for one in (*told, "model_config_json")]
        without = "AND NOT EXISTS (SELECT 1 FROM usage_ledger WHERE session_id = sessions.id)" if has_calls else ""
        self.query = (
            "SELECT CAST(strftime('%s', updated_at) AS INTEGER) AS changed, id, working_dir, accumulated_total_tokens,"
            f" {', '.join(more)} FROM sessions WHERE changed >= ? AND accumulated_total_tokens > 0 {without}"
            " ORDER BY changed"
        )

    def usage(self, row: tuple[Any, ...]) -> Usage | None:
        """The total of one session."""
        changed, session, folder, total, read, said, created, provider, config = row
        began = milliseconds(datetime.fromisoformat(created)) if created else changed * 1000
        usage = _total(session, folder, began, (read, said, total))
        return usage and usage._replace(model=_model_of(config), provider=provider or "")


def _total(session: str, folder: str | None, began_ms: int, counts: tuple[int | None, ...]) -> Usage | None:
    """The usage of a session from its running total; `None` without counts. Raises `ValueError` for impossible ones."""
    read, said, total = (count or 0 for count in counts)
    tokens = disjoint(read if read or said else total, 0, 0, said, has_cache=False)
    if tokens is None:
        raise ValueError
    if not tokens.total:
        return None
    # As `unlogged` usage it is priced as short prompts: a sum says nothing of the length of each.
    return Usage(NAME, f"{NAME}:{session}", began_ms, "", tokens, session, folder or "", kind="unlogged")


def _model_of(config: str | None) -> str:
    model = decoded(_model, config.encode("utf-8", "replace")) if config else None
    return (model and model.name) or ""


def _local(text: str) -> int:
    """Milliseconds UTC of a time in the machine's time zone; 0 if there is none."""
    try:
        return milliseconds(datetime.strptime(text, "%Y%m%d_%H%M%S").astimezone(UTC))
    except (ValueError, OverflowError, OSError):
        return 0
