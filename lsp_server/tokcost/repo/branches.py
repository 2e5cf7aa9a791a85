"""The present state of a repository's branches: checked out, deleted, merged."""

from typing import NamedTuple

from tokcost.model.figures import BranchState
from tokcost.model.worktree import Worktree
from tokcost.repo.head import read_head
from tokcost.repo.refs import default_branch, merged_branches, possible_defaults, tips_of_branches


class Branches(NamedTuple):
    """Branches of one repository, seen from one of its worktrees."""

    current: str | None = None
    present: frozenset[str] | None = frozenset()
    """The existing local branches among those asked about; `None` if the repository cannot be read any more."""
    merged: frozenset[str] = frozenset()
    default: str | None = None
    """The branch that others are merged into; `None` if there is none, or it is not needed."""

    def state(self, branch: str) -> BranchState:
        """`deleted` if the branch does not exist, `merged` if the default branch contains all its commits, else
        `active`."""
        if self.present is not None and branch not in self.present and branch != self.current:
            return "deleted"
        return "merged" if branch in self.merged and branch != self.current else "active"


def look_at_branches(
    common_dir: str, here: Worktree | None, wanted: set[str], *, with_default: bool = False
) -> Branches:
    """Read the state of branches. `wanted` are the branches asked about; if there are none besides the current one,
    and the default branch is not needed, nothing is looked up."""
    current = read_head(here).branch if here else None
    if not with_default and not wanted - {current}:
        return Branches(current, frozenset(wanted))
    present = tips_of_branches(common_dir, {*wanted, *possible_defaults(common_dir)})
    if present is None:
        return Branches(current, None)
    default = default_branch(common_dir, present)
    asked = {branch: present[branch] for branch in wanted & present.keys()}
    merged = merged_branches(common_dir, default, asked) if default else frozenset[str]()
    return Branches(current, frozenset(present), merged, default)
