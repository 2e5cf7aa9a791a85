"""Reflogs: what moved HEAD of a worktree, when, and where branches came from.

A line of `logs/HEAD` is: old id, new id, name and mail, seconds UTC, zone, a tab, and a message that git never
translates.
"""

import os
from typing import NamedTuple

from tokcost.errors import EnvironmentProblem
from tokcost.model.history import NULL_ID, Creation, History, ReflogEntry, Rename
from tokcost.repo.head import read_head, ref_text, short_name, uses_reftable
from tokcost.repo.run import run_git
from tokcost.repo.worktree import Worktree


class Reflog(NamedTuple):
    """HEAD's history in one worktree, oldest entry first."""

    entries: list[ReflogEntry]
    problem: str = ""
    """Why there is none, as a sentence; empty when there is one."""


def read_reflog(worktree: Worktree) -> Reflog:
    """HEAD's reflog of a worktree. Lines that are no entries are passed over."""
    if uses_reftable(worktree.common_dir):
        return _reflog_from_git(worktree)
    try:
        with open(os.path.join(worktree.git_dir, "logs", "HEAD"), "rb") as stream:
            data = stream.read()
    except FileNotFoundError:
        return Reflog([], "it keeps no reflog of HEAD (core.logAllRefUpdates is off, or nothing was checked out yet)")
    except OSError as error:
        return Reflog([], f"its reflog cannot be read: {error.strerror or error}")
    return Reflog([entry for line in data.split(b"\n") if (entry := parse_entry(line))])


def reflog_stamp(worktree: Worktree) -> str:
    """Changes whenever HEAD's reflog does; costs one look at a file's status."""
    name = os.path.join(worktree.git_dir, "logs", "HEAD")
    if uses_reftable(worktree.common_dir):
        name = os.path.join(worktree.common_dir, "reftable", "tables.list")
    try:
        status = os.stat(name)
    except OSError:
        return ""
    return f"{status.st_size}:{status.st_mtime_ns}:{status.st_ino}"


def read_history(worktree: Worktree) -> History:
    """Everything git remembers about the branches a worktree was on."""
    reflog = read_reflog(worktree)
    creations: dict[str, Creation] = {}
    renames: set[Rename] = {rename for entry in reflog.entries if (rename := _rename(entry))}
    top = os.path.join(worktree.common_dir, "logs", "refs", "heads")
    for folder, _, names in os.walk(top):
        for name in names:
            path = os.path.join(folder, name)
            creation, renamed = _read_branch_log(path)
            if creation is not None:
                creations[ref_text(os.fsencode(os.path.relpath(path, top)))] = creation
            renames.update(renamed)
    return History(reflog.entries, read_head(worktree).branch, creations, sorted(renames), reflog.problem)


def parse_entry(line: bytes) -> ReflogEntry | None:
    """One line of a reflog file, or `None`. Names and messages may be in any encoding."""
    head, _, message = line.partition(b"\t")
    ids, _, rest = head.partition(b" ")
    new, _, who = rest.partition(b" ")
    try:
        second = int(who.rsplit(b" ", 2)[-2])
    except (ValueError, IndexError):
        return None
    if len(ids) < 40 or len(new) < 40:
        return None
    return ReflogEntry(second, ids.decode("ascii", "replace"), new.decode("ascii", "replace"), ref_text(message))


def _read_branch_log(path: str) -> tuple[Creation | None, list[Rename]]:
    """A branch's creation and the names it had before, from its own reflog (which moves along with it)."""
    try:
        with open(path, "rb") as stream:
            first = parse_entry(stream.readline(65536).removesuffix(b"\n"))
            renamed = [line for line in stream if b"\tBranch: renamed " in line]
    except OSError:
        return None, []
    creation = None
    if first is not None and first.message.startswith("branch: Created from "):
        creation = Creation(first.second, short_name(first.message.removeprefix("branch: Created from ")))
    entries = [first, *(parse_entry(line.removesuffix(b"\n")) for line in renamed)]
    return creation, [rename for entry in entries if entry and (rename := _rename(entry))]


def _rename(entry: ReflogEntry) -> Rename | None:
    words = entry.message.split(" ")
    if entry.message.startswith("Branch: renamed ") and len(words) == 5:
        return Rename(entry.second, short_name(words[2]), short_name(words[4]))
    return None


def _reflog_from_git(worktree: Worktree) -> Reflog:
    """Ask git where only git can read. It prints new ids, newest first; an entry's old id is the next one's new id."""
    try:
        text = run_git(["log", "-g", "--format=%H%x09%gd%x09%gs", "--date=unix", "HEAD"], worktree.path)
    except EnvironmentProblem as error:
        return Reflog([], f"its reflog cannot be read: {error}")
    entries: list[ReflogEntry] = []
    for line in reversed(text.splitlines()):
        new, _, rest = line.partition("\t")
        selector, _, message = rest.partition("\t")
        second = selector.partition("{")[2].rstrip("}")
        if second.isdigit():
            entries.append(ReflogEntry(int(second), entries[-1].new if entries else NULL_ID, new, message))
    return Reflog(entries)
