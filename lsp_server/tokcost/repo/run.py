"""The one place that runs programs, and the one way git is run."""

import os
from collections.abc import Iterator, Sequence
from typing import IO, TYPE_CHECKING

from tokcost.errors import EnvironmentProblem

if TYPE_CHECKING:
    import subprocess

_KEPT = ("GIT_EXEC_PATH", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_COUNT")
_KEPT_NUMBERED = ("GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_")
"""GIT_ variables that say where git and its configuration are (`safe.directory` of containers comes numbered). All
others (GIT_DIR, GIT_INDEX_FILE, …) are set by git for its hooks and would make a question about one repository an
answer about another."""


_READ_AT_ONCE = 1 << 18


class GitFailed(EnvironmentProblem):
    """git ran and refused."""

    def __init__(self, args: Sequence[str], code: int, out: str, err: str) -> None:
        said = (err.strip() or out.strip() or "nothing").splitlines()[-1]
        super().__init__(f"git {' '.join(args)} failed with code {code}: {said}")
        self.code, self.out, self.err = code, out, err


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

    Raises `GitFailed` when git refuses, `EnvironmentProblem` when there is no git, or it takes longer than `seconds`.
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
        raise EnvironmentProblem(f"git {' '.join(args)} did not answer within {seconds:g} seconds") from error
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
) -> Iterator[bytes]:
    """What git prints, piece by piece as it comes, without the `end` of each: for answers that may be as long as a
    history is. Raises as `run_git` does, when all of it was read."""
    import subprocess
    from tempfile import TemporaryFile

    with TemporaryFile() as asked, TemporaryFile() as said:
        asked.write(os.fsencode(feed))
        asked.seek(0)
        try:
            program = subprocess.Popen(
                ["git", *args], cwd=cwd, env=_environ(more), stdin=asked, stdout=subprocess.PIPE, stderr=said
            )
        except OSError as error:
            raise _not_started(cwd, error) from error
        try:
            assert program.stdout is not None
            yield from _pieces(program.stdout, end)
            code = program.wait()
        finally:
            _end(program)
        if code:
            said.seek(0)
            raise GitFailed(args, code, "", os.fsdecode(said.read()))


def _pieces(stream: IO[bytes], end: bytes) -> Iterator[bytes]:
    rest = b""
    while read := stream.read(_READ_AT_ONCE):
        *whole, rest = (rest + read).split(end)
        yield from whole
    if rest:
        yield rest


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
