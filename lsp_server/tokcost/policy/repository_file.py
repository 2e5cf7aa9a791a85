"""A repository's own wishes: `.tokcost.toml` at the top of a worktree, a table for each subject.

It is read at every commit, so a file without the word is not even parsed.
"""

import os
from collections.abc import Mapping
from typing import Any

from tokcost.errors import SettingsDamaged
from tokcost.foreign_files import read_inside

POLICY_FILE = ".tokcost.toml"
BUDGET_SETTINGS = ("budget", "tokcostbudget")
"""How names of settings begin, in lower case, with which a clone itself has budgets."""
BLOCK_SETTINGS = ("block",)
"""How names of those end that make a budget stop commits."""


def read_table(root: str, name: str) -> Mapping[str, Any]:
    """One table of the file; empty where there is none. Raises `SettingsDamaged` when it cannot be understood."""
    return table_in(read_policy_file(root), root, name)


def table_in(data: bytes, root: str, name: str) -> Mapping[str, Any]:
    """The same where the file was read already."""
    return _table(os.path.join(root, POLICY_FILE), data, name) if name.encode() in data else {}


def may_have(root: str, name: str) -> bool:
    """Whether it is worth asking for a table, or for what is wrong with the file."""
    try:
        return name.encode() in read_policy_file(root)
    except SettingsDamaged:
        return True


def read_policy_file(root: str) -> bytes:
    """The whole file, empty where there is none. Raises `SettingsDamaged` when it is no small regular file of the
    repository."""
    try:
        return read_inside(root, POLICY_FILE)
    except FileNotFoundError:
        return b""
    except OSError as error:
        path = os.path.join(root, POLICY_FILE)
        raise SettingsDamaged(f"{path} cannot be read: {error.strerror or error}") from error


def _table(path: str, data: bytes, name: str) -> Mapping[str, Any]:
    from tokcost.toml import TomlDamaged, read_toml

    try:
        table = read_toml(data).get(name, {})
    except TomlDamaged as error:
        raise SettingsDamaged(f"{path} cannot be understood: {error}") from error
    if not isinstance(table, dict):
        raise SettingsDamaged(f"{path} cannot be understood: {name} is no table")
    return table  # pyright: ignore[reportUnknownVariableType]
