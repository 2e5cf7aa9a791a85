"""The error handler, the only place where errors leave a command.

A problem that the user can solve becomes a sentence, ^C becomes exit code 130, a closed pipe stays silent, and anything
unexpected is written to a crash log.
"""

import errno
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from tokcost import __version__
from tokcost.cli import screen
from tokcost.errors import EnvironmentProblem, LedgerDamaged, TokcostError, of_file
from tokcost.files.private import private_folder, write_whole
from tokcost.settings import tokcost_home

_MOST_LOGS = 10
"""Crash logs that are kept."""
INTERRUPTED = 130  # 128 and the number of SIGINT, as shells report it
CRASHED = 3


def run(action: Callable[[], object], environ: Mapping[str, str], passed: tuple[type[Exception], ...] = ()) -> int:
    """Run the action and return its exit code (0 unless it is an integer). `passed` exceptions are not handled here."""
    try:
        answer = action() if LedgerDamaged in passed else _answer(action, environ)
    except passed:
        raise
    except TokcostError as problem:
        screen.tell(str(problem), problem.hint)
        return problem.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    # The reader has seen enough, as in `tokcost log | head`.
    except BrokenPipeError:
        return 0
    except Exception as crash:
        if isinstance(crash, FileNotFoundError) and _is_folder_gone():
            screen.tell("the current folder was deleted", "Change to one that exists, for example with `cd ~`.")
            return EnvironmentProblem.exit_code
        if isinstance(crash, OSError) and (why := screen.why_unwritable()):  # click prints its help itself
            screen.tell(f"standard output cannot be written: {why}", "Check whether its disk is full or missing.")
            return EnvironmentProblem.exit_code
        if isinstance(crash, OSError) and crash.errno in _OF_THE_DISK:
            screen.tell(
                _told_of_disk(crash), "Nothing already recorded is lost; run the command again once that is repaired."
            )
            return EnvironmentProblem.exit_code
        screen.tell(*_told(crash, environ))
        return CRASHED
    return answer if isinstance(answer, int) else 0


def run_command(
    action: Callable[[], object], environ: Mapping[str, str], passed: tuple[type[Exception], ...] = ()
) -> int:
    """Run the action of a command as `run` does, and tell which reader of another package it waits for."""
    from tokcost.waiting import told_of_waiting  # `tokcost --version` waits for nothing

    with told_of_waiting(screen.tell):
        return run(action, environ, passed)


def _answer(action: Callable[[], object], environ: Mapping[str, str]) -> object:
    """Run an action; a ledger that turns out to be damaged is rescued, and the action repeated: it has shown nothing
    yet."""
    try:
        return action()
    except LedgerDamaged as damage:
        from tokcost.services.rescue import rescue

        rescue(tokcost_home(environ), damage.what)
    return action()


_OF_THE_DISK = frozenset(
    getattr(errno, name)
    for name in (
        *("EIO", "ENOSPC", "EDQUOT", "EROFS", "EACCES", "EPERM", "EMFILE", "ENFILE", "ESTALE"),
        *("ENAMETOOLONG", "ELOOP"),
    )
    if hasattr(errno, name)
)
"""Errors of a file or a disk: wherever they occur, they are no bug."""


def _is_folder_gone() -> bool:
    """Whether this process is in a folder that was deleted, as those are that an agent's worktree was in."""
    try:
        os.getcwd()
    except FileNotFoundError:
        return True
    return False


def _told_of_disk(problem: OSError) -> str:
    reason = problem.strerror or str(problem)
    return f"{problem.filename} cannot be used: {reason}" if problem.filename else f"a file cannot be used: {reason}"


def _told(crash: Exception, environ: Mapping[str, str]) -> tuple[str, str]:
    what = f"this is a bug: {type(crash).__name__} in {_place(crash)}"
    try:
        log = _write_log(tokcost_home(environ), crash)
    except OSError as error:
        problem = of_file(error.filename or tokcost_home(environ), "cannot be written", error)
        return f"{what}; no crash log could be written: {problem}", problem.hint
    except TokcostError as problem:
        return f"{what}; no crash log could be written ({problem})", problem.hint
    return (
        f"{what}; details are in {log}",
        "Please report it with that file, which quotes nothing of yours.",
    )


def _place(crash: Exception) -> str:
    import traceback  # only a crash has to wait for these imports

    frames = traceback.extract_tb(crash.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "no frame"


def _write_log(home: Path, crash: Exception) -> Path:
    private_folder(str(home))
    path = home / f"crash-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{os.getpid()}.txt"
    write_whole(str(path), _report(crash).encode("utf-8", "backslashreplace"))
    # By name they are in the order of their times.
    for old in sorted(home.glob("crash-*.txt"))[:-_MOST_LOGS]:  # a prompt may crash each time
        old.unlink(missing_ok=True)
    return path


def _report(crash: Exception) -> str:
    """Versions and the place of the error. Messages of exceptions are left out: they can quote a conversation."""
    import platform
    import sqlite3
    import traceback

    lines = [
        f"tokcost {__version__}",
        f"Python {platform.python_version()} ({sys.executable})",
        f"SQLite {sqlite3.sqlite_version}",
        f"{platform.platform()}",
        "",
    ]
    link: BaseException | None = crash
    while link is not None:
        lines += [type(link).__qualname__, *(frame.rstrip() for frame in traceback.format_tb(link.__traceback__)), ""]
        link = link.__cause__ or link.__context__
    return "\n".join(lines)
