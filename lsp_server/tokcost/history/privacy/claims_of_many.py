"""Claims of many repositories as the rows of a dataset: each claim once, with the cell in which each part of it is
shown.

Authors are passed in, counted in memory, and never returned, as in `groups.py`. A row is a fact about one claim:
whoever may read the repositories can link it to its author by the claim's id, so rows are for the same readers; cells
are for everyone.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import NamedTuple, TypeVar

from tokcost.history.privacy.contributors import Author, count_heads
from tokcost.history.privacy.groups import Facts, pieces_of, shown_labels
from tokcost.history.privacy.safe_cells import Place, Share, known_name, safe_cells
from tokcost.history.privacy.suppression import Labels, Piece
from tokcost.model.changes import GROUPINGS, Change, Grouping
from tokcost.model.dataset import ClaimRow
from tokcost.model.trailer import Line

_MOST_REPORTS = 8
"""The maximum number of reports of a family of forks that are considered; there may be thousands of forks."""
_PUBLISHED, _WAITING = "1", "0"
"""The last digit of a rank: of two rows of the same line, the one that is in a cell counts."""
_AREA, _ISSUE, _MONTH, _MODEL = map(GROUPINGS.index, ("area", "issue", "month", "model"))
"""Positions in the names of a part."""


class RepositoryChanges(NamedTuple):
    """Everything from one repository's history about the collected months."""

    repository: str
    """A digest of the repository's identity."""
    changes: Sequence[Change]
    authors: Mapping[str, Author]
    """The author of each commit that carries a claim."""
    facts: Facts
    least: int
    """Contributors that the repository requires for a figure."""


_Same = TypeVar("_Same", str, tuple[str, ...])


class _Part(NamedTuple):
    """The part of a claim in one area."""

    author: int
    names: tuple[str, ...]
    """Its cell in each of `GROUPINGS`."""
    list_cost: int
    tokens: int


class _Claim(NamedTuple):
    """A claim in one repository. A run holds all claims of all its repositories at once, so this is small."""

    version: int
    cost: int | None
    tokens: int
    unpriced: bool
    exact: bool
    about: str
    """The end of its rank without the repository: whatever else differs between copies of a line."""
    parts: tuple[_Part, ...]


class _RepositoryClaims(NamedTuple):
    """The claims of one repository: what stays in memory of it until the end of a run."""

    digest: str
    """Of its identity."""
    least: int
    claims: dict[str, _Claim]
    """By id."""


class Claims:
    """The claims of many repositories."""

    def __init__(self) -> None:
        self._repositories: list[_RepositoryClaims] = []
        self._authors: dict[Author, int] = {}
        self._texts: dict[object, object] = {}
        """Names, and tuples of names, that occurred before: most claims share those of other claims."""

    def add(self, found: RepositoryChanges) -> int:
        """Take the data needed from one repository; returns the number of its claims."""
        claims = self._claims(found)
        self._repositories.append(_RepositoryClaims(found.repository, found.least, claims))
        return len(claims)

    def ids(self) -> set[str]:
        """The ids of all claims."""
        return {id for one in self._repositories for id in one.claims}

    def rows(self, known: Mapping[str, Sequence[ClaimRow]]) -> Iterator[ClaimRow]:
        """The rows that a dataset does not have yet: new claims, claims that grew, and claims that have entered a cell.

        `known` are the dataset's rows of them, by id. The result is sorted, so that equal facts give equal rows.
        """
        # Not in the order of the command line: the same facts must give the same bytes.
        order = sorted(self._repositories, key=lambda one: one.digest)
        heads = count_heads(self._authors)
        best: dict[str, int] = {}
        for number, one in enumerate(order):
            for id in one.claims:
                before = best.setdefault(id, number)
                if before != number and _rank(order[number], id) > _rank(order[before], id):
                    best[id] = number
        numbers = [heads[author] for author in self._authors]
        beside = _Beside(order, numbers)
        # No row is made before all shares are known: a cell may need parts from any repository.
        new: list[tuple[str, tuple[_Wanted, ...]]] = []
        shares: list[Share] = []
        for id in sorted(best):
            asked = _Asked(id, best[id], order[best[id]], numbers, beside)
            rows, some = asked.rows_and_shares(known.get(id, ()), len(shares))
            shares += some
            new.append((id, rows))
        places = safe_cells(shares)
        del shares, beside  # the rows need neither, and there may be millions
        for id, rows in new:
            yield from sorted(_placed(id, order[best[id]], rows, places, known.get(id, ())))

    def _claims(self, found: RepositoryChanges) -> dict[str, _Claim]:
        for author in found.authors.values():
            self._authors.setdefault(author, len(self._authors))
        lines: dict[str, tuple[Line, list[_Part]]] = {}
        for at, change in enumerate(found.changes):
            for line, piece in pieces_of(at, change, found.authors, self._authors, found.facts):
                names = tuple(self._same(piece.names[by]) for by in GROUPINGS)
                part = _Part(piece.who, self._same(names), piece.list_cost, piece.tokens)
                lines.setdefault(line.id, (line, []))[1].append(part)
        return {id: self._claim(line, parts) for id, (line, parts) in lines.items()}

    def _claim(self, line: Line, parts: Sequence[_Part]) -> _Claim:
        about = self._same(_about(line))
        return _Claim(line.version, line.cost, line.tokens, line.unpriced, line.exact, about, tuple(parts))

    def _same(self, value: _Same) -> _Same:
        return self._texts.setdefault(value, value)  # pyright: ignore[reportReturnType]


