"""What the developer agreed to publish, in this clone alone.

Consent is read from the clone's own configuration file and from nowhere else: a global setting, or one that an included
file brings, cannot switch anything on. A repository's `.tokcost.toml` may ask for less, never for more.

It belongs to a person: `tokcost.consent` has a mark for each one who agreed, made of the clone and of the place of that
person's ledger. A copy of the clone, another user or another home has another mark, and a clone that was moved keeps
its own.
"""

import os
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from tokcost.errors import SettingsDamaged, TokcostError
from tokcost.foreign_files import shown
from tokcost.known_worktrees import repository_of
from tokcost.ledger.claims import has_lines
from tokcost.ledger.open import open_for_reading
from tokcost.model.claims import Consent, Terms
from tokcost.model.worktree import Worktree
from tokcost.policy.clone_state import CloneState, policy_table
from tokcost.policy.repository_file import POLICY_FILE
from tokcost.private_files import private_folder
from tokcost.repo.config import Config, read_section
from tokcost.repo.run import run_git

_YES = ("true", "yes", "on", "1")


class Policy(NamedTuple):
    """What a repository asks of everyone who works in it (`[trailers]` in `.tokcost.toml`)."""

    recommends: bool = False
    forbids: bool = False
    coarse_only: bool = False
    hides_models: bool = False


NOT_AGREED = (
    "you have not agreed to cost lines in this clone, which is a copy or was enabled by another user or home:"
    " run `tokcost enable`, or `tokcost disable` to end this"
)


def read_consent(home: Path, here: CloneState) -> Consent:
    """What holds in a clone for the person whose ledger is in `home`. A damaged policy file means that nothing is
    written."""
    said, worktree = here.config.section("tokcost"), here.worktree
    decided = said.get("enabled", "")
    terms = Terms(
        "exact" if said.get("precision", "").lower() == "exact" else "coarse",
        said.get("models", "true").lower() not in ("false", "no", "off", "0"),
    )
    if decided.lower() not in _YES:
        return Consent(False, bool(decided), terms)
    marks = said.get("consent", "").split()
    is_unmarked = not marks and _agreed_before(home, worktree)
    if not is_unmarked and mark(home, worktree) not in marks:
        return Consent(False, False, terms, NOT_AGREED, True, True)
    try:
        policy = read_policy(here)
    except SettingsDamaged as damage:
        return Consent(False, True, terms, f"{damage}; nothing is written until it is repaired.", True)
    if policy.forbids:
        return Consent(False, True, terms, f"{POLICY_FILE} of this repository forbids cost lines.")
    precision = "coarse" if policy.coarse_only else terms.precision
    return Consent(True, True, Terms(precision, terms.models and not policy.hides_models), is_unmarked=is_unmarked)


def mark(home: Path, worktree: Worktree) -> str:
    """What stands in the clone's configuration for the consent of this person in this clone.

    The clone is its folder on the disk, so it may be renamed, and a copy is another one. The person is a user and the
    place of the ledger, which is the same again when the ledger was lost. Devices are left out: their numbers change
    when a machine starts.
    """
    ledger = os.path.realpath(home)
    user = str(os.geteuid()) if hasattr(os, "geteuid") else ""
    place = f"{crc32(os.fsencode(ledger)):08x}"
    return "-".join((user, place, _number(os.path.dirname(ledger)), _number(worktree.common_dir)))


def agree(home: Path, worktree: Worktree) -> None:
    """Mark that this person agrees in this clone. Raises `EnvironmentProblem`."""
    private_folder(str(home))  # its place is part of the mark
    marks, ours = _marks(worktree), mark(home, worktree)
    if ours not in marks:
        _say(worktree, [*marks, ours])


def agree_no_more(home: Path, worktree: Worktree) -> None:
    """Take the mark of this person back. Raises `EnvironmentProblem`."""
    marks, ours = _marks(worktree), mark(home, worktree)
    if ours in marks:
        _say(worktree, [one for one in marks if one != ours])


def _marks(worktree: Worktree) -> list[str]:
    return read_section(worktree.common_dir, "tokcost").get("consent", "").split()


def _say(worktree: Worktree, marks: list[str]) -> None:
    words = ["tokcost.consent", " ".join(marks)] if marks else ["--unset-all", "tokcost.consent"]
    run_git(["config", "--local", *words], worktree.path)


def _number(folder: str) -> str:
    try:
        return str(os.stat(folder).st_ino)
    except OSError:
        return ""


def _agreed_before(home: Path, worktree: Worktree) -> bool:
    """Whether lines of this person were made here before consent was marked."""
    try:
        ledger = open_for_reading(home)
        if ledger is None:
            return False
        with ledger:
            return has_lines(ledger, repository_of(ledger, worktree).id)
    except TokcostError:
        return False


def is_enabled(config: Config) -> bool:
    """Whether the developer agreed in this clone, whatever the repository asks."""
    return config.section("tokcost").get("enabled", "").lower() in _YES


def read_policy(here: CloneState) -> Policy:
    """What the repository asks. Raises `SettingsDamaged` when the file cannot be understood."""
    table = policy_table(here, "trailers")
    asks, precision, models = (table.get(key, d) for key, d in _DEFAULTS.items())
    known = {"policy": ("", "recommend", "forbid"), "precision": ("coarse", "exact"), "models": (True, False)}
    for key, value in (("policy", asks), ("precision", precision), ("models", models)):
        if not any(value is one or (isinstance(value, str) and value == one) for one in known[key]):
            path = os.path.join(here.worktree.path, POLICY_FILE)
            raise SettingsDamaged(f"{path}: trailers.{key} is {shown(value)}, which is none of {known[key]}")
    return Policy(asks == "recommend", asks == "forbid", precision == "coarse", models is False)


_DEFAULTS = {"policy": "", "precision": "exact", "models": True}
