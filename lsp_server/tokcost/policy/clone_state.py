"""The state of a clone at one moment: read once, when a hook or a command begins, and passed on."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tokcost.errors import SettingsDamaged
from tokcost.model.worktree import CloneState, Config, Sections, Worktree, truth
from tokcost.policy.repository_file import BUDGET_SETTINGS, read_policy_of, table_in
from tokcost.repo.config import ConfigsOnce, command_settings, hash_bytes, worktree_settings
from tokcost.repo.head import head_commit, read_head
from tokcost.repo.operation import read_operation
from tokcost.repo.run import asker
from tokcost.settings import CONFIG_FILE


def read_state(worktree: Worktree, configs: ConfigsOnce | None = None) -> CloneState:
    """Read the state of a worktree; `configs` is the configuration that was read before."""
    config = (configs or ConfigsOnce()).of(worktree.common_dir)
    # In git's order (git-config(1)): settings of the command override those of the worktree, which override the
    # clone's.
    for more in (worktree_settings(worktree.git_dir, config), command_settings(asker())):
        config = config.with_settings(_without_consent(more))
    head, policy, problem = read_head(worktree), b"", None
    try:
        policy = read_policy_of(worktree, hash_bytes(config))
    except SettingsDamaged as damage:
        # Raised when the policy is used: status and budgets of one's own do not depend on it.
        problem = damage
    commit = head_commit(worktree, head)
    return CloneState(worktree, config, head, commit, read_operation(worktree), policy, problem)


def _without_consent(settings: Sections) -> Sections:
    """The settings of one worktree or one command (`git -c`). They can restrict or change the form of what was agreed
    to, but are no consent."""
    ours = settings.get(("tokcost", None), {})
    ours.pop("consent", None)
    for more in ("enabled", "estimates"):
        if truth(ours.get(more, "")):
            del ours[more]
    return settings


def policy_table(here: CloneState, name: str) -> Mapping[str, Any]:
    """One table of the repository's `.tokcost.toml`; empty if there is none. Raises `SettingsDamaged`."""
    if here.policy_problem:
        raise SettingsDamaged(str(here.policy_problem), here.policy_problem.hint)
    return table_in(here.policy, here.worktree.path, name)


def takes_estimates(config: Config) -> bool:
    """Whether the owner of a clone wants estimated usage in cost lines, budgets and exports."""
    return truth(config.section("tokcost").get("estimates", "")) is True


def may_have_budget(here: CloneState) -> bool:
    """Whether there may be budgets. Most clones have none, and need not import the code that reads them."""
    # A file that cannot be read may have one, and is reported by the code that reads budgets.
    return bool(here.policy_problem) or b"budget" in here.policy or here.config.has_setting(BUDGET_SETTINGS)


def may_have_rules(home: Path, here: CloneState) -> bool:
    """Whether there may be rules of the repository or the user."""
    return b"rules" in here.policy or os.path.exists(os.path.join(home, CONFIG_FILE))