def _about(line: Line) -> str:
    rest = repr((line.models, line.more_models, line.classes)).encode("utf-8", "surrogateescape")
    return f"{int(line.exact)}{int(line.unpriced)}{blake2b(rest, digest_size=4).hexdigest()}"


def _rank(repository: _RepositoryClaims, id: str) -> str:
    """The order of `trailer.highest`, in digits that every engine compares alike under any collation; a copy in
    another repository is decided by its digest."""
    one = repository.claims[id]
    cost = -1 if one.cost is None else one.cost
    return f"{one.version:08x}{cost + 1:016x}{one.tokens:016x}{one.about}{repository.digest}"


class _Beside:
    """The cells of the repositories' own reports, and which repositories are forks of one another."""

    def __init__(self, order: Sequence[_RepositoryClaims], heads: Sequence[int]) -> None:
        self._order = order
        self._families = _families([one.claims for one in order])
        members: dict[int, list[int]] = {}
        for number, family in enumerate(self._families):
            members.setdefault(family, []).append(number)
        self._members = {family: some[:_MOST_REPORTS] for family, some in members.items()}
        self._labels = [_labels(one, heads) for one in order]
        self._seen: dict[tuple[str, ...], tuple[str, ...]] = {}

    def family(self, number: int) -> str:
        """One name for a repository and its forks."""
        return self._order[self._families[number]].digest

    def cells(self, number: int, id: str, area: str, issue: str) -> tuple[str, ...]:
        """The cells, one for each grouping of each report of the family."""
        found: list[str] = []
        for member in self._members[self._families[number]]:
            own = self._order[member].claims.get(id)
            part = own and next((one for one in own.parts if _where(one) == (area, issue)), own.parts[0])
            labels = self._labels[member].items()
            found += (names[part.names[GROUPINGS.index(by)]] if part else "" for by, names in labels)
        return self._seen.setdefault(tuple(found), tuple(found))


def _labels(repository: _RepositoryClaims, heads: Sequence[int]) -> dict[Grouping, Labels]:
    names: dict[tuple[str, ...], dict[Grouping, str]] = {}
    pieces: list[Piece] = []
    for one in repository.claims.values():
        for part in one.parts:
            known = names.get(part.names) or names.setdefault(part.names, dict(zip(GROUPINGS, part.names, strict=True)))
            pieces.append(Piece(heads[part.author], 0, known, part.list_cost, part.tokens, one.unpriced))
    return shown_labels(pieces, repository.least) if pieces else {}


def _where(part: _Part) -> tuple[str, str]:
    return part.names[_AREA], part.names[_ISSUE]


def _families(found: Sequence[Mapping[str, _Claim]]) -> list[int]:
    """For each repository, the first one with which it shares claims, directly or through others."""
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
            # Downwards, so that a family has the same name in whatever order claims are met.
            parent[max(one, other)] = min(one, other)
    return [root(number) for number in range(len(found))]


class _Wanted(NamedTuple):
    """A row that may be written, without its cell, and the number of the share that decides about it."""

    area: str
    list_cost: int | None
    tokens: int
    more_cost: int
    more_tokens: int
    counted: int
    cell_counted: int
    share: int


