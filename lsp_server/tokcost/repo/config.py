"""The few settings of a repository that must be known before git could be asked, read from its own `config` file.

Only what git itself writes there is looked for; included files are not followed.
"""

import os
import re
from typing import NamedTuple

from tokcost.foreign_files import read_bounded

# What was matched is not given up again (`*+`): else a long line without an end takes the square of its length.
_SECTION = re.compile(r'\s*+\[\s*+([^\]"\s]++)\s*+(?:"((?:[^"\\]|\\.)*+)")?+[^\]]*+\]')
_SETTING = re.compile(r"\s*+([A-Za-z][A-Za-z0-9-]*+)\s*+(?:=\s*+(.*))?$")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*+)"')
_COMMENT = re.compile(r"[#;]")
_MOST = 16 * 1024 * 1024
"""Bytes of a configuration: git keeps a section for each branch, some ten thousand make one MiB."""
_YES = ("true", "yes", "on", "1")


class Core(NamedTuple):
    """Settings of the section `core`."""

    bare: bool = False
    worktree: str = ""
    """Where the main worktree of a submodule is, relative to the repository; empty when it is around it as usual."""


def read_core(common_dir: str) -> Core:
    """`core` of a repository; what cannot be read has its default. In a repository with `extensions.worktreeConfig`
    git keeps these settings in `config.worktree`."""
    settings = read_section(common_dir, "core") | _read(os.path.join(common_dir, "config.worktree"), "core", None)
    return Core(settings.get("bare", "").lower() in _YES, settings.get("worktree", ""))


def read_section(common_dir: str, section: str, subsection: str | None = None) -> dict[str, str]:
    """One section of a clone's own configuration, or one subsection (`[branch "main"]`), keys in lower case; other
    files do not count."""
    return _read(os.path.join(common_dir, "config"), section, subsection)


def has_setting(common_dir: str, prefixes: tuple[str, ...], yes_suffixes: tuple[str, ...] = ()) -> bool:
    """Whether any section of a clone's own configuration has a setting whose name, in lower case, begins like this;
    with `yes_suffixes`, one that also ends like this and says yes."""
    for line in _lines(os.path.join(common_dir, "config")):
        header = _SECTION.match(line)
        setting = _SETTING.match(line[header.end() :] if header else line)
        name = setting[1].lower() if setting else ""
        if setting and name.startswith(prefixes) and (not yes_suffixes or name.endswith(yes_suffixes)):
            value = "true" if setting[2] is None else _value(setting[2])
            if not yes_suffixes or value.lower() in _YES:
                return True
    return False


def _lines(path: str) -> list[str]:
    try:
        text = os.fsdecode(read_bounded(path, _MOST))
    except OSError:
        return []
    # git itself reads nothing from a file with a NUL in it.
    return [line.rstrip("\r") for line in text.split("\n")] if "\0" not in text else []


def _read(path: str, section: str, subsection: str | None) -> dict[str, str]:
    settings: dict[str, str] = {}
    wanted, now = (section, subsection), ("", None)
    for line in _lines(path):
        if header := _SECTION.match(line):
            now = (header[1].lower(), None if header[2] is None else _unescaped(header[2]))
            line = line[header.end() :]
        setting = _SETTING.match(line) if now == wanted else None
        if setting:
            settings[setting[1].lower()] = "true" if setting[2] is None else _value(setting[2])
    return settings


def _value(text: str) -> str:
    if quoted := _QUOTED.match(text):
        return _unescaped(quoted[1])
    return _unescaped(_COMMENT.split(text, maxsplit=1)[0].rstrip())


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text) if "\\" in text else text
