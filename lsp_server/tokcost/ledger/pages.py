"""The readable rows of a damaged database file, page by page, whatever the state of the rest.

SQLite itself reads them: every page with rows is presented to it as the root of a separate table, in a copy of the file
whose first page, the schema, is ours. Neither the schema, nor an index, nor the pages above need to be readable. The
layout of pages and of the write-ahead log is SQLite's documented format (https://sqlite.org/fileformat2.html).
"""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NamedTuple

from tokcost.ledger.damage import UNREADABLE

_LEAF, _KEYED_LEAF, _KEYED_INNER, _INNER = 0x0D, 0x0A, 0x02, 0x05
_KINDS = (_LEAF, _KEYED_LEAF, _KEYED_INNER, _INNER)
_USUAL_SIZE = 8192
# SQLite's page sizes are the powers of two from 512 to 65,536.
_SIZES = tuple(1 << power for power in range(9, 17))
_LOOKED_AT_BYTES = 1 << 23
_BATCH = 400
"""Pages given to SQLite at once: it has to parse as many definitions."""
_LOOKED_AT = 5
"""Rows of a page that are examined to find the tables to which it may belong."""
_WAL_HEADER, _FRAME_HEADER = 32, 24


class Shape(NamedTuple):
    """A table as far as its rows show."""

    table: str
    columns: tuple[str, ...]
    types: tuple[frozenset[type], ...]
    """The types allowed in each column."""
    keys: int
    """For a table without row ids, the number of leading columns that form its key; else 0."""
    least: int
    """The minimum number of columns of a row that was written before the last ones were added."""
    defaults: tuple[str, ...]
    """The values of added columns in old rows, as SQL."""


class Rows(NamedTuple):
    """The rows of one table found on one page."""

    shape: Shape
    good: list[tuple[Any, ...]]
    bad: int
    """Rows that can be read and cannot belong to this table."""


def shapes_of(connection: sqlite3.Connection, tables: Sequence[str]) -> list[Shape]:
    """The shapes of some tables of a sound database."""
    return [_shape(connection, table) for table in tables]


def _shape(connection: sqlite3.Connection, table: str) -> Shape:
    info = connection.execute(f"PRAGMA table_info({table})").fetchall()
    (sql,) = connection.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (table,)).fetchone()
    kinds = {"INTEGER": int, "TEXT": str, "BLOB": bytes}
    types = [
        frozenset([kinds[kind]] if required or key else [kinds[kind], type(None)])
        for _, _, kind, required, _, key in info
    ]
    with_default = 0
    for *_, default, _ in reversed(info):
        if default is None:
            break
        with_default += 1
    return Shape(
        table,
        tuple(row[1] for row in info),
        tuple(types),
        sum(row[5] > 0 for row in info) if "WITHOUT ROWID" in sql else 0,
        len(info) - with_default,
        tuple("" if row[4] is None else f" DEFAULT {row[4]}" for row in info),
    )


class _Leaf(NamedTuple):
    """A page of table rows or index entries."""

    page: int
    is_keyed: bool
    """Whether its rows are stored by a key instead of a row id."""
    counts: frozenset[int]
    """The numbers of columns of its first rows."""


def _may_hold(leaf: _Leaf, shape: Shape) -> bool:
    return bool(shape.keys) == leaf.is_keyed and any(
        shape.least <= count <= len(shape.columns) for count in leaf.counts
    )


