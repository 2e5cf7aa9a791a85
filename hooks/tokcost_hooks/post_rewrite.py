"""post-rewrite: makes usage that is bound to commits on this machine follow them through a rebase."""

from tokcost.model.worktree import CloneState
from tokcost.services.settle_commit import follow_rebase
from tokcost_hooks.work import Call


def run(call: Call, here: CloneState) -> None:
    """Called with lines of old and new commit on standard input (githooks(5))."""
    words = [line.split() for line in call.data.decode("ascii", "replace").splitlines()]
    follow_rebase(call.home, here.worktree, [(line[0], line[1]) for line in words if len(line) >= 2])
