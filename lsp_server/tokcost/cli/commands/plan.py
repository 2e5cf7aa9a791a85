"""`tokcost plan`: the user's flat fees, beside the list cost of the same usage."""

import os
from datetime import date

import click

from tokcost.cli import screen
from tokcost.cli.group import CommandGroup
from tokcost.errors import UsageError
from tokcost.reports.plans import days_text, plans_json, plans_text
from tokcost.services.keep_plans import all_plans, leverages, remove_plans, set_plan
from tokcost.services.parse_date import since_ms
from tokcost.settings import tokcost_home


@click.group(
    cls=CommandGroup, invoke_without_command=True, short_help="Flat fees that you pay, and the list cost they cover."
)
@click.pass_context
def command(context: click.Context) -> int:
    """Flat fees that you pay for assistants, and what their usage would have cost at list price.

    A plan is what you enter. It stays on this machine, is never published, and is not part of any list cost. `tokcost
    log` has one line for each kind of plan that runs.

    \b
    Examples:
      tokcost plan set claude max_20x 200 --since 2026-10-01
      tokcost plan
      tokcost plan remove claude
    """
    return 0 if context.invoked_subcommand is not None else _list(False)


@command.command("list", short_help="List the plans, and what they covered this month.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def list_command(as_json: bool) -> int:
    """List the plans, and compare those that run with this month's list cost.

    \b
    Examples:
      tokcost plan list
      tokcost plan list --json | jq '.leverage[] | {kind, times}'
    """
    return _list(as_json)


def _list(as_json: bool) -> int:
    home = tokcost_home(os.environ)
    plans, found = all_plans(home), leverages(home)
    screen.show(plans_json(plans, found) if as_json else plans_text(plans, found))
    return 0


@command.command("set", short_help="Enter a plan and its fee.")
@click.argument("kind")
@click.argument("name")
@click.argument("fee")
@click.option(
    "--since",
    metavar="DAY",
    help="The plan's first day, in any form that git accepts (default: unchanged, or the first of this month).",
)
@click.option("--until", metavar="DAY", help="The plan's last day (default: none).")
def set_command(kind: str, name: str, fee: str, since: str | None, until: str | None) -> int:
    """Set a plan: its KIND (claude, chatgpt, copilot, google, amp, grok, junie, kimi, qwen), your NAME for it, and the
    FEE of a calendar month in US dollars.

    Setting the same name again replaces the earlier entry, unless --since gives another first day. Several plans can
    run at once or one after the other. A plan covers what its assistant used directly; usage that went through a cloud,
    a gateway or a key of another provider is not covered.

    \b
    Examples:
      tokcost plan set claude max_20x 200
      tokcost plan set claude pro 20 --since 2026-01-01 --until 2026-09-30
    """
    home = tokcost_home(os.environ)
    first = _day(since, "--since") if since is not None else None
    last = _day(until, "--until") if until is not None else None
    plan, others = set_plan(home, kind, name, fee, (first, last))
    screen.tell(f"{plan.kind} {plan.name} {days_text(plan)}; this stays on this machine")
    for one in others:
        screen.tell(
            f"{one.kind} {one.name} runs at the same time ({days_text(one)}), and both fees count",
            "Where one follows the other, set the first one again with its last day: --until.",
        )
    return 0


@command.command("remove", short_help="Remove a plan.")
@click.argument("kind")
@click.argument("name", required=False)
def remove_command(kind: str, name: str | None) -> int:
    """Remove the plans of a KIND, or only those of a NAME.

    Do not remove a plan that ended: set it again with --until.

    \b
    Examples:
      tokcost plan remove claude
      tokcost plan remove claude max_20x
    """
    gone = remove_plans(tokcost_home(os.environ), kind, name)
    if not gone:
        raise UsageError(f"no plan {kind}{f' {name}' if name else ''} is set", "`tokcost plan` lists them.")
    for one in gone:
        screen.tell(f"{one.kind} {one.name} ({days_text(one)}) is removed")
    return 0


def _day(words: str, option: str) -> date:
    return date.fromtimestamp(since_ms(words, option) / 1000)  # noqa: DTZ012 (of some offsets Python makes no zone)
