"""Limits for everything that a reader returns: numbers, names and texts that a ledger can store and add up, of the
types that another process can hand over.

Each batch is checked here, whoever wrote its reader. A record outside the limits is damaged: it is counted, and never
reaches the ledger.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from tokcost.model.logs import Batch, SessionTotal, Source, WorktreeOrigin
from tokcost.model.usage import KINDS, MAX_FACTOR_PERCENT, MAX_SEARCHES, MAX_TOKENS, Tokens, Usage, is_possible_time

MAX_SESSION = 100
"""The maximum ratio of a session's tokens and searches to those of its largest possible response."""
MAX_PARENTS = 1000
"""The maximum number of sessions from which one session's history can come."""
MAX_NAME = 512
"""Characters of a key, a session id or a model name."""
MAX_PATH = 4096
"""Characters of a working directory or a branch; file systems allow no more."""
MAX_COST = 10**15
"""Nano-dollars that an assistant may report as the cost of a response: a million dollars."""
MAX_STATE = 1 << 24
"""Bytes of a reader's cursor for one file."""
MAX_REASON = 200
"""Characters of the phrase that describes a damaged record."""
_INT64 = 1 << 63

IMPOSSIBLE = "record with impossible values"

_Record = TypeVar("_Record")
_Words = tuple[str, str, str, str, str, str, str, str]


def within_bounds(batch: Batch, assistant: str) -> Batch:
    """The batch of a reader named `assistant`, without impossible records, which are counted in `skipped`. Raises
    `ValueError` if the batch itself is malformed, so that no part of it is reliable."""
    skipped, duplicates = {**batch.skipped}, {**batch.duplicates}
    if not (_is_cursor(batch) and _are_counts(skipped) and _are_counts(duplicates)):
        raise ValueError("no batch")
    known: set[_Words] = set()
    usage, bad_usage = _sifted(batch.usage, lambda one: _is_usage(one, assistant, known))
    totals, bad_totals = _sifted(batch.totals, _is_total)
    worktrees, bad_worktrees = _sifted(batch.worktrees, _is_origin)
    retracted, bad_keys = _sifted(batch.retracted, lambda key: _is_text(key, MAX_NAME))
    bad = bad_usage + bad_totals + bad_worktrees + bad_keys
    if bad:
        skipped[IMPOSSIBLE] = skipped.get(IMPOSSIBLE, 0) + bad
    found = batch._replace(usage=usage, totals=totals, worktrees=worktrees, retracted=retracted)
    return found._replace(skipped=skipped, duplicates=duplicates)


def whole(number: object) -> int | None:
    """An integer, also one that is written as a fraction (`10.0`), as some programs do. A missing one is 0; `None` for
    anything else, and for one that a fraction cannot hold exactly."""
    if number is None:
        return 0
    if isinstance(number, bool) or not isinstance(number, int | float) or not abs(number) < _EXACT:  # NaN too
        return None
    return int(number) if number == int(number) else None


def unquoted(number: object) -> object:
    """The integer in a text of digits, in formats that have such texts; anything else unchanged."""
    if isinstance(number, str) and number.isascii() and number.isdigit() and len(number) <= _DIGITS:
        return int(number)
    return number


_EXACT = 1 << 53  # from here on a float skips integers
_DIGITS = 15
"""A number with so few digits is below `_EXACT`."""


def count(number: object) -> int:
    """A count of one response; a missing one is 0. Raises `ValueError` for anything else, and for one that is larger
    than any response's."""
    found = whole(number)
    if found is None or not 0 <= found < MAX_TOKENS:
        raise ValueError("not a count")
    return found


def is_path(value: str) -> bool:
    """Whether this can be a folder named by a record."""
    return _holds(lambda path: _are_texts(MAX_PATH, cwd=path), value)


def is_source(value: Source) -> bool:
    """Whether this can be a source."""
    path, size, mtime_ns = value
    sound = type(path) is str and "\0" not in path and len(path) <= MAX_PATH
    return sound and type(size) is type(mtime_ns) is int and 0 <= size < _INT64 and -_INT64 < mtime_ns < _INT64


def _is_cursor(batch: Batch) -> bool:
    cursor, position = batch.cursor, batch.position
    is_place = type(cursor) is bytes and len(cursor) <= MAX_STATE and type(position) is int and 0 <= position < _INT64
    return is_place and type(batch.restarted) is type(batch.more) is bool


