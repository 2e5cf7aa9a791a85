"""`tokcost prices`: prices of tokens, their sources, and repricing."""

import os
import time
from pathlib import Path

import click

from tokcost.cli import screen
from tokcost.cli.group import CommandGroup
from tokcost.errors import UsageError
from tokcost.model.money import dollars
from tokcost.model.prices import PriceChange
from tokcost.reports.layout import Column, Line, Piece, table
from tokcost.reports.rates import change_sentence, explained_lines, rates_cells
from tokcost.reports.text import counted, escape
from tokcost.services.explain_prices import explain_price, import_prices, list_prices, reprice, use_installed_prices
from tokcost.services.look_at_clone import root_around
from tokcost.services.parse_date import since_ms
from tokcost.settings import tokcost_home


@click.group(
    cls=CommandGroup, alone="list", otherwise="explain", short_help="Show prices of models, and their sources."
)
def command() -> None:
    """Show the prices of models, and their sources. Never uses the network. With a MODEL in place of a command,
    explains its price.

    Prices of your own go into `prices.toml` in the ledger's folder (TOKCOST_HOME), prices of a project into the
    `.tokcost.toml` of its repository:

    \b
      [[price]]
      match = "claude-*"
      from = 2026-10-01
      discount = "0.85"
      note = "our contract"

    \b
    Examples:
      tokcost prices list
      tokcost prices claude-opus-4-5
      tokcost prices reprice --since 2026-10-01 --dry-run
    """


@command.command("list", short_help="Prices of all models in use.")
def list_command() -> int:
    """List the models in use, with prices in US dollars per million tokens.

    \b
    Example:
      tokcost prices list
    """
    found = list_prices(tokcost_home(os.environ), root_around(Path.cwd()))
    cells = [rates_cells(one.cards, one.usage, time.time_ns() // 1_000_000) for one in found]
    if not cells:
        screen.show(
            "There is no usage yet, so no price was needed. `tokcost prices explain MODEL` explains any price.\n"
        )
        return 0
    titles = ("MODEL", "INPUT", "CACHE READ", "WRITE 5M", "WRITE 1H", "OUTPUT", "RESPONSES", "SOURCE")
    columns = [
        Column(title, [Piece(row[number]) for row in cells], number if number > 5 else 0, 0 < number < 7)
        for number, title in enumerate(titles)
    ]
    _show(table(columns, screen.columns_wide()))
    return 0


@command.command("explain", short_help="Explain the price of one model: source, dates, overrides.")
@click.argument("model")
@click.option("--provider", default="", help="The provider that serves it, if the name does not tell.")
def explain_command(model: str, provider: str) -> int:
    """Show how MODEL, as a log names it, is priced: source, dates, tiers, overrides. Exits with 1 if it has no price.
    `tokcost prices MODEL` is the same.

    \b
    Examples:
      tokcost prices explain claude-sonnet-4-5
      tokcost prices explain us.anthropic.claude-sonnet-4-5-20250929-v1:0
    """
    found = explain_price(tokcost_home(os.environ), root_around(Path.cwd()), model, provider)
    now_ms = time.time_ns() // 1_000_000
    _show(
        explained_lines(
            found.cards, found.usage, found.looked_for, found.near, now_ms, columns_wide=screen.columns_wide()
        )
    )
    _say_change(found.change)
    return 1 if found.cards.state == "unpriced" else 0


@command.command("import", short_help="Use a newer price file.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@click.option("--installed", is_flag=True, help="Discard an imported file, and use the installed prices again.")
def import_command(file: Path | None, installed: bool) -> int:
    """Use a newer price FILE (`prices/data.json` of genai-prices) for future usage.

    \b
    Examples:
      tokcost prices import data.json
      tokcost prices import --installed
    """
    if (file is None) != installed:
        hint = "Name a FILE, or use --installed for the prices that came with tokcost."
        raise UsageError("no prices are named", hint)
    home = tokcost_home(os.environ)
    if file is None:
        change = use_installed_prices(home)
        screen.show("Prices come from the installed source again.\n")
    else:
        found = import_prices(home, file.absolute())
        change = found.change
        screen.show(
            f"{counted(found.models, 'model')} with a price in {escape(str(file))};"
            f" {found.found:,} of {counted(found.used, 'model')} in use.\n"
        )
    _say_change(change)
    return 0


@command.command("reprice", short_help="Price recorded usage again.")
@click.option("--since", metavar="DATE", required=True, help="Usage since DATE, in any form that git accepts.")
@click.option("--dry-run", is_flag=True, help="Show what would change, without changing it.")
def reprice_command(since: str, dry_run: bool) -> int:
    """Price recorded usage again by today's prices and overrides. What was published in commits stays as it is.

    \b
    Examples:
      tokcost prices reprice --since 2026-10-01 --dry-run
      tokcost prices reprice --since 2026-10-01
    """
    result = reprice(tokcost_home(os.environ), since_ms(since), dry_run=dry_run)
    verb = "would change" if dry_run else "changed"
    screen.show(
        f"{result.changed:,} of {counted(result.looked_at, 'response')} {verb}:"
        f" ${dollars(result.before)} list before, ${dollars(result.after)} after.\n"
    )
    return 0


def _say_change(change: PriceChange) -> None:
    if sentence := change_sentence(change):
        screen.show(f"{sentence}\n")


def _show(lines: list[Line]) -> None:
    screen.show(screen.painted(lines, os.environ))
