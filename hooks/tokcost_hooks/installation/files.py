"""One hook file: ours is put in front of the existing one, and removed again to the last byte.

At every moment there is a working hook under the hook's name, so being killed between two steps does no harm.
"""

import os
import re
from contextlib import suppress

from tokcost.files.foreign import open_regular
from tokcost.files.private import PUBLIC_FOLDER, SCRIPT, make_folders, remove_unfinished, write_whole
from tokcost_hooks import HOOKS
from tokcost_hooks.installation.scripts import KEPT, KEPT_FOLDER, chained_script, owner

MOVED = ("", ".legacy", ".old")
"""The suffixes that a hook's name may get when ours was moved: the pre-commit framework renames existing hooks to
`.legacy` and still runs them, lefthook to `.old` without running them."""

_AT_ONCE = 1 << 16

_ASKS_NAME = re.compile(rb"basename|PROGRAM_NAME|argv\[0\]|##\*/|__FILE__")
"""Text in a script that determines by its own name which hook it is."""


def kept_file(path: str, hook: str) -> str:
    """The path at which the previous hook is kept; empty if there was none. `path` is the place of ours, now or
    before."""
    folder = os.path.dirname(path)
    places = (os.path.join(folder, hook + KEPT), os.path.join(folder, KEPT_FOLDER, hook))
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
    whose, kept = owner(path), kept_file(path, hook)
    if whose == "ours":
        if kept:
            _put_back(kept, path)
        else:
            os.unlink(path)
        _forget_folder(path)
        return ""
    if whose == "edited":
        return f"{path} was edited since and is left as it is"
    # `put` was killed between its two steps: the second name is all that it left.
    if kept and whose == "foreign" and _same(kept, path):
        os.unlink(kept)
        _forget_folder(path)
        return ""
    if kept:
        return f"{path} was changed by somebody since and is left as it is; what was there before tokcost is in {kept}"
    return ""


def write_script(path: str, text: str) -> None:
    """Write one of our scripts atomically."""
    make_folders(os.path.dirname(path))
    _write(path, text)


def _keep(path: str, hook: str) -> str:
    folder, said, before = os.path.dirname(path), "", kept_file(path, hook)
    if before and not _same(before, path):
        aside = _free(before)
        os.rename(before, aside)
        said = f"{path} was changed by somebody since; it now runs first, and what was there before is in {aside}"
    elif before:
        os.unlink(before)
    kept = os.path.join(folder, hook + KEPT)
    if _asks_name(path):
        kept = os.path.join(folder, KEPT_FOLDER, hook)
        make_folders(os.path.dirname(kept), PUBLIC_FOLDER)
    _double(path, kept)
    return said


def _double(path: str, kept: str) -> None:
    """Create a second name for a file; the first one disappears when ours takes its place."""
    if os.path.islink(path) and _link_text(path, kept) != os.readlink(path):
        os.symlink(_link_text(path, kept), kept)
        return
    try:
        # A second name instead of a rename: git finds a hook under the first one at every moment.
        os.link(path, kept, follow_symlinks=False)
    except (OSError, NotImplementedError):
        if os.path.islink(path):
            os.symlink(os.readlink(path), kept)
            return
        with open(path, "rb") as stream:
            write_whole(kept, stream.read(), os.stat(path).st_mode & 0o7777)


def _put_back(kept: str, path: str) -> None:
    if os.path.islink(kept) and (text := _link_text(kept, path)) != os.readlink(kept):
        aside = _free(kept)
        # A relative link leads elsewhere from another folder, so a new one is made beside it and takes the place in one
        # step.
        os.symlink(text, aside)
        os.replace(aside, path)
        os.unlink(kept)
        return
    os.replace(kept, path)


def _link_text(link: str, place: str) -> str:
    """The text of a link that leads from another folder to the same target."""
    text, up = os.readlink(link), "../"
    if os.path.isabs(text) or os.path.dirname(link) == os.path.dirname(place):
        return text
    return up + text if os.path.basename(os.path.dirname(place)) == KEPT_FOLDER else text.removeprefix(up)


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
        for other in (os.path.join(folder, name), os.path.join(folder, KEPT_FOLDER, name)):
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
        os.rmdir(os.path.join(os.path.dirname(path), KEPT_FOLDER))
