"""The connection of a hook or `tokcost status` to a running `tokcost lsp`: named pipes in the folder of the ledger.

A server reads the names of clients from one pipe, `clients`. A client creates two pipes, `NAME.ask` and `NAME.say`, in
the same folder, and writes its name to `clients`. Both sides check the owner and the mode of each pipe and of the
folder, so no other user can have opened a pipe.

A Unix socket would do the same, but `import socket` takes twice as long as everything else that a client does. A
client imports this file and Python's `select`, nothing else. A frame, in either direction, is a letter, a length in
four bytes, and that many bytes. Fields within a frame are separated by NUL, which no argument, path or variable
contains; importing `json` would take as long as the rest of the request.

    server: GREETING who it is         or BUSY, and it hangs up
    client: REQUEST                    only when the server is what it must be, and waits for work
    server: BEGUN, SAID*, PROMISED*, DONE   or REFUSED before it has begun

A server greets a client when the thread that writes to the ledger is free, and then waits for that client, so there is
no queue of work. A client that gets no greeting in time closes its pipes, which the server notices, and does the work
itself. The client never repeats work that was begun.
"""

import os
import stat

TYPE_CHECKING = False
"""`typing` takes longer to import than everything here."""
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

FOLDER, CLIENTS = "server", "clients"
"""The folder of all pipes, in the folder of the ledger, and the pipe in it from which a server reads clients' names."""
PROTOCOL = "2"
NAME_BYTES = 16
"""Of a client's name, in hexadecimal digits. A line with it is written to that pipe atomically."""
GREETING_SECONDS = 0.1
"""Seconds that a client waits in total for a server to accept and greet it."""
STEP_SECONDS = 0.02
"""Seconds after which a waiting client checks whether waiting still makes sense."""
SEND_SECONDS = 0.25
"""Seconds that either side waits for the other to read or write a started frame."""
_GONE_SECONDS = 0.001
MOST_BYTES = 4 << 20
"""Of one frame: an environment has at most two megabytes, and a rebase of ten thousand commits one."""

GREETING, BUSY, REQUEST, BEGUN, SAID, PROMISED, DONE, REFUSED = (bytes([c]) for c in b"GBQ!SPDR")

_SECRET = ("KEY", "TOKEN", "SECRET", "PASSW", "CREDENTIAL")
_HEADER = 5
_READ_BYTES = 1 << 18
_NO_LINK, _NO_WAIT = getattr(os, "O_NOFOLLOW", 0), getattr(os, "O_NONBLOCK", 0)


class NotUnderstood(ValueError):
    """The data in the pipe are no frame, or no request."""


class NoAnswer(TimeoutError):
    """A server takes too long."""

    def __init__(self, promised: str) -> None:
        super().__init__("the tokcost server takes too long")
        self.promised = promised
        """The text that the server promised for this case; empty if it promised none."""


class ServerRequest:
    """A request of a client."""

    def __init__(self, kind: str, arguments: "Sequence[str]", directory: str, environ: "Mapping[str, str]") -> None:
        self.kind = kind
        self.arguments = list(arguments)
        self.directory = directory
        """The client's folder, absolute."""
        self.environ = dict(environ)
        self.folders: list[str] = []
        """Folders from which the client imports, besides those of every Python."""
        self.data = b""
        """The standard input of the client."""


def packed_request(request: ServerRequest) -> bytes:
    """A request as it is sent. The complete environment is included, because git, assistants and third-party readers
    have variables of their own; secrets, which none of them needs, are left out."""
    kept = [f"{name}={value}" for name, value in request.environ.items() if not _is_secret(name)]
    fields = [request.kind, request.directory]
    for many in (request.arguments, request.folders, kept):
        fields += [str(len(many)), *many]
    return b"".join(os.fsencode(field) + b"\0" for field in fields) + request.data


def unpacked_request(data: bytes) -> ServerRequest:
    """A received request. Raises `NotUnderstood`."""
    fields, at = data.split(b"\0"), 2
    lists: list[list[str]] = []
    try:
        for _ in range(3):
            count = int(fields[at])
            if not 0 <= count < len(fields) - at:
                raise NotUnderstood("a list of another length was promised")
            lists.append([os.fsdecode(field) for field in fields[at + 1 : at + 1 + count]])
            at += 1 + count
    except (ValueError, IndexError) as error:
        raise NotUnderstood("it is not a request") from error
    arguments, folders, environ = lists
    variables = {name: value for name, _, value in (variable.partition("=") for variable in environ)}
    found = ServerRequest(os.fsdecode(fields[0]), arguments, os.fsdecode(fields[1]), variables)
    found.folders, found.data = folders, b"\0".join(fields[at:])
    if not os.path.isabs(found.directory):
        raise NotUnderstood("its folder is not absolute")
    return found


