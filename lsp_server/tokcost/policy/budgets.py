"""Budgets of a clone, set by the developer in the clone's own configuration or recommended by the repository.

As with consent, global settings are ignored. A repository's `.tokcost.toml` can warn, but never stop a commit.
"""

import os
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from tokcost.errors import SettingsDamaged, UsageError
from tokcost.files.foreign import shown
from tokcost.model.budget import NEAR, SCOPES, Budget, BudgetChange, Scope, parse_limit, parse_near
from tokcost.model.near import did_you_mean
from tokcost.model.worktree import CloneState, Worktree, truth
from tokcost.policy.clone_state import policy_table, read_state
from tokcost.policy.repository_file import BLOCK_SETTINGS, BUDGET_SETTINGS, POLICY_FILE
from tokcost.repo.config import read_config
from tokcost.repo.head import read_head
from tokcost.repo.named_worktree import git_folder
from tokcost.repo.refs import local_branches
from tokcost.repo.run import GitFailed, run_git

_KEYS = ("branch", "commit", "day", "block", "near")
_MISSING = 5
"""git's exit code for a missing setting (git-config(1))."""


class Budgets(NamedTuple):
    """The budgets in force, and the problems of those that cannot be parsed."""

    found: tuple[Budget, ...] = ()
    problems: tuple[str, ...] = ()
    is_verbose: bool = False
    """Whether the hook prints a line at every commit."""
    asks_to_block: bool = False
    """Whether the repository asks commits to stop; only the developer can agree."""


def read_budgets(here: CloneState, branch: str | None) -> Budgets:
    """One budget for each scope that applies: on a detached HEAD, only the day."""
    said = here.config.section("tokcost")
    own = here.config.section("branch", branch) if branch is not None else {}
    problems: list[str] = []
    asked, asks_to_block = _recommended(here, problems)
    found: list[Budget] = []
    for scope in SCOPES if branch is not None else ("day",):
        key = f"budget{scope}"
        if scope == "branch" and _LIMIT_OF_BRANCH in own:
            of_branch = Budget(scope, source="branch")
            found.append(_configured(own, _LIMIT_OF_BRANCH, f"branch.{branch}.", of_branch, problems))
        # A limit of `none` counts as set, so it also overrides the repository's recommendation.
        elif key in said:
            found.append(_configured(said, key, "tokcost.", Budget(scope, source="clone"), problems))
        else:
            found.append(asked.get(scope, Budget(scope)))
    verbose = truth(said.get("budgetverbose", ""))
    return Budgets(tuple(found), tuple(problems), bool(verbose), asks_to_block)


def may_block(worktree: Worktree) -> bool:
    """Whether a budget may have to stop a commit on some branch of this clone; a repository's recommendation never
    does."""
    return read_config(worktree.common_dir).has_setting(BUDGET_SETTINGS, BLOCK_SETTINGS)


def budget_of(worktree: Worktree, scope: Scope, branch: str = "") -> Budget:
    """The budget of a scope: for the branch of that name, for the branch that is checked out, or for any branch."""
    here = read_state(worktree)
    # No branch can be called `*` (git-check-ref-format(1)), so on a detached HEAD the limit for any branch is found.
    found = read_budgets(here, branch or here.branch or "*").found
    return next(one for one in found if one.scope == scope)


_LIMIT_OF_BRANCH = "tokcostbudget"
"""Beside git's own settings of a branch, so that git renames and deletes it together with the branch."""


def set_budget(worktree: Worktree, change: BudgetChange) -> None:
    """Write a budget into the clone's configuration. Raises `UsageError`, and `EnvironmentProblem` from git."""
    try:
        parse_limit(change.amount)
    except ValueError as refusal:
        raise UsageError(f"{refusal}", _HINT) from refusal
    if change.branch:
        _require_branch(worktree, change.branch)
    key = _key(change.scope, change.branch)
    _write_setting(worktree, key, change.amount.strip().removeprefix("$").lower())
    if change.blocks is not None:
        _write_setting(worktree, f"{key}Block", "true" if change.blocks else "false")
    if change.near is not None:
        _write_setting(worktree, f"{key}Near", str(change.near))


