"""`workspace/executeCommand`: each command takes one object, or nothing where one folder is open.

- `tokcost.preview` `{uri, precision, models, from_now, show, peek}`: `tokcost.preview/1`, `text` and `consent_text`
- `tokcost.enable` `{uri, precision, models, from_now, consent: true}`: `{enabled, text, hooks_complete, hooks_text}`
- `tokcost.disable` `{uri}`: `{enabled, text}`
- `tokcost.omit` `{uri, omit}`: `{omitted, text}`
- `tokcost.report` `{uri, branch, show}`: `{text, uri}`
- `tokcost.assign` `{uri, branch}` and the options of `tokcost assign`: `{usage, tokens, list_cost, amount, from}`
- `tokcost.refresh` `{}`: `{statuses: [tokcost/status, …]}`
"""

from pathlib import Path
from typing import Any

from lsprotocol import types

from tokcost.errors import UsageError
from tokcost.lsp.command_params import (
    CommandParams,
    add_command,
    flag,
    maybe_flag,
    moment,
    precision,
    text,
    worktree_for,
)
from tokcost.lsp.report import render, save
from tokcost.lsp.server import TokcostServer
from tokcost.model.claims import Terms
from tokcost.model.money import decimal_string
from tokcost.model.selection import Selection
from tokcost.model.worktree import Worktree
from tokcost.reports.amounts import marked
from tokcost.reports.hooks import installed_text, planned_text
from tokcost.reports.text import escape
from tokcost.reports.trailers import ahead_text, consent_text, preview_object, shown_line
from tokcost.reports.words import Say
from tokcost.services.assign import assign
from tokcost.services.enable import allowed_terms, disable, enable, hooks_to_install
from tokcost.services.look_at_clone import consent_in
from tokcost.services.omit_line import keep_line, omit_line
from tokcost.services.preview import preview
from tokcost.services.refresh import refresh


def register(server: TokcostServer) -> None:
    """Answer our commands."""
    commands = _Commands(server)
    for name in ("preview", "enable", "disable", "omit", "report", "assign", "refresh"):
        add_command(server, name, getattr(commands, name))


class _Commands:
    def __init__(self, server: TokcostServer) -> None:
        self._server, self._refresher = server, server.refresher
        self._agreed_to: dict[str, Terms] = {}
        """The terms last shown to the user of each clone: nobody can agree to anything else."""

    async def preview(self, params: CommandParams) -> Any:
        """Show what the next commit would carry, and the text to be read before agreeing."""
        worktree = worktree_for(self._server, params)
        found = await self._refresher.run(_preview, self._server, worktree, params)
        # A peek is shown to nobody, so nobody can agree to it.
        if not flag(params, "peek"):
            self._agreed_to[worktree.common_dir] = Terms(found["precision"], found["models"], found["estimates"])
        if flag(params, "show"):
            self._show(found["text"])
        return found

    async def enable(self, params: CommandParams) -> Any:
        """Enable cost lines, for a user who has read what that means."""
        worktree = worktree_for(self._server, params)
        terms = allowed_terms(self._refresher.home, worktree, precision(params), maybe_flag(params, "models"))
        if self._agreed_to.get(worktree.common_dir) != terms:
            raise UsageError(
                "nothing was shown yet", "Show `consent_text` of tokcost.preview with the same terms first."
            )
        if params.get("consent") is not True:
            raise UsageError("nobody has agreed", "Pass `consent: true` once the user has read the text and agreed.")
        hooks = await self._refresher.run(_enable, self._server, worktree, terms, flag(params, "from_now"))
        self._refresher.touch()
        return {"enabled": True, "text": self._server.words("Cost lines are on in this clone."), **hooks}

    async def disable(self, params: CommandParams) -> Any:
        """Disable cost lines."""
        before = await self._refresher.run(disable, self._refresher.home, worktree_for(self._server, params))
        self._refresher.touch()
        say = self._server.words
        said = say("Cost lines are off in this clone.") if before.decided else say("Cost lines were never on here.")
        return {"enabled": False, "text": said}

    async def omit(self, params: CommandParams) -> Any:
        """Omit the line of the next commit of this worktree, or restore it."""
        worktree, omitted = worktree_for(self._server, params), maybe_flag(params, "omit") is not False
        if omitted:
            await self._refresher.run(omit_line, self._refresher.home, worktree)
        else:
            await self._refresher.run(keep_line, worktree)
        self._refresher.touch()
        return {"omitted": omitted, "text": _omitted_text(self._server.words, omitted=omitted)}

    async def report(self, params: CommandParams) -> Any:
        """Return the output of `tokcost log` as a text file that the client can open."""
        worktree = worktree_for(self._server, params)
        shown = await self._refresher.read(render, self._refresher.home, worktree.path, text(params, "branch"))
        uri = await self._refresher.read(save, self._refresher.home, worktree.root, shown)
        window = self._server.client_capabilities.window
        able = window is not None and window.show_document is not None and window.show_document.support
        if able and flag(params, "show"):
            self._server.window_show_document(types.ShowDocumentParams(uri, take_focus=True))
        return {"text": shown, "uri": uri}

    async def assign(self, params: CommandParams) -> Any:
        """Assign usage to the branch it belongs to."""
        worktree, branch = worktree_for(self._server, params), text(params, "branch")
        if not branch:
            raise UsageError("no branch is named", "Pass `branch`.")
        moved = await self._refresher.run(_assign, self._server, worktree, branch, params)
        self._refresher.touch()
        return {
            "usage": moved.usage,
            "tokens": moved.tokens,
            "list_cost": decimal_string(moved.list_cost),
            "amount": marked(moved.list_cost, moved.marks, "list"),
            "from": list(moved.from_branches),
        }

    async def refresh(self, _params: CommandParams) -> Any:
        """Refresh now."""
        return {"statuses": await self._refresher.refresh_now()}

    def _show(self, text: str) -> None:
        """Show a document, only if the user asked for it by a click, in a client that ignores the answer."""
        self._server.window_show_message(types.ShowMessageParams(types.MessageType.Info, text))


