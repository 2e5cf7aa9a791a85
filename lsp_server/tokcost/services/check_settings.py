"""Checks all settings that commands read: files that cannot be parsed, and names that nothing reads."""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from tokcost.errors import SettingsDamaged, of_file
from tokcost.files.foreign import read_bounded, shown
from tokcost.files.toml import TomlDamaged, read_toml
from tokcost.model.checks import Check
from tokcost.model.near import did_you_mean, near_name
from tokcost.model.worktree import CloneState, Worktree, truth
from tokcost.policy.budgets import read_budgets
from tokcost.policy.clone_settings import OURS
from tokcost.policy.clone_state import read_state
from tokcost.policy.consent import read_policy
from tokcost.policy.known_settings import (
    BRANCH,
    CHOICES,
    CI_ENVIRONMENT,
    CLONE,
    ENVIRONMENT,
    INTERNAL_ENVIRONMENT,
    REPOSITORY_TABLES,
    TRUE_OR_FALSE,
    USER_CONFIG,
    USER_TABLES,
)
from tokcost.policy.repository_file import POLICY_FILE
from tokcost.policy.rules import read_own_rules, read_rules
from tokcost.repo.named_worktree import git_folder
from tokcost.repo.run import GitFailed, run_git
from tokcost.settings import CONFIG_FILE
from tokcost.usage.price_files import USER_FILE, price_problems

_REPAIR = "Repair the file, then run `tokcost doctor` again."
_REPAIR_PRICES = "Repair the file; `tokcost prices reprice` then corrects the prices of usage recorded meanwhile."
_REPAIR_RULE = "Repair the rule: docs/rules.md has every key. The other rules still apply."
_READ = "docs/settings.md lists every setting, and where it is read."


def check_settings(home: Path, environ: Mapping[str, str], here: Worktree | None) -> list[Check]:
    """All problems in the settings of the user, the clone and the surrounding repository; each is a finding."""
    state = read_state(here) if here is not None else None
    prices = price_problems(home, state.worktree.root if state else "")
    damaged = _damaged(home, state, prices)

    def repair(problem: str) -> str:
        return _REPAIR_PRICES if problem in prices else _REPAIR_RULE if problem.startswith("rule ") else _REPAIR

    checks = [Check("settings", problem, True, repair(problem)) for problem in damaged]
    unread = [
        *_unread_prices(home),
        *_unread_config(home),
        *(_unread_policy(state) if state else ()),
        *_configured(here),
        *_variables(environ),
    ]
    return checks + [Check("settings", problem, True, _READ) for problem in unread if problem not in damaged]


def _damaged(home: Path, state: CloneState | None, prices: list[str]) -> list[str]:
    """Files that cannot be parsed; each table is read separately."""
    found = list(prices)
    if state is not None:
        found += read_budgets(state, state.branch).problems
        found += read_rules(home, state).problems
        try:
            read_policy(state)
        except SettingsDamaged as problem:
            found.append(problem.told)
    else:
        found += read_own_rules(home).problems
    found = list(dict.fromkeys(found))
    # One file and one reason for several tables.
    return [one for one in found if not any(other != one and other.startswith(one) for other in found)]


def _unread_prices(home: Path) -> Iterator[str]:
    for other in sorted(home.glob("*.toml")):
        if other.name not in _USER_FILES:
            yield f"{other}: nothing reads this file{did_you_mean(other.name, _USER_FILES)}"
    path = home / USER_FILE
    try:
        yield from _unread_tables(str(path), _tables(read_bounded(str(path))), USER_TABLES)
    except OSError:
        return  # there is none, or it was named already


_USER_FILES = (USER_FILE, CONFIG_FILE)


def _unread_config(home: Path) -> Iterator[str]:
    path = str(home / CONFIG_FILE)
    try:
        tables = read_toml(read_bounded(path))
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        yield of_file(path, "cannot be read", error).told
        return
    except TomlDamaged as error:
        yield f"{path} cannot be parsed: {error}"
        return
    yield from _unread_tables(path, tables, USER_CONFIG)
    for name, keys in USER_CONFIG.items():
        yield from _unread_keys(path, name, tables.get(name), keys)
    text = cast(Mapping[str, Any], found).get("text") if isinstance(found := tables.get("estimates"), dict) else None
    if text not in (None, True, False):
        yield f"{path}: text in [estimates] is {shown(str(text))}, which is neither true nor false"


