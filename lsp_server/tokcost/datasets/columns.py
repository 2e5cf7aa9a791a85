"""The columns of a dataset's two tables, and values derived from their rows: no file is opened here."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from hashlib import blake2b

from tokcost.files.parquet import Column, Value
from tokcost.model.dataset import CellRow, ClaimRow

CLAIMS: tuple[Column, ...] = (
    Column("id", "text"),
    Column("version", "integer"),
    Column("repository", "text"),
    Column("month", "date"),
    Column("area", "text"),
    Column("model", "text"),
    Column("list_cost", "integer"),
    Column("tokens", "integer"),
    Column("unpriced", "truth"),
    Column("exact", "truth"),
    Column("counted", "integer"),
    Column("rank", "text"),
    Column("cell_area", "text"),
    Column("cell_model", "text"),
    Column("cell_list_cost", "integer"),
    Column("cell_tokens", "integer"),
    Column("cell_counted", "integer"),
)
CELLS: tuple[Column, ...] = (
    Column("month", "date"),
    Column("area", "text"),
    Column("model", "text"),
    Column("list_cost", "integer"),
    Column("tokens", "integer"),
    Column("claims", "integer"),
    Column("unpriced", "truth"),
    Column("exact", "truth"),
)
SCHEMA = "tokcost.dataset/1"
"""Increased with every change of a column's meaning."""
_EPOCH = date(1970, 1, 1)


def claim_values(rows: Iterable[ClaimRow]) -> Iterator[tuple[Value, ...]]:
    """Rows of claims in the form of a file."""
    return (tuple(row._replace(month=_days(row.month))) for row in rows)  # pyright: ignore[reportArgumentType]


def cell_values(rows: Iterable[CellRow]) -> Iterator[tuple[Value, ...]]:
    """Rows of cells in the form of a file."""
    return (tuple(row._replace(month=_days(row.month))) for row in rows)  # pyright: ignore[reportArgumentType]


class CellSums:
    """The cells in which rows of claims are published. They follow from the rows, so anybody can complete a run that
    was interrupted between the two files. Rows are added in the order of their file."""

    def __init__(self) -> None:
        self._cells: dict[tuple[str, str, str], CellRow] = {}
        self._digest = blake2b(digest_size=16)

    def add(self, row: ClaimRow) -> None:
        """Add a row."""
        # Two jobs with equal cells of different claims would otherwise write files of one name, and one would be lost.
        # The repository is left out, so that a clone from another address gives the same bytes.
        self._digest.update(repr((row.id, row.version, row.area)).encode())
        if row.cell_area is None or row.cell_model is None:
            return
        key = row.month, row.cell_area, row.cell_model
        before = self._cells.get(key) or CellRow(*key, 0, 0, 0, False, True)
        self._cells[key] = before._replace(
            list_cost=before.list_cost + (row.cell_list_cost or 0),
            tokens=before.tokens + (row.cell_tokens or 0),
            claims=before.claims + (row.cell_counted or 0),
            unpriced=before.unpriced or row.unpriced,
            exact=before.exact and row.exact,
        )

    @property
    def cells(self) -> list[CellRow]:
        """Sorted."""
        # Sorted, since files are named by their bytes. A cell without amounts is one that a compaction removed.
        return sorted(cell for cell in self._cells.values() if cell.tokens or cell.claims)

    @property
    def claims_digest(self) -> str:
        """A digest of the claims, which reveals nothing to anyone who does not have their ids."""
        return self._digest.hexdigest()


def cells_of(rows: Iterable[ClaimRow]) -> CellSums:
    """The cells of some rows."""
    found = CellSums()
    for row in rows:
        found.add(row)
    return found


def month_of(day: date) -> str:
    """The month in the form used everywhere except in files."""
    return f"{day.year:04d}-{day.month:02d}"


def claim_row(values: Sequence[object]) -> ClaimRow:
    """A row from a file, in which the month is a date."""
    row = ClaimRow(*values)  # pyright: ignore[reportArgumentType]
    day = row.month
    assert isinstance(day, date)
    return row._replace(month=month_of(day))


def first_day(month: str) -> date:
    """The first day of a month."""
    year, number = map(int, month.split("-"))
    return date(year, number, 1)


def last_closed_month(now: float) -> str:
    """The month before the one that contains a moment, in seconds UTC."""
    today = _EPOCH + timedelta(seconds=now)
    return month_of(today.replace(day=1) - timedelta(days=1))


def _days(month: str) -> int:
    return (first_day(month) - _EPOCH).days
