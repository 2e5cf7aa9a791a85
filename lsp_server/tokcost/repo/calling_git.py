"""The git process that runs a hook, with its arguments and settings.

git tells its hooks neither whether `--no-verify` was given nor the value of `--cleanup`, and provides nothing that
distinguishes one commit from the next. On systems that show other processes (`/proc`), the git process above a hook
reveals all three. It is examined only if nothing else decides, and nothing about it is stored.
"""

import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from tokcost.repo.run import list_processes

PARENT = "TOKCOST_PARENT"
"""The variable that names the parent of a hook's process, because a server works for hooks of other processes."""
_MOST_ANCESTORS = 24
_MOST_BYTES = 1 << 17
"""Of a command line, which may contain a message."""
_WITH_VALUE = ("-c", "-C", "--git-dir", "--work-tree", "--namespace", "--exec-path", "--config-env", "--super-prefix")
"""Options of git itself whose value may be the next argument."""
_MOST_WORDS = 4096
_LOOKS_UNVERIFIED = re.compile(r"--no-veri(?:f|fy)?$|-[A-Za-z]*n")
"""An argument with this meaning, or a part of a message that looks like it: they cannot be distinguished there."""
_DATE = re.compile(r"@?(\d{1,12}) [+-]\d{4}")
_LOOKS_EMPTY = re.compile(r"--allow-empty-")
# From git-commit(1). `-u` and `-S` have a value only where it is attached: the word after them is something else.
_SHORT_WITH_VALUE = "mFCct"
_SHORT_WITH_REST = "uS"
_END = ("--", "--end-of-options")
_LONG_WITH_VALUE = {
    "--message": "--m",
    "--file": "--fil",
    "--author": "--au",
    "--date": "--da",
    "--reuse-message": "--reu",
    "--reedit-message": "--ree",
    "--fixup": "--fix",
    "--squash": "--sq",
    "--trailer": "--tr",
    "--template": "--te",
    "--cleanup": "--c",
    "--pathspec-from-file": "--pathspec-fr",
}
"""Each with its shortest abbreviation: git refuses a shorter one, which could be another option as well."""


class CallingGit(NamedTuple):
    """A git process that waits for a hook."""

    id: str
    """Its process id and start time, which no other process shares."""
    command: str
    """`commit`, `merge`, ...; empty if unknown."""
    arguments: tuple[str, ...]
    """The arguments after the command."""
    settings: tuple[str, ...]
    """The settings of `-c`, as `name=value`."""

    @property
    def skips_commit_msg(self) -> bool:
        """Whether no commit-msg hook follows (`--no-verify`)."""
        said = False
        # Of `--verify` and `--no-verify` the last one counts. To `git merge`, `-n` means `--no-stat` (git-merge(1)).
        for option, _ in _options(self.arguments):
            if (option == "-n" and self.command == "commit") or _stands_for(option, "--no-verify", "--no-veri"):
                said = True
            elif _stands_for(option, "--verify", "--veri"):
                said = False
        return said

    @property
    def allows_empty_message(self) -> bool:
        """Whether it makes a commit also of an empty message."""
        return self._says("--allow-empty-message", "--allow-empty-")

    @property
    def amends(self) -> bool:
        """Whether it replaces the newest commit."""
        return self.command == "commit" and self._says("--amend", "--am")

    @property
    def cleanup(self) -> str:
        """The mode given by `--cleanup` or by this command's `commit.cleanup`; empty if neither is given."""
        said = [one.partition("=")[2] for one in self.settings if one.lower().startswith("commit.cleanup=")]
        given = ""
        for option, value in _options(self.arguments):
            if _stands_for(option, "--cleanup", "--c"):
                given = value
            elif _stands_for(option, "--no-cleanup", "--no-c"):
                given = ""
        return given or (said[-1] if said else "")

    def _says(self, whole: str, least: str) -> bool:
        """Whether a switch is on: of the option and its opposite (`--no-…`), the last one counts."""
        said = False
        for option, _ in _options(self.arguments):
            if _stands_for(option, whole, least):
                said = True
            elif _stands_for(option, f"--no{whole[1:]}", f"--no{least[1:]}"):
                said = False
        return said


def calling_gits(environ: Mapping[str, str]) -> Iterator[CallingGit]:
    """The git processes above a hook's process, nearest first; empty if the system does not show them."""
    return (git for git in _gits_above(environ) if git is not None)


def may_be_run_by(environ: Mapping[str, str], name: str) -> bool:
    """Whether the git process with this id (`CallingGit.id`) may be the one that runs a hook: neither another one
    nor the absence of one is known. A hook that was killed leaves its work to a process that has no ancestors any
    more."""
    git = next(_gits_above(environ), CallingGit("", "", (), ()))
    return git is None or git.id == name


