"""The connection of a hook or `tokcost status` to a running `tokcost lsp`: named pipes in the folder of the ledger.

A server reads the names of clients from one pipe, the door. A client makes two pipes, `NAME.ask` and `NAME.say`, in the
same folder, and writes its name into the door. Whoever opens a pipe sees that it is ours, and that no other user can
have opened it: its owner and its mode, and those of the folder, say so.

A Unix socket would do the same, but `import socket` takes twice as long as all else that a client does. Who asks loads
this file and Python's `select`, nothing else. Frames go both ways: a letter, the length of what follows in four bytes,
and that many bytes. Fields within a frame end where the next begins, at a NUL: no argument, path or variable has one,
and `json` would take as long to load as the rest of the way.

    server: GREETING who it is         or BUSY, and it hangs up
    client: REQUEST                    only when the server is what it must be, and waits for work
    server: BEGUN, SAID*, PROMISED*, DONE   or REFUSED before it has begun

A server greets when the one thread that writes is free and waits for this client, so nobody's work stands in a queue: a
client that heard nothing in time hangs up and does the work itself, which the server sees. What was begun is never done
again by the client.
"""

import os
import stat

TYPE_CHECKING = False
"""`typing` takes longer to import than everything here."""
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

FOLDER, DOOR = "server", "door"
"""The folder of all pipes, in the folder of the ledger, and the pipe in it that a server reads from."""
PROTOCOL = "2"
NAME_BYTES = 16
"""Of a client's name, which is written in hexadecimal digits. A line of it is written to the door as a whole."""
GREETING_SECONDS = 0.1
"""Seconds that a client waits in all for a server to accept and greet it."""
STEP_SECONDS = 0.02
"""Seconds after which a client that has heard nothing looks whether it makes sense to wait."""
SEND_SECONDS = 0.25
"""Seconds that either side waits for the other to read, or to say, what it has begun."""
_GONE_SECONDS = 0.001
MOST_BYTES = 4 << 20
"""Of one frame: an environment has two megabytes at most, and a rebase of ten thousand commits one."""

GREETING, BUSY, REQUEST, BEGUN, SAID, PROMISED, DONE, REFUSED = (bytes([c]) for c in b"GBQ!SPDR")

_SECRET = ("KEY", "TOKEN", "SECRET", "PASSW", "CREDENTIAL")
_HEADER = 5
_READ_BYTES = 1 << 18
_NO_LINK, _NO_WAIT = getattr(os, "O_NOFOLLOW", 0), getattr(os, "O_NONBLOCK", 0)


class NotUnderstood(ValueError):
    """The data in the pipe is no frame, or no request."""


class Request:
    """A request of a client."""

    def __init__(self, kind: str, arguments: "Sequence[str]", directory: str, environ: "Mapping[str, str]") -> None:
        self.kind = kind
        self.arguments = list(arguments)
        self.directory = directory
        """Absolute: where the client runs."""
        self.environ = dict(environ)
        self.folders: list[str] = []
        """Folders that the client imports from, beside those of every Python."""
        self.data = b""
        """The standard input of the client."""


def packed(request: Request) -> bytes:
    """A request as it is sent. The whole environment goes, because git, assistants and readers of others each have
    variables of their own; secrets, which none of them needs, stay out."""
    kept = [f"{name}={value}" for name, value in request.environ.items() if not _is_secret(name)]
    fields = [request.kind, request.directory]
    for many in (request.arguments, request.folders, kept):
        fields += [str(len(many)), *many]
    return b"".join(os.fsencode(field) + b"\0" for field in fields) + request.data


def unpacked(data: bytes) -> Request:
    """A request as it was sent. Raises `NotUnderstood`."""
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
        raise NotUnderstood("it is no request") from error
    arguments, folders, environ = lists
    variables = {name: value for name, _, value in (variable.partition("=") for variable in environ)}
    found = Request(os.fsdecode(fields[0]), arguments, os.fsdecode(fields[1]), variables)
    found.folders, found.data = folders, b"\0".join(fields[at:])
    if not os.path.isabs(found.directory):
        raise NotUnderstood("its folder is not absolute")
    return found


def identity(home: str, environ: "Mapping[str, str]") -> str:
    """All that server and client must have in common, so that one does what the other would: version and place of
    tokcost, the ledger's folder, the user, the same view of the file system (a container may share that folder alone),
    and variables that the whole process goes by. Raises `OSError`."""
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


def reach(home: str, environ: "Mapping[str, str]", seconds: float = GREETING_SECONDS) -> "Server | None":
    """The server of this ledger, ready to do something; `None` where there is none, or it does not answer in time, is
    another one, or busy."""
    folder = os.path.join(home, FOLDER)
    if not hasattr(os, "mkfifo") or not os.path.exists(os.path.join(folder, DOOR)):
        return None
    server = Server(folder)
    try:
        if _is_met(server, home, environ, seconds):
            return server
    except (OSError, ValueError):
        pass
    server.close()
    return None


def ask_for_text(home: str, words: "Sequence[str]", patience: "Callable[[Server], Callable[[], object]]") -> str | None:
    """The answer of a server to a command line of ours; `None` where none answers, or it leaves the answer to the
    command. What `patience` makes for a server is asked every few hundredths of a second whether it takes too long.

    Raises `TimeoutError` then, and `OSError` and `ValueError` where a server was asked, and is gone."""
    server = reach(home, os.environ) if os.environ.get("TOKCOST_HOME", "/").startswith("/") else None
    if server is None:
        return None
    try:
        is_spent, said = patience(server), b""
        server.send(Request(words[0], words[1:], os.getcwd(), os.environ))
        while True:
            letter, data = server.next(STEP_SECONDS) or (b"", b"")
            if letter == SAID:
                said += data
            elif letter == DONE:
                return said.decode("utf-8", "replace")
            elif letter == REFUSED:
                return None
            elif not letter and is_spent():
                raise TimeoutError("the tokcost server takes too long")
    finally:
        server.close()


