"""A server that runs already does the work of hooks and of `tokcost status`; whatever it does, commits go on."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.editor import Editor
from support.hooked import Hooked
from support.trouble import make_packages
from tokcost.local_server import BEGUN, BUSY, DONE, GREETING, REFUSED, REQUEST, first_frame, framed, identity

pytestmark = pytest.mark.own_start

LINE = "AI-Cost: "
LIMITS = {"TOKCOST_DEADLINE": ""}
"""Those that hold for users; the sandbox asks for more patience."""


def commit(repo: Hooked, **env: str) -> str:
    """What is said at a commit that must succeed."""
    repo.spend()
    repo.change()
    if "TROUBLE" in repo.more_environ and (repo.ledger_home / "server.sock").exists():
        time.sleep(1)  # it also looks at what was spent: a server that is about to do so need not do anything else
        until = time.monotonic() + 30
        while not repo.is_served() and time.monotonic() < until:
            time.sleep(0.1)
    return repo.grumble("commit", "-q", "-m", "Served", env=env)


def only_a_server_can(repo: Hooked) -> None:
    """Have a reader of somebody else end every process but a server, from now on."""
    packages = make_packages(repo.home.parent / "hooks-packages")
    for hook in ("prepare-commit-msg", "post-commit"):
        path = repo.common_dir / "hooks" / hook
        path.write_text(path.read_text().replace("TOKCOST_PATH=", f"TOKCOST_PATH={packages}:"))
    only = "'tokcost.lsp.answering' in sys.modules or os.kill(os.getpid(), signal.SIGKILL)"
    repo.more_environ |= {"PYTHONPATH": str(packages), "TROUBLE": only}


def test_the_hooks_own_process_does_nothing_when_a_server_does(repo: Hooked) -> None:
    only_a_server_can(repo)
    assert "without a cost line (its process was ended by signal 9)" in commit(repo)
    with repo.serve():
        assert commit(repo) == ""
    assert LINE in repo.message()
    assert repo.replies() == {"total": 2, "carried": 2}


def test_a_server_that_was_killed_is_not_missed(repo: Hooked) -> None:
    with repo.serve() as editor:
        editor.process.kill()
        editor.process.wait()
    assert (repo.ledger_home / "server.sock").exists()
    assert commit(repo) == ""
    only_a_server_can(repo)
    with repo.serve() as editor:  # the next one takes the socket over
        assert commit(repo) == ""
        assert editor.quit() == 0
    assert not (repo.ledger_home / "server.sock").exists()
    assert repo.replies() == {"total": 2, "carried": 2}


@pytest.fixture
def troubled(repo: Hooked, tmp_path: Path) -> Iterator[Hooked]:
    """A repository, and a server with a reader of somebody else that does what a commit's `TROUBLE` says."""
    repo.work("Before")
    repo.more_environ["PYTHONPATH"] = str(make_packages(tmp_path / "more-packages"))
    with repo.serve():
        yield repo


def test_a_server_that_dies_in_the_middle_costs_one_line(troubled: Hooked) -> None:
    said = commit(troubled, TROUBLE="os.kill(os.getpid(), signal.SIGKILL)")
    assert said == (
        "tokcost: prepare-commit-msg left this commit without a cost line (the tokcost server that worked on it has"
        " ended); the spend stays pending.\n"
    )
    assert commit(troubled) == ""
    assert troubled.replies() == {"total": 3, "carried": 3}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what a thread waits in")
def test_a_server_that_is_stuck_is_not_waited_for_and_writes_nothing_afterwards(troubled: Hooked) -> None:
    begun = time.monotonic()
    said = commit(troubled, TROUBLE="time.sleep(4)", **LIMITS)
    assert "(for 200 ms it waited for the disk or for another process)" in said
    assert time.monotonic() - begun < 3.5
    message = troubled.git_dir / "COMMIT_EDITMSG"
    message.write_text("Of the next commit\n")
    time.sleep(5)
    assert message.read_text() == "Of the next commit\n"
    assert commit(troubled) == ""
    assert troubled.replies() == {"total": 3, "carried": 3}


