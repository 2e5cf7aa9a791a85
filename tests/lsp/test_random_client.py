"""A client that sends well-formed requests in any order, with values that make no sense: each request is answered, no
answer is about a bug, nothing is switched on, and the server ends when it is told to."""

import json
import os
import random
from pathlib import Path
from typing import Any

import pytest

from support.editor import Editor
from support.hooked import REPLY, Hooked

SEED = os.environ.get("TOKCOST_SEED", "1")
REQUESTS = int(os.environ.get("TOKCOST_INPUTS", "3000"))
TEXTS = (
    *("", "a", "\n" * 5000, "😀\ud83d" * 50, f"AI-Cost: {'z' * 3000}"),
    "Subject\n\nAI-Cost: 1.0000 USD list; 12 tokens; a; 7k3qf9x2m4tc\n",
    "x\r\n\rAI-Cost: ~2 USD\u2028y\x0b\x0cAI-Cost: 9",
    "# c\n#AI-Cost: 1 USD list; 1 tokens; -; 7k3qf9x2m4tc",
)
ODD: tuple[Any, ...] = (
    *(None, True, 0, -1, 1.5, 1 << 31, 1 << 53, 1 << 70, "", "x" * 70_000, "\ud800", "\0", [], [[]], {}, {"a": {}}),
    *("main", "HEAD", "--all", "\x1b[31m", "coarse", "exact", "none", "20", "0001-01-01T00:00:00+23:59", [1] * 1000),
)
OPTIONS = (
    *("precision", "models", "from_now", "show", "peek", "consent", "omit", "branch", "scope", "amount", "block"),
    *("since", "until", "session", "directory", "from", "unplaced", "dry_run", "commit"),
)
COMMANDS = (
    *("preview", "enable", "disable", "omit", "report", "assign", "refresh", "budget", "branches", "commit"),
    "nothing",
)


class Client:
    """Makes messages."""

    def __init__(self, repo: Hooked, seed: str) -> None:
        self.chance = random.Random(seed)
        self.root, self.draft = repo.path.as_uri(), (repo.git_dir / "COMMIT_EDITMSG").as_uri()
        self.uris: tuple[Any, ...] = (
            *(self.draft, self.root, "", "file:///x", "file://[::1/x", "untitled:1", "file:///dev/zero", None, 1, {}),
            *(f"{self.root}/%00", f"{self.draft}?q#f", "file:///\ud800", f"file:///{'a' * 5000}"),
        )

    def uri(self) -> Any:
        return self.draft if self.chance.random() < 0.6 else self.chance.choice(self.uris)

    def position(self) -> Any:
        lines = (0, 1, 2, 3, 5000, (1 << 31) - 1, -1, "x", None, 1.5)
        return {"line": self.chance.choice(lines), "character": self.chance.choice((0, 3, 9, (1 << 31) - 1, -3))}

    def range(self) -> Any:
        return {"start": self.position(), "end": self.position()}

    def command(self) -> tuple[str, Any]:
        """One of our commands. Nobody ever agrees to anything."""
        wish = {name: self.chance.choice(ODD) for name in self.chance.sample(OPTIONS, self.chance.randrange(6))}
        wish |= {"uri": self.root if self.chance.random() < 0.8 else self.chance.choice(self.uris)}
        wish |= {"scope": self.chance.choice(("branch", "commit", "day"))} if self.chance.random() < 0.3 else {}
        if wish.get("consent") is True:
            del wish["consent"]
        arguments = self.chance.choice(([wish], [wish], [wish], [wish, wish], [], None, "x", [1], [[]]))
        return "workspace/executeCommand", {
            "command": f"tokcost.{self.chance.choice(COMMANDS)}",
            "arguments": arguments,
        }

    def document(self) -> tuple[str, Any]:
        """A document is opened, changed or closed."""
        known = {"uri": self.uri(), "version": self.chance.choice((1, 2, -1, None, "x", 1 << 40))}
        changes: tuple[Any, ...] = (
            {"text": self.chance.choice(TEXTS)},
            {"range": self.range(), "text": self.chance.choice(TEXTS)},
            *({}, None, 5),
        )
        return self.chance.choice(
            (
                ("textDocument/didChange", {"textDocument": known, "contentChanges": [self.chance.choice(changes)]}),
                (
                    "textDocument/didOpen",
                    {"textDocument": {**known, "languageId": "git-commit", "text": self.chance.choice(TEXTS)}},
                ),
                ("textDocument/didClose", {"textDocument": known}),
                ("workspace/didChangeWorkspaceFolders", {"event": {"added": [{"uri": self.uri(), "name": "n"}]}}),
                ("tokcost/follow", {"next": True, "page": {"uri": self.uri(), "branch": self.chance.choice(ODD)}}),
                (
                    "tokcost/follow",
                    self.chance.choice(({"branches": self.uri()}, None, {"page": 5}, [])),
                ),
                ("$/cancelRequest", {"id": self.chance.choice((1, "x", None, {}))}),
            )
        )

    def question(self) -> tuple[str, Any]:
        """Something that is to be answered."""
        at = {"textDocument": {"uri": self.uri()}, "position": self.position(), "range": self.range()}
        shown = {"range": self.range(), "message": "m", "source": "tokcost", "code": "damaged"}
        context = {"diagnostics": self.chance.choice(([], None, [shown], [{}])), "only": self.chance.choice((None, 5))}
        return self.chance.choice(
            (
                *((f"textDocument/{name}", at) for name in ("hover", "completion", "codeLens", "rename")),
                ("textDocument/codeAction", {**at, "context": context}),
                ("tokcost/summary", {"uri": self.chance.choice(self.uris), "branch": self.chance.choice(ODD)}),
                ("tokcost/summary", self.chance.choice((None, 5, [], {"uri": self.root}))),
                ("initialize", {"processId": 1, "capabilities": {}}),
                (self.chance.choice(("a", "$/x", "")), self.chance.choice(ODD)),
                self.command(),
                self.command(),
            )
        )


@pytest.mark.slow
def test_a_client_that_sends_anything_is_answered_and_switches_nothing_on(tmp_path: Path) -> None:
    repo = Hooked(tmp_path, enabled=False, rooted=True)
    repo.spend()
    client = Client(repo, SEED)
    with Editor(repo.environ, repo.path) as editor:
        editor.open()
        editor.status(repo.path, state="ready", tokens=REPLY)
        waited: set[int] = set()
        for number in range(1_000_000, 1_000_000 + REQUESTS):
            is_asked = client.chance.random() < 0.7
            method, params = client.question() if is_asked else client.document()
            message: dict[str, Any] = {"jsonrpc": "2.0", "method": method, "params": params}
            if is_asked:
                message["id"] = number
                waited.add(number)
            body = json.dumps(message).encode()
            editor.bytes(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
            if number % 50 == 0:  # or both would wait for each other to read
                editor.command("refresh")
        editor.wait(lambda: waited <= {one["id"] for one in list(editor.messages) if "result" in one or "error" in one})
        said = [json.dumps(one)[:300] for one in editor.messages if "this is a bug" in json.dumps(one)]
        assert said == []
        assert b"Traceback" not in editor.errors, editor.errors[-2000:]
        assert repo.git("config", "--get", "tokcost.enabled", ok=False) in ("", "false")
        assert editor.quit() == 0
