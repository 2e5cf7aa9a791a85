"""Moves from branch to branch in the messages of HEAD's reflog. Git never translates them.

    checkout: moving from A to B                          A is exact: a branch, or the id of a detached HEAD;
                                                          B is what the user typed: a branch, a tag, `HEAD~2`, …
    rebase (start): checkout X                            HEAD is detached from here on
    rebase (finish): returning to refs/heads/A            and back; `(abort)` alike
    Branch: renamed refs/heads/A to refs/heads/B

Older gits write `rebase -i (start)`, `rebase: checkout X` and `rebase finished: returning to refs/heads/A`; a pull that
rebases writes its own command line in front: `pull --rebase origin main (start): checkout ID`.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

from tokcost.model.history import ReflogEntry

MoveKind = Literal["checkout", "start", "return", "rename"]


class Move(NamedTuple):
    """A move of HEAD to another branch, to no branch, or back."""

    kind: MoveKind
    entry: int
    """Index of the move's entry in the reflog."""
    source: str
    """The previous position of HEAD: a branch, or a commit id if it was detached; empty if the message does not say."""
    target: str
    """The new position of HEAD, as far as the message says."""


_CHECKOUT = "checkout: moving from "
_TOLD = (_CHECKOUT, "Branch: renamed ", "rebase", "pull")
_START = re.compile(r"(?:rebase|pull)(?: .*)? \(start\): checkout |rebase: checkout ", re.DOTALL)
_RETURN = re.compile(
    r"(?:(?:rebase|pull)(?: .*)? \((?:finish|abort)\)|rebase finished): returning to refs/heads/(\S+)$"
)
_RENAME = re.compile(r"Branch: renamed refs/heads/(\S+) to refs/heads/(\S+)$")
# 64 digits in a repository with SHA-256 (git-init(1), --object-format).
_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def is_id(text: str) -> bool:
    """Whether this is a complete commit id. A branch name cannot be recognised by its form."""
    return _ID.fullmatch(text) is not None


def read_moves(entries: Sequence[ReflogEntry]) -> list[Move]:
    """The moves among the entries, in order."""
    # Most entries are commits. A subject can begin with any of these words, but git puts `commit: ` in front of it.
    moves = (_read_move(index, entry.message) for index, entry in enumerate(entries) if entry.message.startswith(_TOLD))
    return [move for move in moves if move is not None]


def steady_seconds(entries: Sequence[ReflogEntry]) -> list[int]:
    """The seconds of the entries, made non-decreasing.

    Git records `GIT_COMMITTER_DATE` if it is set, so the dates of single entries can be far from the truth. The longest
    non-decreasing subsequence is trusted; every other entry gets the time of its predecessor.
    """
    seconds = [entry.second for entry in entries]
    if all(before <= after for before, after in pairwise(seconds)):
        return seconds
    # A single entry dated into the future must not push all later ones there, as a running maximum would.
    believed = _longest_rise(seconds)
    # Entries before the first trusted one have no predecessor to take a time from.
    last = seconds[min(believed)]
    for index, second in enumerate(seconds):
        last = second if index in believed else last
        seconds[index] = last
    return seconds


def _read_move(index: int, message: str) -> Move | None:
    if message.startswith(_CHECKOUT):
        # No branch name contains a space, but what the user typed may.
        source, _, target = message.removeprefix(_CHECKOUT).partition(" to ")
        return Move("checkout", index, source, target)
    if renamed := _RENAME.match(message):
        # HEAD stays where it is, but the name of the branch before this entry is another one.
        return Move("rename", index, renamed[1], renamed[2])
    if returned := _RETURN.match(message):
        return Move("return", index, "", returned[1])
    return Move("start", index, "", "") if _START.match(message) else None


def _longest_rise(numbers: Sequence[int]) -> set[int]:
    """Indices of a longest non-decreasing subsequence (patience sorting)."""
    tops: list[int] = []
    piles: list[int] = []
    below: list[int] = []
    for index, number in enumerate(numbers):
        pile = bisect_right(tops, number)
        below.append(piles[pile - 1] if pile else -1)
        tops[pile : pile + 1] = [number]
        piles[pile : pile + 1] = [index]
    chosen: set[int] = set()
    index = piles[-1]
    while index >= 0:
        chosen.add(index)
        index = below[index]
    return chosen
