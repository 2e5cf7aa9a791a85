"""A damaged `AI-Cost` line is a warning, somebody else's a hint."""

from itertools import islice

from lsprotocol import types

from tokcost.lsp.documents import comment_of, commit_message, range_of
from tokcost.lsp.server import TokcostServer
from tokcost.model.commit_message import marks
from tokcost.reports.editor import DAMAGED, FOREIGN

_MOST = 100
"""Of one message; nobody reads more."""


def register(server: TokcostServer) -> None:
    """Publish diagnostics of commit messages as they are opened and changed; none is left when one is closed."""

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def _(params: types.DidOpenTextDocumentParams) -> None:
        _publish(server, params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def _(params: types.DidChangeTextDocumentParams) -> None:
        _publish(server, params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def _(params: types.DidCloseTextDocumentParams) -> None:
        server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(params.text_document.uri, []))


def _publish(server: TokcostServer, uri: str) -> None:
    document = commit_message(server, uri)
    if document is None:
        return
    lines = document.source.split("\n")
    unread = (mark for mark in marks(document.source, comment_of(document.source)) if mark.line is None)
    found = [
        types.Diagnostic(
            range_of(server, lines, mark),
            DAMAGED if mark.damaged else FOREIGN,
            severity=types.DiagnosticSeverity.Warning if mark.damaged else types.DiagnosticSeverity.Hint,
            code="damaged" if mark.damaged else "foreign",
            source="tokcost",
        )
        for mark in islice(unread, _MOST)
    ]
    server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, found, version=document.version))
