"""`tokcost report` as it is run: screens, formats, refusals, exit codes."""

import json
import os
from pathlib import Path

import pytest

from support.git_sandbox import GitSandbox
from support.machine import Machine
from support.terminal import on_terminal, piped
from tokcost.model.trailer import Line, format_line

GOLDEN = Path(__file__).parent / "report"
USD = 10**9


def line(number: int, dollars: int | None, model: str = "claude-opus-4-5", version: int = 1) -> str:
    cost = None if dollars is None else dollars * USD
    return format_line(Line(f"{number:012d}", version, cost, dollars is None, 1_000_000, (model,)))


def commit(repo: GitSandbox, path: str, message: str, who: str = "ann", lines: int = 3) -> None:
    repo.now += 86_400
    file = repo.path / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{repo.now}\n" * lines)
    repo.git("add", "-A")
    repo.git("commit", "-q", "-m", message, GIT_AUTHOR_NAME=who, GIT_AUTHOR_EMAIL=f"{who}@x.org")


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> GitSandbox:
    """Six people, three releases, a merge, a revert, an open branch, someone else's line and a damaged one."""
    repo = GitSandbox(tmp_path_factory.mktemp("history") / "repo")
    commit(repo, "README.md", "root")
    for number in range(1, 25):
        person = f"p{number // 2 % 6}"
        model = "gpt-5.1-codex" if number % 3 else "claude-opus-4-5"
        commit(repo, f"{'api' if number % 2 else 'web'}/f{number}", f"Change {number} (#{number})\n\n"
               f"{line(number, (1, 2, 5)[number % 3], model)}", person, number * 4)  # fmt: skip
        if number in (12, 24):
            repo.git("tag", f"v1.{number // 12}")
    repo.switch("-c", "feat")
    commit(repo, "api/login", f"a\n\n{line(101, 2)}")
    commit(repo, "api/login2", f"b\n\n{line(102, None, 'homegrown')}")
    repo.switch("main")
    repo.git("merge", "-q", "--no-ff", "-m", "Merge pull request #25 from them/feat\n\nAdd =login | @all <b>", "feat")
    repo.git("branch", "-q", "-D", "feat")
    repo.git("revert", "--no-edit", "v1.2")
    commit(repo, "x", "x\n\nAI-Cost: ~$3\nAI-Cost: a dollar; 5 tokens; -; 000000000999")
    repo.switch("-c", "open")
    commit(repo, "y", f"y\n\n{line(201, 10)}")
    repo.switch("main")
    return repo


@pytest.fixture
def environ(empty_machine: Machine) -> dict[str, str]:
    return {**empty_machine.environ, "GIT_CONFIG_GLOBAL": os.devnull}


@pytest.mark.few
@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("changes.txt", []),
        ("area.txt", ["--by", "area", "--verbose"]),
        ("changes.json", ["--json", "v1.2.."]),
        ("groups.json", ["--json", "--by", "area", "v1.1^..v1.1"]),
        ("changes.csv", ["--csv", "v1.1.."]),
        ("area.csv", ["--csv", "--by", "area"]),
        ("changes.md", ["--markdown", "v1.2.."]),
        ("area.md", ["--markdown", "--by", "area"]),
        ("against.txt", ["v1.1..v1.2", "--against", "v1.1"]),
        ("model.txt", ["--by", "model"]),
        ("tag.txt", ["--by", "tag"]),
        ("size.txt", ["--by", "size"]),
    ],
)
def test_every_format_is_what_was_agreed(
    history: GitSandbox, environ: dict[str, str], name: str, args: list[str]
) -> None:
    done = piped(["report", *args], history.path, environ)
    assert (done.returncode, done.stderr) == (0, "")
    golden = GOLDEN / name
    if os.environ.get("TOKCOST_WRITE_GOLDEN"):
        golden.write_text(done.stdout)
    assert done.stdout == golden.read_text()


FORMS = ([], ["--json"], ["--csv"], ["--markdown"], ["--html", "-"], ["--by", "area"], ["--by", "tag", "--json"])


