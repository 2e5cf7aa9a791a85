"""Reading JSON files that are rewritten completely: all of it again after every change, counted once by key."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

from tokcost.model.logs import Batch, Location, Source
from tokcost.model.usage import Usage
from tokcost.readers.sources.files import open_log, refuse_utf16, sources_in

MOST_BYTES = 48 << 20
"""A larger file is skipped and reported: memory stays bounded."""


def read_whole(source: Source) -> bytes:
    """The content of a file. Raises `OSError` if it cannot be read, is larger than `MOST_BYTES`, or is UTF-16."""
    content = b""
    with open_log(source.path) as stream:
        while len(content) <= MOST_BYTES and (piece := stream.read(MOST_BYTES + 1 - len(content))):
            content += piece
    if len(content) > MOST_BYTES:
        raise OSError(f"larger than the {MOST_BYTES >> 20} MB that a JSON file may have")
    refuse_utf16(content)
    return content


class JsonFileReader:
    """A base for readers of JSON files that are rewritten completely: a subclass has a `name`, `capabilities`,
    `locations`, and interprets a document."""

    name: str
    suffixes: tuple[str, ...] = (".json",)

    def usages(self, document: Any, source: Source) -> Iterable[Usage]:
        """All usage in a document. Keys make it count once, however often the file is written.

        May raise `KeyError`, `TypeError`, `ValueError`, `AttributeError`, `IndexError`, `OverflowError`: the file is
        then counted as damaged.
        """
        raise NotImplementedError

    def discover(self, location: Location) -> Iterable[Source]:
        """The location itself if it is a file, else the files below it with one of the suffixes."""
        return sources_in(location, self.suffixes)

    def read(self, source: Source, cursor: bytes | None) -> Iterator[Batch]:  # noqa: ARG002
        """All usage of a document. Raises `OSError` if the file cannot be read."""
        import msgspec  # usually nothing is new

        from tokcost.readers.sources.records import decoded

        content = read_whole(source)
        document, found = decoded(msgspec.json.Decoder(Any), content, longest=MOST_BYTES), None
        with suppress(KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, RecursionError):
            found = None if document is None else list(self.usages(document, source))
        if found is None:
            yield Batch(b"", skipped={"damaged document": 1}, restarted=True, position=len(content))
            return
        yield Batch(b"", found, restarted=True, position=len(content))
