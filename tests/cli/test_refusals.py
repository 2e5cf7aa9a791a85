"""What a refusal says: what happened, why, and what now."""

import ast
import errno
import os
from pathlib import Path

import pytest

import tokcost
from support.machine import Machine
from support.terminal import piped
from tokcost.errors import SettingsDamaged, of_file

PACKAGE = Path(tokcost.__file__).parent


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["log", "--json", "--csv"], "Leave one of them out."),
        (["report", "main", "--all"], "Leave one of them out."),
        (["log", "--since", "2026-10-02", "--until", "2026-10-01"], "Exchange the two"),
        (["budget", "set", "-5", "--branch"], "A budget is more than $0"),
        (["collect", "--from", "nowhere.txt", "--into", "costs"], "Look whether its name is right"),
        (["collect", "nowhere", "--into", "costs"], "Name the top of a clone"),
        (["export", "usage", "-o", "no/such/folder/file.csv"], "folder is there"),
    ],
)
def test_a_refusal_says_what_to_do(empty_machine: Machine, words: list[str], hint: str) -> None:
    done = piped(words, empty_machine.repo, empty_machine.environ)
    assert done.returncode
    assert hint in done.stderr


def test_a_repository_that_is_none_is_named_once(empty_machine: Machine) -> None:
    done = piped(["collect", "nowhere", "--into", "costs"], empty_machine.repo, empty_machine.environ)
    assert done.stderr.count("nowhere") == 1


@pytest.mark.parametrize("number", [errno.ENOENT, errno.EACCES, errno.EROFS, errno.ENOSPC, errno.EISDIR, errno.EIO])
def test_a_problem_of_a_file_names_it_the_reason_and_what_to_do(number: int) -> None:
    problem = of_file("/some/file", "cannot be written", OSError(number, os.strerror(number)), SettingsDamaged)
    assert str(problem) == f"/some/file cannot be written: {os.strerror(number)}"
    assert problem.hint.endswith(".")


def test_no_problem_of_a_file_is_told_in_a_way_of_its_own() -> None:
    """What to do depends on the reason, and is said in one place."""
    own = [
        path.name
        for path in PACKAGE.rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and ast.unparse(call.func) in ("EnvironmentProblem", "SettingsDamaged")
        if len(call.args) == 1 and ".strerror or error}" in ast.unparse(call.args[0])
    ]
    assert sorted(own) == []  # no file of the user's
