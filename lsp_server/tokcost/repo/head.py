"""The present HEAD: the branch that is checked out in a worktree, also in the middle of a rebase or bisect."""

import os
import re

from tokcost.errors import EnvironmentProblem
from tokcost.files.foreign import MOST_OF_GIT, open_regular, read_bounded
from tokcost.model.worktree import Head, Worktree
from tokcost.repo.named_worktree import git_folder
from tokcost.repo.run import run_git

_REFTABLE = "refs/heads/.invalid"
"""The branch named by the HEAD file of a repository with reftables, which makes older programs fail."""

_MOST_SYMBOLIC = 5
"""The maximum chain of symbolic refs; git follows no more (`SYMREF_MAXDEPTH`)."""

_MOST_OF_REF = 65536

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def read_head(worktree: Worktree) -> Head:
    """The present HEAD. Only reftable repositories need git to answer; an unreadable HEAD counts as detached without
    a branch."""
    try:
        data = read_ref_file(os.path.join(worktree.git_dir, "HEAD")).strip(b"\n")
    except OSError:
        data = b""
    text = ref_text(data)
    if text.startswith("ref: "):
        name = text.removeprefix("ref: ")
        if name != _REFTABLE:
            ref = os.fsdecode(data.partition(b"\n")[0].strip()).removeprefix("ref: ")
            ref = ref if ref.startswith("refs/") and can_be_ref(ref) else ""
            is_branch = name.startswith("refs/heads/") and can_be_ref(name)
            return Head(short_name(name), False, "", ref) if is_branch else Head(None, True, "", ref)
        text, name = _ask_git(worktree)
        if name:
            return Head(short_name(name), False, text)
    return Head(_branch_in_progress(worktree.git_dir), True, _id_or_nothing(text))


def is_broken(head: Head) -> bool:
    """Whether the HEAD file cannot be read, or contains nothing that git understands."""
    return head.branch is None and not head.commit and not head.ref


def head_written_ms(worktree: Worktree) -> int:
    """The time when git last wrote HEAD, in milliseconds UTC: at each move to another branch, and at no commit.

    It is finer than a reflog's seconds. 0 if HEAD is in no file of its own (reftables), or if the time is a whole
    second: some file systems, archives and copies keep no fraction, and such a time cannot order anything within its
    second.
    """
    if uses_reftable(worktree.common_dir):
        return 0  # its file is written once and never again
    try:
        # HEAD may be a symbolic link (core.preferSymlinkRefs): every commit writes its target, only a switch the link.
        written_ns = os.lstat(os.path.join(worktree.git_dir, "HEAD")).st_mtime_ns
    except OSError:
        return 0
    return written_ns // 1_000_000 if written_ns % 1_000_000_000 else 0


def head_commit(worktree: Worktree, head: Head | None = None) -> str:
    """The commit at HEAD, read now or before; empty on a branch without commits. Runs git only for reftables."""
    head = head or read_head(worktree)
    if head.commit or not head.ref:
        return head.commit
    ref, text = head.ref, ""
    for _ in range(_MOST_SYMBOLIC):
        text = _first_line(worktree.common_dir, ref)
        if not text.startswith("ref: "):
            break
        ref = text.removeprefix("ref: ").strip()
        if not (ref.startswith("refs/") and can_be_ref(ref)):
            return ""
    # A loose ref is newer than the packed one of the same name (git-pack-refs(1)).
    return _id_or_nothing(text or _packed(worktree.common_dir, ref))


def is_unborn(worktree: Worktree) -> bool:
    """Whether HEAD is on a branch that has no commit yet."""
    return read_head(worktree).branch is not None and not head_commit(worktree)


def short_name(ref: str) -> str:
    """`feat/x` from `refs/heads/feat/x`; other names are unchanged."""
    return ref.removeprefix("refs/heads/")


def can_be_ref(name: str) -> bool:
    """Whether git could have such a ref, as far as it matters here: no control characters, no path out of its
    folder, shorter than a path may be (git-check-ref-format(1))."""
    return not _CONTROL.search(name) and ".." not in name and len(name) < 4096


