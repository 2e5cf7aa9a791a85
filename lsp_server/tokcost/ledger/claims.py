"""Claims: the usage they hold, their published lines, and the commits that carry them.

Everything that writes runs in the caller's transaction. The worth of a claim is read from the stored sums.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from tokcost.ledger.open import Ledger
from tokcost.ledger.paths import from_stored, to_stored
from tokcost.ledger.rollup import KEY, Rollup
from tokcost.ledger.rows import SumKey
from tokcost.ledger.settings import record_setting, setting
from tokcost.model.claims import Claim, Fate, Worth
from tokcost.model.trailer import Line, format_line, read_message, read_token

STAND_INS = "lost[0-9]*"
"""Names of claims that stand in for unreadable ones (`salvage.py`): no published id has these letters."""
_CLAIM = "SELECT id, name, version, ifnull(fate, ''), carried, ever_carried FROM claim"
_PLACES = "(SELECT id FROM place WHERE repository = ? AND branch = ?)"
Counts = Literal["any", "reported", "estimated"]
"""Usage by the origin of its counts: no provider reported `estimated` ones."""
_OF_COUNTS: dict[Counts, str] = {"any": "", "reported": " AND estimated = 0", "estimated": " AND estimated = 1"}


def has_claims(ledger: Ledger, repository: int) -> bool:
    """Whether anything was ever claimed in a repository."""
    query = "SELECT 1 FROM claim WHERE repository = ? LIMIT 1"
    return ledger.db.execute(query, (repository,)).fetchone() is not None


def unsettled_claims(ledger: Ledger, repository: int, branch: str) -> list[Claim]:
    """Claims of a branch whose newest version no commit carries, oldest first. A claim is on the branch of its
    newest usage."""
    # Thousands may be open for deleted branches: only claims with usage here are checked for their newest usage.
    here = f"SELECT claim FROM rollup WHERE place IN {_PLACES} AND usage > 0"
    where = f"repository = ? AND fate IS NULL AND carried < version AND id IN ({here})"
    open_ones = _claims(ledger, where, (repository, repository, branch))
    return [claim for claim in open_ones if branch_of(ledger, claim.id) == branch]


def branches_with_pending(ledger: Ledger, repository: int) -> list[str]:
    """Branches with usage that no claim holds."""
    query = (
        "SELECT DISTINCT branch FROM place WHERE repository = ? AND branch IS NOT NULL AND EXISTS"
        " (SELECT 1 FROM rollup WHERE rollup.place = place.id AND claim IS NULL AND usage > 0)"
    )
    return [row[0] for row in ledger.db.execute(query, (repository,))]


def branch_of(ledger: Ledger, claim: int) -> str:
    """The branch of a claim's newest usage; empty if it is unplaced."""
    query = "SELECT branch FROM rollup_row WHERE claim = ? AND usage > 0 ORDER BY last_ms DESC LIMIT 1"
    row = ledger.db.execute(query, (claim,)).fetchone()
    return (row[0] or "") if row else ""


def claims_named(ledger: Ledger, repository: int, names: Iterable[str]) -> list[Claim]:
    """The claims of this repository among some published ids."""
    found = (_claims(ledger, "name = ? AND repository = ?", (name, repository)) for name in names)
    return [claim for claims in found for claim in claims]


def claim_and_repository(ledger: Ledger, number: int) -> tuple[Claim, int]:
    """A claim by its row id, and its repository."""
    (claim,) = _claims(ledger, "id = ?", (number,))
    return claim, ledger.db.execute("SELECT repository FROM claim WHERE id = ?", (number,)).fetchone()[0]


def names_among(ledger: Ledger, repository: int, ids: Iterable[str]) -> set[str]:
    """The claims of this repository among very many ids (`trailer.possible_ids`)."""
    # CROSS JOIN keeps the order of the tables (https://sqlite.org/optoverview.html): each id is one look-up by name,
    # and no claims are scanned.
    query = "SELECT name FROM json_each(?) CROSS JOIN claim ON name = value WHERE repository = ?"
    asked = '","'.join(ids)  # letters and digits only, so this is JSON without importing the module
    return {row[0] for row in ledger.db.execute(query, (f'["{asked}"]', repository))}


def names_known(ledger: Ledger, names: Iterable[str]) -> set[str]:
    """The claims of any repository among some ids."""
    return {name for name in names if ledger.db.execute("SELECT 1 FROM claim WHERE name = ?", (name,)).fetchone()}


