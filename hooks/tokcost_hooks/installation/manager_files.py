"""The configuration files of hook managers, and their entries for us. A commit with a budget waits for this."""

import os
import re
from contextlib import suppress

from tokcost.files.foreign import MOST, open_regular
from tokcost.model.worktree import Worktree

_IDS = {"pre-commit": "budget"}
"""Hooks whose entry in `.pre-commit-hooks.yaml` has another name."""
_LEFTHOOK = re.compile(r"(\.config/)?\.?lefthook(-local)?\.(ya?ml|toml|json)$")


def lefthook_files(worktree: Worktree) -> list[str]:
    """Lefthook's configuration files, relative to the worktree."""
    names: list[str] = []
    for folder in ("", ".config/"):
        with suppress(OSError):
            names += [folder + name for name in sorted(os.listdir(os.path.join(worktree.path, folder)))]
    return [name for name in names if _LEFTHOOK.match(name)]


def in_framework(worktree: Worktree, hook: str) -> bool:
    """Whether the pre-commit framework is configured to run this hook of ours."""
    text = text_of(os.path.join(worktree.path, ".pre-commit-config.yaml")) if hook else b""
    # A search, because a commit waits: no YAML parser is loaded for one entry.
    return bool(re.search(rb"(?m)^[^#\n]*\bid:\s*['\"]?tokcost-" + _IDS.get(hook, hook).encode() + rb"\b(?!-)", text))


def checks_budgets(worktree: Worktree, folder: str) -> bool:
    """Whether budgets are checked before prepare-commit-msg of a folder runs: by pre-commit there, which is ours or
    calls us, or by a manager that is configured to. The folder is empty if a manager runs us from elsewhere."""
    beside = (os.path.join(folder, name) for name in ("pre-commit", "pre-commit.legacy") if folder)
    told = (os.path.join(worktree.path, name) for name in (*lefthook_files(worktree), ".husky/pre-commit"))
    calls = any(b"tokcost" in text and b"budget" in text for text in map(text_of, (*beside, *told)))
    return calls or in_framework(worktree, "pre-commit")


def text_of(path: str) -> bytes:
    """The first bytes of a regular file, enough for all of one of usual size; empty if it cannot be read."""
    with suppress(OSError), open_regular(path) as stream:
        return stream.read(MOST)
    return b""
