"""The same server for hooks and `tokcost status`: what they do takes a few milliseconds in a process that is warm.

A thread takes connections; the refresher's own thread, the one that writes, does the work, so hooks and imports of this
server never meet. While it is busy for longer than somebody should wait, clients hear so and help themselves.
"""

import os
import stat
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tokcost.errors import TokcostError
from tokcost.local_server import (
    BEGUN,
    BUSY,
    DONE,
    FILE,
    GREETING,
    MOST_BYTES,
    PROMISED,
    REFUSED,
    REQUEST,
    SAID,
    Address,
    NotUnderstood,
    Request,
    first_frame,
    framed,
    identity,
    peer_is_us,
    unpacked,
)
from tokcost.private_files import check_private, is_ours
from tokcost.services import work_for_others
from tokcost.services.work_for_others import on_behalf_of

if TYPE_CHECKING:
    from socket import socket as Socket

_LOCK = "server.lock"
"""Held by the server whose socket it is, as long as it lives: with several editors another one takes over then."""
_AGAIN_SECONDS = 2.0
_REQUEST_SECONDS = 0.25
"""For a request, from a client that was greeted: it has nothing else to do."""
_WAITING = 16


class Worker(Protocol):
    """The side that does the work."""

    @property
    def is_busy(self) -> bool:
        """Whether it will take longer than a hook should wait until there is time for it."""
        ...

    def give(self, work: Callable[..., None], *args: object) -> None:
        """Have something done by the thread that writes to the ledger, after what is being done now."""
        ...

    def touch(self) -> None:
        """Something may have changed."""
        ...


class Answering:
    """Serves the clients of one ledger, once the folder is there and no other server does."""

    def __init__(self, home: Path, environ: Mapping[str, str], worker: Worker, say: Callable[[str], None]) -> None:
        self._home, self._environ = home, environ
        self._worker, self._say = worker, say
        self._ended = threading.Event()
        self._listener: Socket | None = None

    def start(self) -> None:
        """Begin, in a thread of its own; nothing where the system has no such sockets."""
        import socket

        if hasattr(socket, "AF_UNIX") and sys.platform != "win32":
            threading.Thread(target=self._serve, name="tokcost-hooks", daemon=True).start()

    def stop(self) -> None:
        """Take no more connections, and take the socket away."""
        self._ended.set()
        listener, self._listener = self._listener, None
        if listener is not None:
            with suppress(OSError):
                os.unlink(self._home / FILE)
            listener.close()

    def _serve(self) -> None:
        """Wait until this server is the one, then take connections until the end."""
        while not self._ended.is_set():
            with suppress(OSError, TokcostError):
                lock = self._lock()
                if lock is not None:
                    try:
                        self._listen()
                        self._accept()
                    finally:
                        os.close(lock)
            self._ended.wait(_AGAIN_SECONDS)

    def _lock(self) -> int | None:
        """The lock of the socket, if no other server has it. Raises `OSError`, and `EnvironmentProblem` for a folder
        that is not for us alone."""
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
        """Raises `OSError`."""
        import socket

        with suppress(FileNotFoundError):
            os.unlink(self._home / FILE)  # of a server that was killed: ours is the lock
        listener = socket.socket(socket.AF_UNIX)
        with Address(str(self._home), FILE) as address:
            listener.bind(address)
        os.chmod(self._home / FILE, 0o600)
        listener.listen(_WAITING)
        self._listener = listener

    def _accept(self) -> None:
        while not self._ended.is_set() and self._listener is not None:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                if self._ended.wait(0.1):  # too many open files, say
                    return
                continue
            self._receive(connection)

    def _receive(self, connection: "Socket") -> None:
        if not peer_is_us(connection):
            connection.close()
            return
        client = Client(connection)
        if self._worker.is_busy:
            client.send(BUSY)
            client.close()
            return
        try:
            self._worker.give(self._answer, client)
        except RuntimeError:  # the end has come
            client.close()

    def _answer(self, client: "Client") -> None:
        """In the thread that writes: greet, hear, and do it."""
        try:
            here = (identity(str(self._home), self._environ), str(os.getpid()), str(threading.get_native_id()))
            if not client.send(GREETING, os.fsencode("\0".join(here))):
                return
            request = client.request()
            if request is not None:
                with on_behalf_of(request.environ):
                    self._work(client, request)
                self._worker.touch()
        except NotUnderstood as problem:
            client.send(REFUSED, f"not understood: {problem}".encode())
            self._say("a request over the socket was not understood")
        except OSError:
            pass
        finally:
            client.close()

    def _work(self, client: "Client", request: Request) -> None:
        if any(folder not in sys.path for folder in request.folders):
            client.send(REFUSED, b"it knows other packages")
        elif request.kind == "hook" and request.arguments:
            self._hook(client, request)
        elif request.kind == "status":
            self._status(client, request)
        elif request.kind == "guard" and len(request.arguments) > 1:
            self._guard(client, request)
        else:
            raise NotUnderstood("there is no such work")

    def _hook(self, client: "Client", request: Request) -> None:
        from tokcost_hooks.console import as_told
        from tokcost_hooks.work import Call, work

        def tell(sentence: str, hint: str) -> None:
            client.send(SAID, as_told(sentence, hint))

        if not client.send(BEGUN):
            return
        name, *arguments = request.arguments
        asked = (name, arguments, request.directory, request.environ, self._home, request.data)
        client.send(DONE, bytes([work(Call(*asked, tell, client.is_there), client.promise)]))

    def _status(self, client: "Client", request: Request) -> None:
        """Only what needs no more than a line: whatever is wrong, the client finds out itself, and says it."""
        from tokcost.reports.status import status_line
        from tokcost.services.current_status import fresh_status

        try:
            fresh = "--no-refresh" not in request.arguments
            status = fresh_status(self._home, request.environ, Path(request.directory), fresh=fresh)
        except TokcostError:
            client.send(REFUSED, b"there is a problem")
            return
        if client.send(BEGUN):
            client.tell(f"{status_line(status)}\n")
            client.send(DONE, b"\0")

    def _guard(self, client: "Client", request: Request) -> None:
        """The answer for an assistant's hook."""
        from tokcost.services.guard import answer

        text = answer(self._home, request.environ, Path(request.directory), tuple(request.arguments))
        if client.send(BEGUN):
            client.tell(text)
            client.send(DONE, b"\0")


