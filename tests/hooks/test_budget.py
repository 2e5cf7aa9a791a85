"""Budgets at commits that git itself makes. One reply of the assistant costs 2.4 cents."""

import shlex
import sqlite3
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from support.audited import opened_or_listed
from support.git_sandbox import T0
from support.hooked import AT_ONCE, Hooked
from support.terminal import piped
from tokcost.policy.clone_state import read_state
from tokcost_hooks import prepare_commit_msg
from tokcost_hooks.console import STOP
from tokcost_hooks.installation.hooks import install, uninstall
from tokcost_hooks.installation.scripts import owner
from tokcost_hooks.work import Call, work


class Made(NamedTuple):
    """How a commit ended and what was said on the way."""

    code: int
    said: str


def commit(repo: Hooked, *args: str, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> Made:
    """Change a file and commit it."""
    repo.change(cwd=cwd)
    done = subprocess.run(
        ["git", "commit", "-q", "-m", "Work", *args],
        cwd=cwd or repo.path,
        env=repo.environ | dict(env or {}),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
    )
    return Made(done.returncode, done.stdout + done.stderr)


def budget(repo: Hooked, *words: str, cwd: Path | None = None) -> str:
    """`tokcost budget …`, which must succeed; what it printed."""
    done = piped(["budget", *words], cwd or repo.path, repo.environ)
    assert (done.returncode, done.stderr) == (0, ""), done
    repo.fork_again()
    return done.stdout


def test_a_commit_within_its_budget_hears_nothing(repo: Hooked) -> None:
    budget(repo, "set", "20", "--branch", "--block")
    repo.spend()
    assert commit(repo) == (0, "")
    assert repo.replies() == {"total": 1, "carried": 1}


def test_a_commit_near_and_over_its_budget_is_warned_with_one_line(repo: Hooked) -> None:
    budget(repo, "set", "0.03", "--branch")
    repo.spend()
    line = "tokcost: branch main $0.02 of $0.03 list (80%), pending $0.02 list: near the branch budget\n"
    assert commit(repo) == (0, line)
    repo.spend()
    made = commit(repo)
    assert (made.code, made.said.count("\n")) == (0, 1)
    assert made.said.endswith("(161%), pending $0.02 list: over the branch budget\n")
    assert repo.replies() == {"total": 2, "carried": 2}


def test_a_blocking_budget_stops_the_commit_and_says_how_to_go_on(repo: Hooked) -> None:
    budget(repo, "set", "0.01", "--branch", "--block")
    repo.spend()
    before = repo.git("rev-parse", "HEAD")
    made = commit(repo)
    assert made.code == 1
    assert "over the branch budget; the commit was stopped\nhint: once: git commit --no-verify; " in made.said
    assert repo.git("rev-parse", "HEAD") == before
    assert repo.replies() == {"total": 1, "pending": 1}


def test_no_verify_passes_once_and_loses_nothing(repo: Hooked) -> None:
    budget(repo, "set", "0.01", "--branch", "--block")
    repo.spend()
    assert commit(repo, "--no-verify") == (0, "")
    assert repo.replies() == {"total": 1, "carried": 1}
    assert commit(repo).code == 1


def test_switching_off_for_one_commit_skips_the_check(repo: Hooked) -> None:
    budget(repo, "set", "0.01", "--branch", "--block")
    repo.spend()
    assert commit(repo, env={"TOKCOST": "off"}) == (0, "")


def test_raising_the_budget_goes_on_and_keeps_it_blocking(repo: Hooked) -> None:
    budget(repo, "set", "0.01", "--branch", "--block")
    repo.spend()
    assert commit(repo).code == 1
    assert "stops commits" in budget(repo, "set", "0.03", "--branch")
    assert commit(repo).code == 0
    repo.spend()
    assert commit(repo).code == 1


def test_what_a_commit_carried_is_not_pending_at_the_next_one(repo: Hooked) -> None:
    budget(repo, "set", "0.03", "--commit", "--block", "--near", "90")
    for _ in range(3):
        repo.spend()
        assert commit(repo) == (0, "")
    repo.spend()
    repo.spend()
    assert commit(repo).code == 1


def test_a_day_counts_all_branches_since_midnight_and_nothing_before(repo: Hooked) -> None:
    budget(repo, "set", "0.03", "--day", "--block", "--near", "100")
    for _ in range(5):
        repo.spend()
    assert commit(repo).code == 0
    repo.at(int(time.time()) - T0)
    repo.spend()
    assert commit(repo).code == 0
    repo.git("switch", "-q", "-c", "feat/x")
    repo.spend()
    made = commit(repo)
    assert made.code == 1
    assert "today $0.05 of $0.03 list (161%): over the day budget" in made.said


def test_usage_without_a_price_is_said_and_stops_nothing(repo: Hooked) -> None:
    budget(repo, "set", "20", "--branch", "--block")
    repo.spend(model="never-heard-of")
    line = "tokcost: branch main unpriced of $20.00 list, pending unpriced: unpriced usage in the branch budget\n"
    assert commit(repo) == (0, line)


def test_usage_without_a_price_hides_no_excess(repo: Hooked) -> None:
    budget(repo, "set", "0.01", "--branch", "--block")
    repo.spend()
    repo.spend(model="never-heard-of")
    made = commit(repo)
    assert made.code == 1
    assert "branch main $0.02 + unpriced of $0.01 list (at least 241%)" in made.said


def test_a_budget_says_that_its_amount_is_only_the_least_and_perhaps_not_billed(repo: Hooked) -> None:
    budget(repo, "set", "0.01", "--branch")
    repo.spend(stop_reason=None)
    made = commit(repo)
    assert made.code == 0
    assert "branch main ≥$0.02 (1 broken off) of $0.01 list (at least 241%)" in made.said


def test_a_branch_with_a_budget_of_its_own_follows_it_alone(repo: Hooked) -> None:
    budget(repo, "set", "0.01", "--branch", "--block")
    budget(repo, "set", "none", "--branch", "main")
    repo.spend()
    assert commit(repo) == (0, "")
    repo.git("switch", "-q", "-c", "feat/x")
    budget(repo, "set", "0.04", "--branch", "feat/x", "--block", "--near", "100")
    repo.spend()
    assert commit(repo) == (0, "")
    repo.git("branch", "-m", "feat/y")
    repo.spend()
    made = commit(repo)
    assert made.code == 1
    assert made.said.endswith("tokcost budget set AMOUNT --branch feat/y\n")


def test_a_linked_worktree_shares_the_budgets(repo: Hooked, tmp_path: Path) -> None:
    budget(repo, "set", "0.01", "--branch", "--block")
    inner = repo.path / "inner"
    repo.git("worktree", "add", "-q", "-b", "feat/x", str(inner))
    (repo.path / ".git/info/exclude").write_text("inner\n")
    repo.spend(cwd=inner)
    assert commit(repo).code == 0
    assert commit(repo, cwd=inner).code == 1
    budget(repo, "set", "1", "--branch", cwd=inner)
    assert commit(repo, cwd=inner).code == 0


def test_a_git_folder_elsewhere_has_its_budgets_too(repo: Hooked, tmp_path: Path) -> None:
    repo.git("init", "-q", "--separate-git-dir", str(tmp_path / "elsewhere"))
    budget(repo, "set", "0.01", "--branch", "--block")
    repo.spend()
    assert commit(repo).code == 1


def test_a_clone_without_cost_lines_is_checked_and_writes_none(tmp_path: Path) -> None:
    repo = Hooked(tmp_path, enabled=False)
    budget(repo, "set", "0.03", "--commit", "--block", "--near", "100")
    for _ in range(2):
        repo.spend()
        assert commit(repo) == (0, "")
        assert repo.message() == "Work"
    repo.spend()
    repo.spend()
    assert commit(repo).code == 1


def test_a_rebase_is_never_stopped(repo: Hooked) -> None:
    repo.spend()
    commit(repo)
    commit(repo)
    budget(repo, "set", "0.01", "--branch", "--block")
    repo.git("rebase", "-q", "-i", "HEAD~2", GIT_SEQUENCE_EDITOR="sed -i s/^pick/reword/")
    assert repo.replies() == {"total": 1, "carried": 1}


def test_a_repository_can_recommend_a_budget_that_warns(repo: Hooked) -> None:
    (repo.path / ".tokcost.toml").write_text('[budget]\nbranch = "0.01"\nblock = true\n')
    repo.spend()
    made = commit(repo)
    assert made.code == 0
    assert "over the branch budget" in made.said
    assert "recommends stopping commits" in budget(repo)


def test_what_the_clone_says_wins_over_the_repository(repo: Hooked) -> None:
    (repo.path / ".tokcost.toml").write_text("[budget]\nbranch = 1\n")
    budget(repo, "set", "0.01", "--branch", "--block")
    repo.spend()
    assert commit(repo).code == 1
    budget(repo, "set", "none", "--branch")
    assert commit(repo) == (0, "")
    budget(repo, "unset", "--branch")
    assert "$1.00" in budget(repo)


@pytest.mark.few
@pytest.mark.parametrize("text", ["[budget\n", "[budget]\nbranch = 0.5\n", '[budget]\nbranhc = "1"\n', "budget = 1\n"])
def test_a_damaged_recommendation_is_told_and_stops_nothing(repo: Hooked, text: str) -> None:
    (repo.path / ".tokcost.toml").write_text(text)
    made = commit(repo)
    assert made.code == 0
    assert made.said.startswith("tokcost: the budget was not checked in full: ")
    assert ".tokcost.toml" in made.said


def test_a_setting_that_is_no_amount_is_told_and_stops_nothing(repo: Hooked) -> None:
    budget(repo, "set", "0.01", "--branch", "--block")
    repo.git("config", "tokcost.budgetBranch", "lots")
    repo.spend()
    made = commit(repo)
    assert made.code == 0
    assert "tokcost.budgetbranch in this clone's configuration: 'lots' is not an amount" in made.said


def test_a_budget_in_the_global_configuration_does_not_count(repo: Hooked, tmp_path: Path) -> None:
    settings = tmp_path / "gitconfig"
    settings.write_text("[tokcost]\n\tbudgetBranch = 0.01\n\tbudgetBranchBlock = true\n")
    repo.spend()
    assert commit(repo, env={"GIT_CONFIG_GLOBAL": str(settings)}) == (0, "")


def test_who_asked_for_it_hears_a_line_at_every_commit(repo: Hooked) -> None:
    budget(repo, "set", "20", "--branch", "--verbose")
    repo.spend()
    assert commit(repo) == (0, "tokcost: branch main $0.02 of $20.00 list (0%), pending $0.02 list\n")
    budget(repo, "set", "20", "--branch", "--quiet")
    assert commit(repo) == (0, "")


def test_a_hook_that_was_there_runs_first_and_keeps_its_say(repo: Hooked) -> None:
    kept = repo.path / ".git/hooks/pre-commit.before-tokcost"
    kept.write_text("#!/bin/sh\necho first >&2\nexit 7\n")
    kept.chmod(0o755)
    budget(repo, "set", "0.01", "--branch", "--block")
    repo.spend()
    assert commit(repo) == (1, "first\n")


def test_a_ledger_that_cannot_be_used_lets_the_commit_pass(repo: Hooked, tmp_path: Path) -> None:
    budget(repo, "set", "0.01", "--branch", "--block")
    repo.spend()
    (tmp_path / "file").touch()
    made = commit(repo, env={"TOKCOST_HOME": str(tmp_path / "file/ledger")})
    assert made.code == 0
    assert made.said.startswith("tokcost: the budget was not checked (the ledger ")


@pytest.mark.parametrize("limit", ["100", "0.01"])
def test_a_notice_that_cannot_be_kept_changes_nothing_of_what_was_checked(repo: Hooked, limit: str) -> None:
    budget(repo, "set", limit, "--branch", "--block")
    repo.git("config", "tokcost.budgetUnchecked", "block")
    repo.spend()
    repo.tokcost("log")
    (repo.ledger_home / "rescues.json").mkdir()
    made = commit(repo)
    assert made.code == (limit == "0.01")
    assert "was not checked" not in made.said


@pytest.mark.few
@pytest.mark.parametrize("decides", ["block", "pass", ""])
@pytest.mark.parametrize("is_read", [True, False])
def test_a_locked_ledger_costs_no_more_than_the_deadline(
    repo: Hooked, tmp_path: Path, decides: str, is_read: bool
) -> None:
    budget(repo, "set", "100", "--branch", "--block")
    budget(repo)
    if is_read:  # then what git says has been seen too, and figures can be shown that lag behind
        repo.work("Before")
        budget(repo)
    if decides:
        repo.git("config", "tokcost.budgetUnchecked", decides)
    repo.spend()
    db = sqlite3.connect(tmp_path / "ledger/ledger.db", isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    repo.change()
    done = subprocess.run(  # SQLite itself would wait for ten seconds in each of the hooks
        ["git", "commit", "-q", "-m", "Work"],
        cwd=repo.path,
        env=repo.environ | {"TOKCOST_DEADLINE": "0.3"},
        capture_output=True,
        timeout=9,
    )
    db.close()
    assert (done.returncode, b"the budget was not checked" in done.stderr) == (int(decides == "block"), True)


@pytest.mark.few
@pytest.mark.parametrize(
    ("settings", "stops"),
    [("budgetUnchecked = block", True), ('BudgetUnchecked="Block"', True), ("# budgetUnchecked = block", False),
     ("budgetUnchecked = block\n\tbudgetUnchecked = pass", False), ("", False)],
)  # fmt: skip
def test_a_budget_that_nobody_had_time_to_look_at_stops_the_commit_of_who_wants_it(
    repo: Hooked, settings: str, stops: bool
) -> None:
    budget(repo, "set", "100", "--branch", "--block")
    with (repo.common_dir / "config").open("a") as config:
        config.write(f"[tokcost]\n\t{settings}\n")
    repo.spend()
    repo.change()
    done = commit_in_a_hurry(repo)
    assert "the budget was not checked" in done.stderr
    assert ("the commit was stopped" in done.stderr) is stops
    assert done.returncode == int(stops)


def test_in_a_linked_worktree_the_clones_settings_say_whether_what_nobody_had_time_for_stops(repo: Hooked) -> None:
    repo.link()
    budget(repo, "set", "100", "--branch", "--block")
    repo.git("config", "tokcost.budgetUnchecked", "block")
    repo.spend()
    repo.change()
    done = commit_in_a_hurry(repo)
    assert "the commit was stopped" in done.stderr
    assert done.returncode == 1


def commit_in_a_hurry(repo: Hooked) -> "subprocess.CompletedProcess[str]":
    """A commit whose hooks have no time at all."""
    environ = repo.environ | {"TOKCOST_DEADLINE": AT_ONCE}
    return subprocess.run(
        ["git", "commit", "-q", "-m", "Work"], cwd=repo.path, env=environ, capture_output=True, text=True, check=False
    )


def python_is(repo: Hooked, script: str) -> Path:
    """Have a hook that is left from a budget start a program in place of Python; the file it leaves when it was
    started."""
    budget(repo, "set", "5", "--day", "--block")
    budget(repo, "unset", "--day")
    hook, spy, trace = repo.path / ".git/hooks/pre-commit", repo.home.parent / "spy", repo.home.parent / "started"
    spy.write_text(f"#!/bin/sh\n: > {trace}\n{script}\n")
    spy.chmod(0o755)
    text = hook.read_text()
    assert shlex.quote(sys.executable) in text
    hook.write_text(text.replace(shlex.quote(sys.executable), str(spy)))
    return trace


def test_without_a_budget_not_even_python_starts(repo: Hooked) -> None:
    (repo.path / ".tokcost.toml").write_text("[trailers]\nmodels = false\n")
    repo.git("remote", "add", "budget", "https://example.com/budget")
    started = python_is(repo, "exit 0")
    commit(repo)
    assert not started.exists()
    repo.git("config", "tokcost.budgetDay", "5")
    commit(repo)
    assert started.exists()


def test_a_recommendation_or_a_budget_of_one_branch_is_enough_to_look(repo: Hooked) -> None:
    started = python_is(repo, "exit 0")
    (repo.path / ".tokcost.toml").write_text("[budget]\nday = 5\n")
    commit(repo)
    assert started.exists()
    started.unlink()
    (repo.path / ".tokcost.toml").unlink()
    repo.git("config", "branch.main.tokcostBudget", "5")
    commit(repo)
    assert started.exists()


@pytest.mark.few
@pytest.mark.parametrize("text", ["budget.day = 5\n", '["budget"]\nday = 5\n', "[ budget ]\n", "budget = {day = 5}\n"])
def test_a_recommendation_is_seen_however_it_is_written(repo: Hooked, text: str) -> None:
    started = python_is(repo, "exit 0")
    (repo.path / ".tokcost.toml").write_text(text)
    commit(repo)
    assert started.exists()


def test_a_setting_beside_its_section_is_seen(repo: Hooked) -> None:
    started = python_is(repo, "exit 0")
    with (repo.path / ".git/config").open("a") as stream:
        stream.write("[tokcost] BudgetDay = 5\n")
    commit(repo)
    assert started.exists()


@pytest.mark.few
@pytest.mark.parametrize(
    ("script", "code"), [("exit 79", 1), ("exit 1", 0), ("exit 2", 0), ("kill -9 $$", 0), ("exit 127", 0)]
)
def test_only_the_code_that_is_kept_for_it_stops_a_commit(repo: Hooked, script: str, code: int) -> None:
    budget(repo, "set", "5", "--branch", "--block")
    python_is(repo, script)
    assert commit(repo).code == code


def test_the_check_of_a_hook_manager_stops_as_ours_does_and_for_no_other_reason(repo: Hooked, tmp_path: Path) -> None:
    def checked(**environ: str) -> "subprocess.CompletedProcess[str]":
        return piped(["budget", "check", "--hook"], repo.path, repo.environ | environ)

    budget(repo, "set", "0.01", "--branch")
    repo.spend()
    warned = checked()
    assert (warned.returncode, warned.stdout, warned.stderr.count("\n")) == (0, "", 1)
    budget(repo, "set", "0.01", "--branch", "--block")
    stopped = checked()
    assert (stopped.returncode, stopped.stderr.count("\n")) == (1, 2)
    (tmp_path / "file").touch()
    assert checked(TOKCOST="off").returncode == 0
    broken = checked(TOKCOST_HOME=str(tmp_path / "file/ledger"))
    assert (broken.returncode, broken.stderr.count("\n")) == (0, 2)
    outside = piped(["budget", "check", "--hook"], tmp_path, repo.environ)
    assert (outside.returncode, outside.stderr.count("\n")) == (0, 2)
    budget(repo, "set", "20", "--branch")
    assert (checked().returncode, checked().stderr) == (0, "")


def test_a_repository_named_on_the_command_line_is_the_one_that_is_checked(repo: Hooked, tmp_path: Path) -> None:
    budget(repo, "set", "0.01", "--branch", "--block")
    repo.spend()
    repo.change()
    elsewhere = ["git", f"--git-dir={repo.path / '.git'}", f"--work-tree={repo.path}", "commit", "-q", "-m", "Work"]
    done = subprocess.run(elsewhere, cwd=tmp_path, env=repo.environ, capture_output=True, text=True)
    assert (done.returncode, "the commit was stopped" in done.stderr) == (1, True)


def test_uninstalling_puts_back_the_hook_that_was_there(repo: Hooked) -> None:
    hook = repo.path / ".git/hooks/pre-commit"
    uninstall(repo.worktree)
    before = b"#!/bin/sh\nexit 0 # \xff\n"
    hook.write_bytes(before)
    budget(repo, "set", "5", "--branch", "--block")
    assert hook.read_bytes() != before
    uninstall(repo.worktree)
    assert hook.read_bytes() == before


def pre_commit(repo: Hooked) -> Path:
    return repo.common_dir / "hooks/pre-commit"


SETTINGS = {"of all branches": "tokcost.budgetBranch", "of one branch": "branch.feat/x.tokcostBudget"}


@pytest.mark.few
@pytest.mark.parametrize("key", SETTINGS.values(), ids=SETTINGS)
@pytest.mark.parametrize("blocks", ["true", "yes", "ON", "1"])
def test_the_hook_is_there_while_a_budget_may_stop_a_commit(repo: Hooked, key: str, blocks: str) -> None:
    """git reads its whole index again behind a pre-commit hook, whatever that does."""
    repo.git("config", key, "20")
    repo.git("config", f"{key}Block", "no")
    repo.git("config", "tokcost.budgetUnchecked", "block")
    install(repo.worktree)
    assert not pre_commit(repo).exists()
    repo.git("config", f"{key}Block", blocks)
    install(repo.worktree)
    assert owner(str(pre_commit(repo))) == "ours"
    repo.git("config", "--unset", f"{key}Block")
    install(repo.worktree)
    assert not pre_commit(repo).exists()


def test_a_hook_that_an_earlier_version_left_for_a_warning_goes_with_the_next_budget(repo: Hooked) -> None:
    budget(repo, "set", "0.01", "--branch", "--block")
    repo.git("config", "tokcost.budgetBranchBlock", "false")
    repo.spend()
    assert commit(repo).said.count("over the branch budget") == 1
    budget(repo, "set", "0.01", "--branch")
    assert not pre_commit(repo).exists()
    repo.spend()
    made = commit(repo)
    assert (made.code, made.said.count("over the branch budget")) == (0, 1)
    assert repo.replies() == {"total": 2, "carried": 2}


def test_a_merge_is_not_warned(repo: Hooked) -> None:
    budget(repo, "set", "0.01", "--branch")
    repo.git("switch", "-q", "-c", "feat/x")
    repo.git("commit", "-q", "--no-verify", "--allow-empty", "-m", "Theirs", TOKCOST="off")
    repo.git("switch", "-q", "main")
    repo.spend()
    assert repo.attempt("merge", "--no-ff", "--no-edit", "feat/x")
    assert "budget" not in repo.said


def test_a_warning_that_cannot_be_made_keeps_no_line_out(repo: Hooked, tmp_path: Path) -> None:
    budget(repo, "set", "0.01", "--branch")
    repo.git("config", "tokcost.budgetUnchecked", "block")
    repo.spend()
    (tmp_path / "file").touch()
    made = commit(repo, env={"TOKCOST_HOME": str(tmp_path / "file/ledger")})
    assert made.code == 0
    assert made.said.startswith("tokcost: the budget was not checked (the ledger ")
    assert "\ntokcost: prepare-commit-msg left this commit without a cost line" in made.said


def test_the_framework_without_our_check_has_the_warning_with_the_message(repo: Hooked) -> None:
    """It starts us by itself, with no word about a folder."""
    repo.git("config", "tokcost.budgetBranch", "0.01")
    repo.spend()
    message = repo.path / ".git/MESSAGE"
    message.write_text("One\n")
    script = [Path(sys.executable).parent / "tokcost-hook", "prepare-commit-msg", message, "message"]
    done = subprocess.run(script, cwd=repo.path, env=repo.environ, capture_output=True, text=True, check=True)
    assert done.stderr.count("over the branch budget") == 1
    assert "AI-Cost: " in message.read_text()


def test_the_hook_that_was_there_comes_back_when_the_budget_goes(tmp_path: Path) -> None:
    repo = Hooked(tmp_path, enabled=False)
    pre_commit(repo).write_text("#!/bin/sh\nexit 0\n# mine\n")
    pre_commit(repo).chmod(0o755)
    before = pre_commit(repo).read_bytes()
    repo.enable()
    assert pre_commit(repo).read_bytes() == before
    budget(repo, "set", "20", "--branch", "--block")
    assert owner(str(pre_commit(repo))) == "ours"
    budget(repo, "unset", "--branch")
    install(repo.worktree)
    assert pre_commit(repo).read_bytes() == before
    assert not pre_commit(repo).with_name("pre-commit.before-tokcost").exists()


def test_a_budget_that_came_without_the_hook_is_warned_of_and_says_how_it_could_stop(repo: Hooked) -> None:
    repo.git("config", "tokcost.budgetBranch", "0.01")
    repo.git("config", "tokcost.budgetBranchBlock", "true")
    repo.spend()
    made = commit(repo)
    assert (made.code, made.said.count("\n")) == (0, 2)
    assert "over the branch budget\nhint: tokcost hooks install, and it stops commits as was asked\n" in made.said
    assert repo.replies() == {"total": 1, "carried": 1}
    install(repo.worktree)
    repo.spend()
    assert commit(repo).code == 1


def test_a_budget_is_told_once_where_the_hook_is_there(repo: Hooked) -> None:
    budget(repo, "set", "0.01", "--branch")
    repo.spend()
    assert commit(repo).said.count("over the branch budget") == 1


def test_somebody_elses_pre_commit_hook_does_not_hide_a_budget(repo: Hooked) -> None:
    pre_commit(repo).write_text("#!/bin/sh\nexit 0\n")
    pre_commit(repo).chmod(0o755)
    (repo.path / ".tokcost.toml").write_text('[budget]\nbranch = "0.01"\n')
    repo.spend()
    assert commit(repo).said.count("over the branch budget") == 1
    install(repo.worktree)
    repo.spend()
    assert commit(repo).said.count("over the branch budget") == 1


BY_SOMEBODY = {
    "a hook that calls us": (".git/hooks/pre-commit", "#!/bin/sh\nexec tokcost budget check --hook\n"),
    "lefthook": ("lefthook.yml", "pre-commit:\n  commands:\n    cost:\n      run: tokcost budget check --hook\n"),
    "the pre-commit framework": (".pre-commit-config.yaml", "repos:\n- hooks:\n  - id: tokcost-budget\n"),
}


@pytest.mark.few
@pytest.mark.parametrize("who", BY_SOMEBODY)
def test_a_budget_that_somebody_else_has_checked_is_not_told_twice(repo: Hooked, who: str) -> None:
    name, text = BY_SOMEBODY[who]
    (repo.path / name).write_text(text)  # not executable, not installed: nobody else speaks here
    repo.git("config", "tokcost.budgetBranch", "0.01")
    repo.spend()
    assert "budget" not in commit(repo).said


def test_that_a_commit_is_stopped_holds_from_before_it_is_said(repo: Hooked) -> None:
    """The deadline may come at any moment, and whoever reads that a commit was stopped must find it stopped."""
    assert repo.tokcost("budget", "set", "0.01", "--branch", "--block").returncode == 0
    repo.spend()
    happened: list[str | int] = []

    def tell(sentence: str, hint: str) -> None:
        happened.append(sentence)
        if len(happened) == 3:
            raise ValueError("something comes between")

    whose = (str(repo.path), repo.environ, repo.ledger_home)
    assert work(Call("pre-commit", [], *whose, b"", tell, lambda: True, happened.append)) == STOP
    assert happened[:2] == [0, STOP]  # the settings stop nothing that is unchecked; the check does
    assert ["the commit was stopped" in str(said) for said in happened[2:]] == [True, True]


def test_a_policy_without_a_budget_has_nobody_look_for_a_hook_that_checks_budgets(repo: Hooked) -> None:
    """It is asked at every commit."""
    (repo.common_dir / "hooks/pre-commit").write_text("#!/bin/sh\n")  # somebody's
    (repo.path / "message").write_text("Work\n")
    arguments = [str(repo.path / "message"), "message"]
    environ = repo.environ | {"TOKCOST_HOOKS": ".git/hooks"}
    for text, is_looked_for in (("[trailers]\nmodels = false\n", False), ('[budget]\nday = "5"\n', True)):
        (repo.path / ".tokcost.toml").write_text(text)
        whose = (str(repo.path), environ, repo.ledger_home)
        call = Call("prepare-commit-msg", arguments, *whose, b"", print, lambda: True, lambda code: None)
        with opened_or_listed("open") as opened:
            prepare_commit_msg.run(call, read_state(repo.worktree))
        assert any(path.endswith("hooks/pre-commit") for path in opened) is is_looked_for
