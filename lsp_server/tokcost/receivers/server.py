"""The running receiver: a listener on loopback, a few threads, one file. It binds 127.0.0.1 or ::1 only, and makes
no connections."""

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
"""The maximum duration of a connection, however steadily its client sends."""
SECONDS_WHILE_FULL = 2
"""The maximum duration of a connection while others are refused: an export takes a few hundredths of a second."""
_POLL_SECONDS = 0.25
_MOST_METRICS_ALONE = 3
"""The number of metrics requests that can precede the first log record: they have intervals of their own."""

Notice = Literal["protobuf", "metrics"]
"""Notices for the user of a running receiver: a program sends protobuf, which needs the extra, or metrics and
nothing else."""


# Not an `Exception`: socketserver catches those of a request and goes on.
class _Ended(BaseException):
    """A signal requested the end of this process."""


class Receiver(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Accepts exports and stores the responses in them."""

    allow_reuse_address = os.name != "nt"  # there it would let two processes listen on one port
    # A client that holds its connection must not delay the end of the process.
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, store: Store, host: str, port: int, notify: Callable[[Notice], None]) -> None:
        """Start listening; `notify` receives notices for the user. Raises `EnvironmentProblem` if it cannot listen."""
        self.stored: Counter[str] = Counter()
        """Responses stored, by assistant."""
        self.refused = 0
        """Responses whose counts were invalid."""
        self._store = store
        self._notify = notify
        self._told: set[Notice] = set()
        self._posted: Counter[Signal] = Counter()
        self._one = threading.Lock()
        """One request is decoded at a time, so that memory stays bounded."""
        self._open: dict[socket.socket, float] = {}
        self._connections = threading.Lock()
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            super().__init__((host, port), _Handler)
        except OSError as error:
            raise _not_listening(host, port, error) from error

    @property
    def url(self) -> str:
        """The address for exporters."""
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
                responses = list(self._responses(kind, body))
                self._store.add(responses)
                self.stored.update(one.assistant for one in responses)
        except ValueError:
            return HTTPStatus.BAD_REQUEST
        # Before `OSError`, which it is. Exporters repeat a request after 503 and give up after 507
        # (https://opentelemetry.io/docs/specs/otlp/#failures): a full file stays full.
        except StoreFull:
            return HTTPStatus.INSUFFICIENT_STORAGE
        except OSError:
            return HTTPStatus.SERVICE_UNAVAILABLE
        return HTTPStatus.OK

    def _count(self, kind: Signal) -> None:
        """Count a request. A user who enabled only metrics would otherwise wait for ever."""
        with self._one:
            self._posted[kind] += 1
            is_alone = self._posted["metrics"] == self._posted.total() >= _MOST_METRICS_ALONE
        if is_alone:
            self._tell("metrics")

    def _tell(self, notice: Notice) -> None:
        """Notify the user, once."""
        with self._one:
            is_told = notice in self._told
            self._told.add(notice)
        if not is_told:
            self._notify(notice)

    def _responses(self, kind: Signal, body: bytes) -> Iterator[Received]:
        """The responses in a request. An invalid one stops no other; it is counted."""
        for event in events(kind, body):
            try:
                found = response(event)
            except ValueError:
                self.refused += 1
                continue
            if found is not None:
                yield found

    def process_request(self, request: Any, client_address: Any) -> None:
        """Handle a connection in a thread, or close it if too many are open: exporters try again."""
        with self._connections:
            is_one_too_many = len(self._open) >= MOST_CONNECTIONS
            if not is_one_too_many:
                # Noted before its thread starts, so that the next connection already counts it.
                self._open[request] = time.monotonic()
        if is_one_too_many:
            self._end_older_than(SECONDS_WHILE_FULL)
            super().shutdown_request(request)
        else:
            super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a finished connection."""
        with self._connections:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def service_actions(self) -> None:
        """End connections that take too long, whatever they send meanwhile."""
        self._end_older_than(MOST_SECONDS)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log nothing about a broken connection: its data are its client's."""

    def run_until_ended(self) -> None:
        """Serve until SIGINT or SIGTERM, and finish started work. Only for the main thread."""

        def end(_number: int, _frame: FrameType | None) -> None:
            # `shutdown` would wait here for ever: it waits for `serve_forever`, which runs in this thread.
            raise _Ended

        before = {one: signal.signal(one, end) for one in (signal.SIGINT, signal.SIGTERM)}
        try:
            self.serve_forever(_POLL_SECONDS)
        except _Ended:
            pass
        finally:
            for one in before:
                signal.signal(one, signal.SIG_IGN)  # a second one would interrupt the remaining work
            self.close()
            for one, handler in before.items():
                signal.signal(one, handler)

    def close(self) -> None:
        """Stop listening. Connections have a second to end; storing responses is completed."""
        self.shutdown()
        self.server_close()
        until = time.monotonic() + 1
        while self._open and time.monotonic() < until:
            time.sleep(0.02)
        self._end_older_than(0)
        # Whoever holds this lock is storing responses, and the exporter was not answered yet.
        with self._one:
            pass

    def _end_older_than(self, seconds: float) -> None:
        now = time.monotonic()
        with self._connections:
            for connection, since in self._open.items():
                if now - since >= seconds:
                    try:
                        # Not closed: its thread still uses the descriptor, whose number could be given to another file.
                        # The shutdown ends the thread's read, and the thread closes it.
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
            "Stop that program, or choose another port with --port and configure the assistants to use it.",
        )
    return EnvironmentProblem(
        f"tokcost cannot listen on port {port} of {host}: {error.strerror or error}",
        "Choose another port above 1023 with --port, and configure the assistants to use it.",
    )


def summary_of(stored: Mapping[str, int], refused: int) -> str:
    """A sentence about what was received."""
    counts = ", ".join(f"{count:,} of {name}" for name, count in sorted(stored.items())) or "none"
    return f"responses stored: {counts}" + (f"; {refused:,} without reliable counts" if refused else "")
