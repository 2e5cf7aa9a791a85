"""The few settings of a repository that are needed before git can be asked, from its own `config` file and from the
command that is running.

Only git's own syntax is parsed; included files are not followed.
"""

import os
import re
from collections.abc import Mapping
from typing import NamedTuple

from tokcost.files.foreign import read_bounded, require_answer
from tokcost.model.worktree import Config, Sections, truth

# No backtracking (`*+`): otherwise a long line without an end takes quadratic time.
_SECTION = re.compile(r'\s*+\[\s*+([^\]"\s]++)\s*+(?:"((?:[^"\\]|\\.)*+)")?+[^\]]*+\]')
_SETTING = re.compile(r"\s*+([A-Za-z][A-Za-z0-9-]*+)\s*+(?:=\s*+(.*))?$")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*+)"')
_COMMENT = re.compile(r"[#;]")
_MOST = 16 * 1024 * 1024
"""Bytes of a configuration: git keeps a section for each branch, and about ten thousand make one MiB."""
_BRANCH = b'[branch "'
_MANY_BRANCHES = 100


class Core(NamedTuple):
    """Settings of the section `core`."""

    bare: bool = False
    worktree: str = ""
    """The path of a submodule's main worktree, relative to the repository; empty if it is in the usual place."""


class ConfigsOnce:
    """The configurations of some clones, each read once when it is first needed."""

    def __init__(self, known: Mapping[str, Config] | None = None) -> None:
        self._known = dict(known or {})

    def of(self, common_dir: str) -> Config:
        """The configuration of one clone."""
        if common_dir not in self._known:
            self._known[common_dir] = read_config(common_dir)
        return self._known[common_dir]


def read_config(common_dir: str) -> Config:
    """The present configuration of a clone; empty if it cannot be read."""
    return Config(_parsed(os.path.join(common_dir, "config")))


def hash_bytes(config: Config) -> int:
    """The length of a hash in a clone: of SHA-256, otherwise of SHA-1 (`extensions.objectFormat`)."""
    return 32 if config.section("extensions").get("objectformat", "").lower() == "sha256" else 20


def read_core(common_dir: str, config: Config | None = None) -> Core:
    """`core` of a repository, from its `config` if that was read already; unreadable settings have their defaults.
    In a repository with `extensions.worktreeConfig`, git keeps these settings in `config.worktree`."""
    settings = read_core_settings(common_dir, config)
    return Core(truth(settings.get("bare", "")) is True, settings.get("worktree", ""))


def read_core_settings(common_dir: str, config: Config | None = None) -> dict[str, str]:
    """All settings of the section `core`, read as by `read_core`."""
    known = (config or read_config(common_dir)).section("core")
    return known | _parsed(os.path.join(common_dir, "config.worktree")).get(("core", None), {})


def read_section(common_dir: str, section: str, subsection: str | None = None) -> dict[str, str]:
    """One section of a clone's own present configuration (`Config.section`)."""
    return read_config(common_dir).section(section, subsection)


def worktree_settings(git_dir: str, config: Config) -> Sections:
    """The settings of one worktree (`git config --worktree`), by its git folder; none where its clone has no such
    (`extensions.worktreeConfig`)."""
    if not truth(config.section("extensions").get("worktreeconfig", "")):
        return {}
    return _parsed(os.path.join(git_dir, "config.worktree"))


_WORD = r"'[^']*+'(?:\\['!]'[^']*+')*+"
_PARAMETER = re.compile(rf"({_WORD})(=?)((?:{_WORD})?)")


def command_settings(environ: Mapping[str, str]) -> Sections:
    """The settings of the git command that runs with this environment: `git -c KEY=VALUE`, and the numbered ones of
    `GIT_CONFIG_COUNT` (git-config(1)). Settings that git would refuse are left out."""
    found: Sections = {}
    for key, value in (*_numbered(environ), *_parameters(environ.get("GIT_CONFIG_PARAMETERS", ""))):
        section, _, rest = key.partition(".")
        subsection, dot, name = rest.rpartition(".")
        if section and name:
            # Only a subsection distinguishes upper and lower case (git-config(1)).
            found.setdefault((section.lower(), subsection if dot else None), {})[name.lower()] = value
    return found


def _numbered(environ: Mapping[str, str]) -> list[tuple[str, str]]:
    count = environ.get("GIT_CONFIG_COUNT", "")
    # git passes on any number that somebody has exported; the loop below must end soon.
    if not count.isdecimal() or len(count) > 4:
        return []
    numbers = range(int(count))
    return [(environ.get(f"GIT_CONFIG_KEY_{n}", ""), environ.get(f"GIT_CONFIG_VALUE_{n}", "")) for n in numbers]


def _parameters(text: str) -> list[tuple[str, str]]:
    """Parses `'core.a'='b'`, as git writes it since 2.31, and the older `'core.a=b'`; a setting without a value is
    true."""
    found: list[tuple[str, str]] = []
    for quoted, equals, value in _PARAMETER.findall(text):
        key = _unquoted(quoted)
        if equals:
            found.append((key, _unquoted(value) if value else "true"))
        else:
            key, equals, said = key.partition("=")
            found.append((key, said if equals else "true"))
    return found


def _unquoted(word: str) -> str:
    # git writes `'` as `'\''` and `!` as `'\!'` (sq_quote_buf in quote.c).
    return word[1:-1].replace("'\\''", "'").replace("'\\!'", "!")


def _lines(path: str) -> list[str]:
    try:
        data = read_bounded(path, _MOST)
    except OSError as error:
        require_answer(error, path)
        return []
    # git itself reads nothing from a file that contains a NUL.
    return [line.rstrip("\r") for line in os.fsdecode(_of_interest(data)).split("\n")] if b"\0" not in data else []


def _of_interest(data: bytes) -> bytes:
    """A configuration without the branch sections of git, unless they have settings of ours: there may be tens of
    thousands."""
    if data.count(_BRANCH) < _MANY_BRANCHES:
        return data
    first, *sections = data.split(b"\n[")
    # Nearly always no section is ours: one search shows that, instead of one in each of ten thousand.
    is_ours = b"tokcost" in data.lower()
    return b"\n[".join((first, *(one for one in sections if not _is_only_a_branch(one, is_ours))))


def _is_only_a_branch(section: bytes, may_be_ours: bool) -> bool:
    """Whether a branch section has no settings of ours, and no other section after it on indented lines."""
    return (
        section.startswith(_BRANCH[1:]) and b"[" not in section and not (may_be_ours and b"tokcost" in section.lower())
    )


def _parsed(path: str) -> Sections:
    sections: Sections = {}
    now: dict[str, str] = {}
    for line in _lines(path):
        if header := _SECTION.match(line):
            name = (header[1].lower(), None if header[2] is None else _unescaped(header[2]))
            now = sections.setdefault(name, {})
            # git allows a setting on the line of its header, and a name without `=`, which is true (git-config(1)).
            line = line[header.end() :]
        if setting := _SETTING.match(line):
            now[setting[1].lower()] = "true" if setting[2] is None else _value(setting[2])
    return sections


def _value(text: str) -> str:
    if quoted := _QUOTED.match(text):
        return _unescaped(quoted[1])
    return _unescaped(_COMMENT.split(text, maxsplit=1)[0].rstrip())


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text) if "\\" in text else text
