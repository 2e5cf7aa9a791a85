"""The permissions of files in a repository that several users share (`core.sharedRepository` in git-config(1))."""

import os
import stat

from tokcost.files.private import is_ours
from tokcost.repo.config import read_core_settings

_GROUP, _ALL, _ALL_WORDS = 0o660, 0o664, ("all", "world", "everybody", "2")
_GROUP_WORDS = ("group", "true", "yes", "on", "1")


def share_in_clone(common_dir: str, path: str) -> None:
    """Give one of our files or folders in a clone the permissions that git would give it. Does nothing if the clone
    is not shared or the file belongs to another user. Raises `OSError`."""
    bits, is_exact = _wanted(read_core_settings(common_dir).get("sharedrepository", ""))
    status = os.stat(path)
    if not bits or not is_ours(status):
        return
    before = stat.S_IMODE(status.st_mode)
    if stat.S_ISDIR(status.st_mode) or before & stat.S_IXUSR:
        # Whoever may read a folder or a program may also enter or run it, as in git (adjust_shared_perm).
        bits |= (bits & 0o444) >> 2
    mode = bits if is_exact else before | bits
    if stat.S_ISDIR(status.st_mode):
        # With setgid, new files in a folder belong to its group, whoever creates them.
        mode |= before & 0o7000 | (stat.S_ISGID if bits & 0o060 else 0)
    if mode != before:
        os.chmod(path, mode)


def _wanted(setting: str) -> tuple[int, bool]:
    """Permissions of a file that is no program, and whether they are the complete mode; 0 if the umask decides."""
    word = setting.lower()
    if word in _GROUP_WORDS or word in _ALL_WORDS:
        return (_ALL if word in _ALL_WORDS else _GROUP), False
    try:
        mode = int(word, 8)
    except ValueError:
        return 0, False
    # git refuses a mode in which the owner may not read and write.
    return (mode & 0o666, True) if mode & 0o600 == 0o600 else (0, False)
