"""The beginning and the end of every hook. Whatever happens in here, git goes on: a problem is one line on standard
error.

The one exception is a hook that stops the commit on purpose by returning True.

The work is done by a running server (`client.py`), or in a separate process, watched by the one that git waits for
(`watch.py`): nothing in that work can make git wait beyond the deadline.
"""

import os
import sys

from tokcost_hooks.client import ask_server
from tokcost_hooks.console import (
    ON_TERMINAL,
    STDERR,
    STOP,
    end_of_message,
    failure,
    hint_of,
    is_told_later,
    message_as_it_is,
    tell,
    words,
)
from tokcost_hooks.watch import Limits, run_beside_timer, run_watched, standard_input

TYPE_CHECKING = False
"""`typing` takes longer to import than everything that the watching process needs."""
if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST_SECONDS = 2.0
"""A slow hook ends after this time."""
STUCK_SECONDS = {"pre-commit": 0.1}
"""A hook that is blocked by one thing (a disk, a lock, another process) ends after this time; together, the hooks
before a commit cost at most 300 ms."""
USUAL_STUCK_SECONDS = 0.2


def main(parent: int = 0) -> None:
    """Run one hook and exit with 0, or with `STOP`. `parent` is the id of the process that started it, if that is
    not the parent of this one."""
    name, code = (sys.argv[1:] or ["tokcost-hook"])[0], 0
    before = message_as_it_is(name, sys.argv[2:])

    def give_up(reason: str, promised: int | None) -> int:
        code = promised
        if code is None:
            code = STOP if name == "pre-commit" and _seems_to_stop_unchecked() else 0
        if not is_told_later(name, os.environ):
            tell(*failure(name, reason, code, message=end_of_message(name, sys.argv[2:], before)))
        return code

    try:
        os.environ["TOKCOST_PARENT"] = str(parent or os.getppid())  # the working process may be no child of git
        # An outer hook that runs git passes its own on, which is about another standard error.
        os.environ.pop(ON_TERMINAL, None)
        if os.isatty(STDERR):
            os.environ[ON_TERMINAL] = "1"
        limits, arguments = _limits(name), _arguments(name)
        # Before the fork: a served hook starts no second process.
        answer = ask_server(name, arguments, limits, give_up)
        if answer.code is None:
            run = run_watched if hasattr(os, "fork") else run_beside_timer
            code = run(lambda promise: _work(name, arguments, answer.data, promise), limits, give_up)
        else:
            code = answer.code
    except BaseException as problem:
        give_up(words(problem), 0)
    finally:
        os._exit(code)  # nothing that is still open may make git wait


def _work(name: str, arguments: list[str], data: "bytes | None", promise: "Callable[[int], None]") -> int:
    """Do the work in this process, which does nothing else."""
    import gc

    gc.disable()  # over before there is any garbage to collect
    try:
        from tokcost.settings import tokcost_home
        from tokcost_hooks.work import Call, work

        if data is None:
            data = standard_input() if name == "post-rewrite" else b""
        environ = dict(os.environ)
        call = Call(name, arguments, os.getcwd(), environ, tokcost_home(environ), data, tell, lambda: True, promise)
    except BaseException as problem:
        if not is_told_later(name, os.environ):
            message = end_of_message(name, arguments, message_as_it_is(name, arguments))
            tell(*failure(name, words(problem), 0, hint_of(problem), message=message))
        return 0
    return work(call)


def _seems_to_stop_unchecked() -> bool:
    """Whether a budget that cannot be checked is to stop the commit, from the text of the clone's settings. Only for
    work that ended before it read them as git does, which happens on a busy machine."""
    folder = os.environ.get("GIT_DIR") or ".git"
    # A linked worktree has its settings in the common folder, to which this file leads (gitrepository-layout(5)).
    common = _beginning(os.path.join(folder, "commondir")).strip()
    lines = _beginning(os.path.join(folder, os.fsdecode(common), "config")).lower().splitlines()
    said = [line.partition(b"=")[2] for line in lines if line.strip().startswith(b"budgetunchecked")]
    # Of several values git takes the last one (git-config(1)).
    return bool(said) and said[-1].strip(b' \t"') == b"block"


def _beginning(path: str) -> bytes:
    """The first bytes of a file; none if there is no such file."""
    try:
        # The settings may be a pipe, which must not keep git waiting.
        stream = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return b""
    try:
        return os.read(stream, _MOST_OF_SETTINGS)
    except OSError:
        return b""
    finally:
        os.close(stream)


_MOST_OF_SETTINGS = 1 << 18


def _limits(name: str) -> Limits:
    """The limits; `TOKCOST_DEADLINE` sets both, in seconds."""
    chosen = os.environ.get("TOKCOST_DEADLINE")
    if chosen:
        return Limits(float(chosen), float(chosen))
    return Limits(LONGEST_SECONDS, STUCK_SECONDS.get(name, USUAL_STUCK_SECONDS))


def _arguments(name: str) -> list[str]:
    """The arguments in git's form. The pre-commit framework passes only the file and the rest in the environment;
    lefthook leaves `{2}` unchanged if git gave nothing."""
    arguments = [argument for argument in sys.argv[2:] if argument not in ("{1}", "{2}", "{3}")]
    if name == "prepare-commit-msg" and len(arguments) == 1:
        names = ("PRE_COMMIT_COMMIT_MSG_SOURCE", "PRE_COMMIT_COMMIT_OBJECT_NAME")
        arguments += [os.environ.get(name, "") for name in names]
    return arguments
