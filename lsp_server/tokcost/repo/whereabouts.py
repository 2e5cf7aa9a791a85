"""A commit as shown to people: its subject, its age, and a branch that contains it."""

import os
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tokcost.errors import EnvironmentProblem
from tokcost.repo.head import ref_text
from tokcost.repo.moments import moment_of
from tokcost.repo.run import run_git

_AT_ONCE = 10_000
"""Commits on one command line: half a megabyte, which every system accepts."""
# What name-rev adds to a ref (`main~3^2`): no ref's name contains these characters (git-check-ref-format(1)).
_STEPS = re.compile(r"[~^].*", re.DOTALL)


class About(NamedTuple):
    """A commit as shown in a list."""

    subject: str
    time_ms: int


def about_commits(common_dir: str, commits: Iterable[str], *, seconds: float = 60.0) -> dict[str, About]:
    """Subject and commit time of commits, from one git process; missing commits are left out, and all of them if git
    does not answer."""
    feed = "".join(f"{commit}\n" for commit in commits)
    asked = ["log", "-z", "--no-walk=unsorted", "--no-color", "--no-decorate",
             "--no-patch", "--encoding=UTF-8", "--format=%H %ct %s", "--ignore-missing", "--stdin"]  # fmt: skip
    try:
        text = run_git(asked, common_dir, feed=feed, seconds=seconds) if feed else ""
    except EnvironmentProblem:
        return {}
    words = (record.split(" ", 2) for record in text.split("\0") if record)
    return {commit: About(ref_text(os.fsencode(subject)), moment_of(time) * 1000) for commit, time, subject in words}


def branches_of(common_dir: str, commits: Iterable[str], default: str | None) -> dict[str, str]:
    """A branch that contains each commit: the default branch, here or at `origin`, if it does, else the local or remote
    one from which the commit is the fewest steps away.

    Commits on no branch are left out. Needs one to three git processes; after an error, nothing is known.
    """
    rest, found = list(commits), dict[str, str]()
    for branch, ref in ((default, f"refs/heads/{default}"), (f"origin/{default}", f"refs/remotes/origin/{default}")):
        if branch is not None and default is not None and rest:
            outside = _outside(common_dir, rest, ref)
            found.update((commit, branch) for commit in rest if commit not in outside)
            rest = [commit for commit in rest if commit in outside]
    return found | _named(common_dir, rest, ["refs/heads/*", "refs/remotes/*"])


def _outside(common_dir: str, commits: Sequence[str], ref: str) -> set[str]:
    """The commits among some that a ref does not reach: all of them if git lacks the ref or one of the commits."""
    feed = "".join(f"{one}\n" for one in [*commits, f"^{ref}"])
    try:
        return set(run_git(["rev-list", "--stdin"], common_dir, feed=feed, seconds=5).split())
    except EnvironmentProblem:
        return set(commits)


def _named(common_dir: str, commits: Sequence[str], refs: Sequence[str]) -> dict[str, str]:
    patterns = [f"--refs={ref}" for ref in refs]
    found: dict[str, str] = {}
    for start in range(0, len(commits), _AT_ONCE):
        asked = ["name-rev", *patterns, *commits[start : start + _AT_ONCE]]
        try:
            lines = run_git(asked, common_dir, seconds=5).split("\n")
        except EnvironmentProblem:
            return found
        for commit, _, name in (line.partition(" ") for line in lines):
            if name and name != "undefined":
                found[commit] = ref_text(os.fsencode(_STEPS.sub("", name).removeprefix("remotes/")))
    return found
