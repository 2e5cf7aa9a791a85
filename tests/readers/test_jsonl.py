"""A file goes on where it was left, as long as what was read is still there."""

import os
from hashlib import blake2b
from pathlib import Path

import pytest

from tokcost.model.logs import Checkpoint
from tokcost.readers.jsonl import NewLines, log_file

FIRST, SECOND = b'{"n": 1}\n', b'{"n": 2}\n'


def left_after_the_first(path: Path, by: str) -> Checkpoint:
    path.write_bytes(FIRST)
    lines = NewLines(log_file(str(path), os.stat(path)), None)
    assert b"".join(lines) == FIRST
    left = lines.checkpoint()
    return left if by == "this version" else left._replace(tail=blake2b(FIRST, digest_size=16).digest())


@pytest.mark.parametrize("by", ["this version", "an earlier version"])
def test_a_file_that_grew_goes_on(tmp_path: Path, by: str) -> None:
    path = tmp_path / "x.jsonl"
    left = left_after_the_first(path, by)
    path.write_bytes(FIRST + SECOND)
    lines = NewLines(log_file(str(path), os.stat(path)), left)
    assert (lines.restarted, b"".join(lines)) == (False, SECOND)


@pytest.mark.parametrize("by", ["this version", "an earlier version"])
def test_a_file_that_was_written_anew_begins_again(tmp_path: Path, by: str) -> None:
    path = tmp_path / "x.jsonl"
    left = left_after_the_first(path, by)
    path.write_bytes(SECOND + FIRST)
    lines = NewLines(log_file(str(path), os.stat(path)), left)
    assert (lines.restarted, b"".join(lines)) == (True, SECOND + FIRST)


@pytest.mark.parametrize("tail", [b"", b"\0", b"\0" * 16, b"\0" * 300])
def test_a_checkpoint_that_fits_nothing_begins_again(tmp_path: Path, tail: bytes) -> None:
    path = tmp_path / "x.jsonl"
    left = left_after_the_first(path, "this version")._replace(tail=tail)
    assert NewLines(log_file(str(path), os.stat(path)), left).restarted
