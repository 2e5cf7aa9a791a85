"""Processes of Python that do not import tokcost anew: one that has imported it forks for each of them.

What a command does is the same as in any process: an own process with its own folder, environment, streams and exit
code. Only the start of Python and the imports are saved, which take ten times as long as most commands. Tests about
these, and at least one of each command, start a process of their own.
"""

import atexit
import contextlib
import json
import os
import resource
import select
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import BinaryIO, NamedTuple

from support import hook_door
from support.forking import limit

COMMAND_LINE = "from tokcost.cli.start import main; main()"
"""The program `tokcost`."""

_LANGUAGE = ("LANG", "LC_")
_AT_START = (*_LANGUAGE, "PYTHON", "COVERAGE_")
"""Beginnings of the variables that Python reads when it starts."""
_HARMLESS = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")
_OF_FILES = (["collect"], ["dataset"])
_WITH_FILES = {"parquet", "--dataset"}
"""What is said on a command line that needs pyarrow (which imports pandas where it is there), DuckDB or GitPython: a
quarter of a second each time."""
PATHS = list(sys.path)
"""The search path of a test run."""
_PIPED = (subprocess.DEVNULL, subprocess.PIPE, subprocess.PIPE)
_asking = threading.Lock()


class Process:
    """A forked process; the part of `subprocess.Popen` that tests use."""

    def __init__(self, pid: int, status: socket.socket, pipes: Sequence[BinaryIO | None]) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.stdin, self.stdout, self.stderr = pipes
        self._status = status

    def poll(self) -> int | None:
        """The exit code, or the number of a signal with a minus; `None` while it runs."""
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """The same once it has ended. Raises `TimeoutExpired`."""
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired([], timeout or 0)
        return code

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def communicate(self, data: bytes = b"", timeout: float | None = None) -> tuple[bytes, bytes]:
        """Write to its standard input, and read all that it says. Raises `TimeoutExpired` when it says nothing for so
        many seconds."""
        if self.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self.stdin.write(data)
                self.stdin.flush()
            with contextlib.suppress(BrokenPipeError):
                self.stdin.close()
        said: dict[BinaryIO, list[bytes]] = {one: [] for one in (self.stdout, self.stderr) if one is not None}
        with selectors.DefaultSelector() as waiting:
            for stream in said:
                waiting.register(stream, selectors.EVENT_READ)
            while waiting.get_map():
                found = waiting.select(timeout)
                if not found:
                    raise subprocess.TimeoutExpired([], timeout or 0)
                for key, _ in found:
                    stream = next(one for one in said if one.fileno() == key.fd)
                    if piece := os.read(key.fd, 1 << 20):
                        said[stream].append(piece)
                    else:
                        waiting.unregister(stream)
        self.wait()
        for stream in said:
            stream.close()
        out, err = (b"".join(said.get(one, [])) if one else b"" for one in (self.stdout, self.stderr))
        return out, err

    def _ended(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self._status], [], [], timeout)[0]:
            self.returncode = int(self._status.recv(16))
            self._status.close()
        return self.returncode


def start(
    code: str,
    words: Sequence[str],
    *,
    cwd: Path | str | None = None,
    env: Mapping[str, str] | None = None,
    streams: Sequence[int] = _PIPED,
    memory: int = resource.RLIM_INFINITY,
) -> "Process | subprocess.Popen[bytes]":
    """Start `python -P -c CODE WORDS…`. The three standard streams are given as `subprocess` takes them. Where the
    environment says how Python itself starts, and where processes have no descriptors, it is started anew. `memory` is
    the most that it may ask for, in bytes."""
    environ = {**(os.environ if env is None else env)}
    language = _start_of(environ)
    if not hasattr(os, "pidfd_open") or language is None:
        command = [sys.executable, "-P", "-c", code, *words]
        is_own = environ.get("PYTHONPATH") != os.environ.get("PYTHONPATH")
        inherited = {} if is_own else {"PYTHONPATH": os.pathsep.join(sys.path)}
        stdin, stdout, stderr = streams
        return subprocess.Popen(
            command,
            cwd=cwd,
            env=environ | inherited,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            preexec_fn=(lambda: limit(memory)) if memory != resource.RLIM_INFINITY else None,
        )
    ours, theirs, opened = _ends(streams)
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    umask = os.umask(0o022)
    os.umask(umask)
    wish = {"code": code, "words": list(words), "cwd": str(cwd or os.getcwd()), "environ": environ, "umask": umask}
    wish["memory"] = memory
    data = json.dumps(wish).encode()
    origin = _origin(_kind(list(words)), language).connection
    with _asking:
        socket.send_fds(origin, [len(data).to_bytes(4, "big")], [*theirs, there.fileno()])
        origin.sendall(data)
    there.close()
    for descriptor in opened:
        os.close(descriptor)
    return Process(int(here.recv(16)), here, ours)


