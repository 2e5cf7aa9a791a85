"""The user's pager, chosen and configured as git does it."""

import os
import signal
from collections.abc import Mapping
from contextlib import suppress

from tokcost.import_path import absolute_path

_CANNOT_RUN, _NOT_FOUND = 126, 127  # the codes of a shell (sh(1p))


def took(text: str, environ: Mapping[str, str]) -> bool:
    """Pass a text to the pager and wait until the user leaves it. False if there is none, or it cannot be run."""
    pager = _chosen(environ)
    if pager in ("", "cat"):
        return False
    # As git sets them unless the user did (core.pager in git-config(1)).
    os.environ.setdefault("LESS", "FRX")
    os.environ.setdefault("LV", "-c")
    # A relative folder in PATH would let a repository provide the pager.
    os.environ["PATH"] = absolute_path(os.environ.get("PATH", os.defpath))
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # ^C belongs to the pager while it has the screen
    try:
        return _piped(text, pager) not in (_CANNOT_RUN, _NOT_FOUND)
    finally:
        signal.signal(signal.SIGINT, before)


def _chosen(environ: Mapping[str, str]) -> str:
    for name in ("TOKCOST_PAGER", "GIT_PAGER", "PAGER"):
        if name in environ:
            return environ[name]
    return "less" if environ.get("TERM", "dumb") != "dumb" else ""


def _piped(text: str, pager: str) -> int:
    """The pager's exit code. A shell runs it, so it can have arguments; closing waits for its end."""
    pipe = os.popen(pager, "w")  # pyright: ignore[reportDeprecated]  (subprocess is for programs whose answer we read)
    with suppress(BrokenPipeError):  # the user may leave before the end; the exit code tells whether it ever ran
        pipe.write(text)
    try:
        # On Unix this is a wait status, with the exit code in its second byte (os.popen).
        return (pipe.close() or 0) >> 8
    except BrokenPipeError:
        return _CANNOT_RUN  # gone before the first page
