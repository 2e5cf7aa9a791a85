"""Queries of the ledger. Nothing here writes."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

from tokcost.ledger.damage import wrong_with
from tokcost.ledger.open import Ledger
from tokcost.ledger.rows import FOREVER
from tokcost.model.figures import NO_ESTIMATES, Estimates, Figures
from tokcost.model.periods import Offset
from tokcost.model.usage import Tokens


class Sum(NamedTuple):
    """A sum over usage with the same branch, assistant, model, evidence, kind and state. Amounts are nano-dollars."""

    repository: int
    branch: str
    assistant: str
    model: str
    evidence: str
    kind: str
    state: str
    """The state of its claim: `carried`, `withheld`, `bound`, or empty while it is pending or unplaced."""
    usage: int
    tokens: Tokens
    list_cost: int
    unpriced_tokens: int
    lower_bound: int
    estimated: int
    """The part with an estimated price, with its tokens and list cost."""
    estimated_tokens: int
    estimated_list_cost: int
    first_ms: int
    last_ms: int
    part: str = ""
    """Calendar day or session, if the query grouped by one of them."""
    estimates: Estimates = NO_ESTIMATES
    """The part with estimated counts."""

    @property
    def figures(self) -> Figures:
        """The sum as figures. Usage on a branch is pending until a commit carries it or its owner withholds it."""
        tokens, cost = self.tokens.total, self.list_cost
        pending = not self.state and self.branch != ""
        partial, unlogged = self.kind == "partial", self.kind == "unlogged"
        return Figures(
            usage=self.usage,
            tokens=self.tokens,
            list_cost=cost,
            unpriced_tokens=self.unpriced_tokens,
            pending_tokens=tokens * pending,
            pending_list_cost=cost * pending,
            partial=self.usage * partial,
            partial_tokens=tokens * partial,
            partial_list_cost=cost * partial,
            unlogged=self.usage * unlogged,
            unlogged_tokens=tokens * unlogged,
            unlogged_list_cost=cost * unlogged,
            estimated=self.estimated,
            estimated_tokens=self.estimated_tokens,
            estimated_list_cost=self.estimated_list_cost,
            lower_bound=self.lower_bound,
            first_ms=self.first_ms,
            last_ms=self.last_ms,
            estimates=self.estimates,
        )


# A version above the carried one is pending again: its commit was never made, or no ref has it any more.
STATE = """CASE WHEN spent.claim_version <= claim.carried
  THEN iif(claim.fate = 'bound', 'bound', 'carried') ELSE iif(claim.fate = 'withheld', 'withheld', '') END"""
"""The state of the claim of `spent`, where `claim` is joined to it: `Sum.state`."""
_ESTIMATED = "spent.series IN (SELECT id FROM series WHERE price_state = 'estimated')"
_STORED = f"""
SELECT ifnull(spent.repository, 0), ifnull(branch, ''), assistant, model, evidence, kind, {STATE}, sum(usage),
  sum(input), sum(cache_read), sum(cache_write_5m), sum(cache_write_1h), sum(output), sum(reasoning), sum(list_cost),
  sum(unpriced_tokens), sum(lower_bound), sum(iif({_ESTIMATED}, usage, 0)), sum(iif({_ESTIMATED}, tokens, 0)),
  sum(iif({_ESTIMATED}, list_cost, 0)), min(first_ms), max(last_ms)
FROM rollup_row AS spent LEFT JOIN claim ON claim.id = spent.claim
WHERE usage > 0 AND spent.place IN {{places}} GROUP BY 2, 3, 4, 5, 6, 7
"""
_PLACES = "(SELECT id FROM place WHERE ifnull(repository, 0) = ?)"
_DETAIL = """
SELECT ifnull(spent.repository, 0), ifnull(branch, ''), assistant, model, evidence, kind, {state}, count(*),
  sum(input), sum(cache_read), sum(cache_write_5m), sum(cache_write_1h), sum(output), sum(reasoning),
  ifnull(sum(list_cost), 0),
  sum(iif(list_cost IS NULL, tokens, 0)), sum(lower_bound), sum(price_state = 'estimated'),
  sum(iif(price_state = 'estimated', tokens, 0)), ifnull(sum(iif(price_state = 'estimated', list_cost, 0)), 0),
  min(time_ms), max(time_ms), {part}
