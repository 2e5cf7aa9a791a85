"""Leave the line of this commit out, or put it back.

The editor claims nothing. Only git's hook knows what kind of commit is being made (an amend raises a claim, a squash
joins some, a rebase takes none), so only the hook claims; it notes what it claimed for exactly this commit. What can be
added here is that: the same id, the same version, the same words. Where the hook wrote nothing there is no line to add,
and the action shows what would be written and why it is not.
"""

from lsprotocol import types

from tokcost.lsp.documents import changed_lines, comment_of, commit_message, worktree_of
from tokcost.lsp.server import TokcostServer, answered
from tokcost.model.commit_message import add_lines, drop_lines, marks
from tokcost.model.trailer import Line
from tokcost.services.explain_message import draft

LEAVE_OUT = "Leave the AI-Cost line out (what it stands for stays on this machine)"
PUT_BACK = "Put the AI-Cost line of this commit back"
SHOW = "Show what an AI-Cost line would say"


def register(server: TokcostServer) -> None:
    """Answer requests for code actions."""
    kinds = [types.CodeActionKind.QuickFix, types.CodeActionKind.Source]

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(code_action_kinds=kinds))
    @answered
    async def _(params: types.CodeActionParams) -> list[types.CodeAction]:
        uri = params.text_document.uri
        document = commit_message(server, uri)
        if document is None:
            return []
        text, comment = document.source, comment_of(document.source)
        proposed = await server.refresher.read(_proposed, server, uri)
        present = {mark.line.id for mark in marks(text, comment) if mark.line}
        missing = [line for line in proposed if line.id not in present]
        actions: list[types.CodeAction] = []
        if present:
            actions.append(_edit(uri, LEAVE_OUT, text, drop_lines(text, comment)))
        if missing:
            actions.append(_edit(uri, PUT_BACK, text, add_lines(text, missing, comment)))
        if not actions:
            show = types.Command(SHOW, "tokcost.preview", arguments=[{"uri": uri, "show": True}])
            actions.append(types.CodeAction(SHOW, kind=types.CodeActionKind.Source, command=show))
        return actions


def _proposed(server: TokcostServer, uri: str) -> tuple[Line, ...]:
    worktree = worktree_of(uri)
    return draft(server.refresher.home, worktree, []).proposed if worktree else ()


def _edit(uri: str, title: str, before: str, after: str) -> types.CodeAction:
    edit = types.WorkspaceEdit(changes={uri: [changed_lines(before, after)]})
    return types.CodeAction(title, kind=types.CodeActionKind.Source, edit=edit)
