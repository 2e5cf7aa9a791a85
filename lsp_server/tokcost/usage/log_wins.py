"""Records of a log that tell of the same responses as telemetry that was received before.

What nobody has put anywhere is taken back as soon as a log tells of its session. What its owner assigned, or a claim
holds, has a place that no log knows: the record of the same response in the log gets it before the received one goes.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence

from tokcost.ledger.rows import Stored
from tokcost.model.usage import Usage

MOST_APART_MS = 10 * 60_000
"""The longest time between two records of one response: a log may date it by its beginning, telemetry by its end."""

Pair = tuple[Stored, Stored]
"""The received record of a response, and the logged one."""


def is_held(received: Stored) -> bool:
    """Whether somebody decided where it belongs."""
    return received.entry.claim is not None or received.entry.place.evidence == "assigned"


def may_go(received: Stored, logged: Iterable[Stored]) -> bool:
    """Whether received usage that no logged record stands for is taken back: what was published stays, and what was
    assigned waits until the log has come to its time."""
    if received.entry.claim is not None:
        return False
    newest = max((one.entry.usage.time_ms for one in logged), default=0)
    return not is_held(received) or received.entry.usage.time_ms <= newest


def same_responses(received: Sequence[Stored], logged: Sequence[Stored]) -> list[Pair]:
    """Pairs of records of one response; all are of one session.

    The id of the request decides where both have it. Otherwise the nearest in time of those with equal counts, then of
    any, is the same response; a logged one that a claim holds was another one's before.
    """
    by_id = {name: one for one in logged for name in _ids(one.entry.usage)}
    pairs = [(one, by_id[name]) for one in received if (name := _own_id(one.entry.usage)) in by_id]
    taken = {one.id for pair in pairs for one in pair}
    free = _in_order(one for one in logged if one.id not in taken and one.entry.claim is None)
    left = _in_order(one for one in received if one.id not in taken)
    groups: dict[tuple[int, ...], list[Stored]] = defaultdict(list)
    for one in free:
        groups[_counts(one)].append(one)
    for one in left:
        found = _take_nearest(one, groups[_counts(one)])
        if found:
            pairs.append((one, found))
            taken.update((one.id, found.id))
    rest = [one for one in free if one.id not in taken]
    near = ((one, _take_nearest(one, rest)) for one in left if one.id not in taken)
    return [*pairs, *((one, found) for one, found in near if found)]


def _take_nearest(one: Stored, among: list[Stored]) -> Stored | None:
    """Take the record nearest in time out of some that are in order of time."""
    time_ms = one.entry.usage.time_ms
    at = bisect_left(among, time_ms, key=lambda other: other.entry.usage.time_ms)
    near = [number for number in (at - 1, at) if 0 <= number < len(among)]
    apart = {number: abs(among[number].entry.usage.time_ms - time_ms) for number in near}
    nearest = min(apart, key=apart.__getitem__, default=None)
    return None if nearest is None or apart[nearest] > MOST_APART_MS else among.pop(nearest)


def _in_order(stored: Iterable[Stored]) -> list[Stored]:
    return sorted(stored, key=lambda one: (one.entry.usage.time_ms, one.id))


def _own_id(received: Usage) -> str:
    """The id of the request that telemetry names; a key made of the session and the time is equal to no request id."""
    return received.key.partition("/")[2]


def _ids(logged: Usage) -> tuple[str, ...]:
    return tuple(name for name in (logged.request_id, logged.key, logged.key.rpartition(":")[2]) if name)


def _counts(one: Stored) -> tuple[int, ...]:
    """The counts by which one response is known: telemetry need not tell how long a cache write lasts."""
    tokens = one.entry.usage.tokens
    return tokens.input, tokens.cache_read, tokens.cache_write_5m + tokens.cache_write_1h, tokens.output
