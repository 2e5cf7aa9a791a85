"""`tokcost reconcile`: list cost beside a provider's bill. Opens a network connection."""

import json
import os
import sys
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import click

from tokcost.cli import screen
from tokcost.cli.group import CommandGroup
from tokcost.errors import EnvironmentProblem, UsageError, exclude_each_other
from tokcost.model.bills import Reconciliation, Tolerance
from tokcost.model.money import NANO_PER_USD
from tokcost.settings import tokcost_home

if TYPE_CHECKING:
    from tokcost.services.keep_keys import KeyPlace

_NAMES = ("anthropic", "openai", "openrouter", "copilot")
_MOST_PIPED = 8192
_PIPED = "Pipe the key in, as in `pass show anthropic | tokcost reconcile login anthropic`, or run this in a terminal."
_PROVIDER = click.Choice(_NAMES)


@click.group(cls=CommandGroup, short_help="Compare list cost with a provider's bill.")
def command() -> None:
    """Compare what the ledger counts with what a provider bills, by day and model.

    Opens a network connection to the named provider, with a key that you give it. The provider's answer is shown and
    not stored. docs/reconcile.md explains which key it needs, and what differences mean.

    \b
    Examples:
      tokcost reconcile login anthropic
      tokcost reconcile anthropic --month 2026-10
    """


def _options(function: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option(
            "--tolerance",
            metavar="AMOUNT",
            help="Exit with 1 if the totals differ by more than this: 2% (of the bill) or 5USD.",
        ),
        click.option("--csv", "as_csv", is_flag=True, help="One row for each day and model."),
        click.option("--json", "as_json", is_flag=True, help="JSON with a stable schema."),
        click.option("--month", required=True, metavar="YYYY-MM", help="The month of the bill, in UTC."),
    ):
        function = option(function)
    return function


@command.command("anthropic", short_help="Compare with Anthropic's bill.")
@_options
def anthropic_command(**asked: Any) -> int:
    """Compare list cost with the bill of an organization at Anthropic: list amount and amount after discounts.

    \b
    Examples:
      tokcost reconcile anthropic --month 2026-10
      tokcost reconcile anthropic --month 2026-10 --tolerance 2%
    """
    return _show("anthropic", asked)


@command.command("openai", short_help="Compare with OpenAI's bill.")
@_options
def openai_command(**asked: Any) -> int:
    """Compare list cost with the costs of an organization at OpenAI, which are after discounts.

    \b
    Example:
      tokcost reconcile openai --month 2026-10 --json
    """
    return _show("openai", asked)


@command.command("openrouter", short_help="Compare with OpenRouter's activity.")
@_options
def openrouter_command(**asked: Any) -> int:
    """Compare list cost with the activity of an account at OpenRouter, which reports the last 30 days.

    \b
    Example:
      tokcost reconcile openrouter --month 2026-11
    """
    return _show("openrouter", asked)


@command.command("copilot", short_help="Compare with GitHub Copilot's AI credits.")
@_options
@click.option("--org", required=True, metavar="NAME", help="The organization on GitHub that pays.")
def copilot_command(**asked: Any) -> int:
    """Compare list cost with the AI credits that GitHub bills an organization for Copilot.

    \b
    Example:
      tokcost reconcile copilot --org my-org --month 2026-10
    """
    return _show("copilot", asked)


def _show(provider: str, asked: dict[str, Any]) -> int:
    from tokcost.services.reconcile import ReconcileOptions, reconcile

    if asked["as_json"] and asked["as_csv"]:
        raise exclude_each_other("--json", "--csv")
    tolerance = None if asked["tolerance"] is None else _tolerance(asked["tolerance"])
    question = ReconcileOptions(provider, asked["month"], asked.get("org", ""))
    found = reconcile(tokcost_home(os.environ), os.environ, question, screen.tell, screen.has_person())
    screen.show(_text(found, asked, tolerance))
    return int(tolerance is not None and not tolerance.allows(found.ours, found.theirs))


def _text(found: Reconciliation, asked: dict[str, Any], tolerance: Tolerance | None) -> str:
    from tokcost.reports.reconciled import reconciled_csv, reconciled_json, reconciled_lines

    if asked["as_json"]:
        return json.dumps(reconciled_json(found, tolerance), indent=2) + "\n"
    return reconciled_csv(found) if asked["as_csv"] else reconciled_lines(found, tolerance)


