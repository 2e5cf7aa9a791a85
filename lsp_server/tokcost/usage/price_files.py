"""The price files of the user and of a repository, and their problems.

A repository's file is valid for its own usage only, and an invalid file affects no other repository. `tokcost log`
checks these files every time, so the TOML parser is imported only where there is a price.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tokcost.errors import SettingsDamaged
from tokcost.policy.repository_file import POLICY_FILE, read_policy_at

if TYPE_CHECKING:
    from tokcost.ledger.open import Ledger
    from tokcost.pricing.overrides import Override

USER_FILE = "prices.toml"
IMPORTED_FILE = "prices-imported.json"
"""The price file given to `tokcost prices import`. Models that turn up later are looked up in it too."""

OWN_STAMP = "own prices"
"""The state of the user's price file at the last pricing, or when the user was told what a change of it would do."""

KEEPS_ITS_PRICE = (
    "Usage recorded before keeps its price; `tokcost prices reprice --since 2025-01-01 --dry-run` shows what would"
    " change."
)


def override_files(home: Path, root: str) -> list[tuple[Path, str]]:
    """The files that are valid in the repository at `root` (empty: in none), each with the repository that must
    contain it (empty: it is the user's own). Later files win."""
    return [(home / USER_FILE, ""), *([(Path(root) / POLICY_FILE, root)] if root else [])]


def own_stamp(home: Path) -> str:
    """A stamp that changes when the user's price file does; empty if there is none."""
    try:
        status = os.stat(home / USER_FILE)
    except OSError:
        return ""
    return f"{status.st_size}:{status.st_mtime_ns}"


def price_change(ledger: "Ledger", home: Path) -> list[str]:
    """A sentence saying that the user's price file has changed, until somebody has looked at the effect of the
    change."""
    now = own_stamp(home)
    if not now:
        return []
    from tokcost.ledger.settings import setting  # few users have such a file

    known = setting(ledger, OWN_STAMP)
    return [] if known in (None, now) else [f"{home / USER_FILE} changed. {KEEPS_ITS_PRICE}"]


def load(file: Path, root: str) -> tuple["Override", ...]:
    """Read one of the files. Raises `SettingsDamaged`."""
    content = read_policy_at(root) if root else b""
    # Most policy files have no price, and the parser takes longer to import than pricing.
    if not (b"price" in content if root else os.path.lexists(file)):
        return ()
    from tokcost.pricing.override_file import load_overrides, parse_overrides  # slower than pricing

    return parse_overrides(file, content) if root else load_overrides(file)


def price_problems(home: Path, root: str) -> list[str]:
    """A sentence for each invalid file in the repository at `root`, whose usage has list prices."""
    found: list[str] = []
    for file, inside in override_files(home, root):
        try:
            load(file, inside)
        except SettingsDamaged as problem:
            found.append(ignored(problem))
    return found


def ignored(problem: SettingsDamaged) -> str:
    """The note about a file that was ignored."""
    return f"{problem}; this file was ignored. {problem.hint}"
