"""One hook file: ours is put in front of the existing one, and removed again to the last byte.

At every moment there is a working hook under the hook's name, so being killed between two steps does no harm.
"""

import os
import re
from contextlib import suppress

from tokcost.files.foreign import open_regular
from tokcost.files.private import PUBLIC_FOLDER, SCRIPT, make_folders, remove_unfinished, write_whole
from tokcost_hooks import HOOKS
from tokcost_hooks.installation.scripts import PREVIOUS, PREVIOUS_FOLDER, chained_script, owner

MOVED = ("", ".legacy", ".old")
"""The suffixes that a hook's name may get when ours was moved: the pre-commit framework renames existing hooks to
`.legacy` and still runs them, lefthook to `.old` without running them."""

_AT_ONCE = 1 << 16

_ASKS_NAME = re.compile(rb"basename|PROGRAM_NAME|argv\[0\]|##\*/|__FILE__")
"""Text in a script that determines by its own name which hook it is."""


def previous_file(path: str, hook: str) -> str:
    """The path of the previous hook; empty if there was none. `path` is the place of ours, now or before."""
    folder = os.path.dirname(path)
    places = (os.path.join(folder, hook + PREVIOUS), os.path.join(folder, PREVIOUS_FOLDER, hook))
    return next((place for place in places if os.path.lexists(place)), "")


def put(path: str, hook: str) -> str:
    """Put our hook at a path; an existing one is kept and run first. Returns a sentence if that needs one."""
    whose = owner(path)
    if whose == "edited":
        return f"{path} was edited since and is left as it is; delete it and install again to replace it"
    make_folders(os.path.dirname(path), PUBLIC_FOLDER)
    said = _keep(path, hook) if whose == "foreign" else ""
    _write(path, chained_script(hook))
    return said


def take(path: str, hook: str) -> str:
    """Remove our hook from a path and restore the previous one. Returns a sentence if ours had to be left."""
    # A process killed while it wrote a hook leaves a temporary file beside it.
    remove_unfinished(path)
    whose, previous = owner(path), previous_file(path, hook)
    if whose == "ours":
        if previous:
            _put_back(previous, path)
        else:
            os.unlink(path)
        _forget_folder(path)
        return ""
    if whose == "edited":
        return f"{path} was edited since and is left as it is"
    # `put` was killed between its two steps: the second name is all that it left.
    if previous and whose == "foreign" and _same(previous, path):
        os.unlink(previous)
        _forget_folder(path)
        return ""
    if previous:
        return (
            f"{path} was changed by somebody since and is left as it is; what was there before tokcost is in {previous}"
        )
    return ""


def write_script(path: str, text: str) -> None:
    """Write one of our scripts atomically."""
    make_folders(os.path.dirname(path))
    _write(path, text)


def _keep(path: str, hook: str) -> str:
    folder, said, before = os.path.dirname(path), "", previous_file(path, hook)
    if before and not _same(before, path):
        aside = _free(before)
        os.rename(before, aside)
        said = f"{path} was changed by somebody since; it now runs first, and what was there before is in {aside}"
    elif before:
        os.unlink(before)
    previous = os.path.join(folder, hook + PREVIOUS)
    if _asks_name(path):
        previous = os.path.join(folder, PREVIOUS_FOLDER, hook)
        make_folders(os.path.dirname(previous), PUBLIC_FOLDER)
    _double(path, previous)
    return said


def _double(path: str, previous: str) -> None:
    """Create a second name for a file; the first one disappears when ours takes its place."""
    if os.path.islink(path) and _link_text(path, previous) != os.readlink(path):
        os.symlink(_link_text(path, previous), previous)
        return
    try:
        # A second name instead of a rename: git finds a hook under the first one at every moment.
        os.link(path, previous, follow_symlinks=False)
    except (OSError, NotImplementedError):
        if os.path.islink(path):
            os.symlink(os.readlink(path), previous)
            return
        with open(path, "rb") as stream:
            write_whole(previous, stream.read(), os.stat(path).st_mode & 0o7777)


def _put_back(previous: str, path: str) -> None:
    if os.path.islink(previous) and (text := _link_text(previous, path)) != os.readlink(previous):
        aside = _free(previous)
        # A relative link leads elsewhere from another folder, so a new one is made beside it and takes the place in one
        # step.
        os.symlink(text, aside)
        os.replace(aside, path)
        os.unlink(previous)
        return
    os.replace(previous, path)


def _link_text(link: str, place: str) -> str:
    """The text of a link that leads from another folder to the same target."""
    text, up = os.readlink(link), "../"
    if os.path.isabs(text) or os.path.dirname(link) == os.path.dirname(place):
        return text
    return up + text if os.path.basename(os.path.dirname(place)) == PREVIOUS_FOLDER else text.removeprefix(up)


def _asks_name(path: str) -> bool:
    """Whether a hook may check its own name: its text does, or it is a link to a program for several hooks. Other
    relative links are kept beside their old place, where they find their neighbours."""
    if os.path.islink(path) and (os.path.isabs(os.readlink(path)) or _serves_others(path)):
        return True
    with suppress(OSError), open_regular(path) as stream:
        return bool(_ASKS_NAME.search(stream.read(65536)))
    return False


def _serves_others(path: str) -> bool:
    folder, hook = os.path.split(path)
    for name in HOOKS:
        for other in (os.path.join(folder, name), os.path.join(folder, PREVIOUS_FOLDER, name)):
            with suppress(OSError):
                if name != hook and os.path.islink(other) and os.path.samefile(path, other):
                    return True
    return False


def _same(one: str, other: str) -> bool:
    """Whether two hooks are the same in content and mode."""
    if os.path.islink(one) or os.path.islink(other):
        return os.path.islink(one) and os.path.islink(other) and _link_text(one, other) == os.readlink(other)
    with open_regular(one) as first, open_regular(other) as second:
        if os.fstat(first.fileno()).st_size != os.fstat(second.fileno()).st_size:
            return False
        # In portions, because a hook can be a binary of any size.
        while (part := first.read(_AT_ONCE)) == second.read(_AT_ONCE):
            if not part:
                return os.stat(one).st_mode == os.stat(other).st_mode
    return False


def _free(path: str) -> str:
    number = 1
    while os.path.lexists(f"{path}.{number}"):
        number += 1
    return f"{path}.{number}"


def _write(path: str, text: str) -> None:
    write_whole(path, text.encode("utf-8", "surrogateescape"), SCRIPT)


def _forget_folder(path: str) -> None:
    with suppress(OSError):  # not there, or something else is in it
        os.rmdir(os.path.join(os.path.dirname(path), PREVIOUS_FOLDER))
