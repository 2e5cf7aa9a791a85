"""Log records of responses that were received as telemetry before.

Received usage that nobody has placed is removed as soon as there is a log of its session. Received usage that its owner
assigned, or that a claim holds, has a place that no log knows: the log record of the same response takes over that
place before the received record goes.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence

from tokcost.ledger.rows import Stored
from tokcost.model.received import MOST_APART_MS, counts_of, ids_of, own_id

Pair = tuple[Stored, Stored]
"""The received record of a response, and the logged one."""


def is_held(received: Stored) -> bool:
    """Whether somebody decided where the usage belongs."""
    return received.entry.claim is not None or received.entry.place.evidence == "assigned"


def may_go(received: Stored, logged: Iterable[Stored]) -> bool:
    """Whether received usage without a logged record is removed. Published usage stays, and assigned usage waits
    until the log has reached its time."""
    if received.entry.claim is not None:
        return False
    newest = max((one.entry.usage.time_ms for one in logged), default=0)
    return not is_held(received) or received.entry.usage.time_ms <= newest


def same_responses(received: Sequence[Stored], logged: Sequence[Stored]) -> list[Pair]:
    """Pairs of records of one response, all of one session.

    The request id decides where both records have it. Otherwise the nearest in time with equal counts matches, then the
    nearest with any counts. A logged record that a claim holds belonged to another response before.
    """
    by_id = {name: one for one in logged for name in ids_of(one.entry.usage)}
    pairs = [(one, by_id[name]) for one in received if (name := own_id(one.entry.usage)) in by_id]
    taken = {one.id for pair in pairs for one in pair}
    free = _in_order(one for one in logged if one.id not in taken and one.entry.claim is None)
    left = _in_order(one for one in received if one.id not in taken)
    groups: dict[tuple[int, ...], list[Stored]] = defaultdict(list)
    for one in free:
        groups[counts_of(one.entry.usage)].append(one)
    for one in left:
        found = _take_nearest(one, groups[counts_of(one.entry.usage)])
        if found:
            pairs.append((one, found))
            taken.update((one.id, found.id))
    # Only when all equal counts are matched: a record that is merely near must not take the partner of an exact one.
    rest = [one for one in free if one.id not in taken]
    near = ((one, _take_nearest(one, rest)) for one in left if one.id not in taken)
    return [*pairs, *((one, found) for one, found in near if found)]


def _take_nearest(one: Stored, among: list[Stored]) -> Stored | None:
    """Take the record that is nearest in time from a list ordered by time."""
    time_ms = one.entry.usage.time_ms
    at = bisect_left(among, time_ms, key=lambda other: other.entry.usage.time_ms)
    near = [number for number in (at - 1, at) if 0 <= number < len(among)]
    apart = {number: abs(among[number].entry.usage.time_ms - time_ms) for number in near}
    nearest = min(apart, key=apart.__getitem__, default=None)
    return None if nearest is None or apart[nearest] > MOST_APART_MS else among.pop(nearest)


def _in_order(stored: Iterable[Stored]) -> list[Stored]:
    return sorted(stored, key=lambda one: (one.entry.usage.time_ms, one.id))
