"""A half of a character is replaced in JSON, and nothing else."""

import json
import time

import pytest

from tokcost.model.whole_characters import with_whole_characters

WRITTEN = r"\ufffd"


@pytest.mark.parametrize(
    ("raw", "whole"),
    [
        (r"a\ud83d", rf"a{WRITTEN}"),
        (r"\ud83d b", rf"{WRITTEN} b"),
        (r"\uDE00", WRITTEN),
        (r"\ud83d\n", rf"{WRITTEN}\n"),
        (r"\ud83d\ud83d\ude00", rf"{WRITTEN}\ud83d\ude00"),
        (r"\ude00\ud83d", WRITTEN * 2),
        (r"\\\ud83d", rf"\\{WRITTEN}"),
        (r"\ud83d\u0041", rf"{WRITTEN}\u0041"),
    ],
)
def test_a_half_that_stands_alone_is_replaced(raw: str, whole: str) -> None:
    found = with_whole_characters(f'{{"a":"{raw}"}}'.encode())
    assert bytes(found).decode() == f'{{"a":"{whole}"}}'
    assert json.loads(found)["a"].encode()


@pytest.mark.parametrize(
    "raw", [r"\ud83d\ude00", r"\uD83D\uDE00", r"\\ud83d", r"\\\\ud83d", r"\u0041", "ud83d", "é😀", ""]
)
def test_everything_else_is_left_as_it_is(raw: str) -> None:
    given = f'["{raw}"]'.encode()
    assert with_whole_characters(given) is given


@pytest.mark.few
@pytest.mark.parametrize("part", [b"\\", b"\\ud83d", b"\\u", b"\\\\", b"\\ud83d\\ude00"])
def test_it_takes_time_in_proportion_to_the_length(part: bytes) -> None:
    def seconds(times: int) -> float:
        raw = b"\\ud83d" + part * times
        start = time.process_time()
        with_whole_characters(raw)
        return time.process_time() - start

    assert seconds(800_000) < 40 * max(seconds(80_000), 0.005)
