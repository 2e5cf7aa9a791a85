"""Changes of lines, as a diff without context tells them."""

from typing import NamedTuple


class Hunk(NamedTuple):
    """A stretch of lines that others took the place of."""

    start: int
    """The number of lines before it, in the file as it was."""
    removed: int
    added: int


class FileEdit(NamedTuple):
    """The hunks of one file, in the order of its lines."""

    before: str | None
    """The file's path before; `None` where it is new."""
    after: str | None
    """The file's path after; `None` where it is gone."""
    hunks: tuple[Hunk, ...]


class Step(NamedTuple):
    """One step of a branch and all that it changed, a merge against its first parent."""

    commit: str
    time: int
    """The time of the commit, in seconds UTC."""
    files: tuple[FileEdit, ...]
