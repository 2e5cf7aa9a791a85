"""The paths of a worktree."""

from typing import NamedTuple


class Worktree(NamedTuple):
    """A worktree: the main one of a clone, a linked one, or a submodule's. All paths are real paths."""

    path: str
    """Its top-level folder."""
    git_dir: str
    """Its own part of the repository: HEAD, index, HEAD's reflog."""
    common_dir: str
    """The folder that all worktrees of the clone share: refs, objects, configuration."""
    root: str
    """The clone's main worktree; the repository itself if there is none (bare with linked worktrees) or if git does
    not record it (linked worktrees of a clone made with `--separate-git-dir`)."""

    @property
    def is_linked(self) -> bool:
        """Whether `git worktree add` created it."""
        return self.git_dir != self.common_dir
