"""The shapes of rows, and their way to values and back."""

from typing import Any, NamedTuple

from tokcost.model.place import BranchPlace
from tokcost.model.usage import Tokens, Usage

FOREVER = 1 << 62
"""Milliseconds: later than any time."""


class Entry(NamedTuple):
    """A usage with everything the ledger says of it: where it belongs and what it is worth at list price."""

    usage: Usage
    repository: int | None
    worktree: int | None
    place: BranchPlace
    list_cost: int | None
    """Nano-dollars; `None` when the model has no known price."""
    price_state: str
    price: str | None
    """Id of the rate cards it was priced with."""
    claim: int | None = None
    """Row id of the claim it belongs to for ever; `None` as long as it belongs to none."""
    claim_version: int | None = None
    """The version of the claim it came into: it is part of this version and every later one."""
    source: int | None = None
    """Row id of what it was read or derived from; `None` where it was recorded before that was noted."""


class Group(NamedTuple):
    """The key of a kept sum: one place, series and version of a claim. Row ids."""

    place: int
    series: int
    claim: int | None
    claim_version: int | None


class Stored(NamedTuple):
    """An entry as it stands in the ledger."""

    id: int
    entry: Entry
    group: Group


COLUMNS = (
    "key, assistant, series, place, log_place, session, source, time_ms, input, cache_read, cache_write_5m,"
    " cache_write_1h, output, reasoning, web_searches, lower_bound, copy_rank, weak_key, moves_head, estimated,"
    " request_id, list_cost, reported_cost"
)
"""The columns that change with what is read of a usage: all but its claim, in which it stays."""
PLACEHOLDERS = ", ".join("?" * 23)
SELECTED = (
    "SELECT id, key, assistant, time_ms, model, provider, kind, speed, tier, input, cache_read, cache_write_5m,"
    " cache_write_1h, output, reasoning, web_searches, lower_bound, copy_rank, weak_key, moves_head, estimated,"
    " request_id, reported_cost, geo, factor_percent, subagent, session, directory, hint, hint_stale, repository,"
    " worktree, branch, evidence, list_cost, price_state, price, claim, claim_version, source, place_id, series_id"
    " FROM usage_row"
)


class Ids(NamedTuple):
    """Row ids of what a usage names by number."""

    assistant: int
    series: int
    place: int
    log_place: int
    session: int
    pending: Group
    """The kept sum that it belongs to as long as no claim holds it."""


def to_row(entry: Entry, ids: Ids) -> tuple[object, ...]:
    """The values of `COLUMNS`. Truth becomes 0 and 1 here: for any other type sqlite3 looks for an adapter first."""
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
        provider,
        kind,
        speed,
        tier,
        web,
        bool(lower),
        rank,
        bool(weak),
        bool(moves),
        bool(estimated),
        request or "",
        reported,
        geo,
        bool(agent),
        factor_percent=factor,
    )
    where = BranchPlace(branch, evidence)
    entry = Entry(usage, repository, worktree, where, list_cost, price_state, price, claim, version, source)
    return Stored(number, entry, Group(place, series, claim, version))
