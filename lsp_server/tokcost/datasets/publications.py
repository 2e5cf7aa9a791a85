"""Claims that several jobs put into cells without seeing each other, and the cells that are valid.

A row in a cell records by how much the claim enlarges the cell. Each publication of a claim thus covers a range of its
amounts: from the amount published before to that of its version. If two ranges of one claim overlap, both cells count
the same usage. One of the two cells is removed completely, never the claim alone: the difference between the cell with
it and without it would be that claim.
"""

from typing import TYPE_CHECKING, NamedTuple

from tokcost.datasets.columns import CLAIMS

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_COLUMNS = ", ".join(f'"{one.name}"' for one in CLAIMS)
_SEVERAL = """
CREATE TEMP TABLE IF NOT EXISTS several AS SELECT id FROM claims GROUP BY id HAVING SUM(counted) > 1
"""
"""There are few such claims. Expensive queries are restricted to them, so that they need little memory however many
claims there are."""
_TWICE = """
CREATE TEMP TABLE IF NOT EXISTS twice AS
SELECT id FROM (
  SELECT id, SUM(tokens) AS tokens, SUM(list_cost) AS list_cost, SUM(cell_tokens) AS more_tokens,
         SUM(cell_list_cost) AS more_cost, SUM(cell_counted) AS counted
  FROM claims_by_file SEMI JOIN several USING (id) WHERE cell_area IS NOT NULL GROUP BY id, hash(file, rank))
GROUP BY id
HAVING SUM(counted) > 1 OR SUM(more_tokens) > MAX(tokens) OR SUM(more_cost) > COALESCE(MAX(list_cost), 0)
"""
_PLACED = """
CREATE TEMP TABLE placed AS
WITH part AS (SELECT * FROM claims_by_file SEMI JOIN twice USING (id) WHERE cell_area IS NOT NULL),
publication AS (
  SELECT id, file, rank, SUM(tokens) AS tokens, SUM(tokens) - SUM(cell_tokens) AS tokens_before,
         COALESCE(SUM(list_cost), 0) AS cost, COALESCE(SUM(list_cost), 0) - SUM(cell_list_cost) AS cost_before,
         string_agg(area || ' ' || tokens, ', ' ORDER BY area, tokens) AS split
  FROM part GROUP BY id, file, rank),
touched AS (SELECT DISTINCT file, month, cell_area, cell_model FROM part),
cell AS (
  SELECT file, month, cell_area, cell_model,
    row_number() OVER (ORDER BY SUM(cell_counted) DESC, SUM(cell_tokens) DESC, file, month, cell_area, cell_model)
    AS number
  FROM claims_by_file SEMI JOIN touched USING (file, month, cell_area, cell_model)
  GROUP BY file, month, cell_area, cell_model)
SELECT part.*, number, publication.tokens AS to_tokens, tokens_before, cost AS to_cost, cost_before, split
FROM part JOIN cell USING (file, month, cell_area, cell_model) JOIN publication USING (id, file, rank)
"""
_PAIRS = """
SELECT DISTINCT first.number, second.number FROM placed AS first JOIN placed AS second ON first.id = second.id
WHERE first.number < second.number AND (first.file, first.rank) <> (second.file, second.rank)
  AND (first.area = second.area OR first.split <> second.split)
  AND (first.cell_counted > 0 AND second.cell_counted > 0
    OR first.cell_tokens > 0 AND second.cell_tokens > 0
      AND first.tokens_before < second.to_tokens AND second.tokens_before < first.to_tokens
    OR first.cell_list_cost > 0 AND second.cell_list_cost > 0
      AND first.cost_before < second.to_cost AND second.cost_before < first.to_cost)
ORDER BY second.number, first.number
"""
"""Each second cell is later in the order of size. Parts of a claim that was split in the same way overlap only
within one area."""
_GONE = """
CREATE TEMP TABLE gone AS
SELECT DISTINCT file, month, cell_area, cell_model FROM placed WHERE number IN (SELECT unnest($numbers))
"""
_DROPPED = """
CREATE TEMP TABLE dropped AS
WITH out AS (SELECT id, rank, area, file FROM placed WHERE number IN (SELECT unnest($numbers))),
left_in AS (SELECT id, rank, area FROM placed WHERE number NOT IN (SELECT unnest($numbers)))
SELECT DISTINCT file, id, rank, area FROM out
WHERE id IN (SELECT id FROM left_in)
  AND ((id, rank, area) IN (SELECT (id, rank, area) FROM left_in)
    OR (id, rank) NOT IN (SELECT (id, rank) FROM left_in))
"""
"""Rows of claims that are in a removed cell: a later run publishes what is missing there. Another row of a removed
cell stays, without amounts: its claim was shown once and must not be shown in another cell."""
_MISSING = """
SELECT COUNT(*) FROM (
  SELECT DISTINCT id FROM claims_by_file SEMI JOIN gone USING (file, month, cell_area, cell_model)
  WHERE cell_counted > 0)
ANTI JOIN (SELECT id FROM placed WHERE cell_counted > 0 AND number NOT IN (SELECT unnest($numbers))) USING (id)
"""
_VALID = f"""
CREATE TEMP VIEW valid_claims AS
SELECT {_COLUMNS} FROM (
  SELECT claims.* REPLACE (
    CASE WHEN gone.file IS NULL THEN cell_list_cost ELSE 0 END AS cell_list_cost,
    CASE WHEN gone.file IS NULL THEN cell_tokens ELSE 0 END AS cell_tokens,
    CASE WHEN gone.file IS NULL THEN cell_counted ELSE 0 END AS cell_counted)
  FROM claims_by_file AS claims LEFT JOIN gone USING (file, month, cell_area, cell_model))
ANTI JOIN dropped USING (file, id, rank, area)
"""
_AS_THEY_ARE = f"CREATE TEMP VIEW valid_claims AS SELECT {_COLUMNS} FROM claims"
NEWEST = "SELECT * FROM claims SEMI JOIN several USING (id) QUALIFY rank = MAX(rank) OVER (PARTITION BY id)"
"""The valid rows of the claims in `several`. Ranks are hexadecimal digits, which every collation sorts alike."""
VALID_CELLS = """
SELECT month, cell_area AS area, cell_model AS model, SUM(cell_list_cost)::BIGINT AS list_cost,
       SUM(cell_tokens)::BIGINT AS tokens, SUM(cell_counted)::BIGINT AS claims,
       BOOL_OR(unpriced) AS unpriced, BOOL_AND(exact) AS exact
FROM valid_claims WHERE cell_area IS NOT NULL
GROUP BY month, cell_area, cell_model
HAVING SUM(cell_tokens) > 0 OR SUM(cell_counted) > 0
ORDER BY month, area, model
"""
"""The cells of `valid_claims`."""


