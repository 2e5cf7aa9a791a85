"""A file goes on where it was left, as long as what was read is still there."""

import os
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest

from tokcost.model.bounds import within_bounds
from tokcost.model.logs import Source
from tokcost.model.usage import Tokens, Usage
from tokcost.readers.sources.files import file_source
from tokcost.readers.sources.json_file import JsonFileReader
from tokcost.readers.sources.new_lines import NewLines
from tokcost.readers.sources.records import Lines

FIRST, SECOND = b'{"n": 1}\n', b'{"n": 2}\n'


def left_after_the_first(path: Path, by: str) -> bytes:
    path.write_bytes(FIRST)
    lines = NewLines(file_source(str(path), os.stat(path)), None)
    assert b"".join(lines) == FIRST
    if by == "this version":
        return lines.cursor()
    tail = blake2b(FIRST, digest_size=16).digest()
    return len(FIRST).to_bytes(8, "little") + bytes([len(tail)]) + tail


@pytest.mark.parametrize("by", ["this version", "an earlier version"])
def test_a_file_that_grew_goes_on(tmp_path: Path, by: str) -> None:
    path = tmp_path / "x.jsonl"
    left = left_after_the_first(path, by)
    path.write_bytes(FIRST + SECOND)
    lines = NewLines(file_source(str(path), os.stat(path)), left)
    assert (lines.restarted, b"".join(lines)) == (False, SECOND)


@pytest.mark.parametrize("by", ["this version", "an earlier version"])
def test_a_file_that_was_written_anew_begins_again(tmp_path: Path, by: str) -> None:
    path = tmp_path / "x.jsonl"
    left = left_after_the_first(path, by)
    path.write_bytes(SECOND + FIRST)
    lines = NewLines(file_source(str(path), os.stat(path)), left)
    assert (lines.restarted, b"".join(lines)) == (True, SECOND + FIRST)


@pytest.mark.parametrize("cursor", [b"", b"\0", b"\0" * 16, b"\xff" * 300, b"\0" * 8 + b"\xff", b"{}"])
def test_a_cursor_that_fits_nothing_begins_again(tmp_path: Path, cursor: bytes) -> None:
    path = tmp_path / "x.jsonl"
    left_after_the_first(path, "this version")
    left = cursor
    assert NewLines(file_source(str(path), os.stat(path)), left).restarted


def test_a_reader_that_remembers_too_much_loses_its_memory_and_not_its_file(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"id": 1}\n{"id": 2}\n{"id": 3}\n')

    def gather(record: dict[str, Any], session: dict[str, Any]) -> list[Usage]:
        session[str(record["id"])] = "x" * 6_000_000
        return []

    batch = Lines(file_source(str(path), os.stat(path)), None, (b"id",), gather).batch()
    assert within_bounds(batch, "x").skipped == {"a cursor larger than allowed": 1}


def test_a_document_of_very_many_values_is_damaged_and_one_with_as_many_commas_in_its_texts_is_not(
    tmp_path: Path,
) -> None:
    class Reader(JsonFileReader):
        name = "x"

        def usages(self, document: Any, source: Source) -> list[Usage]:
            return [Usage("x", "k", 1_790_000_000_000, "m", Tokens(len(document)))]

    for content, found in ((b"[" + b"0," * 4_000_000 + b"0]", 0), (b'["' + b"0, " * 4_000_000 + b'\\", "]', 1)):
        path = tmp_path / "x.json"
        path.write_bytes(content)
        (batch,) = Reader().read(file_source(str(path), os.stat(path)), None)
        assert (len(batch.usage), batch.skipped) == (found, {} if found else {"damaged document": 1})
