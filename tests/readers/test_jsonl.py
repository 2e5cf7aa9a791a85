"""A file goes on where it was left, as long as what was read is still there."""

import os
from hashlib import blake2b
from pathlib import Path

import pytest

from tokcost.readers.sources.jsonl import NewLines, file_source

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
