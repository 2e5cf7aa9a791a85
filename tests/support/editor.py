"""An editor as the server sees it: a program that speaks LSP over pipes. It knows the wire and nothing of pygls, so
that both are not wrong in the same way."""

import json
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from support import warm

PROGRAM = """
import sys
def watch(event, args):
    if event in ('socket.connect', 'socket.getaddrinfo', 'socket.bind', 'socket.sendto'):
        print('NETWORK', event, file=sys.stderr, flush=True)
sys.addaudithook(watch)
from tokcost.cli.start import main
main()
"""
PATIENCE = 60.0
"""How long nothing at all may be heard. A busy machine is not the subject."""

Message = dict[str, Any]


class Refused(Exception):
    """The server answered with an error."""

    def __init__(self, error: Message) -> None:
        super().__init__(error["message"])
        self.code: int = error["code"]


class Editor:
    """One window. Every message that the server ever sent is kept, and so is what it wrote to standard error."""

    def __init__(
        self,
        environ: Mapping[str, str],
        *folders: Path,
        capabilities: Message | None = None,
        locale: str | None = None,
    ) -> None:
        self.process = warm.start(PROGRAM, ["lsp", "--stdio"], env=environ, streams=[subprocess.PIPE] * 3)
        self.messages: list[Message] = []
        self.raw = b""
        self.errors = b""
        self._news = threading.Condition()
        self._number = 0
        self._threads = [threading.Thread(target=self._read), threading.Thread(target=self._read_errors)]
        for thread in self._threads:
            thread.start()
        self.capabilities = capabilities or {}
        self.locale = {} if locale is None else {"locale": locale}
        self.folders = [{"uri": folder.as_uri(), "name": folder.name} for folder in folders]

    def __enter__(self) -> "Editor":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for thread in self._threads:
            thread.join()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
        assert b"NETWORK" not in self.errors

    def open(self, process: int | None = None) -> Message:
        """Say hello; what the server can do."""
        params = {"processId": process, "rootUri": None, "capabilities": self.capabilities, **self.locale}
        answer = self.request("initialize", {**params, "workspaceFolders": self.folders})
        self.notify("initialized", {})
        return answer["capabilities"]

    def quit(self) -> int:
        """Say goodbye; the server's exit code."""
        self.request("shutdown", None)
        self.notify("exit", None)
        return self.process.wait(PATIENCE)

    def notify(self, method: str, params: Any) -> None:
        """Send a notification."""
        self._send({"method": method, "params": params})

    def request(self, method: str, params: Any) -> Any:
        """Send a request; its answer. Raises `Refused`."""
        self._number += 1
        number = self._number
        self._send({"id": number, "method": method, "params": params})
        answer = self.wait(lambda: [m for m in self.messages if m.get("id") == number and "method" not in m])[0]
        if "error" in answer:
            raise Refused(answer["error"])
        return answer["result"]

    def command(self, name: str, **wish: Any) -> Any:
        """Run one of our commands."""
        return self.request("workspace/executeCommand", {"command": f"tokcost.{name}", "arguments": [wish]})

    def status(self, folder: Path, **wanted: Any) -> Message:
        """Wait until the newest figures of a folder are these."""

        def newest() -> Message | None:
            found = self.told("tokcost/status", uri=folder.as_uri())
            good = found and all(found[-1].get(key) == value for key, value in wanted.items())
            return found[-1] if good else None

        return self.wait(newest)

    def told(self, method: str, **wanted: Any) -> list[Message]:
        """Parameters of everything sent under a method so far."""
        found = [m["params"] for m in list(self.messages) if m.get("method") == method]
        return [params for params in found if all(params.get(key) == value for key, value in wanted.items())]

    def document(self, path: Path, text: str, language: str = "git-commit") -> str:
        """Open a document; its URI."""
        item = {"uri": path.as_uri(), "languageId": language, "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})
        return path.as_uri()

    def bytes(self, data: bytes) -> None:
        """Send whatever this is."""
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def wait(self, found: Callable[[], Any]) -> Any:
        """Wait until a question has an answer; that answer. As long as there is news from the server it is at work, and
        a second in which this process was itself held up counts as one, however long it was."""
        heard, left = -1, PATIENCE
        with self._news:
            while True:
                if answer := found():
                    return answer
                if len(self.messages) != heard:
                    heard, left = len(self.messages), PATIENCE
                last = [json.dumps(message)[:300] for message in self.messages[-4:]]
                assert left > 0, (last, self.errors)
                assert self.process.poll() is None, (last, self.errors)
                began = time.monotonic()
                self._news.wait(1.0)
                left -= min(time.monotonic() - began, 1.0)

    def _send(self, message: Message) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.bytes(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    def _read(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while header := stream.readline():
            assert header.lower().startswith(b"content-length:"), header
            while stream.readline().strip():
                pass
            body = stream.read(int(header.split(b":")[1]))
            message = json.loads(body)
            if "id" in message and "method" in message:
                self._send({"id": message["id"], "result": {"success": True}})
            with self._news:
                self.raw += body
                self.messages.append(message)
                self._news.notify_all()
        with self._news:
            self._news.notify_all()

    def _read_errors(self) -> None:
        stream = self.process.stderr
        assert stream is not None
        for line in stream:
            self.errors += line
