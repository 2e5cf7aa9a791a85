"""Runs the real `tokcost` with its output on a pipe or on a terminal."""

import os
import pty
import subprocess
from collections.abc import Mapping
from fcntl import ioctl
from pathlib import Path
from struct import pack
from termios import TIOCSWINSZ

from support import warm


def piped(
    args: list[str], cwd: Path, environ: Mapping[str, str], main: str = "tokcost.cli.start"
) -> "subprocess.CompletedProcess[str]":
    """Output and errors on pipes, of the program that begins in a module."""
    return warm.tokcost(*args, cwd=cwd, env=environ, main=f"from {main} import main; main()")


def on_terminal(args: list[str], cwd: Path, environ: Mapping[str, str], columns: int = 80, typed: str = "") -> str:
    """Everything that a terminal of this width receives, on which somebody has typed this."""
    leader, follower = pty.openpty()
    ioctl(follower, TIOCSWINSZ, pack("HHHH", 24, columns, 0, 0))
    child = warm.start(warm.COMMAND_LINE, args, cwd=cwd, env=environ, streams=[follower] * 3)
    os.close(follower)
    os.write(leader, typed.encode())
    received = _all_of(leader)
    child.wait()
    os.close(leader)
    return received.decode().replace("\r\n", "\n")


def _all_of(leader: int) -> bytes:
    received = b""
    while True:
        try:
            chunk = os.read(leader, 65536)
        except OSError:  # Linux tells the end of a terminal so
            return received
        if not chunk:
            return received
        received += chunk
