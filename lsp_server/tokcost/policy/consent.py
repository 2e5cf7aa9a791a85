"""The developer's consent to publish lines, for this clone only.

Consent is read from the clone's own configuration file and from nowhere else: a global setting, or one from an included
file, cannot enable anything. A repository's `.tokcost.toml` may restrict lines, never enable them.

Consent belongs to a person. `tokcost.consent` has a mark for each person who agreed, derived from the clone and the
place of that person's ledger. A copy of the clone, another user or another home directory has another mark. A moved
clone keeps its mark; so does a clone whose files were given to another user, where the person's own folder can tell.
Without a valid mark nobody has agreed, whatever else the configuration says.
"""

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from tokcost.errors import SettingsDamaged
from tokcost.files.foreign import shown
from tokcost.files.private import is_ours, make_folders, private_folder, write_whole
from tokcost.model.claims import Consent, Terms
from tokcost.model.worktree import CloneState, Config, Worktree, truth
from tokcost.policy.clone_state import policy_table, takes_estimates
from tokcost.policy.repository_file import POLICY_FILE
from tokcost.repo.config import read_section
from tokcost.repo.named_worktree import git_folder
from tokcost.repo.run import run_git

_CONSENTS = "consents"
"""The folder, beside the ledger, of the second names of files in clones (`_link`)."""
_NOBODY = "nobody"
"""Stands in place of marks once everybody has withdrawn theirs."""


class Policy(NamedTuple):
    """The settings that a repository has for everyone who works in it (`[trailers]` in `.tokcost.toml`)."""

    forbids: bool = False
    coarse_only: bool = False
    hides_models: bool = False


_NOT_AGREED = "you have not agreed to cost lines in this clone: it is a copy, or another user or home folder enabled it"
_AGREE = "Run `tokcost enable` to agree, or `tokcost disable` to end this message."


def read_consent(home: Path, here: CloneState) -> Consent:
    """The consent of the person whose ledger is in `home`, for a clone. A damaged policy file means that nothing is
    written."""
    said = here.config.section("tokcost")
    decided = said.get("enabled", "")
    terms = Terms(
        "exact" if said.get("precision", "").lower() == "exact" else "coarse",
        truth(said.get("models", "true")) is True,
        takes_estimates(here.config),
    )
    if not truth(decided):
        return Consent(False, bool(decided), terms)
    if not _has_agreed(home, here.worktree.common_dir, said.get("consent", "").split()):
        return Consent(False, False, terms, _NOT_AGREED, _AGREE, is_unclear=True, is_anothers=True)
    try:
        # Only after the consent: a clone in which nothing is written needs no valid policy.
        policy = read_policy(here)
    except SettingsDamaged as damage:
        unclear = f"{damage}; nothing is written until it is repaired"
        return Consent(False, True, terms, unclear, damage.hint, is_unclear=True)
    if policy.forbids:
        return Consent(False, True, terms, f"{POLICY_FILE} of this repository forbids cost lines.")
    precision = "coarse" if policy.coarse_only else terms.precision
    return Consent(True, True, terms._replace(precision=precision, models=terms.models and not policy.hides_models))


def mark(home: Path, common_dir: str) -> str:
    """The value in the clone's configuration for this person's consent in this clone.

    The clone is identified by its folder on the disk and a file in it. It may be renamed. A copy is another clone, even
    if it reuses the inode number of a deleted folder, because no copy has the file's creation time (`st_ctime`, which
    cannot be set). The person is identified by the user and the place of the ledger, which stays the same if the ledger
    is lost. Devices are ignored, because their numbers change at a restart.
    """
    ledger = os.path.realpath(home)
    user = str(os.geteuid()) if hasattr(os, "geteuid") else ""
    place = f"{crc32(os.fsencode(ledger)):08x}"
    return "-".join((user, place, _number(os.path.dirname(ledger)), _number(common_dir), _made(common_dir)))


def agree(home: Path, worktree: Worktree) -> None:
    """Record that this person agrees in this clone. Raises `EnvironmentProblem`."""
    private_folder(str(home))  # its place is part of the mark
    _link(home, worktree.common_dir)
    if not _made(worktree.common_dir):
        write_whole(_agreed(worktree.common_dir), b"")
    marks, ours = _marks(worktree), mark(home, worktree.common_dir)
    if ours not in marks:
        _write_marks(worktree, [*marks, ours])


def agree_no_more(home: Path, worktree: Worktree) -> None:
    """Withdraw this person's consent. Raises `EnvironmentProblem`."""
    marks, ours = _marks(worktree), _without_time(mark(home, worktree.common_dir))
    # Without the time, which differs from that of the mark after `chown -R`.
    left = [one for one in marks if _without_time(one) != ours]
    if left != marks:
        _write_marks(worktree, left)
    with suppress(OSError):
        os.unlink(_link_at_home(home, worktree.common_dir))