def _tolerance(text: str) -> Tolerance:
    """`2%` or `2`: percent of the bill; `5 USD` or `$5`: an amount."""
    plain = text.strip()
    is_amount = plain.startswith("$") or plain.upper().endswith("USD")
    number = plain.removeprefix("$").removesuffix("%").upper().removesuffix("USD").strip()
    try:
        found = Decimal(number)
    except InvalidOperation:
        found = Decimal("nan")
    # `1e999999` is short and finite, and would be multiplied out below.
    if not found.is_finite() or found < 0 or found.adjusted() > 12 or len(number) > 40:
        raise UsageError("--tolerance is not an amount", "Write a percentage of the bill, or dollars: 2% or 5USD.")
    return Tolerance(int(found * NANO_PER_USD), not is_amount)


@command.command("login", short_help="Keep a provider's key in your keyring.")
@click.argument("provider", type=_PROVIDER)
def login_command(provider: str) -> None:
    """Keep the key of a provider in the keyring of your system, and nowhere else.

    The key is read from a hidden prompt, or from standard input. It is not an argument, because other users can see
    those.

    \b
    Examples:
      tokcost reconcile login anthropic
      pass show anthropic-admin | tokcost reconcile login anthropic
    """
    from tokcost.services.keep_keys import keep_key, which_key

    if screen.can_ask():
        screen.tell(f"{which_key(provider)}")
        text = click.prompt("Key (not shown)", hide_input=True, err=True, default="", show_default=False)
    else:
        text = _piped()
    name = keep_key(provider, text, screen.tell, screen.has_person())
    screen.show(f"The key is in your keyring ({name}).\n")


def _piped() -> str:
    if sys.stdin is None:  # pyright: ignore[reportUnnecessaryComparison] (closed before Python started)
        raise EnvironmentProblem("standard input is closed, so there is no key", _PIPED)
    try:
        return sys.stdin.read(_MOST_PIPED)  # no key is longer, and a pipe may be endless
    except (OSError, UnicodeDecodeError):
        raise UsageError("standard input is empty, so there is no key", _PIPED) from None


@command.command("logout", short_help="Remove a provider's key from your keyring.")
@click.argument("provider", type=_PROVIDER)
def logout_command(provider: str) -> None:
    """Remove the key of a provider from the keyring. It stays valid: revoke it at the provider.

    \b
    Example:
      tokcost reconcile logout anthropic
    """
    from tokcost.services.keep_keys import forget_key

    was_there = forget_key(provider, screen.tell, screen.has_person())
    screen.show("The key is no longer in your keyring.\n" if was_there else "There was no key in your keyring.\n")


@command.command("status", short_help="Show where a provider's key is.")
@click.argument("provider", type=_PROVIDER, required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON object, or an array of them if no provider is named.")
def status_command(provider: str | None, as_json: bool) -> int:
    """Show where the key of a provider, or of each one, is: in the environment, in the keyring, or nowhere.

    Exits with 1 if the named provider has no key. Contacts no provider.

    \b
    Examples:
      tokcost reconcile status
      tokcost reconcile status anthropic
    """
    from tokcost.services.keep_keys import find_keys

    names = _NAMES if provider is None else (provider,)
    places = find_keys(names, os.environ, screen.tell, screen.has_person())
    if as_json:
        told = [
            {"provider": name, "key": one.place or None, "problem": one.problem or None}
            for name, one in zip(names, places, strict=True)
        ]
        screen.show(json.dumps(told[0] if provider is not None else told) + "\n")
    else:
        screen.show("".join(f"{_place(name, one)}\n" for name, one in zip(names, places, strict=True)))
    if provider is None:
        return 0
    return EnvironmentProblem.exit_code if places[0].problem else int(not places[0].place)


def _place(provider: str, found: "KeyPlace") -> str:
    if found.place == "environment":
        return f"{found.title}: the key is in the environment variable {found.variable}."
    if found.place:
        return f"{found.title}: the key is in your keyring."
    hint = f"tokcost reconcile login {provider} keeps one, or set {found.variable}."
    return f"{found.title}: no key; {found.problem or hint}"
