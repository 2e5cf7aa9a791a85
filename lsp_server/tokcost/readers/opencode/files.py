"""opencode's message files: `storage/message/SESSION/MESSAGE.json`, each rewritten in place."""

import os
from functools import lru_cache

from tokcost.model.logs import Batch, Source
from tokcost.readers.opencode.messages import (
    Session,
    is_finished,
    is_name,
    is_response,
    read_message,
    read_session,
    usage_of,
)
from tokcost.readers.sources.files import open_log
from tokcost.readers.sources.json_file import read_whole
from tokcost.readers.sources.new_lines import PADDING


def read_file(source: Source, cursor: bytes | None) -> Batch:
    """The response in one message file. The cursor is the key under which it was reported before it was finished.
    Raises `OSError` if it cannot be read."""
    message = read_message(read_whole(source).strip(PADDING))
    if message is None:
        return _batch(source, cursor, skipped={"damaged record": 1})
    if not is_response(message):
        return _batch(source, cursor)
    folder, name = os.path.split(os.path.dirname(source.path))
    named = message.session or name
    usage = usage_of(message, _session(os.path.dirname(folder), named)) if is_name(named) else None
    if usage is None:
        return _batch(source, cursor, skipped={"usage record with impossible or missing values": 1})
    key = usage.key.encode()
    replaced = [cursor.decode("utf-8", "replace")] if cursor and cursor != key else []
    told = _batch(source, b"" if is_finished(message) else key)
    return told._replace(usage=[usage], retracted=replaced)


def _batch(source: Source, cursor: bytes | None, skipped: dict[str, int] | None = None) -> Batch:
    return Batch(cursor or b"", skipped=skipped or {}, restarted=True, position=source.size)


# Each message of a session is a file of its own, and asks for the same session.
@lru_cache(maxsize=64)
def _session(storage: str, name: str) -> Session:
    """The session of a message, whose file is in the folder of some project."""
    projects = os.path.join(storage, "session")
    try:
        # An id from a message becomes the name of a file here, and must not lead elsewhere.
        folders = sorted(os.listdir(projects)) if os.path.basename(name) == name else []
    except OSError:
        folders = []
    for folder in folders:
        try:
            with open_log(os.path.join(projects, folder, f"{name}.json")) as stream:
                found = read_session((stream.read(1 << 20) or b"").strip(PADDING))
        except (OSError, ValueError):
            continue
        if found is not None:
            return Session(name, found.directory, found.version, found.time, found.parent)
    # The version decides whether the output includes reasoning; messages are in files up to 1.1.
    return Session(name, "", "1.1")
