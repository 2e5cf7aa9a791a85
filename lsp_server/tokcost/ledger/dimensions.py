"""Row ids of values that usage refers to: assistants, series, places, sessions, working directories. A missing row
is created in the caller's transaction."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import TypeVar

from tokcost.ledger.open import Ledger
from tokcost.ledger.paths import to_stored
from tokcost.ledger.rows import Entry, Ids, SumKey
from tokcost.model.usage import Usage

_Key = TypeVar("_Key", bound=Hashable)

# SQLite uses an index on expressions only for a condition with the very same expressions
# (https://sqlite.org/expridx.html): these are those of `series_content`, `place_content` and `log_place_content` in
# migrations.py.
_SERIES = (
    "assistant = ? AND model = ? AND ifnull(provider, '') = ifnull(?, '') AND kind = ?"
    " AND ifnull(speed, '') = ifnull(?, '') AND ifnull(tier, '') = ifnull(?, '') AND ifnull(geo, '') = ifnull(?, '')"
    " AND ifnull(factor_percent, 0) = ifnull(?, 0) AND subagent = ? AND price_state = ?"
    " AND ifnull(price, '') = ifnull(?, '')"
)
_PLACE = (
    "ifnull(repository, 0) = ifnull(?, 0) AND ifnull(worktree, 0) = ifnull(?, 0)"
    " AND ifnull(branch, '') = ifnull(?, '') AND evidence = ?"
)
_LOG_PLACE = "directory = ? AND ifnull(branch, '') = ifnull(?, '') AND is_stale = ?"


_TOLD = slice(Usage._fields.index("session"), Usage._fields.index("web_searches"))
"""The fields from the session to the tier: those that are no number, identity or mark."""
_MADE = slice(Usage._fields.index("geo"), None)
"""The fields from the region on."""


class Dimensions:
    """Looks up ids and remembers them for the duration of one transaction."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        # Not longer than a transaction: a rollback takes back rows that were created in it, and SQLite gives their ids
        # to others.
        self._last: tuple[tuple[object, ...], Ids] | None = None
        """The values and ids of the last entry: most entries equal the previous one in all of them."""
        self._together: dict[tuple[object, ...], Ids] = {}
        """The ids of all entries, by their values."""
        self._assistants: dict[str, int] = {}
        self._series: dict[tuple[object, ...], int] = {}
        self._places: dict[tuple[object, ...], int] = {}
        self._log_places: dict[tuple[str, str, bool], int] = {}
        self._sessions: dict[tuple[str, str], int] = {}

    def of(self, entry: Entry) -> Ids:
        """The ids of all values of an entry."""
        usage, repository, worktree, place, _, price_state, price, *_ = entry
        told, made = usage[_TOLD], usage[_MADE]
        # Nearly every entry of an import is answered here, where one look-up takes the place of five.
        named = (told, usage.model, made, price, price_state, place, worktree, repository, usage.assistant)
        if self._last is not None and named == self._last[0]:
            return self._last[1]
        ids = self._together.get(named)
        if ids is None:
            ids = self._together[named] = self._ids(entry)
        self._last = named, ids
        return ids

    def _ids(self, entry: Entry) -> Ids:
        usage, assistant = entry.usage, self.assistant(entry.usage.assistant)
        served = usage.speed or None, usage.tier or None, usage.geo or None
        made = usage.model, usage.provider or None, usage.kind, *served, usage.factor_percent or None, +usage.subagent
        series = _known(self._series, (assistant, *made, entry.price_state, entry.price), self._find_series)
        place = self.place(entry.repository, entry.worktree, *entry.place)
        log_place, session = self.log_place(usage), self.session(usage.assistant, usage.session)
        return Ids(assistant, series, place, log_place, session, SumKey(place, series, None, None))

    def assistant(self, name: str) -> int:
        """The id of an assistant."""
        return _known(self._assistants, name, lambda name: self._id("assistant", "name = ?", ("name",), (name,)))

    def place(self, repository: int | None, worktree: int | None, branch: str | None, evidence: str) -> int:
        """The id of a place."""
        return _known(self._places, (repository, worktree, branch or None, evidence), self._find_place)

    def log_place(self, usage: Usage) -> int:
        """The id of the place recorded in a log."""
        return self.log_place_of(usage.cwd, usage.branch, usage.branch_stale)

    def log_place_of(self, directory: str, branch: str, is_stale: bool) -> int:
        """The id of a working directory together with the branch field of a log."""
        return _known(self._log_places, (directory, branch, is_stale), self._find_log_place)

    def session(self, assistant: str, name: str) -> int:
        """The id of a session."""
        return _known(self._sessions, (assistant, name), self._find_session)

    def _find_series(self, content: tuple[object, ...]) -> int:
        made = ("assistant", "model", "provider", "kind", "speed", "tier", "geo", "factor_percent", "subagent")
        names = (*made, "price_state", "price")
        return self._id("series", _SERIES, names, content)

    def _find_place(self, content: tuple[object, ...]) -> int:
        return self._id("place", _PLACE, ("repository", "worktree", "branch", "evidence"), content)

    def _find_log_place(self, content: tuple[str, str, bool]) -> int:
        path, branch, is_stale = content
        directory = self._id("directory", "path = ?", ("path",), (to_stored(path),))
        return self._id(
            "log_place", _LOG_PLACE, ("directory", "branch", "is_stale"), (directory, branch or None, +is_stale)
        )

    def _find_session(self, content: tuple[str, str]) -> int:
        return self._id("session", "assistant = ? AND name = ?", ("assistant", "name"), content)

    def _id(self, table: str, where: str, names: tuple[str, ...], content: tuple[object, ...]) -> int:
        row = self._ledger.db.execute(f"SELECT id FROM {table} WHERE {where}", content).fetchone()
        if row is None:
            values = ", ".join("?" * len(names))
            insert = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({values}) RETURNING id"
            row = self._ledger.db.execute(insert, content).fetchone()
        return row[0]


def session_ids(ledger: Ledger, pairs: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], int]:
    """Row ids of sessions (pairs of assistant and name), created if missing."""
    dimensions = Dimensions(ledger)
    return {pair: dimensions.session(*pair) for pair in pairs}


def _known(known: dict[_Key, int], key: _Key, find: Callable[[_Key], int]) -> int:
    number = known.get(key)
    if number is None:
        number = known[key] = find(key)
    return number
