"""Records by which Claude Code tells of a worktree that it made for itself."""

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
    """The worktree that a record speaks of, whichever level of the record holds its fields; empty where none does, and
    `None` where the record is damaged."""
    levels = decoded(_fields, raw)
    if levels is None:
        return None
    for level in (raw, *map(bytes, levels.values())):
        state = decoded(_state, level) or without_odd_fields(_WorktreeState, level)
        if state and state.path:
            return [WorktreeOrigin(state.path, state.branch or "", state.origin or "", state.origin_branch or "")]
    return []