def read_ref_file(path: str) -> bytes:
    """The content of a ref's file, of at most 64 KiB. Raises `OSError`.

    A symbolic link to a ref means the same as `ref: NAME`: git writes one with `core.preferSymlinkRefs`, as its first
    versions did, and always reads it.
    """
    try:
        target = os.readlink(os.fsencode(path))
    except (OSError, ValueError):  # no link, or a name that no file can have
        target = b""
    if target.startswith(b"refs/"):
        return b"ref: " + target
    with open_regular(path) as stream:
        return stream.read(_MOST_OF_REF)


def ref_text(name: bytes) -> str:
    """A ref's name as text that can be stored and shown: git allows any bytes, and those that are no UTF-8 are
    escaped."""
    return name.decode("utf-8", "backslashreplace")


def reflog_stamp(worktree: Worktree) -> str:
    """A stamp that changes whenever HEAD's reflog does; costs one or two `stat`."""
    names = [os.path.join(worktree.git_dir, "logs", "HEAD")]
    if uses_reftable(worktree.common_dir):
        # A linked worktree has tables of its own for HEAD; those of branches are shared (refs/reftable-backend.c).
        folders = dict.fromkeys((worktree.git_dir, worktree.common_dir))
        names = [os.path.join(folder, "reftable", "tables.list") for folder in folders]
    stamps = [_file_stamp(name) for name in names]
    if any(stamps):
        return " ".join(stamps)
    # Without a commit there is no reflog, and a move to another branch changes HEAD's file alone.
    return f"unborn:{read_head(worktree).branch}" if is_unborn(worktree) else ""


def _file_stamp(path: str) -> str:
    try:
        status = os.stat(path)
    except OSError:
        return ""
    return f"{status.st_size}:{status.st_mtime_ns}:{status.st_ino}"


def uses_reftable(common_dir: str) -> bool:
    """Whether refs and reflogs are in git's newer binary format, which only git reads."""
    return os.path.isdir(os.path.join(common_dir, "reftable"))


def _branch_in_progress(git_dir: str) -> str | None:
    for name in ("rebase-merge/head-name", "rebase-apply/head-name"):
        # For a rebase that began without a branch, git writes `detached HEAD` here.
        ref = ref_text(_read(git_dir, name))
        if ref.startswith("refs/heads/") and can_be_ref(ref):
            return short_name(ref)
    start = short_name(ref_text(_read(git_dir, "BISECT_START")))
    # A bisect that began on a detached HEAD has its commit here.
    return start if start and can_be_ref(start) and not is_id(start) else None


def is_id(text: str) -> bool:
    """Whether a text is the complete id of an object."""
    return len(text) in (40, 64) and all(c in "0123456789abcdef" for c in text)


def _id_or_nothing(text: str) -> str:
    """The text of a ref, if it is a commit id: a file may contain anything, and git is asked about this."""
    return text if is_id(text) else ""


def _ask_git(worktree: Worktree) -> tuple[str, str]:
    """HEAD's commit and the branch it names, each empty if there is none or git cannot tell."""
    answers: list[str] = []
    for question in (["rev-parse", "-q", "--verify", "HEAD"], ["symbolic-ref", "-q", "HEAD"]):
        try:
            answers.append(ref_text(os.fsencode(run_git(question, git_folder(worktree)).removesuffix("\n"))))
        except EnvironmentProblem:
            answers.append("")
    return answers[0], answers[1]


def _read(git_dir: str, name: str) -> bytes:
    try:
        with open_regular(os.path.join(git_dir, name)) as stream:
            return stream.read(_MOST_OF_REF).strip(b"\n")
    except OSError:
        return b""


def _first_line(folder: str, name: str) -> str:
    try:
        return os.fsdecode(read_ref_file(os.path.join(folder, name)).partition(b"\n")[0].strip())
    except (OSError, ValueError):
        return ""


def _packed(common_dir: str, ref: str) -> str:
    try:
        lines = read_bounded(os.path.join(common_dir, "packed-refs"), MOST_OF_GIT).split(b"\n")
        wanted = b" " + os.fsencode(ref)
        return next((line.split(b" ")[0].decode("ascii") for line in lines if line.rstrip().endswith(wanted)), "")
    except (OSError, UnicodeDecodeError):
        return ""
