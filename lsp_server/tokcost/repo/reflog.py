"""Reflogs: what moved HEAD of a worktree and when, and where branches were created.

A line of `logs/HEAD` is: old id, new id, name and mail, seconds UTC, zone, a tab, and a message that git never
translates.
"""

import os
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from tokcost.errors import EnvironmentProblem
from tokcost.files.foreign import MOST_OF_GIT, open_regular, read_bounded, read_listed
from tokcost.model.history import NULL_ID, Creation, HeadHistory, ReflogEntry, Rename, is_commit
from tokcost.model.worktree import Head, Worktree
from tokcost.repo.head import can_be_ref, is_unborn, read_head, ref_text, short_name, uses_reftable
from tokcost.repo.moments import LAST_SECOND, moment_of
from tokcost.repo.named_worktree import git_folder
from tokcost.repo.refs import local_branches
from tokcost.repo.run import run_git

# A name may contain tabs and any other byte except `<`, `>` and the line end: the first `> ` ends the mail address.
_ENTRY = re.compile(rb"^([0-9a-f]{40,64}) ([0-9a-f]{40,64}) [^>\n]*> (\d+) [+-]\d+(?:\t(.*))?$", re.MULTILINE)
_RENAMED = re.compile(r"Branch: renamed refs/heads/(\S+) to refs/heads/(\S+)$")
_CREATED = "branch: Created from "


_RECENT = 1 << 16
"""Bytes at the end of a reflog: about four hundred entries, read in a millisecond."""
_CONTEXT = 150
"""Entries that are read before the first one that is relied on."""


class Reflog(NamedTuple):
    """HEAD's history in one worktree, oldest entry first."""

    entries: list[ReflogEntry]
    problem: str = ""
    """The reason why there is none, as a sentence; empty if there is one."""
    told_from: int = 0
    """The second before which entries may be missing because they were not read."""


def read_reflog(worktree: Worktree) -> Reflog:
    """HEAD's reflog of a worktree. Lines that are no entries are skipped."""
    if uses_reftable(worktree.common_dir):
        return _reflog_from_git(worktree)
    try:
        data = read_bounded(os.path.join(worktree.git_dir, "logs", "HEAD"), MOST_OF_GIT)
    except FileNotFoundError:
        return Reflog([], "it has no reflog of HEAD (core.logAllRefUpdates is off, or nothing was checked out yet)")
    except OSError as error:
        return Reflog([], f"its reflog cannot be read: {error.strerror or error}")
    return Reflog(list(parse_entries(data)))


def reflog_size(worktree: Worktree) -> int:
    """The size of HEAD's reflog in bytes, for `entries_since`; 0 if there is none yet, -1 if only git can tell."""
    if uses_reftable(worktree.common_dir):
        return -1
    try:
        return os.stat(os.path.join(worktree.git_dir, "logs", "HEAD")).st_size
    except OSError:
        return 0


def entries_since(worktree: Worktree, size: int) -> list[ReflogEntry] | None:
    """The entries that were added to HEAD's reflog since it had this size; `None` if that is unknown: the size was
    unknown, entries have expired since, or no reflog is kept."""
    if size < 0:
        return None
    try:
        with open_regular(os.path.join(worktree.git_dir, "logs", "HEAD")) as stream:
            # One byte earlier: it must end a line, or the file was rewritten since, because entries have expired.
            stream.seek(max(size - 1, 0))
            data = stream.read(MOST_OF_GIT)
    except OSError:
        return None
    return list(parse_entries(data)) if not size or data.startswith(b"\n") else None


def new_entries(worktree: Worktree, stamp: str) -> int | None:
    """The number of entries added to HEAD's reflog since it had this stamp (`reflog_stamp`); `None` if that is
    unknown."""
    size, _, rest = stamp.partition(":")
    inode = rest.rpartition(":")[2]
    if not size.isdigit() or uses_reftable(worktree.common_dir):
        return None
    try:
        # git expires entries by writing a new file and renaming it.
        is_same = str(os.stat(os.path.join(worktree.git_dir, "logs", "HEAD")).st_ino) == inode
    except OSError:
        return None
    entries = entries_since(worktree, int(size)) if is_same else None
    return None if entries is None else len(entries)


def read_head_history(worktree: Worktree, *, recent: bool = False, head: Head | None = None) -> HeadHistory:
    """Everything git has recorded about the branches a worktree was on; if that is much, only the `recent` part (see
    `HeadHistory.told_from`): a reflog of twenty thousand entries takes 50 ms.

    `head` is the value of HEAD that was read before.
    """
    reflog = (_recent_reflog(worktree) if recent else None) or read_reflog(worktree)
    creations: dict[str, Creation] = {}
    # A rename of the current branch is in HEAD's reflog and in the branch's own, so each is kept once below.
    renames = [rename for entry in reflog.entries if (rename := _rename(entry))]
    for branch, data in _branch_logs(worktree.common_dir):
        first = next(parse_entries(data), None)
        if first is not None and first.message.startswith(_CREATED):
            creations[branch] = Creation(first.second, short_name(first.message.removeprefix(_CREATED)))
        if b"\tBranch: renamed " in data:
            renames += [rename for entry in parse_entries(data) if (rename := _rename(entry))]
    # Sorting is stable: entries of one second keep the order of their log.
    renames = sorted(dict.fromkeys(renames), key=lambda rename: rename.second)
    branch = (head or read_head(worktree)).branch
    if reflog.problem and is_unborn(worktree):
        return HeadHistory([], branch, creations, renames, quiet_since=0)
    quiet_since = None if reflog.problem or reflog.entries else _last_written(worktree)
    return HeadHistory(reflog.entries, branch, creations, renames, reflog.problem, quiet_since, reflog.told_from)


