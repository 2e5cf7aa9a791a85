"""What a hook says: lines on standard error, written at once."""

import os

STDERR = 2


def say(text: str) -> None:
    """Write a line to standard error; nobody may be listening. Not by way of `sys.stderr`, which is `None` where the
    stream was closed before Python started."""
    data = f"{text}\n".encode("utf-8", "backslashreplace")
    try:
        while data:
            data = data[os.write(STDERR, data) :]
    except OSError:
        pass
