"""The folder of a user's notes about commits.

Several users may work in one worktree: root by `sudo`, a container, a shared repository. Whoever owns the git folder
has the notes in it; everybody else has a folder of their own there, so that no note replaces another user's. The script
of a hook chooses, since it reads and moves notes before Python starts, and says which folder it is: a script that an
older tokcost installed knows only the git folder, and says nothing. Without a script of ours (the framework pre-commit
starts `tokcost-hook` by its own configuration) nobody has chosen before us (`NO_SCRIPT`).
"""

import os
from collections.abc import Mapping
from contextlib import suppress

from tokcost.claims.commit_notes import KEEP, OMIT, PROPOSAL, STRIPPED, UNSEEN, UNSETTLED, WITHHELD
from tokcost.files.private import PRIVATE_FOLDER, is_ours, read_ours
from tokcost.model.worktree import Worktree

FOLDER = "tokcost-notes-"
"""The prefix of the name of a notes folder; the user id follows it."""
NO_SCRIPT = "choose"
"""The value of `TOKCOST_NOTES` if `tokcost_hooks.run` was started by a script that is not ours."""

_MOVES = {PROPOSAL: UNSEEN} | {name: name for name in (UNSETTLED, UNSEEN, WITHHELD, KEEP, OMIT, STRIPPED)}
"""The notes that outlive the hook that wrote them, each with the name it gets once another folder is used: nobody
saw the outcome of a proposal."""


def notes_folder(worktree: Worktree) -> str:
    """The folder with our notes, for everything but hooks; a hook finds what is written there (`adopt`)."""
    return worktree.git_dir if _owns(worktree.git_dir) else _beside(worktree.git_dir)


def notes_folders(git_dir: str) -> list[str]:
    """Every folder below the git folder of a worktree that may have notes of ours."""
    return list(dict.fromkeys((git_dir, _beside(git_dir))))


def notes_folder_of_hook(environ: Mapping[str, str], worktree: Worktree) -> str:
    """The folder with our notes as given by a hook's script; without a script it is chosen, and created, in the same
    way."""
    # The path is relative to the folder in which the script ran; only its last part is used, and only if it names us.
    name = os.path.basename(environ.get("TOKCOST_NOTES", ""))
    if name == NO_SCRIPT:
        return _made_beside(worktree)
    user = name.removeprefix(FOLDER)
    # On Windows the number comes from `id -u` of git's own shell, which Python cannot ask.
    is_ours = user == str(os.geteuid()) if hasattr(os, "geteuid") else user.isdecimal()
    return os.path.join(worktree.git_dir, name) if name.startswith(FOLDER) and is_ours else worktree.git_dir


def adopt(git_dir: str, folder: str) -> None:
    """Move notes of ours from other folders here: an older tokcost wrote them, or the git folder had another owner.
    A note that exists here too has to be handled first, and the other one waits."""
    elsewhere = git_dir if folder != git_dir else _beside(git_dir)
    if elsewhere == folder:
        return
    for name, becomes in _MOVES.items():
        if read_ours(os.path.join(elsewhere, name)) and not read_ours(os.path.join(folder, becomes)):
            with suppress(OSError):
                os.replace(os.path.join(elsewhere, name), os.path.join(folder, becomes))


def _beside(git_dir: str) -> str:
    """The folder of a user who does not own the git folder; the git folder if there is none."""
    if hasattr(os, "geteuid"):
        folder = os.path.join(git_dir, f"{FOLDER}{os.geteuid()}")
        if _owns(folder):
            return folder
    return git_dir


def _made_beside(worktree: Worktree) -> str:
    """The folder of a user as `notes_folder` has it, created if it is missing and can be created."""
    if hasattr(os, "geteuid") and not _owns(worktree.git_dir):
        with suppress(OSError):
            os.mkdir(os.path.join(worktree.git_dir, f"{FOLDER}{os.geteuid()}"), PRIVATE_FOLDER)
    return notes_folder(worktree)


def _owns(folder: str) -> bool:
    try:
        # A link is not followed: it can lead into the folder of another user.
        return is_ours(os.lstat(folder))
    except OSError:
        return False
