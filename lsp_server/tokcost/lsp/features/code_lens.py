"""Shows above a commit message which usage the commit carries, or which pending usage it would carry."""

from lsprotocol import types

from tokcost.lsp.documents import comment_of, commit_message, worktree_of
from tokcost.lsp.server import TokcostServer, answered
from tokcost.model.commit_message import marks
from tokcost.model.trailer import Line
from tokcost.reports.editor import lens_text
from tokcost.services.explain_message import draft


def register(server: TokcostServer) -> None:
    """Answer requests for code lenses."""

    @server.feature(types.TEXT_DOCUMENT_CODE_LENS, types.CodeLensOptions(resolve_provider=False))
    @answered
    async def _(params: types.CodeLensParams) -> list[types.CodeLens]:
        uri = params.text_document.uri
        document = commit_message(server, uri)
        if document is None:
            return []
        lines = [mark.line for mark in marks(document.source, comment_of(document.source)) if mark.line]
        title = await server.refresher.read(_title, server, uri, lines)
        if title is None:
            return []
        command = types.Command(title, "tokcost.preview", arguments=[{"uri": uri, "show": True}])
        top = types.Position(0, 0)
        return [types.CodeLens(types.Range(top, top), command)]


def _title(server: TokcostServer, uri: str, lines: list[Line]) -> str | None:
    worktree = worktree_of(uri)
    if worktree is None:
        return None
    found = draft(server.refresher.home, worktree, lines)
    return lens_text(
        [known.worth for known in found.known.values()], found.pending, found.branch, server.words, found.estimated
    )
