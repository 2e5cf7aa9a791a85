"""Parquet files whose bytes are determined by their rows, by pyarrow: the extra `tokcost[parquet]`.

Equal columns and rows give equal bytes with the same version of pyarrow, whenever and wherever they are written: row
groups, encodings and compression are fixed, and no time or machine name is included. If a caller sorts its rows, the
file name can be a digest of the content. pyarrow is imported when a file is created.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from importlib import import_module
from io import RawIOBase
from itertools import islice
from typing import Any, Literal, NamedTuple

from tokcost.errors import EnvironmentProblem
from tokcost.installation import installation

Kind = Literal["text", "integer", "decimal", "time", "date", "truth"]
"""The kinds of columns.

- `text`: a string. - `integer`: a signed number of 64 bits. - `truth`: true or false.
- `decimal`: a decimal number of 38 digits, twelve of them behind the point, where a specification asks for one; money
  is an `integer` of nano-dollars everywhere else.
- `time`: milliseconds since 1970-01-01 UTC, as an integer; a timestamp in UTC in the file.
- `date`: days since 1970-01-01, as an integer; a date in the file.
"""

PLACES = 12
"""Decimal places of a `decimal`."""
_ROWS = 100_000
"""Of every row group except the last."""
_PORTION = 10_000
"""Rows that are converted to columns at once."""
_LEVEL = 3
"""Of Zstandard."""
_REQUIREMENT = "pyarrow>=16"

Value = str | int | bool | Decimal | None


class Column(NamedTuple):
    """A column of a file; every column may hold `None`."""

    name: str
    kind: Kind


def check_available() -> None:
    """Raise `EnvironmentProblem` if pyarrow is not installed, before any other work is done."""
    from importlib.util import find_spec

    if find_spec("pyarrow") is None:
        raise EnvironmentProblem(
            "Parquet needs pyarrow, which is not installed",
            f"Run `{installation().adding([_REQUIREMENT])}`.",
        )


def parquet_bytes(
    columns: Sequence[Column], rows: Iterable[Sequence[Value]], notes: Mapping[str, str] | None = None
) -> bytes:
    """The bytes of a file with these rows in their order.

    `notes` become its key-value metadata, sorted. Raises `EnvironmentProblem` if pyarrow is missing, and `ValueError`
    if a value does not fit its column: a decimal with more than twelve places, an integer beyond 64 bits, a text with a
    lone surrogate.
    """
    return b"".join(parquet_pieces(columns, in_portions(rows), notes))


def in_portions(rows: Iterable[Sequence[Value]]) -> Iterator[Sequence[Sequence[Value]]]:
    """Rows in the form for `parquet_pieces`."""
    left = iter(rows)
    return iter(lambda: list(zip(*islice(left, _PORTION), strict=True)), [])


def parquet_pieces(
    columns: Sequence[Column],
    portions: Iterable[Sequence[Sequence[Value]]],
    notes: Mapping[str, str] | Callable[[], Mapping[str, str]] | None = None,
) -> Iterator[bytes]:
    """The file of `parquet_bytes` in pieces, from rows that arrive in portions of a few thousand, each as its columns.

    At most one row group is in memory, and the bytes do not depend on the size of the portions. `notes` may be a
    function that is called after the last row. Raises as `parquet_bytes`.
    """
    check_available()
    arrow: Any = import_module("pyarrow")
    parquet: Any = import_module("pyarrow.parquet")
    types = _types(arrow)
    schema = arrow.schema([arrow.field(one.name, types[one.kind]) for one in columns])
    sink = _Pieces()
    try:
        with parquet.ParquetWriter(
            sink, schema, version="2.6", compression="zstd", compression_level=_LEVEL, store_schema=False
        ) as writer:
            for group in _groups(arrow, schema, portions):
                writer.write_table(group, row_group_size=_ROWS)
                yield sink.taken()
            told = notes() if callable(notes) else notes or {}
            writer.add_key_value_metadata(dict(sorted(told.items())))
    except (OverflowError, arrow.ArrowException) as error:
        raise ValueError(f"a value does not fit its column: {error}") from error
    yield sink.taken()


def _groups(arrow: Any, schema: Any, portions: Iterable[Sequence[Sequence[Value]]]) -> Iterator[Any]:
    """Tables with the rows of one row group each; the last one has fewer. Each is contiguous, because the chunks of
    a column would show in the bytes."""
    waiting = schema.empty_table()
    for portion in portions:
        arrays = [arrow.array(list(one), field.type) for one, field in zip(portion, schema, strict=True)]
        # Kept back until a row group is full: the size of the portions that a caller happens to use must not show.
        waiting = arrow.concat_tables([waiting, arrow.Table.from_arrays(arrays, schema=schema)])
        while waiting.num_rows >= _ROWS:
            yield waiting.slice(0, _ROWS).combine_chunks()
            waiting = waiting.slice(_ROWS)
    if waiting.num_rows:
        yield waiting.combine_chunks()


class _Pieces(RawIOBase):
    """A file object that keeps only what was not taken from it yet."""

    def __init__(self) -> None:
        self._written: list[bytes] = []
        self._length = 0

    def writable(self) -> bool:
        """True, as `io` requires."""
        return True

    def write(self, data: Any) -> int:
        """Take some bytes."""
        piece = bytes(data)
        self._written.append(piece)
        self._length += len(piece)
        return len(piece)

    def tell(self) -> int:
        """The length of the complete file so far."""
        return self._length

    def taken(self) -> bytes:
        """Everything that was written since the last call."""
        found = b"".join(self._written)
        self._written.clear()
        return found


def _types(arrow: Any) -> dict[Kind, Any]:
    return {
        "text": arrow.string(),
        "integer": arrow.int64(),
        "decimal": arrow.decimal128(38, PLACES),
        "time": arrow.timestamp("ms", tz="UTC"),
        "date": arrow.date32(),
        "truth": arrow.bool_(),
    }
