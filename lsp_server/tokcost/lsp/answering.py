"""Answers requests of hooks and of `tokcost status` in the language server: a warm process needs a few milliseconds for
their work.

A thread accepts connections. The refresher's own thread, which writes to the ledger, does the work, so hooks and
imports of this server never meet. While that thread is busy for longer than a client should wait, clients are told so
and do the work themselves.
"""

import os
import stat
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from tokcost.errors import TokcostError
from tokcost.files.private import PRIVATE_FOLDER, check_private, is_ours
from tokcost.local_server import (
    BEGUN,
    BUSY,
    CLIENTS,
    DONE,
    FOLDER,
    GREETING,
    MOST_BYTES,
    NAME_BYTES,
    PROMISED,
    REFUSED,
    REQUEST,
    SAID,
    SEND_SECONDS,
    NotUnderstood,
    ServerRequest,
    first_frame,
    framed,
    identity,
    is_closed,
    is_name_of_pipe,
    open_pipe,
    pipes_of,
    read_some,
    remove_pipe,
    require_private,
    unpacked_request,
    write_all,
)
from tokcost.services import work_for_others

_LOCK = "server.lock"
"""Held by the server that listens, as long as it lives: with several editors, another server takes over then."""
_AGAIN_SECONDS = 2.0
_DIGITS = frozenset(b"0123456789abcdef")


class Worker(Protocol):
    """The part of the server that does the work."""

    @property
    def is_busy(self) -> bool:
        """Whether it will be busy for longer than a hook should wait."""
        ...

    def give(self, work: Callable[..., None], *args: object) -> None:
        """Have something done by the thread that writes to the ledger, after its present work."""
        ...

    def touch(self) -> None:
        """Have the figures refreshed: something may have changed."""
        ...