FROM usage_row AS spent LEFT JOIN claim ON claim.id = spent.claim
WHERE place_id IN (SELECT id FROM place WHERE ifnull(repository, 0) = ? {branch}) AND time_ms >= ? AND time_ms < ?
GROUP BY 1, 2, 3, 4, 5, 6, 7, 23
"""
# The index is named because SQLite cannot know that it has few rows, usually none.
_COUNTS_ESTIMATED = "SELECT {what} FROM usage INDEXED BY usage_estimated WHERE estimated = 1 AND place IN {places}"
_OPEN = "spent.claim IS NULL AND branch IS NOT NULL"
_ESTIMATES = f"""
SELECT ifnull(branch, ''), assistant, model, evidence, kind, {STATE}, {{part}}, count(*), sum(tokens),
  ifnull(sum(list_cost), 0), sum(iif(list_cost IS NULL, tokens, 0)), sum(iif({_OPEN}, tokens, 0)),
  ifnull(sum(iif({_OPEN}, list_cost, 0)), 0), sum(iif({_OPEN} AND list_cost IS NULL, tokens, 0))
FROM usage_row AS spent LEFT JOIN claim ON claim.id = spent.claim
WHERE spent.id IN ({_COUNTS_ESTIMATED.format(what="id", places="{places}")} AND time_ms >= ? AND time_ms < ?)
GROUP BY 1, 2, 3, 4, 5, 6, 7
"""
_BROKEN_OFF = "series IN (SELECT id FROM series WHERE kind = 'partial')"
_LOCAL_DAY = "strftime('%Y-%m-%d', time_ms / 1000, 'unixepoch', 'localtime')"
_DAY = "strftime('%Y-%m-%d', (time_ms + CASE {offsets} END) / 1000, 'unixepoch')"


def sums(ledger: Ledger, repository: int) -> list[Sum]:
    """All usage of a repository (0: outside repositories), from the stored sums."""
    found = list(_sums(ledger.db.execute(_STORED.format(places=_PLACES), (repository,))))
    return _with_estimates(ledger, repository, found, Question(), "''")


class Question(NamedTuple):
    """The usage to add up, and the grouping besides branch, assistant and model."""

    since_ms: int = 0
    until_ms: int = FOREVER
    """Excluded."""
    branch: str | None = None
    by: Literal["day", "session", ""] = ""
    offsets: Sequence[Offset] = ()
    """Of the time zone of days; empty for this machine's own."""


def sums_between(ledger: Ledger, repository: int, asked: Question) -> list[Sum]:
    """Usage of a repository in a span of time, added up from the rows."""
    wanted = "" if asked.branch is None else "AND ifnull(branch, '') = ?"
    part = {"day": _day(asked.offsets), "session": "session", "": "''"}[asked.by]
    names = () if asked.branch is None else (asked.branch,)
    query = _DETAIL.format(state=STATE, part=part, branch=wanted)
    found = list(_sums(ledger.db.execute(query, (repository, *names, asked.since_ms, asked.until_ms))))
    return _with_estimates(ledger, repository, found, asked, part)


def _with_estimates(ledger: Ledger, repository: int, found: list[Sum], asked: Question, part: str) -> list[Sum]:
    """The sums, each with its estimated part."""
    if not has_estimates(ledger, repository):
        return found
    query = _ESTIMATES.format(part=part, places=_PLACES)
    rows = ledger.db.execute(query, (repository, asked.since_ms, asked.until_ms))
    estimated = {row[:7]: Estimates._make(row[7:]) for row in rows}
    return [one._replace(estimates=estimated.get((*one[1:7], one.part), NO_ESTIMATES)) for one in found]


def has_estimates(ledger: Ledger, repository: int) -> bool:
    """Whether a repository (0: outside repositories) has usage with estimated counts."""
    query = f"{_COUNTS_ESTIMATED.format(what=1, places=_PLACES)} LIMIT 1"
    return ledger.db.execute(query, (repository,)).fetchone() is not None


def claims_with_estimates(ledger: Ledger, repository: int) -> set[str]:
    """The published ids of claims that hold usage with estimated counts."""
    query = f"SELECT name FROM claim WHERE id IN ({_COUNTS_ESTIMATED.format(what='claim', places=_PLACES)})"
    return {row[0] for row in ledger.db.execute(query, (repository,))}


def estimated_since(ledger: Ledger, repository: int, since_ms: int) -> Estimates:
    """The usage of a repository from a moment on with estimated counts; its pending part is not determined."""
    sums = (
        "count(*), ifnull(sum(tokens), 0), ifnull(sum(list_cost), 0), ifnull(sum(iif(list_cost IS NULL, tokens, 0)), 0)"
    )
    query = f"{_COUNTS_ESTIMATED.format(what=sums, places=_PLACES)} AND time_ms >= ?"
    return Estimates(*ledger.db.execute(query, (repository, since_ms)).fetchone())


