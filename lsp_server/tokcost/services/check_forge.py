"""`tokcost doctor --forge`: finds out from history whether lines get lost when requests are merged.

A squash commit is compared with the branch it came from, if that still exists: as the forge's own ref of the request,
or as a branch with the same files. A missing line in a single commit reveals no more than the messages do. Shares of
commits are reported only if enough people committed.
"""

import re
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import NamedTuple

from tokcost.history.merge_subjects import squash_number
from tokcost.history.privacy.contributors import count_people
from tokcost.history.read_history import carried, reach, read_branches, read_history
from tokcost.history.report_policy import read_report_policy
from tokcost.model.changes import Carrier, Graph
from tokcost.model.checks import Check
from tokcost.repo.history import (
    FirstParentCommit,
    Range,
    Repository,
    all_refs,
    default_range,
    find_repository,
    newest_steps,
    read_authors,
    remote_address,
    trees,
)
from tokcost.reports.amounts import percent
from tokcost.reports.text import counted
from tokcost.services.look_at_clone import folder_of_history

_MOST_STEPS = 5_000
_REQUEST = re.compile(
    r"(?:^|/)(?:pull|pulls|pull-requests|merge-requests|merge_requests|pr|mr)/([0-9]{1,9})(?:/(?:head|from))?$"
)
"""The names that forges, and people who fetch from them, give to the branch of a request."""


class _Forge(NamedTuple):
    name: str
    setting: str
    fetch: str = ""
    """The refspec with which `git fetch` gets the branches of the forge's requests."""


_GITHUB = _Forge(
    "GitHub",
    'Settings, General, Pull Requests, Allow squash merging: choose "Pull request title and commit details".',
    "refs/pull/*/head:refs/remotes/origin/pull/*",
)
_GITLAB = _Forge(
    "GitLab",
    "Settings, Merge requests, Squash commit message template: add a line with %{all_commits}.",
    "refs/merge-requests/*/head:refs/remotes/origin/merge-requests/*",
)
_FORGES = {
    "github": _GITHUB,
    "gitlab": _GITLAB,
    "bitbucket": _Forge(
        "Bitbucket", "Leave the lines in the message that the merge dialog offers, or merge without squash."
    ),
    "gerrit": _Forge("Gerrit", "A change is one commit and keeps its message: nothing to set."),
    "review.": _Forge("Gerrit", "A change is one commit and keeps its message: nothing to set."),
    "gitea": _Forge("Gitea", "On the server: POPULATE_SQUASH_COMMENT_WITH_COMMIT_MESSAGES = true."),
    "forgejo": _Forge("Forgejo", "On the server: POPULATE_SQUASH_COMMENT_WITH_COMMIT_MESSAGES = true."),
    "codeberg": _Forge(
        "Forgejo", "Leave the lines in the message that the merge dialog offers, or merge without squash."
    ),
}
_UNKNOWN = _Forge("not known", "docs/forges.md says for each forge which setting keeps the lines.")


class _Squash(NamedTuple):
    """A squash commit, and the branch it came from if that exists."""

    step: FirstParentCommit
    number: int | None
    tip: str


class _Branches(NamedTuple):
    """The commits that are not merged unchanged: their graph, their lines, and their tips by request number and by
    tree."""

    graph: Graph
    carriers: Mapping[str, Carrier]
    by_number: Mapping[int, str]
    by_tree: Mapping[str, str]

    def ids(self, tip: str) -> set[str]:
        """The claims that a branch carries."""
        return {line.id for line in carried(self.graph, tip, self.carriers)}

    def starts(self, tip: str) -> set[str]:
        """The commits at which a branch left the reported history."""
        return {parent for commit in reach(self.graph, tip) for parent in self.graph[commit]} - self.graph.keys()


def forge_checks(folder: Path, cache: Path) -> list[Check]:
    """The checks of a forge's effect on cost lines. Raises `UsageError`, `EnvironmentProblem`."""
    repository = find_repository(folder_of_history(folder))
    span = default_range(repository)
    forge = _forge(remote_address(repository), all_refs(repository))
    told = read_history(repository, cache, span)
    carriers = {one.carrier.commit: one.carrier for one in told.placed if one.carrier.lines}
    steps = newest_steps(repository, span, _MOST_STEPS)
    branches = _branches(repository, span)
    squashes = _squashes(branches, steps)
    checks = [Check("forge", forge.name, hint="" if squashes else forge.setting)]
    if not squashes:
        looked = f"none among the newest {counted(len(steps), 'commit')} of {span.text}"
        return [*checks, Check("squash commits", f"{looked}: merges and rebases keep the lines")]
    checks.append(
        Check("squash commits", f"{len(squashes):,} of the newest {counted(len(steps), 'commit')} of {span.text}")
    )
    checks += _compared(branches, squashes, {line.id for one in carriers.values() for line in one.lines}, forge)
    least = read_report_policy(repository, span.tips[0]).contributors
    return checks + _shares(repository, steps, {one.step.commit for one in squashes}, carriers.keys(), least)


