"""The operation that git is in the middle of, from the files it keeps in a worktree's git folder."""

import os
import re
import time
from collections.abc import Mapping

from tokcost.files.foreign import MOST_OF_GIT, read_bounded
from tokcost.model.worktree import Operation, Worktree
from tokcost.repo.worktree import linked_git_dirs

_REVERTS = re.compile(
    r"^This (?:reverts commit|reapplies commit) "
    r"(?:[0-9a-f]{40,64}|[0-9a-f]{4,64} \([^\n]*, [0-9]{4}-[0-9]{2}-[0-9]{2}\))",
    re.MULTILINE,
)
"""With `--reference` it is an abbreviated id, the title and the day."""

_HOOK_SECONDS = 60.0
"""A hook of ours takes two seconds at most. Other hooks run before it."""


def read_operation(worktree: Worktree) -> Operation:
    """The operation in progress in a worktree."""

    def there(name: str) -> bool:
        return os.path.exists(os.path.join(worktree.git_dir, name))

    return Operation(
        rebasing=there("rebase-merge") or there("rebase-apply"),
        copying=there("CHERRY_PICK_HEAD") or there("REVERT_HEAD"),
        squashing=there("SQUASH_MSG"),
        merging=there("MERGE_HEAD"),
        melted=_melted(worktree.git_dir),
    )


def is_rebase_ending(common_dir: str, tips: Mapping[str, str]) -> bool:
    """Whether a rebase in any worktree has moved its branch, according to these refs (and detached HEADs, by git
    folder), and may still have to run post-rewrite. Git moves the branch, runs the hook, and then removes its files
    (sequencer.c). Files that a killed rebase left count for a minute only."""
    for git_dir in (common_dir, *linked_git_dirs(common_dir)):
        folder = os.path.join(git_dir, "rebase-merge")
        try:
            if abs(time.time() - os.stat(folder).st_mtime) > _HOOK_SECONDS:
                continue
            branch, start = (
                os.fsdecode(read_bounded(os.path.join(folder, name), MOST_OF_GIT)).strip()
                for name in ("head-name", "orig-head")
            )
        except OSError:
            continue
        # For a rebase without a branch, head-name is `detached HEAD`; `all_tips` names that by its git folder.
        if tips.get(branch if branch.startswith("refs/") else git_dir, start) != start:
            return True
    return False


def squash_message(worktree: Worktree) -> str:
    """The message that `git merge --squash` prepared, with the messages of all squashed commits; empty if there is
    none."""
    try:
        data = read_bounded(os.path.join(worktree.git_dir, "SQUASH_MSG"), MOST_OF_GIT)
    except OSError:
        return ""
    return data.decode("utf-8", "surrogateescape").replace("\r\n", "\n")


def is_revert(message: str) -> bool:
    """Whether git wrote this message for a revert: there is no other sign while `git revert` makes its commit."""
    return _REVERTS.search(message) is not None


def _melted(git_dir: str) -> tuple[str, ...]:
    """`current-fixups` has a line for each: `fixup SHA` or `squash SHA` (sequencer.c)."""
    try:
        data = read_bounded(os.path.join(git_dir, "rebase-merge", "current-fixups"))
        words = [line.split() for line in data.decode("ascii").split("\n")]
    except (OSError, UnicodeDecodeError):
        return ()
    return tuple(line[-1] for line in words if len(line) >= 2)
