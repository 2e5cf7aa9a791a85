"""A client that asks more than it hears: it waits in its own pipes, and nobody else does."""

import array
import fcntl
import json
import os
import signal
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import pytest

from support.editor import PATIENCE
from support.hooked import Hooked
from support.tables import few

PROGRAM = [sys.executable, "-P", "-c", "from tokcost.cli.start import main; main()"]
pytestmark = pytest.mark.skipif(not hasattr(termios, "FIONREAD"), reason="needs to see how full a pipe is")


def message(**said: Any) -> bytes:
    """A message as it is on the wire."""
    body = json.dumps({"jsonrpc": "2.0", **said}).encode()
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


@contextmanager
def silent_client(repo: Hooked, process: int | None = None) -> Iterator["subprocess.Popen[bytes]"]:
    """A server that looks after a repository, and hears nothing more than that."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [*PROGRAM, "lsp"], env=repo.environ, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL
    ) as server:
        folders = [{"uri": repo.path.as_uri(), "name": "repo"}]
        hello = {"processId": process, "rootUri": None, "capabilities": {}, "workspaceFolders": folders}
        try:
            send(server, message(id=0, method="initialize", params=hello) + message(method="initialized", params={}))
            wait(repo.is_served)
            yield server
        finally:
            server.kill()


def send(server: "subprocess.Popen[bytes]", data: bytes) -> int:
    """Send as much as the server takes, until it takes nothing for a second; how many bytes that was."""
    number = of(server.stdin)
    os.set_blocking(number, False)
    sent, last = 0, time.monotonic()
    while sent < len(data) and time.monotonic() - last < 1:
        try:
            sent += os.write(number, data[sent : sent + 4096])
            last = time.monotonic()
        except BlockingIOError:
            time.sleep(0.01)
    return sent


def of(stream: IO[bytes] | None) -> int:
    """The number of a pipe."""
    assert stream is not None
    return stream.fileno()


def wait(for_what: Any) -> None:
    """Wait until something is so."""
    until = time.monotonic() + PATIENCE
    while not for_what():
        assert time.monotonic() < until
        time.sleep(0.05)


def waiting_in(number: int) -> int:
    """The bytes that a pipe holds."""
    found = array.array("i", [0])
    fcntl.ioctl(number, termios.FIONREAD, found)
    return found[0]


def preview(number: int, repo: Hooked) -> bytes:
    """A request that needs the thread that writes."""
    params = {"command": "tokcost.preview", "arguments": [{"uri": repo.path.as_uri()}]}
    return message(id=f"{number:09}", method="workspace/executeCommand", params=params)


def commits_as_ever(repo: Hooked) -> None:
    """Make a commit that needs the deadlines of users."""
    repo.spend()
    repo.change()
    assert repo.grumble("commit", "-q", "-m", "Meanwhile", env={"TOKCOST_DEADLINE": ""}) == ""
    assert "AI-Cost: " in repo.message()


@pytest.mark.slow
@pytest.mark.parametrize("kind", few(["tokcost/summary", "no/such/method", "preview"], 1))
@pytest.mark.own_start
def test_a_client_that_reads_no_answer_keeps_no_commit_waiting(agreed: Hooked, kind: str) -> None:
    repo = agreed
    plain = {"method": kind, "params": {"uri": repo.path.as_uri()}}
    flood = b"".join(preview(n, repo) if kind == "preview" else message(id=n, **plain) for n in range(1, 6000))
    with silent_client(repo) as server:
        assert send(server, flood) < len(flood) / 2, "what nobody reads stays in the pipes"
        commits_as_ever(repo)
        assert repo.tokcost("status").stdout.startswith("main ")
        commits_as_ever(repo)
    assert repo.replies() == {"total": 2, "carried": 2}


@pytest.mark.slow
@pytest.mark.own_start
def test_a_client_that_asks_faster_than_it_is_answered_waits_in_its_pipe(agreed: Hooked) -> None:
    repo = agreed
    size, number, heard = len(preview(1, repo)), 0, [0]
    with silent_client(repo) as server:

        def listen() -> None:
            while data := os.read(of(server.stdout), 1 << 16):
                heard[0] += data.count(b'"id": "0')

        listener = threading.Thread(target=listen)
        listener.start()
        os.set_blocking(of(server.stdin), True)
        most = 0
        for number in range(1, 700):
            os.write(of(server.stdin), preview(number, repo))
            most = max(most, number - waiting_in(of(server.stdin)) // size - heard[0])
            if number == 350:
                commits_as_ever(repo)
        wait(lambda: heard[0] == number)
        commits_as_ever(repo)
        server.kill()
        listener.join()
    assert most < 200
    assert repo.replies() == {"total": 2, "carried": 2}


@pytest.mark.slow
@pytest.mark.own_start
def test_the_server_ends_with_a_client_that_read_nothing_though_its_pipes_live_on(agreed: Hooked) -> None:
    repo = agreed
    client = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    flood = b"".join(message(id=n, method="no/such/method", params={}) for n in range(1, 6000))
    with silent_client(repo, client.pid) as server:
        assert send(server, flood) < len(flood)
        client.send_signal(signal.SIGKILL)
        client.wait()
        assert server.wait(PATIENCE) == 1
