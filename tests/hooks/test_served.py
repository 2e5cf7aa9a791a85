"""A server that runs already does the work of hooks and of `tokcost status`; whatever it does, commits go on."""

import os
import select
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from support.editor import Editor
from support.hooked import Hooked, alone
from support.tables import few
from support.trouble import make_packages
from tokcost.ledger.rescue_record import read_rescues
from tokcost.local_server import (
    BEGUN,
    BUSY,
    DONE,
    GREETING,
    NAME_BYTES,
    REFUSED,
    REQUEST,
    Connection,
    framed,
    identity,
    pipes_of,
)

pytestmark = [pytest.mark.own_start, alone]

LINE = "AI-Cost: "
LIMITS = {"TOKCOST_DEADLINE": ""}
"""Those that hold for users; the sandbox asks for more patience."""
AT_LENGTH = {"TOKCOST_DEADLINE": "600"}
"""A hook waits for a greeting until it comes: how soon is not the subject."""
TRIES = 60
PASSED_OVER = "without a cost line (its process was ended by signal 9)"
"""Said where only a server can, and none had time."""


def commit(repo: Hooked, **env: str) -> str:
    """What is said at a commit that must succeed."""
    repo.spend()
    repo.change()
    return repo.grumble("commit", "-q", "-m", "Served", env=env)


def commit_until(repo: Hooked, said: str, **env: str) -> str:
    """What is said at the first commit at which this is said. A server that is looking at what was spent need not do
    anything else, and on a busy machine a look takes long: such commits went by it."""
    heard: list[str] = []
    for _ in range(TRIES):
        heard.append(commit(repo, **env))
        if said in heard[-1]:
            return heard[-1]
    raise AssertionError(heard)


def commit_served(repo: Hooked) -> None:
    """Commit until a server has done it; `only_a_server_can`."""
    for _ in range(TRIES):
        said = commit(repo)
        if not said:
            assert LINE in repo.message()
            return
        assert PASSED_OVER in said
    raise AssertionError("no server does anything")


def all_is_carried(repo: Hooked) -> bool:
    """Whether each reply is in exactly one line, however many commits that took."""
    found = repo.replies()
    return found == {"total": found["total"], "carried": found["total"]}


def wait(is_so: Callable[[], object]) -> None:
    """Wait for something to happen."""
    until = time.monotonic() + 120
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.02)


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
    assert PASSED_OVER in commit(repo)
    with repo.serve():
        commit_served(repo)
    assert all_is_carried(repo)


def test_no_pipe_to_a_server_takes_the_place_of_a_stream_that_git_closed(repo: Hooked) -> None:
    only_a_server_can(repo)
    closed = ["sh", "-c", "exec <&- >&- 2>&-; exec git commit -m Served"]
    with repo.serve():
        for _ in range(TRIES):
            repo.spend()
            repo.change()
            assert subprocess.run(closed, cwd=repo.path, env=repo.environ, check=False).returncode == 0
            if LINE in repo.message():
                break
    assert LINE in repo.message()
    assert all_is_carried(repo)


def holders(file: Path) -> list[Path]:
    """Where processes have a file open."""
    found: list[Path] = []
    for held in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):
            found += [held] if os.readlink(held) == str(file) else []
    return found


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs /proc")
def test_a_server_that_did_the_work_of_hooks_has_the_ledger_open_no_longer(repo: Hooked) -> None:
    only_a_server_can(repo)
    with repo.serve():
        for _ in range(3):
            commit_served(repo)
        wait(
            lambda: (
                not [
                    one
                    for name in ("", "/ledger.db", "/ledger.db-wal")
                    for one in holders(Path(f"{repo.ledger_home}{name}"))
                ]
            )
        )


def test_a_ledger_is_rescued_beside_a_server_that_did_the_work_of_hooks(repo: Hooked) -> None:
    only_a_server_can(repo)
    with repo.serve():
        commit_served(repo)
        with closing(sqlite3.connect(repo.ledger_home / "ledger.db", timeout=60)) as db:
            db.execute("DELETE FROM session")
            db.commit()
        assert repo.tokcost("doctor", TROUBLE="").returncode == 1
        assert len(read_rescues(repo.ledger_home)) == 1
    assert all_is_carried(repo)


def test_a_server_that_was_killed_is_not_missed(repo: Hooked) -> None:
    with repo.serve() as editor:
        editor.process.kill()
        editor.process.wait()
    assert (repo.ledger_home / "server/clients").exists()
    assert commit(repo) == ""
    only_a_server_can(repo)
    with repo.serve() as editor:  # the next one takes over
        commit_served(repo)
        assert editor.quit() == 0
    assert not (repo.ledger_home / "server/clients").exists()
    assert all_is_carried(repo)


