"""Completes the key of our line in a commit message, with the complete line if the hook has claimed one for this
commit."""

from lsprotocol import types

from tokcost.lsp.documents import commit_message, proposed_lines
from tokcost.lsp.server import TokcostServer, answered
from tokcost.model.trailer import KEY, format_line, read_message


def register(server: TokcostServer) -> None:
    """Answer requests for completion."""

    @server.feature(types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(trigger_characters=["A"]))
    @answered
    async def _(params: types.CompletionParams) -> list[types.CompletionItem]:
        uri = params.text_document.uri
        document = commit_message(server, uri)
        lines = document.source.split("\n") if document else []
        number = params.position.line
        if document is None or number >= len(lines):
            return []
        before = lines[number][: params.position.character]  # whatever the unit: our key is ASCII
        if not number or not KEY.lower().startswith(before.lower()):
            return []  # the first line is the subject
        place = types.Range(types.Position(number, 0), params.position)
        proposed = await server.refresher.read(proposed_lines, server.refresher.home, uri)
        present = {line.id for line in read_message(document.source).lines}
        missing = [line for line in proposed if line.id not in present]
        if missing:
            return [_item(format_line(line), server.words("the line of this commit"), place) for line in missing]
        by_hook = server.words(
            "Written by the commit hook when the commit is made; a line typed by hand is not counted."
        )
        return [_item(f"{KEY}: ", by_hook, place)]


def _item(text: str, about: str, place: types.Range) -> types.CompletionItem:
    return types.CompletionItem(
        KEY,
        kind=types.CompletionItemKind.Property,
        detail=about,
        filter_text=KEY,
        text_edit=types.TextEdit(place, text),
    )
