"""Private files of several processes at once."""

import multiprocessing
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from tokcost.files.private import append_ours, rewrite_lines

LINES = 5_000


def test_what_is_appended_while_lines_are_rewritten_is_kept_and_edited(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    append_ours(str(path), b"old\n")

    def edit(line: bytes) -> bytes:
        if line == b"old\n":
            append_ours(str(path), b"new\nhalf")
        return line.upper()

    rewrite_lines(str(path), edit)
    assert path.read_bytes() == b"OLD\nNEW\nHALF"


def append(path: str, name: int) -> None:
    for number in range(LINES):
        append_ours(path, b"%d:%d\n" % (name, number))


def rewrite(path: str, has_ended: Event) -> None:
    while not has_ended.is_set():
        rewrite_lines(path, lambda line: line)


@pytest.mark.slow
def test_no_line_is_lost_between_those_who_append_and_those_who_rewrite(tmp_path: Path) -> None:
    path, has_ended = str(tmp_path / "lines"), multiprocessing.Event()
    append_ours(path, b"first\n")
    writers = [multiprocessing.Process(target=append, args=(path, name)) for name in range(2)]
    others = [multiprocessing.Process(target=rewrite, args=(path, has_ended)) for _ in range(2)]
    for one in (*others, *writers):
        one.start()
    for one in writers:
        one.join()
    has_ended.set()
    for one in others:
        one.join()
        assert one.exitcode == 0
    lines = Path(path).read_bytes().splitlines()
    assert len(lines) == len(set(lines)) == 2 * LINES + 1
