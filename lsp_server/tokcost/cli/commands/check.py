"""`tokcost check`: budgets and rules, for scripts."""

import json
import os
from pathlib import Path

import click

from tokcost.cli import screen
from tokcost.reports.budgets import NOT_IN_FORCE, check_line, state_of
from tokcost.reports.json import status_object
from tokcost.reports.rules import rule_text
from tokcost.services.check_budget import check
from tokcost.services.look_at_clone import state_here
from tokcost.settings import tokcost_home


@click.command(short_help="Say which budgets and rules are broken, for scripts.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def command(as_json: bool) -> int:
    """Say where budgets stand and which rules have something to say about the branch that is checked out.

    Rules are [[rules]] in the repository's .tokcost.toml, and in config.toml beside the ledger for your own. They say
    something; no rule stops, publishes or runs anything. Exits with 0 when all is well, 1 when a budget is exceeded or
    a rule speaks, 3 when that cannot be known: usage has no known price, or a budget cannot be understood. Rules that
    cannot be understood are for `tokcost doctor` to name.

    \b
    Examples:
      tokcost check
      tokcost check --json | jq -r '.rules[]'
    """
    checked = check(tokcost_home(os.environ), os.environ, state_here(Path.cwd()))
    status = checked.status
    is_broken = state_of(status) == "over" or bool(status.rules)
    problems = status.budget_problems
    if as_json:
        said = {"schema": "tokcost.check/1", "is_broken": is_broken, "problems": list(problems)}
        status_said = status_object(status)
        rules = {name: status_said[name] for name in ("rules", "rules_unpriced")}
        screen.show(json.dumps(said | {"status": status_said} | rules) + "\n")
    else:
        screen.show(check_line(status) + "\n")
        for one in (*status.rules, *status.rules_unpriced):
            screen.show(f"rule {rule_text(one)}\n")
    for problem in problems:
        screen.tell(problem, NOT_IN_FORCE)
    for note in checked.notes:
        screen.tell(note)
    if problems or not checked.is_current:
        return 3
    is_unknown = state_of(status) == "unpriced" or bool(status.rules_unpriced)
    return 1 if is_broken else 3 if is_unknown else 0
