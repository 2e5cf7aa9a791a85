"""The files and folders that this process asks the system for, as Python's own audit events say."""

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager

_heard: dict[str, list[list[str]]] = {"open": [], "os.scandir": []}


@contextmanager
def opened_or_listed(event: str) -> Generator[list[str]]:
    """The paths of all events of a kind, `open` or `os.scandir`, in their order."""
    paths: list[str] = []
    _heard[event].append(paths)
    try:
        yield paths
    finally:
        _heard[event].remove(paths)


def _hear(event: str, args: tuple[object, ...]) -> None:
    for paths in _heard.get(event, ()):
        if isinstance(args[0], str | bytes):
            paths.append(os.fsdecode(args[0]))


sys.addaudithook(_hear)
