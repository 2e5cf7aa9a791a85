"""A repository's branches now: checked out, gone, merged."""

from typing import NamedTuple

from tokcost.model.figures import BranchState
from tokcost.model.worktree import Worktree
from tokcost.repo.head import read_head
from tokcost.repo.refs import default_branch, merged_branches, possible_defaults, tips_of_branches


class Branches(NamedTuple):
    """Branches of one repository, seen from one of its worktrees."""

    current: str | None = None
    present: frozenset[str] | None = frozenset()
    """Those of the local branches that somebody asks about; `None` when the repository cannot be read any more."""
    merged: frozenset[str] = frozenset()
    default: str | None = None
    """The branch that others are merged into; `None` when there is none, or it matters to nobody."""

    def state(self, branch: str) -> BranchState:
        """`deleted` when it is gone, `merged` when the default branch contains all its commits, else `active`."""
        if self.present is not None and branch not in self.present and branch != self.current:
            return "deleted"
        return "merged" if branch in self.merged and branch != self.current else "active"


def look_at_branches(
    common_dir: str, here: Worktree | None, wanted: set[str], *, with_default: bool = False
) -> Branches:
    """Look once. `wanted` are the branches somebody will ask about; unless there are any besides the current one, or
    the default branch matters, nothing is looked up."""
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
