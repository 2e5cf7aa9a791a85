"""A second record of the user's assignments, in a file beside the ledger.

No log holds them, so they would be lost together with the ledger. Each assignment is one line of JSON: the clone and
worktree, the branch, and the usage. The newest line about a usage is valid. Only a purge removes lines.
"""

import json
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from tokcost.files.private import append_ours, open_ours, rewrite_lines

FILE = "tokcost-assignments.jsonl"


class Target(NamedTuple):
    """The place that usage was assigned to."""

    common_dir: str
    path: str
    """The worktree in which the user gave the command."""
    branch: str


NOWHERE = Target("", "", "")
"""The target of usage that no longer exists, because another record of the same response has its place."""


def write(home: Path, target: Target, usage: Iterable[tuple[str, str]]) -> None:
    """Record that usage (pairs of assistant and key) was assigned to a branch. Raises `OSError`."""
    append_ours(os.path.join(home, FILE), b"\n" + _line(target, usage))  # a truncated line must not damage the next one


def _line(target: Target, usage: Iterable[tuple[str, str]]) -> bytes:
    return json.dumps([*target, list(usage)], separators=(",", ":")).encode() + b"\n"


def read(home: Path) -> Mapping[tuple[str, str], Target]:
    """All assignments: assistant and key of the usage, and its target."""
    found: dict[tuple[str, str], Target] = {}
    stream = open_ours(os.path.join(home, FILE))
    if stream is None:
        return found
    with stream:
        for line in stream:
            # A process killed while it wrote leaves part of a line; the others count.
            with suppress(ValueError, TypeError, RecursionError):
                target, usage = _record(json.loads(line))
                found.update((one, target) for one in usage)
    return found


def purge(home: Path, purged_among: Callable[[list[tuple[str, str]]], set[tuple[str, str]]]) -> None:
    """Remove purged usage. `purged_among` returns the purged part of some usage. Raises `OSError`."""

    def without(line: bytes) -> bytes:
        try:
            target, usage = _record(json.loads(line))
        except (ValueError, TypeError, RecursionError):
            return b""
        gone = purged_among(usage)
        left = [one for one in usage if one not in gone]
        return line if not gone else _line(target, left) if left else b""

    rewrite_lines(os.path.join(home, FILE), without)


def _record(record: Any) -> tuple[Target, list[tuple[str, str]]]:
    """Raises `ValueError` or `TypeError` if this is no record."""
    common_dir, path, branch, usage = record
    return Target(str(common_dir), str(path), str(branch)), [(str(one), str(key)) for one, key in usage]