class Client:
    """A connection. It may break at any moment, which is nobody's mistake."""

    def __init__(self, connection: "Socket") -> None:
        self._connection = connection
        connection.settimeout(_REQUEST_SECONDS)

    def send(self, letter: bytes, data: bytes = b"") -> bool:
        """Send a frame; whether there was somebody to send it to."""
        try:
            self._connection.sendall(framed(letter, data[:MOST_BYTES]))
        except OSError:
            return False
        return True

    def tell(self, text: str) -> None:
        """Something to be said to whoever waits for the client."""
        self.send(SAID, text.encode("utf-8", "backslashreplace"))

    def promise(self, code: int) -> None:
        """Promise an exit code for work that comes to no end."""
        self.send(PROMISED, bytes([code]))

    def request(self) -> Request | None:
        """The request of the client; `None` when it has left, or takes too long. Raises `NotUnderstood`."""
        read = bytearray()
        while (found := first_frame(bytes(read))) is None:
            try:
                data = self._connection.recv(1 << 18)
            except OSError:
                return None
            if not data:
                return None
            read += data
        if found[0] != REQUEST:
            raise NotUnderstood("it begins with something else")
        return unpacked(found[1])

    def is_there(self) -> bool:
        """Whether it still waits."""
        import select

        looked = select.poll()
        looked.register(self._connection, select.POLLIN)
        return not looked.poll(0)  # it says nothing more: what can be read is its end

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


def warm() -> Any:
    """Load what hooks need, before the first one asks."""
    from tokcost_hooks import prepare_commit_msg, work

    return work_for_others.load(), prepare_commit_msg, work
