"""The commits that carry each branch's usage, including merged and deleted branches.

The ledger knows which usage a commit carries. git is asked only for subjects and branches of commits, and only where
there are claims.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tokcost.ledger.commits import Held
from tokcost.model.figures import BranchRow, CommitRow
from tokcost.repo.whereabouts import About, about_commits, branches_of

Carriers = Mapping[int, list[tuple[int, str]]]


class GitQuestion(NamedTuple):
    """A question to git about one repository."""

    common_dir: str
    default: str | None
    listed: bool
    """Whether commits are going to be shown, so that their subjects and times are needed too."""


class Seen(NamedTuple):
    """git's answer about the commits."""

    default: str | None
    branches: dict[str, str]
    about: dict[str, About]

    def on_default(self, commit: str) -> bool:
        """Whether the default branch contains the commit, here or at the remote."""
        return self.default is not None and self.branches.get(commit) in (self.default, f"origin/{self.default}")

    def rank(self, branch: str, commit: str) -> tuple[bool, bool, int, str]:
        """The rank of a commit among several with the same claim, best first: on the branch itself, then on the
        default branch, then by order."""
        time_ms = self.about[commit].time_ms if commit in self.about else 0
        return (self.branches.get(commit) != branch, not self.on_default(commit), time_ms, commit)


def list_commits(held: list[Held], carried_by: Carriers, rows: Mapping[str, BranchRow], question: GitQuestion) -> None:
    """Fill in the commits of each branch, and where its changes went."""
    seen = _ask_git(held, carried_by, question)
    by_branch: dict[str, list[Held]] = {}
    for one in held:
        by_branch.setdefault(one.branch, []).append(one)
    for branch, ones in by_branch.items():
        row = rows[branch]
        row.lost = (sum(one.lost_tokens for one in ones), sum(one.lost_list_cost for one in ones))
        carried = [one for one in ones if one.carried]
        row.commits = _commits(branch, carried, carried_by, seen)
        if branch != question.default:
            _tell_where(row, carried, carried_by, seen)


def _ask_git(held: list[Held], carried_by: Carriers, question: GitQuestion) -> Seen:
    """Ask git about no more commits than will be shown."""
    wanted: dict[str, None] = {}
    for one in held:
        among = carried_by.get(one.claim, [])
        if question.listed or one.branch != question.default or len(among) > 1:
            wanted.update((commit, None) for _, commit in among)
    about = about_commits(question.common_dir, wanted) if question.listed else {}
    return Seen(question.default, branches_of(question.common_dir, wanted, question.default), about)


def _commits(branch: str, carried: list[Held], carried_by: Carriers, seen: Seen) -> list[CommitRow]:
    rows: dict[str, CommitRow] = {}
    newest: dict[str, int] = {}
    for one in carried:
        among = carried_by.get(one.claim, [])
        chosen = min(_newest(one, among), key=lambda commit: seen.rank(branch, commit), default="")
        row = rows.setdefault(chosen, CommitRow(chosen))
        row.claims[one.name] = one.carried
        row.list_cost += one.list_cost
        row.tokens += one.tokens
        row.unpriced_tokens += one.unpriced_tokens
        row.published = row.published or one.fate != "bound"
        row.copies.update((commit, seen.branches.get(commit, "")) for _, commit in among if commit != chosen)
        newest[chosen] = one.claim
    for row in rows.values():
        row.branch = seen.branches.get(row.commit, "")
        if row.commit in seen.about:
            row.subject, row.time_ms = seen.about[row.commit]
    return sorted(rows.values(), key=lambda row: (-(row.time_ms or 0), -newest[row.commit]))


def _newest(one: Held, among: Iterable[tuple[int, str]]) -> list[str]:
    """The commits that carry the newest carried version of a claim."""
    return [commit for version, commit in among if version == one.carried]


def _tell_where(row: BranchRow, carried: list[Held], carried_by: Carriers, seen: Seen) -> None:
    """Record where a branch's changes are now, if they are elsewhere.

    If the default branch has fewer commits than the branch had, they were squashed. An equal number may be copies of a
    branch that still exists, and says nothing about the branch itself.
    """
    landed: set[str] = set()
    for one in carried:
        there = [commit for commit in _newest(one, carried_by.get(one.claim, [])) if seen.on_default(commit)]
        # One claim elsewhere is enough: only a part of the branch has landed.
        if not there:
            if row.state == "deleted":
                row.carried_on = tuple(dict.fromkeys(commit.branch for commit in row.commits if commit.branch))
            return
        landed.update(there)
    row.carried_on = tuple(dict.fromkeys(seen.branches[commit] for commit in sorted(landed)))
    # A squash leaves the branch's own commits outside of the default branch, so git does not call it merged.
    own = [commit for commit in row.commits if not seen.on_default(commit.commit)]
    if row.state == "active" and not row.current and own and len(landed) < len(row.commits):
        row.state, row.squashed = "merged", True