@pytest.mark.slow
def test_a_repository_with_names_that_are_not_utf_8_is_told_in_every_format(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    repo = GitSandbox(tmp_path / os.fsdecode(b"caf\xe9"))
    name = os.fsdecode(b"\xff")
    commit(repo, f"{name}/f", f"One\n\n{line(1, 2)}")
    repo.git("tag", name)
    repo.switch("-c", name)
    commit(repo, "g", f"Two\n\n{line(2, 5)}", name)
    told = [
        *(["report", *form] for form in FORMS),
        ["report", name],
        ["export", "focus", "--profile", "history", "-o", "-"],
    ]
    for words in told:
        done = piped(words, repo.path, environ)
        assert (done.returncode, "codec" in done.stderr) == (0, False), (words, done.stderr)


def test_the_contract_of_the_json(history: GitSandbox, environ: dict[str, str]) -> None:
    told = json.loads(piped(["report", "--json"], history.path, environ).stdout)
    agreed = {"schema", "range", "claims", "foreign_lines", "list_cost", "tokens", "precision", "changes", "coverage"}
    assert agreed <= told.keys()
    assert (told["schema"], told["range"], told["claims"], told["foreign_lines"]) == ("tokcost.report/1", "main", 26, 1)
    assert told["list_cost"] == f"{8 * (1 + 2 + 5) + 2}.000000000"
    assert told["precision"] == "coarse"
    row = told["changes"][0]
    assert {"commit", "subject", "number", "claims", "list_cost", "tokens", "models"} <= row.keys()
    assert (row["number"], sorted(row["claims"])) == (25, ["000000000101", "000000000102"])


@pytest.mark.parametrize("word", ["author", "committer", "email", "person", "Author", "developers", "user"])
@pytest.mark.parametrize("form", [[], ["--json"], ["--csv"], ["--markdown"]])
def test_what_a_person_spent_is_refused_in_every_format_with_the_reason(
    history: GitSandbox, environ: dict[str, str], word: str, form: list[str]
) -> None:
    done = piped(["report", "--by", word, *form], history.path, environ)
    assert (done.returncode, done.stdout) == (2, "")
    assert "never reports what a person spent" in done.stderr
    assert "promised" in done.stderr


@pytest.mark.few
@pytest.mark.parametrize("by", ["change", "area", "model", "month", "week", "tag", "size", "type", "issue"])
@pytest.mark.parametrize("form", [[], ["--json"], ["--csv"], ["--markdown"]])
def test_no_format_names_a_person(history: GitSandbox, environ: dict[str, str], by: str, form: list[str]) -> None:
    text = piped(["report", "--by", by, "--verbose", *form], history.path, environ).stdout
    assert text
    assert "x.org" not in text
    assert not any(f"p{number}" in text.replace("p90", "") for number in range(6))


@pytest.mark.few
@pytest.mark.parametrize(("limit", "code"), [("66", 0), ("65.99", 1), ("$1000", 0), ("0", 1)])
def test_a_budget_is_checked_to_the_cent(history: GitSandbox, environ: dict[str, str], limit: str, code: int) -> None:
    done = piped(["report", "--check", limit], history.path, environ)
    assert done.returncode == code
    assert ("over the" in done.stderr) is bool(code)
    assert "no price" in done.stderr


@pytest.mark.parametrize(
    "args",
    [
        ["--json", "--csv"],
        ["--by", "planet"],
        ["no-such-branch"],
        ["--check", "much"],
        ["--since", "gibberish"],
        ["main", "--all"],
        ["--base", "v1.1", "--all"],
        ["--base", "v1.1", "v1.1..v1.2"],
        ["--base", "v1.1", "--against", "v1.1"],
        ["--by", "area", "main", "--against", "v1.1..v1.2"],
    ],
)
def test_a_command_line_that_makes_no_sense_is_exit_2(
    history: GitSandbox, environ: dict[str, str], args: list[str]
) -> None:
    done = piped(["report", *args], history.path, environ)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr


def test_what_a_branch_adds_to_its_base_is_told_without_the_rest(history: GitSandbox, environ: dict[str, str]) -> None:
    told = json.loads(piped(["report", "--json", "--base", "main", "open"], history.path, environ).stdout)
    assert (told["range"], told["open"]) == ("main..open", [])
    assert [row["claims"] for row in told["changes"]] == [["000000000201"]]


def test_only_changes_of_a_span_of_time(history: GitSandbox, environ: dict[str, str]) -> None:
    days = history.git("log", "-1", "--format=%cs", "v1.2")
    told = json.loads(piped(["report", "--json", "--since", days, "--until", days], history.path, environ).stdout)
    assert [row["number"] for row in told["changes"]] == [24]


def test_without_lines_it_says_what_that_means(empty_machine: Machine, tmp_path: Path) -> None:
    repo = GitSandbox(tmp_path / "plain")
    repo.commit()
    done = piped(["report"], repo.path, empty_machine.environ)
    assert done.returncode == 0
    assert done.stdout.startswith("No cost lines in main; 1 commit read.\n")
    assert "tokcost enable" in done.stdout
    assert json.loads(piped(["report", "--json"], repo.path, empty_machine.environ).stdout)["claims"] == 0


def test_without_commits_or_repository_it_is_a_sentence_and_exit_3(empty_machine: Machine, tmp_path: Path) -> None:
    assert piped(["report"], empty_machine.repo, empty_machine.environ).returncode == 3
    done = piped(["report"], tmp_path, empty_machine.environ)
    assert (done.returncode, "is not in a git repository" in done.stderr) == (3, True)


def test_a_narrow_terminal_keeps_every_row(history: GitSandbox, environ: dict[str, str]) -> None:
    text = on_terminal(["report", "--no-pager"], history.path, environ, 50)
    assert all(f"#{number} " in text for number in range(1, 26))


def test_asking_leaves_no_ledger_behind(history: GitSandbox, environ: dict[str, str]) -> None:
    piped(["report"], history.path, environ)
    assert [path.name for path in Path(environ["TOKCOST_HOME"]).iterdir()] == ["history.db"]
