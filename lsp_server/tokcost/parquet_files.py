"""Parquet files whose bytes follow from their rows alone, by pyarrow: the extra `tokcost[parquet]`.

The same columns and rows give the same bytes with the same pyarrow, whenever and wherever they are written: row groups,
encodings and compression are fixed, no time and no name of a machine goes in. A caller sorts its rows; the name of a
file can then be a digest of its content. pyarrow is imported when a file is made.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from importlib import import_module
from io import BytesIO
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
"""Digits behind the point of a `decimal`."""
_ROWS = 100_000
"""Of a row group, but the last."""
_LEVEL = 3
"""Of Zstandard."""
_REQUIREMENT = "pyarrow>=16"

Value = str | int | bool | Decimal | None


class Column(NamedTuple):
    """A column of a file; every column may hold `None`."""

    name: str
    kind: Kind


def check_available() -> None:
    """Raise `EnvironmentProblem` where pyarrow is not installed, before any work is done for it."""
    from importlib.util import find_spec

    if find_spec("pyarrow") is None:
        raise EnvironmentProblem(
            "Parquet needs pyarrow, which is not installed",
            f"Run `{installation().adding([_REQUIREMENT])}`.",
        )


def parquet_bytes(
    columns: Sequence[Column], rows: Iterable[Sequence[Value]], notes: Mapping[str, str] | None = None
) -> bytes:
    """A whole file with these rows in their order. `notes` go into its key-value metadata, sorted.

    Raises `EnvironmentProblem` where pyarrow is missing, and `ValueError` where a value does not fit its column: a
    decimal with more than twelve places, an integer beyond 64 bits, a text of half a character.
    """
    check_available()
    arrow: Any = import_module("pyarrow")
    parquet: Any = import_module("pyarrow.parquet")
    types = _types(arrow)
    schema = arrow.schema([arrow.field(one.name, types[one.kind]) for one in columns])
    sink = BytesIO()
    try:
        with parquet.ParquetWriter(
            sink, schema, version="2.6", compression="zstd", compression_level=_LEVEL, store_schema=False
        ) as writer:
            left = iter(rows)
            while portion := list(islice(left, _ROWS)):
                values = zip(*portion, strict=True)
                arrays = [arrow.array(list(one), field.type) for one, field in zip(values, schema, strict=True)]
                writer.write_table(arrow.Table.from_arrays(arrays, schema=schema), row_group_size=_ROWS)
            writer.add_key_value_metadata(dict(sorted((notes or {}).items())))
    except (OverflowError, arrow.ArrowException) as error:
        raise ValueError(f"a value does not fit its column: {error}") from error
    return sink.getvalue()


def _types(arrow: Any) -> dict[Kind, Any]:
    return {
        "text": arrow.string(),
        "integer": arrow.int64(),
        "decimal": arrow.decimal128(38, PLACES),
        "time": arrow.timestamp("ms", tz="UTC"),
        "date": arrow.date32(),
        "truth": arrow.bool_(),
    }
