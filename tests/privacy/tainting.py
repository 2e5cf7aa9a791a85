"""Texts of a home, one kind at a time, replaced by a word that nobody else writes: where does it come out?

A kind is the way to a text inside of a record, such as `message.content.*.text`, in all records of a home's logs.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from tokcost.readers.protocol import Reader

CANARY = "CANARYf3a9"

Way = tuple[str, ...]
"""Keys from a record's outside to a text; `*` stands for any place in a list. In a store, table and column go first."""


def ways(value: Any, before: Way = ()) -> Iterator[Way]:
    """The ways to all texts in a JSON value."""
    if isinstance(value, str):
        yield before
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from ways(inner, (*before, name))
    elif isinstance(value, list):
        for inner in value:
            yield from ways(inner, (*before, "*"))


def tainted(value: Any, way: Way) -> Any:
    """The value with the canary in place of the texts at the end of this way."""
    if not way:
        return CANARY if isinstance(value, str) else value
    if isinstance(value, dict):
        return {name: tainted(inner, way[1:]) if name == way[0] else inner for name, inner in value.items()}
    if isinstance(value, list) and way[0] == "*":
        return [tainted(inner, way[1:]) for inner in value]
    return value


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


class Home:
    """The JSON of a home: lines, documents, and texts in columns of stores."""

    def __init__(self, folder: Path) -> None:
        self._files = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        self._records = {path: list(self._read(path)) for path in self._files}

    def _read(self, path: Path) -> Iterator[Any]:
        if path.suffix == ".jsonl":
            yield from map(_decoded, path.read_text(encoding="utf-8").splitlines())
        elif path.suffix == ".json":
            yield _decoded(path.read_text(encoding="utf-8"))
        elif path.suffix == ".db":
            for table, column, text in _texts(path):
                inner = _decoded(text)
                yield {table: {column: inner if isinstance(inner, dict | list) else text}}

    def ways(self) -> set[Way]:
        """The ways to all texts of this home."""
        return {way for records in self._records.values() for record in records for way in ways(record)}

    def put(self, way: Way) -> None:
        """Write the home with the canary at the end of this way; everything else as it was."""
        for path, records in self._records.items():
            if not any(way in set(ways(record)) for record in records):
                continue
            if path.suffix == ".db":
                _put_into_store(path, way)
            elif path.suffix == ".jsonl":
                lines = [json.dumps(tainted(record, way), separators=(",", ":")) for record in records]
                path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
            else:
                path.write_text(json.dumps(tainted(records[0], way), indent=2), encoding="utf-8")

    def restore(self) -> None:
        """Write the home as it was found."""
        for path, data in self._files.items():
            if path.read_bytes() != data:
                path.write_bytes(data)
        for extra in {one for path in self._files for one in path.parent.glob("*.db-*")} - self._files.keys():
            extra.unlink()


def _texts(path: Path) -> Iterator[tuple[str, str, str]]:
    with closing(sqlite3.connect(path)) as store:
        for table, column in _columns(store):
            for (text,) in store.execute(
                f'SELECT DISTINCT "{column}" FROM "{table}" WHERE typeof("{column}") = \'text\''
            ):
                yield table, column, text


def _columns(store: sqlite3.Connection) -> Iterable[tuple[str, str]]:
    tables = [name for (name,) in store.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    return [(table, row[1]) for table in tables for row in store.execute(f"PRAGMA table_info('{table}')")]


def _put_into_store(path: Path, way: Way) -> None:
    table, column, *inner = way
    with closing(sqlite3.connect(path)) as store:

        def replaced(text: Any) -> Any:
            value = _decoded(text) if isinstance(text, str) else None
            if isinstance(value, dict | list):
                return json.dumps(tainted(value, tuple(inner)), separators=(",", ":")) if inner else text
            return CANARY if isinstance(text, str) and not inner else text

        store.create_function("replaced", 1, replaced, deterministic=True)
        store.execute(f'UPDATE OR IGNORE "{table}" SET "{column}" = replaced("{column}")')
        store.commit()


def told(reader: Reader, environ: Mapping[str, str]) -> str:
    """All that a reader hands over of this home: usage, what it remembers of a source, all else in a batch."""
    sources = [one for location in reader.locations(environ) for one in reader.discover(location)]
    return repr([batch for source in sources for batch in reader.read(source, None)])
