"""The only module that writes to the screen.

Names and texts of others arrive here from everywhere. Characters that could move the cursor, change colours or
direction, or be invisible do not pass, even if a caller forgot to escape them; our own coloured text is marked as
`Ready`.
"""

import os
import sys
import time
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager, suppress
from typing import Any, NoReturn, TextIO

from tokcost.errors import EnvironmentProblem, UsageError, of_file
from tokcost.reports.layout import Line, plain
from tokcost.reports.text import escape, escape_lines

_PROGRESS_AFTER_SECONDS = 0.3
_NARROWEST = 20

Progress = Callable[[int, int], None]


class Ready(str):
    """Text that is shown unchanged: everything that others chose in it is escaped, and its colours are ours."""


def is_terminal(stream: TextIO | None = None) -> bool:
    """Whether the output is a terminal, and not a pipe or a file."""
    looked_at = stream or sys.stdout
    return not _is_closed(looked_at) and looked_at.isatty()


def can_ask() -> bool:
    """Whether there is a user to answer a question."""
    return not _is_closed(sys.stdin) and sys.stdin.isatty()


def has_person() -> bool:
    """Whether there is a user who sees the output of `tell` and can act on it."""
    return can_ask() and is_terminal(sys.stderr)


def _is_closed(stream: object) -> bool:
    """Whether a stream is missing: Python has none if the descriptor was closed before it started (`tokcost log
    >&-`)."""
    return stream is None


def has_colour(environ: Mapping[str, str]) -> bool:
    """Whether to use colour: on terminals that support it, unless the user declined it (https://no-color.org)."""
    return is_terminal() and not environ.get("NO_COLOR") and environ.get("TERM", "dumb") != "dumb"


def draws_blocks() -> bool:
    """Whether bars and sparklines can be shown: on a terminal in an encoding that has them."""
    if not is_terminal():
        return False
    try:
        "▁█▏…".encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        return False
    return True


def columns_wide() -> int | None:
    """Width of the terminal; `None` if the output is none."""
    if not is_terminal():
        return None
    from shutil import get_terminal_size  # 3 ms that a pipe need not wait for

    return max(_NARROWEST, get_terminal_size().columns)


def painted(lines: list[Line], environ: Mapping[str, str]) -> Ready:
    """The lines as text, with colour where appropriate; without colour, rich is never imported."""
    if not has_colour(environ):
        return Ready(escape_lines(plain(lines)))
    from tokcost.reports.paint import coloured

    return Ready(coloured([[piece._replace(text=escape(piece.text)) for piece in line] for line in lines]))


_CLOSED = ("standard output is closed, so nothing can be shown", "Run it without `>&-`, for example with `> FILE`.")


def show(text: str | Iterable[str]) -> None:
    """Write to standard output, a long text piece by piece. Characters that its encoding lacks become `?`.

    Raises `EnvironmentProblem` if it cannot be written, `BrokenPipeError` if nobody reads it any more.
    """
    if _is_closed(sys.stdout):
        raise EnvironmentProblem(*_CLOSED)
    encoding = sys.stdout.encoding
    try:
        for piece in (text,) if isinstance(text, str) else text:
            sys.stdout.write(_shown(piece).encode(encoding, "replace").decode(encoding))
        sys.stdout.flush()
    except BrokenPipeError:
        _forget_stdout()
        raise
    except OSError as error:  # a full disk, or the target of `>` is gone
        _forget_stdout()
        raise of_file("standard output", "cannot be written", error) from error


def send(pieces: Iterable[bytes]) -> None:
    """Write a file to standard output, byte for byte. Its producers have escaped the names in it. Raises as `show`,
    and `UsageError` if a binary file would be written to a terminal."""
    if _is_closed(sys.stdout):
        raise EnvironmentProblem(*_CLOSED)
    try:
        sys.stdout.flush()
        for piece in pieces:
            # Parquet, the only binary format here, has NULs; no text has.
            if b"\0" in piece and is_terminal():
                raise UsageError(
                    "this format is binary, and standard output is a terminal", "Name a file with -o FILE."
                )
            sys.stdout.buffer.write(piece)
        sys.stdout.flush()
    except BrokenPipeError:
        _forget_stdout()
        raise
    except OSError as error:
        _forget_stdout()
        raise of_file("standard output", "cannot be written", error) from error


def why_unwritable() -> str:
    """The error that prevents standard output from taking what `show` did not write; empty if there is none."""
    try:
        if not _is_closed(sys.stdout):
            sys.stdout.flush()
    except OSError as error:
        _forget_stdout()
        return error.strerror or str(error)
    return ""


def _shown(text: str) -> str:
    return text if isinstance(text, Ready) else escape_lines(text)


def _forget_stdout() -> None:
    """The reader of our output is gone; without this, Python reports an error once more when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def leave(code: int) -> NoReturn:
    """End the process here: tearing down the interpreter would cost every command 10 ms."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            if not _is_closed(stream):
                stream.flush()
    os._exit(code)


def tell(message: str, hint: str = "") -> None:
    """Write a line to standard error, and one that says what to do; neither if it is closed or full."""
    if _is_closed(sys.stderr):
        return
    encoding = sys.stderr.encoding
    lines = [f"tokcost: {escape(message)}", *([f"hint: {escape(hint)}"] if hint else [])]
    with suppress(OSError):
        sys.stderr.write("".join(f"{line}\n" for line in lines).encode(encoding, "replace").decode(encoding))
        sys.stderr.flush()


def page(text: str, environ: Mapping[str, str]) -> None:
    """Show a text that may be long, on a terminal through the user's pager."""
    if is_terminal():
        from tokcost.cli.pager import took

        if took(_shown(text), environ):
            return
    show(text)


@contextmanager
def progress(label: str, of_bytes: bool = True) -> Generator[Progress | None]:
    """A progress bar on standard error, on a terminal, for work that takes more than a moment; in bytes or items."""
    if _is_closed(sys.stderr) or not is_terminal(sys.stderr):
        yield None
        return
    bar = _Bar(label, of_bytes)
    try:
        yield bar
    finally:
        bar.close()


class _Bar:
    """The bar, drawn by rich once the work takes long enough."""

    def __init__(self, label: str, of_bytes: bool) -> None:
        self._label = label
        self._of_bytes = of_bytes
        self._started = time.monotonic()
        self._drawn: Any = None

    def __call__(self, done: int, total: int) -> None:
        if self._drawn is None:
            if time.monotonic() - self._started < _PROGRESS_AFTER_SECONDS:
                return
            self._drawn = _rich_progress(self._of_bytes)
            self._drawn.add_task(self._label, total=total)
            self._drawn.start()
        self._drawn.update(self._drawn.task_ids[0], completed=done, total=total)

    def close(self) -> None:
        if self._drawn is not None:
            self._drawn.stop()


def _rich_progress(of_bytes: bool) -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    done = DownloadColumn() if of_bytes else MofNCompleteColumn()
    look = (TextColumn("{task.description}"), BarColumn(), done, TimeRemainingColumn())
    return Progress(*look, console=Console(stderr=True), transient=True)
