"""Where the spend of each branch is, after real git did real things to its commits; the parts always add up."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from support.git_sandbox import GitSandbox
from support.hooked import REPLY, Hooked
from tokcost.model.figures import BranchRow, CommitRow
from tokcost.model.selection import Selection
from tokcost.reports.json import log_object
from tokcost.services.assign import assign
from tokcost.services.summarise import LogOptions, summarise

LINES = "/^AI-/d;/^  cache/d"


@pytest.fixture
def repo(tmp_path: Path) -> Hooked:
    hooked = Hooked(tmp_path, forks=True)
    hooked.change("root")
    hooked.git("commit", "-q", "-m", "root")
    hooked.switch("-c", "feat/x")
    return hooked


def rows(repo: Hooked, **options: Any) -> dict[str, BranchRow]:
    """What `tokcost log --json` knows, once it was seen to add up."""
    repo.log()
    (summary,) = summarise(repo.ledger_home, repo.path, LogOptions(lists_commits=True, **options))
    for row in json.loads(json.dumps(log_object(summary)))["branches"]:
        adds_up(row)
    return {row.branch: row for row in summary.branches}


def adds_up(row: dict[str, Any]) -> None:
    parts, commits = row["conservation"], row["commits"]
    assert len({commit["commit"] for commit in commits}) == len(commits)
    for part, whole in (("list_cost", row["list_cost"]), ("tokens", parts["total"]["tokens"])):
        held = sum(Decimal(commit[part]) for commit in commits)
        assert held + Decimal(parts["withheld"][part]) + Decimal(parts["pending"][part]) == Decimal(whole)
    assert row["pending_list_cost"] == parts["pending"]["list_cost"]


def only(row: BranchRow) -> CommitRow:
    (commit,) = row.commits
    return commit


def squash(repo: Hooked, branch: str, message: str) -> str:
    repo.switch("main")
    repo.run("merge", "-q", "--squash", branch)
    repo.hooked("-m", message)
    return repo.git("rev-parse", "HEAD")


def test_commits_are_listed_newest_first_with_what_each_carries(repo: Hooked) -> None:
    first, second = repo.work("One"), repo.work("Two")
    repo.spend()
    row = rows(repo)["feat/x"]
    assert [(one.commit, one.subject, one.tokens) for one in row.commits] == [
        (second, "Two", REPLY),
        (first, "One", REPLY),
    ]
    assert all(one.published and one.branch == "feat/x" and not one.copies for one in row.commits)
    assert row.commits[0].time_ms == 1000 * int(repo.git("log", "-1", "--format=%ct", row.commits[0].commit))
    assert row.parts.pending[0] == REPLY
    assert (row.carried_on, row.state) == ((), "active")


def test_an_amended_commit_carries_the_newest_version_alone(repo: Hooked) -> None:
    repo.work("One")
    repo.spend()
    repo.hooked("--amend", "--no-edit")
    commit = only(rows(repo)["feat/x"])
    assert (list(commit.claims.values()), commit.tokens) == ([2], 2 * REPLY)


def test_the_commit_before_an_amend_is_a_copy_that_adds_nothing(repo: Hooked) -> None:
    old = repo.work("One")
    repo.git("branch", "backup")
    repo.spend()
    repo.hooked("--amend", "--no-edit")
    commit = only(rows(repo)["feat/x"])
    assert commit.tokens == 2 * REPLY
    assert commit.copies == {old: "backup"}


def test_the_newest_version_counts_even_where_the_branch_itself_has_an_older_one(repo: Hooked) -> None:
    old = repo.work("One")
    repo.spend()
    repo.hooked("--amend", "--no-edit")
    raised = repo.git("rev-parse", "HEAD")
    repo.git("branch", "other")
    repo.git("reset", "-q", "--hard", old)
    commit = only(rows(repo)["feat/x"])
    assert (commit.commit, commit.branch, commit.tokens) == (raised, "other", 2 * REPLY)
    assert commit.copies == {old: "feat/x"}


def test_a_merged_branch_has_its_commits_on_the_default_branch(repo: Hooked) -> None:
    commit = repo.work("One")
    repo.switch("main")
    repo.run("merge", "-q", "--no-ff", "-m", "Merge", "feat/x")
    row = rows(repo)["feat/x"]
    assert (row.state, row.squashed, row.carried_on) == ("merged", False, ("main",))
    assert (only(row).commit, only(row).branch) == (commit, "main")


def test_a_squashed_branch_keeps_its_commits_and_names_the_squash(repo: Hooked) -> None:
    own = [repo.work("One"), repo.work("Two")]
    into = squash(repo, "feat/x", "Both")
    row = rows(repo)["feat/x"]
    assert (row.state, row.squashed, row.carried_on) == ("merged", True, ("main",))
    assert [one.commit for one in row.commits] == own[::-1]
    assert all(one.copies == {into: "main"} and one.tokens == REPLY for one in row.commits)


def test_a_squashed_branch_that_is_gone_is_in_the_squash(repo: Hooked) -> None:
    repo.work("One")
    repo.work("Two")
    into = squash(repo, "feat/x", "Both")
    repo.git("branch", "-q", "-D", "feat/x")
    row = rows(repo)["feat/x"]
    assert (row.state, row.carried_on) == ("deleted", ("main",))
    assert (only(row).commit, only(row).tokens, len(only(row).claims)) == (into, 2 * REPLY, 2)


def test_a_squash_made_by_a_forge_is_on_the_remote_branch(repo: Hooked, tmp_path: Path) -> None:
    repo.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    repo.git("clone", "-q", "--bare", str(repo.path), str(tmp_path / "origin.git"))
    repo.work("One")
    message = repo.message()
    forge = GitSandbox(tmp_path / "forge", init=False)
    repo.git("clone", "-q", str(tmp_path / "origin.git"), str(forge.path))
    forge.git("switch", "-q", "main")
    forge.git("commit", "-q", "--allow-empty", "-m", f"Merged (#1)\n\n* {message}")
    forge.git("push", "-q", "origin", "main")
    repo.switch("main")
    repo.git("branch", "-q", "-D", "feat/x")
    repo.git("fetch", "-q")
    row = rows(repo)["feat/x"]
    assert (row.carried_on, only(row).branch, only(row).subject) == (("origin/main",), "origin/main", "Merged (#1)")


def test_a_copy_on_a_branch_that_lives_on_says_nothing_of_the_branch(repo: Hooked) -> None:
    own = repo.work("One")
    repo.switch("main")
    repo.git("commit", "-q", "--allow-empty", "-m", "Meanwhile")
    repo.run("cherry-pick", own)
    row = rows(repo)["feat/x"]
    assert (row.state, row.squashed, row.carried_on) == ("active", False, ("main",))
    assert only(row).commit == own
    assert list(only(row).copies.values()) == ["main"]


def test_a_backport_counts_once_and_at_the_branch_itself(repo: Hooked) -> None:
    own = repo.work("One")
    repo.switch("-c", "release", "main")
    repo.git("commit", "-q", "--allow-empty", "-m", "Meanwhile")
    repo.run("cherry-pick", own)
    row = rows(repo)["feat/x"]
    assert (only(row).commit, only(row).tokens, row.carried_on) == (own, REPLY, ())
    assert only(row).copies == {repo.git("rev-parse", "release"): "release"}


def test_a_deleted_branch_that_nothing_carries_is_pending(repo: Hooked) -> None:
    repo.work("One")
    repo.switch("main")
    repo.log()
    repo.git("branch", "-q", "-D", "feat/x")
    row = rows(repo)["feat/x"]
    assert (row.state, row.commits, row.carried_on) == ("deleted", [], ())
    assert row.lost[0] == row.parts.pending[0] == REPLY


def test_a_deleted_branch_whose_commits_git_has_thrown_away_is_pending(repo: Hooked) -> None:
    repo.work("One", "one")
    repo.switch("main")
    repo.work("Main", "main")
    repo.switch("-c", "kept", "feat/x")
    repo.work("Two", "two")
    repo.log()
    repo.switch("main")
    repo.git("branch", "-q", "-D", "feat/x", "kept")
    repo.git("reflog", "expire", "--expire=now", "--all")
    repo.git("gc", "-q", "--prune=now")
    assert repo.replies() == {"total": 3, "carried": 1, "pending": 2}


def test_a_deleted_branch_may_live_on_in_another_one(repo: Hooked) -> None:
    commit = repo.work("One")
    repo.switch("-c", "feat/y")
    repo.git("branch", "-q", "-D", "feat/x")
    row = rows(repo)["feat/x"]
    assert (row.state, row.carried_on, only(row).commit) == ("deleted", ("feat/y",), commit)


def test_what_a_reset_took_from_the_branch_is_lost_until_the_next_commit(repo: Hooked) -> None:
    repo.work("One")
    repo.log()
    repo.git("reset", "-q", "--hard", "HEAD~1")
    assert rows(repo)["feat/x"].lost[0] == REPLY
    repo.work("Two")
    row = rows(repo)["feat/x"]
    assert (row.lost[0], only(row).tokens) == (0, 2 * REPLY)


def test_what_was_withheld_is_on_no_commit(repo: Hooked) -> None:
    repo.spend()
    repo.change()
    repo.hooked("-e", "-m", "Quiet", env=repo.editor(f'sed -i "{LINES}" "$1"'))
    repo.work("Loud")
    row = rows(repo)["feat/x"]
    assert (only(row).subject, only(row).tokens, row.parts.withheld[0]) == ("Loud", REPLY, REPLY)


def test_without_consent_commits_are_known_here_only(tmp_path: Path) -> None:
    repo = Hooked(tmp_path, forks=True)
    repo.git("config", "--local", "tokcost.enabled", "false")
    commit = repo.work("Quiet")
    row = rows(repo)["main"]
    assert (only(row).commit, only(row).published, only(row).tokens) == (commit, False, REPLY)
    assert row.parts.bound[0] == REPLY


def test_a_claim_with_usage_of_two_branches_is_split(repo: Hooked) -> None:
    repo.spend()
    moment = repo.now * 1000
    repo.spend()
    commit = repo.work("One")
    repo.log()
    repo.git("branch", "elsewhere", "main")
    assign(repo.ledger_home, repo.path, "elsewhere", Selection("feat/x", since_ms=moment), dry_run=False)
    found = rows(repo)
    assert {name: (only(row).commit, only(row).tokens) for name, row in found.items() if row.commits} == {
        "feat/x": (commit, REPLY),
        "elsewhere": (commit, 2 * REPLY),
    }


def test_a_span_of_time_adds_up_too(repo: Hooked) -> None:
    repo.work("One")
    middle = repo.now * 1000
    second = repo.work("Two")
    assert only(rows(repo, since_ms=middle)["feat/x"]).commit == second
    assert len(rows(repo, since_ms=0)["feat/x"].commits) == 2


def test_the_overview_and_the_branch_say_the_same(repo: Hooked) -> None:
    repo.work("One")
    repo.work("Two")
    squash(repo, "feat/x", "Both")
    overview, branch = (found["feat/x"].commits for found in (rows(repo), rows(repo, branch="feat/x")))
    assert [vars(one) for one in overview] == [vars(one) for one in branch]


def test_a_repository_that_is_gone_still_lists_what_was_carried(repo: Hooked, tmp_path: Path) -> None:
    commit = repo.work("One")
    repo.log()
    repo.path.rename(tmp_path / "away")
    (summary,) = summarise(repo.ledger_home, tmp_path, LogOptions(all_repos=True, lists_commits=True))
    (row,) = summary.branches
    assert (only(row).commit, only(row).subject, only(row).time_ms) == (commit, "", None)
