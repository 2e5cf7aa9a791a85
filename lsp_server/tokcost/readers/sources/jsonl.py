"""A base for readers of append-only files of JSON lines."""

from collections.abc import Iterable, Iterator
from typing import Any

from tokcost.model.logs import Batch, Location, Source
from tokcost.model.usage import Usage
from tokcost.readers.sources.files import in_portions, sources_in


class JsonlReader:
    """A reader of append-only files of JSON lines: a subclass has a `name`, `capabilities` and `locations`, and
    interprets one record, in `usage` or in `usages`."""

    name: str
    suffixes: tuple[str, ...] = (".jsonl",)
    words: tuple[bytes, ...] = (b"",)
    """A line without any of these bytes is irrelevant and is not parsed."""

    def usage(self, record: dict[str, Any], session: dict[str, Any]) -> Usage | None:
        """The usage in a record, `None` if there is none.

        `session` is kept from record to record of a file, also between two reads: JSON values by name, never text of a
        conversation. May raise `KeyError`, `TypeError`, `ValueError`, `AttributeError` or `IndexError`: the record is
        then counted as damaged.
        """
        raise NotImplementedError

    def usages(self, record: dict[str, Any], session: dict[str, Any]) -> Iterable[Usage]:
        """All usage in a record, for records with several responses. May raise the same errors as `usage`."""
        usage = self.usage(record, session)
        return () if usage is None else (usage,)

    def discover(self, location: Location) -> Iterable[Source]:
        """The location itself if it is a file, else the files below it with one of the suffixes."""
        return sources_in(location, self.suffixes)

    def read(self, source: Source, cursor: bytes | None) -> Iterator[Batch]:
        """New usage in a file. Raises `OSError` if it cannot be read."""
        return in_portions(self._read, source, cursor)

    def _read(self, source: Source, cursor: bytes | None) -> Batch:
        from tokcost.readers.sources.records import Lines  # usually nothing is new

        return Lines(source, cursor, self.words, self.usages).batch()