def _gits_above(environ: Mapping[str, str]) -> Iterator[CallingGit | None]:
    """The git processes above a hook's process, nearest first; ends with `None` if one of the processes is gone."""
    parent = environ.get(PARENT, "")
    process = int(parent) if parent.isdecimal() and len(parent) < 10 else 0
    for _ in range(_MOST_ANCESTORS):
        if process <= 1:
            return
        try:
            words = _read(f"/proc/{process}/cmdline").decode("utf-8", "surrogateescape").split("\0")[:-1]
            # The name of the program is in parentheses and may contain any character.
            # What follows begins with field 3 of proc(5); field 4 is the parent, field 22 the time of the start.
            fields = _read(f"/proc/{process}/stat").rpartition(b")")[2].split()
            above, started = int(fields[1]), int(fields[19])
        except (OSError, ValueError, IndexError):
            yield None
            return
        if fields[0] in (b"Z", b"X"):  # it has ended, and nobody has collected its exit code yet
            yield None
            return
        git = _git(f"{process}:{started}", words)
        if git is not None and git.command != "hook":
            yield git
        process = above


def calling_git(environ: Mapping[str, str]) -> CallingGit | None:
    """The git process that runs a hook; `None` if there is none, or the system does not show it."""
    return next(calling_gits(environ), None)


def amends(environ: Mapping[str, str], git: CallingGit | None) -> bool | None:
    """Whether the commit that is being made will be an amend in the reflog; `None` if unknown. Another word for it may
    be asked for there."""
    return None if git is None or "GIT_REFLOG_ACTION" in environ else git.amends


def latest_time(environ: Mapping[str, str]) -> int:
    """The latest time, in seconds, that git can give to the commit that is being made; -1 if unknown.

    `git commit` chooses it before it runs the first hook, however long an editor is open then.
    """
    given = environ.get("GIT_COMMITTER_DATE", "")
    found = _DATE.fullmatch(given)
    return int(found[1]) if found else -1 if given else int(time.time())


def may_skip_commit_msg(environ: Mapping[str, str]) -> bool:
    """Whether the git process that runs a hook may have been told to skip the commit-msg hook.

    If no git process runs the hook (git gui does that itself), it was not. Without `/proc`, `ps` shows the command line
    as one text; if nothing does, it may have been.
    """
    git = next(_gits_above(environ), CallingGit("", "", (), ()))
    return _ps_may_show(environ, _LOOKS_UNVERIFIED) if git is None else git.skips_commit_msg


def may_allow_empty_message(environ: Mapping[str, str]) -> bool:
    """Whether the git process that runs a hook may make a commit also of an empty message; otherwise as
    `may_skip_commit_msg`."""
    git = next(_gits_above(environ), CallingGit("", "", (), ()))
    return _ps_may_show(environ, _LOOKS_EMPTY) if git is None else git.allows_empty_message


def _ps_may_show(environ: Mapping[str, str], looks: re.Pattern[str]) -> bool:
    process = environ.get(PARENT, "")
    shown: dict[str, tuple[str, list[str]]] = {}
    for line in list_processes().split("\n"):
        words = line.split()[:_MOST_WORDS]
        if len(words) >= 2:
            shown[words[0]] = (words[1], words[2:])
    if process not in shown:
        return True
    for _ in range(_MOST_ANCESTORS):
        process, words = shown.get(process, ("", []))
        git = _git("", words)
        if git is not None and git.command != "hook":
            # A cut command line may have the option in the part that is missing.
            return len(words) >= _MOST_WORDS - 2 or any(map(looks.match, words))
    return False


def _git(name: str, words: Sequence[str]) -> CallingGit | None:
    program = os.path.basename(words[0]).removesuffix(".exe") if words else ""
    if program.startswith("git-"):
        return CallingGit(name, program.removeprefix("git-"), tuple(words[1:]), ())
    if program != "git":
        return None
    settings: list[str] = []
    at = 1
    while at < len(words) and words[at].startswith("-"):
        if words[at] == "-c" and at + 1 < len(words):
            settings.append(words[at + 1])
        at += 2 if words[at] in _WITH_VALUE else 1
    return CallingGit(name, words[at] if at < len(words) else "", tuple(words[at + 1 :]), tuple(settings))


def _options(arguments: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Options of a command with their values, with clusters of short options separated."""
    at = 0
    while at < len(arguments) and arguments[at] not in _END:
        word, following = arguments[at], arguments[at + 1] if at + 1 < len(arguments) else ""
        at += 1
        if word.startswith("--"):
            option, given, value = word.partition("=")
            if not given and any(_stands_for(option, *one) for one in _LONG_WITH_VALUE.items()):
                value, at = following, at + 1
            yield option, value
        elif word.startswith("-"):
            for number, letter in enumerate(word[1:], 2):
                rest = word[number:]
                if letter in _SHORT_WITH_VALUE:
                    at += not rest
                    yield f"-{letter}", rest or following
                    break
                yield f"-{letter}", ""
                if letter in _SHORT_WITH_REST:
                    break


def _stands_for(option: str, whole: str, least: str) -> bool:
    """Whether an option is this one, or an abbreviation of it, which git accepts from `least` on: no other option
    begins like that. Only long options have abbreviations."""
    return whole.startswith(option) and option.startswith(least)


def _read(path: str) -> bytes:
    with open(path, "rb") as stream:
        return stream.read(_MOST_BYTES)
