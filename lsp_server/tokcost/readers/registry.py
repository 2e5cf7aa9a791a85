"""All readers: ours, in one list, and third-party ones registered in the entry-point group `tokcost.readers`."""

import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from typing import NamedTuple

from tokcost import __version__
from tokcost.estimates.switch import is_on
from tokcost.model.logs import Location, OwnWorktrees
from tokcost.model.received import FROM_TEXT
from tokcost.readers.known_places import assistants_there
from tokcost.readers.protocol import NoReader, Reader, told_as

_ALWAYS = {
    "claude-code": "tokcost.readers.claude_code.reader:ClaudeCodeReader",
    "codex": "tokcost.readers.codex.reader:CodexReader",
    "gemini-cli": "tokcost.readers.gemini.reader:GeminiReader",
    "opencode": "tokcost.readers.opencode.reader:OpencodeReader",
}
_WHERE_USED: dict[str, str] = {
    "copilot-cli": "tokcost.readers.copilot_cli.reader:CopilotCliReader",
    "qwen-code": "tokcost.readers.qwen.reader:QwenReader",
    "copilot-chat": "tokcost.readers.copilot_chat.reader:CopilotChatReader",
    "amp": "tokcost.readers.amp.reader:AmpReader",
    "cline": "tokcost.readers.cline_family.reader:ClineReader",
    "roo-code": "tokcost.readers.cline_family.reader:RooCodeReader",
    "kilo-code": "tokcost.readers.cline_family.reader:KiloCodeReader",
    "kilo": "tokcost.readers.opencode.reader:KiloReader",
    "goose": "tokcost.readers.goose.reader:GooseReader",
    "pi": "tokcost.readers.pi.reader:PiReader",
    "omp": "tokcost.readers.pi.reader:OmpReader",
    "kimi": "tokcost.readers.kimi.reader:KimiReader",
    "junie": "tokcost.readers.junie.reader:JunieReader",
    "grok": "tokcost.readers.grok.reader:GrokReader",
    "mux": "tokcost.readers.mux.reader:MuxReader",
    "aider": "tokcost.readers.aider.reader:AiderReader",
    "otel": "tokcost.readers.otel.reader:OtelReader",
    "copilot-chat-text": "tokcost.readers.copilot_chat.text_reader:CopilotChatTextReader",
    "cursor-text": "tokcost.readers.cursor.reader:CursorTextReader",
}
"""Readers that most commands need not import: they are imported if `known_places` finds something of the assistant."""
_OURS = {**_ALWAYS, **_WHERE_USED}

GROUP = "tokcost.readers"
_GROUP = GROUP.encode()


class Broken(NamedTuple):
    """A third-party reader that cannot be used."""

    target: str
    """Module and class, as registered by the package."""
    reason: str
    package: str


def readers() -> Sequence[Reader]:
    """Every usable reader, ours first."""
    return [*map(_ours, _OURS), *_others()[0]]


def readers_of_used(environ: Mapping[str, str]) -> Sequence[Reader]:
    """The readers that may find logs on this machine, without our readers of assistants that were never used here."""
    used = assistants_there(environ)
    if is_on(environ):
        used = used.union(FROM_TEXT)
    return [*(_ours(name) for name in _OURS if name in _ALWAYS or name in used), *_others()[0]]


def broken_readers() -> Sequence[Broken]:
    """Third-party readers that cannot be used: their logs are not read, everything else continues."""
    return _others()[1]


def forget() -> None:
    """Look up readers again, because a package was installed."""
    _others.cache_clear()


@cache
def _ours(name: str) -> Reader:
    return _load(_OURS[name])


@cache
def _others() -> tuple[list[Reader], list[Broken]]:
    found, broken, names = list[Reader](), list[Broken](), set(_OURS)
    targets = _third_party()
    if not targets:
        return found, broken
    from tokcost.readers.guarded import guarded  # usually there are none

    for target, package in targets:
        try:
            reader = guarded(lambda target=target: _load(target), package)
            if reader.name in names:
                raise NoReader(f"another reader already has the name {reader.name}")
        except NoReader as error:
            broken.append(Broken(target, str(error), package))
        except Exception as error:
            broken.append(Broken(target, told_as(error), package))
        else:
            found.append(reader)
            names.add(reader.name)
    return found, broken


