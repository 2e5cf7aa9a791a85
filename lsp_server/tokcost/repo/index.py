"""Files that are not in a working tree: a sparse checkout has most files in the index alone, a bare repository has all
of them in commits.

A hook asks at every commit, so git is started only where the index has such a name (gitformat-index(5)).
"""

import errno
import os

from tokcost.foreign_files import MOST, MOST_OF_GIT, read_bounded
from tokcost.model.worktree import Worktree
from tokcost.repo.run import GitFailed, run_git

_PREFIXED = b"\0\0\0\4"
"""The version in which a name begins with what it shares with the one before."""
_SPLIT = b"link\0"
"""The part of an index that names another file with the rest of it."""


def read_staged(worktree: Worktree, name: str, most: int = MOST) -> bytes | None:
    """A file at the top of a worktree as it is staged; `None` where there is none. Raises `OSError` where it is larger
    than `most` or a partial clone does not have it, and `EnvironmentProblem`."""
    return _content(worktree.path, f":{name}", name, most) if _may_have(worktree.git_dir, name) else None


def read_committed(repository: str, name: str, most: int = MOST) -> bytes | None:
    """The same of the commit that HEAD of a repository is at."""
    return _content(repository, f"HEAD:{name}", name, most)


def _content(folder: str, where: str, name: str, most: int) -> bytes | None:
    try:
        blob = run_git(["rev-parse", "--quiet", "--verify", where], folder).strip()
    except GitFailed:
        return None
    said = run_git(["cat-file", "--batch-check=%(objecttype) %(objectsize)"], folder, feed=f"{blob}\n").split()
    if said[:1] != ["blob"]:
        raise OSError(errno.ENOENT, "git has its name, and its content was not fetched", name)
    if int(said[1]) > most:
        raise OSError(errno.EFBIG, f"it is larger than {most >> 10} KiB", name)
    return os.fsencode(run_git(["cat-file", "blob", blob], folder))


def _may_have(git_dir: str, name: str) -> bool:
    """Whether a name may be in the index."""
    try:
        data = read_bounded(os.path.join(git_dir, "index"), MOST_OF_GIT)
    except OSError as error:
        return error.errno == errno.EFBIG
    # Of a name that begins like the one before, at least what is behind the last dot is written out.
    end = name[name.rindex(".") + 1 :] if data[4:8] == _PREFIXED else name
    return f"{end}\0".encode() in data or _SPLIT in data