def unset_budget(worktree: Worktree, scope: Scope, branch: str = "") -> bool:
    """Remove a budget; returns whether there was one. Raises `EnvironmentProblem` from git."""
    key = _key(scope, branch)
    was_there = _unset(worktree, key)
    for part in ("Block", "Near"):
        _unset(worktree, f"{key}{part}")
    return was_there


def set_verbose(worktree: Worktree, verbose: bool) -> None:
    """Set whether the hook prints a line at every commit. Raises `EnvironmentProblem` from git."""
    _write_setting(worktree, "tokcost.budgetVerbose", "true" if verbose else "false")


_HINT = "For example: tokcost budget set 20 --branch; `none` instead of an amount removes the limit."


def _key(scope: Scope, branch: str) -> str:
    return f"branch.{branch}.tokcostBudget" if branch else f"tokcost.budget{scope.capitalize()}"


def _require_branch(worktree: Worktree, branch: str) -> None:
    known = local_branches(worktree.common_dir) or {}
    # A branch without commits has no ref, but HEAD names it.
    if branch not in known and branch != read_head(worktree).branch:
        raise UsageError(
            f"there is no branch {branch}",
            "`git branch` lists them; without a name, the budget applies to every branch.",
        )


def _configured(said: Mapping[str, str], key: str, prefix: str, empty: Budget, problems: list[str]) -> Budget:
    """A budget in git's configuration. Without a readable limit there is no budget, but a problem."""

    def parsed(name: str, parse: Callable[[str], Any], default: Any) -> Any:
        try:
            return parse(said[name]) if name in said else default
        except ValueError as refusal:
            problems.append(f"{prefix}{name} in this clone's configuration: {refusal}")
            return default

    limit = parsed(key, parse_limit, None)
    return empty._replace(
        limit=limit, blocks=parsed(f"{key}block", _yes_or_no, False), near=parsed(f"{key}near", parse_near, NEAR)
    )


def _yes_or_no(text: str) -> bool:
    if (said := truth(text)) is None:
        raise ValueError(f"{shown(text)} is neither true nor false")
    return said


def _recommended(here: CloneState, problems: list[str]) -> tuple[dict[Scope, Budget], bool]:
    """The limit that the repository recommends, and whether it asks commits to stop."""
    try:
        table = policy_table(here, "budget")
        unknown = sorted(table.keys() - set(_KEYS))
        if unknown:
            near = did_you_mean(unknown[0], _KEYS)
            raise ValueError(f"unknown key {shown(unknown[0])} (known: {', '.join(_KEYS)}){near}")
        near = parse_near(_decimal("near", table.get("near", NEAR)))
        asks_to_block = _asks_to_block(table.get("block", False))
        scopes: list[Scope] = [scope for scope in SCOPES if scope in table]
        found: dict[Scope, Budget] = {
            scope: Budget(scope, parse_limit(_decimal(scope, table[scope])), False, near, "repository")
            for scope in scopes
        }
    except (SettingsDamaged, ValueError) as damage:
        path = os.path.join(here.worktree.path, POLICY_FILE)
        problems.append(damage.told if isinstance(damage, SettingsDamaged) else f"[budget] in {path}: {damage}")
        return {}, False
    return found, asks_to_block


def _decimal(key: str, value: Any) -> str:
    """A number as it was written: TOML's floats are binary and cannot be exact."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(f'{key} = {shown(value)} must be in quotes, for example {key} = "20"')
    if isinstance(value, int) and value.bit_length() > 64:  # Python refuses to format thousands of digits
        raise ValueError(f'{key} = {shown(value)} is not an amount, for example {key} = "20"')
    return str(value)


def _asks_to_block(value: Any) -> bool:
    return value if isinstance(value, bool) else _yes_or_no(value if isinstance(value, str) else shown(value))


def _write_setting(worktree: Worktree, key: str, value: str) -> None:
    # Without --replace-all, git refuses to write a setting that somebody has set several times.
    run_git(["config", "--local", "--replace-all", key, value], git_folder(worktree))


def _unset(worktree: Worktree, key: str) -> bool:
    try:
        run_git(["config", "--local", "--unset-all", key], git_folder(worktree))
    except GitFailed as failure:
        if failure.code != _MISSING:
            raise
        return False
    return True
