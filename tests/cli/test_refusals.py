"""What a refusal says: what happened, to which thing, why, and what now."""

import ast
import errno
import inspect
import os
from pathlib import Path

import pytest

import tokcost
import tokcost_hooks
from support.machine import Machine
from support.tables import few
from support.terminal import piped
from tokcost import errors
from tokcost.errors import SettingsDamaged, TokcostError, of_file

PACKAGES = [Path(tokcost.__file__).parent, Path(tokcost_hooks.__path__[0])]

REFUSALS = [
    (["log", "--json", "--csv"], 2, "--json and --csv", "Leave one of them out."),
    (["log", "--since", "2026-10-02", "--until", "2026-10-01"], 2, "--since 2026-10-02", "Swap the two"),
    (["log", "--since", "zzz"], 2, "--since", "2.weeks"),
    (["log", "--timezone", "Europe/Atlantis"], 2, "--timezone", "Europe/"),
    (["log", "--per-repo"], 2, "--per-repo", "Without --by"),
    (["status", "--format", "{price}"], 2, "{price}", "list_cost"),
    (["status", "--json", "--format", "{branch}"], 2, "--json and --format", "Leave one of them out."),
    (["enable"], 2, "standard input", "--yes"),
    (["assign", "main"], 2, "no usage is named", "--from"),
    (["assign", "feat/none", "--unplaced"], 2, "feat/none", "`git branch`"),
    (["purge"], 2, "no usage is selected", "--all"),
    (["purge", "--all", "--branch", "main"], 2, "--all", "Leave one of them out."),
    (["why", "main", "--all-repos"], 2, "BRANCH and --all-repos", "one repository"),
    (["why", "--as", "gpt-of-my-dreams"], 2, "gpt-of-my-dreams", "tokcost prices"),
    (["why", "--session", "none"], 2, "none", "`tokcost log --by session`"),
    (["prices", "import"], 2, "no prices", "--installed"),
    (["prices", "import", "no/such.json"], 3, "no/such.json", "Check that its name is right"),
    (["budget", "set", "-5", "--branch"], 2, "-5", "an amount above $0"),
    (["budget", "set", "5"], 2, "--branch", "tokcost budget set 20 --branch"),
    (["budget", "set", "a lot", "--branch"], 2, "a lot", "tokcost budget set 20 --branch"),
    (["budget", "set", "5", "--day", "--near", "all"], 2, "--near", "80%"),
    (["budget", "set", "5", "--branch", "feat/none"], 2, "feat/none", "`git branch`"),
    (["budget", "unset"], 2, "no budget is named", "tokcost budget unset --branch"),
    (["budget", "--json", "check"], 2, "--json", "tokcost budget check --json"),
    (["guard", "check"], 2, "the assistant", "tokcost guard check claude-code prompt"),
    (["plan", "set", "clod", "max", "200"], 2, "clod", "claude"),
    (["plan", "set", "claude", "max", "plenty"], 2, "plenty", "for example 200"),
    (["plan", "set", "claude", "max", "200", "--since", "2026-02-01", "--until", "2026-01-01"], 2, "2026", "Swap"),
    (["plan", "remove", "claude"], 2, "no plan claude", "`tokcost plan` lists them."),
    (["report"], 3, "no commits", "Make one first"),
    (["report", "main", "--all"], 2, "RANGE and --all", "Leave one of them out."),
    (["report", "no-such-branch"], 2, "no-such-branch", "git"),
    (["report", "--by", "author"], 2, "--by author", "Use --by with change"),
    (["report", "--check", "much"], 2, "--check much", "for example 50"),
    (["report", "--engine", "duckdb"], 2, "--engine", "--dataset"),
    (["report", "--base", "main", "--against", "x..y"], 2, "--base and --against", "Leave one of them out."),
    (["report", "--html", "x.html", "--by", "area"], 2, "--html", "Leave --by and --against out."),
    (["report", "--plan", "--csv"], 2, "--csv", "Leave --plan or --csv out."),
    (["report", "--dataset", "costs"], 3, "costs", "`tokcost collect REPO --into DATASET` creates one."),
    (["report", "--dataset", "costs", "--html", "x.html", "--by", "area"], 2, "--html", "Leave --by out."),
    (["collect", "--into", "costs"], 2, "nothing to collect", "--from"),
    (["collect", "--from", "nowhere.txt", "--into", "costs"], 3, "nowhere.txt", "Check that its name is right"),
    (["collect", "nowhere", "--into", "costs"], 1, "nowhere", "Name the top folder"),
    (["collect", ".", "--into", "costs", "--through", "soon"], 2, "--through soon", "2026-10"),
    (["dataset", "check", "costs"], 3, "costs", "`tokcost collect REPO --into DATASET` creates one."),
    (["export", "usage", "-o", "no/such/folder/file.csv"], 3, "no/such/folder", "folder exists"),
    (["export", "focus", "--branch", "x", "--profile", "history"], 2, "--branch", "history"),
    (["doctor", "--reader", "codex"], 2, "--reader NAME", "tokcost doctor --reader codex FILE"),
    (["doctor", "--reader", "clod", "x"], 2, "clod", "claude-code"),
    (["doctor", "--reader", "codex", "no-such.jsonl"], 3, "no-such.jsonl", "Name a log file"),
    (["reconcile", "anthropic", "--month", "soon"], 2, "--month soon", "--month 2026-10"),
    (["reconcile", "anthropic", "--month", "2020-01"], 2, "2020-01", "Choose another --month"),
    (["reconcile", "anthropic", "--month", "2998-01"], 2, "2998-01", "Choose another --month"),
    (["reconcile", "anthropic", "--month", "2026-10", "--tolerance", "some"], 2, "--tolerance", "2%"),
    (["reconcile", "anthropic", "--month", "2026-10"], 3, "Anthropic", "TOKCOST_ANTHROPIC_KEY"),
    (["demo", "--keep", "."], 2, "not empty", "folder"),
    (["logs"], 2, "logs", "log"),
    (["log", "--jsno"], 2, "--jsno", "--json"),
]
"""A command line, its exit code, what is named and what helps."""