def bind_pending(ledger: Ledger, repository: int, branch: str, name: str, commit: str) -> None:
    """Bind a branch's unclaimed usage to a commit, on this machine only."""
    if has_pending(ledger, repository, branch):
        # SQLite takes a negative LIMIT for none (https://sqlite.org/lang_select.html).
        claim = claim_pending(ledger, new_claim(ledger, repository, name), repository, branch, -1)
        decide_fate(ledger, claim.id, "bound")
        add_carriers(ledger, repository, [(commit, claim.name, claim.version)])
        settle_carried(ledger, repository)


def withhold_pending(ledger: Ledger, repository: int, branch: str, name: str, counts: Counts = "any") -> Claim | None:
    """Withhold a branch's unclaimed usage; returns the claim, if there was any usage."""
    if not has_pending(ledger, repository, branch, counts):
        return None
    claim = claim_pending(ledger, new_claim(ledger, repository, name), repository, branch, -1, counts)
    decide_fate(ledger, claim.id, "withheld")
    return claim


def withhold_unplaced(ledger: Ledger, repository: int, git_dir: str, name: str) -> Claim | None:
    """Withhold a worktree's unplaced usage, wherever it is placed later; returns the claim, if there was any usage."""
    chosen = (
        "SELECT id FROM usage WHERE claim IS NULL AND place IN (SELECT id FROM place WHERE repository = ?"
        " AND branch IS NULL AND worktree IN (SELECT id FROM worktree WHERE git_dir = ?))"
    )
    parameters = (repository, to_stored(git_dir))
    if ledger.db.execute(f"{chosen} LIMIT 1", parameters).fetchone() is None:
        return None
    claim = new_claim(ledger, repository, name)._replace(version=1)
    _claim(ledger, claim.id, claim.version, chosen, parameters)
    decide_fate(ledger, claim.id, "withheld")
    return claim


def follow_bound(ledger: Ledger, repository: int, pairs: Iterable[tuple[str, str]]) -> None:
    """Bind the claims of rewritten commits to the new commits as well: pairs of old and new commit."""
    ledger.db.executemany(
        # The old commit stays a carrier, since a backup branch may have it; `drop_carriers` ends that when no ref does.
        "INSERT OR IGNORE INTO carrier SELECT claim, carrier.version, ? FROM carrier JOIN claim ON claim.id = claim"
        " WHERE commit_id = ? AND repository = ? AND fate = 'bound'",
        ((new, old, repository) for old, new in pairs),
    )
    settle_carried(ledger, repository)


def new_claim(ledger: Ledger, repository: int, name: str) -> Claim:
    """A claim without usage."""
    row = ledger.db.execute(
        "INSERT INTO claim (name, repository, version) VALUES (?, ?, 0) RETURNING id", (name, repository)
    ).fetchone()
    return Claim(row[0], name, 0)


def has_pending(ledger: Ledger, repository: int, branch: str, counts: Counts = "any") -> bool:
    """Whether a branch has usage that no claim holds."""
    query = f"SELECT 1 FROM usage WHERE {_pending(counts)} LIMIT 1"
    return ledger.db.execute(query, (repository, branch)).fetchone() is not None


def keys_claimed(ledger: Ledger, name: str, version: int) -> list[tuple[str, str]]:
    """The usage added by a version of a claim: pairs of assistant and key."""
    query = (
        "SELECT assistant.name, key FROM usage JOIN assistant ON assistant.id = assistant"
        " WHERE claim = (SELECT id FROM claim WHERE name = ?) AND claim_version = ? ORDER BY time_ms, usage.id"
    )
    return ledger.db.execute(query, (name, version)).fetchall()


def claim_pending(
    ledger: Ledger, claim: Claim, repository: int, branch: str, limit: int, counts: Counts = "any"
) -> Claim:
    """Add a branch's unclaimed usage, oldest first, to a claim's next version; returns the claim's new state."""
    chosen = f"SELECT id FROM usage WHERE {_pending(counts)} ORDER BY time_ms, id LIMIT ?"
    parameters = (repository, branch, limit)
    version = claim.version + 1
    _claim(ledger, claim.id, version, chosen, parameters)
    return claim._replace(version=version)


