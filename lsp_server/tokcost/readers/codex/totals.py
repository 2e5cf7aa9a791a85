"""Running totals of a Codex rollout: the usage that a `token_count` adds to the previous ones. Pure.

An event has a total, which only grows, and the last response that made it grow (`last_token_usage`). It is repeated
without a new response, and may be late, so that its total was exceeded before. A total can also restart (resumed by
another process, reset when the context overflowed), continue a parent's (a fork), or be one of several: each rate limit
(`limit_id`) can have a separate counter, and one counter is also reported under several limits. The total before the
response (`total - last`) distinguishes these cases.
"""

import zlib
from collections.abc import Sequence
from functools import reduce
from typing import NamedTuple

import msgspec

from tokcost.readers.codex.lines import NO_COUNTS, Counts, key_of

DEFAULT_LIMIT = "codex"
"""Codex's own default for a missing `limit_id`."""

AGAIN = "running total without a new response"
LATE = "running total that was reached before"
BELOW = "running total below an earlier one, so its response is unknown"
JUMPED = "running total that grew by more than its response: counted in full, although part may be another session's"
PARENTS = "running total that includes an unknown part of another session's"

_SEEN = 256
"""The number of totals of a counter that are remembered, in 4 bytes each: late ones arrive soon."""
_BEFORE = 4
_MOST_LIMITS = 32  # the cursor stays small, whatever a log names
_AT_ONCE_MS = 5_000
"""Equal counts in another turn within this time are the same response, repeated."""


class Spent(NamedTuple):
    """A response reported by an event."""

    counts: Counts
    key: str
    """Unique and stable within the thread."""
    corrects: "Spent | None" = None
    """An earlier response that turns out to have had these counts."""
    is_jump: bool = False
    """Whether it has everything by which a total grew, while its event reports less: the events of other responses
    are lost, or the total belongs to another counter. The cases cannot be distinguished unless both counters
    continue."""


class Passed(NamedTuple):
    """An event without a new response."""

    reason: str
    is_lost: bool = False
    """Whether the usage it stands for is unknown, which has to be reported."""


class Event(NamedTuple):
    """A `token_count` with its circumstances."""

    limit: str
    total: Counts | None
    last: Counts | None
    time_ms: int
    turn: int
    """The number of the turn, and the number of times the session was resumed."""
    resumed: int = 0


class Jump(msgspec.Struct, gc=False):
    """A total that grew by more than its response: the events of others are lost, or it belongs to another counter."""

    key: str
    head: Counts
    """The head before it."""
    last: Counts
    """Its response."""
    prior: Counts
    """The total before that response."""


class Counter(msgspec.Struct, gc=False):
    """One running total."""

    number: int = 0
    """Its number among the counters of its thread, in the order of their first totals."""
    head: Counts = NO_COUNTS
    """The highest total of this epoch, including responses reported or recorded without one since."""
    told: Counts = NO_COUNTS
    """The latest total of an event: the next one need not include responses without a total."""
    epoch: int = 0
    """The number of restarts."""
    before: list[Counts] = []
    """Heads of earlier epochs."""
    seen: bytes = b""
    """Checksums of its latest totals."""
    turn: int = 0
    """The turn in which the head was reached."""
    resumed: int = 0
    """The number of times that the session had been resumed by then."""
    last: Counts = NO_COUNTS
    """The last response of an event, with its time and turn."""
    last_ms: int = 0
    last_turn: int = 0
    jump: Jump | None = None
    """The latest jump: a total after which the previous one may continue."""
    doubt: Counts = NO_COUNTS
    """A total of one response that was seen before, in an earlier turn: late, or the beginning of an epoch."""

    def reach(self, total: Counts) -> None:
        """Make this total the head; a lower one than the old head begins a new epoch."""
        if not _contains(total, self.head):
            self.begin_anew()
        if self.before:
            self.before = [one for one in self.before if not _contains(total, one)]
        self.head = (*total[:3], max(total[3], self.head[3]), total[4])
        self.seen = (self.seen + _sum(total))[-4 * _SEEN :]

    def begin_anew(self) -> None:
        """Begin a new epoch at zero."""
        if any(self.head):
            self.before = [*self.before, self.head][-_BEFORE:]
        self.head = self.doubt = NO_COUNTS
        self.epoch += 1

    def has_seen(self, total: Counts) -> bool:
        """Whether this was one of its totals."""
        wanted = _sum(total)
        # A search for the bytes would also find the end of one checksum with the beginning of the next.
        return any(self.seen[at : at + 4] == wanted for at in range(0, len(self.seen), 4))

    def remember(self, event: Event) -> None:
        """Remember an event's last response."""
        if event.last is not None and any(event.last):
            self.last, self.last_ms, self.last_turn = event.last, event.time_ms, event.turn


