"""Commands with which an assistant's own tool moves HEAD of its worktree, recognised in the JSON of a record."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from tokcost.model.patterns import compiled_when_used
from tokcost.model.usage import Usage

# A log may have long runs of spaces and backslashes: `++` and `*+` read each once, whatever follows it.
_GAP = rb'(?: ++|\\*+", ?\\*+")'
"""A pattern for the gap between two words of a command: in a text, in a list, in a list inside a text."""
_QUOTE = rb'(?:\\*+["\'])?'
_WORD = rb'[^ "\\]{1,200}(?:\\*+["\'](?!,))?'
_OPTION = rb"(?:-[cC]" + _GAP + _QUOTE + _WORD + rb'|-[^ "\\]{1,200})'
_BEGIN = rb"(?:\b|(?<=\\[nrt]))"
"""Precedes a command: a line of a script begins after the letter of its escaped newline."""
# The same as the verbs in `_COMMAND`, and as `_WORDS` in `opencode/head_moves.py`.
_WORDS = (b"switch", b"checkout", b"rebase", b"bisect", b"stash")
_RUNS_GIT = re.compile(rb'git[ "\\.]|gh pr checkout')
"""`git` before a gap, which does not follow it in the name of a field, or a GitHub program."""
_COMMAND = compiled_when_used(
    _BEGIN
    + rb"(?:git(?:\.exe)?((?:"
    + _GAP
    + _OPTION
    + rb"){0,5})("
    + _GAP
    # Not `git checkout-index`.
    + rb")(switch|rebase|bisect|checkout|stash)(?![\w-])|gh pr checkout\b)"
)
_ARGUMENTS = 400
"""Bytes after the name of a command that are searched for its arguments."""
_ENDS_COMMAND = rb"\d?[<>]|[;&|)#`]|(?<!\\)\\{1,2}[nr]|(?<!\\)\n"
_END = {
    False: compiled_when_used(_ENDS_COMMAND + rb'|(?<!\\)\\*+" ?[,:}\]]'),
    True: compiled_when_used(_ENDS_COMMAND + rb'|(?<!\\)\\*+" ?[}\]]'),
}
"""The end of a command, in a text and in a list of words."""
_BETWEEN = compiled_when_used(rb'[\s"\',]+|\\+(?:[nrt](?![^\s"\'])|)')
_GOES_TO = compiled_when_used(rb"(?:[\"&;|(\n]|\\[nrt]|^) *+(?:cd|pushd) ++" + _QUOTE + rb"([^\s\"\\;&|)]{1,200})")
_WORKDIR = compiled_when_used(rb'"workdir\\*+" ?: ?\\*+"([^"\\]{1,400})')
"""The folder in which a tool is told to run its command."""

_TELLS_ONLY = frozenset([b"-h", b"--help"])
_REBASE_STAYS = frozenset([b"--edit-todo", b"--show-current-patch"])
"""`switch` has neither option, and fails with one."""
_BISECT_STAYS = frozenset([b"log", b"visualize", b"view", b"terms", b"help"])
_TO_BRANCH = frozenset([b"-b", b"-B", b"--orphan", b"-t", b"--track", b"-d", b"--detach"])
_OF_FILES = frozenset([b"-p", b"--patch", b"--ours", b"--theirs", b"--overlay", b"--no-overlay"])


def moves_of_head(record: bytes, begin: int, end: int, folder: str = "") -> int:
    """The number of commands in this part of a record that move HEAD of the worktree of `folder`, the folder in
    which the tool runs; empty if unknown."""
    if not may_move_head(record, begin, end):
        return 0
    found = [command for command in _COMMAND().finditer(record, begin, end) if _moves(command, end)]
    if not found:
        return 0
    here = folder.encode("utf-8", "replace")
    if (told := _WORKDIR().search(record, begin, end)) and leads_out(told[1], here):
        return 0
    gone = _gone_elsewhere(record, begin, found, here)
    return sum(not (is_gone or _names_another(command, here)) for command, is_gone in zip(found, gone, strict=True))


def leads_out(path: bytes, folder: bytes) -> bool:
    """Whether a shell that changes to this path leaves the worktree: a subfolder usually belongs to the same one."""
    path = path.strip(b"\\\"'")
    is_below = path[:1] not in (b"/", b".", b"~") or (folder != b"" and path.startswith(folder + b"/"))
    return not is_below and _is_elsewhere(path, folder)


def may_move_head(record: bytes, begin: int, end: int) -> bool:
    """Whether this part of a record needs a closer check: most commands do not, and the search for all moves of HEAD
    takes ten times as long."""
    found = _RUNS_GIT.search(record, begin, end)
    return found is not None and any(record.find(word, begin, end) >= 0 for word in _WORDS)


def _moves(command: re.Match[bytes], end: int) -> bool:
    """Whether a command moves HEAD of some worktree: some of its forms only query, or restore files."""
    verb = command[3]
    if verb is None:
        return True
    words = _arguments(command.string, command.end(), end, in_list=b'"' in command[2])
    if not _TELLS_ONLY.isdisjoint(words):
        return False
    if verb == b"checkout":
        return _checks_out(words)
    if verb == b"stash":
        # All other subcommands of `git stash` stay on their branch (git-stash(1)).
        return words[:1] == [b"branch"]
    if verb == b"bisect":
        return _BISECT_STAYS.isdisjoint(words[:1])
    return _REBASE_STAYS.isdisjoint(words)


def _arguments(record: bytes, begin: int, end: int, *, in_list: bool) -> list[bytes]:
    stop = min(end, begin + _ARGUMENTS)
    last = _END[in_list]().search(record, begin, stop)
    return [word for word in _BETWEEN().split(record[begin : last.start() if last else stop]) if word]


def _checks_out(words: Sequence[bytes]) -> bool:
    """Whether `git checkout` with these arguments switches to a branch or a commit, and does not restore files. A
    single name may be either; git prefers the branch."""
    if not _TO_BRANCH.isdisjoint(words):
        return True
    if not _OF_FILES.isdisjoint(words) or any(word.startswith(b"--pathspec-from-file") for word in words):
        return False
    before = list(words)
    if b"--" in words:
        # Paths after `--` are restored; without any, what precedes it is a branch or a commit (git-checkout(1)).
        before = before[: before.index(b"--")]
        if len(before) + 1 < len(words):
            return False
    names = [word for word in before if word == b"-" or not word.startswith(b"-")]
    # The words inside a substitution look like further names.
    if names and names[0].startswith(b"$("):
        return True
    # Two names are a tree and a path in it.
    return len(names) == 1 and not _is_path(names[0])


def _is_path(word: bytes) -> bool:
    return word.startswith((b".", b"/", b":", b"~/")) or word.endswith(b"/") or b"*" in word


def _names_another(command: re.Match[bytes], folder: bytes) -> bool:
    """Whether git's own options name another worktree than that of `folder`."""
    options = [word for word in _BETWEEN().split(command[1] or b"") if word]
    for option, value in pairwise(options):
        if option == b"-C" and _is_elsewhere(value, folder):
            return True
    return any(word.startswith(b"--git-dir=") and word != b"--git-dir=.git" for word in options)


