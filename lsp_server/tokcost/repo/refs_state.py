"""The state of all refs of a clone as a short text, which shows without reading the refs that none has moved since, or
in which folders.

git writes each loose ref, and the packed file, under another name and renames it. Every change of a ref therefore
changes its folder and creates a younger file. So do all programs that lock refs as git does.
"""

import os
import time
from collections.abc import Iterator, Mapping

from tokcost.repo.head import is_id, ref_text, uses_reftable
from tokcost.repo.refs import PUBLISHED, packed_in, read_loose

_SURE_NS = 2_000_000_000
"""A folder that changed less than this ago can change once more without a new time."""
_MOST_FOLDERS = 5_000
_PACKED = "packed-refs"
_UNSURE = "?"
"""Precedes the entry of a folder that may have changed once more since."""
_FIRST = "refs"
"""The first line of a state."""


def refs_state(common_dir: str, *, only_local: bool = False) -> str:
    """The state, to be read before the refs; with `only_local`, of branches alone. Empty if it cannot be determined:
    refs are in git's newer format, or in thousands of folders."""
    if uses_reftable(common_dir):
        return ""
    now, names = time.time_ns(), [_PACKED, "refs"]
    for kind in _kinds(only_local=only_local):
        for folder, _, _ in os.walk(os.path.join(common_dir, kind)):
            names.append(os.path.relpath(folder, common_dir))
            if len(names) > _MOST_FOLDERS or "\n" in folder:
                return ""
    # With the mark, an entry differs from whatever is read later, so its folder always counts as changed.
    states = ((*_state_of(common_dir, name), name) for name in names)
    lines = (f"{state if newest < now - _SURE_NS else f'{_UNSURE}{state}'} {name}" for state, newest, name in states)
    return "\n".join([_FIRST, *lines])


def is_still(common_dir: str, state: str) -> bool:
    """Whether the refs are still in an earlier state."""
    return bool(state) and not any(_changed(common_dir, state))


def read_changed(
    common_dir: str, state: str, before: Mapping[str, str], *, only_local: bool = False
) -> dict[str, str] | None:
    """All refs, of which only those in folders changed since a state are read; `before` are those of that state.
    `None` if all must be read."""
    folders = list(_changed(common_dir, state)) if state and not uses_reftable(common_dir) else [_PACKED]
    if _PACKED in folders:
        return None
    words = {name: word for word, _, name in (line.partition(" ") for line in state.split("\n")[1:])}
    folders += [kind for kind in _kinds(only_local=only_local) if kind not in words]
    changed: dict[str, dict[str, str]] = {}
    while folders:
        folder = folders.pop()
        # It contains no refs. It is part of the state because it changes when a kind of refs appears or vanishes.
        if folder == "refs":
            continue
        name = ref_text(os.fsencode(folder.replace(os.sep, "/")))
        loose, inside = read_loose(common_dir, folder, before, _changed_last(words.get(folder, "")))
        changed[name] = packed_in(common_dir, name) | loose
        # A folder that was there before has an entry of its own, which told whether it changed.
        folders += [one for one in inside if one not in words]
    kept = {ref: tip for ref, tip in before.items() if ref.startswith("refs/") and _parent(ref) not in changed}
    return kept | {ref: tip for refs in changed.values() for ref, tip in refs.items() if is_id(tip)}


def _kinds(*, only_local: bool) -> list[str]:
    return [kind.rstrip("/") for kind in (PUBLISHED[:1] if only_local else PUBLISHED)]


def _parent(ref: str) -> str:
    return ref.rpartition("/")[0]


def _changed(common_dir: str, state: str) -> Iterator[str]:
    lines = (line.partition(" ") for line in state.split("\n")[1:])
    return (name for before, _, name in lines if _state_of(common_dir, name)[0] != before)


def _changed_last(word: str) -> int:
    """A time (nanoseconds) up to which no ref of a folder had changed when its state was determined.

    It is a time of the file system, whatever our own clock showed: with a clock that is ahead, everything later would
    look older. 0 if unknown.
    """
    time_ns = word.rpartition(":")[2]
    if not time_ns.isdecimal():
        return 0
    return int(time_ns) - (_SURE_NS if word.startswith(_UNSURE) else 0)


def _state_of(common_dir: str, name: str) -> tuple[str, int]:
    """A text that changes when a file or folder does, and the time of its change in nanoseconds."""
    try:
        status = os.stat(os.path.join(common_dir, name))
    except OSError:
        return "-", 0
    words = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return ":".join(map(str, words)), max(words[2:])
