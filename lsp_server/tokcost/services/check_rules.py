"""The rules that apply to a branch's present state."""

import time
from collections.abc import Sequence
from pathlib import Path

from tokcost.history.areas import by_globs
from tokcost.ledger.open import Ledger
from tokcost.ledger.requests import source_paths
from tokcost.ledger.rule_sums import RuleScope, matched
from tokcost.model.local_day import midnight_ms
from tokcost.model.rules import Heard, Rule, heard
from tokcost.model.worktree import CloneState
from tokcost.policy.clone_state import takes_estimates
from tokcost.policy.rules import read_rules
from tokcost.readers.registry import subagents_among
from tokcost.repo.changed_paths import changed_paths
from tokcost.usage.known_worktrees import repository_of


def check_rules(ledger: Ledger, home: Path, here: CloneState) -> list[Heard]:
    """The rules of the repository and the user that are broken on the branch that is checked out, those that are
    nearly broken, and those that cannot be evaluated because usage has no price."""
    branch = here.branch
    asked = [rule for rule in read_rules(home, here).found if rule.is_for(branch)]
    if not asked:
        return []
    # Few rules ask about sub-agents, and there may be ten thousand logs to compare.
    agents = subagents_among(source_paths(ledger)) if any(rule.subagent is not None for rule in asked) else []
    span, estimates = (
        RuleScope(repository_of(ledger, here.worktree).id, branch, midnight_ms(time.time_ns() // 1_000_000)),
        takes_estimates(here.config),
    )
    found = heard([(rule, matched(ledger, rule, span, agents, takes_estimates=estimates)) for rule in asked])
    return _where_paths_fit(found, here)


def _where_paths_fit(found: Sequence[Heard], here: CloneState) -> list[Heard]:
    """The rules whose path conditions are met. git is asked only if there are such conditions; if it cannot answer,
    these rules are ignored."""
    if not any(one.rule.needs_paths for one in found):
        return list(found)
    paths = changed_paths(here.worktree)
    return [one for one in found if not one.rule.needs_paths or (paths is not None and _fits(one.rule, paths))]


def _fits(rule: Rule, paths: Sequence[str]) -> bool:
    inside = not rule.areas or _any_in(rule.areas, paths)
    return inside and not (rule.outside and _any_in(rule.outside, paths))


_INSIDE = "\0"
"""A name that no folder can have."""


def _any_in(patterns: Sequence[str], paths: Sequence[str]) -> bool:
    try:
        area = by_globs({_INSIDE: patterns})
    except ValueError:
        return False  # a pattern that is too long to compare
    return any(area(path) == _INSIDE for path in paths)
