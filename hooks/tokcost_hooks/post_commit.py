"""post-commit: reads which of the proposed lines the commit really carries."""

from tokcost.model.worktree import CloneState
from tokcost.services.settle_commit import settle
from tokcost_hooks.work import Call


def run(call: Call, here: CloneState) -> None:
    """Called after the commit was made."""
    said = settle(call.home, call.environ, here)
    if said:
        call.tell(said, "")