@pytest.fixture
def troubled(repo: Hooked, tmp_path: Path) -> Iterator[Hooked]:
    """A repository, and a server with a reader of somebody else that does what a commit's `TROUBLE` says."""
    repo.work("Before")
    repo.more_environ["PYTHONPATH"] = str(make_packages(tmp_path / "more-packages"))
    with repo.serve():
        yield repo


def test_a_server_that_dies_in_the_middle_costs_one_line(troubled: Hooked) -> None:
    said = (
        "tokcost: prepare-commit-msg left this commit without a cost line (the tokcost server that worked on it has"
        " ended); the usage stays pending.\n"
    )
    assert commit_until(troubled, said, TROUBLE="os.kill(os.getpid(), signal.SIGKILL)") == said
    assert commit(troubled) == ""
    assert all_is_carried(troubled)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what a thread waits in")
def test_a_server_that_is_stuck_is_not_waited_for_and_writes_nothing_afterwards(
    troubled: Hooked, tmp_path: Path
) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    commit_until(
        troubled,
        "(for 200 ms it waited for the disk or for another process)",
        TROUBLE=f"open('{fifo}').close()",
        **LIMITS,
    )
    message = troubled.git_dir / "COMMIT_EDITMSG"
    message.write_text("Of the next commit\n")
    end = os.open(fifo, os.O_RDWR)  # now the server goes on
    wait(troubled.is_served)
    assert message.read_text() == "Of the next commit\n"
    os.close(end)
    assert commit(troubled) == ""
    assert all_is_carried(troubled)


@pytest.mark.slow
def test_a_server_that_is_slow_has_two_seconds(troubled: Hooked) -> None:
    trouble = "end = time.monotonic() + 4\nwhile time.monotonic() < end: pass"
    commit_until(troubled, "(it took longer than 2000 ms)", TROUBLE=trouble, **LIMITS)
    assert commit(troubled) == ""
    assert all_is_carried(troubled)


def test_a_server_that_imports_is_left_alone(repo: Hooked, tmp_path: Path) -> None:
    repo.more_environ["PYTHONPATH"] = str(make_packages(tmp_path / "more-packages"))
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with Editor(repo.environ | {"TROUBLE": f"open('{fifo}')"}, repo.path) as editor:  # it comes to no end
        editor.open()
        editor.wait((repo.ledger_home / "server/clients").exists)
        assert commit(repo) == ""
    assert repo.replies() == {"total": 1, "carried": 1}


def test_a_server_that_only_waits_for_a_processor_is_not_taken_for_one_that_imports(
    repo: Hooked, tmp_path: Path
) -> None:
    repo.work("Before")
    mark = tmp_path / "looking"
    look = f"Path('{mark}').touch(); time.sleep(0.15); Path('{mark}').unlink()"
    environ = repo.environ | {"PYTHONPATH": str(make_packages(tmp_path / "more-packages")), "TROUBLE": look}
    with Editor(environ, repo.path) as editor:
        editor.open()
        editor.wait(repo.is_served)
        for _ in range(TRIES):
            wait(lambda: not mark.exists())
            repo.spend()
            wait(mark.exists)
            time.sleep(0.06)
            with Caller(str(repo.ledger_home / "server")) as caller:
                is_amid = mark.exists()
                if is_amid and caller.hear() == GREETING:
                    return
    raise AssertionError("it is busy whenever it looks")


def test_with_two_editors_the_second_takes_over(repo: Hooked) -> None:
    only_a_server_can(repo)
    with repo.serve() as first, Editor(repo.environ, repo.path) as second:
        second.open()
        second.told("tokcost/status")
        first.quit()
        second.wait(repo.is_served)
        commit_served(repo)
        assert second.quit() == 0
    assert not (repo.ledger_home / "server/clients").exists()


class Line:
    """A connection, as the side sees it that was called: it has opened both pipes of a client."""

    def __init__(self, folder: Path, name: str) -> None:
        ask, say = pipes_of(str(folder), name)
        self._says = os.open(say, os.O_WRONLY)
        self._asks = os.open(ask, os.O_RDONLY | os.O_NONBLOCK)

    def sendall(self, data: bytes) -> None:
        os.write(self._says, data)

    def recv(self, seconds: float = 10.0) -> bytes:
        """What the client has said, nothing where it has left or says nothing in time."""
        ready, _, _ = select.select([self._asks], [], [], seconds)
        return os.read(self._asks, 1 << 20) if ready else b""

    def close(self) -> None:
        os.close(self._says)
        os.close(self._asks)