@pytest.mark.parametrize(("words", "code", "thing", "remedy"), few(REFUSALS, 12))
def test_a_refusal_names_the_thing_and_says_what_to_do(
    empty_machine: Machine, words: list[str], code: int, thing: str, remedy: str
) -> None:
    done = piped(words, empty_machine.repo, empty_machine.environ)
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert "this is a bug" not in done.stderr
    assert thing in done.stderr
    assert remedy in done.stderr


@pytest.mark.parametrize(
    ("words", "named"),
    few([(["preview"], "tmp"), (["log", "main"], "tmp"), (["hooks", "install"], "tmp"), (["report"], "tmp")], 2),
)
def test_outside_of_a_repository_the_folder_is_named_and_where_to_go(
    empty_machine: Machine, tmp_path: Path, words: list[str], named: str
) -> None:
    done = piped(words, tmp_path, empty_machine.environ)
    assert done.returncode == 3
    assert named in done.stderr
    assert "hint: " in done.stderr


@pytest.mark.few
@pytest.mark.parametrize(
    ("text", "thing", "remedy"),
    [
        ("trailers = 5\n", "trailers is not a table", "[trailers]"),
        ('[trailers]\npolicy = "maybe"\n', "trailers.policy is 'maybe'", '"recommend" or "forbid"'),
        ('[trailers]\nmodels = "some"\n', "trailers.models is 'some'", "true or false"),
        ("[trailers\n", "line 1", "Correct it"),
    ],
)
def test_a_repository_file_that_cannot_be_understood_is_named_with_its_key_and_what_to_write(
    empty_machine: Machine, text: str, thing: str, remedy: str
) -> None:
    (empty_machine.repo / ".tokcost.toml").write_text(text)
    for words in (["enable", "--yes"], ["doctor"]):
        done = piped(words, empty_machine.repo, {**empty_machine.environ, "COLUMNS": "2000"})
        said = " ".join((done.stdout + done.stderr).split())
        assert done.returncode
        assert ".tokcost.toml" in said
        assert thing in said
        assert remedy in said


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ('[budget]\nbranch = "a lot"\n', "write 20 or 12.50"),
        ("[budget]\nbranch = 1.5\n", 'for example branch = "20"'),
        ('[budget]\nbrunch = "20"\n', "did you mean branch?"),
    ],
)
def test_a_budget_that_cannot_be_understood_is_named_with_what_would_be_and_what_holds_meanwhile(
    empty_machine: Machine, text: str, remedy: str
) -> None:
    (empty_machine.repo / ".tokcost.toml").write_text(text)
    done = piped(["budget", "check"], empty_machine.repo, empty_machine.environ)
    assert done.returncode == 3
    assert ".tokcost.toml" in done.stderr
    assert remedy in done.stderr
    assert "hint: Correct that setting; until then it sets no limit." in done.stderr


def test_a_repository_that_is_none_is_named_once(empty_machine: Machine) -> None:
    done = piped(["collect", "nowhere", "--into", "costs"], empty_machine.repo, empty_machine.environ)
    assert done.stderr.count("nowhere") == 1


@pytest.mark.parametrize(
    "number",
    [errno.ENOENT, errno.EACCES, errno.EROFS, errno.ENOSPC, errno.EISDIR, errno.EINVAL, errno.EFBIG, errno.EIO],
)
def test_a_problem_of_a_file_names_it_the_reason_and_what_to_do(number: int) -> None:
    problem = of_file("/some/file", "cannot be written", OSError(number, os.strerror(number)), SettingsDamaged)
    assert str(problem) == f"/some/file cannot be written: {os.strerror(number)}"
    assert problem.hint.endswith(".")


def test_a_refusal_in_one_text_is_the_sentence_and_what_to_do() -> None:
    assert TokcostError("the disk is full", "Free space.").told == "the disk is full. Free space."


def test_no_problem_of_a_file_is_told_in_a_way_of_its_own() -> None:
    """What to do depends on the reason, and is said in one place."""
    own = [
        name
        for name, call in _calls()
        if ast.unparse(call.func) in ("EnvironmentProblem", "SettingsDamaged")
        if len(call.args) == 1 and ".strerror or error}" in ast.unparse(call.args[0])
    ]
    assert own == []


def test_no_refusal_leaves_out_what_to_do() -> None:
    """The constructor asks for a hint; an empty one would be none."""
    kinds = {name for name, one in inspect.getmembers(errors, inspect.isclass) if issubclass(one, TokcostError)}
    empty = [
        name
        for name, call in _calls()
        if ast.unparse(call.func) in kinds
        if any(isinstance(value, ast.Constant) and value.value == "" for value in _values(call))
    ]
    assert empty == []


def _calls() -> list[tuple[str, ast.Call]]:
    return [
        (path.name, node)
        for package in PACKAGES
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    ]


def _values(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(one.value for one in call.keywords)]