def identity(home: str, environ: "Mapping[str, str]") -> str:
    """Everything that server and client must have in common, so that both do the same: version and place of tokcost,
    the ledger's folder, the user, the same view of the file system (a container may share only that folder), and
    variables that affect the complete process. Raises `OSError`."""
    from tokcost import __file__ as place
    from tokcost import __version__

    folders = (os.stat(folder) for folder in (home, os.sep))
    numbers = [f"{status.st_dev}:{status.st_ino}" for status in folders]
    try:
        mounts = os.readlink("/proc/self/ns/mnt")
    except OSError:
        mounts = ""
    variables = [environ.get(name, "") for name in ("HOME", "TZ")]
    return "\n".join((PROTOCOL, __version__, place or "", str(os.geteuid()), *numbers, mounts, *variables))


def reach(home: str, environ: "Mapping[str, str]", seconds: float = GREETING_SECONDS) -> "Connection | None":
    """The server of this ledger, ready to work; `None` if there is none, or it does not answer in time, is another
    version, or is busy."""
    folder = os.path.join(home, FOLDER)
    if not hasattr(os, "mkfifo") or not os.path.exists(os.path.join(folder, CLIENTS)):
        return None
    server = Connection(folder)
    try:
        if _is_met(server, home, environ, seconds):
            return server
    except (OSError, ValueError):
        pass
    server.close()
    return None


def ask_for_text(
    home: str, words: "Sequence[str]", patience: "Callable[[Connection], Callable[[], object]]"
) -> str | None:
    """A server's answer to a command line of ours; `None` if none answers, or it leaves the answer to the command.

    The patience created by `patience` is asked every few hundredths of a second whether it takes too long. In that
    case, raises `NoAnswer`; raises `OSError` and `ValueError` if the server vanished after the request.
    """
    server = reach(home, os.environ) if os.environ.get("TOKCOST_HOME", "/").startswith("/") else None
    if server is None:
        return None
    try:
        is_spent, said, promised = patience(server), b"", b""
        server.send(ServerRequest(words[0], words[1:], os.getcwd(), os.environ))
        while True:
            letter, data = server.next(STEP_SECONDS) or (b"", b"")
            if letter == SAID:
                said += data
            elif letter == PROMISED:
                promised = data
            elif letter == DONE:
                return said.decode("utf-8", "replace")
            elif letter == REFUSED:
                return None
            elif not letter and is_spent():
                raise NoAnswer(promised.decode("utf-8", "replace"))
    finally:
        server.close()


