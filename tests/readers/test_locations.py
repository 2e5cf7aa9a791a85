"""Every base for readers, with every kind of location, and what may lie there instead."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from support.opencode_store import StoreOf
from tokcost.ledger.open import open_ledger
from tokcost.ledger.query import span
from tokcost.model.logs import Location, Source
from tokcost.model.usage import Tokens, Usage
from tokcost.readers import registry
from tokcost.readers.sources.json_file import JsonFileReader
from tokcost.readers.sources.jsonl import JsonlReader
from tokcost.readers.sources.sqlite_store import SqliteStoreReader
from tokcost.services.doctor import diagnose
from tokcost.services.refresh import refresh

T0 = 1_790_000_000_000
LINE = '{"id": "%s", "seconds": 1790000000, "spent": 5}\n'
READERS = [JsonlReader(), JsonFileReader(), SqliteStoreReader()]
OF_FILES = READERS[:2]
KINDS = ["folder", "file", "store"]
SUFFIX = {JsonlReader: ".jsonl", JsonFileReader: ".json"}

AnyReader = JsonlReader | JsonFileReader | SqliteStoreReader


def named(reader: AnyReader) -> str:
    return type(reader).__name__


def found(reader: AnyReader, path: Path, kind: Any) -> list[Source]:
    return list(reader.discover(Location(str(path), kind)))


@pytest.mark.parametrize("kind", ["file", "store"])
@pytest.mark.parametrize("reader", READERS, ids=named)
def test_a_location_that_is_one_file_is_a_source_whatever_its_name(
    reader: AnyReader, kind: str, tmp_path: Path
) -> None:
    path = tmp_path / "history.log"
    path.write_text("12345")
    assert [(one.path, one.size) for one in found(reader, path, kind)] == [(str(path), 5)]


@pytest.mark.parametrize("kind", ["file", "store"])
@pytest.mark.parametrize("reader", READERS, ids=named)
def test_a_link_to_one_file_is_a_source_under_its_own_name(reader: AnyReader, kind: str, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("12345")
    path = tmp_path / "history.log"
    path.symlink_to("elsewhere")
    assert [(one.path, one.size) for one in found(reader, path, kind)] == [(str(path), 5)]


@pytest.mark.parametrize("make", [Path, lambda folder: folder.with_name("link")], ids=["folder", "link to it"])
@pytest.mark.parametrize("reader", OF_FILES, ids=named)
def test_a_folder_has_the_files_with_the_readers_suffix_at_any_depth(
    reader: AnyReader, make: Callable[[Path], Path], tmp_path: Path
) -> None:
    folder = tmp_path / "logs"
    (folder / "2026").mkdir(parents=True)
    (tmp_path / "link").symlink_to("logs")
    for name in (f"a{SUFFIX[type(reader)]}", f"2026/b{SUFFIX[type(reader)]}", "settings.toml"):
        (folder / name).write_text("12345")
    there = found(reader, make(folder), "folder")
    assert sorted(Path(one.path).stem for one in there) == ["a", "b"]


def test_a_folder_is_no_store_and_a_reader_of_stores_that_names_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="name each store"):
        found(SqliteStoreReader(), tmp_path, "folder")


@pytest.mark.parametrize("kind", ["file", "store"])
def test_a_store_is_followed_together_with_its_wal_whatever_its_location_is_called(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    path.write_text("12345")
    (tmp_path / "history.db-wal").write_text("123")
    assert [one.size for one in found(SqliteStoreReader(), path, kind)] == [8]


PUT: dict[str, Callable[[Path], object]] = {
    "nothing": lambda path: path,
    "a folder": Path.mkdir,
    "a pipe": os.mkfifo,
    "a link to nothing": lambda path: path.symlink_to("nowhere"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a link to a device": lambda path: path.symlink_to("/dev/zero"),
}


@pytest.mark.parametrize("put", PUT)
@pytest.mark.parametrize("kind", ["file", "store"])
@pytest.mark.parametrize("reader", READERS, ids=named)
def test_what_is_no_file_is_no_source(reader: AnyReader, kind: str, put: str, tmp_path: Path) -> None:
    PUT[put](tmp_path / "history")
    assert found(reader, tmp_path / "history", kind) == []


@pytest.mark.parametrize("put", [*PUT, "a file"])
@pytest.mark.parametrize("reader", OF_FILES, ids=named)
def test_what_is_no_folder_has_no_sources(reader: AnyReader, put: str, tmp_path: Path) -> None:
    {**PUT, "a file": Path.touch}[put](tmp_path / "history.jsonl")
    assert found(reader, tmp_path / "history.jsonl", "folder") == []


class Lines(JsonlReader):
    """One file of lines."""

    name = "other"
    kind: Any = "file"

    def locations(self, environ: Mapping[str, str]) -> Sequence[Location]:
        return [Location(environ["HOME"] + "/.other/history.jsonl", self.kind)]

    def usage(self, record: dict[str, Any], session: dict[str, Any]) -> Usage | None:
        return Usage("other", record["id"], record["seconds"] * 1000, "m", Tokens(record["spent"]))


class LinesBelow(Lines):
    """Files below a folder."""

    kind = "folder"


class Document(JsonFileReader):
    """One file that is rewritten."""

    name = "other"

    def locations(self, environ: Mapping[str, str]) -> Sequence[Location]:
        return [Location(environ["HOME"] + "/.other/history.jsonl", "file")]

    def usages(self, document: Any, source: Source) -> Iterator[Usage]:
        yield Usage("other", document["id"], document["seconds"] * 1000, "m", Tokens(document["spent"]))


class Rows(SqliteStoreReader):
    """A store."""

    name = "other"
    kind: Any = "file"
    required: Mapping[str, Sequence[str]] = {"call": ("id", "spent")}
    query = "SELECT id, spent FROM call WHERE id >= ? ORDER BY id"

    def locations(self, environ: Mapping[str, str]) -> Sequence[Location]:
        return [Location(environ["HOME"] + "/.other/history.jsonl", self.kind)]

    def usage(self, row: tuple[Any, ...]) -> Usage | None:
        return Usage("other", str(row[0]), T0, "m", Tokens(row[1]))


class RowsBelow(Rows):
    """What no reader of stores can follow."""

    kind = "folder"


class Machine:
    """A home folder, a ledger, and one reader of another package that reads `~/.other/history.jsonl`."""

    def __init__(self, path: Path) -> None:
        self.home, self.ledger = path / "home", path / "ledger"
        self.place = self.home / ".other/history.jsonl"
        self.place.parent.mkdir(parents=True)
        self._packages = path / "site-packages"
        (self._packages / "other_reader-1.0.dist-info").mkdir(parents=True)
        sys.path.insert(0, str(self._packages))

    def uses(self, reader: type[AnyReader]) -> None:
        text = f"[tokcost.readers]\nother = {reader.__module__}:{reader.__name__}\n"
        (self._packages / "other_reader-1.0.dist-info/entry_points.txt").write_text(text)
        registry.forget()

    def usage(self) -> int:
        refresh(self.ledger, {"HOME": str(self.home)})
        with open_ledger(self.ledger) as ledger:
            return span(ledger)[0]

    def doctor(self) -> list[tuple[str, bool]]:
        """What `tokcost doctor` says of the reader's place, and whether that is a finding."""
        checks = diagnose(self.ledger, {"HOME": str(self.home)}, self.home).parts["logs"]
        place = str(self.place)
        return [(check.found.replace(place, "PLACE"), check.finding) for check in checks if place in check.found]

    def close(self) -> None:
        sys.path.remove(str(self._packages))
        registry.forget()


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(tmp_path)
    yield machine
    machine.close()


