"""Claims of many repositories as the rows of a dataset: each claim once, and the cell that each part of it is shown in.

Authors come in, are counted in memory, and do not come out, as in `groups.py`. A row is a fact about one claim: whoever
may read the repositories can join it to its author by the claim's id, so rows are for the same readers; cells are for
everyone.
"""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import NamedTuple

from tokcost.history.privacy.groups import Author, Facts, count_heads, pieces_of, shown_labels
from tokcost.history.privacy.safe_cells import Place, Share, known_name, safe_cells
from tokcost.history.privacy.suppression import Labels, Piece
from tokcost.model.changes import Change, Grouping
from tokcost.model.dataset import ClaimRow
from tokcost.model.trailer import Line

_MOST_REPORTS = 8
"""Of a family of forks whose own reports are thought of; there may be thousands of forks."""
_PUBLISHED, _WAITING = "1", "0"
"""The last digit of a rank: of two rows of the same line, the one that is in a cell counts."""


class Harvest(NamedTuple):
    """Everything that one repository's history said about the months that are collected."""

    repository: str
    """A digest of its identity."""
    changes: Sequence[Change]
    authors: Mapping[str, Author]
    """Of each commit that carries a claim."""
    facts: Facts
    least: int
    """Contributors that it wants in a figure."""


class _Found(NamedTuple):
    """A claim as one repository has it."""

    harvest: int
    line: Line
    rank: str
    parts: list[Piece]


def claim_rows(harvests: Sequence[Harvest], known: Mapping[str, Sequence[ClaimRow]]) -> list[ClaimRow]:
    """The rows that a dataset does not have yet: claims that are new to it, that were raised, or that have come into a
    cell. `known` are the rows that it has of them, by id. Sorted, so that the same facts give the same rows."""
    order = sorted(harvests, key=lambda one: one.repository)
    heads = count_heads(author for one in order for author in one.authors.values())
    found = [_claims(number, one, heads) for number, one in enumerate(order)]
    best: dict[str, _Found] = {}
    for claims in found:
        for id, one in claims.items():
            if id not in best or one.rank > best[id].rank:
                best[id] = one
    beside = _Beside(order, found)
    new: list[tuple[_Found, list[_Wanted]]] = []
    shares: list[Share] = []
    for id in sorted(best):
        rows, some = _asked(best[id], known.get(id, ()), order[best[id].harvest], beside, len(shares))
        shares += some
        new.append((best[id], rows))
    return sorted(_placed(new, shares, known))


def count_claims(harvests: Iterable[Harvest]) -> int:
    """The number of distinct claims."""
    return len({line.id for one in harvests for change in one.changes for line in change.lines})


def ids_of(harvest: Harvest) -> set[str]:
    """The ids of all claims of a repository."""
    return {line.id for change in harvest.changes for line in change.lines}


def _claims(number: int, harvest: Harvest, heads: Mapping[Author, int]) -> dict[str, _Found]:
    found: dict[str, _Found] = {}
    for at, change in enumerate(harvest.changes):
        for line, piece in pieces_of(at, change, harvest.authors, heads, harvest.facts):
            one = found.setdefault(line.id, _Found(number, line, _rank(line, harvest.repository), []))
            one.parts.append(piece)
    return found


def _rank(line: Line, repository: str) -> str:
    """The order of `trailer.highest`, in digits that every engine compares alike whatever its collation is; a copy in
    another repository decides by its digest."""
    rest = repr((line.models, line.more_models, line.classes)).encode("utf-8", "surrogateescape")
    about = f"{int(line.exact)}{int(line.unpriced)}{blake2b(rest, digest_size=4).hexdigest()}"
    cost = -1 if line.cost is None else line.cost
    return f"{line.version:08x}{cost + 1:016x}{line.tokens:016x}{about}{repository}"


class _Beside:
    """The cells of the repositories' own reports, and which repositories are forks of one another."""

    def __init__(self, harvests: Sequence[Harvest], found: Sequence[Mapping[str, _Found]]) -> None:
        self._harvests = harvests
        self._families = _families(found)
        members: dict[int, list[int]] = {}
        for number, family in enumerate(self._families):
            members.setdefault(family, []).append(number)
        self._members = {family: some[:_MOST_REPORTS] for family, some in members.items()}
        self._found = found
        self._labels = [self._shown(number) for number in range(len(harvests))]

    def family(self, harvest: int) -> str:
        """One name for a repository and its forks."""
        return self._harvests[self._families[harvest]].repository

    def cells(self, harvest: int, id: str, area: str, issue: str) -> tuple[str, ...]:
        """The cells, one for each grouping of each report of the family."""
        found: list[str] = []
        for member in self._members[self._families[harvest]]:
            own = self._found[member].get(id)
            piece = own and next((one for one in own.parts if _where(one) == (area, issue)), own.parts[0])
            found += (names[piece.names[by]] if piece else "" for by, names in self._labels[member].items())
        return tuple(found)

    def _shown(self, number: int) -> dict[Grouping, Labels]:
        pieces = [piece for one in self._found[number].values() for piece in one.parts]
        return shown_labels(pieces, self._harvests[number].least) if pieces else {}


