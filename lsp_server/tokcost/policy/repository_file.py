"""The repository's `.tokcost.toml` at the top of a worktree, with a table for each subject. The staged version is used
if the working tree does not have the file.

It is read at every commit, so a file without the searched word is not even parsed.
"""

import os
from collections.abc import Mapping
from typing import Any

from tokcost.errors import EnvironmentProblem, SettingsDamaged, of_file
from tokcost.files.foreign import read_inside
from tokcost.model.worktree import Worktree
from tokcost.repo.config import hash_bytes, read_config
from tokcost.repo.index import read_committed, read_staged
from tokcost.repo.worktree import find_bare, find_worktree

POLICY_FILE = ".tokcost.toml"
CORRECT = "Correct it; `tokcost doctor` lists everything in it that cannot be parsed."
BUDGET_SETTINGS = ("budget", "tokcostbudget")
"""The prefixes of setting names, in lower case, by which a clone itself has budgets."""
BLOCK_SETTINGS = ("block",)
"""The suffixes of the names that make a budget stop commits."""


def read_table(root: str, name: str) -> Mapping[str, Any]:
    """One table of the file; empty if there is none. Raises `SettingsDamaged` if it cannot be parsed."""
    return table_in(read_policy_file(root), root, name)


def table_in(data: bytes, root: str, name: str) -> Mapping[str, Any]:
    """One table of the file whose bytes are `data`. Raises as `read_table`."""
    return _table(os.path.join(root, POLICY_FILE), data, name) if name.encode() in data else {}


def read_policy_file(root: str) -> bytes:
    """The contents of the file, empty if there is none. Raises `SettingsDamaged` if it is no small regular file of
    the repository."""
    try:
        return read_inside(root, POLICY_FILE)
    except FileNotFoundError:
        return b""
    except OSError as error:
        path = os.path.join(root, POLICY_FILE)
        raise of_file(path, "cannot be read", error, SettingsDamaged) from error


def read_policy_of(worktree: Worktree, hash_bytes: int) -> bytes:
    """The contents of the file in a worktree, whose repository has hashes of `hash_bytes`.

    If the file was deleted from the folder, or a sparse checkout leaves it out, or the file that it is a link to, its
    staged version is valid: it applies to the repository. Raises as `read_policy_file`.
    """
    data = read_policy_file(worktree.path)
    # An empty file is a decision too: it asks for nothing.
    if data or os.path.exists(os.path.join(worktree.path, POLICY_FILE)):
        return data
    try:
        return read_staged(worktree, POLICY_FILE, hash_bytes) or b""
    except (OSError, EnvironmentProblem) as error:
        raise _unreadable(worktree.path, error, f"Restore it: git checkout -- {POLICY_FILE}") from error


def read_policy_at(root: str) -> bytes:
    """The contents of the file in the repository at `root`; in a bare repository, the version at its HEAD.

    Every command calls this, so the index is read only where a checkout is sparse. Raises as `read_policy_file`.
    """
    data, git_dir = read_policy_file(root), os.path.join(root, ".git")
    if data or (os.path.isdir(git_dir) and not _is_sparse(git_dir)):
        return data
    if (worktree := find_worktree(root)) is not None:
        if worktree.path != root or not _is_sparse(worktree.git_dir):
            return b""
        return read_policy_of(worktree, hash_bytes(read_config(worktree.common_dir)))
    bare = find_bare(root)
    if bare is None or bare.root != root:
        return b""
    try:
        return read_committed(root, POLICY_FILE) or b""
    except (OSError, EnvironmentProblem) as error:
        raise _unreadable(root, error, f"See what git reports: git show HEAD:{POLICY_FILE}") from error


def _is_sparse(git_dir: str) -> bool:
    """Whether a checkout may leave files out (gitrepository-layout(5))."""
    return os.path.exists(os.path.join(git_dir, "info", "sparse-checkout"))


def _unreadable(folder: str, error: OSError | EnvironmentProblem, hint: str) -> SettingsDamaged:
    reason = error.strerror if isinstance(error, OSError) else str(error)
    path = os.path.join(folder, POLICY_FILE)
    return SettingsDamaged(f"{path} cannot be read: {reason}", hint)


def _table(path: str, data: bytes, name: str) -> Mapping[str, Any]:
    from tokcost.files.toml import TomlDamaged, read_toml

    try:
        table = read_toml(data).get(name, {})
    except TomlDamaged as error:
        raise SettingsDamaged(f"{path} cannot be parsed: {error}", CORRECT) from error
    if not isinstance(table, dict):
        raise SettingsDamaged(f"{path} cannot be parsed: {name} is not a table", f"Begin it with a line [{name}].")
    return table  # pyright: ignore[reportUnknownVariableType]