class Server:
    """A server, as a client knows it."""

    def __init__(self, folder: str) -> None:
        self.process = self.thread = 0
        """The process and the thread that do the work; 0 before it has greeted."""
        self._folder, self._read = folder, b""
        self._ask, self._say = pipes_of(folder, os.urandom(NAME_BYTES // 2).hex())
        self._asks = self._says = -1

    def knock(self) -> None:
        """Tell a server that somebody is there. Raises `OSError` where none listens."""
        require_private(self._folder)
        door = open_pipe(os.path.join(self._folder, DOOR), os.O_WRONLY)
        try:
            for path in (self._ask, self._say):
                os.mkfifo(path, 0o600)
            self._says = open_pipe(self._say, os.O_RDONLY)
            os.write(door, os.path.basename(self._ask)[:NAME_BYTES].encode() + b"\n")
        finally:
            os.close(door)

    def greeted(self, process: int, thread: int) -> None:
        """Take up a greeting: from now on, the server sees when this end is gone. Raises `OSError`."""
        self._asks = open_pipe(self._ask, os.O_WRONLY)
        self.process, self.thread = process, thread

    def send(self, request: Request) -> None:
        """Ask for something. Raises `OSError`, and `ValueError` for too much of it."""
        data = packed(request)
        if len(data) > MOST_BYTES:
            raise ValueError("it is too much for a request")
        write_all(self._asks, framed(REQUEST, data), SEND_SECONDS)

    def next(self, seconds: float) -> "tuple[bytes, bytes] | None":
        """The next frame; `None` if none came within that time. Raises `OSError`, and `NotUnderstood`, which is also
        for a server that is gone."""
        from time import monotonic, sleep

        until = monotonic() + seconds
        while (found := first_frame(self._read)) is None:
            data = read_some(self._says, until - monotonic())
            if data is None:
                return None
            if not data and self.process:
                raise NotUnderstood("the server is gone")
            if not data:  # some systems show a pipe that nobody has opened for writing yet like one that was closed
                if monotonic() >= until:
                    return None
                sleep(_GONE_SECONDS)
            self._read += data
        self._read = self._read[_HEADER + len(found[1]) :]
        return found

    def close(self) -> None:
        """Hang up: what has not begun will not be done."""
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
    """Letter and content of the frame that something read begins with; `None` while it is not whole. Raises
    `NotUnderstood`."""
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
        return  # the server was quicker


def pipes_of(folder: str, name: str) -> tuple[str, str]:
    """The pipes of a client: one for its request, and one for what it is told."""
    return os.path.join(folder, f"{name}.ask"), os.path.join(folder, f"{name}.say")


def is_name_of_pipe(name: str) -> bool:
    """Whether a server or its clients give a pipe this name."""
    client, _, kind = name.partition(".")
    return name == DOOR or (kind in ("ask", "say") and len(client) == NAME_BYTES and client.isalnum())


def remove_pipe(path: str) -> None:
    """Remove a pipe; everything else stays, whoever gave it the name of one. Raises `OSError`."""
    if stat.S_ISFIFO(os.lstat(path).st_mode):
        os.unlink(path)


def open_pipe(path: str, flags: int) -> int:
    """One end of a pipe that is ours alone, opened without waiting for the other. Raises `OSError`, which for one of
    somebody else, or that others may open, is `PermissionError`."""
    number = os.open(path, flags | _NO_LINK | _NO_WAIT)
    status = os.fstat(number)
    if stat.S_ISFIFO(status.st_mode) and _is_private(status):
        return number
    os.close(number)
    raise PermissionError(f"{path} is no pipe of ours alone")


def require_private(folder: str) -> None:
    """Raises `PermissionError` for a folder in which others may change something, or that is a link, and `OSError`."""
    if not _is_private(os.lstat(folder)):  # a link is open to all
        raise PermissionError(f"{folder} is not ours alone")


def _is_private(status: os.stat_result) -> bool:
    return status.st_uid == os.geteuid() and not status.st_mode & 0o077


def write_all(number: int, data: bytes, seconds: float) -> None:
    """Write all of it into a pipe. Raises `OSError`, also when that takes longer."""
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
    """The bytes that a pipe has, none where its other end was closed; `None` where there is nothing in time.
    Raises `OSError`."""
    import select

    return os.read(number, _READ_BYTES) if _is_ready(number, select.POLLIN, seconds) else None


def is_closed(number: int) -> bool:
    """Whether the end that writes to a pipe was closed, or says something unasked."""
    import select

    return _is_ready(number, select.POLLIN, 0)


def _is_ready(number: int, events: int, seconds: float) -> bool:
    import select

    looked = select.poll()
    looked.register(number, events)
    return bool(looked.poll(max(0, int(seconds * 1000))))


def _is_met(server: Server, home: str, environ: "Mapping[str, str]", seconds: float) -> bool:
    server.knock()
    frame = server.next(seconds)
    if frame is None or frame[0] != GREETING:
        return False
    said, process, thread = os.fsdecode(frame[1]).split("\0")
    server.greeted(int(process), int(thread))
    return said == identity(home, environ)


def _is_secret(name: str) -> bool:
    """`GIT_CONFIG_KEY_0` is where git has the name of a setting."""
    return any(word in name.upper() for word in _SECRET) and not name.startswith("GIT_CONFIG_KEY_")
