"""Commands by which an assistant's own tool moves HEAD, recognised in the JSON of a record."""

import re

from tokcost.model.usage import Usage

_GAP = rb'(?: +|\\*", ?\\*")'
"""A pattern for what stands between two words of a command: in a text, in a list, in a list inside of a text."""
_OPTION = rb"(?:-[cC]" + _GAP + rb'[^ "\\]{1,200}|-[^ "\\]{1,200})'
_OF_FILES = rb'(?![^"&|;\\]{0,200} -- +[^ "&|;)\\]| \.(?: |\\|"))'
"""Behind `checkout`: it restores files then, and leaves HEAD where it is."""
_BEGIN = rb"(?:\b|(?<=\\[nrt]))"
"""Before a command: a line of a script begins with the letter of its escaped newline."""
_WORDS = (b"switch", b"checkout", b"rebase", b"bisect")
_BEGINS_GAP = b' "\\'
_MOVES = re.compile(
    _BEGIN
    + rb"(?:git(?:"
    + _GAP
    + _OPTION
    + rb"){0,5}"
    + _GAP
    + rb"(?:(?:switch|rebase|bisect)\b|checkout\b"
    + _OF_FILES
    + rb")|gh pr checkout\b)"
)


def moves_of_head(record: bytes, begin: int, end: int) -> int:
    """The number of commands in this part of a record that move HEAD of a repository."""
    if not _runs_git(record, begin, end):
        return 0  # most commands: a search for the whole takes ten times as long
    return sum(1 for _ in _MOVES.finditer(record, begin, end))


def _runs_git(record: bytes, begin: int, end: int) -> bool:
    """Whether `git` stands before a gap, which it does not in the name of a field, or a program of GitHub is run."""
    at = record.find(b"git", begin, end)
    while at >= 0 and at + 3 < end:
        if record[at + 3] in _BEGINS_GAP:
            return any(record.find(word, begin, end) >= 0 for word in _WORDS)
        at = record.find(b"git", at + 3, end)
    return record.find(b"gh pr checkout", begin, end) >= 0


def before_moves(usage: Usage, moves: int) -> Usage:
    """The same usage, made before so many moves of HEAD by one command. A branch field that is stale would let earlier
    moves of the same second be somebody else's."""
    if usage.branch_stale and moves > 1:
        usage = usage._replace(branch="", branch_stale=False)
    return usage._replace(moves_head=True)
