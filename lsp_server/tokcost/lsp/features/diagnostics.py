"""Diagnostics: a damaged `AI-Cost` line is a warning, a foreign one a hint."""

from itertools import islice

from lsprotocol import types

from tokcost.lsp.documents import comment_of, commit_message, proposed_lines, range_of
from tokcost.lsp.server import TokcostServer
from tokcost.model.commit_message import marks
from tokcost.model.remains import remains
from tokcost.model.trailer import Line
from tokcost.reports.editor import damaged_here_text, damaged_text, foreign_text

DAMAGED_CODE = "damaged"
_MOST = 100
"""Of one message; nobody reads more."""


def register(server: TokcostServer) -> None:
    """Publish diagnostics of commit messages when they are opened and changed, and clear them when they are closed."""
    carried: dict[str, list[str]] = {}
    """The lines in each message when its code lens was requested."""

    async def look(uri: str, *, is_new: bool) -> None:
        document = commit_message(server, uri)
        if document is None:
            return
        text, version = document.source, document.version
        tokens = [mark.line.token for mark in marks(text, comment_of(text)) if mark.line]
        if carried.get(uri) != tokens and not is_new:
            server.refresh_lenses()  # few editors ask again when a line was omitted or restored
        carried[uri] = tokens
        proposed = await server.refresher.read(proposed_lines, server.refresher.home, uri)
        now = commit_message(server, uri)
        # The user may have typed on meanwhile; then the next call has the newer text.
        if now is not None and now.version == version:
            found = _found(server, text, proposed)
            server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, found, version=version))

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    async def _(params: types.DidOpenTextDocumentParams) -> None:
        await look(params.text_document.uri, is_new=True)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    async def _(params: types.DidChangeTextDocumentParams) -> None:
        await look(params.text_document.uri, is_new=False)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def _(params: types.DidCloseTextDocumentParams) -> None:
        carried.pop(params.text_document.uri, None)
        server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(params.text_document.uri, []))


def _found(server: TokcostServer, text: str, proposed: tuple[Line, ...]) -> list[types.Diagnostic]:
    lines, comment, say = text.split("\n"), comment_of(text), server.words
    known = marks(text, comment)
    present = {mark.line.id for mark in known if mark.line}
    mine = remains(text, [line for line in proposed if line.id not in present], comment).values()
    told = {mark.start: (mark, damaged_here_text(say), True) for mark in mine}
    for mark in known:
        if mark.line is None and mark.start not in told:
            said = damaged_text(say) if mark.damaged else foreign_text(say)
            told[mark.start] = (mark, said, bool(mark.damaged))
    return [
        types.Diagnostic(
            range_of(server, lines, mark),
            said,
            severity=types.DiagnosticSeverity.Warning if is_damaged else types.DiagnosticSeverity.Hint,
            code=DAMAGED_CODE if is_damaged else "foreign",
            source="tokcost",
        )
        for _, (mark, said, is_damaged) in islice(sorted(told.items()), _MOST)
    ]
