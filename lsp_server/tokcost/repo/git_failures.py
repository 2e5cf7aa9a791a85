"""The output of a git that failed: the reason among its lines, and what to do about it.

Pure. git is run in English (`LC_ALL=C`), so its words are known.
"""

from tokcost.errors import EnvironmentProblem, of_file

_FATAL = "fatal: "
_ERRORS = ("error: ", "ERROR: ", "ssh: ")
"""Lines before the one that begins with `fatal:`, which often has only the consequence."""
_TRUST = "git config --global --add safe.directory "
_IS_CLOSED = "See with `ls -l` who may read and write there, then give yourself the right to."
_OF_ANOTHER_USER = ("dubious ownership", "is owned by someone else")
_HINTS = (
    (": Permission denied", _IS_CLOSED),
    (": Operation not permitted", _IS_CLOSED),
    ("Read-only file system", "That disk can only be read: mount it for writing, or work in another clone."),
    ("No space left on device", "Make room on that disk, then run the command again."),
    ("Disk quota exceeded", "Make room in your share of that disk, then run the command again."),
    ("could not lock", "Another git may be at work there. If none is, delete the lock file that one has left behind."),
    (".lock': File exists", "Another git may be at work there. If none is, delete that lock file."),
    ("bad config", "Repair that line of git's configuration."),
    ("repository extension", "This repository needs a newer git: upgrade it."),
    ("Expected git repo version", "This repository needs a newer git: upgrade it."),
)
_OF_DAMAGE = ("corrupt", "bad object", "unable to read", "missing", "loose object", "invalid object", "bad tree")
_BY_HAND = "Run that by hand to see all that git says."


def reason_in(said: str) -> str:
    """The reason in the output of a git that failed: the line that begins with `fatal:` and the error before it, not
    the advice that follows; else the last line."""
    lines = [stripped for line in said.split("\n") if (stripped := line.strip())]
    fatal = [line.removeprefix(_FATAL) for line in lines if line.startswith(_FATAL)][:1]
    errors = [_without_prefix(line) for line in lines if line.startswith(_ERRORS)][:1]
    if fatal and errors:
        return f"{errors[0].rstrip('.')} ({fatal[0].rstrip('.')})"
    return (fatal or errors or lines[-1:] or ["it does not say why"])[0]


def hint_for(said: str) -> str:
    """The hint for the failure that this output describes."""
    if any(words in said for words in _OF_ANOTHER_USER):
        asked = next((line.strip() for line in said.split("\n") if line.strip().startswith(_TRUST)), f"{_TRUST}FOLDER")
        return f"It belongs to another user, so git does not use it. If you trust what is in it, run `{asked}`."
    if hint := _of_reason(said):
        return hint
    if any(words in said for words in _OF_DAMAGE):
        return f"{_BY_HAND[:-1]}; `git fsck` finds what is damaged in a repository."
    return _BY_HAND


def of_clone(path: str, what: str, error: OSError) -> EnvironmentProblem:
    """An operation on a file of a clone that failed (`cannot be written`): the reason, and what to do about it.
    Unlike that of `of_file`, the hint names no other place: the file belongs there."""
    problem = of_file(path, what, error)
    return EnvironmentProblem(str(problem), _of_reason(f": {error.strerror}") or problem.hint)


def _of_reason(said: str) -> str:
    return next((hint for words, hint in _HINTS if words in said), "")


def _without_prefix(line: str) -> str:
    return line.partition(": ")[2]
