"""A few marked lines of ours in somebody else's file, which can be removed again to the last byte."""

import os
import re
from contextlib import suppress

from tokcost.errors import EnvironmentProblem, of_file
from tokcost.files.foreign import read_bounded
from tokcost.files.private import PUBLIC_FILE, PUBLIC_FOLDER, make_folders, write_whole

_BLOCK = re.compile(
    rb"(?m)^# >>> tokcost(?P<how>[^\[\n]*) \[(?P<digest>[0-9a-f]{12})\]\n(?P<lines>(?s:.*?))^# <<< tokcost\n"
)
_END = b"\n# <<< tokcost\n"
_NEW_FILE, _NO_END = " (file made by tokcost)", " (the line before had no end)"

_MOST = 16 * 1024 * 1024
"""Bytes of a file that we write back: `info/exclude`, a hook, the configuration of a manager."""


def has_block(path: str) -> bool:
    """Whether a file contains lines of ours."""
    with suppress(EnvironmentProblem):
        return bool(_block_in(_read(path)))
    return False


def holds(path: str, lines: str) -> bool:
    """Whether a file contains these lines of ours, and no older ones."""
    with suppress(EnvironmentProblem):
        data = _read(path)
        return bool(_block_in(data)) and lines.encode("utf-8", "surrogateescape") in data
    return False


def add_block(path: str, lines: str, *, first: bool = False) -> None:
    """Add our lines at the end of a file, or after its first line; earlier ones are removed. Raises
    `EnvironmentProblem` for a file that cannot be read: it would be lost."""
    remove_block(path)
    before = _read(path)
    how = "" if os.path.lexists(path) else _NEW_FILE
    if before and not before.endswith(b"\n"):
        how = _NO_END
    at = before.find(b"\n") + 1 if first and how == "" else len(before)
    body = lines.encode("utf-8", "surrogateescape")
    block = f"# >>> tokcost{how} [{_digest(body)}]\n".encode() + body + b"# <<< tokcost\n"
    _write(path, before[:at] + (b"\n" if how == _NO_END else b"") + block + before[at:])


def remove_block(path: str) -> str:
    """Remove our lines; returns a sentence if they were edited and had to be left. Raises `EnvironmentProblem`."""
    before = _read(path)
    found = _block_in(before)
    if not found:
        return ""
    if _digest(found["lines"]) != found["digest"].decode():
        return f"tokcost's lines in {path} were edited since and are left as they are"
    # The line end that `add_block` put in front belongs to the block.
    start = found.start() - (1 if found["how"] == _NO_END.encode() else 0)
    rest = before[:start] + before[found.end() :]
    # An empty file that was there before us stays.
    if not rest and found["how"] == _NEW_FILE.encode():
        os.unlink(path)
    else:
        _write(path, rest)
    return ""


def without_blocks(data: bytes) -> bytes:
    """The content of a file without the lines between our marks, whoever wrote them."""
    kept = b""
    while found := _block_in(data):
        kept, data = kept + data[: found.start()], data[found.end() :]
    return kept + data


def _block_in(data: bytes) -> re.Match[bytes] | None:
    """Matches one block. Nothing is searched after the last end mark: each begin mark there would be compared with
    all of the rest."""
    return _BLOCK.search(data, 0, data.rfind(_END) + len(_END))


def _digest(lines: bytes) -> str:
    from hashlib import sha256  # most hooks only check whether there is a block

    return sha256(lines).hexdigest()[:12]


def _read(path: str) -> bytes:
    try:
        return read_bounded(path, _MOST)
    except (FileNotFoundError, NotADirectoryError):
        return b""
    except OSError as error:
        raise of_file(path, "cannot be read", error) from error


def _write(path: str, data: bytes) -> None:
    """Write a file atomically, with its previous mode."""
    make_folders(os.path.dirname(path), PUBLIC_FOLDER)
    # Through a link, which `write_whole` would replace by a file.
    write_whole(os.path.realpath(path), data, PUBLIC_FILE, keeps_mode=True)
