"""`tokcost preview`: the lines that the next commit would carry."""

import json
import os
from pathlib import Path

import click

from tokcost.cli import screen
from tokcost.model.claims import Consent
from tokcost.model.worktree import Worktree
from tokcost.reports.text import escape
from tokcost.reports.trailers import estimated_text, pending_text, preview_object, shown_line, terms_text
from tokcost.services.check_environment import check_switches
from tokcost.services.look_at_clone import consent_in, worktree_here
from tokcost.services.omit_line import is_line_omitted
from tokcost.services.preview import Preview, preview
from tokcost.settings import is_switched_off, tokcost_home


@click.command(short_help="Show the lines that a commit made now would carry.")
@click.option("--json", "as_json", is_flag=True, help="JSON with a stable schema.")
def command(as_json: bool) -> int:
    """Show the lines that a commit made now would carry. Writes nothing.

    \b
    Examples:
      tokcost preview
      tokcost preview --json | jq -r '.lines[]'
    """
    home, worktree = tokcost_home(os.environ), worktree_here(Path.cwd())
    consent = consent_in(home, worktree)
    found = preview(home, os.environ, worktree, consent.terms)
    why = _why_not(worktree, consent)
    screen.show(_json(found, consent, why) if as_json else _text(found, consent, why))
    return 0


def _text(found: Preview, consent: Consent, why: str) -> str:
    if found.branch is None:
        return "HEAD is detached: a commit made now carries no line, and usage waits for a branch.\n"
    if not found.lines:
        said = f"Nothing is pending on {escape(found.branch)}: a commit made now carries no line.\n"
        if estimated := estimated_text(found.estimated):
            said = f"A commit made now on {escape(found.branch)} carries no line.\n  {estimated}\n"
        return said
    lines = "".join(f"{shown_line(line, found.fresh)}\n" for line in found.lines)
    said = [f"pending on {escape(found.branch)}: {pending_text(found.pending)}", f"terms: {terms_text(consent.terms)}"]
    if estimated := estimated_text(found.estimated):
        said.append(estimated)
    if why or not consent.enabled:
        off = "cost lines are off in this clone; `tokcost enable` switches them on"
        said.insert(0, f"not written: {why or off}")
    return lines + "".join(f"  {one}\n" for one in said)


def _why_not(worktree: Worktree, consent: Consent) -> str:
    """The reason why a commit made now would carry no line although lines are on; empty if there is none."""
    if not consent.enabled:
        return consent.told
    if is_switched_off(os.environ):
        return " ".join(f"{check.found}. {check.hint}" for check in check_switches(os.environ))
    return _OMITTED if is_line_omitted(worktree) else ""


_OMITTED = "an editor has asked for one commit without a line, and its spend is never proposed again"


def _json(found: Preview, consent: Consent, why: str) -> str:
    lines = [shown_line(line, found.fresh) for line in found.lines]
    enabled = consent.enabled and not why
    shown = preview_object(found.branch, lines, (found.pending, found.estimated), consent.terms, enabled, why)
    return f"{json.dumps(shown)}\n"