def _kind(words: list[str]) -> str:
    """The kind of process that a command is forked from (`support.forking.KINDS`)."""
    if words[:1] == ["lsp"]:
        return "server"
    return "files" if words[:1] in _OF_FILES or _WITH_FILES.intersection(words) else "command"


def _ends(streams: Sequence[int]) -> tuple[list[BinaryIO | None], list[int], list[int]]:
    """Our ends of pipes, their ends of all streams, and those of them that are to be closed here."""
    ours: list[BinaryIO | None] = []
    theirs: list[int] = []
    opened: list[int] = []
    for number, stream in enumerate(streams):
        mine, given = None, stream
        if stream == subprocess.PIPE:
            mine, given = os.pipe() if number else os.pipe()[::-1]
        elif stream == subprocess.DEVNULL:
            given = os.open(os.devnull, os.O_RDWR)
        ours.append(None if mine is None else os.fdopen(mine, "rb" if number else "wb"))
        theirs.append(given)
        if given != stream:
            opened.append(given)
    return ours, theirs, opened


def run(
    code: str,
    words: Sequence[str],
    *,
    cwd: Path | str | None = None,
    env: Mapping[str, str] | None = None,
    memory: int = resource.RLIM_INFINITY,
    timeout: float | None = None,
) -> "subprocess.CompletedProcess[bytes]":
    """Run such a process to its end."""
    process = start(code, words, cwd=cwd, env=env, memory=memory)
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return subprocess.CompletedProcess(["python", "-c", code, *words], process.wait(), out, err)


def tokcost(
    *words: str,
    cwd: Path | str | None = None,
    env: Mapping[str, str] | None = None,
    main: str = COMMAND_LINE,
    memory: int = resource.RLIM_INFINITY,
    timeout: float | None = None,
) -> "subprocess.CompletedProcess[str]":
    """Run `tokcost` to its end; what it says as text."""
    done = run(main, words, cwd=cwd, env=env, memory=memory, timeout=timeout)
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def _start_of(environ: Mapping[str, str]) -> tuple[tuple[str, str], ...] | None:
    """The variables that Python reads when it starts; `None` where they ask for other modules or another Python."""
    if sys.path != PATHS or not {*environ.get("PYTHONPATH", "").split(os.pathsep)} <= {"", *PATHS}:
        return None
    named = {name: value for name, value in environ.items() if name.startswith(_AT_START) and name != "PYTHONPATH"}
    is_usual = all(name in _HARMLESS or not name.startswith(("PYTHON", "COVERAGE_")) for name in named)
    return tuple(sorted(named.items())) if is_usual else None


def hook_program(program: Path, path: str) -> Path:
    """A program that hook scripts can start instead of `tokcost_hooks/run.py`: hooks are forked then. `path` is what
    these scripts hand it in `TOKCOST_PATH`. Where nothing can be forked, or a test has put modules on the search path,
    `program` itself. Python's own variables are of no importance: scripts start Python in isolated mode."""
    if not hasattr(os, "pidfd_open") or sys.path != PATHS:
        return program
    language = tuple(sorted(item for item in os.environ.items() if item[0].startswith(_LANGUAGE)))
    folder = _origin("hook", language).folder
    if not (folder / "run.py").exists():
        state = hook_door.circumstances({**os.environb, b"TOKCOST_PATH": os.fsencode(path)})
        (folder / "state").write_bytes(b"%b\n%b" % (os.fsencode(program), state))
        shutil.copyfile(hook_door.__file__, folder / "run.py")
    return folder / "run.py"


class _Origin(NamedTuple):
    connection: socket.socket
    folder: Path
    """With the socket `door`, for hooks."""


@cache
def _origin(kind: str, language: tuple[tuple[str, str], ...]) -> _Origin:
    """The process that forks for all others of that kind and language; it ends when the connection is closed."""
    folder = Path(tempfile.mkdtemp(prefix="tokcost-warm-"))
    here, there = socket.socketpair()
    door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    door.bind(str(folder / "door"))
    door.listen(64)
    kept = {name: value for name, value in os.environ.items() if not name.startswith((*_AT_START, "GIT_"))}
    paths = {"PYTHONPATH": os.pathsep.join(PATHS)}
    code = f"from support.forking import serve; serve({kind!r}, {there.fileno()}, {door.fileno()})"
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", code],
        env=kept | dict(language) | paths,
        cwd="/",
        stdin=subprocess.DEVNULL,
        pass_fds=[there.fileno(), door.fileno()],
    )
    there.close()
    door.close()

    def end() -> None:
        here.shutdown(socket.SHUT_RDWR)  # also for those who inherited it
        here.close()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(end)
    return _Origin(here, folder)
