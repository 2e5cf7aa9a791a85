"""The server itself: its capabilities, its start, and all the ways in which it ends."""

import asyncio
import logging
import os
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import wraps
from importlib import import_module
from pathlib import Path
from threading import Event
from typing import Any

from lsprotocol import types
from pygls.exceptions import FeatureRequestError, JsonRpcException
from pygls.io_ import run_async
from pygls.lsp.server import LanguageServer

from tokcost import __version__
from tokcost.errors import TokcostError
from tokcost.lsp.documents import commit_message
from tokcost.lsp.progress import ImportProgress
from tokcost.lsp.protocol import STATUS, Protocol
from tokcost.lsp.refresher import Refresher
from tokcost.lsp.stdio import Reader, Writer, take_streams, when_gone
from tokcost.reports.text import escape
from tokcost.reports.words import Say, english

FEATURES = (
    *("language", "status", "commands", "branches", "budget", "doctor"),
    *("diagnostics", "hover", "code_lens", "code_action", "completion"),
)
END_SECONDS = 5.0
"""Seconds that the event loop has to end after its client."""
REQUEST_FAILED = -32803
"""LSP's error code for a request that was understood and refused."""


class TokcostServer(LanguageServer):
    """pygls's server, with our figures and nothing else."""

    def __init__(self, home: Path, environ: Mapping[str, str]) -> None:
        super().__init__(  # pyright: ignore[reportUnknownMemberType]
            "tokcost", __version__, protocol_cls=Protocol
        )
        self.words: Say = english
        """Provides texts for the user, in their language; logs and error answers are in English."""
        self.refresher = Refresher(home, environ, self)
        self._import = ImportProgress(self, lambda: self.words)
        self.client_gone = asyncio.Event()
        self._not_understood: set[str] = set()
        for name in FEATURES:
            import_module(f"tokcost.lsp.features.{name}").register(self)

    def watch_client(self) -> None:
        """End with the client, from now on: it has named its process."""
        loop = asyncio.get_running_loop()

        def end() -> None:
            with suppress(RuntimeError):  # the loop has ended by itself
                loop.call_soon_threadsafe(self.client_gone.set)
            time.sleep(END_SECONDS)
            _end_children()
            os._exit(1)  # the loop writes to a pipe that somebody else keeps open and nobody reads

        when_gone(self.process_id, end)

    def show_status(self, params: dict[str, Any]) -> None:
        """Send the figures of a folder; clients without our extension ignore them."""
        self.protocol.notify(STATUS, params)
        if any(commit_message(self, one.uri) for one in self.workspace.text_documents.values()):
            self.refresh_lenses()

    def refresh_lenses(self) -> None:
        """Have the client request code lenses again, if it supports that."""
        workspace = self.client_capabilities.workspace
        lenses = workspace.code_lens if workspace else None
        if lenses is not None and lenses.refresh_support:
            self.workspace_code_lens_refresh(None)

    def say(self, message: str, kind: types.MessageType = types.MessageType.Info) -> None:
        """Write a sentence to the client's log, never anything of a conversation."""
        said = escape(message)
        self.window_log_message(types.LogMessageParams(kind, said))
        _log(said)

    def show(self, message: str) -> None:
        """Have the client show a sentence at once, never anything of a conversation."""
        self.window_show_message(types.ShowMessageParams(types.MessageType.Warning, f"tokcost: {message}"))
        _log(message)

    def show_progress(self, done: int, total: int) -> None:
        """Report that `done` of the `total` bytes of an import are read."""
        self._import.report(done, total)

    def end_progress(self) -> None:
        """End the progress bar, because the import is over."""
        self._import.end()

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Write the kind of an error to the log, once, since the client may cause it at every keystroke. Its text is
        not shown, because it can contain anything; a request gets an answer."""
        kind = type(error).__name__
        if source is not FeatureRequestError and kind not in self._not_understood:
            self._not_understood.add(kind)
            self.say(f"a message was not understood ({kind})", types.MessageType.Warning)


def answered(handler: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """A handler whose errors become answers: ours as they are, others as the place where they occurred."""

    @wraps(handler)
    async def guarded(*arguments: Any) -> Any:
        try:
            return await handler(*arguments)
        except TokcostError as problem:
            raise JsonRpcException(escape(problem.told.rstrip(".")), REQUEST_FAILED) from problem
        except JsonRpcException:
            raise
        except Exception as crash:
            raise JsonRpcException(_bug(crash), REQUEST_FAILED) from crash

    return guarded


def run(home: Path, environ: Mapping[str, str]) -> None:
    """Serve one client on standard input and output; ends the process."""
    reading, writing = take_streams()
    for name in ("pygls", "asyncio", "lsprotocol", "watchfiles"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)  # they quote messages
    code = 1
    try:
        server = TokcostServer(home, environ)
        code = asyncio.run(
            _serve(server, Reader(reading, server.refresher.room), Writer(writing, server.client_gone.set))
        )
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except KeyboardInterrupt:
        pass
    except Exception as crash:
        _log(_bug(crash))
    finally:
        _end_children()
        # A thread may still wait for a line of the client, or import: neither must keep the process alive.
        os._exit(code)


async def _serve(server: TokcostServer, reader: Reader, writer: Writer) -> int:
    asyncio.get_running_loop().set_exception_handler(lambda _, context: _report(server, context))
    server.protocol.set_writer(writer)  # pyright: ignore[reportArgumentType] (pygls needs `write` and `close` alone)
    reads = asyncio.create_task(
        run_async(
            stop_event=Event(),
            reader=reader,  # pyright: ignore[reportArgumentType]
            protocol=server.protocol,
            logger=logging.getLogger("pygls"),
            error_handler=server.report_server_error,
        )
    )
    gone = asyncio.create_task(server.client_gone.wait())
    await asyncio.wait({reads, gone}, return_when=asyncio.FIRST_COMPLETED)
    server.refresher.stop()
    return 1  # the client vanished without a message


def _report(server: TokcostServer, context: dict[str, Any]) -> None:
    crash = context.get("exception")
    server.say(f"this is a bug: {type(crash).__name__ if crash else 'an error'} in the background")


def _log(message: str) -> None:
    with suppress(OSError, ValueError):  # nobody may listen
        print(f"tokcost: {message}", file=sys.stderr, flush=True)  # noqa: T201 (standard error is the server's log)


def _bug(crash: BaseException) -> str:
    """The type of an error and its place in the code, without its text, which can quote the data being read."""
    import traceback

    frames = traceback.extract_tb(crash.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "no frame"
    return f"this is a bug: {type(crash).__name__} in {place}"


def _end_children() -> None:
    """End the readers of a large import, if one is running."""
    if "multiprocessing" in sys.modules:
        from multiprocessing import active_children

        for child in active_children():
            child.terminate()
