"""`tokcost guard check`, the command in an assistant's hook: quick, and whatever happens the assistant goes on."""

import os
import sys
from threading import Timer

TYPE_CHECKING = False
"""`typing` takes longer to import than a server to answer."""
if TYPE_CHECKING:
    from typing import NoReturn

DEADLINE_SECONDS = 0.3
NOTHING = "{}\n"
"""The answer that lets every assistant go on."""


def answer_hook(words: "tuple[str, ...]") -> "NoReturn":
    """Print the answer and end the process. Standard input, where the prompt is, is not read."""
    end = Timer(DEADLINE_SECONDS, _give_up)
    end.daemon = True
    end.start()
    try:
        text = _asked(words) or _found_out(words)
    except BaseException:  # an assistant must not be stopped by a mistake of ours
        text = NOTHING
    end.cancel()
    _leave(text)


def _asked(words: "tuple[str, ...]") -> "str | None":
    """The answer of a server that runs already."""
    from tokcost.local_server import ask_for_text
    from tokcost.settings import home_folder

    try:
        return ask_for_text(home_folder(os.environ), ("guard", *words), DEADLINE_SECONDS)
    except (OSError, ValueError, AttributeError):
        return None


def _found_out(words: "tuple[str, ...]") -> str:
    import gc

    gc.disable()  # over before there is anything to collect
    from pathlib import Path

    from tokcost.services.guard import answer
    from tokcost.settings import tokcost_home

    return answer(tokcost_home(os.environ), os.environ, Path.cwd(), words)


def _give_up() -> None:
    _leave(NOTHING)


def _leave(text: str) -> "NoReturn":
    try:
        os.write(sys.__stdout__.fileno() if sys.__stdout__ else 1, text.encode())
    finally:
        os._exit(0)