def test_a_server_that_is_slow_has_two_seconds(troubled: Hooked) -> None:
    said = commit(troubled, TROUBLE="end = time.monotonic() + 4\nwhile time.monotonic() < end: pass", **LIMITS)
    assert "(it took longer than 2000 ms)" in said
    assert commit(troubled) == ""
    assert troubled.replies() == {"total": 3, "carried": 3}


def test_a_server_that_imports_is_left_alone(repo: Hooked, tmp_path: Path) -> None:
    repo.more_environ["PYTHONPATH"] = str(make_packages(tmp_path / "more-packages"))
    with Editor(repo.environ | {"TROUBLE": "time.sleep(30)"}, repo.path) as editor:
        editor.open()
        editor.wait((repo.ledger_home / "server.sock").exists)
        begun = time.monotonic()
        assert commit(repo) == ""
        assert time.monotonic() - begun < 20
    assert repo.replies() == {"total": 1, "carried": 1}


def test_with_two_editors_the_second_takes_over(repo: Hooked) -> None:
    only_a_server_can(repo)
    with repo.serve() as first, Editor(repo.environ, repo.path) as second:
        second.open()
        second.told("tokcost/status")
        first.quit()
        second.wait(repo.is_served)
        assert commit(repo) == ""
        assert LINE in repo.message()
        assert second.quit() == 0
    assert not (repo.ledger_home / "server.sock").exists()


Talk = Callable[[socket.socket, bytes], None]


@contextmanager
def posing(repo: Hooked, talk: Talk) -> Iterator[list[bytes]]:
    """Something else at the server's address; the requests that it was sent."""
    who = "\0".join((identity(str(repo.ledger_home), repo.environ), str(os.getpid()), str(os.getpid())))
    heard: list[bytes] = []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(repo.ledger_home / "server.sock"))
        listener.listen()

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    talk(connection, framed(GREETING, os.fsencode(who)))
                    connection.settimeout(0.5)
                    try:
                        heard.append(connection.recv(1 << 20))
                    except TimeoutError:
                        heard.append(b"")

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield heard
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
    (repo.ledger_home / "server.sock").unlink()


def _after(*frames: bytes) -> Talk:
    def talk(connection: socket.socket, greeting: bytes) -> None:
        connection.sendall(greeting)
        connection.recv(1 << 20)
        for frame in frames:
            connection.sendall(frame)

    return talk


POSERS: dict[str, Talk] = {
    "silent": lambda connection, greeting: None,
    "busy": lambda connection, greeting: connection.sendall(framed(BUSY)),
    "of another version": lambda connection, greeting: connection.sendall(greeting.replace(b"\n", b"0\n", 1)),
    "of another ledger": lambda connection, greeting: connection.sendall(greeting.replace(b":", b":1")),
    "no server of ours": lambda connection, greeting: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    "one that says too much": lambda connection, greeting: connection.sendall(GREETING + b"\xff" * 9),
    "one that refuses": _after(framed(REFUSED)),
    "one that leaves before it begins": _after(),
}


@pytest.mark.parametrize("kind", POSERS)
def test_whoever_is_not_the_right_server_gets_no_work(repo: Hooked, kind: str) -> None:
    with posing(repo, POSERS[kind]) as heard:
        assert commit(repo) == ""
    assert heard
    if kind not in ("one that refuses", "one that leaves before it begins"):
        assert set(heard) == {b""}
    assert repo.replies() == {"total": 1, "carried": 1}


def test_what_was_begun_is_not_done_again(repo: Hooked) -> None:
    with posing(repo, _after(framed(BEGUN))):
        said = commit(repo)
    assert said.count("has ended); the spend stays pending") == 1
    assert LINE not in repo.message()
    assert commit(repo) == ""
    assert repo.replies() == {"total": 2, "carried": 2}


