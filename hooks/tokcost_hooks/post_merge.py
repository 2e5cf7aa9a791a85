"""post-merge: reads which of the proposed lines the merge really carries."""

from tokcost.model.worktree import CloneState
from tokcost.services.settle_commit import settle_merge
from tokcost_hooks.work import Call


def run(call: Call, here: CloneState) -> None:
    """Called after the merge, with 1 for a squash, which makes no commit (githooks(5))."""
    said = settle_merge(call.home, call.environ, here, squashed=call.arguments[:1] == ["1"])
    if said:
        call.tell(said, "")