def _sifted(records: Iterable[_Record], is_sound: Callable[[_Record], bool]) -> tuple[Sequence[_Record], int]:
    """The valid records, and the number of the others."""
    given = records if isinstance(records, list) else list(records)
    sound = [one for one in given if _holds(is_sound, one)]
    return sound, len(given) - len(sound)


def _holds(is_sound: Callable[[_Record], bool], record: _Record) -> bool:
    try:
        return is_sound(record)
    except (TypeError, ValueError, AttributeError):  # it is not even the right type
        return False


def _is_usage(usage: Usage, assistant: str, known: set[_Words]) -> bool:
    """`known` are names in usage that was checked before: they repeat from one usage to the next."""
    # `type()` throughout, since `isinstance` takes True for a number, and msgpack hands no subclass to another process.
    if type(usage) is not Usage or type(usage.tokens) is not Tokens:
        return False
    (name, key, time_ms, model, tokens, session, cwd, branch, stale, provider, kind, speed, tier) = usage[:13]
    (searches, lower, rank, weak, moves, estimated, request_id, reported_cost, geo, agent, final, factor) = usage[13:]
    read, cache_read, write_5m, write_1h, output, reasoning = tokens
    # Written out instead of looped over: an import does this for every response.
    if not (
        name == assistant
        and kind in KINDS
        and type(read) is type(cache_read) is type(write_5m) is type(write_1h) is type(output) is type(reasoning) is int
        and 0 <= read < MAX_TOKENS
        and 0 <= cache_read < MAX_TOKENS
        and 0 <= write_5m < MAX_TOKENS
        and 0 <= write_1h < MAX_TOKENS
        and 0 <= output < MAX_TOKENS
        and 0 <= reasoning < MAX_TOKENS
        and type(searches) is type(time_ms) is type(rank) is type(factor) is int
        and 0 <= searches < MAX_SEARCHES
        and 0 <= rank <= 2
        and 0 <= factor <= MAX_FACTOR_PERCENT
        and is_possible_time(time_ms)
        and type(stale)
        is type(lower)
        is type(weak)
        is type(moves)
        is type(estimated)
        is type(agent)
        is type(final)
        is bool
        and (reported_cost is None or (type(reported_cost) is int and 0 <= reported_cost < MAX_COST))
        and key
        and _is_text(key, MAX_NAME)
        and _is_text(request_id, MAX_NAME)
    ):
        return False
    words = (model, session, cwd, branch, provider, speed, tier, geo)
    if words not in known:
        names = (model, session, provider, speed, tier, geo)
        if not (_are_texts(MAX_NAME, *names) and _are_texts(MAX_PATH, branch, cwd=cwd)):
            return False
        known.add(words)
    return True


def _is_total(total: SessionTotal) -> bool:
    """A total whose time is unknown has the time 0, and so has everything it does not record."""
    if type(total) is not SessionTotal or type(total.tokens) is not Tokens or type(total.parents) is not tuple:
        return False
    session, model, time_ms, tokens, searches, cwd, branch, parents, *moments = total
    return (
        all(type(count) is int and 0 <= count < MAX_TOKENS * MAX_SESSION for count in tokens)
        and type(searches) is int
        and 0 <= searches < MAX_SEARCHES * MAX_SESSION
        and all(type(moment) is int and (moment == 0 or is_possible_time(moment)) for moment in (time_ms, *moments))
        and len(parents) <= MAX_PARENTS
        and _are_texts(MAX_NAME, session, model, *parents)
        and _are_texts(MAX_PATH, branch, cwd=cwd)
    )


def _is_origin(origin: WorktreeOrigin) -> bool:
    if type(origin) is not WorktreeOrigin:
        return False
    path, branch, origin_path, origin_branch = origin
    return _are_texts(MAX_PATH, branch, origin_branch, cwd=path) and _are_texts(MAX_PATH, cwd=origin_path)


def _are_texts(longest: int, *texts: str, cwd: str = "") -> bool:
    """A path may contain bytes that are no text, as Python represents them (PEP 383); nothing else may."""
    return all(_is_text(text, longest) for text in texts) and _is_text(cwd, longest, "surrogateescape")


def _is_text(text: Any, longest: int, errors: str = "strict") -> bool:
    if type(text) is not str or len(text) > longest or "\0" in text:
        return False
    if not text.isascii():
        text.encode("utf-8", errors)  # a lone surrogate raises an error that is a ValueError
    return True


def _are_counts(counts: Any) -> bool:
    return all(
        _holds(lambda reason: _is_text(reason, MAX_REASON), reason) and type(count) is int and 0 <= count < 1 << 40
        for reason, count in counts.items()
    )
