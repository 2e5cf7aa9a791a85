"""Omitting the line of the next commit."""

from pathlib import Path

from tokcost.claims.commit_notes import is_next_omitted, omit_next, omit_no_more
from tokcost.claims.notes_folder import notes_folder
from tokcost.errors import UsageError
from tokcost.model.worktree import Worktree
from tokcost.repo.head import head_commit
from tokcost.services.look_at_clone import consent_in


def omit_line(home: Path, worktree: Worktree) -> None:
    """Omit the line of the next commit of this worktree. Raises `UsageError` if lines are not enabled."""
    if not consent_in(home, worktree).enabled:
        raise UsageError("there is no line to leave out: cost lines are off here", "`tokcost enable` switches them on.")
    omit_next(notes_folder(worktree), head_commit(worktree))


def keep_line(worktree: Worktree) -> None:
    """Let the next commit of this worktree carry its line again."""
    omit_no_more(notes_folder(worktree))


def is_line_omitted(worktree: Worktree) -> bool:
    """Whether the next commit of this worktree is to carry no line."""
    return is_next_omitted(notes_folder(worktree), head_commit(worktree))
