"""Rules of a repository (`[[rules]]` in `.tokcost.toml`, for everybody) and of the user (`config.toml` beside the
ledger).

A rule publishes nothing and runs nothing. It can stop only an assistant's run, if the guard was installed with
`--block` and the amount is the user's own.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast

from tokcost.errors import of_file
from tokcost.files.foreign import MOST, read_bounded, shown
from tokcost.files.toml import TomlDamaged, read_toml
from tokcost.model.budget import parse_limit
from tokcost.model.near import did_you_mean
from tokcost.model.rules import KINDS, PERS, Rule, Source
from tokcost.model.worktree import CloneState
from tokcost.policy.repository_file import POLICY_FILE
from tokcost.settings import CONFIG_FILE

KEYS = ("name", "say", "branch", "model", "assistant", "subagent", "context", "kind", "per", "over", "area", "outside")
# Others write a repository's file, and its rules are evaluated at each commit and prompt: these limits bound the time.
_MOST_RULES = 50
_MOST_PATTERNS = 50
_MOST_CHARACTERS = 200
_MOST_STARS = 3
"""The maximum number of stars in a pattern: the time of matching grows with this power of a name's length."""
_MOST_CONTEXT = 1 << 40


class Rules(NamedTuple):
    """The rules in force, and the problems of those that cannot be parsed."""

    found: tuple[Rule, ...] = ()
    problems: tuple[str, ...] = ()


def read_rules(home: Path, here: CloneState) -> Rules:
    """All rules for a clone, the user's own first. A problem with one rule disables no other."""
    own = read_own_rules(home)
    found, problems = list(own.found), list(own.problems)
    if here.policy_problem and b"rules" in here.policy:
        problems.append(here.policy_problem.told)
    _add(here.policy, os.path.join(here.worktree.path, POLICY_FILE), "repository", found, problems)
    return Rules(tuple(found), tuple(problems))


def read_own_rules(home: Path) -> Rules:
    """The user's own rules, which apply in every repository."""
    found: list[Rule] = []
    problems: list[str] = []
    path = os.path.join(home, CONFIG_FILE)
    try:
        _add(read_bounded(path, MOST), path, "own", found, problems)
    except FileNotFoundError:
        pass
    except OSError as error:
        problems.append(of_file(path, "cannot be read", error).told)
    return Rules(tuple(found), tuple(problems))


def _add(data: bytes, path: str, source: Source, found: list[Rule], problems: list[str]) -> None:
    if b"rules" not in data:
        return
    try:
        tables: Any = read_toml(data).get("rules", [])
        if not isinstance(tables, list) or len(cast(list[Any], tables)) > _MOST_RULES:
            raise TomlDamaged(f"rules is not a list of [[rules]] tables, or has more than {_MOST_RULES}")
    except TomlDamaged as damage:
        problems.append(f"{path} cannot be parsed: {damage}")
        return
    for number, table in enumerate(cast(list[Any], tables), start=1):
        try:
            found.append(_rule(table, source))
        except ValueError as refusal:
            name = cast(Mapping[str, Any], table).get("name") if isinstance(table, dict) else None
            which = f"rule {shown(name)}" if isinstance(name, str) else f"rule {number}"
            problems.append(f"{which} in {path}: {refusal}")


def _rule(table: Any, source: Source) -> Rule:
    if not isinstance(table, dict):
        raise ValueError("it is not a table: begin it with a line [[rules]]")
    told = cast(Mapping[str, Any], table)
    unknown = sorted(told.keys() - set(KEYS))
    if unknown:
        raise ValueError(f"unknown key {shown(unknown[0])} (known: {', '.join(KEYS)}){did_you_mean(unknown[0], KEYS)}")
    rule = Rule(
        _text(told, "name"),
        source,
        _text(told, "say"),
        _patterns(told, "branch"),
        tuple(one.lower() for one in _patterns(told, "model")),
        _patterns(told, "assistant"),
        _subagent(told.get("subagent")),
        _context(told.get("context")),
        _one_of(told, "kind", ("", *KINDS)),
        _one_of(told, "per", PERS),
        _over(told.get("over")),
        _paths(told, "area"),
        _paths(told, "outside"),
    )
    if not rule.name:
        raise ValueError('it has no name: give it one, for example name = "large context"')
    return rule


def _text(table: Mapping[str, Any], key: str) -> str:
    text = table.get(key, "")
    if not isinstance(text, str) or len(text) > _MOST_CHARACTERS:
        raise ValueError(f"{key} = {shown(text)} is not a text of at most {_MOST_CHARACTERS} characters")
    return text.strip()


def _patterns(table: Mapping[str, Any], key: str) -> tuple[str, ...]:
    found = _paths(table, key)
    for pattern in found:
        # In SQLite's GLOB, which matches models, a bracket begins a set of characters.
        if pattern.count("*") > _MOST_STARS or "[" in pattern:
            raise ValueError(f"{key}: {shown(pattern)} has more than {_MOST_STARS} stars, or brackets")
    return found


def _paths(table: Mapping[str, Any], key: str) -> tuple[str, ...]:
    said = table.get(key, [])
    several: list[Any] = cast(list[Any], said) if isinstance(said, list) else [said]
    if len(several) > _MOST_PATTERNS or not all(
        isinstance(one, str) and 0 < len(one) <= _MOST_CHARACTERS for one in several
    ):
        raise ValueError(f'{key} is not a pattern or a list of patterns, for example {key} = ["exp/*"]')
    return tuple(several)


def _subagent(said: Any) -> bool | None:
    if said is not None and not isinstance(said, bool):
        raise ValueError(f"subagent = {shown(said)} is neither true nor false")
    return said


def _context(said: Any) -> int | None:
    if said is None:
        return None
    # In Python `true` of TOML is an int.
    if not isinstance(said, int) or isinstance(said, bool) or not 0 <= said <= _MOST_CONTEXT:
        raise ValueError(f"context = {shown(said)} is not a number of tokens, for example context = 200000")
    return said


def _over(said: Any) -> int | None:
    if said is None:
        return None
    # A float of TOML is binary and cannot be an exact amount.
    if not isinstance(said, str):
        raise ValueError(f'over = {shown(said)} must be in quotes, for example over = "5"')
    return parse_limit(said)


def _one_of(table: Mapping[str, Any], key: str, choices: tuple[Any, ...]) -> Any:
    said = table.get(key, choices[0])
    if said not in choices:
        raise ValueError(f"{key} = {shown(said)} is not one of {', '.join(one for one in choices if one)}")
    return said
