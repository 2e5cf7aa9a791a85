"""Tables as CSV, JSON lines and Parquet, from one description of their columns.

Text from outside is escaped in every format, and a cell of CSV is no formula for any spreadsheet. An amount in
nano-dollars is a decimal number of dollars with nine places in CSV and JSON, and stays an integer in Parquet, under a
name that says so.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO
from json import dumps
from typing import Literal, NamedTuple

from tokcost.model.money import decimal_string
from tokcost.parquet_files import Column, Kind, Value, parquet_bytes
from tokcost.reports.text import cell, escape

Format = Literal["csv", "parquet", "jsonl"]
_PORTION = 1000
"""Rows that are written at once."""


class Field(NamedTuple):
    """A column of a table. A value of kind `money` is nano-dollars; `day` is days since 1970-01-01, at midnight UTC."""

    name: str
    kind: Kind | Literal["money", "day"]
    meaning: str

    @property
    def column(self) -> Column:
        """The column in Parquet."""
        if self.kind == "money":
            return Column(f"{self.name}_nano", "integer")
        return Column(self.name, "time" if self.kind == "day" else self.kind)


Row = Sequence[Value]


def encoded(form: Format, fields: Sequence[Field], rows: Iterable[Row], notes: Mapping[str, str]) -> Iterator[bytes]:
    """The file, in pieces. `notes` go into the metadata of Parquet. Raises as `parquet_bytes`."""
    if form == "parquet":
        yield parquet_bytes([one.column for one in fields], (_parquet_row(fields, row) for row in rows), notes)
        return
    lines = _csv(fields, rows) if form == "csv" else _jsonl(fields, rows)
    portion: list[str] = []
    for line in lines:
        portion.append(line)
        if len(portion) == _PORTION:
            yield "".join(portion).encode()
            portion.clear()
    yield "".join(portion).encode()


def header(fields: Sequence[Field]) -> bytes:
    """The first line of such a file of CSV."""
    return next(_csv(fields, ())).encode()


def _csv(fields: Sequence[Field], rows: Iterable[Row]) -> Iterator[str]:
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([one.name for one in fields])
    yield text.getvalue()
    for row in rows:
        text.seek(0)
        text.truncate()
        writer.writerow([_cell(one, value) for one, value in zip(fields, row, strict=True)])
        yield text.getvalue()


def _cell(field: Field, value: Value) -> str:
    plain = _plain(field, value)
    return cell(str(plain)) if field.kind == "text" and value is not None else _word(plain)


def _word(value: Value) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _jsonl(fields: Sequence[Field], rows: Iterable[Row]) -> Iterator[str]:
    for row in rows:
        values = {one.name: _plain(one, value) for one, value in zip(fields, row, strict=True)}
        yield dumps(values, ensure_ascii=False, separators=(",", ":")) + "\n"


def _plain(field: Field, value: Value) -> Value:
    """A value as CSV and JSON have it: a decimal number as a string, with a point even where it is whole (some readers
    would take the column for integers)."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, Decimal):
        return f"{value:.0f}.0" if value == int(value) else format(value, "f").rstrip("0")
    match field.kind:
        case "money":
            return decimal_string(value)
        case "time":
            return _moment(value, "milliseconds")
        case "day":
            return _moment(value * 86_400_000, "seconds")
        case _:
            return value


def _moment(time_ms: int, precision: str) -> str:
    seconds, rest = divmod(time_ms, 1000)
    moment = datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest * 1000)
    return moment.isoformat(timespec=precision).replace("+00:00", "Z")


def _parquet_row(fields: Sequence[Field], row: Row) -> list[Value]:
    return [
        escape(value)
        if isinstance(value, str)
        else value * 86_400_000
        if one.kind == "day" and isinstance(value, int)
        else value
        for one, value in zip(fields, row, strict=True)
    ]
