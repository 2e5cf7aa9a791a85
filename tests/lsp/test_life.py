"""How the server begins, what it survives, and how it ends."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from support.editor import PATIENCE, Editor, Refused
from support.hooked import REPLY, Hooked


def test_the_first_answer_waits_for_nothing(repo: Hooked) -> None:
    with Editor(repo.environ, repo.path) as editor:
        can = editor.open()
        assert can["hoverProvider"]
        assert can["workspace"]["workspaceFolders"] == {"supported": True, "changeNotifications": True}
        assert "tokcost.preview" in can["executeCommandProvider"]["commands"]
        assert editor.messages[0]["id"] == 1


NOT_INITIALIZED, INVALID_REQUEST, INVALID_PARAMS = -32002, -32600, -32602
HOVER = {"textDocument": {"uri": "file:///x"}, "position": {"line": 0, "character": 0}}
HELLO = {"processId": None, "rootUri": None, "capabilities": {}}


def refusal(editor: Editor, method: str, params: Any) -> int:
    """The error code of a request that must not be served."""
    with pytest.raises(Refused) as refused:
        editor.request(method, params)
    return refused.value.code


def test_what_is_asked_before_initialize_is_refused_and_changes_nothing(repo: Hooked) -> None:
    repo.spend()
    with Editor(repo.environ, repo.path) as editor:
        for method, params in [
            ("textDocument/hover", HOVER),
            ("textDocument/hover", {"nonsense": True}),
            ("workspace/executeCommand", {"command": "tokcost.refresh", "arguments": []}),
            ("tokcost/summary", {"uri": repo.path.as_uri()}),
            ("no/such/method", {}),
            ("shutdown", None),
        ]:
            assert refusal(editor, method, params) == NOT_INITIALIZED, method
        for method, params in [
            ("initialized", {}),
            (
                "textDocument/didOpen",
                {"textDocument": {"uri": "file:///x", "languageId": "x", "version": 1, "text": ""}},
            ),
            ("workspace/didChangeWorkspaceFolders", {"event": {"added": editor.folders, "removed": []}}),
            ("textDocument/didClose", {"nonsense": True}),
            ("$/setTrace", {"value": "verbose"}),
        ]:
            editor.notify(method, params)
        assert refusal(editor, "textDocument/hover", HOVER) == NOT_INITIALIZED
        assert [one for one in editor.messages if "method" in one] == []
        editor.open()
        editor.status(repo.path, state="ready", tokens=REPLY)
        assert editor.quit() == 0


def test_a_client_that_gives_up_before_initialize_is_told_by_the_exit_code(repo: Hooked) -> None:
    with Editor(repo.environ, repo.path) as editor:
        editor.notify("exit", None)
        assert editor.process.wait(PATIENCE) == 1
    with Editor(repo.environ, repo.path) as editor:
        assert refusal(editor, "shutdown", None) == NOT_INITIALIZED
        editor.notify("exit", None)
        assert editor.process.wait(PATIENCE) == 1


def test_an_initialize_that_is_refused_can_be_said_again(repo: Hooked) -> None:
    with Editor(repo.environ, repo.path) as editor:
        assert refusal(editor, "initialize", {"capabilities": 5}) == INVALID_PARAMS
        assert refusal(editor, "textDocument/hover", HOVER) == NOT_INITIALIZED
        editor.open()
        assert editor.quit() == 0


def test_a_second_initialize_is_refused_and_the_first_one_stays(repo: Hooked) -> None:
    repo.spend()
    with Editor(repo.environ, repo.path) as editor:
        editor.open()
        editor.status(repo.path, state="ready", tokens=REPLY)
        uri = editor.document(repo.path / ".git/COMMIT_EDITMSG", "Subject\n")
        assert refusal(editor, "initialize", HELLO) == INVALID_REQUEST
        assert len(editor.command("refresh")["statuses"]) == 1
        lens = {"textDocument": {"uri": uri}}
        assert editor.request("textDocument/codeLens", lens), "the folders and documents of the first are still known"
        assert editor.quit() == 0


def test_what_is_asked_after_shutdown_is_refused(repo: Hooked) -> None:
    with Editor(repo.environ, repo.path) as editor:
        editor.open()
        editor.request("shutdown", None)
        for method, params in [
            ("textDocument/hover", HOVER),
            ("textDocument/hover", {"nonsense": True}),
            ("tokcost/summary", {"uri": repo.path.as_uri()}),
            ("no/such/method", {}),
            ("shutdown", None),
            ("initialize", HELLO),
        ]:
            assert refusal(editor, method, params) == INVALID_REQUEST, method
        editor.notify("textDocument/didClose", {"textDocument": {"uri": "file:///x"}})
        editor.notify("exit", None)
        assert editor.process.wait(PATIENCE) == 0


def test_it_leaves_politely_and_tells_an_impolite_client_by_its_exit_code(repo: Hooked) -> None:
    with Editor(repo.environ, repo.path) as editor:
        editor.open()
        assert editor.quit() == 0
    with Editor(repo.environ, repo.path) as editor:
        editor.open()
        editor.notify("exit", None)
        assert editor.process.wait(PATIENCE) == 1


def test_it_ends_when_the_client_closes_its_pipe(repo: Hooked) -> None:
    with Editor(repo.environ, repo.path) as editor:
        editor.open()
        editor.status(repo.path, state="ready")
        assert editor.process.stdin is not None
        editor.process.stdin.close()
        assert editor.process.wait(PATIENCE) == 1


def test_it_ends_when_nobody_reads_it_any_more(repo: Hooked) -> None:
    environ = repo.environ
    program = [sys.executable, "-P", "-c", "from tokcost.cli.start import main; main()", "lsp"]
    body = b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"processId":null,"capabilities":{}}}'
    with subprocess.Popen(program, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdout.close()
        server.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        server.stdin.flush()
        assert server.wait(PATIENCE) == 1


@pytest.mark.slow
def test_it_ends_when_the_client_dies_though_its_pipe_lives_on(repo: Hooked) -> None:
    client = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    with Editor(repo.environ, repo.path) as editor:
        editor.open(client.pid)
        editor.status(repo.path, state="ready")
        client.kill()
        client.wait()
        assert editor.process.wait(PATIENCE) == 1


@pytest.mark.slow
def test_a_client_whose_number_means_nothing_here_is_served(repo: Hooked) -> None:
    with Editor(repo.environ, repo.path) as editor:
        editor.open(2**22 + 5)
        editor.status(repo.path, state="ready")
        time.sleep(2.5)
        editor.command("refresh")


HUGE = b"Content-Length: 67108865\r\n\r\n"


@pytest.mark.few
@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00\xff\r\n\r\nnonsense\r\n",
        b'Content-Length: 5\r\n\r\n{"a":',
        b"Content-Length: 4\r\n\r\n\xff\xfe\xfd\xfc",
        b"Content-Length: 7\r\n\r\n[1,2,3]",
        b"Content-Length: 4\r\n\r\nnull",
        b"Content-Length: -1\r\n\r\n",
        b"Content-Length: 16\r\n\r\n" + b'{"jsonrpc": 2.0}',
        b"Content-Length: 100000\r\n\r\n" + b"[" * 100_000,
        b'Content-Length: 60\r\n\r\n{"jsonrpc":"2.0","id":{"a":[]},"method":5,"params":"x", "y":1}'[:82],
        b"x" * 200_000 + b"\r\n",
        HUGE,
    ],
    ids=["bytes", "half", "no-utf8", "list", "null", "negative", "version", "deep", "types", "endless", "huge"],
)
def test_it_survives_garbage(repo: Hooked, garbage: bytes) -> None:
    repo.spend()
    with Editor(repo.environ, repo.path) as editor:
        editor.open()
        editor.status(repo.path, state="ready", tokens=REPLY)
        editor.bytes(garbage)
        editor.bytes(b" " * 67_108_865 if garbage == HUGE else b"")
        assert len(editor.command("refresh")["statuses"]) == 1
        assert editor.told("window/showMessage") == []
        assert b"Traceback" not in editor.errors
        assert editor.quit() == 0


@pytest.mark.slow
def test_requests_that_make_no_sense_are_refused_one_by_one(repo: Hooked) -> None:
    with Editor(repo.environ, repo.path) as editor:
        with pytest.raises(Refused):
            editor.request(
                "textDocument/hover", {"textDocument": {"uri": "x"}, "position": {"line": 0, "character": 0}}
            )
        editor.open()
        for method, params in [
            ("no/such/method", {}),
            ("textDocument/hover", {"nonsense": True}),
            ("workspace/executeCommand", {"command": "tokcost.nothing"}),
            ("workspace/executeCommand", {"command": "tokcost.preview", "arguments": [1, 2, 3]}),
            ("workspace/executeCommand", {"command": "tokcost.preview", "arguments": ["x"]}),
            ("workspace/executeCommand", {"command": "tokcost.preview", "arguments": [{"uri": 5}]}),
            ("workspace/executeCommand", {"command": "tokcost.preview", "arguments": [{"precision": "very"}]}),
            ("workspace/executeCommand", {"command": "tokcost.report", "arguments": [{"branch": ["main"]}]}),
        ]:
            with pytest.raises(Refused) as refusal:
                editor.request(method, params)
            assert "Traceback" not in str(refusal.value)
            assert "bug" not in str(refusal.value)
        half = editor.request("tokcost/summary", {"uri": repo.path.as_uri(), "branch": "\ud800"})
        assert [one["usage"] for one in half["branches"]] in ([], [0])
        assert editor.quit() == 0


def test_a_client_that_vanishes_in_the_middle_of_a_message_leaves_no_process(repo: Hooked) -> None:
    with Editor(repo.environ, repo.path) as editor:
        editor.open()
        editor.bytes(b"Content-Length: 5000\r\n\r\n{")
        assert editor.process.stdin is not None
        editor.process.stdin.close()
        assert editor.process.wait(PATIENCE) == 1


def test_what_prints_does_not_disturb_the_protocol(repo: Hooked) -> None:
    with Editor(repo.environ, repo.path) as editor:
        editor.open()
        out = Path(f"/proc/{editor.process.pid}/fd")
        if not out.exists():
            pytest.skip("needs /proc to see what standard output is")
        assert os.readlink(out / "1") == os.readlink(out / "2")
        assert os.readlink(out / "0") == "/dev/null"


@pytest.mark.slow
def test_a_ledger_that_another_program_holds_is_told_and_tried_again(repo: Hooked) -> None:
    repo.spend()
    repo.log()
    hold = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); c.execute('BEGIN IMMEDIATE');"
        "print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", hold, str(repo.ledger_home / "ledger.db")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with holder, Editor(repo.environ, repo.path) as editor:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        repo.spend()
        editor.open()
        editor.status(repo.path, tokens=REPLY, stale=True)
        editor.wait(lambda: [one for one in editor.told("window/logMessage") if "locked" in one["message"]])
        holder.communicate()
        editor.status(repo.path, tokens=2 * REPLY, stale=False)


@pytest.mark.slow
def test_a_server_that_is_killed_while_it_imports_loses_and_doubles_nothing(repo: Hooked) -> None:
    for _ in range(3):
        repo.spend()
        with Editor(repo.environ, repo.path) as editor:
            editor.open()
            time.sleep(0.2)
            with contextlib.suppress(ProcessLookupError):
                os.kill(editor.process.pid, signal.SIGKILL)
    assert repo.replies() == {"total": 3, "pending": 3}