def _gone_elsewhere(record: bytes, begin: int, commands: Sequence[re.Match[bytes]], folder: bytes) -> Iterator[bool]:
    """For each command, in their order, whether the last change of folder before it leads to another worktree than
    that of `folder`."""
    limit = commands[-1].start()
    changes = _GOES_TO().finditer(record, begin, limit)
    following, last, closing = next(changes, None), None, begin
    for command in commands:
        while following is not None and following.start(1) < command.start():
            following, last = next(changes, None), following
        if last is None:
            yield False
            continue
        if closing < last.end():
            found = record.find(b")", last.end(), limit)
            closing = found if found >= 0 else limit
        # A parenthesis closes the subshell, and with it ends the change of folder.
        yield closing >= command.start() and leads_out(last[1][: command.start() - last.start(1)], folder)


def _is_elsewhere(path: bytes, folder: bytes) -> bool:
    """Whether a path leads out of the worktree of `folder`, or into another one inside it. The folder itself and its
    parents do not; a path with a variable or an escape counts as the folder itself."""
    path = path.strip(b"\\\"'").rstrip(b"/")
    if path[:1] in (b"$", b"") or b"\\" in path or b":" in path[:3]:
        return False
    if path[:1] == b"~":
        # The user's home folder is not known here, so the rest of the path is searched in the folder.
        return path[1:] not in folder
    if path[:1] != b"/":
        return not set(path.split(b"/")) <= {b".", b".."}
    is_same = folder == path or folder.startswith(path + b"/") or folder.endswith(path) or path.endswith(folder)
    return not is_same


def before_moves(usage: Usage, moves: int) -> Usage:
    """The usage, marked as made before `moves` moves of HEAD by one command. A stale branch field would attribute
    the earlier ones of these moves to somebody else."""
    if usage.branch_stale and moves > 1:
        usage = usage._replace(branch="", branch_stale=False)
    return usage._replace(moves_head=True)
