"""The answer to `tokcost why`: a list cost by what drove it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from tokcost.drivers.explaining import Looked, explain
from tokcost.drivers.subagents import is_of_subagent
from tokcost.errors import UsageError
from tokcost.known_worktrees import repository_of
from tokcost.ledger.open import Ledger, open_for_reading
from tokcost.ledger.query import FOREVER, session_names
from tokcost.ledger.requests import Scope, every_series, price_body, requests, source_paths
from tokcost.model.drivers import Explanation
from tokcost.pricing.cards import ModelCards, from_json
from tokcost.services.look_at_clone import find_here, no_worktree
from tokcost.usage.price_files import price_change

_MOST_NAMED = 5


class WhyOptions(NamedTuple):
    """The options of `tokcost why`. Times are milliseconds UTC, the end excluded."""

    branch: str | None = None
    session: str | None = None
    """An id, or its beginning."""
    all_repos: bool = False
    since_ms: int | None = None
    until_ms: int | None = None
    as_models: tuple[str, ...] = ()


class Answer(NamedTuple):
    """An explanation, and what it is of."""

    repository: str | None
    """The root of the repository; `None`: all of them."""
    branch: str | None
    session: str | None
    """All of its id."""
    explanation: Explanation
    notes: list[str]


def explain_cost(home: Path, cwd: Path, options: WhyOptions) -> Answer:
    """The drivers of a branch, a session, a repository or everything.

    Raises `NotARepository` when `cwd` lies in none and neither all of them nor a session were asked for, and
    `UsageError` for a session that cannot be told.
    """
    here = find_here(cwd)
    everywhere = options.all_repos or (options.session is not None and options.branch is None)
    if here is None and not everywhere:
        raise no_worktree(cwd, "Go into one, or use --all-repos to see every repository with usage.")
    root = None if everywhere or here is None else here.root
    ledger = open_for_reading(home)
    if ledger is None:
        return Answer(root, options.branch, options.session, Explanation(), [])
    with ledger:
        session = _session(ledger, options.session) if options.session is not None else None
        repository = None if everywhere or here is None else repository_of(ledger, here).id
        scope = Scope(
            repository,
            options.branch,
            session,
            options.since_ms if options.since_ms is not None else 0,
            options.until_ms if options.until_ms is not None else FOREVER,
        )
        found = _explained(ledger, scope, ())
        return Answer(root, options.branch, session, found, price_change(ledger, home))


def _explained(ledger: Ledger, scope: Scope, also: Sequence[Callable[[Looked], None]]) -> Explanation:
    agents = [number for number, assistant, path in source_paths(ledger) if is_of_subagent(assistant, path)]

    def cards(price: str) -> ModelCards | None:
        body = price_body(ledger, price)
        return from_json(body) if body else None

    return explain(requests(ledger, scope, agents), every_series(ledger), cards, also)


def _session(ledger: Ledger, named: str) -> str:
    """The id of the session that is meant. Raises `UsageError`."""
    names = set(session_names(ledger))
    found = sorted({named} & names or {name for name in names if name.startswith(named)})
    if not named or not found:
        raise UsageError(f"no session begins with {named or 'nothing'}", "`tokcost log --by session` lists them.")
    if len(found) > 1:
        listed = ", ".join(found[:_MOST_NAMED]) + (", ..." if len(found) > _MOST_NAMED else "")
        raise UsageError(f"{len(found)} sessions begin with {named}: {listed}", "Say more of the id.")
    return found[0]
