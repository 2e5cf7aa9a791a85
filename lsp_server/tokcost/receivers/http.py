"""HTTP for exporters on this machine: bodies of a bounded size in a bounded time, from nobody else.

A request must name a loopback host (a page in a browser can make its own host name resolve to 127.0.0.1, but cannot
change the browser's `Host`), carry no `Origin`, and have a content type for which a browser would send a preflight
request.
"""

import re
import zlib
from collections.abc import Callable
from email.message import Message
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import NamedTuple

MOST_BYTES = 4 << 20
"""Of a body, compressed or not: exporters send much less at a time."""
TYPES = {"application/json": "json", "application/x-protobuf": "protobuf"}
_LOOPBACK = re.compile(r"(?:127\.0\.0\.1|localhost|\[::1\])(?::[0-9]{1,5})?|::1")
"""A `Host` of this machine, with or without a port."""
_CHUNK_LINE = 256
_SECONDS = 10
"""Seconds to wait for a silent client."""


class Posted(NamedTuple):
    """A valid request."""

    path: str
    is_json: bool
    body: bytes


class Refusal(Exception):
    """A request that is answered only by a status and a short reason."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class ExportHandler(BaseHTTPRequestHandler):
    """One connection, which is closed after one request: exporters open another one."""

    protocol_version = "HTTP/1.1"
    server_version = "tokcost"
    sys_version = ""
    # Of one read alone: a client that sends a byte now and then is ended by `Receiver.service_actions`.
    timeout = _SECONDS
    take: Callable[[Posted], HTTPStatus]
    """Takes a request; the returned status is its result."""

    def do_POST(self) -> None:
        """Take one export."""
        try:
            posted = self._posted()
        except Refusal as refusal:
            self._answer(refusal.status, str(refusal))
            return
        except (OSError, EOFError, ValueError):
            self._answer(HTTPStatus.BAD_REQUEST, "the request is malformed")
            return
        status = self.take(posted)
        self._answer(status, "" if status is HTTPStatus.OK else status.phrase.lower(), is_json=posted.is_json)

    def _no_method(self) -> None:
        self._answer(HTTPStatus.METHOD_NOT_ALLOWED, "only POST is supported")

    do_GET = do_HEAD = do_PUT = do_DELETE = do_OPTIONS = do_PATCH = do_TRACE = do_CONNECT = _no_method

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: a line could quote a request."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """Answer invalid HTTP without quoting it."""
        # The base class also calls this before it has parsed a method, and `_answer` needs one.
        self.command = getattr(self, "command", None) or "POST"
        self._answer(HTTPStatus(code), HTTPStatus(code).phrase.lower())

    def _posted(self) -> Posted:
        headers = self.headers
        # Programs may disagree on which of two `Host` headers counts, so two are none.
        hosts = headers.get_all("Host", [])
        if len(hosts) != 1 or not _LOOPBACK.fullmatch(hosts[0].strip().lower()) or "Origin" in headers:
            raise Refusal(HTTPStatus.FORBIDDEN, "only programs on this machine are allowed")
        kind = TYPES.get(headers.get("Content-Type", "").partition(";")[0].strip().lower())
        if kind is None:
            raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"the content type must be {' or '.join(TYPES)}")
        encoding = headers.get("Content-Encoding", "identity").strip().lower()
        if encoding not in ("identity", "gzip"):
            raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "the content encoding must be gzip or none")
        body = self._body(headers)
        return Posted(self.path.partition("?")[0], kind == "json", _inflated(body) if encoding == "gzip" else body)

    def _body(self, headers: "Message[str, str]") -> bytes:
        if headers.get("Transfer-Encoding", "").strip().lower() == "chunked":
            return self._chunks()
        if "Transfer-Encoding" in headers:
            raise Refusal(HTTPStatus.NOT_IMPLEMENTED, "the transfer encoding is not known")
        length = headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit():
            raise Refusal(HTTPStatus.LENGTH_REQUIRED, "the length of the body is missing")
        if len(length) > 12 or int(length) > MOST_BYTES:
            raise _too_large()
        return self._exactly(int(length))

    def _chunks(self) -> bytes:
        parts: list[bytes] = []
        total = 0
        while size := int(self.rfile.readline(_CHUNK_LINE).partition(b";")[0].strip(), 16):
            total += size
            # Before the chunk is read, so that a size which is only claimed takes no memory. `int` accepts a sign, HTTP
            # does not.
            if size < 0 or total > MOST_BYTES:
                raise _too_large()
            parts.append(self._exactly(size))
            if self.rfile.readline(3).strip():
                raise ValueError("a chunk is longer than it says")
        self.rfile.readline(3)
        return b"".join(parts)

    def _exactly(self, size: int) -> bytes:
        data = self.rfile.read(size)
        if len(data) != size:
            raise EOFError("the client left")
        return data

    def _answer(self, status: HTTPStatus, reason: str, *, is_json: bool = True) -> None:
        # A refused request may have left its body unread, which would be taken for the next request.
        self.close_connection = True
        body = b"{}" if status is HTTPStatus.OK and is_json else f"{reason}\n".encode() if reason else b""
        kind = ("application/json" if is_json else "application/x-protobuf") if not reason else "text/plain"
        try:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Connection", "close")
            if status is HTTPStatus.METHOD_NOT_ALLOWED:
                self.send_header("Allow", "POST")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)
        except OSError:
            return  # the client left


def _inflated(body: bytes) -> bytes:
    """A body without its gzip compression, under the same size limit."""
    # `gzip.decompress` has no limit, and deflate can expand 4 MiB to 4 GiB.
    stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        # One byte more than allowed tells a body at the limit from one beyond it.
        found = stream.decompress(body, MOST_BYTES + 1)
    except zlib.error as error:
        raise ValueError("not valid gzip") from error
    if len(found) > MOST_BYTES:
        raise _too_large()
    if not stream.eof or stream.unused_data:
        raise ValueError("not valid gzip")
    return found


def _too_large() -> Refusal:
    return Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is larger than {MOST_BYTES >> 20} MiB")
