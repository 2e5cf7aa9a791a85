"""The language of the client, from its `initialize` request."""

from lsprotocol import types

from tokcost.lsp.server import TokcostServer
from tokcost.lsp.words import SHIPPED, TRIED, words_for


def register(server: TokcostServer) -> None:
    """Use it for all texts from the beginning."""

    @server.feature(types.INITIALIZE)
    def _(params: types.InitializeParams) -> None:
        server.words, problem = words_for(params.locale, (server.refresher.home / TRIED, SHIPPED))
        if problem:
            server.say(problem, types.MessageType.Warning)
