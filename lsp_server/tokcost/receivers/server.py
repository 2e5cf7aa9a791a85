"""The receiver while it runs: a listener on loopback, a few threads, one file.

It binds 127.0.0.1 or ::1, nothing else, and connects to nobody.
"""

import errno
import os
import signal
import socket
import socketserver
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from types import FrameType
from typing import Any, Literal, cast

from tokcost.errors import EnvironmentProblem
from tokcost.model.received import Received
from tokcost.receivers import protobuf
from tokcost.receivers.http import ExportHandler, Posted
from tokcost.receivers.otlp import SIGNALS, Signal, events
from tokcost.receivers.responses import response
from tokcost.receivers.store import Store, StoreFull

MOST_CONNECTIONS = 16
MOST_SECONDS = 20
"""The longest time that a connection may take, however steadily its client sends."""
SECONDS_WHILE_FULL = 2
"""The longest time that a connection may take while others are refused: an export takes some hundredths of a second."""
_POLL_SECONDS = 0.25
_MOST_METRICS_ALONE = 3
"""The number of requests with metrics that can come before the first with a log: they have intervals of their own."""

Notice = Literal["protobuf", "metrics"]
"""The things that a user should know while a receiver runs: a program sends what needs the extra for protobuf, or
metrics and nothing else."""


class _Ended(BaseException):
    """A signal asked this process to end."""


class Receiver(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Takes exports and stores the responses in them."""

    allow_reuse_address = os.name != "nt"  # there it would let two processes listen
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, store: Store, host: str, port: int, notify: Callable[[Notice], None]) -> None:
        """Listen; `notify` is told what the user should know. Raises `EnvironmentProblem` where it cannot."""
        self.kept: Counter[str] = Counter()
        """Responses stored, by assistant."""
        self.refused = 0
        """Responses whose counts could not be relied on."""
        self._store = store
        self._notify = notify
        self._told: set[Notice] = set()
        self._posted: Counter[Signal] = Counter()
        self._one = threading.Lock()
        """One request is decoded at a time: memory stays bounded."""
        self._open: dict[socket.socket, float] = {}
        self._connections = threading.Lock()
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            super().__init__((host, port), _Handler)
        except OSError as error:
            raise _not_listening(host, port, error) from error

    @property
    def url(self) -> str:
        """The address that exporters are told."""
        host, port = self.server_address[:2]
        return f"http://[{host!s}]:{port}" if ":" in str(host) else f"http://{host!s}:{port}"

    def take(self, posted: Posted) -> HTTPStatus:
        """Store the responses of one export."""
        kind = SIGNALS.get(posted.path)
        if kind is None:
            return HTTPStatus.NOT_FOUND
        if not posted.is_json and not protobuf.is_available():
            self._tell("protobuf")
            return HTTPStatus.UNSUPPORTED_MEDIA_TYPE
        self._count(kind)
        try:
            with self._one:
                body = posted.body if posted.is_json else protobuf.as_json(kind, posted.body)
                kept = list(self._responses(kind, body))
                self._store.add(kept)
                self.kept.update(one.assistant for one in kept)
        except ValueError:
            return HTTPStatus.BAD_REQUEST
        except StoreFull:
            return HTTPStatus.INSUFFICIENT_STORAGE
        except OSError:
            return HTTPStatus.SERVICE_UNAVAILABLE
        return HTTPStatus.OK

    def _count(self, kind: Signal) -> None:
        """Count a request. Whoever switched on metrics alone would wait for ever for what does not come."""
        with self._one:
            self._posted[kind] += 1
            is_alone = self._posted["metrics"] == self._posted.total() >= _MOST_METRICS_ALONE
        if is_alone:
            self._tell("metrics")

    def _tell(self, notice: Notice) -> None:
        """Tell the user, once."""
        with self._one:
            is_told = notice in self._told
            self._told.add(notice)
        if not is_told:
            self._notify(notice)

    def _responses(self, kind: Signal, body: bytes) -> Iterator[Received]:
        """The responses in a request. One that cannot be relied on stops no other; it is counted."""
        for event in events(kind, body):
            try:
                found = response(event)
            except ValueError:
                self.refused += 1
                continue
            if found is not None:
                yield found

    def process_request(self, request: Any, client_address: Any) -> None:
        """Give a connection a thread, or close it where too many are open: exporters try again."""
        with self._connections:
            is_one_too_many = len(self._open) >= MOST_CONNECTIONS
            if not is_one_too_many:
                self._open[request] = time.monotonic()
        if is_one_too_many:
            self._end_older_than(SECONDS_WHILE_FULL)
            super().shutdown_request(request)
        else:
            super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection that is done."""
        with self._connections:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def service_actions(self) -> None:
        """End connections that take too long, whatever they send meanwhile."""
        self._end_older_than(MOST_SECONDS)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a connection that broke: its words are its client's."""

    def run_until_ended(self) -> None:
        """Serve until SIGINT or SIGTERM, and finish what was begun. For the main thread alone."""

        def end(_number: int, _frame: FrameType | None) -> None:
            raise _Ended

        before = {one: signal.signal(one, end) for one in (signal.SIGINT, signal.SIGTERM)}
        try:
            self.serve_forever(_POLL_SECONDS)
        except _Ended:
            pass
        finally:
            for one in before:
                signal.signal(one, signal.SIG_IGN)  # a second one would interrupt what is being finished
            self.close()
            for one, handler in before.items():
                signal.signal(one, handler)

    def close(self) -> None:
        """Stop listening. Connections have a second to end; what is being stored is stored."""
        self.shutdown()
        self.server_close()
        until = time.monotonic() + 1
        while self._open and time.monotonic() < until:
            time.sleep(0.02)
        self._end_older_than(0)
        with self._one:
            pass

    def _end_older_than(self, seconds: float) -> None:
        now = time.monotonic()
        with self._connections:
            for connection, since in self._open.items():
                if now - since >= seconds:
                    try:
                        connection.shutdown(socket.SHUT_RDWR)
                    except OSError:
                        continue  # it is closed by now


class _Handler(ExportHandler):
    def take(self, posted: Posted) -> HTTPStatus:
        return cast(Receiver, self.server).take(posted)


def _not_listening(host: str, port: int, error: OSError) -> EnvironmentProblem:
    if error.errno == errno.EADDRINUSE:
        return EnvironmentProblem(
            f"port {port} of {host} is taken: another `tokcost otel serve` or a collector listens there",
            "End that one, or choose another port with --port and tell it to the assistants.",
        )
    return EnvironmentProblem(f"{host} port {port} cannot be listened on: {error.strerror or error}")


def summary_of(kept: Mapping[str, int], refused: int) -> str:
    """A sentence on what was received."""
    counts = ", ".join(f"{count:,} of {name}" for name, count in sorted(kept.items())) or "none"
    return f"responses stored: {counts}" + (f"; {refused:,} without counts to rely on" if refused else "")
