"""`tokcost.budget`: sets or removes a limit on list cost.

`{uri, scope: branch | commit | day, amount, branch, block}` returns `{text, hooks_text}`. Without an `amount` the
budget is removed; `none` means no limit, even if the repository recommends one. Like `tokcost budget set`, it installs
the git hooks, so that commits are checked.
"""

from typing import Any

from tokcost.errors import UsageError
from tokcost.lsp.command_params import CommandParams, add_command, maybe_flag, text, worktree_for
from tokcost.lsp.server import TokcostServer
from tokcost.model.budget import SCOPES, BudgetChange, Scope
from tokcost.model.worktree import Worktree
from tokcost.reports.budget_table import set_text, unset_text
from tokcost.reports.text import escape
from tokcost.services.set_budget import set_budget, unset_budget


def register(server: TokcostServer) -> None:
    """Answer our command."""

    async def budget(params: CommandParams) -> Any:
        answer = await server.refresher.run(_budget, server, worktree_for(server, params), params)
        server.refresher.touch()
        return answer

    add_command(server, "budget", budget)


def _budget(server: TokcostServer, worktree: Worktree, params: CommandParams) -> dict[str, Any]:
    say = server.words
    scope: Scope | None = next((one for one in SCOPES if one == params.get("scope")), None)
    if scope is None:
        raise UsageError("no budget is named", "Pass `scope`: branch, commit or day.")
    branch, amount = text(params, "branch") or "", text(params, "amount")
    if branch and scope != "branch":
        raise UsageError(
            f"a {scope} budget does not belong to a branch", "Leave `branch` out, or pass `scope`: branch."
        )
    if amount is None:
        was_there = unset_budget(worktree, scope, branch)
        return {"text": unset_text(scope, branch, was_there, say), "hooks_text": ""}
    done = set_budget(server.refresher.home, worktree, BudgetChange(scope, amount, branch, maybe_flag(params, "block")))
    trouble = done.trouble.told.rstrip(".") if done.trouble else ""
    said = say("Git will not check it: {0}", escape(trouble)) if trouble else ""
    return {"text": set_text(done.budget, branch, done.checked_out, say), "hooks_text": said}
