"""All readers: ours, in one list, and those that other packages register in the entry-point group `tokcost.readers`."""

import os
from collections.abc import Sequence
from functools import cache

from tokcost import __version__
from tokcost.errors import EnvironmentProblem
from tokcost.readers.base import Reader

_OURS = ("tokcost.readers.claude_code:ClaudeCodeReader", "tokcost.readers.codex:CodexReader")

GROUP = "tokcost.readers"

KNOWN: dict[str, tuple[int, list[str]]] = {}
"""What is registered in a folder of packages, and when that folder had last changed. A hook knows it from the one
before."""
_SETTLED_NS = 300 * 10**9


@cache
def readers() -> Sequence[Reader]:
    """Every reader, ours first. Raises `EnvironmentProblem` when a third-party reader cannot be loaded."""
    return [_load(target) for target in (*_OURS, *_third_party())]


def reader_named(name: str) -> Reader:
    """The reader of one assistant, by its stored name. Raises `KeyError` when no such reader is installed."""
    return {reader.name: reader for reader in readers()}[name]


def versions() -> str:
    """Changes with every version of tokcost and whenever a package is installed, which may have a reader."""
    return " ".join((__version__, *(str(_changed_ns(folder)) for folder in _folders())))


def _load(target: str) -> Reader:
    from importlib import import_module

    module, _, attribute = target.partition(":")
    try:
        return getattr(import_module(module), attribute)()
    except Exception as error:
        raise EnvironmentProblem(
            f"the reader {target} cannot be loaded: {error}",
            "Upgrade or uninstall the package that provides it; the entry-point group is tokcost.readers.",
        ) from error


def is_ours_alone() -> bool:
    """Whether it is known, without a search, that no other package registers a reader."""
    return all(_remembered(folder) == [] for folder in _folders())


def _third_party() -> list[str]:
    """Registered readers. Importing `importlib.metadata` takes 35 ms, so files are searched for the group's name."""
    found: list[str] = []
    for folder in _folders():
        targets = _remembered(folder)
        if targets is None:
            targets = _registered(folder)
            _remember(folder, targets)
        found.extend(targets)
    return found


def _folders() -> list[str]:
    import sys

    return [folder for folder in dict.fromkeys(sys.path) if folder.endswith("-packages")]


def _remembered(folder: str) -> list[str] | None:
    changed_ns, targets = KNOWN.get(folder, (0, []))
    return targets if changed_ns and changed_ns == _changed_ns(folder) else None


def _remember(folder: str, targets: list[str]) -> None:
    """Unless a package is being installed: its files come after its folder."""
    import time

    changed_ns = _changed_ns(folder)
    if changed_ns < time.time_ns() - _SETTLED_NS:
        KNOWN[folder] = (changed_ns, targets)


def _changed_ns(folder: str) -> int:
    try:
        return os.stat(folder).st_mtime_ns
    except OSError:
        return 0


def _registered(folder: str) -> list[str]:
    targets: list[str] = []
    try:
        with os.scandir(folder) as entries:
            names = [entry.path for entry in entries if entry.name.endswith(".dist-info")]
    except OSError:
        return []
    for name in names:
        try:
            with open(os.path.join(name, "entry_points.txt"), encoding="utf-8") as stream:
                text = stream.read()
        except OSError:
            continue
        if GROUP in text:
            targets.extend(_targets(text))
    return targets


def _targets(text: str) -> list[str]:
    from configparser import ConfigParser

    parser = ConfigParser(delimiters=("=",))
    parser.read_string(text)
    return list(parser[GROUP].values()) if parser.has_section(GROUP) else []
