"""The one place that runs programs, and the one way git is run."""

import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, cast

from tokcost.errors import EnvironmentProblem

if TYPE_CHECKING:
    import subprocess
    from threading import Event

_KEPT = ("GIT_EXEC_PATH", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_COUNT")
_KEPT_NUMBERED = ("GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_")
"""GIT_ variables that say where git and its configuration are (`safe.directory` of containers comes numbered). All
others (GIT_DIR, GIT_INDEX_FILE, …) are set by git for its hooks and would make a question about one repository an
answer about another."""


_READ_AT_ONCE = 1 << 18
MOST_BYTES = 1 << 24
"""Of one piece of an answer; what is behind them is passed over. Nobody writes a message of 16 MiB by hand."""


class GitFailed(EnvironmentProblem):
    """git ran and refused."""

    def __init__(self, args: Sequence[str], code: int, out: str, err: str) -> None:
        said = (err.strip() or out.strip() or "nothing").splitlines()[-1]
        super().__init__(f"git {' '.join(args)} failed with code {code}: {said}")
        self.code, self.out, self.err = code, out, err


class GitTooSlow(EnvironmentProblem):
    """git did not answer in time."""

    def __init__(self, args: Sequence[str], seconds: float) -> None:
        super().__init__(f"git {' '.join(args)} did not answer within {seconds:g} seconds")


def run_git(
    args: Sequence[str],
    cwd: str | os.PathLike[str],
    *,
    more: dict[str, str] | None = None,
    feed: str = "",
    seconds: float = 60.0,
) -> str:
    """What git prints, undecodable bytes as surrogates. `more` adds environment variables; `feed` is what it reads from
    its standard input.

    Raises `GitFailed` when git refuses, `GitTooSlow` when it takes longer than `seconds`, `EnvironmentProblem` when
    there is no git.
    """
    import subprocess  # many callers find that they need no git after all

    try:
        done = subprocess.run(
            ["git", *args],
            cwd=cwd,
            env=_environ(more),
            input=os.fsencode(feed),
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except OSError as error:
        raise _not_started(cwd, error) from error
    except subprocess.TimeoutExpired as error:
        raise GitTooSlow(args, seconds) from error
    out, err = (os.fsdecode(stream) for stream in (done.stdout, done.stderr))
    if done.returncode != 0:
        raise GitFailed(args, done.returncode, out, err)
    return out


def stream_git(
    args: Sequence[str],
    cwd: str | os.PathLike[str],
    *,
    more: dict[str, str] | None = None,
    feed: str = "",
    end: bytes = b"\n",
    seconds: float | None = None,
) -> Iterator[bytes]:
    """What git prints, piece by piece as it comes, without the `end` of each: for answers that may be as long as a
    history is. Of one piece, `MOST_BYTES` at most. `seconds` include what the caller does with the pieces. Raises as
    `run_git` does, when all of it was read."""
    import subprocess
    from threading import Event

    try:
        program = subprocess.Popen(
            ["git", *args],
            cwd=cwd,
            env=_environ(more),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except OSError as error:
        raise _not_started(cwd, error) from error
    late = Event()
    with _minded(program, os.fsencode(feed), late, seconds) as said:
        assert program.stdout is not None
        yield from _pieces(program.stdout, end)
        code = program.wait()
    if late.is_set():
        raise GitTooSlow(args, seconds or 0)
    if code:
        raise GitFailed(args, code, "", os.fsdecode(b"".join(said)))


@contextmanager
def _minded(
    program: "subprocess.Popen[bytes]", feed: bytes, late: "Event", seconds: float | None
) -> Generator[list[bytes]]:
    """Give a program what it reads, take what it says on standard error, and end it when its time is up: beside the
    reading of its answer, so that neither can keep it waiting."""
    from threading import Thread, Timer

    said: list[bytes] = []

    def give() -> None:
        with suppress(OSError), cast(IO[bytes], program.stdin) as stream:  # it may end without reading all of it
            stream.write(feed)

    def listen() -> None:
        with cast(IO[bytes], program.stderr) as stream:
            said.append(stream.read())

    def stop() -> None:
        late.set()
        program.kill()

    helpers = [Thread(target=give), Thread(target=listen)]
    timer = Timer(seconds, stop) if seconds is not None else None
    for one in (*helpers, timer):
        if one is not None:
            one.start()
    try:
        yield said
    finally:
        if timer is not None:
            timer.cancel()
        _end(program)
        for one in helpers:
            one.join()


def _pieces(stream: IO[bytes], end: bytes) -> Iterator[bytes]:
    begun: list[bytes] = []
    left = MOST_BYTES
    while read := stream.read(_READ_AT_ONCE):
        last, *more = read.split(end)
        if more:
            yield b"".join((*begun, last[:left]))
            yield from more[:-1]
            last, begun, left = more[-1], [], MOST_BYTES
        begun.append(last[:left])
        left -= len(begun[-1])
    if any(begun):
        yield b"".join(begun)


def _end(program: "subprocess.Popen[bytes]") -> None:
    """Leave nothing running behind a reader that stopped early."""
    if program.poll() is None:
        program.kill()
    if program.stdout is not None:
        program.stdout.close()
    program.wait()


def _not_started(cwd: str | os.PathLike[str], error: OSError) -> EnvironmentProblem:
    """Why git could not be started, in words."""
    if not isinstance(error, FileNotFoundError):
        return EnvironmentProblem(f"git could not be started: {error.strerror or error}")
    if not os.path.isdir(cwd):
        return EnvironmentProblem(f"the folder {os.fspath(cwd)} does not exist")
    return EnvironmentProblem("git was not found", "Install git and make sure it is on PATH.")


def _environ(more: dict[str, str] | None) -> dict[str, str]:
    return _clean_environ() | {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", **(more or {})}


def _clean_environ() -> dict[str, str]:
    """This process's environment without what git set in it for another repository."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or name in _KEPT or name.startswith(_KEPT_NUMBERED)
    }
