"""`tokcost guard check`, the command in an assistant's hook: quick, and whatever happens the assistant goes on."""

import os
import sys
import time
from threading import Thread, get_native_id

from tokcost_hooks.watch import Limits, Patience, waits_of_thread

TYPE_CHECKING = False
"""`typing` takes longer to import than a server to answer."""
if TYPE_CHECKING:
    from typing import NoReturn

STUCK_SECONDS, LONGEST_SECONDS = 0.3, 2.0
"""An answer that waits for a lock or a disk is given up after the first, one that is merely slow after the second."""
_STEP_SECONDS = 0.02
NOTHING = "{}\n"
"""The answer that lets every assistant go on."""


def answer_hook(words: "tuple[str, ...]") -> "NoReturn":
    """Print the answer and end the process. Standard input, where the prompt is, is not read."""
    Thread(target=_end_in_time, args=(get_native_id(),), daemon=True).start()
    try:
        text = _asked(words) or _found_out(words)
    except BaseException:  # an assistant must not be stopped by a mistake of ours
        text = NOTHING
    _leave(text)


def _asked(words: "tuple[str, ...]") -> "str | None":
    """The answer of a server that runs already."""
    from tokcost.local_server import ask_for_text
    from tokcost.settings import home_folder

    try:
        return ask_for_text(home_folder(os.environ), ("guard", *words), LONGEST_SECONDS)
    except (OSError, ValueError, AttributeError):
        return None


def _found_out(words: "tuple[str, ...]") -> str:
    import gc

    gc.disable()  # over before there is anything to collect
    from pathlib import Path

    from tokcost.services.guard import answer
    from tokcost.settings import tokcost_home

    return answer(tokcost_home(os.environ), os.environ, Path.cwd(), words)


def _end_in_time(thread: int) -> None:
    """End the process, with an answer that lets the assistant go on, once waiting makes no sense any more."""
    chosen = os.environ.get("TOKCOST_DEADLINE")  # as for git's hooks
    limits = Limits(float(chosen), float(chosen)) if chosen else Limits(LONGEST_SECONDS, STUCK_SECONDS)
    patience = Patience(limits, lambda: waits_of_thread(os.getpid(), thread))
    while not patience.spent():
        time.sleep(_STEP_SECONDS)
    _leave(NOTHING)


def _leave(text: str) -> "NoReturn":
    try:
        os.write(sys.__stdout__.fileno() if sys.__stdout__ else 1, text.encode())
    finally:
        os._exit(0)