class Pages:
    """A copy of a damaged file, which only this class uses and changes."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.size = _page_size(file)
        _apply_log(file, self.size)
        length = os.path.getsize(file)
        self.count = -(-length // self.size)
        os.truncate(file, self.count * self.size)  # the end of a truncated page reads as zeros
        self.unreadable = 0
        """Pages that seem to hold rows, some of which cannot be read any more, or that are no valid pages any more."""
        self._free = self._free_pages()
        self._leaves = [leaf for page in range(2, self.count + 1) for leaf in self._leaf(page)]
        _graft(file, self.size, self.count)

    def likely(self, shape: Shape) -> int:
        """The number of pages in use that look as if they held rows of a table."""
        return sum(_may_hold(leaf, shape) for leaf in self._leaves if leaf.page not in self._free)

    def rows(self, shapes: Sequence[Shape], *, freed: bool = False) -> Iterator[Rows]:
        """All readable rows of tables of these shapes. Those of `freed` pages are separate: they are remains of rows
        that were deleted or moved, unless the free list is damaged."""
        wanted = [
            (leaf.page, shape)
            for leaf in self._leaves
            if (leaf.page in self._free) == freed
            for shape in shapes
            if _may_hold(leaf, shape)
        ]
        unreadable = self.unreadable
        for start in range(0, len(wanted), _BATCH):
            yield from self._batch(wanted[start : start + _BATCH])
        if freed:
            self.unreadable = unreadable

    def _leaf(self, page: int) -> Iterator[_Leaf]:
        """The page, if it may hold rows of a table."""
        content = self._page(page)
        kind, is_used = content[0], page not in self._free
        if kind not in _KINDS:
            self.unreadable += is_used and any(content) and not _may_be_overflow(content, self.count)
        elif kind != _INNER:
            counts = _column_counts(content, kind)
            self.unreadable += is_used and not counts and any(content[3:5])
            yield _Leaf(page, kind != _LEAF, frozenset(counts))

    def _page(self, page: int) -> bytes:
        with open(self._file, "rb") as stream:
            stream.seek((page - 1) * self.size)
            return stream.read(self.size)

    def _free_pages(self) -> set[int]:
        """Pages in the free list, which hold no valid rows. A damaged list ends where it is damaged."""
        free: set[int] = set()
        trunk = int.from_bytes(self._page(1)[32:36], "big")
        while 1 < trunk <= self.count and trunk not in free:
            free.add(trunk)
            content = self._page(trunk)
            leaves = int.from_bytes(content[4:8], "big")
            if leaves > self.size // 4 - 2:  # more than a trunk page has room for
                break
            found = [int.from_bytes(content[at : at + 4], "big") for at in range(8, 8 + 4 * leaves, 4)]
            free.update(page for page in found if 1 < page <= self.count)
            trunk = int.from_bytes(content[:4], "big")
        return free

    def _batch(self, wanted: Sequence[tuple[int, Shape]]) -> Iterator[Rows]:
        with closing(_open(self._file)) as connection:
            connection.execute("PRAGMA writable_schema = 1")
            connection.execute("BEGIN")
            connection.execute("DELETE FROM sqlite_schema")
            connection.executemany(
                "INSERT INTO sqlite_schema VALUES ('table', ?, ?, ?, ?)",
                ((name, name, page, _definition(name, shape)) for name, page, shape in _named(wanted)),
            )
            connection.execute("COMMIT")
        # Another connection, because the first one read the schema before these rows were in it.
        with closing(_open(self._file)) as connection:
            for name, _, shape in _named(wanted):
                found, whole = _read(connection, name, shape)
                self.unreadable += not whole and any(_fits(row, shape) for row in found)
                good = [row for row in found if _fits(row, shape)]
                yield Rows(shape, good, len(found) - len(good))


def _named(wanted: Sequence[tuple[int, Shape]]) -> Iterator[tuple[str, int, Shape]]:
    return ((f"p{page}_{shape.table}", page, shape) for page, shape in wanted)


def _definition(name: str, shape: Shape) -> str:
    columns = [f"{column}{default}" for column, default in zip(shape.columns, shape.defaults, strict=True)]
    if shape.keys:
        key = ", ".join(shape.columns[: shape.keys])
        return f"CREATE TABLE {name} ({', '.join(columns)}, PRIMARY KEY ({key})) WITHOUT ROWID"
    return f"CREATE TABLE {name} ({columns[0]} INTEGER PRIMARY KEY, {', '.join(columns[1:])})"


def _read(connection: sqlite3.Connection, name: str, shape: Shape) -> tuple[list[tuple[Any, ...]], bool]:
    """The rows of a page, and whether they are complete: read forwards until one cannot be read, then backwards."""
    connection.text_factory = str
    columns, order = ", ".join(shape.columns), ", ".join(f"{key} DESC" for key in shape.columns[: shape.keys or 1])
    with suppress(*UNREADABLE):
        return connection.execute(f"SELECT {columns} FROM {name}").fetchall(), True
    connection.text_factory = bytes
    found: dict[tuple[Any, ...], None] = {}
    whole = True
    for query in (f"SELECT {columns} FROM {name}", f"SELECT {columns} FROM {name} ORDER BY {order}"):
        try:
            for row in connection.execute(query):
                found[_decoded(row, shape)] = None
        except UNREADABLE:
            whole = False
    return list(found), whole


def _decoded(row: tuple[Any, ...], shape: Shape) -> tuple[Any, ...]:
    """A row whose texts were not decoded. Text that is no UTF-8 stays bytes where identities depend on it, so that
    it does not fit; elsewhere its damaged characters are replaced."""
    return tuple(
        _text(value, kinds, column) for value, kinds, column in zip(row, shape.types, shape.columns, strict=True)
    )


_IDENTITIES = frozenset(
    {"key", "assistant", "name", "path", "common_dir", "git_dir", "id", "commit_id", "line", "reader"}
)


def _text(value: Any, kinds: frozenset[type], column: str) -> Any:
    if not isinstance(value, bytes) or bytes in kinds:
        return value
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value if column in _IDENTITIES else value.decode(errors="replace")


def _fits(row: tuple[Any, ...], shape: Shape) -> bool:
    return all(type(value) in kinds for value, kinds in zip(row, shape.types, strict=True))


def _column_counts(content: bytes, kind: int) -> list[int]:
    """The numbers of columns of a page's first rows; empty if nothing in it looks like a row."""
    cells = int.from_bytes(content[3:5], "big")
    start = 12 if kind == _KEYED_INNER else 8
    found: list[int] = []
    for at in range(start, start + 2 * min(cells, _LOOKED_AT), 2):
        cell = int.from_bytes(content[at : at + 2], "big")
        with suppress(IndexError):
            cell += 4 if kind == _KEYED_INNER else 0
            _, cell = _number(content, cell)
            if kind == _LEAF:
                _, cell = _number(content, cell)
            header, types = _number(content, cell)
            end, count = cell + header, 0
            while types < end:
                _, types = _number(content, types)
                count += 1
            if types == end:
                found.append(count)
    return found