def _omitted_text(say: Say, *, omitted: bool) -> str:
    if not omitted:
        return say("The next commit here carries its cost line again.")
    return say(
        "The next commit here carries no cost line. You can undo that until you commit; then the usage of that line"
        " stays on this machine for good, and no later commit offers it."
    )


def _preview(server: TokcostServer, worktree: Worktree, params: CommandParams) -> dict[str, Any]:
    refresher, consent = server.refresher, consent_in(server.refresher.home, worktree)
    terms = allowed_terms(refresher.home, worktree, precision(params), maybe_flag(params, "models"))
    found = preview(refresher.home, refresher.environ, worktree, terms)
    lines = [shown_line(line, found.fresh) for line in found.lines]
    say = server.words
    said = ahead_text(found.branch, lines, found.pending, found.estimated, say)
    if lines and not consent.enabled:
        said += f"\n{say('not written: {0}', escape(consent.told) or say('cost lines are off in this clone'))}"
    shown = preview_object(found.branch, lines, (found.pending, found.estimated), terms, consent.enabled, consent.told)
    hooks = [] if flag(params, "peek") or consent.enabled else hooks_to_install(worktree)
    agreed = [] if flag(params, "from_now") else lines
    asked = consent_text(agreed, found.pending, terms, planned_text(hooks, say), say)
    return {**shown, "text": said, "consent_text": asked}


def _enable(server: TokcostServer, worktree: Worktree, terms: Terms, from_now: bool) -> dict[str, Any]:
    """Enable cost lines, and describe what was installed and what the user has to do if other hooks are in the way."""
    done = enable(server.refresher.home, worktree, terms, from_now=from_now)
    missing = [(where.hook, where.path, where.lines, where.is_committed, where.refusal) for where in done.missing]
    return {"hooks_complete": not missing, "hooks_text": installed_text(done.said, done.waiting, missing)}


def _assign(server: TokcostServer, worktree: Worktree, branch: str, params: CommandParams) -> Any:
    refresher = server.refresher
    refresh(refresher.home, refresher.environ)
    source = "" if flag(params, "unplaced") else text(params, "from")
    chosen = Selection(source, text(params, "session"), text(params, "directory"))
    if (since := text(params, "since")) is not None:
        chosen = chosen._replace(since_ms=moment(since))
    if (until := text(params, "until")) is not None:
        chosen = chosen._replace(until_ms=moment(until))
    return assign(refresher.home, Path(worktree.path), branch, chosen, dry_run=flag(params, "dry_run"))
