"""Hover on an `AI-Cost` line in a commit message: its contents, and the exact usage behind it if it is ours."""

from lsprotocol import types

from tokcost.lsp.documents import comment_of, commit_message, range_of, worktree_of
from tokcost.lsp.server import TokcostServer, answered
from tokcost.model.commit_message import Mark, marks
from tokcost.reports.editor import damaged_text, foreign_text, line_meaning
from tokcost.reports.markdown import safe
from tokcost.services.explain_message import draft


def register(server: TokcostServer) -> None:
    """Answer hovers."""

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    @answered
    async def _(params: types.HoverParams) -> types.Hover | None:
        document = commit_message(server, params.text_document.uri)
        if document is None:
            return None
        for mark in marks(document.source, comment_of(document.source)):
            if mark.start <= params.position.line < mark.stop:
                said = await server.refresher.read(_said, server, params.text_document.uri, mark)
                return types.Hover(_content(server, said), range_of(server, document.source.split("\n"), mark))
        return None


def _said(server: TokcostServer, uri: str, mark: Mark) -> list[str]:
    if mark.line is None:
        return [damaged_text(server.words) if mark.damaged else foreign_text(server.words)]
    worktree = worktree_of(uri)
    known = draft(server.refresher.home, worktree, [mark.line]).known.get(mark.line.token) if worktree else None
    if known is None:
        return line_meaning(mark.line, None, 0, False, server.words)
    edited = known.said is not None and known.said._replace(classes=None) != mark.line._replace(classes=None)
    return line_meaning(mark.line, known.worth, known.newest, edited, server.words)


def _content(server: TokcostServer, said: list[str]) -> types.MarkupContent:
    document = server.client_capabilities.text_document
    hover = document.hover if document else None
    if hover and hover.content_format and types.MarkupKind.Markdown in hover.content_format:
        return types.MarkupContent(types.MarkupKind.Markdown, "\n\n".join(["**AI-Cost**", *map(safe, said)]))
    return types.MarkupContent(types.MarkupKind.PlainText, "\n".join(said))
