"""`tokcost enable`: consent to cost lines in this clone."""

import os
from pathlib import Path

import click

from tokcost.cli import screen
from tokcost.errors import UsageError
from tokcost.model.claims import Precision, Terms
from tokcost.reports.hooks import installed_text, named_text, planned_text
from tokcost.reports.trailers import consent_text, shown_line
from tokcost.services.enable import allowed_terms, enable, hooks_to_install
from tokcost.services.look_at_clone import worktree_here
from tokcost.services.preview import Preview, preview
from tokcost.services.remember_clone import count_in_named
from tokcost.settings import tokcost_home


@click.command(short_help="Add a cost line to the commits of this clone.")
@click.option("--precision", type=click.Choice(["coarse", "exact"]), help="Rounded amounts (default), or exact ones.")
@click.option("--models/--no-models", default=None, help="Name the models in the line (default), or hide them.")
@click.option("--from-now", is_flag=True, help="Publish nothing that was spent before now.")
@click.option("--yes", is_flag=True, help="Agree without being asked; required without a terminal.")
def command(precision: Precision | None, models: bool | None, from_now: bool, yes: bool) -> int:
    """Add a cost line to the commits of this clone. Shows the next line before asking.

    This affects only this clone and only you: nobody else's commits change. `tokcost disable` switches it off again.

    \b
    Examples:
      tokcost enable
      tokcost enable --precision exact --no-models --yes
    """
    home, worktree = tokcost_home(os.environ), worktree_here(Path.cwd())
    terms = allowed_terms(home, worktree, precision, models)
    if (counts_in := count_in_named(home, worktree)) is not None:
        screen.show(named_text(worktree.path, worktree.git_dir, counts_in))
    hooks = planned_text(hooks_to_install(worktree))
    # Shown with --yes, too: nothing is written that was not shown before.
    screen.show(_shown(preview(home, os.environ, worktree, terms), terms, from_now, hooks))
    if not yes:
        if not screen.can_ask():
            raise UsageError(
                "standard input is not a terminal, so nobody can be asked", "Read the lines above, then add --yes."
            )
        if not click.confirm("Write such lines into the commits of this clone?", default=False):
            screen.show("Nothing was changed.\n")
            return 1
    done = enable(home, worktree, terms, from_now=from_now)
    missing = [(where.hook, where.path, where.lines, where.is_committed, where.refusal) for where in done.missing]
    if missing or done.said or done.waiting:
        screen.show(installed_text(done.said, done.waiting, missing) + "\n")
    screen.show(
        "Cost lines are on in this clone. To skip one commit: TOKCOST=off git commit. To switch them off: tokcost"
        " disable.\n"
    )
    return 0


def _shown(found: Preview, terms: Terms, from_now: bool, hooks: str) -> str:
    lines = [] if from_now else [shown_line(line, found.fresh) for line in found.lines]
    return consent_text(lines, found.pending, terms, hooks)
