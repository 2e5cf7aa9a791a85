"""The connection of a hook or `tokcost status` to a running `tokcost lsp`: a Unix socket in the folder of the ledger.

Who asks loads this file and Python's `socket`, nothing else. Frames go both ways: a letter, the length of what follows
in four bytes, and that many bytes. Fields within a frame end where the next begins, at a NUL: no argument, path or
variable has one, and `json` would take as long to load as the rest of the way.

    server: GREETING who it is         or BUSY, and it hangs up
    client: REQUEST                    only when the server is what it must be, and waits for work
    server: BEGUN, SAID*, PROMISED*, DONE   or REFUSED before it has begun

A server greets when the one thread that writes is free and waits for this client, so nobody's work stands in a queue: a
client that heard nothing in time hangs up and does the work itself, which the server sees. What was begun is never done
again by the client.
"""

import os
import sys

TYPE_CHECKING = False
"""`typing` takes longer to import than everything here."""
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from socket import socket as Socket

FILE = "server.sock"
PROTOCOL = "1"
GREETING_SECONDS = 0.1
"""Seconds that a client waits in all for a server to accept and greet it."""
ANSWER_SECONDS = 0.5
"""Seconds that a prompt waits for the answer to its question; it can find out itself."""
MOST_BYTES = 4 << 20
"""Of one frame: an environment has two megabytes at most, and a rebase of ten thousand commits one."""

GREETING, BUSY, REQUEST, BEGUN, SAID, PROMISED, DONE, REFUSED = (bytes([c]) for c in b"GBQ!SPDR")

_SECRET = ("KEY", "TOKEN", "SECRET", "PASSW", "CREDENTIAL")
_LONGEST_ADDRESS = 100
"""Bytes of a socket's path: Linux has room for 108, macOS for 104."""
_HEADER = 5


class NotUnderstood(ValueError):
    """The data on the socket is no frame, or no request."""


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
    if os.name == "nt" or not os.path.exists(os.path.join(home, FILE)):
        return None
    import socket  # seven milliseconds, for those who have somebody to speak to

    server = Server(socket.socket(socket.AF_UNIX))
    try:
        if _is_met(server, home, environ, seconds):
            return server
    except (OSError, ValueError):
        pass
    server.close()
    return None


def ask_for_text(home: str, words: "Sequence[str]", seconds: float = ANSWER_SECONDS) -> str | None:
    """The answer of a server to a command line of ours, which may take so long; `None` where none answers, or it leaves
    the answer to the command. Raises `OSError` and `ValueError`: it was asked, and is gone."""
    server = reach(home, os.environ) if os.environ.get("TOKCOST_HOME", "/").startswith("/") else None
    if server is None:
        return None
    try:
        server.send(Request(words[0], words[1:], os.getcwd(), os.environ))
        said = b""
        while True:
            letter, data = server.next(seconds) or (REFUSED, b"")
            if letter == SAID:
                said += data
            elif letter == DONE:
                return said.decode("utf-8", "replace")
            elif letter != BEGUN:
                return None
    finally:
        server.close()


class Server:
    """A server, as a client knows it."""

    def __init__(self, connection: "Socket") -> None:
        self.connection = connection
        self.process = self.thread = 0
        """The process and the thread that do the work."""
        self._read = b""

    def send(self, request: Request) -> None:
        """Ask for something. Raises `OSError`, and `ValueError` for too much of it."""
        data = packed(request)
        if len(data) > MOST_BYTES:
            raise ValueError("it is too much for a request")
        self.connection.sendall(framed(REQUEST, data))

    def next(self, seconds: float) -> "tuple[bytes, bytes] | None":
        """The next frame; `None` if none came within that time. Raises `OSError`, and `NotUnderstood`, which is also
        for a server that is gone."""
        self.connection.settimeout(max(seconds, 0.001))
        while (found := first_frame(self._read)) is None:
            try:
                data = self.connection.recv(65536)
            except TimeoutError:
                return None
            if not data:
                raise NotUnderstood("the server is gone")
            self._read += data
        self._read = self._read[_HEADER + len(found[1]) :]
        return found

    def close(self) -> None:
        """Hang up: what has not begun will not be done."""
        self.connection.close()


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


class Address:
    """The address of a socket in a folder, however long the folder's path is: use as a context manager. Raises
    `OSError` where there is none."""

    def __init__(self, folder: str, name: str) -> None:
        self._path = os.path.join(folder, name)
        self._folder, self._name, self._number = folder, name, -1

    def __enter__(self) -> str:
        if len(os.fsencode(self._path)) <= _LONGEST_ADDRESS:
            return self._path
        if sys.platform != "linux":
            raise OSError(f"{self._path} is too long for the address of a socket")
        self._number = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        return f"/proc/self/fd/{self._number}/{self._name}"

    def __exit__(self, *_: object) -> None:
        if self._number >= 0:
            os.close(self._number)


def peer_is_us(connection: "Socket") -> bool:
    """Whether the process at the other end belongs to our user; where the system does not tell, no."""
    import socket

    level, option = (0, 1) if sys.platform == "darwin" else (socket.SOL_SOCKET, getattr(socket, "SO_PEERCRED", None))
    if option is None:
        return False
    # `struct ucred` has the process before the user, `struct xucred` (macOS) its version: four bytes each.
    try:
        credentials = connection.getsockopt(level, option, 128)
    except OSError:
        return False
    return int.from_bytes(credentials[4:8], sys.byteorder) == os.geteuid() and len(credentials) >= 8


def _is_met(server: Server, home: str, environ: "Mapping[str, str]", seconds: float) -> bool:
    from time import monotonic

    until = monotonic() + seconds
    server.connection.settimeout(seconds)
    with Address(home, FILE) as address:
        server.connection.connect(address)
    if not peer_is_us(server.connection):
        return False
    frame = server.next(until - monotonic())
    if frame is None or frame[0] != GREETING:
        return False
    said, process, thread = os.fsdecode(frame[1]).split("\0")
    server.process, server.thread = int(process), int(thread)
    return said == identity(home, environ)


def _is_secret(name: str) -> bool:
    """`GIT_CONFIG_KEY_0` is where git has the name of a setting."""
    return any(word in name.upper() for word in _SECRET) and not name.startswith("GIT_CONFIG_KEY_")
