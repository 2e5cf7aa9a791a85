"""Tables as CSV, JSON lines and Parquet, from one description of their columns.

Text from outside is escaped in every format, and no spreadsheet interprets a CSV cell as a formula. An amount in
nano-dollars is a decimal number of dollars with nine decimal places in CSV and JSON, and stays an integer in Parquet,
under a name that says so.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO
from itertools import islice
from json import dumps
from typing import Any, Literal, NamedTuple

from tokcost.files.parquet import Column, Kind, Value, parquet_pieces
from tokcost.model.money import decimal_string
from tokcost.reports.text import cell, escape

Format = Literal["csv", "parquet", "jsonl"]
_PORTION = 1000
"""Rows that are written at once."""
_MOST_KNOWN = 10_000
_DAY_MS = 86_400_000


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
    """The file, in pieces. `notes` go into Parquet's metadata. Raises as `parquet_bytes`."""
    match form:
        case "parquet":
            yield from parquet_pieces([one.column for one in fields], _portions(_in_parquet, fields, rows), notes)
        case "csv":
            yield header(fields)
            for columns in _portions(_in_csv, fields, rows):
                yield _csv(zip(*columns, strict=True))
        case "jsonl":
            # One template for all rows: the names of columns are encoded once.
            line = "{" + ",".join(f"{dumps(one.name)}:%s" for one in fields) + "}\n"
            for columns in _portions(_in_json, fields, rows):
                yield "".join([line % values for values in zip(*columns, strict=True)]).encode()


def header(fields: Sequence[Field]) -> bytes:
    """The first line of a CSV file with these columns."""
    return _csv([[one.name for one in fields]])


def _csv(rows: Iterable[Sequence[object]]) -> bytes:
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


_Written = Callable[[Any], Any]
"""The form of a value in a file."""


def _portions(
    written: Callable[[Field], _Written | None], fields: Sequence[Field], rows: Iterable[Row]
) -> Iterator[list[Sequence[Any]]]:
    """A few rows at a time, as columns: the form of a value is chosen once for each column, and one `map` applies
    it, which is several times faster than a decision for each cell. `None` leaves a column unchanged."""
    calls = [written(one) for one in fields]
    left = iter(rows)
    while portion := list(islice(left, _PORTION)):
        columns = zip(*portion, strict=True)
        yield [column if call is None else list(map(call, column)) for call, column in zip(calls, columns, strict=True)]


class _Known(dict[Any, Any]):
    """The forms of values that were written before: most columns repeat a few values."""

    def __init__(self, write: _Written) -> None:
        self._write = write

    def __missing__(self, value: Value) -> Any:
        # Most columns have few values; one of ids would otherwise be in memory as a whole.
        if len(self) == _MOST_KNOWN:
            self.clear()
        found = self[value] = self._write(value)
        return found


def _in_csv(field: Field) -> _Written | None:
    match field.kind:
        case "integer":
            return None  # the writer itself does it, and leaves `None` empty
        case "text":
            return _Known(lambda value: "" if value is None else cell(value)).__getitem__
        case _:
            write = _text(field)
            return lambda value: "" if value is None else write(value)


def _in_json(field: Field) -> _Written:
    match field.kind:
        case "text":
            return _Known(
                lambda value: "null" if value is None else dumps(escape(value), ensure_ascii=False)
            ).__getitem__
        case "integer" | "truth":
            write = _text(field)
            return lambda value: "null" if value is None else write(value)
        case _:
            write = _text(field)
            return lambda value: "null" if value is None else f'"{write(value)}"'


def _in_parquet(field: Field) -> _Written | None:
    match field.kind:
        case "text":
            return _Known(lambda value: value if value is None else escape(value)).__getitem__
        case "day":
            return lambda value: value if value is None else value * _DAY_MS
        case _:
            return None


def _text(field: Field) -> Callable[[Any], str]:
    """The function that writes a value which is no text and not `None`."""
    match field.kind:
        case "money":
            return decimal_string
        case "decimal":
            return _decimal
        case "time":
            minutes = _Known(lambda minute: _moment(minute * 60_000)[:-3])
            return lambda value: f"{minutes[value // 60_000]}{value // 1000 % 60:02d}.{value % 1000:03d}Z"
        case "day":
            return _Known(lambda value: _moment(value * _DAY_MS)).__getitem__
        case "truth":
            return lambda value: "true" if value else "false"
        case _:
            return str


def _decimal(value: Decimal) -> str:
    """A decimal number with a point even if it is an integer: some readers would otherwise infer an integer column."""
    return f"{value:.0f}.0" if value == int(value) else format(value, "f").rstrip("0")


def _moment(time_ms: int) -> str:
    return f"{datetime.fromtimestamp(time_ms // 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