class Totals(msgspec.Struct, gc=False):
    """All running totals of a rollout, as far as it has been read."""

    counters: list[Counter] = []
    of_limit: dict[str, int] = {}
    """The number of the counter reported under each limit."""
    inherits: bool = False
    """Whether the first total includes another session's."""
    begins_unknown: bool = False
    """Whether the first total includes responses that were counted by their records."""

    def observe(self, event: Event) -> None:
        """Take over a total whose response counts elsewhere: in the parent's rollout, or by its own record."""
        counter = self._counter(event.limit)
        if event.total is not None:
            self._reach(counter, event, event.total)
        elif event.last is not None:
            self._reach(counter, event, _plus(counter.head, event.last))
        counter.remember(event)

    def take_over(self, event: Event, recorded: Sequence[Counts]) -> int:
        """Determine how many responses with records, but without events, this total includes. They are handled, and
        so are those that it certainly does not include."""
        known = self.of_limit.get(event.limit)
        if event.total is None or (known is None and self.counters):
            return 0
        counter = Counter() if known is None else self.counters[known]
        prior = _prior(event)
        wanted = [key_of(one) for one in (event.total, prior) if one is not None]
        if key_of(event.total) == key_of(counter.head):
            return 0
        if known is not None and prior is not None and key_of(prior) in (key_of(counter.head), key_of(counter.told)):
            return len(recorded) if len(self.counters) == 1 else 0
        for first in range(len(recorded)):
            reached = counter.head
            for number, counts in enumerate(recorded[first:], start=first + 1):
                reached = _plus(reached, counts)
                if key_of(reached) in wanted:
                    self._counter(event.limit).reach(reached)
                    return number
        reached = reduce(_plus, recorded, counter.head)
        if (known is None and prior is not None) or not _contains(event.total, reached):
            return 0
        self._counter(event.limit).reach(reached)
        return len(recorded)

    def spent(self, event: Event) -> Spent | Passed:
        """The response reported by an event."""
        if event.total is None:
            counter = self._counter(event.limit)
            found = self._without_total(counter, event, event.last or NO_COUNTS)
        else:
            self._find_owner(event, event.total)
            is_first = event.limit not in self.of_limit
            counter = self._counter(event.limit)
            following = self._first if is_first else self._next
            found = following(counter, event, event.total)
        counter.remember(event)
        return found

    def _find_owner(self, event: Event, total: Counts) -> None:
        """Find the counter that an event repeats or continues, which may have been reported under another limit so
        far."""
        known = self.of_limit.get(event.limit)
        if known is not None and len(self.counters) == 1:
            return
        # Each new counter is at zero, which distinguishes none.
        wanted = [key_of(one) for one in (total, _prior(event)) if one is not None and any(one)]
        if known is not None and key_of(self.counters[known].head) in wanted:
            return
        for number, counter in enumerate(self.counters):
            if key_of(counter.head) in wanted:
                self.of_limit = {**self.of_limit, event.limit: number}
                return

    def _first(self, counter: Counter, event: Event, total: Counts) -> Spent | Passed:
        """The first total of a counter. It counts completely for the thread's own counter. For one that continues
        from elsewhere, only the event's response counts, since the rest is unknown."""
        is_only = len(self.counters) == 1
        inherits, begins_unknown = self.inherits and is_only, self.begins_unknown and is_only
        self.inherits = self.begins_unknown = False
        if begins_unknown:
            self._reach(counter, event, total)
            return Passed(AGAIN)
        if event.last is not None and (inherits or not is_only or event.limit != DEFAULT_LIMIT):
            return self._grown(counter, event, total, event.last)
        if inherits:
            self._reach(counter, event, total)
            return Passed(PARENTS, is_lost=True)
        found = self._grown(counter, event, total, total)
        if isinstance(found, Spent) and event.last is not None and key_of(total) != key_of(event.last):
            counter.jump = Jump(found.key, NO_COUNTS, event.last, _minus(total, event.last))
            return found._replace(is_jump=True)
        return found

    def _next(self, counter: Counter, event: Event, total: Counts) -> Spent | Passed:
        """Process the next total."""
        if key_of(total) == key_of(counter.head):
            return Passed(AGAIN)
        # Codex sets the total to zero when the context window overflows (`fill_to_context_window` in its
        # `protocol.rs`).
        if not any(key_of(total)):
            counter.begin_anew()
            return Passed(AGAIN)
        inherits, self.inherits = self.inherits, False
        prior = _prior(event)
        # The event after a compaction has zeros for the last response.
        if prior is None or event.last is None or not any(event.last):
            return self._next_total_alone(counter, event, total)
        if key_of(prior) in (key_of(counter.head), key_of(counter.told)) or inherits:
            counter.doubt = NO_COUNTS
            return self._grown(counter, event, total, event.last)
        if not any(key_of(prior)):
            return self._begun_anew(counter, event, total)
        return self._next_elsewhere(counter, event, total, prior)

    def _begun_anew(self, counter: Counter, event: Event, total: Counts) -> Spent | Passed:
        """Process a total that is a single response: the counter began at zero. If it was seen before, it is late,
        unless the counter continues from it in another turn."""
        if self._was_passed(counter, total):
            # Equal counts are the same response, told late, far more often than two responses.
            counter.doubt = total if counter.turn != event.turn else NO_COUNTS
            return Passed(LATE)
        counter.begin_anew()
        return self._grown(counter, event, total, total)

    def _next_elsewhere(self, counter: Counter, event: Event, total: Counts, prior: Counts) -> Spent | Passed:
        """Process a total that grew from another one than the head."""
        counts = event.last or NO_COUNTS
        if self._was_passed(counter, total):
            return Passed(LATE)
        if any(key_of(one) == key_of(prior) for one in counter.before):  # the apparent restart continues
            self._part_from(counter, counter.head)
            return _correcting(self._grown(counter, event, total, counts), self._foreign_start(counter))
        if key_of(prior) == key_of(counter.doubt):  # it was a restart
            counter.begin_anew()
            return self._grown(counter, event, total, total)
        if _contains(total, counter.head):  # the events of some responses are lost
            return self._jumped(counter, event, total, prior)
        jump = counter.jump
        # A late event of a response that the jump contains ends where the jump's own response began.
        if jump is not None and key_of(prior) == key_of(jump.head) and key_of(total) != key_of(jump.prior):
            return self._parted(counter, jump, event, total)
        if counter.has_seen(prior):
            return Passed(LATE)
        return self._grown(counter, event, total, counts)  # it restarted, and the first event after that is lost

    def _jumped(self, counter: Counter, event: Event, total: Counts, prior: Counts) -> Spent | Passed:
        head = counter.head
        found = self._grown(counter, event, total, _minus(total, self._base(counter, total)))
        if isinstance(found, Spent) and event.last is not None:
            counter.jump = Jump(found.key, head, event.last, prior)
            return found._replace(is_jump=True)
        return found

    def _parted(self, counter: Counter, jump: Jump, event: Event, total: Counts) -> Spent | Passed:
        """Process a total that continues from before a jump: the jump was another counter's total, reported under
        the same limit, of which only the response counts."""
        counter.jump = None
        own = self._part_from(counter, jump.head)
        found = self._grown(own, event, total, event.last or NO_COUNTS)
        own.remember(event)
        return _correcting(found, jump)

    def _part_from(self, counter: Counter, head: Counts) -> Counter:
        """A separate counter for the total that was mistaken for this one's."""
        if len(self.counters) >= _MOST_LIMITS:
            return counter
        self.counters = [*self.counters, Counter(len(self.counters), head, head)]
        return self.counters[-1]

    def _foreign_start(self, counter: Counter) -> Jump | None:
        """Process the first total if another counter began at zero beside it: everything beyond its response was
        spent elsewhere."""
        jump = counter.jump
        if jump is None or any(jump.head):
            return None
        counter.jump = None
        return jump

    def _next_total_alone(self, counter: Counter, event: Event, total: Counts) -> Spent | Passed:
        """Process a total that does not show which response made it grow."""
        if self._was_passed(counter, total):
            return Passed(LATE)
        if _contains(total, counter.head):
            return self._grown(counter, event, total, _minus(total, self._base(counter, total)))
        # Another process that resumes the thread may count from zero again.
        if counter.resumed != event.resumed:
            counter.begin_anew()
            return self._grown(counter, event, total, total)
        return Passed(BELOW, is_lost=True)

    def _was_passed(self, counter: Counter, total: Counts) -> bool:
        return counter.has_seen(total) or any(key_of(one) == key_of(total) for one in counter.before)

    def _base(self, counter: Counter, total: Counts) -> Counts:
        """The total from which another one grew, if nothing shows it: the highest one reached."""
        return max((one for one in (*counter.before, counter.head) if _contains(total, one)), default=NO_COUNTS)

    def _without_total(self, counter: Counter, event: Event, last: Counts) -> Spent | Passed:
        """Distinguish responses without a total by counts, time and turn."""
        for one in self.counters:
            is_soon = event.time_ms - one.last_ms <= _AT_ONCE_MS
            if key_of(one.last) == key_of(last) and (is_soon or (one is counter and one.last_turn == event.turn)):
                return Passed(AGAIN)
        self.inherits = False
        return self._grown(counter, event, _plus(counter.head, last), last)

    def _grown(self, counter: Counter, event: Event, total: Counts, counts: Counts) -> Spent | Passed:
        """The response, with a key derived from the resulting total; `Passed(AGAIN)` if nothing was sent or
        received."""
        self._reach(counter, event, total)
        if not any(counts[:3]):
            return Passed(AGAIN)
        prefix = f"{counter.number}/" if counter.number else ""
        # The time is no part of the key: a fork writes copied events with times of its own.
        return Spent(counts, f"{prefix}{counter.epoch}.{total[0]}.{total[2]}.{total[1]}")

    def _reach(self, counter: Counter, event: Event, total: Counts) -> None:
        counter.reach(total)
        counter.told = event.total or counter.told
        counter.turn, counter.resumed = event.turn, event.resumed

    def _counter(self, limit: str) -> Counter:
        """The counter of a limit, a new one if there is none."""
        number = self.of_limit.get(limit)
        if number is None and len(self.of_limit) >= _MOST_LIMITS:
            return self.counters[-1]
        if number is None:
            number = len(self.counters)
            self.counters = [*self.counters, Counter(number)]
            self.of_limit = {**self.of_limit, limit: number}
        return self.counters[number]


def _correcting(found: Spent | Passed, jump: Jump | None) -> Spent | Passed:
    return found._replace(corrects=Spent(jump.last, jump.key)) if jump and isinstance(found, Spent) else found


def _prior(event: Event) -> Counts | None:
    """The running total before its last response."""
    return None if event.total is None or event.last is None else _minus(event.total, event.last)


def _plus(one: Counts, other: Counts) -> Counts:
    return (one[0] + other[0], one[1] + other[1], one[2] + other[2], one[3] + other[3], one[4] + other[4])


def _minus(one: Counts, other: Counts) -> Counts:
    return (one[0] - other[0], one[1] - other[1], one[2] - other[2], one[3] - other[3], one[4] - other[4])


def _contains(total: Counts, other: Counts) -> bool:
    """Whether a total can have grown from another."""
    return total[0] >= other[0] and total[1] >= other[1] and total[2] >= other[2]


def _sum(total: Counts) -> bytes:
    return zlib.crc32(b"%d.%d.%d" % key_of(total)).to_bytes(4, "big")