class _Asked(NamedTuple):
    """A claim whose publication is to be decided."""

    id: str
    number: int
    """The position of its repository among all."""
    repository: _RepositoryClaims
    heads: Sequence[int]
    beside: _Beside

    @property
    def claim(self) -> _Claim:
        """Its figures."""
        return self.repository.claims[self.id]

    def rows_and_shares(self, known: Sequence[ClaimRow], first: int) -> tuple[tuple[_Wanted, ...], list[Share]]:
        """The rows of a claim, and its parts in the form for `safe_cells`; the first part has the number `first`."""
        one, rank = self.claim, _rank(self.repository, self.id) if known else ""
        newest = max((row.rank for row in known), default="")
        published = [row for row in known if row.cell_area is not None]
        gone_cost, gone_tokens = (
            (row.cell_list_cost or 0 for row in published),
            (row.cell_tokens or 0 for row in published),
        )
        gone = _Amounts(sum(gone_cost), sum(gone_tokens))
        is_settled = newest[:-1] >= rank and newest[-1:] == _PUBLISHED
        shares = [self._share(part) for part in one.parts]
        if is_settled:
            return (), [share._replace(known=_known(published, share.area)) for share in shares]
        if newest[:-1] > rank:
            return (), []  # another job knows a newer version, with its repository
        if published:
            more = _Amounts(max(0, (one.cost or 0) - gone.list_cost), max(0, one.tokens - gone.tokens))
            shares = [
                shares[0]._replace(**more._asdict()),
                *(share._replace(list_cost=0, tokens=0) for share in shares[1:]),
            ]
        rows = [self._row(area, numbers, shares, first) for area, numbers in _by_area(one.parts)]
        main = max(range(len(rows)), key=lambda at: (rows[at].list_cost or 0, rows[at].tokens, rows[at].area))
        rows[main] = rows[main]._replace(counted=1, cell_counted=int(not published))
        if published:
            shares.append(shares[0]._replace(**gone._asdict(), known=_known(published, shares[0].area)))
        return tuple(rows), shares

    def _row(self, area: str, numbers: Sequence[int], shares: Sequence[Share], first: int) -> _Wanted:
        """The row of one area. Cells never shrink: if a line was edited to a lower amount, nothing is left to
        publish."""
        parts = [self.claim.parts[number] for number in numbers]
        more = [shares[number] for number in numbers]
        return _Wanted(
            area,
            None if self.claim.cost is None else sum(one.list_cost for one in parts),
            sum(one.tokens for one in parts),
            sum(one.list_cost for one in more),
            sum(one.tokens for one in more),
            0,
            0,
            first + numbers[0],
        )

    def _share(self, part: _Part) -> Share:
        area, issue = _where(part)
        cells = self.beside.cells(self.number, self.id, area, issue)
        family, who = self.beside.family(self.number), self.heads[part.author]
        amounts = part.list_cost, part.tokens
        return Share(who, family, part.names[_MONTH], area, part.names[_MODEL], *amounts, self.repository.least, cells)


class _Amounts(NamedTuple):
    list_cost: int
    tokens: int


def _by_area(parts: Sequence[_Part]) -> list[tuple[str, list[int]]]:
    found: dict[str, list[int]] = {}
    for number, part in enumerate(parts):
        found.setdefault(part.names[_AREA], []).append(number)
    return list(found.items())


def _known(published: Sequence[ClaimRow], area: str) -> str:
    same = next((one for one in published if one.area == area), published[0])
    return known_name(same.month, same.cell_area, same.cell_model)


def _placed(
    id: str,
    repository: _RepositoryClaims,
    rows: Sequence[_Wanted],
    places: Mapping[int, Place],
    known: Iterable[ClaimRow],
) -> Iterator[ClaimRow]:
    """The rows of one claim with their cells, unless the dataset has them already. A claim is in cells with all of
    its parts or not at all: its rows have one rank."""
    cells: list[Place | None] = [places.get(one.share) for one in rows]
    is_published = bool(rows) and all(cells)
    rank = _rank(repository, id) + (_PUBLISHED if is_published else _WAITING)
    if any(row.rank == rank for row in known):
        return
    claim = repository.claims[id]
    for one, cell in zip(rows, cells, strict=True):
        names = claim.parts[0].names
        row = ClaimRow(
            id,
            claim.version,
            repository.digest,
            names[_MONTH],
            one.area,
            names[_MODEL],
            one.list_cost,
            one.tokens,
            claim.unpriced,
            claim.exact,
            one.counted,
            rank,
        )
        if cell is not None and is_published:
            yield row._replace(
                cell_area=cell[0],
                cell_model=cell[1],
                cell_list_cost=one.more_cost,
                cell_tokens=one.more_tokens,
                cell_counted=one.cell_counted,
            )
        else:
            yield row
