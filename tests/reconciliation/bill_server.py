"""A server on loopback that answers as the providers' APIs do, by their documentation, pages and errors included."""

import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

KEY = "sk-admin-0123456789-canary"


class Request(NamedTuple):
    path: str
    query: dict[str, str]
    headers: dict[str, str]


class Reply(NamedTuple):
    """An answer; `length` is a promise that the body need not keep."""

    body: bytes
    status: int = 200
    headers: tuple[tuple[str, str], ...] = (("content-type", "application/json"),)
    length: int | None = None
    seconds_a_byte: float = 0
    seconds_before: float = 0
    drips_before: Callable[[], bool] = lambda: False
    """As long as this holds, a header comes every half second."""


Answer = Callable[[Request], Reply]


def reply(document: object, status: int = 200, **headers: str) -> Reply:
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Reply(json.dumps(document).encode(), status, (("content-type", "application/json"), *named))


class BillServer:
    """Runs while it is entered; `requests` are those it got, and `hung_up` is set once whoever asked has closed a
    connection."""

    def __init__(self, answer: Answer) -> None:
        self.requests: list[Request] = []
        self.hung_up = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                headers = {name.lower(): value for name, value in self.headers.items()}
                request = Request(parts.path, dict(parse_qsl(parts.query)), headers)
                outer.requests.append(request)
                self._send(answer(request))

            def do_CONNECT(self) -> None:
                outer.requests.append(Request(f"CONNECT {self.path}", {}, {}))
                self.send_error(403)

            def handle(self) -> None:
                with suppress(ConnectionError):  # whoever asked had enough
                    super().handle()
                outer.hung_up.set()

            def _send(self, told: Reply) -> None:
                time.sleep(told.seconds_before)
                self.send_response(told.status)
                while told.drips_before():
                    self.send_header("x-more", "to come")
                    self.flush_headers()
                    time.sleep(0.5)
                for name, value in told.headers:
                    self.send_header(name, value)
                self.send_header("content-length", str(len(told.body) if told.length is None else told.length))
                self.end_headers()
                for part in parts_of(told):
                    self.wfile.write(part)
                    time.sleep(told.seconds_a_byte)
                if told.length is not None:
                    self.close_connection = True

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "BillServer":
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


def parts_of(told: Reply) -> list[bytes]:
    """The pieces in which a body is sent: single bytes where it drips."""
    return [bytes([byte]) for byte in told.body] if told.seconds_a_byte else [told.body]


def anthropic_row(day: str, model: str | None, listed: str, amount: str | None = None) -> dict[str, Any]:
    """A line of Anthropic's, with more in its group than anybody asked for."""
    return {
        "starting_at": f"{day}T00:00:00Z",
        "ending_at": f"{day}T23:59:59Z",
        "group": {"model": model, "actor": {"type": "user_actor", "email": "ann@x.org"}, "api_key_id": "apikey_1"},
        "cost": {"amount": amount or listed, "list_amount": listed, "currency": "USD", "requests": 3},
    }


def anthropic_page(*rows: dict[str, Any], next_page: str | None = None) -> dict[str, Any]:
    refreshed = "2026-11-02T04:00:00Z"
    return {"data": rows, "has_more": bool(next_page), "next_page": next_page, "data_refreshed_at": refreshed}


def always(document: object) -> Answer:
    return lambda request: reply(document)
