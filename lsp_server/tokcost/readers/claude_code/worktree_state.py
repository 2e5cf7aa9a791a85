"""Records of worktrees that Claude Code created for itself."""

import msgspec

from tokcost.model.logs import WorktreeOrigin
from tokcost.readers.sources.odd_fields import without_odd_fields
from tokcost.readers.sources.records import Folder, decoded


class _WorktreeState(msgspec.Struct, gc=False):
    path: Folder | None = msgspec.field(default=None, name="worktreePath")
    branch: Folder | None = msgspec.field(default=None, name="worktreeBranch")
    origin: Folder | None = msgspec.field(default=None, name="originalCwd")
    origin_branch: Folder | None = msgspec.field(default=None, name="originalBranch")


_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_state = msgspec.json.Decoder(_WorktreeState)


def worktree_origins(raw: bytes) -> list[WorktreeOrigin] | None:
    """The worktree in a record, at whichever level its fields are; empty if there is none, and `None` if the record
    is damaged."""
    levels = decoded(_fields, raw)
    if levels is None:
        return None
    for level in (raw, *map(bytes, levels.values())):
        state = decoded(_state, level) or without_odd_fields(_WorktreeState, level)
        if state and state.path:
            return [WorktreeOrigin(state.path, state.branch or "", state.origin or "", state.origin_branch or "")]
    return []
