"""Commit messages that may carry lines of ours, and commits that no ref reaches any more.

Commits are read as they are, ignoring git-replace(1), which other clones do not have. So are their messages: a line is
ASCII, whatever encoding its commit names, and git would convert it from that encoding. When it makes a commit, it
converts nothing to it (and could not store UTF-16), so the name can be wrong.
"""

import os
import re
from collections.abc import Iterable, Iterator, Sequence

from tokcost.files.foreign import MOST_OF_GIT, read_bounded
from tokcost.repo.objects import Commit
from tokcost.repo.run import GitFailed, run_git, stream_git

AS_STORED = ["--format=raw", "--encoding=none", "--no-abbrev-commit", "--no-notes", "--parents"]
"""For `git log`: commits whose messages are not converted (a format of one's own always converts them), with the
parents that shallow boundaries and grafts leave. `as_stored` parses them."""
_ASK = ["log", "-z", "--no-color", "--no-decorate", "--no-patch", *AS_STORED]
_INDENT = "    "
"""git puts this before each line of a message."""
# Without them, a fetched pack of 3.6 MB with six commits of 90 MB each took 38 seconds and 1.8 GB.
_MOST_FILE, _MOST_CHANGE, _MOST_CHANGES = 1 << 20, 1 << 22, 1 << 24
"""Limits in bytes: of a file whose lines git compares, of one change that is compared with others, and of all of
them."""
_MOST_BOUNDARY = 1_000
"""Commits at which the history of a shallow clone ends: one for each branch that was cut off."""
_ID = re.compile(rb"[0-9a-f]{40}(?:[0-9a-f]{24})?")
# Must match every message in which `read_message` finds a line.
_ONLY_OURS = ["--regexp-ignore-case", "--fixed-strings", "--grep=AI-Cost"]


def messages_with_lines(
    common_dir: str, tips: Iterable[str], known: Iterable[str] = (), *, seconds: float = 60.0
) -> Iterator[tuple[str, str]]:
    """Commit id and message of every commit reachable from `tips` and not from `known`, if the message may carry a
    line.

    Ids that name nothing (any more) are skipped. The commits are in git's order; `seconds` include the caller's work on
    them. Raises `EnvironmentProblem`.
    """
    revisions = [*tips, *(f"^{one}" for one in known)]
    if not revisions:
        return
    feed = "".join(f"{revision}\n" for revision in revisions)
    asked = [*_ASK, *_ONLY_OURS, "--ignore-missing", "--stdin"]
    for record in map(os.fsdecode, stream_git(asked, common_dir, feed=feed, end=b"\0", seconds=seconds)):
        if record:
            commit = as_stored(record)
            yield commit.id, commit.message


def as_stored(record: str) -> Commit:
    """A commit from the output of `git log` with `AS_STORED`."""
    head, _, body = record.partition("\n\n")
    name, *parents = head.partition("\n")[0].split()[1:]
    return Commit(name, tuple(parents), body.removeprefix(_INDENT).replace(f"\n{_INDENT}", "\n"))


def unreachable(common_dir: str, gone: Iterable[str], tips: Iterable[str], *, seconds: float = 60.0) -> set[str]:
    """The commits reachable from `gone` and not from `tips`. Raises `GitFailed` if one of `gone` names nothing any
    more, `EnvironmentProblem` if git does not answer."""
    feed = "".join(f"{one}\n" for one in [*gone, *(f"^{tip}" for tip in tips)])
    return set(_git(["rev-list", "--stdin"], common_dir, feed=feed, seconds=seconds).split())


def reachable(common_dir: str, tips: Iterable[str], *, seconds: float = 60.0) -> set[str]:
    """Every commit reachable from `tips`: a complete history, so ask for less if that is enough."""
    feed = "".join(f"{tip}\n" for tip in tips)
    return set(_git(["rev-list", "--ignore-missing", "--stdin"], common_dir, feed=feed, seconds=seconds).split())


