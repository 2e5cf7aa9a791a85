"""A long import as the client's progress bar."""

import asyncio
from collections.abc import Callable
from typing import Any

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from tokcost.reports.words import Say

WORTH_TELLING = 8 << 20
"""Bytes to read: a smaller import is over before anybody could look."""
TOKEN = "tokcost-import"


class ImportProgress:
    """`$/progress`, if the client supports it. Never waits for the client's answer."""

    def __init__(self, server: LanguageServer, say: Callable[[], Say]) -> None:
        self._server, self._say = server, say
        self._number = 0
        self._begun = False
        self._asked: asyncio.Task[Any] | None = None

    def report(self, done: int, total: int) -> None:
        """Report that `done` of `total` bytes are read."""
        if total < WORTH_TELLING or not self._is_possible():
            return
        if self._asked is None:
            # LSP 3.17 allows one begin and one end for each created token.
            self._number += 1
            self._asked = asyncio.create_task(self._create(self._token))
            self._asked.add_done_callback(self._answered)
        elif self._begun:
            share = types.WorkDoneProgressReport(
                message=self._say()("{0} of {1} MB", done >> 20, total >> 20), percentage=done * 100 // total
            )
            self._server.work_done_progress.report(self._token, share)

    def end(self) -> None:
        """End the progress bar, because everything has been read."""
        if self._begun:
            self._server.work_done_progress.end(self._token, types.WorkDoneProgressEnd(message=self._say()("done")))
        if self._asked is not None:
            self._asked.cancel()
        self._asked, self._begun = None, False

    @property
    def _token(self) -> str:
        return f"{TOKEN}-{self._number}"

    async def _create(self, token: str) -> None:
        bars: Any = self._server.work_done_progress
        await bars.create_async(token)

    def _answered(self, asked: "asyncio.Task[Any]") -> None:
        # Without the client's consent to the token, nothing may be sent under it (LSP 3.17,
        # window/workDoneProgress/create).
        if not asked.cancelled() and asked.exception() is None and asked is self._asked:
            self._begun = True
            begin = types.WorkDoneProgressBegin(title=self._say()("tokcost: reading assistants' logs"), percentage=0)
            self._server.work_done_progress.begin(self._token, begin)

    def _is_possible(self) -> bool:
        window = self._server.client_capabilities.window
        return window is not None and bool(window.work_done_progress)