def test_a_log_of_lines_that_is_one_file_is_counted_and_so_is_what_comes_later(machine: Machine) -> None:
    machine.uses(Lines)
    assert machine.usage() == 0
    machine.place.write_text(LINE % "a")
    assert machine.usage() == 1
    assert machine.doctor() == [("PLACE: 1 file, <0.1 MB", False)]
    with machine.place.open("a") as stream:
        stream.write(LINE % "b")
    assert machine.usage() == 2


def test_a_document_that_is_one_file_is_counted_and_so_is_what_comes_later(machine: Machine) -> None:
    machine.uses(Document)
    machine.place.write_text(LINE % "a")
    assert machine.usage() == 1
    machine.place.write_text(LINE % "later")
    assert machine.usage() == 2


def test_a_store_whose_location_is_called_a_file_is_counted_and_so_is_what_is_only_in_its_wal(
    machine: Machine,
) -> None:
    machine.uses(Rows)
    store = StoreOf(machine.place, "CREATE TABLE call (id INTEGER PRIMARY KEY, spent)", wal=True)
    store.run("INSERT INTO call VALUES (1, 5)")
    assert machine.usage() == 1
    with closing(store.open()) as writing:
        writing.execute("INSERT INTO call VALUES (2, 5)")
        writing.commit()
        assert machine.usage() == 2


def test_a_log_behind_a_link_is_counted_and_so_is_what_comes_later(machine: Machine) -> None:
    machine.uses(Lines)
    elsewhere = machine.home / "elsewhere"
    elsewhere.write_text(LINE % "a")
    machine.place.symlink_to(elsewhere)
    assert machine.usage() == 1
    with elsewhere.open("a") as stream:
        stream.write(LINE % "b")
    assert machine.usage() == 2


@pytest.mark.parametrize(
    ("reader", "put", "told"),
    [
        (Lines, Path.mkdir, "not a regular file, so nothing is read there"),
        (Lines, os.mkfifo, "not a regular file, so nothing is read there"),
        (Document, Path.mkdir, "not a regular file, so nothing is read there"),
        (Rows, Path.mkdir, "not a regular file, so nothing is read there"),
        (LinesBelow, Path.touch, "not a folder, so nothing is read there"),
        (LinesBelow, lambda path: path.symlink_to("/dev/zero"), "not a folder, so nothing is read there"),
        (RowsBelow, Path.mkdir, "its reader failed (ValueError)"),
    ],
)
def test_a_place_that_is_there_and_cannot_have_logs_is_a_finding(
    machine: Machine, reader: type[AnyReader], put: Callable[[Path], object], told: str
) -> None:
    machine.uses(reader)
    put(machine.place)
    assert machine.usage() == 0
    assert machine.doctor() == [(f"PLACE: {told}", True)]


class Choosy(Lines):
    """A reader that takes no file."""

    def discover(self, location: Location) -> Sequence[Source]:
        return []


def test_a_file_in_which_its_reader_finds_no_log_is_a_finding(machine: Machine) -> None:
    machine.uses(Choosy)
    machine.place.touch()
    assert machine.doctor() == [("PLACE: its reader finds no logs there", True)]


@pytest.mark.parametrize(
    ("reader", "put"),
    [
        (Lines, lambda path: path),
        (LinesBelow, lambda path: path),
        (Lines, lambda path: path.symlink_to("nowhere")),
        (LinesBelow, Path.mkdir),
    ],
    ids=["no file", "no folder", "a link to nothing", "an empty folder"],
)
def test_a_place_without_logs_yet_is_no_finding(
    machine: Machine, reader: type[AnyReader], put: Callable[[Path], object]
) -> None:
    machine.uses(reader)
    put(machine.place)
    assert [finding for _, finding in machine.doctor()] == [False]
