"""A server on this machine that answers like a forge, and commits with a cost line."""

import http.server
import json
import re
from typing import Any

from support.git_sandbox import GitSandbox
from tokcost.model.trailer import Line, format_line

USD = 10**9
TOKEN = "token-of-this-job"


def commit(repo: GitSandbox, number: int, dollars: int) -> str:
    """A commit with a line of so many dollars."""
    line = format_line(Line(f"{number:012d}", 1, dollars * USD, False, 1_000_000, ("claude-opus-4-5",)))
    repo.now += 60
    repo.git("commit", "-q", "--allow-empty", "-m", f"Change {number}\n\n{line}")
    return repo.git("rev-parse", "HEAD")


class Forge:
    """Comments of one request, and what is answered to whom."""

    def __init__(self) -> None:
        self.comments: list[dict[str, Any]] = []
        self.read_only = False
        self.asked: list[tuple[str, str, str]] = []
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.address = f"http://127.0.0.1:{self.server.server_port}/api"

    def has(self, text: str, **more: Any) -> None:
        self.comments.append({"id": len(self.comments) + 1, "body": text, **more})

    def answer(self, method: str, path: str, body: Any, token: str) -> tuple[int, Any]:
        self.asked.append((method, path, token))
        if TOKEN not in token:
            return 401, None
        if path == "/api/user":
            return 200, {"id": 7}
        if method == "GET":
            page = int(re.findall(r"[?&]page=(\d+)", path)[0])
            return 200, self.comments[(page - 1) * 100 : page * 100]
        if self.read_only:
            return 403, None
        if method == "POST":
            self.has(body["body"], user={"type": "Bot"}, author={"id": 7})
        else:
            self.comments[int(path.rsplit("/", 1)[1]) - 1]["body"] = body["body"]
        return 200, {}

    def _handler(self) -> Any:
        forge = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def _any(self) -> None:
                text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                token = self.headers.get("Authorization") or self.headers.get("PRIVATE-TOKEN") or ""
                code, told = forge.answer(self.command, self.path, json.loads(text) if text else None, token)
                self.send_response(code)
                self.end_headers()
                self.wfile.write(json.dumps(told).encode())

            do_GET = do_POST = do_PATCH = do_PUT = _any

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler
