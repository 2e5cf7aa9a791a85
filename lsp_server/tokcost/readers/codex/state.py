"""The state of a Codex rollout that its reader keeps between two reads, in the cursor."""

import msgspec

from tokcost.readers.codex.head_moves import Moves
from tokcost.readers.codex.lines import Counts
from tokcost.readers.codex.totals import DEFAULT_LIMIT, Counter, Totals


class State(msgspec.Struct, gc=False):
    """The state of a rollout between two reads."""

    begun: bool = False
    """Whether the first line was read."""
    thread: str = ""
    parent: str = ""
    """The thread from which this one was forked or spawned."""
    is_subagent: bool = False
    replaying: bool = False
    """Whether this is still the parent's copied history, before this thread's own first turn."""
    is_copy: bool = False
    """Whether the parent's `session_meta` was copied too, and thus its turns."""
    replay_ms: int = 0
    start_ms: int = 0
    time_ms: int = 0
    """The time of the latest line with a time."""
    totals: Totals = msgspec.field(default_factory=Totals)
    pending: list[Counts] = []
    """Responses with a record whose running total has not arrived yet."""
    has_lost: bool = False
    """Whether a record was damaged since the latest event: its response may be in the next total."""
    told: Counts | None = None
    """The latest response reported by a running total, and its time: its record may follow."""
    told_ms: int = 0
    thread_total: Counts | None = None
    """The running total in the latest record."""
    response: str = ""
    """The id and the counts of the response in the latest record, and the number of responses before it that had this
    id too."""
    response_counts: Counts | None = None
    response_shared: int = 0
    model: str = ""
    later_model: str = ""
    """The model that settings name for later turns."""
    is_turn_named: bool = False
    """Whether the current turn has named its model itself."""
    provider: str = ""
    tier: str = ""
    cwd: str = ""
    branch: str = ""
    turn: str = ""
    turns: int = 0
    """Prompts so far. The branch is that of the session's start, and may have changed before a later prompt."""
    parts: int = 0
    """Turns and requests so far, as far as they can be distinguished."""
    resumed: int = 0
    """The number of times that this thread's `session_meta` was written."""
    moves: Moves = msgspec.field(default_factory=Moves)

    # Of cursors written by earlier versions.
    forked: bool = False
    base: tuple[int, int, int, int] | None = None
    epoch: int = 0
    has_records: bool = False

    def of_this_version(self) -> "State":
        """The state without the equivalent fields of earlier versions."""
        if self.has_records:
            self.totals = Totals(begins_unknown=True)
        elif self.base is not None and any(self.base):
            counter = Counter(epoch=self.epoch)
            counter.reach((*self.base, 0))
            self.totals = Totals([counter], {DEFAULT_LIMIT: 0})
        elif self.forked:
            self.totals = Totals(inherits=True)
        self.base, self.has_records, self.forked = None, False, False
        return self