def _forge(address: str, refs: Mapping[str, str]) -> _Forge:
    """The forge, from the name of the remote's host, else from refs that only one forge has."""
    host = re.sub(r"^\w+://|^[^@/]*@", "", address).split("/")[0].rpartition("@")[2].lower()
    for word, forge in _FORGES.items():
        if word in host:
            return forge
    found = ((_GITHUB, "pull/"), (_GITLAB, "merge-requests/"), (_FORGES["gerrit"], "changes/"))
    # The host of a company's own server has any name; its refs are there if somebody has fetched them.
    return next((forge for forge, start in found if any(f"/{start}" in name for name in refs)), _UNKNOWN)


def _branches(repository: Repository, span: Range) -> _Branches:
    """Every branch with commits beyond the reported history."""
    refs = {name: tip for name, tip in all_refs(repository).items() if not name.startswith("refs/tags/")}
    beyond = Range("", tuple(dict.fromkeys(refs.values())), span.tips)
    carriers, graph = read_branches(repository, beyond)
    tips = {name: tip for name, tip in refs.items() if tip in graph}
    numbers = {int(found[1]): tip for name, tip in tips.items() if (found := _REQUEST.search(name))}
    same = {tree: tip for tip, tree in trees(repository, dict.fromkeys(tips.values())).items()}
    return _Branches(graph, carriers, numbers, same)


def _squashes(branches: _Branches, steps: Sequence[FirstParentCommit]) -> list[_Squash]:
    """Squash commits, found by the number in the subject, or by a branch with exactly the same files that did not
    start there."""
    squashes: list[_Squash] = []
    for step in steps:
        number = squash_number(step.subject)
        tip = branches.by_number.get(number, "") if number is not None else ""
        same = branches.by_tree.get(step.tree, "")
        if not tip and same and step.commit not in branches.starts(same):
            tip = same
        if number is not None or tip:
            squashes.append(_Squash(step, number, tip))
    return squashes


def _compared(branches: _Branches, squashes: Sequence[_Squash], known: set[str], forge: _Forge) -> list[Check]:
    """The lines that the branches have and the reported history lacks."""
    lost: dict[str, set[str]] = {}
    kept = 0
    for one in squashes:
        ids = branches.ids(one.tip) if one.tip else set[str]()
        if missing := ids - known:
            lost[_name(one)] = missing
        kept += bool(ids) and not missing
    gone = sum(not one.tip for one in squashes)
    checks: list[Check] = []
    if lost:
        what = f"{counted(len(set[str]().union(*lost.values())), 'line')} of {counted(len(lost), 'squash commit')}"
        some = ", ".join(list(lost)[:3]) + (", …" if len(lost) > 3 else "")
        checks.append(Check("lost on merge", f"{what} ({some})", True, forge.setting))
    else:
        checks.append(Check("lost on merge", "nothing that can be seen here"))
    if kept:
        checks.append(Check("kept", f"{counted(kept, 'squash commit')} with every line of its branch"))
    if gone:
        hint = f"`git fetch origin '{forge.fetch}'` brings them, where the forge still has them." if forge.fetch else ""
        checks.append(
            Check("not known", f"{counted(gone, 'squash commit')} whose branch is not in this clone", hint=hint)
        )
    return checks


def _name(one: _Squash) -> str:
    return f"#{one.number}" if one.number is not None else one.step.commit[:10]


def _shares(
    repository: Repository, steps: Sequence[FirstParentCommit], squashed: Set[str], with_line: Set[str], least: int
) -> list[Check]:
    """Compare the shares of squash commits and of other commits that carry a line, if each share covers enough
    people."""
    others = {step.commit for step in steps} - squashed
    for commits in (squashed, others):
        if count_people(read_authors(repository, commits).values()) < least:
            return []
    squash, other = (percent(len(commits & with_line), len(commits)) for commits in (squashed, others))
    return [Check("with a line", f"{squash} of the squash commits, {other} of the others")]
