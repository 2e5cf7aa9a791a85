"""What a reader remembers of a store may be damaged: it then reads the store from its beginning, or goes on, but stops
at no number that SQLite cannot hold."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from readers import test_copilot_chat, test_goose
from support.opencode_store import StoreOf, message
from support.tables import few
from tokcost.model.logs import Batch
from tokcost.readers.copilot_chat.reader import CopilotChatReader
from tokcost.readers.goose.reader import GooseReader
from tokcost.readers.opencode.reader import OpencodeReader
from tokcost.readers.protocol import Reader
from tokcost.readers.sources.sqlite_store import store_source

Made = tuple[Reader, Path]


def goose(folder: Path) -> Made:
    store = test_goose.Store(folder)
    store.session()
    store.call()
    return GooseReader(), store.path


def copilot_chat(folder: Path) -> Made:
    return CopilotChatReader(), test_copilot_chat.store(folder, test_copilot_chat.span())


def opencode(folder: Path) -> Made:
    store = StoreOf(folder / "opencode.db")
    store.session()
    store.say("m", message())
    return OpencodeReader(), store.path


def read(made: Made, cursor: bytes | None) -> list[Batch]:
    reader, path = made
    source = store_source(str(path))
    assert source is not None
    return list(reader.read(source, cursor))


NUMBERS = (2**63, 2**63 - 1, 2**64 - 1, 2**64, -(2**63), -(2**63) - 1, 10**400)


@pytest.mark.parametrize("number", few(NUMBERS, 3))
@pytest.mark.parametrize("store", [goose, copilot_chat, opencode])
def test_numbers_of_a_cursor_may_be_any(tmp_path: Path, store: Callable[[Path], Made], number: int) -> None:
    made = store(tmp_path)
    whole = read(made, None)
    assert sum(len(batch.usage) for batch in whole) == 1
    cursor = whole[-1].cursor
    for place in re.finditer(rb"-?\d+", cursor):
        damaged = cursor[: place.start()] + b"%d" % number + cursor[place.end() :]
        assert sum(len(batch.usage) for batch in read(made, damaged)) <= 1
        assert read(made, read(made, damaged)[-1].cursor)[-1].cursor
