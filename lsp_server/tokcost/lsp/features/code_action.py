"""Omits the line of this commit, restores it, or repairs a damaged one.

The editor never claims usage. Only git's hook knows what kind of commit is being made (an amend grows a claim, a squash
joins several, a rebase takes none), so only the hook claims; it notes what it claimed for exactly this commit. The
action can add exactly that: the same id, the same version, the same text. If the hook wrote nothing, there is no line
to add, and the action shows what would be written and why it is not.
"""

from collections.abc import Iterator

from lsprotocol import types

from tokcost.lsp.documents import changed_lines, comment_of, commit_message, proposed_lines
from tokcost.lsp.features.diagnostics import DAMAGED_CODE
from tokcost.lsp.server import TokcostServer, answered
from tokcost.model.commit_message import add_lines, drop_lines, marks
from tokcost.model.remains import remains, restored
from tokcost.model.trailer import Line


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
        proposed = await server.refresher.read(proposed_lines, server.refresher.home, uri)
        found = [
            *_fixes(server, params, document.source, proposed),
            *_choices(server, uri, document.source, proposed),
        ]
        return [one for one in found if _is_asked_for(params.context, one)]


def _is_asked_for(context: types.CodeActionContext, action: types.CodeAction) -> bool:
    kind = str(action.kind.value if isinstance(action.kind, types.CodeActionKind) else action.kind)
    wanted = [str(one.value if isinstance(one, types.CodeActionKind) else one) for one in context.only or [""]]
    # Kinds are a hierarchy: who asks for `source` wants `source.fixAll`, too (CodeActionKind in LSP 3.17).
    return any(one in ("", kind) or kind.startswith(f"{one}.") for one in wanted)


def _fixes(
    server: TokcostServer, params: types.CodeActionParams, text: str, proposed: tuple[Line, ...]
) -> Iterator[types.CodeAction]:
    """The actions that repair damaged lines; each names the warnings that it resolves."""
    uri, comment, say = params.text_document.uri, comment_of(text), server.words
    shown = [one for one in params.context.diagnostics if one.source == "tokcost" and one.code == DAMAGED_CODE]
    mine = remains(text, _missing(text, proposed), comment)
    for line in proposed:
        if mark := mine.get(line.id):
            about = [one for one in shown if one.range.start.line == mark.start]
            put_back = say("Put the damaged AI-Cost line back as it was")
            yield _fix(_edit(server, uri, put_back, (text, restored(text, line, mark))), about, is_preferred=True)
    hurt = {mark.start: mark for mark in (*mine.values(), *(one for one in marks(text, comment) if one.damaged))}
    for start, mark in sorted(hurt.items()):
        about = [one for one in shown if one.range.start.line == start]
        if about or (start <= params.range.end.line and mark.stop > params.range.start.line):
            lines = text.split("\n")
            without = "\n".join([*lines[:start], *lines[mark.stop :]])
            delete = say("Delete the damaged AI-Cost line")
            yield _fix(_edit(server, uri, delete, (text, without)), about, is_preferred=False)


def _missing(text: str, proposed: tuple[Line, ...]) -> list[Line]:
    present = {mark.line.id for mark in marks(text, comment_of(text)) if mark.line}
    return [line for line in proposed if line.id not in present]


def _choices(server: TokcostServer, uri: str, text: str, proposed: tuple[Line, ...]) -> list[types.CodeAction]:
    """The actions by which the owner decides about the line."""
    comment, say = comment_of(text), server.words
    missing = _missing(text, proposed)
    damaged = remains(text, missing, comment)
    gone = [line for line in missing if line.id not in damaged]
    found: list[types.CodeAction] = []
    if any(mark.line for mark in marks(text, comment)):
        leave_out = say("Leave the AI-Cost line out (its usage stays on this machine)")
        found.append(_edit(server, uri, leave_out, (text, drop_lines(text, comment))))
    if gone:
        put_back = say("Put the AI-Cost line of this commit back")
        found.append(_edit(server, uri, put_back, (text, add_lines(text, gone, comment))))
    if not found and not damaged:
        title = say("Show what an AI-Cost line would say")
        show = types.Command(title, "tokcost.preview", arguments=[{"uri": uri, "show": True}])
        found.append(types.CodeAction(title, kind=types.CodeActionKind.Source, command=show))
    return found


def _edit(server: TokcostServer, uri: str, title: str, texts: tuple[str, str]) -> types.CodeAction:
    """An action that turns the first text into the second."""
    edit = types.WorkspaceEdit(changes={uri: [changed_lines(server, *texts)]})
    return types.CodeAction(title, kind=types.CodeActionKind.Source, edit=edit)


def _fix(edit: types.CodeAction, about: list[types.Diagnostic], *, is_preferred: bool) -> types.CodeAction:
    edit.kind, edit.diagnostics, edit.is_preferred = types.CodeActionKind.QuickFix, about or None, is_preferred
    return edit
