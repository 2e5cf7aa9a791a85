"""What a person meets who does not know the commands yet: help, near names, the version, completion."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from support.hooked import Hooked
from support.machine import Machine
from support.terminal import on_terminal, piped
from tokcost import __version__
from tokcost.cli.main import tokcost


def groups(command: click.Command, name: str) -> list[tuple[str, click.Group]]:
    if not isinstance(command, click.Group):
        return []
    context = click.Context(command)
    children = {child: command.get_command(context, child) for child in command.list_commands(context)}
    return [(name, command), *(one for child, got in children.items() if got for one in groups(got, f"{name} {child}"))]


@pytest.mark.few
@pytest.mark.parametrize("name", [name for name, _ in groups(tokcost, "tokcost")])
def test_summaries_of_commands_end_before_eighty_columns_do(empty_machine: Machine, name: str) -> None:
    text = on_terminal([*name.split()[1:], "--help"], empty_machine.repo, empty_machine.environ, 80)
    rows = text[text.index("\nCommands:\n") :].splitlines()[2:]
    assert rows
    for row in rows:
        assert row.startswith("  ")
        assert not row.startswith("   ")
        assert row.endswith(".")
        assert not row.endswith("...")
        assert len(row) <= 80


@pytest.mark.parametrize("words", [["-V"], ["--version"]])
def test_the_version_has_a_short_option_too(empty_machine: Machine, words: list[str]) -> None:
    assert piped(words, empty_machine.repo, empty_machine.environ).stdout == f"tokcost {__version__}\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["statsu"], "No such command 'statsu'. Did you mean 'status'?"),
        (["Log"], "No such command 'Log'. Did you mean 'log'?"),
        (["unistall"], "Did you mean 'uninstall'?"),
        (["hooks", "instal"], "install"),
        (["log", "--sinse", "today"], "--since"),
        (["log", "--by", "weeks"], "week"),
    ],
)
def test_a_word_that_is_nearly_right_gets_the_one_that_was_meant(
    empty_machine: Machine, words: list[str], said: str
) -> None:
    done = piped(words, empty_machine.repo, empty_machine.environ)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


@pytest.fixture
def repo(tmp_path: Path) -> Hooked:
    repo = Hooked(tmp_path, enabled=False)
    repo.change()
    repo.git("commit", "-q", "-m", "root")
    for name in ("feat/login", "feat/$(id)", "fix/a;b", "deleted"):
        repo.git("switch", "-q", "-c", name)
        repo.spend()
        repo.tokcost("log")
    repo.git("switch", "-q", "main")
    repo.git("branch", "-D", "deleted")
    return repo


def completed(repo: Hooked, *words: str) -> list[str]:
    """What bash would be offered behind these words; the last one is what was typed of the next."""
    done = repo.tokcost(
        _TOKCOST_COMPLETE="bash_complete", COMP_WORDS=" ".join(["tokcost", *words]), COMP_CWORD=str(len(words))
    )
    assert done.stderr == ""
    return [line.partition(",")[2] for line in done.stdout.splitlines()]


def test_branches_are_completed_those_that_are_gone_and_have_usage_too(repo: Hooked) -> None:
    assert completed(repo, "log", "") == ["deleted", "feat/login", "main"]
    assert completed(repo, "log", "feat") == ["feat/login"]
    assert completed(repo, "assign", "main", "--from", "d") == ["deleted"]
    assert completed(repo, "budget", "set", "20", "--branch", "ma") == ["main"]
    assert completed(repo, "why", "feat") == ["feat/login"]


def test_a_name_that_a_shell_would_run_is_not_offered(repo: Hooked) -> None:
    assert not [name for name in completed(repo, "log", "f") if "$" in name or ";" in name]


def test_commands_and_options_are_completed(repo: Hooked) -> None:
    assert completed(repo, "un") == ["uninstall"]
    assert "--timezone" in completed(repo, "log", "--t")
    assert completed(repo, "log", "--by", "w") == ["week"]


def test_completion_outside_of_a_repository_is_nothing_and_no_error(repo: Hooked, tmp_path: Path) -> None:
    environ = {"_TOKCOST_COMPLETE": "bash_complete", "COMP_WORDS": "tokcost log ", "COMP_CWORD": "2"}
    done = repo.tokcost(cwd=tmp_path, **environ)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "", "")


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_the_documented_line_sets_bash_up(repo: Hooked) -> None:
    line = 'eval "$(_TOKCOST_COMPLETE=bash_source tokcost)"'
    page = Path(__file__).parent.parent.parent / "docs/install.md"
    assert line in page.read_text(encoding="utf-8")
    environ = repo.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", f"{line}; complete -p tokcost"], cwd=repo.path, env=environ, capture_output=True, text=True
    )
    assert "_tokcost_completion" in done.stdout, done.stderr


@pytest.mark.parametrize(("group", "answer"), [("prices", "list"), ("hooks", "status"), ("guard", "status")])
def test_a_group_that_the_readme_says_answers_something_does_so_without_a_further_word(
    empty_machine: Machine, group: str, answer: str
) -> None:
    alone, named = (piped(words, empty_machine.repo, empty_machine.environ) for words in ([group], [group, answer]))
    assert (alone.returncode, alone.stdout) == (0, named.stdout)
    assert named.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["prices", "lst"], "No such command 'lst'. Did you mean 'list'?"),
        (["hooks", "instal"], "No such command 'instal'. Did you mean 'install'?"),
        (["guard", "claude-code"], "No such command 'claude-code'. `tokcost guard` has check, install, status"),
        (["budget", "20"], "No such command '20'. `tokcost budget` has check, "),
        (["export", "xlsx"], "No such command 'xlsx'. `tokcost export` has "),
    ],
)
def test_a_word_that_is_no_command_of_a_group_is_answered_with_those_there_are(
    empty_machine: Machine, words: list[str], said: str
) -> None:
    done = piped(words, empty_machine.repo, empty_machine.environ)
    assert done.returncode == 2
    assert said in " ".join(done.stderr.split())