def _recent_reflog(worktree: Worktree) -> Reflog | None:
    """The end of a long reflog; `None` if all of it must be read: its times are not monotonic, or it does not show
    what was committed before."""
    if uses_reftable(worktree.common_dir):
        return None
    try:
        with open_regular(os.path.join(worktree.git_dir, "logs", "HEAD")) as stream:
            if stream.seek(0, os.SEEK_END) < 2 * _RECENT:
                return None
            stream.seek(-_RECENT, os.SEEK_END)
            data = stream.read()
    except OSError:
        return None
    # The first line is hardly ever complete.
    entries = list(parse_entries(data[data.find(b"\n") + 1 :]))
    context = entries[:_CONTEXT]
    is_steady = all(one.second <= other.second for one, other in pairwise(entries))
    if not is_steady or len(entries) < 2 * _CONTEXT or not any(is_commit(entry.message) for entry in context):
        return None
    return Reflog(entries, told_from=entries[_CONTEXT].second)


def _last_written(worktree: Worktree) -> int | None:
    """The time after which no entry was written to a reflog whose entries all expired: any later move of HEAD would
    have left one."""
    try:
        # Rounded up: usage within that second may be older than the move.
        return int(os.stat(os.path.join(worktree.git_dir, "logs", "HEAD")).st_mtime) + 1
    except OSError:
        return None


def last_message(worktree: Worktree) -> str:
    """The message of the last entry of HEAD's reflog; empty if there is none."""
    entries = read_reflog(worktree).entries
    return entries[-1].message if entries else ""


def has_own_commits(common_dir: str, branch: str) -> bool:
    """Whether a branch exists and something was committed on it since its creation; without a reflog, an existing
    branch counts as having commits."""
    if not can_be_ref(branch):
        return False
    try:
        data = read_bounded(os.path.join(common_dir, "logs", "refs", "heads", *branch.split("/")), MOST_OF_GIT)
    except OSError:
        return branch in (local_branches(common_dir) or {})
    return any(is_commit(entry.message) for entry in parse_entries(data))


def parse_entries(data: bytes) -> Iterator[ReflogEntry]:
    """The entries of a reflog file. Names and messages may be in any encoding; like git, this skips damaged lines."""
    for old, new, second, message in (found.groups(b"") for found in _ENTRY.finditer(data)):
        # Anybody can write thousands of digits, which Python refuses to convert.
        yield ReflogEntry(
            min(int(second[:12]), LAST_SECOND), old.decode("ascii"), new.decode("ascii"), ref_text(message)
        )


def _branch_logs(common_dir: str) -> Iterator[tuple[str, bytes]]:
    """Each local branch with its own reflog, which is renamed together with the branch."""
    folders = [(os.path.join(common_dir, "logs", "refs", "heads"), "")]
    while folders:
        folder, inside = folders.pop()
        try:
            entries = list(os.scandir(folder))
        except OSError:
            continue
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                folders.append((entry.path, f"{inside}{entry.name}/"))
                continue
            try:
                data = read_listed(entry, MOST_OF_GIT)
            except OSError:
                continue
            yield ref_text(os.fsencode(inside + entry.name)), data


def _rename(entry: ReflogEntry) -> Rename | None:
    renamed = _RENAMED.match(entry.message)
    return Rename(entry.second, renamed[1], renamed[2]) if renamed else None


def _reflog_from_git(worktree: Worktree) -> Reflog:
    """A reflog that only git can read. git prints new ids, newest first; an entry's old id is the next one's new id."""
    # With `--date`, the selector `%gd` contains the time instead of a number (git-log(1)).
    asked = ["log", "-g", "--format=%H%x09%gd%x09%gs", "--date=unix", "HEAD"]
    try:
        text = run_git(asked, git_folder(worktree))
    except EnvironmentProblem as error:
        return Reflog([], f"its reflog cannot be read: {error}")
    entries: list[ReflogEntry] = []
    for line in reversed(text.split("\n")):
        new, _, rest = line.partition("\t")
        selector, _, message = rest.partition("\t")
        second = selector.partition("{")[2].rstrip("}")
        if second.isdigit():
            old = entries[-1].new if entries else _oldest_old_id(new, message)
            entries.append(ReflogEntry(moment_of(second), old, new, ref_text(os.fsencode(message))))
    return Reflog(entries)


def _oldest_old_id(new: str, message: str) -> str:
    """The old id of the oldest entry: the null id if the entry is a creation, else unknown (earlier entries
    expired)."""
    return NULL_ID if message.startswith(("commit (initial)", "clone:")) or not message else new
