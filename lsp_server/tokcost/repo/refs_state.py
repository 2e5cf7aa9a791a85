"""The state of all refs of a clone in a short text, which tells without reading them that none has moved since.

git writes each ref, and the file that has many, under another name and renames it: whatever changes a ref changes its
folder. So do all programs that lock refs as git does.
"""

import os
import time

from tokcost.repo.head import uses_reftable
from tokcost.repo.refs import PUBLISHED

_SURE_NS = 2_000_000_000
"""A folder that was changed less than this ago can change once more without its time telling."""
_MOST_FOLDERS = 5_000
_PACKED = "packed-refs"


def refs_state(common_dir: str, *, only_local: bool = False) -> str:
    """The state, to be asked before refs are read; with `only_local` of branches alone. Empty where it cannot be told:
    refs are in git's newer format, have moved just now, or lie in thousands of folders."""
    if uses_reftable(common_dir):
        return ""
    now, names = time.time_ns(), [_PACKED, "refs"]
    for kind in PUBLISHED[:1] if only_local else PUBLISHED:
        for folder, _, _ in os.walk(os.path.join(common_dir, kind.rstrip("/"))):
            names.append(os.path.relpath(folder, common_dir))
            if len(names) > _MOST_FOLDERS:
                return ""
    states = [_state_of(common_dir, name) for name in names]
    is_sure = all(newest < now - _SURE_NS for _, newest in states) and not any("\n" in name for name in names)
    return "\n".join(f"{state} {name}" for (state, _), name in zip(states, names, strict=True)) if is_sure else ""


def is_still(common_dir: str, state: str) -> bool:
    """Whether the refs are in a state that was told before."""
    lines = (line.partition(" ") for line in state.split("\n"))
    return bool(state) and all(_state_of(common_dir, name)[0] == before for before, _, name in lines)


def _state_of(common_dir: str, name: str) -> tuple[str, int]:
    """A word that changes when a file or folder does, and when that was, in nanoseconds."""
    try:
        status = os.stat(os.path.join(common_dir, name))
    except OSError:
        return "-", 0
    words = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return ":".join(map(str, words)), max(words[2:])
