"""The shapes of rows, and their conversion to values and back."""

from typing import Any, NamedTuple

from tokcost.model.place import BranchPlace
from tokcost.model.usage import Tokens, Usage

FOREVER = 1 << 62
"""Milliseconds: later than any time."""


class Entry(NamedTuple):
    """A usage with everything the ledger records about it: its place and its value at list price."""

    usage: Usage
    repository: int | None
    worktree: int | None
    place: BranchPlace
    list_cost: int | None
    """Nano-dollars; `None` if the model has no known price."""
    price_state: str
    price: str | None
    """Id of the rate cards that priced it."""
    claim: int | None = None
    """Row id of the claim that holds it for ever; `None` while no claim does."""
    claim_version: int | None = None
    """The version of the claim that added it: it is part of this version and every later one."""
    source: int | None = None
    """Row id of the source it was read or derived from; `None` if it was recorded before sources were."""


class SumKey(NamedTuple):
    """The key of a stored sum: one place, series and version of a claim, as row ids."""

    place: int
    series: int
    claim: int | None
    claim_version: int | None


class Stored(NamedTuple):
    """An entry as stored in the ledger."""

    id: int
    entry: Entry
    group: SumKey


# `reported_cost` stays last, because `record.py` leaves it out of most inserts. A change here changes `PLACEHOLDERS`,
# `to_row`, `SELECTED` and `from_row`.
COLUMNS = (
    "key, assistant, series, place, log_place, session, source, time_ms, input, cache_read, cache_write_5m,"
    " cache_write_1h, output, reasoning, web_searches, lower_bound, copy_rank, weak_key, moves_head, estimated,"
    " request_id, list_cost, reported_cost"
)
"""The columns that change when more of a usage is read: all except its claim, which is permanent."""
PLACEHOLDERS = ", ".join("?" * 23)
SELECTED = (
    "SELECT id, key, assistant, time_ms, model, provider, kind, speed, tier, input, cache_read, cache_write_5m,"
    " cache_write_1h, output, reasoning, web_searches, lower_bound, copy_rank, weak_key, moves_head, estimated,"
    " request_id, reported_cost, geo, factor_percent, subagent, session, directory, hint, hint_stale, repository,"
    " worktree, branch, evidence, list_cost, price_state, price, claim, claim_version, source, place_id, series_id"
    " FROM usage_row"
)


class Ids(NamedTuple):
    """Row ids of the values that a usage refers to."""

    assistant: int
    series: int
    place: int
    log_place: int
    session: int
    pending: SumKey
    """The stored sum that it belongs to while no claim holds it."""


def to_row(entry: Entry, ids: Ids) -> tuple[object, ...]:
    """The values of `COLUMNS`. Booleans become 0 and 1 here: for any other type sqlite3 looks for an adapter first."""
    # Slices in the order of `Usage`: reading fields by name takes longer, and an import does this for every response.
    _, key, time_ms, _, tokens = entry.usage[:5]
    searches, lower_bound, copy_rank, weak_key, moves_head, estimated, request_id, reported_cost = entry.usage[13:21]
    assistant, series, place, log_place, session, _ = ids
    return (
        key,
        assistant,
        series,
        place,
        log_place,
        session,
        entry.source,
        time_ms,
        *tokens,
        searches,
        +lower_bound,
        copy_rank,
        +weak_key,
        +moves_head,
        +estimated,
        request_id or None,
        entry.list_cost,
        reported_cost,
    )


def from_row(row: Any) -> Stored:
    """The value of a row of `SELECTED`."""
    number, key, assistant, time_ms, model, provider, kind, speed, tier = row[:9]
    tokens = Tokens._make(row[9:15])
    web, lower, rank, weak, moves, estimated, request, reported, geo, factor, agent = row[15:26]
    session, cwd, hint, stale, repository, worktree, branch, evidence = row[26:34]
    list_cost, price_state, price, claim, version, source, place, series = row[34:]
    usage = Usage(
        assistant,
        key,
        time_ms,
        model,
        tokens,
        session,
        cwd,
        hint or "",
        bool(stale),
        provider or "",
        kind,
        speed or "",
        tier or "",
        web,
        bool(lower),
        rank,
        bool(weak),
        bool(moves),
        bool(estimated),
        request or "",
        reported,
        geo or "",
        bool(agent),
        factor_percent=factor or 0,
    )
    where = BranchPlace(branch, evidence)
    entry = Entry(usage, repository, worktree, where, list_cost, price_state, price, claim, version, source)
    return Stored(number, entry, SumKey(place, series, claim, version))
