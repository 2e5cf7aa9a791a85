"""The shapes of rows, and their way to values and back."""

from typing import Any, NamedTuple

from tokcost.model.place import BranchPlace
from tokcost.model.usage import Tokens, Usage


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
    claim: int = 0
    """Row id of the claim it belongs to for ever; 0 as long as it belongs to none."""
    claim_version: int = 0
    """The version of the claim it came into: it is part of this version and every later one."""


class Stored(NamedTuple):
    """An entry as it stands in the ledger."""

    id: int
    entry: Entry


COLUMNS = (
    "key, assistant, time_ms, model, provider, kind, speed, tier, input, cache_read, cache_write_5m, cache_write_1h,"
    " output, reasoning, web_searches, lower_bound, copy_rank, weak_key, session, directory, hint, hint_stale,"
    " repository, worktree, branch, evidence, list_cost, price_state, price"
)
PLACEHOLDERS = ", ".join("?" * 29)
JOINED = (
    "SELECT usage.id, key, usage.assistant, time_ms, model, provider, kind, speed, tier, input, cache_read,"
    " cache_write_5m, cache_write_1h, output, reasoning, web_searches, lower_bound, copy_rank, weak_key, session.name,"
    " directory.path, hint, hint_stale, repository, usage.worktree, branch, evidence, list_cost, price_state, price,"
    " claim, claim_version FROM usage JOIN session ON session.id = usage.session"
    " JOIN directory ON directory.id = usage.directory"
)


def to_row(entry: Entry, session: int, directory: int) -> tuple[object, ...]:
    """The values of `COLUMNS`: everything but the claim, which only claiming sets. Truth becomes 0 and 1 here: for any
    other type sqlite3 looks for an adapter first."""
    usage, repository, worktree, (branch, evidence), list_cost, price_state, price = entry[:7]
    (assistant, key, time_ms, model, tokens, _, _, hint, hint_stale, *how, web, lower_bound, rank, weak_key) = usage
    provider, kind, speed, tier = how
    return (
        key,
        assistant,
        time_ms,
        model,
        provider,
        kind,
        speed,
        tier,
        *tokens,
        web,
        +lower_bound,
        rank,
        +weak_key,
        session,
        directory,
        hint,
        +hint_stale,
        repository,
        worktree,
        branch,
        evidence,
        list_cost,
        price_state,
        price,
    )


def from_row(row: Any) -> Stored:
    """The value of a row of `JOINED`."""
    number, key, assistant, time_ms, model, provider, kind, speed, tier = row[:9]
    tokens = Tokens._make(row[9:15])
    web, lower, rank, weak, session, cwd, hint, stale = row[15:23]
    repository, worktree, branch, evidence, *rest = row[23:]
    usage = Usage(
        assistant,
        key,
        time_ms,
        model,
        tokens,
        session,
        cwd,
        hint,
        bool(stale),
        provider,
        kind,
        speed,
        tier,
        web,
        bool(lower),
        rank,
        bool(weak),
    )
    return Stored(number, Entry(usage, repository, worktree, BranchPlace(branch, evidence), *rest))
