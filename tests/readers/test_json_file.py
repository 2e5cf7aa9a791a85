"""What all readers of JSON files that are written anew as a whole have in common."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tokcost.model.logs import Batch, Source
from tokcost.model.usage import Tokens, Usage
from tokcost.readers.sources.files import file_source
from tokcost.readers.sources.json_file import JsonFileReader


class Reader(JsonFileReader):
    """A reader of files that have one response each."""

    name = "x"

    def usages(self, document: Any, source: Source) -> Iterable[Usage]:
        yield Usage("x", document["ids"][0], round(document["seconds"] * 1000), "m", Tokens(document["spent"].real))


def read(folder: Path, content: str) -> Batch:
    path = folder / "session.json"
    path.write_text(content)
    (batch,) = Reader().read(file_source(str(path), os.stat(path)), None)
    return batch


@pytest.mark.parametrize(
    "content",
    [
        '{"ids": ["k"], "seconds": 1e306, "spent": 5}',  # more milliseconds than a number can be
        '{"ids": [], "seconds": 1790000000, "spent": 5}',
        '{"ids": ["k"], "seconds": "now", "spent": 5}',
        '{"ids": ["k"], "seconds": 1790000000, "spent": "5"}',
        '{"ids": ["k"], "seconds": 1790000000}',
        '["k"]',
        "5",
        '{"ids": ["k"]',
        "[" * 100_000,
        "",
    ],
)
def test_a_document_that_its_reader_cannot_understand_is_counted_as_damaged(content: str, tmp_path: Path) -> None:
    batch = read(tmp_path, content)
    assert (batch.usage, batch.skipped, batch.restarted) == ((), {"damaged document": 1}, True)


def test_a_document_is_read_as_a_whole(tmp_path: Path) -> None:
    batch = read(tmp_path, '{"ids": ["k"], "seconds": 1790000000, "spent": 5}')
    assert (list(batch.usage), batch.skipped) == ([Usage("x", "k", 1_790_000_000_000, "m", Tokens(5))], {})