class Connection:
    """A server, as seen by a client."""

    def __init__(self, folder: str) -> None:
        self.process = self.thread = 0
        """The process and the thread that do the work; 0 before the greeting."""
        self._folder, self._read = folder, b""
        self._ask, self._say = pipes_of(folder, os.urandom(NAME_BYTES // 2).hex())
        self._asks = self._says = -1

    def announce(self) -> None:
        """Announce a client to a server. Raises `OSError` if none listens."""
        require_private(self._folder)
        clients = open_pipe(os.path.join(self._folder, CLIENTS), os.O_WRONLY)
        try:
            for path in (self._ask, self._say):
                os.mkfifo(path, 0o600)
            # Open before the name is sent: without a reader, the server's opening fails with ENXIO (fifo(7)), which it
            # takes for a client that has left.
            self._says = open_pipe(self._say, os.O_RDONLY)
            os.write(clients, os.path.basename(self._ask)[:NAME_BYTES].encode() + b"\n")
        finally:
            os.close(clients)

    def greeted(self, process: int, thread: int) -> None:
        """Read a greeting: from now on, the server sees when this end is closed. Raises `OSError`."""
        # Not earlier: opening fails until the server has opened its end for reading (fifo(7)).
        self._asks = open_pipe(self._ask, os.O_WRONLY)
        self.process, self.thread = process, thread

    def send(self, request: ServerRequest) -> None:
        """Send a request. Raises `OSError`, and `ValueError` if it is too large."""
        data = packed_request(request)
        if len(data) > MOST_BYTES:
            raise ValueError("it is too much for a request")
        write_all(self._asks, framed(REQUEST, data), SEND_SECONDS)

    def next(self, seconds: float) -> "tuple[bytes, bytes] | None":
        """The next frame; `None` if none arrives in time. Raises `OSError`, and `NotUnderstood`, also for a server
        that is gone."""
        from time import monotonic, sleep

        until = monotonic() + seconds
        while (found := first_frame(self._read)) is None:
            data = read_some(self._says, until - monotonic())
            if data is None:
                return None
            if not data and self.process:
                raise NotUnderstood("the server is gone")
            if not data:  # some systems report a pipe without a writer so far as closed
                if monotonic() >= until:
                    return None
                sleep(_GONE_SECONDS)
            self._read += data
        self._read = self._read[_HEADER + len(found[1]) :]
        return found

    def close(self) -> None:
        """Close the connection: work that has not begun will not be done."""
        for number in (self._asks, self._says):
            if number >= 0:
                os.close(number)
        self._asks = self._says = -1
        for path in (self._ask, self._say):
            _remove(path)


def framed(letter: bytes, data: bytes = b"") -> bytes:
    """A frame as it is sent."""
    return letter + len(data).to_bytes(4, "big") + data


def first_frame(data: bytes) -> "tuple[bytes, bytes] | None":
    """Letter and content of the first frame in the data; `None` while it is incomplete. Raises `NotUnderstood`."""
    if len(data) < _HEADER:
        return None
    length = int.from_bytes(data[1:_HEADER], "big")
    if length > MOST_BYTES:
        raise NotUnderstood("it is too large")
    return (data[:1], data[_HEADER : _HEADER + length]) if len(data) >= _HEADER + length else None


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        return  # the server was faster


def pipes_of(folder: str, name: str) -> tuple[str, str]:
    """The pipes of a client: one for its request, and one for the answers."""
    return os.path.join(folder, f"{name}.ask"), os.path.join(folder, f"{name}.say")


def is_name_of_pipe(name: str) -> bool:
    """Whether a server or its clients use this name for a pipe."""
    client, _, kind = name.partition(".")
    return name == CLIENTS or (kind in ("ask", "say") and len(client) == NAME_BYTES and client.isalnum())


def remove_pipe(path: str) -> None:
    """Remove a pipe; anything else with such a name stays. Raises `OSError`."""
    if stat.S_ISFIFO(os.lstat(path).st_mode):
        os.unlink(path)


def open_pipe(path: str, flags: int) -> int:
    """One end of a pipe that is ours alone, opened without waiting for the other. Raises `OSError`, which is
    `PermissionError` for a pipe of somebody else, or one that others may open."""
    number = os.open(path, flags | _NO_LINK | _NO_WAIT)
    status = os.fstat(number)
    if stat.S_ISFIFO(status.st_mode) and _is_private(status):
        return number
    os.close(number)
    raise PermissionError(f"{path} is not a private pipe")


def require_private(folder: str) -> None:
    """Raises `PermissionError` for a folder that others may change, or that is a link, and `OSError`."""
    if not _is_private(os.lstat(folder)):  # anybody may open a link
        raise PermissionError(f"{folder} is not private")


def _is_private(status: os.stat_result) -> bool:
    return status.st_uid == os.geteuid() and not status.st_mode & 0o077


def write_all(number: int, data: bytes, seconds: float) -> None:
    """Write all data to a pipe. Raises `OSError`, also at the timeout."""
    import select
    from time import monotonic

    until, rest = monotonic() + seconds, memoryview(data)
    while rest:
        try:
            rest = rest[os.write(number, rest) :]
        except BlockingIOError:
            if not _is_ready(number, select.POLLOUT, until - monotonic()):
                raise TimeoutError("nobody reads") from None


def read_some(number: int, seconds: float) -> bytes | None:
    """The available bytes of a pipe, empty if its other end was closed; `None` if nothing arrives in time. Raises
    `OSError`."""
    import select

    return os.read(number, _READ_BYTES) if _is_ready(number, select.POLLIN, seconds) else None


def is_closed(number: int) -> bool:
    """Whether the writing end of a pipe was closed, or sent something unexpected."""
    import select

    return _is_ready(number, select.POLLIN, 0)


def _is_ready(number: int, events: int, seconds: float) -> bool:
    import select

    looked = select.poll()
    looked.register(number, events)
    return bool(looked.poll(max(0, int(seconds * 1000))))  # poll(2) takes a negative time for endless


def _is_met(server: Connection, home: str, environ: "Mapping[str, str]", seconds: float) -> bool:
    server.announce()
    frame = server.next(seconds)
    if frame is None or frame[0] != GREETING:
        return False
    said, process, thread = os.fsdecode(frame[1]).split("\0")
    server.greeted(int(process), int(thread))
    return said == identity(home, environ)


def _is_secret(name: str) -> bool:
    """Whether a variable is secret. `GIT_CONFIG_KEY_0` contains the name of a setting of git."""
    return any(word in name.upper() for word in _SECRET) and not name.startswith("GIT_CONFIG_KEY_")
