"""Lines of styled text, and a table that fits a width by dropping columns, never rows."""

from typing import Literal, NamedTuple

from tokcost.reports.text import clip, pad, width

Style = Literal["plain", "head", "current", "amount", "bar", "warn", "dim"]


class Piece(NamedTuple):
    """Text in one style."""

    text: str
    style: Style = "plain"


Line = list[Piece]
"""The pieces of one line; a painter may colour them."""

KEEP = 0
_GAP = 2
_BETWEEN = Piece(" " * _GAP)
_LEAST_NAME = 8


class Column(NamedTuple):
    """A column and its cells, one for each row."""

    title: str
    cells: list[Piece]
    rank: int = KEEP
    """Columns of the highest rank are dropped first; those of rank `KEEP` never."""
    right: bool = False

    @property
    def width(self) -> int:
        """Columns that the widest cell or the title takes on a terminal."""
        return max(width(self.title), *(width(cell.text) for cell in self.cells), 0)


def table(columns: list[Column], columns_wide: int | None) -> list[Line]:
    """Title line and rows. The first column holds names: it is shortened if dropping other columns is not enough."""
    columns = [column for column in columns if any(cell.text for cell in column.cells)]
    if columns_wide is not None:
        columns = _fitting(columns, columns_wide)
    widths = [column.width for column in columns]
    titles = [Piece(column.title, "head") for column in columns]
    rows = zip(*(column.cells for column in columns), strict=True)
    return [_line(cells, columns, widths) for cells in (titles, *rows)]


def _fitting(columns: list[Column], columns_wide: int) -> list[Column]:
    name = columns[0]
    # The first column keeps a third of the screen: others are dropped before names become unreadable.
    wanted = min(name.width, max(24, columns_wide // 3))
    while _rest(columns) + wanted > columns_wide and any(column.rank for column in columns):
        columns.remove(max(columns, key=lambda column: column.rank))
    room = max(_LEAST_NAME, columns_wide - _rest(columns))
    cells = [cell._replace(text=clip(cell.text, room)) for cell in name.cells]
    return [Column(clip(name.title, room), cells), *columns[1:]]


def _rest(columns: list[Column]) -> int:
    """Width of all columns except the first, gaps included."""
    return sum(column.width + _GAP for column in columns[1:])


def _line(cells: tuple[Piece, ...] | list[Piece], columns: list[Column], widths: list[int]) -> Line:
    line: Line = []
    for cell, column, wide in zip(cells, columns, widths, strict=True):
        line += [_BETWEEN, Piece(pad(cell.text, wide, column.right), cell.style)]
    line = line[1:]
    while line and not line[-1].text.strip():
        line.pop()
    if line:
        line[-1] = line[-1]._replace(text=line[-1].text.rstrip())
    return line


def paragraph(text: str, columns_wide: int | None, style: Style = "dim") -> list[Line]:
    """A sentence, wrapped between words, with further lines indented by two more columns than the first."""
    if columns_wide is None or width(text) <= columns_wide:
        return [[Piece(text, style)]]
    from textwrap import wrap  # usually nothing is too wide

    indent = " " * (len(text) - len(text.lstrip()) + _GAP)
    # Commands, options and branches must stay in one piece to be copied, so neither hyphens nor long words are broken.
    wrapped = wrap(text, columns_wide, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    return [[Piece(part, style)] for part in wrapped]


def plain(lines: list[Line]) -> str:
    """The lines as text without any colour."""
    return "".join("".join(piece.text for piece in line) + "\n" for line in lines)
