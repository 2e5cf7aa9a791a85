"""Changes of lines, as in a diff without context."""

from typing import NamedTuple


class Hunk(NamedTuple):
    """Lines that were replaced by others."""

    start: int
    """The number of lines before it in the old file."""
    removed: int
    added: int


class FileEdit(NamedTuple):
    """The hunks of one file, in order."""

    before: str | None
    """The file's old path; `None` if it is new."""
    after: str | None
    """The file's new path; `None` if it was removed."""
    hunks: tuple[Hunk, ...]


class BranchStep(NamedTuple):
    """One step of a branch and everything it changed; a merge is compared with its first parent."""

    commit: str
    time: int
    """The time of the commit, in seconds UTC."""
    files: tuple[FileEdit, ...]
