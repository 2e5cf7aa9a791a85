"""The console script: how `tokcost` starts.

What people and their prompts say most is answered without click, which takes as long to load as everything else that
`tokcost log` needs.
"""

import gc
import os
import sys
from collections.abc import Callable

from tokcost.cli import gate, screen


def main() -> None:
    """Run the command that the arguments name, and end the process with its exit code."""
    quick = QUICK.get(tuple(sys.argv[1:]))
    if quick is not None:
        gc.disable()  # over before there is anything to collect
        screen.leave(gate.run(quick, os.environ))
    from tokcost.cli.main import main

    main()


def _log() -> int:
    from tokcost.cli.log import Output, show_log
    from tokcost.services.summary import LogOptions

    return show_log(LogOptions(), Output(), os.environ)


def _status(quiet: bool, fresh: bool) -> Callable[[], int]:
    def run() -> int:
        from tokcost.cli.status import show_status

        return show_status(quiet=quiet, fresh=fresh)

    return run


QUICK: dict[tuple[str, ...], Callable[[], int]] = {
    ("log",): _log,
    ("status",): _status(quiet=False, fresh=True),
    ("status", "--quiet"): _status(quiet=True, fresh=True),
    ("status", "--no-refresh"): _status(quiet=False, fresh=False),
    ("status", "--quiet", "--no-refresh"): _status(quiet=True, fresh=False),
}
"""Whole command lines, as the documentation has them. The commands say the same, a test compares."""
