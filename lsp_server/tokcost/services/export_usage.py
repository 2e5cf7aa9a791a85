"""Usage from the ledger for export, of one repository or of all."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple, TypeVar

from tokcost.errors import NotARepository
from tokcost.ledger.export import Wanted, exported_usage, left_out, prices_named
from tokcost.ledger.open import Ledger, open_for_reading
from tokcost.ledger.places import KnownRepository, is_aside, last_seen, repositories
from tokcost.ledger.rows import FOREVER
from tokcost.model.charges import Charges, ExportedUsage
from tokcost.pricing.cards import from_json
from tokcost.pricing.charges import charges_of
from tokcost.services.look_at_clone import find_here, no_worktree
from tokcost.usage.known_worktrees import repository_of

_Made = TypeVar("_Made")


class ExportOptions(NamedTuple):
    """The usage to export. Times are milliseconds UTC, the end excluded."""

    repository: Path | None = None
    """A folder of the repository to export; by default the current one."""
    all_repos: bool = False
    branch: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    estimates: bool = False
    """Whether to include usage with estimated counts."""


class LeftOut(NamedTuple):
    """The usage that is left out of an export only because its counts are estimated."""

    usage: int = 0
    tokens: int = 0


def export_usage(
    home: Path, cwd: Path, options: ExportOptions, use: Callable[[Iterable[ExportedUsage]], _Made]
) -> tuple[_Made, LeftOut]:
    """The result of `use`, which gets every response in chronological order while the ledger is read. Raises
    `NotARepository`."""

    def ask(ledger: Ledger, wanted: Wanted) -> tuple[_Made, LeftOut]:
        return use(exported_usage(ledger, wanted)), LeftOut(*left_out(ledger, wanted))

    return _asked(home, cwd, options, ask) or (use(()), LeftOut())


def export_charges(home: Path, cwd: Path, options: ExportOptions) -> tuple[Charges, LeftOut]:
    """The charges of all exported usage. Raises `NotARepository`."""

    def ask(ledger: Ledger, wanted: Wanted) -> tuple[Charges, LeftOut]:
        cards = {number: from_json(body) for number, body in prices_named(ledger).items()}
        return charges_of(exported_usage(ledger, wanted), cards), LeftOut(*left_out(ledger, wanted))

    return _asked(home, cwd, options, ask) or (Charges([], []), LeftOut())


def _asked(home: Path, cwd: Path, options: ExportOptions, ask: Callable[[Ledger, Wanted], _Made]) -> _Made | None:
    """The ledger's answer; `None` if there is no ledger yet."""
    folder = cwd if options.repository is None else cwd / options.repository
    ledger = open_for_reading(home)
    if ledger is not None:
        with ledger:
            return ask(ledger, _wanted(ledger, folder, options))
    if not options.all_repos and find_here(folder) is None:
        raise _nowhere(folder)
    return None


def _wanted(ledger: Ledger, folder: Path, options: ExportOptions) -> Wanted:
    known = repositories(ledger)
    names = {0: "", **_names(known)}
    if not options.all_repos:
        one = _meant(ledger, known, folder)
        # The name with its number, also for a single repository: later exports must not call it otherwise.
        names = {one.id: names.get(one.id) or os.path.basename(one.root)} if one.id else {}
    since = 0 if options.since_ms is None else options.since_ms
    until = FOREVER if options.until_ms is None else options.until_ms
    return Wanted(names, since, until, options.branch, options.estimates)


def _meant(ledger: Ledger, known: list[KnownRepository], folder: Path) -> KnownRepository:
    here = find_here(folder) if folder.is_dir() else None
    if here is not None:
        return repository_of(ledger, here)
    wanted = os.path.abspath(folder)
    # Its folder may be gone, or have been another repository's for a while.
    for one in [*known, *map(last_seen, filter(is_aside, known))]:
        if wanted in (one.root, one.common_dir):
            return one
    raise _nowhere(folder)


def _nowhere(folder: Path) -> NotARepository:
    return no_worktree(folder, "Change to a repository, name one with --repository, or use --all-repos.")


def _names(known: list[KnownRepository]) -> dict[int, str]:
    """The last part of each path, with a number if several are equal."""
    seen: dict[str, int] = {}
    found: dict[int, str] = {}
    for one in known:
        name = os.path.basename(last_seen(one).root.rstrip("/")) or "repository"
        seen[name] = seen.get(name, 0) + 1
        found[one.id] = name if seen[name] == 1 else f"{name} ({seen[name]})"
    return found