Talk = Callable[[Line, bytes], None]


@contextmanager
def posing(repo: Hooked, talk: Talk) -> Iterator[list[bytes]]:
    """Something else in place of the server; the requests that it was sent."""
    who = "\0".join((identity(str(repo.ledger_home), repo.environ), str(os.getpid()), str(os.getpid())))
    heard: list[bytes] = []
    folder = repo.ledger_home / "server"
    folder.mkdir(0o700)
    os.mkfifo(folder / "clients", 0o600)
    listening = os.open(folder / "clients", os.O_RDWR)

    def serve() -> None:
        while name := os.read(listening, NAME_BYTES + 1).strip().decode():
            try:
                line = Line(folder, name)
            except OSError:  # it has left, as it may when it heard nothing in time
                heard.append(b"")
                continue
            talk(line, framed(GREETING, os.fsencode(who)))
            heard.append(line.recv(0.5))
            line.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield heard
    finally:
        os.write(listening, b"\n")
        thread.join()
        os.close(listening)
    (folder / "clients").unlink()
    assert list(folder.iterdir()) == []
    folder.rmdir()


def _after(*frames: bytes) -> Talk:
    def talk(connection: Line, greeting: bytes) -> None:
        connection.sendall(greeting)
        connection.recv()
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


@pytest.mark.slow
@pytest.mark.parametrize("kind", few(POSERS, 4))
def test_whoever_is_not_the_right_server_gets_no_work(repo: Hooked, kind: str) -> None:
    patience = {} if kind == "silent" else AT_LENGTH
    with posing(repo, POSERS[kind]) as heard:
        assert commit(repo, **patience) == ""
    assert heard
    if kind not in ("one that refuses", "one that leaves before it begins"):
        assert set(heard) == {b""}
    assert repo.replies() == {"total": 1, "carried": 1}


@pytest.mark.slow
def test_what_was_begun_is_not_done_again(repo: Hooked) -> None:
    with posing(repo, _after(framed(BEGUN))):
        said = commit(repo, **AT_LENGTH)
    assert said.count("has ended); the usage stays pending") == 1
    assert LINE not in repo.message()
    assert commit(repo) == ""
    assert repo.replies() == {"total": 2, "carried": 2}


class Caller(Connection):
    """A client that says whatever it likes."""

    def __enter__(self) -> "Caller":
        self.announce()
        return self

    def is_greeted(self) -> bool:
        """Whether the server has time for it just now."""
        if self.hear() != GREETING:
            return False
        self.greeted(0, 0)
        return True

    def __exit__(self, *_: object) -> None:
        self.close()

    def hear(self) -> bytes:
        """The letter of the next frame."""
        frame = self.next(10)
        assert frame is not None
        return frame[0]

    def say(self, data: bytes) -> None:
        """Say it as it is."""
        os.write(self._asks, data)


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


def answers(repo: Hooked, data: bytes) -> bytes:
    """The letter that a server says to this; nothing where it had no time."""
    with Caller(str(repo.ledger_home / "server")) as caller:
        if not caller.is_greeted():
            return b""
        caller.say(data)
        return caller.hear()


@pytest.mark.slow
def test_garbage_is_answered_and_ends_nothing(repo: Hooked) -> None:
    only_a_server_can(repo)
    with repo.serve() as editor:
        for kind, data in GARBAGE.items():
            assert any(answers(repo, data) == REFUSED for _ in range(TRIES)), kind
            commit_served(repo)
        editor.wait(lambda: b"a request of a hook or prompt was not understood" in editor.errors)


AS_NOBODY = """
import os, select, sys
os.setgid(65534); os.setuid(65534)
folder, name = sys.argv[1:]
says = os.open(f"{folder}/{name}.say", os.O_RDONLY | os.O_NONBLOCK)
listening = os.open(f"{folder}/clients", os.O_WRONLY | os.O_NONBLOCK)
os.write(listening, f"{name}\\n".encode())
print(select.select([says], [], [], 0.5)[0])
"""
only_root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be somebody else")


def ask_as_nobody(folder: Path, name: str, opened: Sequence[Path]) -> "subprocess.CompletedProcess[str]":
    """The news of another user at a pipe that is accessible for a moment."""
    for one in opened:
        one.chmod(0o711)
    done = subprocess.run([sys.executable, "-c", AS_NOBODY, folder, name], capture_output=True, text=True, check=False)
    for one in opened:
        one.chmod(0o700)
    return done


