"""What the developer agreed to publish, in this clone alone.

Consent is read from the clone's own configuration file and from nowhere else: a global setting, or one that an included
file brings, cannot switch anything on. A repository's `.tokcost.toml` may ask for less, never for more.
"""

import os
from typing import NamedTuple

from tokcost.errors import SettingsDamaged
from tokcost.files import shown
from tokcost.model.claims import Terms
from tokcost.repo.config import read_section
from tokcost.repo.worktree import Worktree
from tokcost.services.policy_file import POLICY_FILE, read_table

_YES = ("true", "yes", "on", "1")


class Consent(NamedTuple):
    """The state of one clone."""

    enabled: bool = False
    """Whether lines are written."""
    decided: bool = False
    """Whether the developer ever said yes or no here."""
    terms: Terms = Terms()
    problem: str = ""
    """Why nothing is written although it was agreed to; empty when all is well."""
    is_unclear: bool = False
    """Whether that is only so until something is repaired: what is spent meanwhile waits."""


class Policy(NamedTuple):
    """What a repository asks of everyone who works in it (`[trailers]` in `.tokcost.toml`)."""

    recommends: bool = False
    forbids: bool = False
    coarse_only: bool = False
    hides_models: bool = False


def read_consent(worktree: Worktree) -> Consent:
    """What holds in a clone now. A damaged policy file means that nothing is written."""
    said = read_section(worktree.common_dir, "tokcost")
    decided = said.get("enabled", "")
    terms = Terms(
        "exact" if said.get("precision", "").lower() == "exact" else "coarse",
        said.get("models", "true").lower() not in ("false", "no", "off", "0"),
    )
    if decided.lower() not in _YES:
        return Consent(False, bool(decided), terms)
    try:
        policy = read_policy(worktree.path)
    except SettingsDamaged as damage:
        return Consent(False, True, terms, f"{damage}; nothing is written until it is repaired.", True)
    if policy.forbids:
        return Consent(False, True, terms, f"{POLICY_FILE} of this repository forbids cost lines.")
    precision = "coarse" if policy.coarse_only else terms.precision
    return Consent(True, True, Terms(precision, terms.models and not policy.hides_models))


def is_enabled(common_dir: str) -> bool:
    """Whether the developer agreed in this clone, whatever the repository asks."""
    return read_section(common_dir, "tokcost").get("enabled", "").lower() in _YES


def read_policy(root: str) -> Policy:
    """What the repository asks. Raises `SettingsDamaged` when the file cannot be understood."""
    table = read_table(root, "trailers")
    asks, precision, models = (table.get(key, d) for key, d in _DEFAULTS.items())
    known = {"policy": ("", "recommend", "forbid"), "precision": ("coarse", "exact"), "models": (True, False)}
    for key, value in (("policy", asks), ("precision", precision), ("models", models)):
        if not any(value is one or (isinstance(value, str) and value == one) for one in known[key]):
            path = os.path.join(root, POLICY_FILE)
            raise SettingsDamaged(f"{path}: trailers.{key} is {shown(value)}, which is none of {known[key]}")
    return Policy(asks == "recommend", asks == "forbid", precision == "coarse", models is False)


_DEFAULTS = {"policy": "", "precision": "exact", "models": True}
