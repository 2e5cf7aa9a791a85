"""Commit messages that may carry lines of ours, and which commits no ref reaches any more.

Commits are read as they are, whatever git-replace(1) shows in their place here: other clones do not have that.
"""

import os
from collections.abc import Iterable, Iterator, Sequence

from tokcost.repo.objects import Commit
from tokcost.repo.run import GitFailed, run_git, stream_git

_ASK = ["log", "-z", "--no-color", "--no-decorate", "--no-patch", "--format=%H%n%B"]
_MOST_FILE, _MOST_CHANGE, _MOST_CHANGES = 1 << 20, 1 << 22, 1 << 24
"""Bytes of a file whose lines git compares, of one change that is compared with others, and of all of them."""
_ONLY_OURS = ["--regexp-ignore-case", "--fixed-strings", "--grep=AI-Cost"]


def messages_with_lines(
    common_dir: str, tips: Iterable[str], known: Iterable[str] = (), *, seconds: float = 60.0
) -> Iterator[tuple[str, str]]:
    """Commit id and message of every commit that `tips` reach and `known` do not, where the message may carry a line.

    Ids that name nothing (any more) are passed over. They come as git finds them; `seconds` include what the caller
    does with them. Raises `EnvironmentProblem`.
    """
    revisions = [*tips, *(f"^{one}" for one in known)]
    if not revisions:
        return
    feed = "".join(f"{revision}\n" for revision in revisions)
    asked = [*_ASK, *_ONLY_OURS, "--ignore-missing", "--stdin"]
    for record in map(os.fsdecode, stream_git(asked, common_dir, feed=feed, end=b"\0", seconds=seconds)):
        commit, _, message = record.partition("\n")
        if commit:
            yield commit, message


def unreachable(common_dir: str, gone: Iterable[str], tips: Iterable[str], *, seconds: float = 60.0) -> set[str]:
    """The commits that `gone` reach and `tips` do not.

    Raises `GitFailed` when one of `gone` names nothing any more, `EnvironmentProblem` when git does not answer.
    """
    feed = "".join(f"{one}\n" for one in [*gone, *(f"^{tip}" for tip in tips)])
    return set(_git(["rev-list", "--stdin"], common_dir, feed=feed, seconds=seconds).split())


def reachable(common_dir: str, tips: Iterable[str], *, seconds: float = 60.0) -> set[str]:
    """Every commit that `tips` reach: all of a history, so ask for less where that will do."""
    feed = "".join(f"{tip}\n" for tip in tips)
    return set(_git(["rev-list", "--ignore-missing", "--stdin"], common_dir, feed=feed, seconds=seconds).split())


def commits_beside(
    common_dir: str, tips: Iterable[str], gone: Iterable[str], *, most: int, seconds: float = 60.0
) -> list[str]:
    """The newest commits that `tips` reach and the parents of `gone` do not, merges left out: where copies of `gone`
    can be. None when git has thrown `gone` away."""
    feed = "".join(f"{one}\n" for one in [*tips, *(f"^{one}^@" for one in gone)])
    asked = ["rev-list", "--no-merges", f"--max-count={most}", "--stdin"]
    try:
        return _git(asked, common_dir, feed=feed, seconds=seconds).split()
    except GitFailed:
        return []


def patch_ids(common_dir: str, commits: Iterable[str], *, seconds: float = 60.0) -> dict[str, str]:
    """For each commit that changes something and is still there, what git-patch-id(1) says of its change: equal for
    copies of it elsewhere in history. Very large changes have none. Empty where a partial clone lacks what was changed:
    it is not fetched."""
    feed = "".join(f"{commit}\n" for commit in commits)
    try:
        patches = "".join(_patches(common_dir, feed, seconds)) if feed else ""
    except GitFailed:
        return {}
    found = _git(["patch-id", "--stable"], common_dir, feed=patches, seconds=seconds) if patches else ""
    return {commit: patch for patch, commit in (line.split() for line in found.split("\n") if line)}


def _patches(common_dir: str, feed: str, seconds: float) -> Iterator[str]:
    """The changes of commits in their order, as far as they are of a size that people write: a megabyte of what was
    fetched can hold terabytes of changes."""
    left = _MOST_CHANGES
    asked = ["-c", f"core.bigFileThreshold={_MOST_FILE}", "log", "-z", "-p"]
    asked += ["--no-walk=unsorted", "--ignore-missing", "--no-color", "--no-renames", "--full-index", "--stdin"]
    for patch in stream_git(asked, common_dir, feed=feed, end=b"\0", seconds=seconds):
        if len(patch) > _MOST_CHANGE or not patch.startswith(b"commit "):
            continue
        left -= len(patch)
        if left < 0:
            return
        yield os.fsdecode(patch) + "\n"


def read_commit(common_dir: str, commit: str, *, seconds: float = 60.0) -> Commit:
    """One commit. Raises `EnvironmentProblem`."""
    asked = ["log", "-1", "--format=%H%n%P%n%B", commit, "--"]
    name, parents, message = _git(asked, common_dir, seconds=seconds).split("\n", 2)
    return Commit(name, tuple(parents.split()), message)


def message_of(common_dir: str, commit: str, *, seconds: float = 60.0) -> str:
    """The message of one commit. Raises `EnvironmentProblem`."""
    return read_commit(common_dir, commit, seconds=seconds).message


def _git(args: Sequence[str], common_dir: str, *, feed: str = "", seconds: float) -> str:
    return run_git(args, common_dir, feed=feed, seconds=seconds)
