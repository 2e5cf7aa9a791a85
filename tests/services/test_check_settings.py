"""`tokcost doctor` and settings: it reads what commands read, and names what nothing reads."""

import json
from pathlib import Path

import pytest

from support.hooked import Hooked
from tokcost.services.check_settings import check_settings
from tokcost.services.look_at_clone import find_here


def findings(repo: Hooked, cwd: Path | None = None, **more: str) -> list[str]:
    shown = json.loads(repo.tokcost("doctor", "--json", cwd=cwd, **more).stdout)
    return [row["found"] for rows in shown["parts"].values() for row in rows if row["subject"] == "settings"]


@pytest.fixture
def repo(tmp_path: Path) -> Hooked:
    repo = Hooked(tmp_path, enabled=False)
    repo.change()
    repo.git("commit", "-q", "-m", "root")
    return repo


def test_settings_as_they_are_documented_are_no_finding(repo: Hooked) -> None:
    (repo.path / ".tokcost.toml").write_text(
        '[trailers]\npolicy = "recommend"\nprecision = "coarse"\nmodels = false\n[budget]\nbranch = "20"\nnear = 80\n'
        '[report]\ncontributors = 4\n[areas]\nanything = ["src/**"]\n[[price]]\nmatch = "x"\ninput = 1\n'
    )
    repo.ledger_home.mkdir(parents=True, mode=0o700, exist_ok=True)
    (repo.ledger_home / "prices.toml").write_text('[[price]]\nmatch = "x"\ndiscount = "0.5"\n')
    assert repo.tokcost("enable", "--yes").returncode == 0
    assert repo.tokcost("budget", "set", "20", "--branch").returncode == 0
    assert repo.tokcost("budget", "set", "20", "--branch", "main", "--block", "--near", "50").returncode == 0
    repo.git("config", "tokcost.budgetUnchecked", "block")
    assert findings(repo, TOKCOST_PAGER="cat") == []


@pytest.mark.few
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[trailer]\npolicy = "forbid"\n', "nothing reads [trailer]; did you mean trailers?"),
        ('[trailers]\npolcy = "forbid"\n', "nothing reads 'polcy' in [trailers]; did you mean policy?"),
        ("[report]\ncontributers = 3\n", "nothing reads 'contributers' in [report]; did you mean contributors?"),
        ('[budget]\nbranhc = "5"\n', "(known: branch, commit, day, block, near); did you mean branch"),
        ('[[price]]\nmatch = "x"\ndiscuont = 1\n', "did you mean discount?"),
        ('[prices]\nx = 1\n', "nothing reads [prices]; did you mean price?"),
        ("[zzz]\n", "nothing reads [zzz]"),
        ('["a\\u001bb"]\n', r"nothing reads [a\\x1bb]"),
    ],
)  # fmt: skip
def test_what_nothing_reads_in_a_repositorys_file_is_named_with_a_near_name(repo: Hooked, text: str, said: str) -> None:
    (repo.path / ".tokcost.toml").write_text(text)
    (found,) = findings(repo)
    assert str(repo.path / ".tokcost.toml") in found
    assert said.replace("\\\\", "\\") in found


def test_what_nothing_reads_in_the_users_file_is_named_in_every_folder(repo: Hooked, tmp_path: Path) -> None:
    repo.ledger_home.mkdir(parents=True, mode=0o700, exist_ok=True)
    (repo.ledger_home / "prices.toml").write_text('[[prices]]\nmatch = "x"\n')
    for cwd in (repo.path, tmp_path):
        (found,) = findings(repo, cwd)
        assert found == f"{repo.ledger_home}/prices.toml: nothing reads [prices]; did you mean price?"


@pytest.mark.few
@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("tokcost.precison", "exact", "nothing reads tokcost.precison; did you mean precision?"),
        ("tokcost.budgetBranchs", "5", "nothing reads tokcost.budgetbranchs; did you mean budgetBranch?"),
        ("branch.main.tokcostBuget", "5", "nothing reads branch.main.tokcostbuget; did you mean tokcostBudget?"),
        ("tokcost.precision", "exakt", "tokcost.precision is 'exakt', which is neither coarse nor exact"),
        ("tokcost.models", "nope", "tokcost.models is 'nope', which is neither true nor false"),
    ],
)
def test_a_setting_in_gits_configuration_that_nothing_reads_is_named(
    repo: Hooked, name: str, value: str, said: str
) -> None:
    repo.git("config", name, value)
    assert findings(repo) == [f"git's configuration: {said}"]


