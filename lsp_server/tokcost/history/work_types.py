"""The type of a merged change: `feat`, `fix`, `docs`, ... as in Conventional Commits, or from `[types]` of
`.tokcost.toml`.

A type is the word before a subject's colon, as specified by conventionalcommits.org and checked by commitlint, else the
first part of the merged branch's name (`fix/login`). Only known names and those chosen by the repository become types:
in many histories, the word before a colon is the name of a subsystem.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

NO_TYPE = "(no type)"
MOST_TYPES = 50
MOST_PATTERNS = 500
MOST_CHARACTERS = 100
"""In the name of a type, and in a pattern."""

_CONVENTIONAL = ("build", "chore", "ci", "docs", "feat", "fix", "perf", "refactor", "revert", "style", "test")
"""Those of @commitlint/config-conventional."""
_KNOWN = {
    **{name: name for name in _CONVENTIONAL},
    "feature": "feat",
    "features": "feat",
    "bug": "fix",
    "bugfix": "fix",
    "hotfix": "fix",
    "doc": "docs",
    "tests": "test",
    "performance": "perf",
    "refactoring": "refactor",
}
_PREFIX = re.compile(r"(?P<word>[A-Za-z][\w-]{0,30})(?:\([^()]{0,100}\))?!?:(?=\s|$)")
_REVERT = re.compile(r"Revert \"|Reapply \"")
"""Subjects that git itself writes."""


class Types(NamedTuple):
    """The types named by a repository, in the order in which they are tried. All in lower case."""

    words: Mapping[str, str] = {}
    """Type by the word before the colon, or before the first slash of a branch."""
    beginnings: Sequence[tuple[str, str]] = ()
    """Beginnings of subjects, and their types."""


def read_types(table: Mapping[str, Sequence[str]]) -> Types:
    """The types of a label map: words (`"fix"`), and beginnings of subjects (`"[bug]*"`). The first type that lists
    a word gets it. Raises `ValueError`."""
    words: dict[str, str] = {}
    beginnings: list[tuple[str, str]] = []
    if len(table) > MOST_TYPES or sum(map(len, table.values())) > MOST_PATTERNS:
        raise ValueError(f"there are more than {MOST_TYPES} types, or {MOST_PATTERNS} patterns")
    for name, patterns in table.items():
        for pattern in patterns:
            beginning, star, rest = pattern.lower().partition("*")
            if rest or not beginning or max(len(pattern), len(name)) > MOST_CHARACTERS:
                raise ValueError(
                    f"types: a pattern is a word, or the beginning of a subject and a star, of {MOST_CHARACTERS}"
                    ' characters at most, for example ["fix", "[bug]*"]'
                )
            if star:
                beginnings.append((beginning, name))
            else:
                words.setdefault(beginning, name)
    return Types(words, beginnings)


def type_of(subject: str, branch: str, types: Types) -> str:
    """The type of a change, by its subject and the name of the branch that it merged (empty where it merged none)."""
    lower = subject.lower()
    for beginning, name in types.beginnings:
        if lower.startswith(beginning):
            return name
    if found := _PREFIX.match(subject):
        word = found["word"].lower()
    elif _REVERT.match(subject):
        word = "revert"
    else:
        word = ""
    folder = branch.lower().partition("/")[0] if "/" in branch else ""
    for one in (word, folder):
        # The repository's own words come first, so that it can give `fix` another meaning.
        if name := types.words.get(one) or _KNOWN.get(one):
            return name
    return NO_TYPE
