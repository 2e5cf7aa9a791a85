"""A log of nothing but short broken lines costs a few steps for each: searching every one for whole records would take
minutes."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest

from readers.test_broken_lines import KINDS, raw
from tokcost.model.logs import Batch
from tokcost.readers.protocol import Reader
from tokcost.readers.registry import reader_named
from tokcost.readers.sources.files import file_source

WORDS = {
    "claude-code": ('"usage"', '"assistant"', '"cost-state"'),
    "codex": ('"token_count"', '"token_usage_record"', '"turn_context"'),
    "gemini-cli": ('"tokens"', '"id"'),
    "qwen-code": ('"usageMetadata"',),
    "copilot-cli": ('"session.usage_record"', '"assistant.message"'),
    "pi": ('"usage"',),
    "kimi": ('"usage.record"',),
    "junie": ('"LlmResponseMetadataEvent"',),
    "grok": ('"turn_completed"',),
    "mux": ('"usage"',),
    "otel": ('"tokens"',),
}
PLACES = {"gemini-cli": "chats/session-1.jsonl", "codex": "rollout.jsonl", "copilot-cli": "s/events.jsonl"}
SHAPES: dict[str, Callable[[str], str]] = {
    "a record that was cut off": lambda word: "{" + word,
    "braces around nothing": lambda word: "{" + word + "}",
    "an empty record, and more": lambda word: "{" + word + ":{}}x",
    "two on a line": lambda word: "{" + word + ":1}{" + word,
}
LINES = 2_500
"""More than a reader searches without finding a record."""
MOST_STEPS = 52
"""Calls of functions for each further line."""


@contextmanager
def counted_calls() -> Iterator[Callable[[], int]]:
    """Count the calls of functions, those in C too."""
    count = 0

    def see(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(see)
    try:
        yield lambda: count
    finally:
        sys.setprofile(None)


def write(path: Path, lines: Sequence[bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


def read(reader: Reader, path: Path) -> list[Batch]:
    return list(reader.read(file_source(str(path), os.stat(path)), None))


def steps(reader: Reader, path: Path) -> int:
    """The calls that reading a log takes."""
    with counted_calls() as calls:
        read(reader, path)
        return calls()


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("name", WORDS)
def test_each_further_broken_line_costs_a_few_steps(name: str, shape: Callable[[str], str], tmp_path: Path) -> None:
    path = tmp_path / PLACES.get(name, "session.jsonl")
    for word in WORDS[name]:
        line = shape(word).encode()
        few = steps(reader_named(name), write(path, [line] * LINES))
        many = steps(reader_named(name), write(path, [line] * (LINES + 300)))
        assert (many - few) / 300 <= MOST_STEPS


@pytest.mark.parametrize("name", ["Claude Code", "Codex", "Gemini CLI"])
def test_records_behind_very_many_broken_lines_count(name: str, tmp_path: Path) -> None:
    kind = KINDS[name]
    noise = [b'{"usage":{}}x'] * LINES
    reply = raw(kind.reply(1))
    cut_into = reply[:70] + raw(kind.reply(2))
    path = write(tmp_path / kind.name, [*map(raw, kind.first), *noise, raw(kind.reply(0)), cut_into])
    assert sum(len(batch.usage) for batch in read(kind.reader, path)) == 2


def test_what_is_not_searched_is_counted(tmp_path: Path) -> None:
    path = write(tmp_path / "session.jsonl", [b'{"turn_completed":{}}x'] * LINES)
    (batch,) = read(reader_named("grok"), path)
    assert batch.skipped["damaged record"] >= LINES