class Answering:
    """Serves the clients of one ledger, once the folder exists and no other server does."""

    def __init__(self, home: Path, environ: Mapping[str, str], worker: Worker, say: Callable[[str], None]) -> None:
        self._home, self._environ = home, environ
        self._worker, self._say = worker, say
        self._ended = threading.Event()
        self._folder = os.path.join(home, FOLDER)
        self._clients = os.path.join(self._folder, CLIENTS)
        self._kept_open = -1
        """The end of the pipe that clients write to: while it is open here too, the pipe never reports its end."""

    def start(self) -> None:
        """Begin, in a separate thread; does nothing if the system has no named pipes."""
        if hasattr(os, "mkfifo"):
            threading.Thread(target=self._serve, name="tokcost-hooks", daemon=True).start()

    def stop(self) -> None:
        """Accept no more clients, and remove the pipe."""
        self._ended.set()
        # The pipe goes first, so that no client announces itself to a thread that is about to end.
        if self._kept_open >= 0:
            with suppress(OSError):
                remove_pipe(self._clients)
            with suppress(OSError):
                os.write(self._kept_open, b"\n")  # wakes the listening thread

    def _serve(self) -> None:
        """Wait until this server is the serving one, then accept clients until the end."""
        while not self._ended.is_set():
            with suppress(OSError, TokcostError):
                lock = self._lock()
                if lock is not None:
                    try:
                        self._listen()
                    finally:
                        os.close(lock)
            self._ended.wait(_AGAIN_SECONDS)

    def _lock(self) -> int | None:
        """The lock of the pipe, if no other server holds it. Raises `OSError`, and `EnvironmentProblem` for a folder
        that others may access."""
        import fcntl

        check_private(str(self._home))
        status = os.stat(self._home)
        if not is_ours(status) or stat.S_IMODE(status.st_mode) & 0o077:
            return None
        number = os.open(self._home / _LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(number)
            return None
        return number

    def _listen(self) -> None:
        """Create and open the pipe. Raises `OSError`."""
        with suppress(FileExistsError):
            os.mkdir(self._folder, PRIVATE_FOLDER)
        require_private(self._folder)
        for name in os.listdir(self._folder):  # pipes of a killed server and its clients: the lock is ours
            if is_name_of_pipe(name):
                remove_pipe(os.path.join(self._folder, name))
        os.mkfifo(self._clients, 0o600)
        clients = open_pipe(self._clients, os.O_RDONLY)
        try:
            self._kept_open = open_pipe(self._clients, os.O_WRONLY)
            # It was opened without waiting for a client; from now on, each read waits for one.
            os.set_blocking(clients, True)
            self._accept(clients)
        finally:
            kept_open, self._kept_open = self._kept_open, -1
            with suppress(OSError):  # if the end was requested before the pipe existed, nobody has removed it
                remove_pipe(self._clients)
            for number in (clients, kept_open):
                if number >= 0:
                    os.close(number)

    def _accept(self, clients: int) -> None:
        """Accept clients by the names of their pipes, until the end. Raises `OSError`."""
        rest = b""
        while not self._ended.is_set():
            *names, rest = (rest + os.read(clients, 4096)).split(b"\n")
            # Bytes without a line end must not pile up.
            rest = rest[-NAME_BYTES:]
            for name in names:
                if len(name) == NAME_BYTES and _DIGITS.issuperset(name):
                    self._receive(name.decode())

    def _receive(self, name: str) -> None:
        try:
            require_private(self._folder)
            client = PipeClient(self._folder, name)
        except OSError:  # others may access it, the client has left, or too many files are open
            return
        if self._worker.is_busy:
            client.send(BUSY)
            client.close()
            return
        try:
            self._worker.give(self._answer, client)
        except RuntimeError:  # the server is ending
            client.close()

    def _answer(self, client: "PipeClient") -> None:
        """Greet a client, receive its request and handle it, in the writing thread."""
        try:
            here = (identity(str(self._home), self._environ), str(os.getpid()), str(threading.get_native_id()))
            if not client.send(GREETING, os.fsencode("\0".join(here))):
                return
            request = client.request()
            if request is not None:
                work_for_others.work_for(request.environ, lambda: self._work(client, request))
                self._worker.touch()
        except NotUnderstood as problem:
            client.send(REFUSED, f"not understood: {problem}".encode())
            self._say("a request of a hook or prompt was not understood")
        except OSError:
            pass
        finally:
            client.close()

    def _work(self, client: "PipeClient", request: ServerRequest) -> None:
        # A reader of another package may be there, which would find usage that this server misses.
        if any(folder not in sys.path for folder in request.folders):
            client.send(REFUSED, b"it knows other packages")
        elif request.kind == "hook" and request.arguments:
            self._hook(client, request)
        elif request.kind == "status":
            self._status(client, request)
        elif request.kind == "guard" and len(request.arguments) > 1:
            self._guard(client, request)
        else:
            raise NotUnderstood("unknown kind of request")

    def _hook(self, client: "PipeClient", request: ServerRequest) -> None:
        from tokcost_hooks.console import as_told
        from tokcost_hooks.work import Call, work

        def tell(sentence: str, hint: str) -> None:
            client.send(SAID, as_told(sentence, hint))

        if not client.send(BEGUN):
            return
        name, *arguments = request.arguments
        asked = (name, arguments, request.directory, request.environ, self._home, request.data)
        client.send(DONE, bytes([work(Call(*asked, tell, client.is_there, client.promise))]))

    def _status(self, client: "PipeClient", request: ServerRequest) -> None:
        """The answer to `tokcost status` if it is one line: on any error, the client does the work and reports the
        error itself."""
        from tokcost.reports.status import status_line
        from tokcost.services.read_status import fresh_status

        try:
            fresh = "--no-refresh" not in request.arguments
            status = fresh_status(self._home, request.environ, Path(request.directory), fresh=fresh)
        except TokcostError:
            client.send(REFUSED, b"there is a problem")
            return
        if client.send(BEGUN):
            client.tell(f"{status_line(status)}\n")
            client.send(DONE, b"\0")

    def _guard(self, client: "PipeClient", request: ServerRequest) -> None:
        """The answer for an assistant's hook."""
        from tokcost.services.answer_guard import answer

        asked = (request.environ, Path(request.directory), tuple(request.arguments))
        text = answer(self._home, *asked, lambda late: client.send(PROMISED, late.encode("utf-8", "backslashreplace")))
        if client.send(BEGUN):
            client.tell(text)
            client.send(DONE, b"\0")


class PipeClient:
    """A client, by its pipes. It may vanish at any moment, which is no error."""

    def __init__(self, folder: str, name: str) -> None:
        """Raises `OSError`, which is `PermissionError` if others may access its pipes."""
        self._paths = pipes_of(folder, name)
        ask, say = self._paths
        # A client reads from here before it sends its name. One that has left makes this fail with ENXIO (fifo(7)).
        self._says = open_pipe(say, os.O_WRONLY)
        try:
            self._asks = open_pipe(ask, os.O_RDONLY)
        except OSError:
            os.close(self._says)
            raise

    def send(self, letter: bytes, data: bytes = b"") -> bool:
        """Send a frame; returns whether the client could receive it."""
        try:
            write_all(self._says, framed(letter, data[:MOST_BYTES]), SEND_SECONDS)
        except OSError:
            return False
        return True

    def tell(self, text: str) -> None:
        """Send a text for the person or program that waits for the client."""
        self.send(SAID, text.encode("utf-8", "backslashreplace"))

    def promise(self, code: int) -> None:
        """Promise an exit code in case the work does not finish."""
        self.send(PROMISED, bytes([code]))

    def request(self) -> ServerRequest | None:
        """The request of the client; `None` if it has left, or takes too long. Raises `NotUnderstood`."""
        read = bytearray()
        while (found := first_frame(bytes(read))) is None:
            try:
                data = read_some(self._asks, SEND_SECONDS)
            except OSError:
                return None
            if not data:
                return None
            read += data
        if found[0] != REQUEST:
            raise NotUnderstood("it has an unknown beginning")
        return unpacked_request(found[1])

    def is_there(self) -> bool:
        """Whether the client still waits."""
        return not is_closed(self._asks)

    def close(self) -> None:
        """Close the connection."""
        for number in (self._asks, self._says):
            os.close(number)
        for path in self._paths:  # the client may have been killed
            with suppress(OSError):
                remove_pipe(path)


def warm() -> Any:
    """Import what hooks need, before the first request."""
    from tokcost_hooks import prepare_commit_msg, work

    return work_for_others.load(), prepare_commit_msg, work