def commits_beside(
    common_dir: str, tips: Iterable[str], gone: Iterable[str], *, most: int, seconds: float = 60.0
) -> list[str]:
    """The newest non-merge commits reachable from `tips` and not from the parents of `gone`: the possible copies of
    `gone`. Empty if git has discarded `gone`."""
    # `^X^@` excludes all parents of X, and nothing if X is a root (gitrevisions(7)).
    feed = "".join(f"{one}\n" for one in [*tips, *(f"^{one}^@" for one in gone)])
    asked = ["rev-list", "--no-merges", f"--max-count={most}", "--stdin"]
    try:
        return _git(asked, common_dir, feed=feed, seconds=seconds).split()
    except GitFailed:
        return []


def patch_ids(common_dir: str, commits: Iterable[str], *, seconds: float = 60.0) -> dict[str, str]:
    """The git-patch-id(1) of each existing commit that changes something, which is equal for copies elsewhere in
    history.

    Very large changes have none. Empty if a partial clone lacks the changed files: they are not fetched.
    """
    feed = "".join(f"{commit}\n" for commit in commits)
    try:
        patches = "".join(_patches(common_dir, feed, seconds)) if feed else ""
    except GitFailed:
        return {}
    found = _git(["patch-id", "--stable"], common_dir, feed=patches, seconds=seconds) if patches else ""
    return {commit: patch for patch, commit in (line.split() for line in found.split("\n") if line)}


def _patches(common_dir: str, feed: str, seconds: float) -> Iterator[str]:
    """The changes of commits in order, as far as they have a plausible size: a megabyte of fetched data can expand
    to terabytes of changes."""
    left = _MOST_CHANGES
    # Above this threshold, git treats a file as binary and compares no lines (git-config(1)).
    asked = ["-c", f"core.bigFileThreshold={_MOST_FILE}", "log", "-z", "-p"]
    asked += ["--no-walk=unsorted", "--ignore-missing", "--no-color", "--no-renames", "--full-index", "--stdin"]
    for patch in stream_git(asked, common_dir, feed=feed, end=b"\0", seconds=seconds):
        if len(patch) > _MOST_CHANGE or not patch.startswith(b"commit "):
            continue
        left -= len(patch)
        if left < 0:
            return
        yield os.fsdecode(patch) + "\n"


def has_any(common_dir: str, commits: Iterable[str], *, seconds: float = 60.0) -> bool:
    """Whether a clone has one of these commits, on any branch or on none, or would have it if it were not shallow:
    the oldest commits of a shallow clone still name their parents. Raises `EnvironmentProblem`."""
    asked = set(commits)
    feed = "".join(f"{commit}\n" for commit in asked)
    said = _git(["cat-file", "--batch-check=%(objecttype)"], common_dir, feed=feed, seconds=seconds) if feed else ""
    return "commit" in said.split("\n") or not asked.isdisjoint(_left_out(common_dir, seconds))


def _left_out(common_dir: str, seconds: float) -> Iterator[str]:
    """The commits directly below the boundary of a shallow clone, which it lacks."""
    try:
        listed = read_bounded(os.path.join(common_dir, "shallow"), MOST_OF_GIT).split(b"\n")
    except OSError:
        return
    feed = "".join(f"{os.fsdecode(one)}\n" for one in listed[:_MOST_BOUNDARY] if _ID.fullmatch(one))
    asked = [*_ASK, "--no-walk=unsorted", "--ignore-missing", "--stdin"]
    for record in stream_git(asked, common_dir, feed=feed, end=b"\0", seconds=seconds) if feed else ():
        head = os.fsdecode(record.partition(b"\n\n")[0]).split("\n")
        yield from (line.removeprefix("parent ") for line in head if line.startswith("parent "))


def read_commit(common_dir: str, commit: str, *, seconds: float = 60.0) -> Commit:
    """One commit. Raises `EnvironmentProblem`."""
    return as_stored(_git([*_ASK, "-1", commit, "--"], common_dir, seconds=seconds).removesuffix("\0"))


def message_of(common_dir: str, commit: str, *, seconds: float = 60.0) -> str:
    """The message of one commit. Raises `EnvironmentProblem`."""
    return read_commit(common_dir, commit, seconds=seconds).message


def _git(args: Sequence[str], common_dir: str, *, feed: str = "", seconds: float) -> str:
    return run_git(args, common_dir, feed=feed, seconds=seconds)