def worth_of(ledger: Ledger, claim: int) -> Worth:
    """The sum of all usage of a claim."""
    return _worth(ledger, "claim = ?", (claim,))


def worth_pending(ledger: Ledger, repository: int, branch: str, counts: Counts = "any") -> Worth:
    """The sum of the unclaimed usage of a branch."""
    where = (repository, branch)
    # Stored sums do not separate estimates, and few branches have any: only those have their rows added up.
    if counts == "estimated" or (counts == "reported" and has_pending(ledger, *where, "estimated")):
        return _worth(ledger, _pending(counts), where, _ROWS)
    return _worth(ledger, _pending("any"), where)


def holds_estimates(ledger: Ledger, claim: int) -> bool:
    """Whether a claim holds usage with estimated counts."""
    query = "SELECT 1 FROM usage WHERE claim = ? AND estimated = 1 LIMIT 1"
    return ledger.db.execute(query, (claim,)).fetchone() is not None


def unsaid(ledger: Ledger, repository: int, *, without: int, exact: bool) -> Worth:
    """The amount that published lines left out: the sum of all published claims minus the sum of their newest lines,
    without one claim. With `exact`, only claims with exact lines count, because coarse rests have no place in an
    exact line."""
    of = (
        "FROM claim JOIN claim_version AS line ON line.claim = claim.id AND line.version = claim.version"
        " WHERE repository = :repository AND fate IS NULL AND claim.id != :without"
        " AND (NOT :exact OR instr(line.line, '~') = 0)"
    )
    parameters = {"repository": repository, "without": without, "exact": exact}
    own = ledger.db.execute(
        "SELECT ifnull(sum(list_cost), 0), ifnull(sum(rollup.tokens), 0) FROM rollup"
        f" WHERE claim IN (SELECT claim.id {of})",
        parameters,
    ).fetchone()
    # Millions and the remainder are summed separately: a sum above 64 bits is an error in SQLite.
    parts = (f"ifnull(sum({column} {by} 1000000), 0)" for column in ("cost", "tokens") for by in "/%")
    millions, cost, more, tokens = ledger.db.execute(f"SELECT {', '.join(parts)} {of}", parameters).fetchone()
    return Worth(own[0] - millions * 10**6 - cost, own[1] - more * 10**6 - tokens, 0, ())


def record_line(ledger: Ledger, claim: int, line: Line, *, again: bool = False) -> None:
    """Record the line of a version. A version is published once: another line for it is an error, unless it may be
    known already (`again`)."""
    ledger.db.execute(
        f"INSERT {'OR IGNORE ' if again else ''}INTO claim_version VALUES (?, ?, ?, ?, ?)",
        (claim, line.version, line.cost, line.tokens, format_line(line)),
    )


def settle_rests(ledger: Ledger, claims: Sequence[int]) -> None:
    """Set the rests of some claims to zero: part of their usage is lost, so their rests are unknown."""
    for claim in claims:
        worth = worth_of(ledger, claim)
        said = (worth.list_cost, worth.tokens, claim)
        ledger.db.execute("UPDATE claim_version SET cost = ?, tokens = ? WHERE claim = ?", said)


def line_of(ledger: Ledger, claim: int, version: int) -> Line | None:
    """The line of a version; `None` if it was never written (the claim is bound here)."""
    query = "SELECT line FROM claim_version WHERE claim = ? AND version = ?"
    return _said(ledger.db.execute(query, (claim, version)).fetchone())


def lines_named(ledger: Ledger, repository: int, tokens: Iterable[str]) -> list[Line]:
    """The lines of this repository among some ids with versions (`Line.token`)."""
    found: list[Line] = []
    for name, version in map(read_token, tokens):
        said = [line_of(ledger, claim.id, version) for claim in claims_named(ledger, repository, [name])]
        found += [line for line in said if line is not None]
    return found


def newest_line(ledger: Ledger, claim: int) -> Line | None:
    """The line that was written last for a claim. Its newest version may be known only from somebody's message."""
    query = "SELECT line FROM claim_version WHERE claim = ? ORDER BY version DESC LIMIT 1"
    return _said(ledger.db.execute(query, (claim,)).fetchone())


def _said(row: tuple[str] | None) -> Line | None:
    return next(iter(read_message(row[0]).lines), None) if row else None