def estimated_by_assistant(ledger: Ledger) -> list[tuple[str, int, int]]:
    """The number of responses with estimated counts, inside and outside repositories, by assistant and by the
    applied factor in percent (0: the counts are the assistant's own)."""
    every = _COUNTS_ESTIMATED.format(what="series, count(*) AS usage", places="(SELECT id FROM place)")
    query = (
        f"SELECT name, ifnull(factor_percent, 0), sum(usage) FROM ({every} GROUP BY series)"
        " JOIN series ON series.id = series JOIN assistant ON assistant.id = assistant"
        " GROUP BY name, factor_percent ORDER BY name, factor_percent"
    )
    return ledger.db.execute(query).fetchall()


def _day(offsets: Sequence[Offset]) -> str:
    if not offsets:
        return _LOCAL_DAY
    # SQLite knows UTC and the zone of this machine; with the offsets of another zone in the query it can still group by
    # day, also where clocks change.
    *earlier, last = offsets
    cases = [f"WHEN time_ms < {one.until_ms} THEN {one.offset_ms}" for one in earlier]
    return _DAY.format(offsets=" ".join([*cases, f"WHEN 1 THEN {last.offset_ms}"]))


def session_names(ledger: Ledger) -> list[str]:
    """All known sessions, each id once."""
    return [row[0] for row in ledger.db.execute("SELECT DISTINCT name FROM session")]


def session_count(ledger: Ledger, repository: int, branch: str) -> int:
    """The number of sessions with usage on a branch."""
    query = (
        "SELECT count(DISTINCT session) FROM usage WHERE place IN"
        " (SELECT id FROM place WHERE ifnull(repository, 0) = ? AND ifnull(branch, '') = ?)"
    )
    return ledger.db.execute(query, (repository, branch)).fetchone()[0]


class Spent(NamedTuple):
    """A sum over a span of time."""

    list_cost: int = 0
    """Nano-dollars."""
    unpriced_tokens: int = 0
    lower_bound: int = 0
    """Responses whose output is only a lower bound."""
    broken_off: int = 0
    """Responses whose stream broke."""


def spent_since(ledger: Ledger, repository: int, since_ms: int) -> Spent:
    """The usage of a repository from a moment on."""
    query = (
        "SELECT ifnull(sum(list_cost), 0), ifnull(sum(iif(list_cost IS NULL, tokens, 0)), 0),"
        f" ifnull(sum(lower_bound), 0), ifnull(sum({_BROKEN_OFF}), 0) FROM usage"
        f" WHERE place IN {_PLACES} AND time_ms >= ?"
    )
    return Spent._make(ledger.db.execute(query, (repository, since_ms)).fetchone())


def doubts_of_claims(ledger: Ledger, repository: int) -> dict[str, tuple[int, int]]:
    """The published ids of claims with responses whose output is only a lower bound, or whose stream broke, with the
    number of each."""
    query = (
        f"SELECT name, sum(lower_bound), sum(iif({_BROKEN_OFF}, usage, 0)) FROM rollup JOIN claim ON claim.id = claim"
        f" WHERE repository = ? AND usage > 0 AND (lower_bound > 0 OR {_BROKEN_OFF}) GROUP BY 1"
    )
    return {name: (lower, broken) for name, lower, broken in ledger.db.execute(query, (repository,))}


def file_problem(ledger: Ledger) -> str:
    """The first problem of the file; empty if there is none. All of it is read."""
    return wrong_with(ledger.db)


def evidence_counts(ledger: Ledger) -> dict[str, int]:
    """The number of responses by evidence, inside and outside repositories."""
    return dict(ledger.db.execute("SELECT evidence, sum(usage) FROM rollup_row WHERE usage > 0 GROUP BY 1").fetchall())


def copies(ledger: Ledger) -> int:
    """The number of times that a session's files repeat usage of another session."""
    query = (
        "SELECT count(*) FROM session_copy JOIN usage ON usage.id = usage WHERE usage.session != session_copy.session"
    )
    return ledger.db.execute(query).fetchone()[0]


def span(ledger: Ledger) -> tuple[int, int, int]:
    """Number of responses, and the first and last time of all usage in milliseconds UTC (0 if there is none)."""
    query = (
        "SELECT ifnull(sum(usage), 0), ifnull(min(first_ms), 0), ifnull(max(last_ms), 0) FROM rollup WHERE usage > 0"
    )
    return ledger.db.execute(query).fetchone()


def _sums(rows: Iterable[Any]) -> Iterator[Sum]:
    for row in rows:
        part = row[22] if len(row) > 22 else ""
        yield Sum._make((*row[:8], Tokens._make(row[8:14]), *row[14:22], part, NO_ESTIMATES))
