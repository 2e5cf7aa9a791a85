"""Sessions of versions without a record for each request: their messages have only the output, and the end of each run
(a leg of the session) has the sum of all requests of a model, over all legs so far.

A message counts at once, with its output as a lower bound, so that a killed session is not lost. When its leg ends, the
leg's sum is distributed over its messages in equal parts, since each request sends the complete conversation again. The
sum is exact, the distribution is unknown.

A compaction of the conversation restarts the count: a sum that is lower than the previous one does not cover all legs.
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from tokcost.model.usage import Usage
from tokcost.readers.copilot_cli.counts import HOSTED, NAME, Counts

_MOST_MESSAGES = 4000
"""The number of messages of a leg that are remembered, the newest ones; the sum of a longer leg is distributed over
these."""
_ROW_FIRST_MS = 5000
"""A request's row in the store is written before or just after its message."""


class ModelMetric(NamedTuple):
    """A model's requests in all legs so far."""

    model: str
    counts: Counts


class Message(msgspec.Struct, gc=False, array_like=True):
    """A message of whose request only the output is known."""

    key: str
    time_ms: int
    model: str
    output: int
    cwd: str = ""
    branch: str = ""
    branch_stale: bool = False
    moves_head: bool = False

    def usage(self, session: str, counts: Counts | None = None, model: str = "") -> Usage | None:
        """The message as usage: with its output as a lower bound, or with all of its counts; `None` for impossible
        ones."""
        tokens = (counts or Counts(0, self.output)).tokens()
        return tokens and Usage(
            NAME,
            self.key,
            self.time_ms,
            self.model or model,
            tokens,
            session,
            self.cwd,
            self.branch,
            self.branch_stale,
            provider=HOSTED,
            lower_bound=counts is None,
            moves_head=self.moves_head,
            final=counts is not None,
        )


class Leg(msgspec.Struct, gc=False):
    """The current leg, and the sums at the end of the previous one."""

    messages: list[Message] = []
    before: dict[str, Counts] = {}

    def add(self, message: Message) -> None:
        """Add a message. One response may be divided into several."""
        # Parts of a response follow each other. A search of the complete leg would take quadratic time.
        same = [one for one in self.messages[-_MOST_SPLIT:] if one.key == message.key]
        if same:
            same[0].output = max(same[0].output, message.output)
        else:
            self.messages = [*self.messages, message][-_MOST_MESSAGES:]

    def drop_since(self, first_row_ms: int) -> set[str]:
        """Remove messages whose requests have rows in the store; returns their keys."""
        gone = {one.key for one in self.messages if one.time_ms >= first_row_ms - _ROW_FIRST_MS}
        self.messages = [one for one in self.messages if one.key not in gone]
        return gone

    def pass_over(self, metrics: Sequence[ModelMetric]) -> None:
        """End a leg whose requests are all recorded elsewhere."""
        self.messages = []
        self.before = {metric.model: metric.counts for metric in metrics}

    def finish(self, session: str, end: Message, metrics: Sequence[ModelMetric]) -> list[Usage]:
        """End a leg; returns its usage, with all counts. Requests without a message count at its `end`."""
        found: list[Usage] = []
        spent = {metric.model: _since(self.before.get(metric.model), metric.counts) for metric in metrics}
        spent = {model: counts for model, counts in spent.items() if any(counts)}
        # Up to 1.0.31 messages name no model: they count for the one with the most output.
        main = max(spent, key=lambda model: spent[model].output, default="")
        for model, counts in spent.items():
            own = [one for one in self.messages if (one.model if one.model in spent else main) == model]
            messages = _latest(own, counts.output) or [_at(end, model)]
            shares = _shares(counts, messages)
            told = [one.usage(session, share, model) for one, share in zip(messages, shares, strict=True)]
            found += [one for one in told if one is not None]
        self.pass_over(metrics)
        return found


_MOST_SPLIT = 64


def _at(end: Message, model: str) -> Message:
    return Message(f"{end.key}:{model}", end.time_ms, model, 0, end.cwd, end.branch, end.branch_stale, end.moves_head)


def _since(before: Counts | None, now: Counts) -> Counts:
    if before is None or any(a < b for a, b in zip(now, before, strict=True)):
        return now
    return Counts(*(a - b for a, b in zip(now, before, strict=True)))


def _latest(messages: Sequence[Message], output: int) -> Sequence[Message]:
    """The messages that a sum with this output can include: after a compaction of the conversation, only the later
    ones."""
    first = len(messages)
    while first and messages[first - 1].output <= output:
        first -= 1
        output -= messages[first].output
    return messages[first:]


def _shares(counts: Counts, messages: Sequence[Message]) -> list[Counts]:
    """The parts of the messages, each with at least its own output."""
    rest = counts.output - sum(one.output for one in messages)
    fresh = counts.input - counts.cache_read - counts.cache_write
    totals = (fresh, rest, counts.cache_read, counts.cache_write, counts.reasoning)
    parts = zip(*(_parts(total, len(messages)) for total in totals), strict=True)
    return [
        Counts(read + cache + write, one.output + more, cache, write, thought)
        for one, (read, more, cache, write, thought) in zip(messages, parts, strict=True)
    ]


def _parts(total: int, size: int) -> list[int]:
    """Equal parts, with the remainder in the last ones."""
    return [total * (number + 1) // size - total * number // size for number in range(size)]
