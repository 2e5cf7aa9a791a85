"""Questions behind the pages of branches.

- `tokcost.branches` `{uri}`: `{branches}`, the names that usage can be assigned to, last used first
- `tokcost.commit` `{uri, commit}`: `{text}`, a commit as `git show` prints it
"""

from pathlib import Path
from typing import Any

from tokcost.lsp.command_params import CommandParams, add_command, text, worktree_for
from tokcost.lsp.server import TokcostServer
from tokcost.model.worktree import Worktree
from tokcost.services.make_branch_table import names_to_assign
from tokcost.services.show_commit import show_commit


def register(server: TokcostServer) -> None:
    """Answer our commands."""

    async def branches(params: CommandParams) -> Any:
        return await server.refresher.read(_branches, server.refresher.home, worktree_for(server, params))

    async def commit(params: CommandParams) -> Any:
        return await server.refresher.read(_commit, worktree_for(server, params), text(params, "commit") or "")

    add_command(server, "branches", branches)
    add_command(server, "commit", commit)


def _branches(home: Path, worktree: Worktree) -> dict[str, Any]:
    return {"branches": names_to_assign(home, worktree)}


def _commit(worktree: Worktree, commit: str) -> dict[str, Any]:
    return {"text": show_commit(worktree, commit)}
