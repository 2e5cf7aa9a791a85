"""A worktree and its state at one moment, in plain values: what git's own files say, read once and handed down."""

from typing import NamedTuple

from tokcost.errors import SettingsDamaged
from tokcost.model.patterns import compiled_when_used

_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False, "": False}
_NUMBER = compiled_when_used(r"[ \t\n\v\f\r]*([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)([kmgKMG]?)")
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_LONGEST_NUMBER = 100
_MOST_NUMBER = (1 << 31) - 1


def truth(value: str) -> bool | None:
    """Whether git considers the value of a setting true: it takes words, and any number but 0 (boolean in
    git-config(1)). `None` for a value that it refuses."""
    if (said := _WORDS.get(value.lower())) is not None:
        return said
    found = _NUMBER().fullmatch(value) if len(value) <= _LONGEST_NUMBER else None
    if found is None:
        return None
    digits = found[2].lower()
    number = int(digits, 16 if digits.startswith("0x") else 8 if digits.startswith("0") else 10)
    return number > 0 if number * _UNITS[found[3].lower()] <= _MOST_NUMBER else None


Sections = dict[tuple[str, str | None], dict[str, str]]
"""The settings of each section, or of a subsection (`[branch "main"]`); keys in lower case."""


class Worktree(NamedTuple):
    """A worktree: the main one of a clone, a linked one, or a submodule's. All paths are real paths."""

    path: str
    """Its top-level folder."""
    git_dir: str
    """Its own part of the repository: HEAD, index, HEAD's reflog."""
    common_dir: str
    """The folder that all worktrees of the clone share: refs, objects, configuration."""
    root: str
    """The clone's main worktree; the repository itself if there is none (bare with linked worktrees) or if git does
    not record it (linked worktrees of a clone made with `--separate-git-dir`)."""

    @property
    def is_linked(self) -> bool:
        """Whether `git worktree add` created it."""
        return self.git_dir != self.common_dir


class Config:
    """A clone's own configuration as it was when read, without other files. `with_settings` adds the settings of one
    worktree or one command."""

    def __init__(self, sections: Sections) -> None:
        self._sections = sections

    def section(self, section: str, subsection: str | None = None) -> dict[str, str]:
        """One section, or one subsection (`[branch "main"]`), keys in lower case."""
        return self._sections.get((section, subsection), {})

    def has_setting(self, prefixes: tuple[str, ...], yes_suffixes: tuple[str, ...] = ()) -> bool:
        """Whether any section has a setting whose name, in lower case, begins with a prefix; with `yes_suffixes`,
        one that also has such a suffix and is true."""
        return any(
            name.startswith(prefixes) and (not yes_suffixes or (name.endswith(yes_suffixes) and truth(value)))
            for settings in self._sections.values()
            for name, value in settings.items()
        )

    def with_settings(self, settings: Sections) -> "Config":
        """The configuration with these settings before its own."""
        if not settings:
            return self
        names = {**self._sections, **settings}
        return Config({name: self._sections.get(name, {}) | settings.get(name, {}) for name in names})


class Head(NamedTuple):
    """HEAD of a worktree."""

    branch: str | None
    """Short name of the branch that is checked out, being rebased or bisected; `None` if HEAD is detached."""
    detached: bool
    commit: str = ""
    """The commit named directly by HEAD; empty if HEAD names a ref, unless git had to be asked for both."""
    ref: str = ""
    """The ref whose file has the commit; empty if there is none to read."""


class Operation(NamedTuple):
    """The operation to which a commit that is being made belongs."""

    rebasing: bool = False
    """A rebase, or patches being applied."""
    copying: bool = False
    """A cherry-pick or a revert."""
    squashing: bool = False
    """`git merge --squash` left its message."""
    merging: bool = False
    melted: tuple[str, ...] = ()
    """Commits that an interactive rebase is melding into HEAD, whose messages git may drop."""


class CloneState(NamedTuple):
    """The state of a worktree at one moment."""

    worktree: Worktree
    config: Config
    """The clone's own configuration, which all its worktrees share, with the settings of this worktree and this one
    command."""
    head: Head
    commit: str
    """The commit at HEAD; empty on a branch without commits."""
    operation: Operation
    """The operation that git is in the middle of."""
    policy: bytes = b""
    """The repository's `.tokcost.toml`; empty if there is none."""
    policy_problem: SettingsDamaged | None = None
    """The reason why that file cannot be read."""

    @property
    def branch(self) -> str | None:
        """The branch that is checked out, being rebased or bisected."""
        return self.head.branch