def decide_fate(ledger: Ledger, claim: int, fate: Fate) -> None:
    """Set the fate of a claim."""
    ledger.db.execute("UPDATE claim SET fate = ? WHERE id = ?", (fate or None, claim))


def add_carriers(ledger: Ledger, repository: int, found: Iterable[tuple[str, str, int]]) -> None:
    """Record commits that carry claims: commit id, published id, version. Claims that are not of this repository are
    ignored."""
    for commit, name, version in found:
        ledger.db.execute(
            "INSERT OR IGNORE INTO carrier SELECT id, ?, ? FROM claim WHERE name = ? AND repository = ?",
            (version, commit, name, repository),
        )


def drop_carriers(ledger: Ledger, repository: int, commits: Iterable[str]) -> None:
    """Forget the claims of some commits, because no ref reaches these any more."""
    ledger.db.executemany(
        "DELETE FROM carrier WHERE commit_id = ? AND claim IN (SELECT id FROM claim WHERE repository = ?)",
        ((commit, repository) for commit in commits),
    )


def carrying_commits(ledger: Ledger, repository: int) -> dict[str, list[Claim]]:
    """Every commit known to carry claims of this repository, with the claims; a claim's `version` is the one
    carried."""
    rows = ledger.db.execute(
        "SELECT commit_id, claim.id, name, carrier.version, ifnull(fate, ''), carried, ever_carried FROM carrier"
        " JOIN claim ON claim.id = carrier.claim WHERE repository = ? ORDER BY claim.id",
        (repository,),
    )
    found: dict[str, list[Claim]] = {}
    for commit, *claim in rows:
        found.setdefault(commit, []).append(Claim(*claim))
    return found


def settle_carried(ledger: Ledger, repository: int) -> None:
    """Update the carried versions of claims. A version that was never published from this ledger (the ledger is
    older than the message) counts as published, so that it is not used again."""
    newest = "ifnull((SELECT max(version) FROM carrier WHERE carrier.claim = claim.id), 0)"
    ledger.db.execute(
        f"UPDATE claim SET carried = {newest}, ever_carried = max(ever_carried, {newest}),"
        f" version = max(version, {newest})"
        f" WHERE repository = ? AND carried != {newest}",
        (repository,),
    )


def release_unbound(ledger: Ledger, repository: int, fate: Fate) -> None:
    """Give bound claims whose commit is gone another fate; without one, their usage is pending again."""
    gone = _claims(ledger, "repository = ? AND fate = 'bound' AND carried = 0", (repository,))
    if fate:
        for claim in gone:
            decide_fate(ledger, claim.id, fate)
        return
    rollup = Rollup()
    for claim in gone:
        # Before the claim is deleted, because its stored sums go with it, and no usage may refer to it then.
        groups = [SumKey(*row) for row in ledger.db.execute(f"SELECT {KEY} FROM rollup WHERE claim = ?", (claim.id,))]
        ledger.db.execute("UPDATE usage SET claim = NULL, claim_version = NULL WHERE claim = ?", (claim.id,))
        rollup.move(group._replace(claim=None, claim_version=None) for group in groups)
        ledger.db.execute("DELETE FROM claim WHERE id = ?", (claim.id,))  # with its versions, carriers and sums
    rollup.apply(ledger)


def known_tips(ledger: Ledger, repository: int, *, only_local: bool = False) -> dict[str, str]:
    """Every ref, and the commit it named at the last refresh; with `only_local`, only branches and detached HEADs."""
    query, spans = "SELECT ref, commit_id FROM tip WHERE repository = ?", ("",)
    if only_local:
        # Ranges of the primary key (`0` follows `/`), so that 300,000 remote refs are not read; LIKE would not use the
        # key. The ref of a detached HEAD is a path, which lies before or behind `refs/`.
        spans = ("ref < 'refs/'", "ref >= 'refs/heads/' AND ref < 'refs/heads0'", "ref >= 'refs0'")
        query = " UNION ALL ".join(f"{query} AND {span}" for span in spans)
    rows = ledger.db.execute(query, (repository,) * len(spans))
    return {from_stored(ref): commit for ref, commit in rows}


def forget_tips(ledger: Ledger, repository: int) -> None:
    """Have the next refresh walk the complete history."""
    _forget_states(ledger, repository)
    ledger.db.execute("DELETE FROM tip WHERE repository = ?", (repository,))