def _number(content: bytes, at: int) -> tuple[int, int]:
    """A variable-length integer, and its end. Raises `IndexError`."""
    value = 0
    for length in range(1, 10):
        byte = content[at]
        at += 1
        if length == 9:
            return value << 8 | byte, at
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            break
    return value, at


def _may_be_overflow(content: bytes, count: int) -> bool:
    """Whether a page may hold the rest of a long row: it begins with the number of the next such page, or 0."""
    return int.from_bytes(content[:4], "big") <= count


def _page_size(file: Path) -> int:
    """The largest size at which about as many pages look valid as at any other. At a fraction of the true size the
    same pages do, at a multiple only some of them. The header may be damaged."""
    length = min(os.path.getsize(file), _LOOKED_AT_BYTES)
    with open(file, "rb") as stream:
        likely = {size: sum(_is_likely(stream, at, size) for at in range(size, length, size)) for size in _SIZES}
    most = max(likely.values())
    return max(size for size in _SIZES if likely[size] >= 0.8 * most) if most else _USUAL_SIZE


def _is_likely(stream: Any, at: int, size: int) -> bool:
    stream.seek(at)
    head = stream.read(8)
    return len(head) == 8 and head[0] in _KINDS and 8 <= int.from_bytes(head[5:7], "big") <= size


def _apply_log(file: Path, size: int) -> None:
    """Apply the write-ahead log beside a file, up to the last complete transaction. A damaged page does not hide
    those behind it: its rows are examined like those of any other."""
    log = Path(f"{file}-wal")
    if not log.exists():
        return
    frames: list[tuple[int, int]] = []
    with open(log, "rb") as stream, open(file, "r+b") as target:
        header, length = stream.read(_WAL_HEADER), os.path.getsize(log)
        salts, ends = header[16:24], 0
        for at in range(_WAL_HEADER, length - _FRAME_HEADER - size + 1, _FRAME_HEADER + size):
            stream.seek(at)
            frame = stream.read(_FRAME_HEADER)
            # Salts only, no checksums: each checksum covers all frames before it, so one damaged frame would hide the
            # rest.
            if frame[8:16] == salts and int.from_bytes(header[8:12], "big") == size:
                frames.append((int.from_bytes(frame[:4], "big"), at + _FRAME_HEADER))
                # Only a frame that ends a transaction has the size of the database here.
                ends = len(frames) if any(frame[4:8]) else ends
        most = os.path.getsize(file) // size + len(frames)
        for page, at in frames[:ends]:
            if 0 < page <= most:
                stream.seek(at)
                target.seek((page - 1) * size)
                target.write(stream.read(size))
    # The next connection would apply it again, over the first page that `_graft` writes.
    log.unlink()


def _graft(file: Path, size: int, count: int) -> None:
    """Give a file our own first page: an empty schema."""
    donor = file.with_name(f"{file.name}.schema")
    donor.unlink(missing_ok=True)
    try:
        with closing(_open(donor)) as connection:
            connection.execute(f"PRAGMA page_size = {size}")
            connection.execute("CREATE TABLE empty (x)")
            connection.execute("PRAGMA writable_schema = 1")
            connection.execute("DELETE FROM sqlite_schema")
        page = bytearray(donor.read_bytes()[:size])
    finally:
        donor.unlink(missing_ok=True)
    page[28:32] = count.to_bytes(4, "big")
    page[92:96] = page[24:28]  # the count above is valid as long as these two agree
    with open(file, "r+b") as stream:
        stream.write(page)


def _open(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, isolation_level=None)
    try:
        # A copy that only this process uses, and that is made again after a crash.
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
    except BaseException:
        connection.close()
        raise
    return connection