def connect(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(10)
    connection.connect(str(path))
    return connection


GARBAGE = {
    "another protocol": b"GET / HTTP/1.1\r\n\r\n",
    "no fields": framed(REQUEST, b"hook"),
    "a list that is longer than said": framed(REQUEST, b"hook\0/\0" + b"9999999999\0x\0"),
    "no number": framed(REQUEST, b"hook\0/\0many\0"),
    "a folder that is not absolute": framed(REQUEST, b"hook\0.\0001\0post-commit\0000\0000\0"),
    "other work": framed(REQUEST, b"purge\0/\0000\0000\0000\0"),
    "more than there may be": REQUEST + b"\xff\xff\xff\xff",
    "another frame": framed(DONE, b"\0"),
}


def test_garbage_is_answered_and_ends_nothing(repo: Hooked) -> None:
    only_a_server_can(repo)
    with repo.serve() as editor:
        for kind, data in GARBAGE.items():
            with connect(repo.ledger_home / "server.sock") as connection:
                assert connection.recv(4096).startswith(GREETING), kind
                connection.sendall(data)
                frame = first_frame(connection.recv(4096))
                assert frame is not None, kind
                assert frame[0] == REFUSED, kind
            assert commit(repo) == "", kind
            assert LINE in repo.message(), kind
        editor.wait(lambda: b"a request over the socket was not understood" in editor.errors)


AS_NOBODY = """
import os, socket, sys
os.setgid(65534); os.setuid(65534)
connection = socket.socket(socket.AF_UNIX)
connection.settimeout(10)
connection.connect(sys.argv[1])
print(connection.recv(4096))
"""


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be somebody else")
def test_another_user_is_told_nothing(repo: Hooked) -> None:
    with repo.serve():
        path = repo.ledger_home / "server.sock"
        assert path.stat().st_mode & 0o777 == 0o600
        assert repo.ledger_home.stat().st_mode & 0o777 == 0o700
        path.chmod(0o666)
        opened = [folder for folder in path.parents if folder.stat().st_mode & 0o001 == 0]
        modes = {folder: folder.stat().st_mode & 0o777 for folder in opened}
        for folder in opened:
            folder.chmod(modes[folder] | 0o011)
        done = subprocess.run([sys.executable, "-c", AS_NOBODY, path], capture_output=True, text=True, check=False)
        for folder in opened:
            folder.chmod(modes[folder])
        assert done.stdout == "b''\n", done.stderr
        assert commit(repo) == ""


def test_a_folder_with_a_long_name_is_served_too(tmp_path: Path) -> None:
    repo = Hooked(tmp_path / ("long" * 30), enabled=False)
    repo.enable()
    if sys.platform != "linux":
        pytest.skip("elsewhere such a folder has no server")
    only_a_server_can(repo)
    with repo.serve():
        assert commit(repo) == ""
        assert LINE in repo.message()


@pytest.mark.parametrize("words", [["status"], ["status", "--quiet"], ["status", "--no-refresh"]])
def test_status_says_the_same_through_a_server(repo: Hooked, words: list[str]) -> None:
    repo.work("One")
    repo.spend()
    repo.log()
    alone = repo.tokcost(*words).stdout
    with repo.serve():
        assert repo.tokcost(*words).stdout == alone
        outside = repo.tokcost(*words, cwd=repo.home)
        assert outside.returncode == (0 if "--quiet" in words else 3)
    assert "pending" in alone


def test_secrets_of_the_environment_do_not_travel(repo: Hooked) -> None:
    sent: list[bytes] = []

    def talk(connection: socket.socket, greeting: bytes) -> None:
        connection.sendall(greeting)
        sent.append(connection.recv(1 << 20))

    with posing(repo, talk):
        commit(repo, ANTHROPIC_API_KEY="canary", GITHUB_TOKEN="canary", MY_PASSWORD="canary", CODEX_HOME="/codex")
    assert b"CODEX_HOME=/codex\0" in sent[0]
    assert b"canary" not in sent[0]


def test_the_servers_end_is_the_sockets_end(repo: Hooked) -> None:
    with repo.serve() as editor:
        editor.process.send_signal(signal.SIGTERM)
        editor.process.wait()
    assert commit(repo) == ""
