"""The work of every hook, which is the same from here on whether the process started by git or a running server does
it.

Nothing here uses the process's own folder or environment.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from tokcost.services.look_at_clone import state_of_hook, stops_unchecked
from tokcost.settings import RESCUES_FILE
from tokcost_hooks import HOOKS
from tokcost_hooks.console import STOP, end_of_message, failure, hint_of, is_told_later, message_as_it_is, words

BEFORE_COMMIT = HOOKS[:3]


class Call(NamedTuple):
    """A hook that git runs."""

    name: str
    arguments: list[str]
    """As given by git (githooks(5)); paths may be relative to `directory`."""
    directory: str
    environ: Mapping[str, str]
    home: Path
    """The ledger's folder."""
    data: bytes
    """The standard input from git."""
    tell: Callable[[str, str], None]
    """Takes a sentence for standard error, and a hint or an empty text."""
    is_awaited: Callable[[], bool]
    """Whether git still waits."""
    promise: Callable[[int], None]
    """Takes the exit code that holds from now on if the work does not finish."""


def work(call: Call) -> int:
    """Do the work of a hook; returns its exit code, 0 or `STOP`."""
    code, before = 0, message_as_it_is(call.name, call.arguments, call.directory)

    def promise(holds: int) -> None:
        nonlocal code
        code = holds
        call.promise(holds)

    try:
        here = state_of_hook(call.directory, call.environ)
        if here is None or call.name not in HOOKS:
            return 0
        if call.name in BEFORE_COMMIT and not call.is_awaited():
            return 0  # git has gone on: the message may belong to another commit by now
        # Where a budget that cannot be checked is to stop the commit, so is a check that comes to no end.
        if call.name == "pre-commit":
            promise(STOP if stops_unchecked(here) else 0)
        hook = import_module(f"tokcost_hooks.{call.name.replace('-', '_')}")
        is_stopped = hook.run(call._replace(promise=promise), here) is True
        _tell_of_rescues(call)
        return STOP if is_stopped else 0
    except BaseException as problem:
        # SystemExit and KeyboardInterrupt too: with any exit code but 0, git would abort the commit (githooks(5)).
        if not is_told_later(call.name, call.environ):
            message = end_of_message(call.name, call.arguments, before, call.directory)
            call.tell(*failure(call.name, words(problem), code, hint_of(problem), message=message))
        return code


def _tell_of_rescues(call: Call) -> None:
    """Report once, in one line, that the ledger was damaged. The work of the hook is complete by then, so an error here
    does not change its result."""
    if not (call.home / RESCUES_FILE).exists():
        return
    from tokcost.services.show_notices import take_notice

    said = ""
    with suppress(OSError):
        said = take_notice(call.home)
    if said:
        call.tell(f"{said}.", "")
