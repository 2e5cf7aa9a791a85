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


@click.command(short_help="Show which budgets and rules are exceeded, for scripts.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def command(as_json: bool) -> int:
    """Show the budgets and rules of the branch that is checked out, and which of them are exceeded.

    Rules are [[rules]] tables in the repository's .tokcost.toml, and your own in config.toml beside the ledger. A rule
    only prints a message: it stops, publishes and runs nothing. Exits with 0 if all is well, 1 if a budget or a rule is
    exceeded, 3 if that is unknown: usage has no known price, or a budget cannot be parsed. `tokcost doctor` names rules
    that cannot be parsed.

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
    # What is known to be exceeded stays so, whatever the unpriced rest would add.
    return 1 if is_broken else 3 if is_unknown else 0
