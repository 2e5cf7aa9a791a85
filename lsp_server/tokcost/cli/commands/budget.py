"""`tokcost budget`: limits on list cost, their state, and the check at a commit."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

import click

from tokcost.cli import screen
from tokcost.cli.completion import branches
from tokcost.cli.group import CommandGroup
from tokcost.cli.names import NAME
from tokcost.errors import EnvironmentProblem, UsageError, exclude_each_other
from tokcost.model.budget import BudgetChange, Scope, parse_near
from tokcost.reports.budget_table import budget_json, budget_lines, set_text, unset_text
from tokcost.reports.budgets import NOT_IN_FORCE, check_line, said_at_commit, state_of, stopping
from tokcost.services.check_budget import asks_to_block, check, check_commit
from tokcost.services.look_at_clone import state_here, stops_unchecked, worktree_here
from tokcost.services.set_budget import set_budget, unset_budget
from tokcost.settings import tokcost_home

_EVERY_BRANCH = "*"
"""The value of `--branch` without a name; no branch can have this name."""


@click.group(cls=CommandGroup, invoke_without_command=True, short_help="Limits on list cost per branch, commit or day.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_context
def command(context: click.Context, as_json: bool) -> int:
    """Limits on list cost in this clone: for a branch, for what the next commit carries, for a day.

    Without a sub-command, shows the budgets and their use. A budget warns at a commit when it is near its limit (80 %
    unless set) or over it, and stops the commit only if you set it with --block. It belongs to the clone and all its
    worktrees. A repository can recommend budgets to everybody; these only warn, and a clone's own settings override
    them:

    \b
      [budget]             # in .tokcost.toml
      branch = "20"
      day = "50"

    \b
    Examples:
      tokcost budget
      tokcost budget set 20 --branch
      tokcost budget check || echo "over budget"
    """
    if context.invoked_subcommand is not None:
        if as_json:
            raise UsageError(
                "--json belongs after the sub-command",
                f"For example: tokcost budget {context.invoked_subcommand} --json",
            )
        return 0
    state = state_here(Path.cwd())
    status = check(tokcost_home(os.environ), os.environ, state).status
    if as_json:
        screen.show(budget_json(status))
    else:
        screen.show(screen.painted(budget_lines(status, screen.columns_wide()), os.environ))
        if asks_to_block(state):
            screen.show(
                "\nThis repository recommends stopping commits over budget; agree with tokcost budget set … --block\n"
            )
    return _problems(status.budget_problems)


class _Set(click.Command):
    """Explains a negative amount, which looks like an option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        below = next((word for word in args if re.match(r"-[.0-9]", word)), None)
        if below is not None:
            raise UsageError(f"{below} is negative", "Give an amount above $0, for example 20.")
        return super().parse_args(ctx, args)


_branch = click.option(
    "--branch",
    type=NAME,
    is_flag=False,
    flag_value=_EVERY_BRANCH,
    metavar="[NAME]",
    help="For each branch, or only for NAME.",
    shell_complete=branches,
)
_commit = click.option(
    "--commit", is_flag=True, help="For the pending usage of a branch, which its next commit carries."
)
_day = click.option("--day", is_flag=True, help="For a day in this repository, since local midnight.")


@command.command("set", cls=_Set, short_help="Set a limit.")
@click.argument("amount", required=False)
@_branch
@_commit
@_day
@click.option("--block/--warn", default=None, help="Stop commits over the limit, or only warn (default: unchanged).")
@click.option("--near", metavar="PERCENT", help="Percentage of the limit at which to warn (default: unchanged, or 80).")
@click.option(
    "--verbose/--quiet",
    default=None,
    help="Print the figure at every commit, or only near or over the limit (default).",
)
def set_command(amount: str | None, branch: str | None, commit: bool, day: bool, **how: str | bool | None) -> int:
    """Limit list cost to AMOUNT US dollars. `none` means no limit, even if the repository recommends one.

    Installs the git hooks of `tokcost hooks`, so that commits are checked.

    \b
    Examples:
      tokcost budget set 20 --branch
      tokcost budget set 50 --branch feat/login --block
      tokcost budget set 7.50 --day --near 90
      tokcost budget set none --branch main
    """
    if amount is None and branch is not None and re.fullmatch(r"\$?[.0-9]+|none", branch):
        amount, branch = branch, _EVERY_BRANCH  # `set --branch 20`
    scopes = _scopes(branch, commit, day)
    if len(scopes) != 1 or amount is None:
        raise UsageError("give an amount and one of --branch, --commit and --day", _EXAMPLE)
    change = BudgetChange(scopes[0], amount, _name(branch), _flag(how["block"]), _near(how["near"]))
    home = tokcost_home(os.environ)
    done = set_budget(home, worktree_here(Path.cwd()), change, verbose=_flag(how["verbose"]))
    screen.show(set_text(done.budget, change.branch, done.checked_out) + "\n")
    if done.trouble is None:
        return 0
    screen.tell(f"the budget is set, but git will not check it: {done.trouble}", done.trouble.hint)
    return done.trouble.exit_code


