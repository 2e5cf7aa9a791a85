"""`tokcost budget` as a person or a script meets it: what is understood, what is refused, and every exit code."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from support.hooked import Hooked
from support.terminal import piped
from tokcost_hooks import HOOKS
from tokcost_hooks.installation.scripts import owner


@pytest.fixture
def repo(tmp_path: Path) -> Hooked:
    hooked = Hooked(tmp_path, enabled=False)
    hooked.change("root")
    hooked.git("commit", "-q", "-m", "root")
    hooked.spend()
    return hooked


def runs(repo: Hooked, *words: str, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
    return piped(list(words), cwd or repo.path, repo.environ)


def shown(repo: Hooked, *words: str) -> dict[str, dict[str, Any]]:
    """The budgets by scope."""
    found = json.loads(runs(repo, "budget", *words, "--json").stdout)
    return {one["scope"]: one for one in found["budgets"]}


def test_without_budgets_all_scopes_are_shown_with_what_was_spent(repo: Hooked) -> None:
    done = runs(repo, "budget")
    assert done.returncode == 0
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["BUDGET", "branch", "commit", "day"]
    found = shown(repo)
    assert {one["state"] for one in found.values()} == {"none"}
    assert found["branch"]["list_cost"] == found["commit"]["list_cost"] == "0.024087000"
    assert owner(str(repo.path / ".git/hooks/pre-commit")) == "nobody"


def test_an_amount_is_kept_exactly_and_the_hooks_are_installed(repo: Hooked) -> None:
    done = runs(repo, "budget", "set", "$0.024087001", "--branch", "--near", "100%")
    assert (done.returncode, done.stdout) == (0, "The branch budget is $0.02 list; it warns.\n")
    branch = shown(repo)["branch"]
    assert (branch["limit"], branch["state"], branch["percent"]) == ("0.024087001", "ok", 99)
    assert repo.git("config", "--local", "tokcost.budgetBranch") == "0.024087001"
    assert {hook for hook in HOOKS if owner(str(repo.path / ".git/hooks" / hook)) != "ours"} == {"pre-commit"}
    runs(repo, "budget", "set", "0.03", "--branch", "--block")
    assert {owner(str(repo.path / ".git/hooks" / hook)) for hook in HOOKS} == {"ours"}


def test_the_amount_may_come_behind_the_option(repo: Hooked) -> None:
    assert runs(repo, "budget", "set", "--branch", "5").returncode == 0
    assert shown(repo)["branch"]["limit"] == "5.000000000"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-5", "--branch"], "is negative"),
        (["-.5", "--day"], "is negative"),
        (["nan", "--branch"], "not an amount"),
        (["1e3", "--branch"], "not an amount"),
        (["0", "--branch"], "more than $0"),
        (["1.0000000001", "--day"], "not an amount"),
        (["5"], "give an amount and one of"),
        (["--day"], "give an amount and one of"),
        (["5", "--day", "--commit"], "give an amount and one of"),
        (["5", "--day", "--near", "0"], "not a percentage"),
        (["5", "--branch", "nowhere"], "there is no branch nowhere"),
        (["5", "--day", "--blok"], "No such option"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(repo: Hooked, words: list[str], said: str) -> None:
    done = runs(repo, "budget", "set", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "budget" not in (repo.path / ".git/config").read_text().lower()


@pytest.mark.parametrize("words", [["unset"], ["check", "--hook", "--json"], ["--json", "check"], ["flurb"]])
def test_a_command_that_makes_no_sense_is_a_usage_error(repo: Hooked, words: list[str]) -> None:
    assert runs(repo, "budget", *words).returncode == 2


def test_check_answers_scripts_by_its_exit_code(repo: Hooked) -> None:
    assert runs(repo, "budget", "check").returncode == 0
    runs(repo, "budget", "set", "0.024", "--branch")
    over = runs(repo, "budget", "check")
    line = "branch main $0.02 of $0.02 list (101%), pending $0.02 list: over the branch budget\n"
    assert (over.returncode, over.stdout, over.stderr) == (1, line, "")
    assert runs(repo, "budget", "check", "--json").returncode == 1
    runs(repo, "budget", "set", "0.025", "--branch")
    near = runs(repo, "budget", "check")
    assert (near.returncode, near.stdout.endswith(": near the branch budget\n")) == (0, True)
    runs(repo, "budget", "set", "20", "--branch")
    repo.spend(model="never-heard-of")
    unpriced = runs(repo, "budget", "check")
    assert (unpriced.returncode, "$0.02 + unpriced of $20.00" in unpriced.stdout) == (0, True)


def test_a_setting_that_cannot_be_understood_is_a_problem_of_this_machine(repo: Hooked) -> None:
    repo.git("config", "tokcost.budgetDay", "lots")
    for words in (["budget"], ["budget", "check"]):
        done = runs(repo, *words)
        assert (done.returncode, "'lots' is not an amount" in done.stderr) == (3, True)
    assert runs(repo, "status").returncode == 0
    runs(repo, "budget", "set", "0.01", "--branch")
    assert runs(repo, "budget", "check").returncode == 1


def test_outside_a_repository_there_is_no_budget(repo: Hooked, tmp_path: Path) -> None:
    for words in ([], ["check"], ["set", "5", "--day"], ["unset", "--day"]):
        assert runs(repo, "budget", *words, cwd=tmp_path).returncode == 3


def test_unset_forgets_the_budget_and_how_it_was_kept(repo: Hooked) -> None:
    runs(repo, "budget", "set", "5", "--day", "--block", "--near", "50")
    done = runs(repo, "budget", "unset", "--day", "--commit")
    said = "The commit budget was not set in this clone.\nThe day budget is removed.\n"
    assert (done.returncode, done.stdout) == (0, said)
    assert "budget" not in (repo.path / ".git/config").read_text().lower()


def test_a_branch_that_keeps_its_own_budget_is_said(repo: Hooked) -> None:
    assert runs(repo, "budget", "set", "none", "--branch", "main").stdout == "The budget of branch main has no limit.\n"
    done = runs(repo, "budget", "set", "5", "--branch")
    assert done.stdout == "The branch budget is set; branch main keeps its own.\n"
    odd = 'feat/"x.y]z'
    repo.git("switch", "-q", "-c", odd)
    assert shown(repo)["branch"]["source"] == "clone"
    runs(repo, "budget", "set", "7", "--branch", odd)
    assert (shown(repo)["branch"]["source"], shown(repo)["branch"]["limit"]) == ("branch", "7.000000000")
    runs(repo, "budget", "unset", "--branch", odd)
    assert shown(repo)["branch"]["limit"] == "5.000000000"


def test_a_budget_whose_hook_cannot_be_installed_holds_and_says_so(repo: Hooked, tmp_path: Path) -> None:
    settings = tmp_path / "gitconfig"
    settings.write_text(f"[core]\n\thooksPath = {tmp_path / 'shared'}\n")
    environ = repo.environ | {"GIT_CONFIG_GLOBAL": str(settings)}
    done = piped(["budget", "set", "0.01", "--branch"], repo.path, environ)
    assert done.returncode == 3
    assert done.stderr.startswith("tokcost: the budget is set, but git will not check it: core.hooksPath")
    assert runs(repo, "budget", "check").returncode == 1


def test_on_a_detached_head_there_is_only_the_day(repo: Hooked) -> None:
    repo.git("switch", "-q", "--detach")
    runs(repo, "budget", "set", "5", "--day")
    assert list(shown(repo)) == ["day"]
    assert runs(repo, "budget", "check").stdout.startswith("today ")


def test_the_status_knows_the_budget(repo: Hooked) -> None:
    runs(repo, "budget", "set", "0.01", "--branch")
    assert runs(repo, "status").stdout.endswith("  over budget (branch 241% of $0.01)\n")
    assert runs(repo, "status", "--format", "{budget}").stdout == "branch 241% of $0.01\n"
