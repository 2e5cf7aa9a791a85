"""All readers: ours, in one list, and those that other packages register in the entry-point group `tokcost.readers`."""

import os
import sys
from collections.abc import Sequence
from functools import cache

from tokcost import __version__
from tokcost.errors import EnvironmentProblem
from tokcost.readers.base import Reader

_OURS = ("tokcost.readers.claude_code:ClaudeCodeReader", "tokcost.readers.codex:CodexReader")

GROUP = "tokcost.readers"


@cache
def readers() -> Sequence[Reader]:
    """Every reader, ours first. Raises `EnvironmentProblem` when a third-party reader cannot be loaded."""
    return [_load(target) for target in (*_OURS, *_third_party())]


def reader_named(name: str) -> Reader:
    """The reader of one assistant, by its stored name. Raises `KeyError` when no such reader is installed."""
    return {reader.name: reader for reader in readers()}[name]


def versions() -> str:
    """Changes with every version of tokcost and whenever a package is installed, which may have a reader."""
    return " ".join((__version__, *(str(_changed_ns(folder)) for folder in _package_folders())))


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


def _third_party() -> list[str]:
    """Registered readers. Importing `importlib.metadata` takes 35 ms, so files are searched for the group's name."""
    return [target for folder in _package_folders() for target in _registered(folder)]


def _package_folders() -> list[str]:
    return [folder for folder in dict.fromkeys(sys.path) if folder.endswith("-packages")]


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