@command.command("unset", short_help="Remove a limit.")
@_branch
@_commit
@_day
def unset_command(branch: str | None, commit: bool, day: bool) -> int:
    """Remove budgets of this clone. The repository's recommendations apply again.

    \b
    Examples:
      tokcost budget unset --branch
      tokcost budget unset --branch feat/login --day
    """
    scopes = _scopes(branch, commit, day)
    if not scopes:
        raise UsageError(
            "no budget is named (--branch, --commit or --day)", "For example: tokcost budget unset --branch"
        )
    worktree = worktree_here(Path.cwd())
    for scope in scopes:
        name = _name(branch) if scope == "branch" else ""
        gone = unset_budget(worktree, scope, name)
        screen.show(unset_text(scope, name, gone) + "\n")
    return 0


@command.command("check", short_help="Check the budgets, for scripts.")
@click.option(
    "--hook", is_flag=True, help="For hook managers: prints nothing if all is well; exits with 1 only to stop a commit."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def check_command(hook: bool, as_json: bool) -> int:
    """Show the budgets and their use in one line. Exits with 0 if none is exceeded, 1 if one is, 3 if that is unknown.

    \b
    Examples:
      tokcost budget check
      tokcost budget check --hook
    """
    if hook and as_json:
        raise exclude_each_other("--hook", "--json")
    if hook:
        return _check_hook()
    status = check(tokcost_home(os.environ), os.environ, state_here(Path.cwd())).status
    screen.show(budget_json(status) if as_json else f"{check_line(status)}\n")
    broken = _problems(status.budget_problems)
    return 1 if state_of(status) == "over" else broken


def _check_hook() -> int:
    """Does what git's own hook does, for hooks started by another program. No error of ours may stop a commit."""
    unchecked = 0
    try:
        state = state_here(Path.cwd())
        # Asked before the check, so that the answer is there if the check fails.
        unchecked = int(stops_unchecked(state))
        checked = check_commit(tokcost_home(os.environ), os.environ, state)
        if checked is None:
            return 0
        for sentence, hint in said_at_commit(checked.status, checked.notes, is_verbose=checked.is_verbose):
            screen.tell(sentence, hint)
        return 1 if stopping(checked.status) else (0 if checked.is_current else unchecked)
    except Exception as problem:
        screen.tell(f"the budget was not checked ({problem or type(problem).__name__})", getattr(problem, "hint", ""))
        return unchecked


_EXAMPLE = "For example: tokcost budget set 20 --branch"


def _scopes(branch: str | None, commit: bool, day: bool) -> list[Scope]:
    asked: list[tuple[Scope, bool]] = [("branch", branch is not None), ("commit", commit), ("day", day)]
    return [scope for scope, wanted in asked if wanted]


def _name(branch: str | None) -> str:
    return "" if branch in (None, _EVERY_BRANCH) else str(branch)


def _flag(said: str | bool | None) -> bool | None:
    return None if said is None else bool(said)


def _near(said: str | bool | None) -> int | None:
    try:
        return None if said is None else parse_near(str(said))
    except ValueError as refusal:
        raise UsageError(f"--near: {refusal}", "Write a share of the budget, for example 80%.") from refusal


def _problems(problems: Sequence[str]) -> int:
    for problem in problems:
        screen.tell(problem, NOT_IN_FORCE)
    return EnvironmentProblem.exit_code if problems else 0
