"""`tokcost reconcile`: list cost according to the ledger, beside a provider's bill.

Nothing is stored: the bill is held in memory, by day and model, while the command runs.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from tokcost.errors import EnvironmentProblem, UsageError
from tokcost.ledger.spent_by_day import spent_by_day
from tokcost.model.bills import DailyUsage, Month, Reconciliation
from tokcost.pricing.names import seller
from tokcost.reconciliation.compare import causes_of, cells_of
from tokcost.reconciliation.fetch_bill import days_told, fetch_bill
from tokcost.reconciliation.http import Wire
from tokcost.reconciliation.key_store import KeyStore, checked_key
from tokcost.reconciliation.providers import PROVIDERS, Provider
from tokcost.services.refresh import How, open_or_show

Say = Callable[[str], None]


class ReconcileOptions(NamedTuple):
    """A provider, a month, and the account if the key does not identify it."""

    provider: str
    month: str
    """In the form `2026-10`."""
    account: str = ""


def reconcile(
    home: Path, environ: Mapping[str, str], asked: ReconcileOptions, say: Say, is_terminal: bool
) -> Reconciliation:
    """Both sides of a month. `say` reports the reason for a long wait. Raises `UsageError`, `EnvironmentProblem`."""
    provider, month = PROVIDERS[asked.provider], _month(asked.month)
    days = days_told(provider, month, datetime.now(UTC).date().isoformat())
    provider.asks(days, asked.account)  # errors in the arguments are reported before a key is asked for
    key = _key(provider, environ, say, is_terminal)
    headers = provider.headers(key)
    with Wire(provider.host, environ, say) as wire:
        bill = fetch_bill(provider, month, days, asked.account, lambda ask: wire.get(ask, headers))
    spent, notes = _spent(home, environ, provider, month)
    cells = cells_of(bill.lines, [one for one in spent if bill.first <= one.day <= bill.last])
    basis = "list" if provider.tells_list_cost else "billed"
    causes = causes_of(cells, basis)
    return Reconciliation(provider.name, provider.title, month.name, bill, basis, cells, causes, notes)


def _month(text: str) -> Month:
    year, dash, number = text.partition("-")
    plain = dash and len(year) == 4 and len(number) == 2 and (year + number).isdecimal() and text.isascii()
    # The end of the month must be a date too, and Python's last year is 9999.
    if not plain or not (2020 <= int(year) <= 9998 and 1 <= int(number) <= 12):
        raise UsageError(f"--month {text}: this is not a month", "Write it as --month 2026-10.")
    return Month(int(year), int(number))


def _spent(
    home: Path, environ: Mapping[str, str], provider: Provider, month: Month
) -> tuple[list[DailyUsage], list[str]]:
    """The usage of all repositories that this provider charged for, and remarks on it."""
    # Claims and commits do not matter for a bill.
    ledger, report = open_or_show(home, environ, None, How(follow=False))
    with ledger:
        found = spent_by_day(ledger, month.start * 1000, month.end * 1000)
    ours = [one for one in found if seller(one.provider, one.model) == provider.seller]
    notes = list(report.notes)
    if not ours:
        notes.append(f"the ledger has no usage of {provider.title} in this month")
    if estimated := sum(one.estimated_tokens for one in ours):
        notes.append(f"{estimated:,} tokens here have estimated counts or prices")
    return ours, notes


def _key(provider: Provider, environ: Mapping[str, str], say: Say, is_terminal: bool) -> str:
    """The key from the environment, which needs no keyring, or from the keyring."""
    if said := environ.get(provider.variable, ""):
        return checked_key(said)
    key = key_store(say, is_terminal).load(provider)
    if key is None:
        raise EnvironmentProblem(
            f"there is no key for {provider.title}",
            f"Store one in your keyring with `tokcost reconcile login {provider.name}`, or set {provider.variable}.",
        )
    return checked_key(key)


def key_store(say: Say, is_terminal: bool) -> KeyStore:
    """The keyring; on a terminal, the user is told what the command waits for."""
    return KeyStore((lambda: say("waiting for your keyring")) if is_terminal else None)
