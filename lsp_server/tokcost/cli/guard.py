"""`tokcost guard check`, the command in an assistant's hook: fast, and whatever happens the assistant continues."""

import faulthandler
import os
import sys
import time

from tokcost_hooks.watch import Limits, Patience, waits_of_thread

TYPE_CHECKING = False
"""`typing` takes longer to import than a server takes to answer."""
if TYPE_CHECKING:
    from typing import NoReturn

STUCK_SECONDS, LONGEST_SECONDS = 0.3, 2.0
"""An answer that is blocked by a lock or a disk is abandoned after the first time, one that is merely slow after the
second."""
_STEP_SECONDS = 0.02
_GRACE_SECONDS = 0.5
NOTHING = "{}\n"
"""The answer that lets every assistant continue."""


def answer_hook(words: "tuple[str, ...]") -> "NoReturn":
    """Print the answer and end the process. Standard input, which has the prompt, is not read."""
    chosen = os.environ.get("TOKCOST_DEADLINE")  # as for git's hooks
    limits = Limits(float(chosen), float(chosen)) if chosen else Limits(LONGEST_SECONDS, STUCK_SECONDS)
    # For a disk that does not answer at all: `threading` takes longer to import than a server takes to answer.
    faulthandler.dump_traceback_later(limits.longest + _GRACE_SECONDS, exit=True, file=os.open(os.devnull, os.O_WRONLY))
    promised = [NOTHING]
    """The answers to give if there is no other; the last one is valid. Each lets the assistant continue."""
    try:
        text = _asked(words, limits) or _found_out(words, limits, promised)
    except BaseException:  # an error of ours must not stop an assistant
        text = promised[-1]
    _leave(text)


def _asked(words: "tuple[str, ...]", limits: Limits) -> "str | None":
    """The answer of a running server, or one that lets the assistant continue once waiting makes no sense any more."""
    from tokcost.local_server import NoAnswer, ask_for_text
    from tokcost.settings import home_folder

    try:
        return ask_for_text(
            home_folder(os.environ),
            ("guard", *words),
            lambda server: Patience(limits, lambda: waits_of_thread(server.process, server.thread)).spent,
        )
    except NoAnswer as late:
        return late.promised or NOTHING
    # Without an answer the work is done here: a server that vanished has told the assistant nothing.
    except (OSError, ValueError, AttributeError):
        return None


def _found_out(words: "tuple[str, ...]", limits: Limits, promised: "list[str]") -> str:
    import gc

    gc.disable()  # over before there is any garbage to collect
    from threading import Thread, get_native_id

    Thread(target=_end_in_time, args=(get_native_id(), limits, promised), daemon=True).start()
    from pathlib import Path

    from tokcost.services.answer_guard import answer
    from tokcost.settings import tokcost_home

    return answer(tokcost_home(os.environ), os.environ, Path.cwd(), words, promised.append)


def _end_in_time(thread: int, limits: Limits, promised: "list[str]") -> None:
    """End the process, with an answer that lets the assistant continue, once waiting makes no sense any more."""
    patience = Patience(limits, lambda: waits_of_thread(os.getpid(), thread))
    while not patience.spent():
        time.sleep(_STEP_SECONDS)
    _leave(promised[-1])


def _leave(text: str) -> "NoReturn":
    try:
        # The watching thread may be here, while the first one is stuck: `sys.exit` would end this thread alone.
        os.write(sys.__stdout__.fileno() if sys.__stdout__ else 1, text.encode())
    finally:
        os._exit(0)
