"""The state that a reader of a Codex rollout remembers between two reads: it travels in the cursor."""

import msgspec

from tokcost.readers.codex.head_moves import Moves
from tokcost.readers.codex.lines import Counts
from tokcost.readers.codex.totals import DEFAULT_LIMIT, Counter, Totals


class State(msgspec.Struct, gc=False):
    """The state that must be remembered of a rollout between two reads."""

    begun: bool = False
    """The first line was seen."""
    thread: str = ""
    parent: str = ""
    """The thread this one was forked or spawned from."""
    is_subagent: bool = False
    replaying: bool = False
    """Before this thread's own first turn: the parent's history, copied."""
    is_copy: bool = False
    """The parent's `session_meta` was copied too, and so its turns."""
    replay_ms: int = 0
    start_ms: int = 0
    time_ms: int = 0
    """The time of the latest line that has one."""
    totals: Totals = msgspec.field(default_factory=Totals)
    pending: list[Counts] = []
    """Responses with a record whose running total has not come yet."""
    has_lost: bool = False
    """A record was damaged since the latest event: its response may be in the next total."""
    told: Counts | None = None
    """The latest response that a running total told, and when: its record may follow."""
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
    """The model that settings name for turns that begin later."""
    is_turn_named: bool = False
    """The running turn has named its model itself."""
    provider: str = ""
    tier: str = ""
    cwd: str = ""
    branch: str = ""
    turn: str = ""
    turns: int = 0
    """Prompts so far. The branch is that of the session's start: a later prompt may come from another one."""
    parts: int = 0
    """Turns and requests so far, as far as anything tells them apart."""
    resumed: int = 0
    """The number of times that this thread's `session_meta` was written."""
    moves: Moves = msgspec.field(default_factory=Moves)

    # Of cursors that earlier versions wrote.
    forked: bool = False
    base: tuple[int, int, int, int] | None = None
    epoch: int = 0
    has_records: bool = False

    def of_this_version(self) -> "State":
        """The state without the fields in which earlier versions remembered the same."""
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