def _where(piece: Piece) -> tuple[str, str]:
    return piece.names["area"], piece.names["issue"]


def _families(found: Sequence[Mapping[str, _Found]]) -> list[int]:
    """For each repository the first one that it shares claims with, directly or through others."""
    parent = list(range(len(found)))

    def root(one: int) -> int:
        while parent[one] != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        return one

    first: dict[str, int] = {}
    for number, claims in enumerate(found):
        for id in claims:
            one, other = root(first.setdefault(id, number)), root(number)
            parent[max(one, other)] = min(one, other)
    return [root(number) for number in range(len(found))]


class _Wanted(NamedTuple):
    """A row that may be written, without its cell, and the number of the share that decides about it."""

    row: ClaimRow
    share: int


def _asked(
    one: _Found, known: Sequence[ClaimRow], harvest: Harvest, beside: _Beside, first: int
) -> tuple[list[_Wanted], list[Share]]:
    """The rows of a claim, and its parts as `safe_cells` takes them, of which the first has the number `first`."""
    newest = max((row.rank for row in known), default="")
    published = [row for row in known if row.cell_area is not None]
    gone = _Amounts(sum(row.cell_list_cost or 0 for row in published), sum(row.cell_tokens or 0 for row in published))
    is_settled = newest[:-1] >= one.rank and newest[-1:] == _PUBLISHED
    shares = [_share(one, piece, harvest, beside) for piece in one.parts]
    if is_settled:
        return [], [share._replace(known=_known(published, share.area)) for share in shares]
    if newest[:-1] > one.rank:
        return [], []  # another job knows a newer version, and its repository
    if published:
        more = _Amounts(max(0, (one.line.cost or 0) - gone.list_cost), max(0, one.line.tokens - gone.tokens))
        shares = [
            shares[0]._replace(**more._asdict()),
            *(share._replace(list_cost=0, tokens=0) for share in shares[1:]),
        ]
    rows: list[_Wanted] = []
    for area, numbers in _by_area(one.parts):
        some = [shares[number] for number in numbers]
        more = _Amounts(sum(share.list_cost for share in some), sum(share.tokens for share in some))
        row = _row(one, area, [one.parts[number] for number in numbers], harvest.repository, more)
        rows.append(_Wanted(row, first + numbers[0]))
    main = max(range(len(rows)), key=lambda at: (rows[at].row.list_cost or 0, rows[at].row.tokens, rows[at].row.area))
    counted = rows[main].row._replace(counted=1, cell_counted=int(not published))
    rows[main] = rows[main]._replace(row=counted)
    if published:
        shares.append(shares[0]._replace(**gone._asdict(), known=_known(published, shares[0].area)))
    return rows, shares


class _Amounts(NamedTuple):
    list_cost: int
    tokens: int


def _share(one: _Found, piece: Piece, harvest: Harvest, beside: _Beside) -> Share:
    area, issue = _where(piece)
    cells = beside.cells(one.harvest, one.line.id, area, issue)
    family, names = beside.family(one.harvest), piece.names
    amounts = piece.list_cost, piece.tokens
    return Share(piece.who, family, names["month"], area, names["model"], *amounts, harvest.least, cells)


def _by_area(parts: Sequence[Piece]) -> list[tuple[str, list[int]]]:
    found: dict[str, list[int]] = {}
    for number, piece in enumerate(parts):
        found.setdefault(piece.names["area"], []).append(number)
    return list(found.items())


def _known(published: Sequence[ClaimRow], area: str) -> str:
    same = next((one for one in published if one.area == area), published[0])
    return known_name(same.month, same.cell_area or "", same.cell_model or "")


def _row(one: _Found, area: str, parts: Sequence[Piece], repository: str, more: _Amounts) -> ClaimRow:
    """The row of one area. Cells never shrink: of a line that was edited to say less, nothing is left to publish."""
    line, names = one.line, parts[0].names
    return ClaimRow(
        line.id,
        line.version,
        repository,
        names["month"],
        area,
        names["model"],
        None if line.cost is None else sum(piece.list_cost for piece in parts),
        sum(piece.tokens for piece in parts),
        line.unpriced,
        line.exact,
        0,
        one.rank,
        cell_list_cost=more.list_cost,
        cell_tokens=more.tokens,
        cell_counted=0,
    )


def _placed(
    new: Iterable[tuple[_Found, list[_Wanted]]], shares: Sequence[Share], known: Mapping[str, Sequence[ClaimRow]]
) -> Iterable[ClaimRow]:
    """The rows with their cells, but those that the dataset has already."""
    places = safe_cells(shares)
    for one, rows in new:
        cells: list[Place | None] = [places.get(wanted.share) for wanted in rows]
        # A claim is in cells with all of its parts or not at all: its rows have one rank.
        state = _PUBLISHED if rows and all(cells) else _WAITING
        if any(row.rank == one.rank + state for row in known.get(one.line.id, ())):
            continue
        for (row, _), cell in zip(rows, cells, strict=True):
            if cell is not None and state == _PUBLISHED:
                yield row._replace(rank=one.rank + state, cell_area=cell[0], cell_model=cell[1])
            else:
                yield row._replace(rank=one.rank + state, cell_list_cost=None, cell_tokens=None, cell_counted=None)
