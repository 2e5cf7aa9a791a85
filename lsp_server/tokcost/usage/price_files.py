"""The files in which the user and a repository say what they know better of prices, and what is wrong with them.

A repository's file holds for its own usage alone, and a bad one is no other repository's business. `tokcost log` asks
each time: reading TOML is imported where there is a price.
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
"""The price file that `tokcost prices import` was given: models that turn up later are looked for in it, too."""

OWN_STAMP = "own prices"
"""By which state of the user's own price file usage was priced last, or it was told what a change of it would do."""

KEEPS_ITS_PRICE = (
    "What was recorded before keeps its price; `tokcost prices reprice --since 2025-01-01 --dry-run` says what would"
    " change."
)


def override_files(home: Path, root: str) -> list[tuple[Path, str]]:
    """The files that hold in the repository at `root` (empty: in none), each with the repository that it must lie in
    (empty: it is the user's own); later ones win."""
    return [(home / USER_FILE, ""), *([(Path(root) / POLICY_FILE, root)] if root else [])]


def own_stamp(home: Path) -> str:
    """Changes when the user's own price file does; empty where there is none."""
    try:
        status = os.stat(home / USER_FILE)
    except OSError:
        return ""
    return f"{status.st_size}:{status.st_mtime_ns}"


def price_change(ledger: "Ledger", home: Path) -> list[str]:
    """A sentence when the user's own price file changed and nobody has asked yet what that would change."""
    now = own_stamp(home)
    if not now:
        return []
    from tokcost.ledger.settings import setting  # few have a file of their own

    known = setting(ledger, OWN_STAMP)
    return [] if known in (None, now) else [f"{home / USER_FILE} changed. {KEEPS_ITS_PRICE}"]


def load(file: Path, root: str) -> tuple["Override", ...]:
    """Read one of them. Raises `SettingsDamaged`."""
    content = read_policy_at(root) if root else b""
    if not (b"price" in content if root else os.path.lexists(file)):
        return ()
    from tokcost.pricing.override_file import load_overrides, parse_overrides  # takes a hook longer than pricing does

    return parse_overrides(file, content) if root else load_overrides(file)


def price_problems(home: Path, root: str) -> list[str]:
    """A sentence for each file that cannot hold in the repository at `root`: usage has list prices there."""
    found: list[str] = []
    for file, inside in override_files(home, root):
        try:
            load(file, inside)
        except SettingsDamaged as problem:
            found.append(ignored(problem))
    return found


def ignored(problem: SettingsDamaged) -> str:
    """The note about a file that was passed over."""
    return f"{problem}; it was ignored."
