"""`tokcost why`: a list cost by its drivers."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from tokcost.drivers.explaining import explain
from tokcost.drivers.family import family_of
from tokcost.drivers.other_prices import BATCH, CHEAPEST, ONE_HOUR, AsBatch, AsCheapest, AsModel, AsOneHour, OtherPrice
from tokcost.errors import UsageError
from tokcost.ledger.open import Ledger, open_for_reading
from tokcost.ledger.query import session_names
from tokcost.ledger.requests import RequestScope, every_series, price_body, requests, source_paths
from tokcost.ledger.rows import FOREVER
from tokcost.model.drivers import Explanation, ScopedExplanation, Series
from tokcost.model.session_ids import session_meant
from tokcost.model.worktree import Worktree
from tokcost.policy.clone_state import may_have_rules, read_state
from tokcost.pricing.cards import ModelCards, from_json
from tokcost.pricing.overrides import Override, apply
from tokcost.readers.registry import logging_turns, subagents_among
from tokcost.reports.rules import rule_text
from tokcost.services.check_rules import check_rules
from tokcost.services.look_at_clone import find_here, no_worktree
from tokcost.usage.known_worktrees import repository_of
from tokcost.usage.price_files import price_change
from tokcost.usage.pricing import Pricer, overrides_of

_MOST_NAMED = 5


class WhyOptions(NamedTuple):
    """The options of `tokcost why`. Times are milliseconds UTC, the end excluded."""

    branch: str | None = None
    session: str | None = None
    """A session id, or its beginning."""
    all_repos: bool = False
    since_ms: int | None = None
    until_ms: int | None = None
    as_models: tuple[str, ...] = ()


def explain_cost(home: Path, cwd: Path, options: WhyOptions) -> ScopedExplanation:
    """The drivers of a branch, a session, a repository or everything.

    Raises `NotARepository` if `cwd` is in none and neither all repositories nor a session were asked for, and
    `UsageError` for a session that cannot be identified.
    """
    here = find_here(cwd)
    # The id of a session is unique on this machine, so no repository is needed to find it.
    everywhere = options.all_repos or (options.session is not None and options.branch is None)
    if here is None and not everywhere:
        raise no_worktree(cwd, "Change to a repository, or use --all-repos to see every repository with usage.")
    root = None if everywhere or here is None else here.root
    ledger = open_for_reading(home)
    if ledger is None:
        return ScopedExplanation(
            root, options.branch, options.session, options.since_ms, options.until_ms, Explanation(), []
        )
    with ledger:
        session = _session(ledger, options.session) if options.session is not None else None
        repository = None if everywhere or here is None else repository_of(ledger, here).id
        scope = RequestScope(
            repository,
            options.branch,
            session,
            options.since_ms if options.since_ms is not None else 0,
            options.until_ms if options.until_ms is not None else FOREVER,
        )
        prices = _Prices(ledger, home, root or "")
        others = [prices.other(name) for name in dict.fromkeys(options.as_models)]
        found = _explained(ledger, scope, prices, others)
        notes = price_change(ledger, home)
        if here is not None and not everywhere and session is None:
            notes += _rules(ledger, home, here, options.branch)
        return ScopedExplanation(root, options.branch, session, options.since_ms, options.until_ms, found, notes)


def _rules(ledger: Ledger, home: Path, here: Worktree, branch: str | None) -> list[str]:
    """The rules that apply to the branch that is checked out, or cannot be evaluated, if that branch is asked about."""
    state = read_state(here)
    if branch not in (None, state.branch) or not may_have_rules(home, state):
        return []
    return [f"rule {rule_text(one)}" for one in check_rules(ledger, home, state) if one.state != "near"]


def explain_branch(ledger: Ledger, home: Path, here: Worktree, branch: str) -> Explanation:
    """The drivers of one branch of a clone, from the ledger as it is."""
    scope = RequestScope(repository_of(ledger, here).id, branch)
    return _explained(ledger, scope, _Prices(ledger, home, here.root), ())


def _explained(ledger: Ledger, scope: RequestScope, prices: "_Prices", others: Sequence[OtherPrice]) -> Explanation:
    agents = subagents_among(source_paths(ledger))
    counted = requests(ledger, scope, agents)
    series = every_series(ledger)
    # Some logs have one record for a whole turn, in which the prompts of single requests cannot be compared.
    turns = logging_turns({one.assistant for one in series.values()})
    found = explain(counted, series, prices.recorded, [other.take for other in others], turns)
    found.as_other = [other.result() for other in others]
    return found


class _Prices:
    """Prices: those at which usage was recorded, and today's prices of other models."""

    def __init__(self, ledger: Ledger, home: Path, root: str) -> None:
        self._ledger = ledger
        self._home = home
        self._root = root
        self._recorded: dict[str, ModelCards | None] = {}
        self._overrides: list[Override] | None = None

    def recorded(self, price: str) -> ModelCards | None:
        """The rate cards of an id; `None` if they were lost."""
        if price not in self._recorded:
            body = price_body(self._ledger, price)
            self._recorded[price] = from_json(body) if body else None
        return self._recorded[price]

    def other(self, name: str) -> OtherPrice:
        """The price named by `--as`. Raises `UsageError` for a model without one."""
        if name == BATCH:
            return AsBatch(self.recorded)
        if name == ONE_HOUR:
            return AsOneHour(self.recorded)
        if name == CHEAPEST:
            return AsCheapest(self._family)
        (cards,) = self._today([("", name)])
        if cards.cards or cards.state == "free":
            return AsModel(cards)
        from tokcost.pricing.compile import known_names  # takes a quarter of a second

        near = get_close_matches(name.rpartition("/")[2].lower(), known_names(), _MOST_NAMED, 0.7)
        hint = f"Did you mean {', '.join(near)}?" if near else "`tokcost prices list` shows all models in use."
        raise UsageError(f"no price is known for the model {name}", hint)

    def _family(self, series: Series) -> Iterable[ModelCards]:
        """All models of a model's family, including itself; empty if it has no price."""
        own = self.recorded(series.price) if series.price is not None else None
        if own is None or not own.cards:
            return []
        provider, _, name = own.source.partition("/")
        family = family_of(name)
        if family is None:
            return [own]
        from tokcost.pricing.compile import names_of  # takes a quarter of a second

        others = [(provider, other) for other in names_of(provider) if other != name and family_of(other) == family]
        return [own, *(cards for cards in self._today(others) if cards.cards)]

    def _today(self, pairs: list[tuple[str, str]]) -> list[ModelCards]:
        if self._overrides is None:
            self._overrides = overrides_of(self._home, self._root)
        return [apply(cards, self._overrides) for cards in Pricer(self._ledger, self._home).compiled(pairs)]


def _session(ledger: Ledger, named: str) -> str:
    """The id of the session asked for. Raises `UsageError`."""
    candidates = (name for name in session_names(ledger) if name.startswith(named))
    found = session_meant(candidates, named) if named else None
    if found is None:
        raise UsageError(f"no session begins with {named or 'nothing'}", "`tokcost log --by session` lists them.")
    return found