@pytest.mark.slow
@only_root
def test_another_user_is_told_nothing() -> None:
    # In a folder of its own: pytest closes those above `tmp_path` to others again, whenever another run of it begins.
    with TemporaryDirectory() as place:
        repo = Hooked(Path(place), rooted=True)
        with repo.serve():
            folder = repo.ledger_home / "server"
            assert (folder / "clients").stat().st_mode & 0o777 == 0o600
            assert {one.stat().st_mode & 0o777 for one in (folder, repo.ledger_home)} == {0o700}
            name = "0123456789abcdef"
            for path in pipes_of(str(folder), name):
                os.mkfifo(path)
                os.chmod(path, 0o666)
            (folder / "clients").chmod(0o666)
            way = [folder, repo.ledger_home, Path(place)]
            done = ask_as_nobody(folder, name, way)
            for _ in range(TRIES):
                if "PermissionError" not in done.stderr:  # the server closes the ledger's folder whenever it looks
                    break
                done = ask_as_nobody(folder, name, way)
            assert done.stdout == "[]\n", done.stderr
            assert commit(repo) == ""


@pytest.mark.slow
@only_root
@pytest.mark.parametrize("name", ["server", "server/clients"])
def test_nothing_is_said_at_a_door_that_others_may_open(repo: Hooked, name: str) -> None:
    talk = POSERS["silent"]
    with posing(repo, talk) as heard:
        path = repo.ledger_home / name
        for theirs in (lambda: path.chmod(0o777), lambda: os.chown(path, 65534, -1)):
            theirs()
            assert commit(repo) == ""
        assert heard == []
    assert repo.replies() == {"total": 2, "carried": 2}


@pytest.mark.slow
def test_what_a_killed_client_and_a_killed_server_left_is_cleared_away(repo: Hooked) -> None:
    folder = repo.ledger_home / "server"
    folder.mkdir(0o700)
    for path in (folder / "clients", *map(Path, pipes_of(str(folder), "0123456789abcdef"))):
        os.mkfifo(path, 0o600)
    assert commit(repo) == ""
    with repo.serve():
        assert commit(repo) == ""
        assert [path.name for path in folder.iterdir()] == ["clients"]
    assert repo.replies() == {"total": 2, "carried": 2}


@pytest.mark.slow
@pytest.mark.parametrize("is_link", [False, True])
def test_a_server_removes_nothing_but_pipes_and_follows_no_link(repo: Hooked, tmp_path: Path, is_link: bool) -> None:
    folder = repo.ledger_home / "server"
    there = tmp_path / "elsewhere" if is_link else folder
    there.mkdir(0o700)
    kept = [there / name for name in ("letters.txt", "0123456789abcdef.ask", "letters")]
    for path in kept[:2]:
        path.write_text("of somebody")
    kept[2].mkdir()
    if is_link:
        folder.symlink_to(there)
        with Editor(repo.environ, repo.path) as editor:
            editor.open()
            editor.status(repo.path, state="ready")
            assert not repo.is_served()
    else:
        with repo.serve():
            assert commit(repo) == ""
    assert {*there.iterdir()} - {there / "clients"} == {*kept}


@pytest.mark.slow
def test_a_folder_with_a_long_name_is_served_too(tmp_path: Path) -> None:
    repo = Hooked(tmp_path / ("long" * 30), enabled=False)
    repo.enable()
    if sys.platform != "linux":
        pytest.skip("elsewhere such a folder has no server")
    only_a_server_can(repo)
    with repo.serve():
        commit_served(repo)


@pytest.mark.slow
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


@pytest.mark.slow
def test_secrets_of_the_environment_do_not_travel(repo: Hooked) -> None:
    sent: list[bytes] = []

    def talk(connection: Line, greeting: bytes) -> None:
        connection.sendall(greeting)
        sent.append(connection.recv())

    secrets = dict.fromkeys(("ANTHROPIC_API_KEY", "GITHUB_TOKEN", "MY_PASSWORD"), "canary")
    with posing(repo, talk):
        commit(repo, **AT_LENGTH, **secrets, CODEX_HOME="/codex")
    assert b"CODEX_HOME=/codex\0" in sent[0]
    assert b"canary" not in sent[0]


@pytest.mark.slow
def test_the_servers_end_is_the_doors_end(repo: Hooked) -> None:
    with repo.serve() as editor:
        editor.process.send_signal(signal.SIGTERM)
        editor.process.wait()
    assert commit(repo) == ""