class RemovedCells(NamedTuple):
    """The part of a dataset that is removed so that nothing counts twice."""

    claims: int
    """Claims that two jobs put into cells."""
    cells: int
    """Cells that are removed for them."""
    missing: int
    """Claims that were only in these cells, and are in none now."""


def find_several(connection: "DuckDBPyConnection") -> None:
    """Create the table `several`: the claims with more than one version, or with a copy in another file."""
    connection.execute(_SEVERAL)


def count_published_twice(connection: "DuckDBPyConnection") -> int:
    """The number of claims that two cells count."""
    find_several(connection)
    connection.execute(_TWICE)
    [[found]] = connection.execute("SELECT COUNT(*) FROM twice").fetchall()
    return found


def remove_overlaps(connection: "DuckDBPyConnection") -> RemovedCells:
    """Create the view `valid_claims`: the claims, without amounts in removed cells. Of two cells that count the same
    usage, the smaller one is removed."""
    twice = count_published_twice(connection)
    if not twice:
        # The usual case needs no join with all claims.
        connection.execute(_AS_THEY_ARE)
        return RemovedCells(0, 0, 0)
    connection.execute(_PLACED)
    gone: set[int] = set()
    for first, second in connection.execute(_PAIRS).fetchall():
        # Pairs come in the order of size, so the fate of the larger cell is decided by now: a cell is removed only for
        # one that stays.
        if first not in gone:
            gone.add(second)
    for statement in (_GONE, _DROPPED):
        connection.execute(statement, {"numbers": sorted(gone)})
    connection.execute(_VALID)
    [[missing]] = connection.execute(_MISSING, {"numbers": sorted(gone)}).fetchall()
    return RemovedCells(twice, len(gone), missing)
