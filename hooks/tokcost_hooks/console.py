"""Messages of hooks on standard error.

Imports nothing that Python has not loaded anyway: the message that the deadline has come must not wait for an import.
"""

import os

TYPE_CHECKING = False
"""`typing` takes longer to import than everything needed here."""
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Literal

STDERR = 2
ON_TERMINAL = "TOKCOST_TERMINAL"
"""The variable that is set if somebody reads the output of hooks, because standard error is a terminal."""
STOP = 79
"""Exit code of a commit that is stopped on purpose. Neither Python nor a shell ever exits with it by itself."""
PAST_UNCHECKED = (
    "try again, or commit once without the check: git commit --no-verify; to let unchecked commits pass: git config"
    " tokcost.budgetUnchecked pass"
)
"""The hint for a commit that was stopped because a check did not finish."""


def tell(sentence: str, hint: str = "") -> None:
    """Write one line, and one that says what to do (`as_told`); nobody may be listening."""
    # Not by way of `sys.stderr`, which is `None` if the stream was closed before Python started.
    data = as_told(sentence, hint)
    try:
        while data:
            data = data[os.write(STDERR, data) :]
    except OSError:
        pass


def as_told(sentence: str, hint: str = "") -> bytes:
    """One line, and one that says what to do. Characters that could move the cursor, begin another line, change
    direction or be invisible appear as `\\x1b`."""
    text = f"tokcost: {_plain(sentence)}\n" + (f"hint: {_plain(hint)}\n" if hint else "")
    return text.encode("utf-8", "backslashreplace")


def message_as_it_is(name: str, arguments: "Sequence[str]", directory: str = "") -> "tuple[int, int]":
    """The state of a commit's message file, which shows whether the hook has written to it."""
    if name != "prepare-commit-msg" or not arguments:
        return (0, 0)
    try:
        status = os.stat(os.path.join(directory, arguments[0]))
    except OSError:
        return (0, 0)
    # The message is written by renaming a new file, so its inode number changes even within one tick of the clock.
    return (status.st_ino, status.st_mtime_ns)


def end_of_message(
    name: str, arguments: "Sequence[str]", before: "tuple[int, int]", directory: str = ""
) -> "Literal['written', 'kept', '']":
    """The state in which a hook that failed leaves the message of a commit: written, or still with a line that it had
    before (in a rebase, a pick or an amend)."""
    if message_as_it_is(name, arguments, directory) != before:
        return "written"
    return "kept" if name == "prepare-commit-msg" and arguments and _has_line(directory, arguments[0]) else ""


def _has_line(directory: str, path: str) -> bool:
    """Whether the beginning of a message contains a line with an id. An exact answer would need an import, for which
    git would have to wait."""
    try:
        # A pipe in its place must not keep git waiting.
        stream = os.open(os.path.join(directory, path), os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return False
    try:
        text = os.read(stream, _MOST_OF_MESSAGE)
    except OSError:
        return False
    finally:
        os.close(stream)
    lines = (line.split() for line in text.splitlines())
    return any(words[0] == b"AI-Cost:" and len(words[-1].partition(b".")[0]) == _ID for words in lines if words)


_MOST_OF_MESSAGE = 1 << 16
_ID = 12


def failure(
    name: str, reason: str, code: int, hint: str = "", *, message: "Literal['written', 'kept', '']" = ""
) -> tuple[str, str]:
    """A sentence about a hook that failed, with the reason, and what to do about it: the `hint` of the reason, unless
    the commit was stopped. `message` is the result of `end_of_message`."""
    if message == "written":
        lost = f"{name} could not finish ({reason}) after it had written the message; the next hook catches up"
    elif message == "kept":
        lost = f"{name} could not finish ({reason}); the message keeps its cost line, and new usage stays pending"
    elif name == "prepare-commit-msg":
        lost = f"{name} left this commit without a cost line ({reason}); the usage stays pending"
    elif name == "pre-commit":
        end = " to the end" if code == STOP else ""  # its result may have been printed
        lost = f"the budget was not checked{end} ({reason})"
    else:
        lost = f"{name} could not finish ({reason}); the commit is unchanged, and the next one catches up"
    if code == STOP:
        return f"{lost}; the commit was stopped.", PAST_UNCHECKED
    return f"{lost}.", hint


def is_told_later(name: str, environ: "Mapping[str, str]") -> bool:
    """Whether the hook after the commit reports a failure: a commit that is switched off was to carry no line, and
    that hook withholds its usage if the earlier one could not."""
    if name != "prepare-commit-msg":
        return False
    try:
        from tokcost.settings import is_switched_off  # loaded already: it says where the server is
    except BaseException:  # tokcost is missing or broken, which is what has to be reported
        return False
    return is_switched_off(environ)


def words(problem: BaseException) -> str:
    """An error as a sentence."""
    if isinstance(problem, OSError) and problem.filename and problem.strerror:
        return f"{os.fsdecode(problem.filename)}: {problem.strerror}"
    return str(problem) or type(problem).__name__


def hint_of(problem: BaseException) -> str:
    """The hint for an error; empty if there is none."""
    return str(getattr(problem, "hint", ""))


def _plain(text: str) -> str:
    """Like `tokcost.reports.text.escape`, without the tables of Unicode."""
    return text if text.isprintable() else "".join(map(_shown, text))


def _shown(char: str) -> str:
    if "\udc80" <= char <= "\udcff":  # a byte that is no UTF-8, as represented by `os.fsdecode`
        return f"\\x{ord(char) - 0xDC00:02x}"
    return char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