def locations(environ: Mapping[str, str]) -> list[Location]:
    """The locations of all assistants' logs, each place once; a failing reader has none."""
    found: list[Location] = []
    for reader in readers():
        if reader.name in FROM_TEXT and not is_on(environ):
            continue
        with suppress(Exception):
            found.extend(reader.locations(environ))
    return list(dict.fromkeys(found))


def reader_named(name: str) -> Reader:
    """The reader of one assistant, by its stored name. Raises `KeyError` if no such reader is installed."""
    others = {reader.name: reader for reader in _others()[0]}
    return others[name] if name in others else _ours(name)


def logging_turns(names: Iterable[str]) -> frozenset[str]:
    """The assistants, among these stored names, whose records may each cover several requests."""
    found: set[str] = set()
    for name in names:
        with suppress(KeyError, AttributeError):  # a reader that is no longer installed, or declares nothing
            if reader_named(name).capabilities.record == "turn":
                found.add(name)
    return frozenset(found)


def own_worktrees(environ: Mapping[str, str]) -> tuple[OwnWorktrees, ...]:
    """The worktrees that assistants used on this machine create for themselves."""
    return tuple(one for reader in readers_of_used(environ) for one in reader.capabilities.worktrees)


def subagents_among(sources: Iterable[tuple[int, str, str]]) -> list[int]:
    """The numbers of those sources (number, assistant, path) that are logs of sub-agents, as far as paths show that.
    Otherwise their usage is marked."""
    every = list(sources)
    patterns = {name: _subagent_logs(name) for name in {assistant for _, assistant, _ in every}}
    return [
        number
        for number, assistant, path in every
        if (pattern := patterns[assistant]) and re.search(pattern, path.replace("\\", "/"))
    ]


def _subagent_logs(assistant: str) -> str:
    """The pattern that an assistant's reader declares; empty for a reader that is no longer installed."""
    try:
        return reader_named(assistant).capabilities.subagent_logs
    except KeyError:
        return ""


def versions() -> str:
    """A text that changes with every version of tokcost and whenever a package, which may have a reader, is
    installed."""
    return " ".join((__version__, *(str(_changed_ns(folder)) for folder in _package_folders())))


def _load(target: str) -> Reader:
    from importlib import import_module

    module, _, attribute = target.partition(":")
    return getattr(import_module(module), attribute)()


def _third_party() -> list[tuple[str, str]]:
    """Third-party readers, each with its package. Importing `importlib.metadata` takes 35 ms, so files are searched
    for the group's name."""
    return [found for folder in _package_folders() for found in _registered(folder)]


def _package_folders() -> list[str]:
    # `site-packages`, and `dist-packages` on Debian.
    return [folder for folder in dict.fromkeys(sys.path) if folder.endswith("-packages")]


def _changed_ns(folder: str) -> int:
    try:
        return os.stat(folder).st_mtime_ns
    except OSError:
        return 0


def _registered(folder: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    try:
        with os.scandir(folder) as entries:
            names = [entry.path for entry in entries if entry.name.endswith(".dist-info")]
    except OSError:
        return []
    for name in names:
        try:
            with open(os.path.join(name, "entry_points.txt"), "rb", buffering=0) as stream:
                written = stream.read()
        except OSError:
            continue
        # Compared as bytes: the file of a package that registers no reader need not be UTF-8.
        if _GROUP in written:
            package = os.path.basename(name).partition("-")[0]
            # The folder stands in for a target that cannot be parsed, so that the reader is reported as broken.
            found.extend((target, package) for target in _targets(written.decode(errors="replace")) or [name])
    return found


def _targets(text: str) -> list[str]:
    from configparser import ConfigParser, Error

    # The name of an entry point may contain a colon, but no `=` (packaging.python.org/specifications/entry-points).
    parser = ConfigParser(delimiters=("=",))
    with suppress(Error):
        parser.read_string(text)
    return list(parser[GROUP].values()) if parser.has_section(GROUP) else []
