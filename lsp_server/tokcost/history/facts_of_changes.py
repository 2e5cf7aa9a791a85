"""Facts about merged changes besides their lines: title, areas, size, type, issues, and the release that contains
each."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from tokcost.history.areas import shares
from tokcost.history.issue_references import MOST_ISSUES, SEVERAL, issues_of
from tokcost.history.merge_subjects import merged_branch, read_title
from tokcost.history.privacy.groups import Facts
from tokcost.history.read_history import Told
from tokcost.history.report_policy import ReportPolicy, area_of
from tokcost.history.work_types import NO_TYPE, type_of
from tokcost.model.changes import Change, ChangeTitle
from tokcost.model.trailer import Line
from tokcost.repo.history import Range, Repository, first_parents, read_files, read_messages_of, tags

_MOST_CHANGES = 20_000
"""The maximum number of changes whose files are read: more would take minutes."""


def read_titles(repository: Repository, told: Told) -> dict[str, ChangeTitle]:
    """The title of each step."""
    steps = dict.fromkeys(one.step for one in told.placed)
    return {step: read_title(text, time) for step, time, text in read_messages_of(repository, steps)}


_WHOLE = "a clone without --filter has them"


def read_facts(
    repository: Repository, span: Range, changes: Sequence[Change], policy: ReportPolicy, notes: list[str]
) -> Facts:
    """Everything by which changes are grouped; `notes` receives what could not be determined, and why."""
    types, issues = _words(repository, changes, policy)
    named = _tags(repository, span, changes)
    if len(changes) > _MOST_CHANGES:
        notes.append(
            f"not grouped by area or size: {len(changes):,} changes are too many to read one by one; use a shorter"
            f" range"
        )
        return Facts({}, {}, named, types, issues)
    files = read_files(repository, [change.commit for change in changes])
    if changes and not files:
        notes.append(f"this partial clone does not have the files: so nothing is grouped by area or size; {_WHOLE}")
    elif not all(one.counted for one in files.values()):
        notes.append(
            f"this partial clone has no contents: so areas are split by number of files, and nothing is grouped by"
            f" size; {_WHOLE}"
        )
    area = area_of(repository, span.tips[0], policy, notes)
    return Facts(
        {commit: shares(one.paths, area) for commit, one in files.items()},
        {commit: sum(one.paths.values()) for commit, one in files.items() if one.counted},
        named,
        types,
        issues,
    )


class _Said(NamedTuple):
    """The type and the issues named by one message."""

    type: str
    issues: tuple[str, ...]


def _words(
    repository: Repository, changes: Sequence[Change], policy: ReportPolicy
) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    """Type and issues of each change, from its own message. What is missing there, as often in a merge, comes from
    the commits that it brought in."""
    said = dict(_read(repository, {one.commit: one.title for one in changes}, policy))
    silent = [one for one in changes if said[one.commit].type == NO_TYPE or not said[one.commit].issues]
    # Only these messages are read: most changes say everything themselves.
    inner = {commit: None for one in silent for commit in one.carriers if commit not in said}
    brought = dict(_read(repository, inner, policy))
    types: dict[str, str] = {}
    issues: dict[str, tuple[str, ...]] = {}
    for change in changes:
        own = said[change.commit]
        within = [(brought[commit], line) for commit, line in zip(change.carriers, change.lines, strict=True)
                  if commit in brought]  # fmt: skip
        types[change.commit] = own.type if own.type != NO_TYPE else _most_expensive(within)
        named = own.issues or tuple(dict.fromkeys(issue for one, _ in within for issue in one.issues))
        if named:
            issues[change.commit] = named if len(named) <= MOST_ISSUES else (SEVERAL,)
    return types, issues


def _most_expensive(said: Iterable[tuple[_Said, Line]]) -> str:
    """The type with the highest cost."""
    costs: dict[str, int] = {}
    for one, line in said:
        if one.type != NO_TYPE:
            costs[one.type] = costs.get(one.type, 0) + (line.cost or 0)
    return max(sorted(costs), key=lambda name: costs[name], default=NO_TYPE)  # sorted: a tie has one result


def _read(
    repository: Repository, titles: Mapping[str, ChangeTitle | None], policy: ReportPolicy
) -> Iterator[tuple[str, _Said]]:
    for commit, time, message in read_messages_of(repository, titles):
        title = titles[commit] or read_title(message, time)
        branch = merged_branch(message)
        issues = issues_of(message, title.subject, branch, title.number)
        yield commit, _Said(type_of(title.subject, branch, policy.types), issues)


def _tags(repository: Repository, span: Range, changes: Sequence[Change]) -> dict[str, str]:
    """The first release that contains each change. Only tags on the range's own line count."""
    line = first_parents(repository, span)[::-1]
    position = {commit: number for number, commit in enumerate(line)}
    found = sorted((position[tip], name) for name, tip in tags(repository).items() if tip in position)
    if not found:
        return {}
    places = [place for place, _ in found]
    named: dict[str, str] = {}
    for change in changes:
        if change.commit in position:
            at = bisect_left(places, position[change.commit])
            named[change.commit] = found[at][1] if at < len(found) else "(unreleased)"
    return named
