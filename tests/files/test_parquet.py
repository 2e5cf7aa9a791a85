"""Parquet files: the same rows are the same bytes, and nothing is rounded on the way in."""

import subprocess
import sys
from decimal import Decimal
from io import BytesIO
from typing import Any

import pyarrow as arrow
import pyarrow.parquet as parquet
import pytest

from tokcost.files.parquet import Column, Kind, Value, parquet_bytes

COLUMNS = [
    Column("name", "text"), Column("nano", "integer"), Column("cost", "decimal"), Column("at", "time"),
    Column("day", "date"), Column("known", "truth"),
]  # fmt: skip
ROWS: list[list[Value]] = [
    ["a", 1 << 62, Decimal("0.000000000001"), 1_795_435_200_000, 20_780, True],
    ["ü\U0001f600", -1, Decimal("12345678901234567890.123456789"), 0, 0, False],
    [None, None, None, None, None, None],
]


def read(data: bytes) -> Any:
    return parquet.read_table(BytesIO(data))


def test_values_come_back_as_they_went_in() -> None:
    table = read(parquet_bytes(COLUMNS, ROWS, {"made": "by a test"}))
    assert table.column("name").to_pylist() == ["a", "ü\U0001f600", None]
    assert table.column("nano").to_pylist() == [1 << 62, -1, None]
    assert table.column("cost").to_pylist() == [ROWS[0][2], ROWS[1][2], None]
    assert [str(one) for one in table.column("at").to_pylist()] == [
        "2026-11-23 12:00:00+00:00", "1970-01-01 00:00:00+00:00", "None",
    ]  # fmt: skip
    assert [str(one) for one in table.column("day").to_pylist()] == ["2026-11-23", "1970-01-01", "None"]
    assert table.column("known").to_pylist() == [True, False, None]
    assert [str(one.type) for one in table.schema] == [
        "string", "int64", "decimal128(38, 12)", "timestamp[ms, tz=UTC]", "date32[day]", "bool",
    ]  # fmt: skip
    assert table.schema.metadata[b"made"] == b"by a test"


@pytest.mark.slow
def test_the_same_rows_are_the_same_bytes_in_another_process_too() -> None:
    code = (
        "import sys; from tokcost.files.parquet import Column, parquet_bytes;"
        "rows = ((str(n % 7), n) for n in range(250_000));"
        "columns = [Column('name', 'text'), Column('n', 'integer')];"
        "sys.stdout.buffer.write(parquet_bytes(columns, rows, {'b': '2', 'a': '1'}))"
    )
    one, other = (
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, env={"PYTHONHASHSEED": seed})
        for seed in "12"
    )
    assert one.stdout == other.stdout
    assert parquet.ParquetFile(BytesIO(one.stdout)).num_row_groups == 3
    notes = {"a": "1", "b": "2"}
    columns = [Column("name", "text"), Column("n", "integer")]
    assert parquet_bytes(columns, [[str(n % 7), n] for n in range(250_000)], notes) == one.stdout


def test_a_file_without_rows_has_its_columns() -> None:
    table = read(parquet_bytes(COLUMNS, []))
    assert table.num_rows == 0
    assert table.column_names == [one.name for one in COLUMNS]


@pytest.mark.parametrize(
    ("kind", "value"),
    [("integer", 1 << 63), ("decimal", Decimal("0.0000000000001")), ("decimal", Decimal(10) ** 30), ("text", "\ud800")],
)
def test_what_does_not_fit_is_refused_and_not_rounded(kind: Kind, value: Value) -> None:
    with pytest.raises(ValueError, match=r"does not fit|surrogates"):
        parquet_bytes([Column("one", kind)], [[value]])


def test_nothing_is_imported_before_a_file_is_made() -> None:
    code = "import sys, tokcost.files.parquet; print('pyarrow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
    assert arrow.__version__