def _unread_keys(path: str, name: str, table: object, known: Iterable[str]) -> Iterator[str]:
    for key in map(str, cast(Mapping[str, Any], table) if isinstance(table, dict) else ()):
        if key not in known:
            yield f"{path}: nothing reads {shown(key)} in [{name}]{did_you_mean(key, known)}"


def _unread_policy(state: CloneState) -> Iterator[str]:
    for other in _LIKE_POLICY:
        if os.path.isfile(path := os.path.join(state.worktree.path, other)):
            yield f"{path}: nothing reads this file; did you mean {POLICY_FILE}?"
    path, tables = os.path.join(state.worktree.path, POLICY_FILE), _tables(state.policy)
    yield from _unread_tables(path, tables, REPOSITORY_TABLES)
    for name in ("trailers", "report"):
        yield from _unread_keys(path, name, tables.get(name), REPOSITORY_TABLES[name])


def _tables(data: bytes) -> Mapping[str, Any]:
    try:
        return read_toml(data)
    except TomlDamaged:
        return {}  # named already


def _unread_tables(path: str, tables: Mapping[str, Any], known: Iterable[str]) -> Iterator[str]:
    for name in tables:
        if name not in known:
            yield f"{path}: nothing reads [{shown(name).strip(_QUOTES)}]{did_you_mean(name, known)}"


_QUOTES = "'"
_LIKE_POLICY = ("tokcost.toml", ".tokcost", ".tokcost.yml", ".tokcost.yaml", ".tokcost.json")
"""Names that somebody may have given the repository's file by mistake."""


def _configured(here: Worktree | None) -> Iterator[str]:
    """Sentences about our settings in git's configuration that nothing reads, or not in that place: only a clone's
    own settings count."""
    question = ["config", "--show-scope", "--show-origin", "-z", "--get-regexp", OURS]
    # In `/` git reads no repository's settings, only those for all repositories.
    folder = git_folder(here) if here else "/"
    try:
        fields = run_git(question, folder).split("\0")
    except GitFailed:
        return  # there is none
    for scope, origin, item in zip(fields[::3], fields[1::3], fields[2::3], strict=False):
        said, _, value = item.partition("\n")
        path = os.path.realpath(os.path.join(folder, origin.removeprefix("file:")))
        if here and scope == "local" and path != os.path.realpath(os.path.join(here.common_dir, "config")):
            name = shown(said).strip(_QUOTES)
            yield f"{path}: git includes it, but {name} is read only from a clone's own configuration"
        else:
            yield from _wrong_with(scope, said, value)


def _wrong_with(scope: str, said: str, value: str) -> Iterator[str]:
    """Sentences about the problems of one setting, whose name git writes in lower case."""
    name, known = said.rpartition(".")[2], BRANCH if said.startswith("branch.") else CLONE
    prefix = said.removesuffix(name)
    canonical = next((one for one in known if one.lower() == name), "")
    if not canonical:
        yield f"git's configuration: nothing reads {prefix}{shown(name).strip(_QUOTES)}{did_you_mean(name, known)}"
    elif scope in ("global", "system"):
        yield f"git's configuration: {prefix}{canonical} is set for all repositories, but read only from a clone"
    elif prefix == "tokcost." and not _is_possible(name, value):
        first, second = CHOICES.get(name, ("true", "false"))
        yield f"git's configuration: {prefix}{canonical} is {shown(value)}, which is neither {first} nor {second}"


def _is_possible(name: str, value: str) -> bool:
    if name in TRUE_OR_FALSE:
        return truth(value) is not None
    return value.lower() in CHOICES.get(name, (value.lower(),))


def _variables(environ: Mapping[str, str]) -> Iterator[str]:
    known = (*ENVIRONMENT, *INTERNAL_ENVIRONMENT, *(f"TOKCOST_{name}" for name in CI_ENVIRONMENT))
    for name in sorted(environ):
        if name.startswith("TOKCOST") and name not in known:
            near = near_name(name, ENVIRONMENT)
            yield f"environment: nothing reads {name}" + (f"; did you mean {near}?" if near else "")
