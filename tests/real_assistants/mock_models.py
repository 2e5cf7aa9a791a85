"""A model server on loopback for real assistants: it answers as the providers' APIs do, with numbers of its own for
each reply, and records what it billed and which branch was checked out when each request arrived.

The prompt says what to answer: `[[plan: sh git switch feat/b; sh true; text]]` asks for a command, another one, and a
last word; `[[plan in NAME: ...]]` names the folder of the worktree where that happens. `sh true + sh true` asks for two
commands in one reply; a reply to `big 150000 sh true` is billed with a prompt that is so much longer. A step is over
once the request holds the results of its tool calls, so the server keeps no conversation.
"""

import json
import re
import threading
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple, cast

from real_assistants import dialects
from real_assistants.dialects.common import Asked, Counts, Kind, Reply, parts

_PLAN = re.compile(r"\[\[plan(?: in (\S+))?: ([^\]]*)\]\]")


class Call(NamedTuple):
    """One billed call."""

    number: int
    model: str
    reply: Reply
    branch: str
    """The branch that was checked out when the request arrived; empty where HEAD was detached."""
    kind: Kind
    is_cut: bool = False
    """The connection broke in the middle of the reply: what a vendor bills of it is not known."""


class ModelServer:
    """The server while it runs; use it as a context manager."""

    def __init__(self, *worktrees: Path) -> None:
        """`worktrees` are looked at when a request arrives, those that exist; the first one is where work happens
        unless a plan names another."""
        self.calls: list[Call] = []
        self.unknown: list[str] = []
        """Requests that no API of these has: the assistant asked for something that is not there."""
        self.failing: list[int] = []
        """HTTP states to answer the next calls with, before any reply."""
        self.cutting = 0
        """The number of the next replies whose connection breaks in the middle."""
        self._was_long = False
        """A compaction lets an assistant forget which steps are done: a plan ends where a long one comes again."""
        self._worktrees = worktrees
        self._lock = threading.Lock()
        self._http = _Http(("127.0.0.1", 0), _Handler)
        self._http.models = self
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """The address without a path."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> "ModelServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def bill(self, asked: Asked, counts: Callable[[int], Counts]) -> Call | int:
        """Answer a request and record it; an HTTP state where it is to fail."""
        branches = {worktree.name: _branch(worktree) for worktree in self._worktrees if worktree.exists()}
        step, place = _step(asked)
        longer, step = _longer(step)
        with self._lock:
            if self.failing:
                return self.failing.pop(0)
            if longer and self._was_long:
                longer, step = 0, "text"
            self._was_long |= longer > 0
            number, is_cut = len(self.calls) + 1, self.cutting > 0 and asked.kind == "work"
            self.cutting -= is_cut
            told = counts(number)
            reply = Reply(number, step, told._replace(input=told.input + longer))
            branch = branches[place or next(iter(branches))]
            self.calls.append(Call(number, asked.model, reply, branch, asked.kind, is_cut))
            return self.calls[-1]


def _branch(worktree: Path) -> str:
    try:
        head = (worktree / ".git" / "HEAD").read_text()
    except OSError:
        folder = (worktree / ".git").read_text().removeprefix("gitdir:").strip()
        head = (worktree / folder / "HEAD").read_text()
    return head.strip().removeprefix("ref: refs/heads/") if head.startswith("ref:") else ""


def _step(asked: Asked) -> tuple[str, str]:
    """The step of the plan to answer with, and the worktree that it names. Without tools nobody can run a step."""
    found, results, place = list[str](), 0, ""
    for text, is_result in asked.turns:
        if plans := _PLAN.findall(text):
            place, plan = plans[-1]
            found, results = [one.strip() for one in plan.split(";")], 0
        results += is_result
    if not found or not asked.tools:
        return "text", place
    return _next(found, results), place


def _next(steps: list[str], results: int) -> str:
    """The first step some of whose results are not there."""
    for step in steps:
        results -= len(parts(step))
        if results < 0:
            return step
    return "text"


def _longer(step: str) -> tuple[int, str]:
    """How much longer than usual the billed prompt is, and the rest of the step."""
    if not step.startswith("big "):
        return 0, step
    _, count, rest = step.split(" ", 2)
    return int(count), rest


class _Http(ThreadingHTTPServer):
    """The HTTP server, which knows whom it answers for."""

    models: ModelServer

    def handle_error(self, request: object, client_address: object) -> None:
        """Print nothing of a connection that the assistant broke off."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def _models(self) -> ModelServer:
        return cast(_Http, self.server).models

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing."""

    def do_GET(self) -> None:
        """Answer a list of models; nothing else is asked for."""
        if "models" in self.path:
            self._whole(200, {"object": "list", "data": [], "models": []})
        else:
            self._unknown("GET")

    def do_POST(self) -> None:
        """Answer a request for a reply, or for the count of a prompt, which is free."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"] or 0)) or b"{}")
        dialect = dialects.of(self.path)
        if dialect is not None:
            self._reply(dialect.api, body)
        elif "count" in self.path:
            self._whole(200, {"input_tokens": 10, "totalTokens": 10})
        else:
            self._unknown("POST")

    def _reply(self, api: Any, body: dict[str, Any]) -> None:
        asked = api.asked(self.path, body)
        call = self._models.bill(asked, api.counts)
        if isinstance(call, int):
            self._whole(call, {"type": "error", "error": {"type": "overloaded_error", "message": "try again"}})
        elif asked.streamed:
            events = list(api.events(asked, call.reply))
            self._streamed(events[: len(events) // 2] if call.is_cut else events)
        elif call.is_cut:
            self.close_connection = True
        else:
            self._whole(200, api.document(asked, call.reply))

    def _unknown(self, method: str) -> None:
        self._models.unknown.append(f"{method} {self.path}")
        self._whole(404, {"error": {"message": "not here"}})

    def _whole(self, state: int, document: Any) -> None:
        data = json.dumps(document).encode()
        self.send_response(state)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _streamed(self, events: Iterable[bytes]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for event in events:
            self.wfile.write(event)
            self.wfile.flush()
        self.close_connection = True