def agreed_elsewhere(home: Path, common_dirs: Iterable[str]) -> int:
    """The number of clones in which this person agreed, and did not take it back, besides some: they were moved or
    deleted, or the ledger was told to forget them. Clones on another disk than the ledger are not known."""
    here = {os.path.basename(_link_at_home(home, one)) for one in common_dirs}
    try:
        return len(set(os.listdir(os.path.join(home, _CONSENTS))) - here)
    except OSError:
        return 0


def _has_agreed(home: Path, common_dir: str, marks: list[str]) -> bool:
    ours = mark(home, common_dir)
    if ours in marks:
        return True
    # After `chown -R` the file has another `st_ctime`, so its mark differs, but the link is the same file.
    return _without_time(ours) in map(_without_time, marks) and _is_linked(home, common_dir)


def _without_time(one: str) -> str:
    return one.rpartition("-")[0]


def _link(home: Path, common_dir: str) -> None:
    """Keep a hard link to a file of the clone in the person's folder, if both are on one disk. A copy of the clone
    has another file, whatever else is equal, and `chown -R` does not change the file's identity."""
    path, ours = f"{_agreed(common_dir)}-linked", _link_at_home(home, common_dir)
    with suppress(OSError, NotImplementedError):
        make_folders(os.path.dirname(ours))
        write_whole(path, b"")
        with suppress(FileNotFoundError):
            os.unlink(ours)
        os.link(path, ours, follow_symlinks=False)


def _is_linked(home: Path, common_dir: str) -> bool:
    try:
        here, kept = os.lstat(f"{_agreed(common_dir)}-linked"), os.lstat(_link_at_home(home, common_dir))
    except OSError:
        return False
    # Device and inode number, compared while both exist: a copy of either file has another number.
    return stat.S_ISREG(kept.st_mode) and os.path.samestat(here, kept)


def _link_at_home(home: Path, common_dir: str) -> str:
    return os.path.join(home, _CONSENTS, _without_time(mark(home, common_dir)))


def marks_of_others(worktree: Worktree) -> bool:
    """Whether another user of this machine has agreed in this clone."""
    user = f"{os.geteuid()}-" if hasattr(os, "geteuid") else "-"
    return any(one != _NOBODY and not one.startswith(user) for one in _marks(worktree))


def _marks(worktree: Worktree) -> list[str]:
    return read_section(worktree.common_dir, "tokcost").get("consent", "").split()


def _write_marks(worktree: Worktree, marks: list[str]) -> None:
    run_git(["config", "--local", "tokcost.consent", " ".join(marks) or _NOBODY], git_folder(worktree))


def _agreed(common_dir: str) -> str:
    """A file that is created at the first consent and never changed."""
    user = os.geteuid() if hasattr(os, "geteuid") else 0
    return os.path.join(common_dir, f"tokcost-agreed-{user}")


def _made(common_dir: str) -> str:
    """The time of the consent, in nanoseconds; empty if nobody agreed."""
    try:
        status = os.lstat(_agreed(common_dir))
    except OSError:
        return ""
    return f"{status.st_ctime_ns:x}" if is_ours(status) and stat.S_ISREG(status.st_mode) else ""


def _number(folder: str) -> str:
    try:
        return str(os.stat(folder).st_ino)
    except OSError:
        return ""


def is_enabled(config: Config) -> bool:
    """Whether the developer agreed in this clone, whatever the repository asks."""
    return truth(config.section("tokcost").get("enabled", "")) is True


def read_policy(here: CloneState) -> Policy:
    """The policy of the repository. Raises `SettingsDamaged` if the file cannot be parsed."""
    table = policy_table(here, "trailers")
    asks, precision, models = (table.get(key, d) for key, d in _DEFAULTS.items())
    known = {"policy": ("", "recommend", "forbid"), "precision": ("coarse", "exact"), "models": (True, False)}
    written = {"policy": '"recommend" or "forbid"', "precision": '"coarse" or "exact"', "models": "true or false"}
    for key, value in (("policy", asks), ("precision", precision), ("models", models)):
        # By identity, because `1 == True`: a number must not pass for a Boolean.
        if not any(value is one or (isinstance(value, str) and value == one) for one in known[key]):
            path = os.path.join(here.worktree.path, POLICY_FILE)
            raise SettingsDamaged(f"{path}: trailers.{key} is {shown(value)}", f"Write {written[key]}.")
    return Policy(asks == "forbid", precision == "coarse", models is False)


_DEFAULTS = {"policy": "", "precision": "exact", "models": True}