def test_a_setting_for_all_repositories_counts_nowhere_and_is_said(repo: Hooked, tmp_path: Path) -> None:
    (tmp_path / "global").write_text("[tokcost]\n\tenabled = true\n[user]\n\tname = x\n")
    said = "git's configuration: tokcost.enabled is set for all repositories, but read only from a clone"
    assert findings(repo, GIT_CONFIG_GLOBAL=str(tmp_path / "global")) == [said]


def test_a_setting_in_an_included_file_is_said_and_one_of_a_worktree_counts(repo: Hooked, tmp_path: Path) -> None:
    (tmp_path / "more").write_text("[tokcost]\n\tenabled = false\n")
    repo.git("config", "--local", "include.path", str(tmp_path / "more"))
    repo.git("config", "extensions.worktreeConfig", "true")
    repo.git("config", "--worktree", "tokcost.precision", "coarse")
    said = "git includes it, but tokcost.enabled is read only from a clone's own configuration"
    assert findings(repo) == [f"{tmp_path}/more: {said}"]


def test_a_file_that_nothing_reads_is_named(repo: Hooked) -> None:
    (repo.path / "tokcost.toml").write_text('[trailers]\npolicy = "forbid"\n')
    repo.ledger_home.mkdir(parents=True, mode=0o700, exist_ok=True)
    (repo.ledger_home / "price.toml").write_text("")
    assert findings(repo) == [
        f"{repo.ledger_home}/price.toml: nothing reads this file; did you mean prices.toml?",
        f"{repo.path}/tokcost.toml: nothing reads this file; did you mean .tokcost.toml?",
    ]


def test_a_variable_that_nothing_reads_is_named(repo: Hooked) -> None:
    assert findings(repo, TOKCOST_PAGR="cat") == [
        "environment: nothing reads TOKCOST_PAGR; did you mean TOKCOST_PAGER?"
    ]
    assert findings(repo, TOKCOST_SOURCE="x", TOKCOST_PR="5") == []


def test_a_finding_has_a_hint_and_the_exit_code_of_one(repo: Hooked) -> None:
    repo.git("config", "tokcost.precison", "exact")
    done = repo.tokcost("doctor")
    assert done.returncode == 1
    assert "docs/settings.md" in done.stdout


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[rules]]\nname = "R"\nmodle = "x"\n', "rule 'R' in {}: unknown key 'modle'"),
        ("[[rules]]\nsay = 'x'\n", "rule 1 in {}: it has no name"),
        ('[[rules]]\nname = "R"\nover = 5\n', "rule 'R' in {}: over = 5 must be in quotes"),
        ("rules = 5\n", "{} cannot be parsed: rules is not a list"),
        ("[[rules]\n", "{} cannot be parsed: "),
        ("[estimates\n", "{} cannot be parsed: "),
        ("[rule]\n", "{}: nothing reads [rule]; did you mean rules?"),
        ("[estimates]\ntext = 5\n", "{}: text in [estimates] is '5', which is neither true nor false"),
        ("[estimates]\ntxet = true\n", "{}: nothing reads 'txet' in [estimates]; did you mean text?"),
    ],
)
@pytest.mark.parametrize("is_inside", [True, False])
def test_what_is_wrong_in_ones_own_file_is_named_once_also_outside_of_a_repository(
    repo: Hooked, tmp_path: Path, text: str, said: str, is_inside: bool
) -> None:
    repo.ledger_home.mkdir(parents=True, mode=0o700, exist_ok=True)
    path = repo.ledger_home / "config.toml"
    path.write_text(text)
    where = find_here(repo.path if is_inside else tmp_path)
    (check,) = check_settings(repo.ledger_home, repo.environ, where)
    assert check.found.startswith(said.format(path))
    assert check.finding
    assert check.hint


def test_ones_own_file_that_cannot_be_read_is_named_outside_of_a_repository(repo: Hooked) -> None:
    (repo.ledger_home / "config.toml").mkdir(parents=True, mode=0o700)
    (check,) = check_settings(repo.ledger_home, repo.environ, None)
    assert check.found.startswith(f"{repo.ledger_home}/config.toml cannot be read: it is not a regular file. ")