def record_tips(ledger: Ledger, repository: int, before: Mapping[str, str], tips: Mapping[str, str]) -> None:
    """Record the present refs; `before` is the result of `known_tips`."""
    _forget_states(ledger, repository)
    gone = [(repository, to_stored(ref)) for ref in before if ref not in tips]
    new = [(repository, to_stored(ref), commit) for ref, commit in tips.items() if before.get(ref) != commit]
    ledger.db.executemany("DELETE FROM tip WHERE repository = ? AND ref = ?", gone)
    ledger.db.executemany("INSERT OR REPLACE INTO tip VALUES (?, ?, ?)", new)


_STATE = "state of refs {} {}"
"""The setting that records the state (`refs_state`) in which the refs were as the ledger knows them."""


def known_state(ledger: Ledger, repository: int, *, only_local: bool) -> str:
    """The state in which the refs of a repository were as in `known_tips`; empty if unknown."""
    return setting(ledger, _STATE.format(repository, +only_local)) or ""


def record_state(ledger: Ledger, repository: int, state: str, *, only_local: bool) -> None:
    """Record that state; it is forgotten when other refs are recorded."""
    record_setting(ledger, _STATE.format(repository, +only_local), state)


def _forget_states(ledger: Ledger, repository: int) -> None:
    names = [(_STATE.format(repository, number),) for number in (0, 1)]
    ledger.db.executemany("DELETE FROM setting WHERE name = ?", names)


def _claim(ledger: Ledger, claim: int, version: int, chosen: str, parameters: Sequence[object]) -> None:
    """Put the usage selected by a query into a version of a claim."""
    # Before the update: `chosen` selects usage that no claim holds, and selects nothing afterwards.
    query = f"SELECT DISTINCT {KEY} FROM usage WHERE id IN ({chosen})"
    before = [SumKey(*row) for row in ledger.db.execute(query, parameters)]
    ledger.db.execute(
        f"UPDATE usage SET claim = ?, claim_version = ? WHERE id IN ({chosen})", (claim, version, *parameters)
    )
    rollup = Rollup()
    rollup.move(before)
    rollup.move(group._replace(claim=claim, claim_version=version) for group in before)
    rollup.apply(ledger)
    ledger.db.execute("UPDATE claim SET version = ? WHERE id = ?", (version, claim))


def _pending(counts: Counts) -> str:
    """The condition for usage of a branch that no claim holds."""
    return f"place IN {_PLACES} AND claim IS NULL{_OF_COUNTS[counts]}"


def _claims(ledger: Ledger, where: str, parameters: Sequence[object]) -> list[Claim]:
    return [Claim(*row) for row in ledger.db.execute(f"{_CLAIM} WHERE {where} ORDER BY id", tuple(parameters))]


_SUMS = (
    "sum(list_cost), sum(unpriced_tokens), sum(lower_bound), sum(iif(kind = 'partial', usage, 0))",
    "rollup JOIN series ON series.id = series WHERE usage > 0 AND",
)
_ROWS = (
    "ifnull(sum(list_cost), 0), sum(iif(list_cost IS NULL, tokens, 0)), sum(lower_bound), sum(kind = 'partial')",
    "usage JOIN series ON series.id = series WHERE",
)
"""The sources of a sum: the stored sums, or rows of usage if only part of a stored sum is meant."""


def _worth(ledger: Ledger, where: str, parameters: Sequence[object], source: tuple[str, str] = _SUMS) -> Worth:
    amounts, rows_of = source
    rows = ledger.db.execute(
        f"SELECT model, {amounts}, sum(input), sum(cache_read), sum(cache_write_5m),"
        f" sum(cache_write_1h), sum(output), sum(reasoning) FROM {rows_of}"
        f" {where} GROUP BY model ORDER BY 2 DESC, sum(tokens) DESC, model",
        tuple(parameters),
    ).fetchall()
    if not rows:
        return Worth(0, 0, 0, ())
    models, costs, unpriced, lower_bounds, broken_off, *classes = zip(*rows, strict=True)
    sums = [sum(column) for column in classes]
    # Five of six: reasoning, the last, is a part of output.
    found = Worth(sum(costs), sum(sums[:5]), sum(unpriced), models, (sums[0], *sums[1:]))  # type: ignore[arg-type]
    return found._replace(lower_bound=sum(lower_bounds), broken_off=sum(broken_off))
