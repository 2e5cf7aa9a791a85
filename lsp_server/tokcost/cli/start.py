"""The first function of every command: how `tokcost` starts once `tokcost.sh` has found Python.

The most frequent commands of people and prompts are handled without click, which takes as long to import as everything
else that `tokcost log` needs.
"""

import os
import sys

TYPE_CHECKING = False
"""A prompt that a server answers imports next to nothing, not even `typing`."""
if TYPE_CHECKING:
    from collections.abc import Callable

_ANSWER_SECONDS = 0.5
"""Seconds that a prompt waits for a server's answer before it does the work itself."""


def main() -> None:
    """Run the command named by the arguments, and end the process with its exit code."""
    words = tuple(sys.argv[1:])
    if words[:1] == ("status",) and words in ANSWERED_DIRECTLY and _is_answered(words):
        os._exit(0)  # ending in the usual way takes 10 ms
    # Before anything is imported: an assistant waits for this before each tool.
    if words[:2] == ("guard", "check") and len(words) > 3:
        from tokcost.cli.guard import answer_hook

        answer_hook(words[2:])
    from tokcost.cli import error_handler, screen

    answer = ANSWERED_DIRECTLY.get(words)
    if answer is not None:
        import gc

        gc.disable()  # over before there is any garbage to collect
        screen.leave(error_handler.run_command(answer, os.environ))
    from tokcost.cli.main import main

    main()


def _log() -> int:
    from tokcost.cli.log import Output, show_log
    from tokcost.services.summarise import LogOptions

    return show_log(LogOptions(), Output(), os.environ)


def _is_answered(words: tuple[str, ...]) -> bool:
    """Whether a running server has returned the line, and it was shown. Any error is left to the command."""
    from time import monotonic

    from tokcost.local_server import ask_for_text
    from tokcost.settings import home_folder

    until = monotonic() + _ANSWER_SECONDS
    try:
        text = ask_for_text(home_folder(os.environ), words, lambda _: lambda: monotonic() > until)
        if text is None or not text.isascii():
            return False  # text that the terminal cannot show needs more than this
        sys.stdout.write(text)
        sys.stdout.flush()
    except (OSError, ValueError, AttributeError):
        return False
    return True


def _status(quiet: bool, fresh: bool) -> "Callable[[], int]":
    def run() -> int:
        from tokcost.cli.status import show_status

        return show_status(quiet=quiet, fresh=fresh)

    return run


ANSWERED_DIRECTLY: "dict[tuple[str, ...], Callable[[], int]]" = {
    ("log",): _log,
    ("status",): _status(quiet=False, fresh=True),
    ("status", "--quiet"): _status(quiet=True, fresh=True),
    ("status", "--no-refresh"): _status(quiet=False, fresh=False),
    ("status", "--quiet", "--no-refresh"): _status(quiet=True, fresh=False),
}
"""Complete command lines, as in the documentation. The commands give the same output; a test compares them."""
